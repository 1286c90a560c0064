"""What the bytes of Энергомера's frames say, and what they cannot say."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.energomera import requests
from kilovatt.wire.protocols.energomera.checksum import checksum
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock, number
from kilovatt.wire.protocols.energomera.frames import RequestFrame, request_from_body
from kilovatt.wire.protocols.energomera.hearing import heard
from kilovatt.wire.protocols.energomera.requests import ByteOrder, EnergomeraRequest, Generation, requests_of
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.wall_time import WallTime

SAID: list[tuple[EnergomeraRequest[Any], str, object]] = [
    (requests.Ping(), "66 B7", 46_950),
    (requests.ReadVersion(), "0A 1B 01 14 03 17", requests.Version(10, 27, 1, date(2017, 3, 14))),
    (requests.ReadConfiguration(), "02 01 00 00 00", requests.Configuration(bytes.fromhex("0201000000"))),
    (requests.ReadSerial(0), "37 36 34 36 30 39 31 34", "41906467"),
    (requests.ReadClock(), "36 04 20 06 04 04 20", MeterClock(6, WallTime(2020, 4, 4, 20, 4, 36))),
    (requests.ReadTariffRegister(tariff=1, depth=0), "35 4A 00 00", 18_997),
    (requests.ReadTariffDayRegister(tariff=4, depth=1), "01 00 00 00", 1),
    (requests.ReadTotalDayRegister(depth=1), "00 01 00 00", 256),
    (
        requests.ReadStampedRegister(depth=1, tariff=0),
        "04 04 20 01 00 00 00",
        requests.StampedCount(ArchiveStamp(2020, 4, 4), 1),
    ),
    (requests.ReadPower(), "61 00 00", 97),
    (requests.ReadIntervals(date(2026, 11, 22), 0, 2), "05 00 00 FF FF FF", (5, None)),
    (requests.ReadVoltages(), "D8 59", (23_000,)),
    (requests.ReadVoltages(1, ByteOrder.HIGH_FIRST), "59 D8", (23_000,)),
    (requests.ReadVoltages(3), "D8 59 D7 59 D6 59", (23_000, 22_999, 22_998)),
    (requests.ReadCurrents(), "E8 03 00 00", (1000,)),
    (requests.ReadCurrents(3), "E8 03 00 00 01 00", (1000, 0, 1)),
]


@pytest.mark.parametrize(("asked", "data", "value"), SAID)
def test_an_answer_says_a_value_and_the_value_is_said_so(
    asked: EnergomeraRequest[Any], data: str, value: object
) -> None:
    assert asked.says.decode(bytes.fromhex(data)) == value
    assert asked.says.encode(value) == bytes.fromhex(data)


def test_unused_places_of_a_serial_number_read_as_zeros() -> None:
    assert requests.ReadSerial(1).says.decode(bytes.fromhex("33 32 31 00 00 00 00 00")) == "00000123"


@pytest.mark.parametrize(
    ("asked", "data"),
    [
        (requests.ReadTariffRegister(tariff=1, depth=2), "00 02"),
        (requests.ReadTariffRegister(tariff=8, depth=255), "07 FF"),
        (requests.ReadTotalRegister(depth=13), "0D"),
        (requests.ReadStampedRegister(depth=2, tariff=1), "02 01"),
        (requests.ReadSerial(1), "01"),
        (requests.ReadPower(), ""),
        (requests.ReadIntervals(date(2026, 11, 22), 44, 4), "22 11 26 2C 04"),
    ],
)
def test_a_request_says_what_it_asks(asked: EnergomeraRequest[Any], data: str) -> None:
    assert asked.payload() == bytes.fromhex(data)
    assert type(asked).parse(bytes.fromhex(data)) == asked


IMPOSSIBLE: list[tuple[EnergomeraRequest[Any], str, str]] = [
    (requests.ReadClock(), "36 04 20 08 04 04 20", "a weekday is 0 to 7: got 8"),
    (requests.ReadClock(), "36 04 20 06 31 04 20", "day"),
    (requests.ReadStampedRegister(0, 0), "32 04 20 00 00 00 00", "a month and a day or zeros: got 4 and 32"),
    (requests.ReadStampedRegister(0, 0), "00 13 20 00 00 00 00", "a month and a day or zeros: got 13 and 0"),
    (requests.ReadVersion(), "0A 1B 01 14 0A 17", "decimal digits"),
    (requests.ReadSerial(0), "80 30 30 30 30 30 30 30", "ascii"),
    (requests.ReadSerial(0), "0A 30 30 30 30 30 30 30", "characters that can be printed"),
]


@pytest.mark.parametrize(("asked", "data", "complaint"), IMPOSSIBLE)
def test_what_no_meter_can_mean_is_refused(asked: EnergomeraRequest[Any], data: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        asked.says.decode(bytes.fromhex(data))


def test_what_does_not_fit_is_not_written() -> None:
    with pytest.raises(ValueError, match="8 characters are wanted, got 7"):
        requests.ReadSerial(0).says.encode("1234567")
    with pytest.raises(ValueError, match="fits into 4 bytes"):
        requests.ReadTotalRegister(0).says.encode(1 << 32)
    with pytest.raises(ValueError, match="steps of 10"):
        number(1, step=10).write(15)


@pytest.mark.parametrize(("word", "decimals", "minutes"), [("0201", 2, 30), ("FC00", 0, 60), ("0302", 3, 15)])
def test_the_configuration_tells_decimals_and_interval(word: str, decimals: int, minutes: int) -> None:
    configuration = requests.Configuration(bytes.fromhex(word) + bytes(3))
    assert (configuration.decimals, configuration.interval_minutes) == (decimals, minutes)


def test_an_interval_of_no_known_meaning_is_none() -> None:
    assert requests.Configuration(bytes.fromhex("0203000000")).interval_minutes is None


def test_a_version_is_written_with_points_and_a_stamp_by_its_length() -> None:
    assert str(requests.Version(10, 27, 1, date(2017, 3, 14))) == "10.27.1"
    assert (str(ArchiveStamp(2020, 4, 0)), str(ArchiveStamp(2020, 4, 3))) == ("2020-04", "2020-04-03")


def test_a_register_is_asked_for_differently_in_each_dialect() -> None:
    assert requests_of(Generation.PLAIN)[0x130] is requests.ReadTariffRegister
    assert requests_of(Generation.STAMPED)[0x130] is requests.ReadStampedRegister
    assert requests_of(Generation.PLAIN)[0x120] is requests_of(Generation.STAMPED)[0x120] is requests.ReadClock


def test_what_a_request_says_is_its_own_affair() -> None:
    with pytest.raises(NotImplementedError):
        EnergomeraRequest[int]().says  # noqa: B018 - reading it is the test


def framed(command: int, data: bytes = b"") -> bytes:
    return slip.framed(RequestFrame(meter=1, reader=253, password=777_777, command=command, data=data).body())


@pytest.mark.parametrize(
    ("frame", "generation", "code"),
    [
        (framed(0x777), Generation.PLAIN, ErrorCode.NO_SUCH_COMMAND),
        (framed(0x131, b"\x00"), Generation.STAMPED, ErrorCode.NO_SUCH_COMMAND),
        (framed(0x131), Generation.PLAIN, ErrorCode.PARAMETER_COUNT),
        (framed(0x130, b"\x08\x00"), Generation.PLAIN, ErrorCode.PARAMETER),
        (framed(0x130, b"\x00\x09"), Generation.STAMPED, ErrorCode.PARAMETER),
    ],
)
def test_what_a_meter_cannot_do_it_answers_with_an_error(frame: bytes, generation: Generation, code: ErrorCode) -> None:
    request = heard(frame, generation)
    assert request is not None
    assert request.asked == code
    assert request.refusal(code)[6] == 0x71


def silent() -> Iterator[bytes]:
    whole = framed(0x120)
    yield whole[:-1]
    yield whole[1:]
    yield whole[:2] + b"\x02" + whole[3:]
    yield b"\xc0\xdb\x00\xc0"
    yield b"\xc0" + bytes(200) + b"\xc0"
    # An answer of another meter on the line.
    yield bytes.fromhex("C0 48 FD 00 66 B7 57 01 20 19 21 23 02 19 07 22 1A C0")
    body = slip.unescape(whole[1:-1])
    error = body[:9] + bytes([body[9] | 0x20]) + body[10:-1]
    yield slip.framed(error + bytes([checksum(error)]))


@pytest.mark.parametrize("data", list(silent()))
def test_at_noise_and_at_what_is_no_request_a_meter_is_silent(data: bytes) -> None:
    assert heard(data, Generation.PLAIN) is None


def test_a_request_that_names_values_of_phases_has_no_data() -> None:
    assert requests.ReadVoltages.parse(b"") == requests.ReadVoltages()
    with pytest.raises(ValueError, match="ReadVoltages has no data, got 01"):
        requests.ReadVoltages.parse(b"\x01")
    with pytest.raises(ValueError, match="ReadClock has 0 bytes of data, got 1"):
        requests.ReadClock.parse(b"\x01")


@given(data=st.binary(max_size=60))
def test_slip_gives_back_what_it_took(data: bytes) -> None:
    escaped = slip.escape(data)
    assert slip.END not in escaped
    assert slip.unescape(escaped) == data
    assert len(slip.units(escaped)) == len(data)


@given(data=st.binary(max_size=80), generation=st.sampled_from(Generation))
def test_a_meter_makes_of_any_bytes_a_request_or_nothing(data: bytes, generation: Generation) -> None:
    request = heard(b"\xc0" + data + b"\xc0", generation)
    assert request is None or request.frame.data == request_from_body(slip.unescape(data)).data
    assert heard(data, generation) is None or data[:1] == b"\xc0"


@given(data=st.binary(max_size=15), meter=st.integers(0, 0xFFFF), command=st.integers(0, 0xFFFF))
def test_every_request_survives_the_wire(data: bytes, meter: int, command: int) -> None:
    frame = RequestFrame(meter=meter, reader=253, password=777_777, command=command, data=data)
    assert request_from_body(frame.body()) == frame
    assert "777777" not in repr(frame)
