"""Exchanges byte for byte: from real meters, from other people's tests, and printed by the maker.

Both directions are held to the bytes: what came is understood, and the meter's side of the same description sends it.
The maker prints "(CRC)" for most checksums; those are computed.
"""

import pytest

from kilovatt.wire.protocols.framing.connection import Answered, LineFault, Refusal, RefusalReason, RemoteProtocolError
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.framing.status_language import OK
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import instants, journals, parameters, writes
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.hearing import frame, heard
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal, Moment
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays
from transcribed_v2 import ANSWERED, TRANSCRIPTS, Transcript, after, named


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=named)
def test_our_request_is_theirs_to_the_byte(transcript: Transcript) -> None:
    assert MercuryV2Connection(transcript.address).send(transcript.asked).data == bytes.fromhex(transcript.request)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=named)
def test_the_meters_side_understands_the_request(transcript: Transcript) -> None:
    found = heard(bytes.fromhex(transcript.request))
    assert found is not None
    assert (found.address, found.request) == (transcript.address, transcript.asked)


@pytest.mark.parametrize("transcript", ANSWERED, ids=named)
def test_the_answer_says_what_was_meant(transcript: Transcript) -> None:
    answer = bytes.fromhex(transcript.answer or "")
    connection = MercuryV2Connection(transcript.address)
    connection.send(transcript.asked)
    assert after(connection, answer) == Answered(value=transcript.value, data=answer)


@pytest.mark.parametrize(
    "transcript",
    [it for it in ANSWERED if it.asked.wants_data and not isinstance(it.value, Refusal)],
    ids=named,
)
def test_the_meters_side_sends_what_they_sent(transcript: Transcript) -> None:
    said = transcript.asked.says[0].encode(transcript.value)
    assert frame(transcript.address, said) == bytes.fromhex(transcript.answer or "")


@pytest.mark.parametrize("transcript", [it for it in ANSWERED if not it.asked.wants_data], ids=named)
def test_the_meters_side_says_done(transcript: Transcript) -> None:
    assert transcript.asked.says[0].encode(None) == bytes([OK])
    assert frame(transcript.address, bytes([OK])) == bytes.fromhex(transcript.answer or "")


def test_a_meter_answers_from_its_new_address() -> None:
    # Section 3.6: 80 03 05 40 is answered by 40 00.
    connection = MercuryV2Connection(0x80)
    assert connection.send(writes.SetAddress(0x40)).data == frame(0x80, bytes.fromhex("03 05 40"))
    answer = frame(0x40, b"\x00")
    assert after(connection, answer) == Answered(value=None, data=answer)


def test_holidays_are_days_of_a_month() -> None:
    # Sections 3.21 and 4.4.27: 23 February is 00 00 40 00, 4 November is 08 00 00 00.
    assert writes.SetHolidays(2, frozenset({23})).body() == bytes.fromhex("03 1E 02 00 00 40 00")
    asked = ReadHolidays(11)
    assert asked.body() == bytes.fromhex("08 23 0B")
    assert asked.says[0].decode(bytes.fromhex("08 00 00 00")) == frozenset({4})


def test_a_period_of_seventy_minutes_is_refused_with_status_1() -> None:
    # Section 3.3. Initialising a profile is a request that is never sent from here, nor heard: it wipes memory.
    assert crc_is_right(bytes.fromhex("80 03 00 46 00 17 FA"))
    assert heard(bytes.fromhex("80 03 00 46 00 17 FA")) is None
    connection = MercuryV2Connection(0x80)
    connection.send(writes.SetLimitTime(70))
    refused = after(connection, bytes.fromhex("80 01 A1 B0"))
    assert refused.value == Refusal(RefusalReason.UNKNOWN_REQUEST, 1)


def test_the_captured_prefix_whose_checksum_fits_is_not_the_answer() -> None:
    # Art-Cheater/OPORA: the first six bytes of the answer to 08 02 pass for a frame, and say that Кт is 0.
    prefix = bytes.fromhex("00 00 01 00 01 B4")
    assert crc_is_right(prefix)

    connection = MercuryV2Connection(0)
    connection.send(parameters.ReadRatios())
    assert connection.receive(prefix) is None
    assert after(connection, b"\x00").value == parameters.Ratios(1, 1)

    connection.send(parameters.ReadRatios())
    assert connection.receive(prefix) is None
    with pytest.raises(RemoteProtocolError, match="wanted 4 bytes of data for ReadRatios, got 3") as noise:
        connection.quiet()
    assert noise.value.fault is LineFault.NOISE


def test_invented_values_of_others_are_what_their_bytes_say() -> None:
    # wb-mqtt-serial: 1.44 Hz and 504.05 V cannot be, but their checksums fit and their bytes say so.
    connection = MercuryV2Connection(0)
    asked = instants.ReadInstant(Measured(Quantity.FREQUENCY))
    assert connection.send(asked).data == bytes.fromhex("00 08 11 40 8C 46")
    assert after(connection, bytes.fromhex("00 00 90 00 6C 24")).value == 1_440
    connection.send(instants.ReadInstant(Measured(Quantity.VOLTAGE, 3)))
    assert after(connection, frame(0, bytes.fromhex("00 E5 C4"))).value == 504_050


def test_a_6_byte_journal_record_is_one_instant() -> None:
    # Section 4.2.7: 80 04 09 00 is answered by 07 01 18 03 03 08.
    asked = journals.ReadJournal(Journal.ENERGY_RESETS, 0)
    assert asked.body() == bytes.fromhex("04 09 00")
    assert asked.says[0].decode(bytes.fromhex("07 01 18 03 03 08")) == Moment(WallTime(2008, 3, 3, 18, 1, 7))


def test_every_transcript_has_right_checksums() -> None:
    frames = [bytes.fromhex(text) for it in TRANSCRIPTS for text in (it.request, it.answer) if text]
    assert all(crc_is_right(data) and len(data) > CRC_SIZE for data in frames)
