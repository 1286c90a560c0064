"""Probes: what is said to a place, how an answer is recognised, and what it tells."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Answer
from kilovatt.wire.drivers.finding.probes import (
    HEARD_BYTES_MAX,
    PasswordState,
    Place,
    PlainConnection,
    Probe,
    Say,
    Sighting,
    Told,
    Trait,
    Way,
    look,
    nothing_to_say,
)
from kilovatt.wire.drivers.finding.scope import Scope, probe_of
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LineSpeed,
    LocalProtocolError,
    RemoteProtocolError,
)
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address, server_address
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.protocols.mercury_v1.requests import ReadSerial

SCOPE = Scope()


def probe(way: Way, address: int | None = None, *, form: int = 0, parity_bits: bool = False) -> Probe:
    return probe_of(SCOPE, Place(way=way, address=address, form=form, parity_bits=parity_bits))


def seen(way: Way, came: str | bytes, address: int | None = None, *, form: int = 0) -> Sighting | None:
    data = bytes.fromhex(came) if isinstance(came, str) else came
    return probe(way, address, form=form).recognise(data)


# ── Меркурий of the second language, and НЗиФ ───────────────────────────────────────────────────────────────────────


def test_the_captured_serial_number_of_a_234_is_recognised_at_address_0() -> None:
    # Art-Cheater/OPORA, through an ATM21 modem: serial 36790160, made on 10.02.2019.
    assert probe(Way.SHORT).data == bytes.fromhex("0008007600")
    one = seen(Way.SHORT, "00 24 4F 01 3C 0A 02 13 7B 09")
    assert one is not None
    assert (one.languages, one.address) == ((Language.MERCURY_V2,), None)
    assert one.told == {Told.SERIAL: "36790160", Told.MADE_ON: "2019-02-10"}


def test_the_makers_example_is_recognised_at_its_address_and_at_no_other() -> None:
    answer = "80 29 5A 40 43 16 06 14 0A 73"
    one = seen(Way.SHORT, answer, 128)
    assert one is not None
    assert (one.address, one.serial) == (128, "41906467")
    assert seen(Way.SHORT, answer, 127) is None


def test_the_captured_serial_number_of_a_meter_of_nzif_is_told_apart_by_what_it_says() -> None:
    # 2F FE 19 57 are no decimal pairs; 17 05 18 is a day in BCD.
    one = seen(Way.SHORT, "53 2F FE 19 57 17 05 18 70 D6", 0x53)
    assert one is not None
    assert (one.languages, one.serial, one.told[Told.MADE_ON]) == ((Language.NZIF,), "805181783", "2018-05-17")


def test_from_its_own_address_only_nzif_answers_what_was_sent_to_address_0() -> None:
    closed = seen(Way.SHORT, append_crc(bytes([0x53, 5])))
    assert closed is not None
    assert (closed.languages, closed.address, closed.serial) == ((Language.NZIF,), 0x53, None)


def test_a_closed_channel_at_a_single_address_is_nzif_and_another_status_may_be_either() -> None:
    closed, busy = seen(Way.SHORT, append_crc(b"\x11\x05"), 17), seen(Way.SHORT, append_crc(b"\x11\x02"), 17)
    assert closed is not None
    assert busy is not None
    assert closed.languages == (Language.NZIF,)
    assert busy.languages == (Language.MERCURY_V2, Language.NZIF)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(append_crc(b"\x11\x00"), id="done, and nothing was to be done"),
        pytest.param(append_crc(b"\x11\x01\x02"), id="of a size that no answer has"),
        pytest.param(append_crc(bytes.fromhex("11FFFFFFFFFFFFFF")), id="no serial number in either language"),
        pytest.param(b"\x11\x05\x00\x00", id="a wrong checksum"),
        pytest.param(b"\x11", id="too short"),
    ],
)
def test_what_is_no_answer_at_a_short_address_is_nobody(came: bytes) -> None:
    assert seen(Way.SHORT, came, 17) is None


# ── Меркурий of the first language ──────────────────────────────────────────────────────────────────────────────────


def test_a_206_is_recognised_by_its_own_number() -> None:
    asked = probe(Way.MERCURY_V1, 41_906_467)
    one = asked.recognise(append_crc(asked.data[:5] + bytes.fromhex("027F7123")))
    assert one is not None
    assert (one.languages, one.address, one.serial) == ((Language.MERCURY_V1,), 41_906_467, "41906467")
    assert one.password is PasswordState.NOT_NEEDED


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(append_crc(bytes.fromhex("027F7123") + b"\x27" + b"\x00" * 4), id="another command"),
        pytest.param(append_crc(bytes.fromhex("027F7124") + b"\x2f" + b"\x00" * 4), id="another number"),
        pytest.param(append_crc(bytes.fromhex("027F7123") + b"\x2f" + b"\x00" * 3), id="another size"),
        pytest.param(b"\x02\x7f", id="noise"),
    ],
)
def test_what_is_no_answer_of_a_206_is_nobody(came: bytes) -> None:
    assert ReadSerial.code == 0x2F
    assert seen(Way.MERCURY_V1, came, 41_906_467) is None


# ── Энергомера ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_energomera_is_asked_without_a_password() -> None:
    assert probe(Way.ENERGOMERA).data == bytes.fromhex("C048FFFFFD0000000000D00001B6C0")


def test_an_answer_tells_the_address_and_a_refusal_that_a_password_is_wanted() -> None:
    answered = seen(Way.ENERGOMERA, "C0 48 FD 00 66 B7 52 00 01 66 B7 B3 C0")
    refused = seen(Way.ENERGOMERA, "C0 48 FD 00 66 B7 71 00 01 02 8F C0", 46_950)
    assert answered is not None
    assert refused is not None
    assert (answered.address, answered.password) == (46_950, PasswordState.NOT_NEEDED)
    assert (refused.address, refused.password) == (46_950, PasswordState.NOT_TRIED)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param("C0 48 00 00 66 B7 71 00 01 02 82 C0", id="an answer to somebody else"),
        pytest.param("C0 48 FD 00 66 B7 71 00 01 02 8E C0", id="a wrong checksum"),
        pytest.param("C0", id="a lone mark"),
        pytest.param("48 FD 00 66 B7 71 00 01 02 8F C0", id="no mark at the beginning"),
        pytest.param("C0 48 FD 00 66 B7 71 00 01 02 8F", id="no mark at the end"),
    ],
)
def test_what_is_no_answer_of_energomera_is_nobody(came: str) -> None:
    assert seen(Way.ENERGOMERA, came) is None


def test_another_meter_of_energomera_is_not_taken_for_the_one_that_was_asked() -> None:
    assert seen(Way.ENERGOMERA, "C0 48 FD 00 66 B7 52 00 01 66 B7 B3 C0", 46_951) is None


# ── Modbus ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_device_of_modbus_is_recognised_by_counts_and_by_a_refusal() -> None:
    asked = probe(Way.MODBUS)
    assert asked.data == bytes.fromhex("4B5600000006010300000002")
    for came in ("4B5600000007010304000004D2", "4B5600000003018302"):
        one = asked.recognise(bytes.fromhex(came))
        assert one is not None
        assert (one.languages, one.address) == ((Language.MODBUS,), 1)
    assert asked.data[6:7] == b"\x01"
    assert probe(Way.MODBUS, 7).data[6] == 7


def test_a_gateway_of_modbus_that_hears_nothing_behind_it_tells_of_nobody() -> None:
    for came in ("4B560000000301830A", "4B560000000301830B"):
        one = seen(Way.MODBUS, came)
        assert one is not None
        assert one.languages == ()


@pytest.mark.parametrize(
    "came",
    ["4B5700000003018302", "4B5600000003028302", "4B5600000003018402", "4B560000", "4B56000100030183"],
    ids=["another transaction", "another unit", "another function", "cut short", "another protocol"],
)
def test_what_is_no_answer_of_modbus_is_nobody(came: str) -> None:
    assert seen(Way.MODBUS, came) is None


# ── IEC 62056-21 ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_captured_identification_tells_maker_and_type() -> None:
    # wb-mqtt-serial and hostcc: /?141628345! is answered by /EKT5CE102Mv01.
    assert probe(Way.IEC62056_21, 141_628_345).data == b"/?141628345!\r\n"
    one = seen(Way.IEC62056_21, b"/EKT5CE102Mv01\r\n", 141_628_345)
    assert one is not None
    assert one.told == {Told.MAKER: "EKT", Told.TYPE: "CE102Mv01", Told.SPEED_LETTER: "5"}
    assert (one.languages, one.traits) == ((Language.IEC62056_21,), {Trait.NAME: "CE102"})
    assert (one.password, one.place.parity_bits) == (PasswordState.NOT_TRIED, False)


def test_a_meter_that_can_go_over_to_dlms_says_so_and_needs_no_password_to_be_read_out() -> None:
    one = seen(Way.IEC62056_21, rb"/LGZ5\2ZMG405000b.P07" + b"\r\n")
    assert one is not None
    assert (one.languages, one.password) == ((Language.IEC62056_21, Language.SPODES), PasswordState.NOT_NEEDED)


def test_parity_in_the_eighth_bit_is_ours_where_it_came_so() -> None:
    call = probe(Way.IEC62056_21, parity_bits=True)
    assert call.data == with_parity(b"/?!\r\n")
    one = call.recognise(with_parity(b"/EKT5CE301v12\r\n"))
    assert one is not None
    assert one.place.parity_bits
    assert seen(Way.IEC62056_21, b"/EKT\x85\r\n") is None


# ── DLMS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_standards_sample_of_a_link_is_recognised() -> None:
    # ГОСТ Р 58940-2020, 12: SNRM and UA between client 16 and physical device 16.
    assert probe(Way.HDLC, 16, form=2).data == bytes.fromhex("7EA0080221219305D17E")
    one = seen(Way.HDLC, "7EA00821022173CA707E", 16, form=2)
    assert one is not None
    assert (one.languages, one.address) == ((Language.SPODES,), 16)
    assert one.traits == {Trait.CARRIER: "hdlc-2"}


def agreed(source: bytes, kind: Kind = Kind.UA, destination: int = 16) -> bytes:
    return Frame(destination=client_address(destination), source=source, kind=kind, final=True).encode()


def test_a_broadcast_tells_the_address_of_who_answers() -> None:
    own = seen(Way.HDLC, agreed(server_address(1, 2361, 4)), form=4)
    everybodys = seen(Way.HDLC, agreed(server_address(1, 0x3FFF, 4)), form=4)
    assert own is not None
    assert everybodys is not None
    assert (own.address, everybodys.address) == (2361, None)


def test_a_refused_link_is_a_meter_too_and_an_address_of_one_byte_has_no_lower_part() -> None:
    one = seen(Way.HDLC, agreed(server_address(1, 0, 1), Kind.DM), 0, form=1)
    assert one is not None
    assert (one.address, one.traits) == (0, {Trait.CARRIER: "hdlc-1"})


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(agreed(server_address(1, 17, 2)), id="another meter"),
        pytest.param(agreed(server_address(1, 16, 2), destination=32), id="to another client"),
        pytest.param(agreed(server_address(1, 16, 2), Kind.RR), id="no word on a link"),
        pytest.param(b"\x7e\xa0", id="noise"),
    ],
)
def test_what_is_no_answer_to_a_link_is_nobody(came: bytes) -> None:
    assert seen(Way.HDLC, came, 16, form=2) is None


def test_whatever_is_addressed_back_in_the_wrapper_is_a_meter() -> None:
    one = seen(Way.WRAPPER, wrapped(b"\xd8\x01\x01", source=1, destination=16))
    assert one is not None
    assert (one.address, one.traits) == (1, {Trait.CARRIER: "wrapper"})


@pytest.mark.parametrize(
    "came",
    [
        pytest.param(wrapped(b"\xd8\x01\x01", source=2, destination=16), id="another device"),
        pytest.param(wrapped(b"\xd8\x01\x01", source=1, destination=16)[:-1], id="cut short"),
        pytest.param(wrapped(b"\xd8\x01\x01", source=1, destination=16) + b"\x00", id="more than a message"),
        pytest.param(b"\x00\x02" + bytes(8), id="another version"),
    ],
)
def test_what_is_no_message_to_us_in_the_wrapper_is_nobody(came: bytes) -> None:
    assert seen(Way.WRAPPER, came) is None


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────

PLACES = [
    (Way.SHORT, None, 0),
    (Way.SHORT, 17, 0),
    (Way.MERCURY_V1, 41_906_467, 0),
    (Way.ENERGOMERA, None, 0),
    (Way.MODBUS, None, 0),
    (Way.IEC62056_21, None, 0),
    (Way.HDLC, None, 4),
    (Way.HDLC, 0, 1),
    (Way.WRAPPER, None, 0),
]


@given(place=st.sampled_from(PLACES), came=st.binary(max_size=80))
def test_whatever_comes_is_somebody_or_nobody_and_no_error(place: tuple[Way, int | None, int], came: bytes) -> None:
    way, address, form = place
    one = seen(way, came, address, form=form)
    assert one is None or one.place.way is way


@given(came=st.binary(max_size=40), cut=st.integers(0, 40))
def test_in_whatever_pieces_it_comes_the_answer_is_the_same(came: bytes, cut: int) -> None:
    connection = PlainConnection()
    connection.send(Say(b"who is there?", bytes))
    for piece in (came[:cut], came[cut:]):
        connection.receive(piece)
    if came:
        assert connection.quiet() == Answered(came, came)
    else:
        with pytest.raises(RemoteProtocolError) as silence:
            connection.quiet()
        assert silence.value.fault is LineFault.SILENCE


# ── The connection of probes ────────────────────────────────────────────────────────────────────────────────────────


def nobody(_: bytes) -> None:
    return None


def test_a_probe_is_said_as_it_is_and_its_secrets_are_marked() -> None:
    said = PlainConnection().send(Say(b"1234", bytes, LineSpeed(300), LineSpeed(9600), secret_spans=((1, 3),)))
    assert (said.data, said.masked) == (b"1234", b"1**4")
    assert (said.speed, said.answer_speed, said.awaits_answer) == (LineSpeed(300), LineSpeed(9600), True)


def test_only_an_echo_noise_and_a_babble_are_told_apart() -> None:
    connection = PlainConnection()
    connection.send(Say(b"who?", nobody))
    connection.receive(b"who?")
    with pytest.raises(RemoteProtocolError) as echo:
        connection.quiet()
    connection.send(Say(b"who?", nobody))
    connection.receive(b"me")
    with pytest.raises(RemoteProtocolError) as noise:
        connection.quiet()
    connection.send(Say(b"who?", nobody))
    with pytest.raises(RemoteProtocolError) as babble:
        connection.receive(b"x" * (HEARD_BYTES_MAX + 1))
    faults = [error.value.fault for error in (echo, noise, babble)]
    assert faults == [LineFault.ECHO, LineFault.NOISE, LineFault.NOISE]


def test_one_thing_is_said_at_a_time() -> None:
    connection = PlainConnection()
    with pytest.raises(LocalProtocolError):
        connection.receive(b"x")
    with pytest.raises(LocalProtocolError):
        connection.send(ReadSerial())
    connection.send(Say(b"over", nobody, awaits_answer=False))
    connection.send(Say(b"who?", bytes))
    with pytest.raises(LocalProtocolError):
        connection.send(Say(b"who?", bytes))


def test_looking_asks_once_and_returns_who_was_recognised() -> None:
    looking = look(probe(Way.SHORT))
    request = next(looking)
    assert isinstance(request, Say)
    assert request.data == bytes.fromhex("0008007600")
    one = request.recognise(bytes.fromhex("00244F013C0A02137B09"))
    with pytest.raises(StopIteration) as end:
        looking.send(Answer(one, 1, datetime(2026, 11, 24, tzinfo=UTC)))
    assert end.value.value == one
    assert list(nothing_to_say()) == []
