"""Whose turn it is, and how what is no answer is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_pieces import outcome, pieces_of
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.mercury_v2 import instants, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.energy import (
    EnergyArray,
    EnergyPeriod,
    EnergyTotals,
    ReadEnergy,
    ReadEnergyOfTariffs,
)
from kilovatt.wire.protocols.mercury_v2.hearing import frame
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request

ADDRESS = 29
ENERGY = ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), 0)
TOTALS = EnergyTotals(a_plus_wh=3_196_200, a_minus_wh=None, r_plus_varh=300_444, r_minus_varh=None)
ENERGY_ANSWER = frame(ADDRESS, ENERGY.says[0].encode(TOTALS))
CLOSED = frame(ADDRESS, b"\x05")
DONE = frame(ADDRESS, b"\x00")


def asking(request: MercuryV2Request[Any]) -> tuple[MercuryV2Connection, bytes]:
    connection = MercuryV2Connection(ADDRESS)
    return connection, connection.send(request).data


def test_an_answer_is_taken_when_its_last_byte_comes() -> None:
    connection, _ = asking(ENERGY)
    assert connection.receive(ENERGY_ANSWER[:-1]) is None
    assert connection.receive(ENERGY_ANSWER[-1:]) == Answered(value=TOTALS, data=ENERGY_ANSWER)


def test_a_status_where_data_were_wanted_is_certain_only_in_silence() -> None:
    connection, _ = asking(ENERGY)
    assert connection.receive(CLOSED) is None
    assert connection.quiet() == Answered(value=Refusal(RefusalReason.CHANNEL_CLOSED, 5), data=CLOSED)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (1, RefusalReason.UNKNOWN_REQUEST),
        (2, RefusalReason.INTERNAL_ERROR),
        (3, RefusalReason.ACCESS_DENIED),
        (4, RefusalReason.CLOCK_ALREADY_CORRECTED),
        (5, RefusalReason.CHANNEL_CLOSED),
        (7, RefusalReason.OTHER),
    ],
)
def test_statuses_are_refusals_whatever_their_high_half(status: int, reason: RefusalReason) -> None:
    answer = frame(ADDRESS, bytes([0xA0 | status]))
    for request in (ENERGY, writes.SetPowerLimit(5_000)):
        connection, _ = asking(request)
        assert outcome(connection, [answer]) == Answered(value=Refusal(reason, status), data=answer)


def test_done_may_have_a_high_half_too() -> None:
    connection, _ = asking(session.CloseChannel())
    answer = frame(ADDRESS, b"\xa0")
    assert connection.receive(answer) == Answered(value=None, data=answer)


def test_done_where_data_were_wanted_is_noise() -> None:
    connection, _ = asking(ENERGY)
    assert outcome(connection, [DONE]) == (LineFault.NOISE, "wanted 16 bytes of data for ReadEnergy, got 1")


def test_of_two_lengths_the_shorter_is_taken_only_in_silence() -> None:
    request = ReadEnergyOfTariffs(EnergyPeriod(EnergyArray.SINCE_RESET))
    short, long = request.says
    five = frame(ADDRESS, short.encode((TOTALS,) * 5))
    six = frame(ADDRESS, long.encode((TOTALS,) * 6))

    connection, _ = asking(request)
    assert connection.receive(five) is None
    assert connection.quiet() == Answered(value=(TOTALS,) * 5, data=five)
    connection, _ = asking(request)
    assert connection.receive(six) == Answered(value=(TOTALS,) * 6, data=six)


def test_everything_comes_with_and_without_line_voltages() -> None:
    request = instants.ReadEverything()
    assert [layout.size for layout in request.says] == [86, 95]
    for layout in request.says:
        answer = frame(ADDRESS, bytes(layout.size))
        connection, _ = asking(request)
        event = outcome(connection, [answer])
        assert isinstance(event, Answered)
        lines = event.value.line_voltages_mv
        assert lines == (None if layout.size == 86 else (0, 0, 0))


def test_silence_is_named() -> None:
    connection, _ = asking(ENERGY)
    with pytest.raises(RemoteProtocolError, match="no answer to ReadEnergy") as silence:
        connection.quiet()
    assert silence.value.fault is LineFault.SILENCE


def test_an_echo_with_nothing_behind_it_is_named() -> None:
    connection, sent = asking(ENERGY)
    assert connection.receive(sent) is None
    with pytest.raises(RemoteProtocolError, match="only ReadEnergy itself came back") as echo:
        connection.quiet()
    assert echo.value.fault is LineFault.ECHO


def test_an_echo_as_long_as_an_answer_is_an_echo() -> None:
    connection, sent = asking(parameters.ReadFirmware())
    assert len(sent) + 1 == 1 + parameters.ReadFirmware().says[0].size + 2
    connection, sent = asking(parameters.ReadLoadControl())
    assert outcome(connection, [sent]) == (LineFault.ECHO, "only ReadLoadControl itself came back")


def test_only_the_answer_to_a_link_test_is_its_request() -> None:
    connection, sent = asking(session.CheckLink())
    assert connection.receive(sent) == Answered(value=None, data=sent)


@pytest.mark.parametrize(
    ("request_asked", "answer", "value"),
    [
        (ENERGY, ENERGY_ANSWER, TOTALS),
        (session.OpenChannel(1, b"111111"), DONE, None),
        (parameters.ReadLoadControl(), frame(ADDRESS, b"\x09\x02"), frozenset({0, 3, 9})),
        (ENERGY, CLOSED, Refusal(RefusalReason.CHANNEL_CLOSED, 5)),
    ],
)
def test_an_answer_behind_its_echo_is_taken(request_asked: MercuryV2Request[Any], answer: bytes, value: object) -> None:
    connection, sent = asking(request_asked)
    assert outcome(connection, [sent[:4], sent[4:] + answer]) == Answered(value=value, data=answer)


def test_noise_behind_an_echo_is_named() -> None:
    connection, sent = asking(ENERGY)
    noise = (LineFault.NOISE, "no answer to ReadEnergy: the checksum does not fit")
    assert outcome(connection, [sent + ENERGY_ANSWER[:-1] + b"\x00"]) == noise
    connection, sent = asking(ENERGY)
    assert outcome(connection, [sent + b"\x00"]) == noise


def test_an_answer_of_another_meter_is_named() -> None:
    connection, _ = asking(ENERGY)
    other = frame(30, ENERGY_ANSWER[1:-2])
    with pytest.raises(RemoteProtocolError, match="asked 29 for ReadEnergy, and 30 answered") as another:
        connection.receive(other)
    assert another.value.fault is LineFault.ANOTHER_METER
    assert another.value.data == other


def test_a_right_answer_that_is_too_short_is_noise() -> None:
    connection, _ = asking(ENERGY)
    short = frame(ADDRESS, bytes(12))
    assert outcome(connection, [short]) == (LineFault.NOISE, "wanted 16 bytes of data for ReadEnergy, got 12")


def test_digits_above_nine_are_noise_however_right_the_checksum() -> None:
    connection, _ = asking(ReadClock())
    answer = frame(ADDRESS, bytes.fromhex("4A 14 16 03 27 02 08 01"))
    with pytest.raises(RemoteProtocolError, match="says what cannot be: clock is 4a 14") as noise:
        connection.receive(answer)
    assert noise.value.fault is LineFault.NOISE


def test_one_question_at_a_time() -> None:
    connection, _ = asking(ENERGY)
    with pytest.raises(LocalProtocolError, match="ReadEnergy is not answered yet"):
        connection.send(ReadClock())


def test_nothing_is_received_before_something_is_asked() -> None:
    connection = MercuryV2Connection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.receive(DONE)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.quiet()


def test_after_an_answer_and_after_a_fault_one_may_ask_again() -> None:
    connection, _ = asking(ENERGY)
    assert isinstance(outcome(connection, [bytes(19)]), tuple)
    connection.send(ENERGY)
    assert connection.receive(ENERGY_ANSWER) is not None
    connection.send(ReadClock())
    assert connection.receive(ENERGY_ANSWER[:4]) is None


@pytest.mark.parametrize("address", [-1, 0xF1, 0xFE, 0xFF, 256])
def test_an_address_that_no_meter_answers_at_is_refused(address: int) -> None:
    with pytest.raises(LocalProtocolError, match="an address is 0 to 240"):
        MercuryV2Connection(address)


def test_a_request_of_another_language_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="Request is no request of this language"):
        MercuryV2Connection(ADDRESS).send(Request[None]())


def test_a_request_that_does_not_fit_is_refused_and_leaves_the_turn() -> None:
    connection = MercuryV2Connection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="cannot be asked: 5 is no whole number of steps of 10"):
        connection.send(writes.SetPowerLimit(5))
    assert connection.send(ENERGY).secret_spans == ()


def test_passwords_and_the_checksum_that_would_betray_them_are_masked() -> None:
    connection = MercuryV2Connection(ADDRESS)
    opening = connection.send(session.OpenChannel(2, b"271828"))
    assert opening.masked == bytes([ADDRESS, 0x01, 0x02]) + b"*" * 8
    assert connection.receive(DONE) is not None
    changing = connection.send(writes.ChangePassword(1, b"314159", b"161803"))
    assert changing.masked == bytes([ADDRESS, 0x03, 0x1F, 0x01]) + b"*" * 14
    assert "271828" not in repr(session.OpenChannel(2, b"271828"))
    assert Outgoing(opening.data).masked == opening.data


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

RECORDS = profile.ReadRecords(offset=0, count=2)
RECORDS_ANSWER = frame(
    ADDRESS, bytes.fromhex("0A 10 00 05 03 08 1E 04 29 FF FF 00 00 00 00 08 10 30 05 03 08 1E 01 00 FF FF 02 00 00 00")
)
EXCHANGES = (
    (ENERGY, ENERGY_ANSWER),
    (ENERGY, CLOSED),
    (session.OpenChannel(1, b"111111"), DONE),
    (ReadClock(), frame(ADDRESS, bytes.fromhex("43 14 16 03 27 02 08 01"))),
    (RECORDS, RECORDS_ANSWER),
    (instants.ReadEverything(), frame(ADDRESS, bytes(86))),
)


@given(st.sampled_from(EXCHANGES), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_however_the_bytes_come_in_pieces_the_event_is_the_same(
    exchange: tuple[MercuryV2Request[Any], bytes], cuts: list[int], is_echoed: bool
) -> None:
    request, answer = exchange
    whole, sent = asking(request)
    pieced, _ = asking(request)
    came = sent + answer if is_echoed else answer
    event = outcome(whole, [came])
    assert isinstance(event, Answered)
    assert outcome(pieced, pieces_of(came, cuts)) == event


@given(st.sampled_from(EXCHANGES), st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_never_yields_a_value(
    exchange: tuple[MercuryV2Request[Any], bytes], place: int, change: int
) -> None:
    request, answer = exchange
    damaged = bytearray(answer)
    damaged[place % len(answer)] ^= change
    connection, _ = asking(request)
    fault = outcome(connection, [bytes(damaged)])
    assert isinstance(fault, tuple)
    assert fault[0] in (LineFault.NOISE, LineFault.ANOTHER_METER)


@given(st.sampled_from(EXCHANGES), st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_comes_an_exchange_ends_with_an_answer_or_a_named_fault(
    exchange: tuple[MercuryV2Request[Any], bytes], junk: list[bytes]
) -> None:
    connection, _ = asking(exchange[0])
    ended = outcome(connection, junk)
    assert isinstance(ended, tuple | Answered)
    # And it is over: one may ask again.
    assert connection.send(exchange[0]).data


@given(st.sampled_from(EXCHANGES), st.data())
def test_a_frame_that_lost_bytes_is_never_an_answer(
    exchange: tuple[MercuryV2Request[Any], bytes], data: st.DataObject
) -> None:
    request, answer = exchange
    start = data.draw(st.integers(0, len(answer) - 1))
    end = data.draw(st.integers(start + 1, len(answer)))
    connection, _ = asking(request)
    ended = outcome(connection, [answer[:start] + answer[end:]])
    assert isinstance(ended, tuple)
