"""What readouts and parameters say, and how a meter hears what it is asked."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import RefusalReason
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.sign_on import Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.iec62056_21 import names, readout
from kilovatt.wire.protocols.iec62056_21.datasets import data_sets_of
from kilovatt.wire.protocols.iec62056_21.errors import ErrorNumber, error_text, refusal_in
from kilovatt.wire.protocols.iec62056_21.frames import COMMAND_SIZE_MAX, BlockCheck, Command
from kilovatt.wire.protocols.iec62056_21.hearing import Call, heard
from kilovatt.wire.protocols.iec62056_21.readout import ObisRegister
from kilovatt.wire.protocols.iec62056_21.requests import Readout


def told(*lines: str) -> Readout:
    return Readout(
        Identification("LGZ", "5", "ZMG405000b.P07", "2"), data_sets_of("".join(f"{it}\r\n" for it in lines))
    )


# ── Readouts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_registers_are_told_in_watt_hours_whatever_their_unit() -> None:
    said = told("1.8.0(0001234.567*kWh)", "2.8.1(12*Wh)", "3.8.0(1.5*kvarh)", "4.8.2(2*MWh)", "9.8.0(1*kVAh)")
    assert readout.registers_of(said) == (
        ObisRegister(1, 0, None, 1_234_567),
        ObisRegister(2, 1, None, 12),
        ObisRegister(3, 0, None, 1_500),
        ObisRegister(4, 2, None, 2_000_000),
    )


def test_a_frozen_register_may_leave_its_unit_to_the_running_one() -> None:
    said = told("1-1:1.8.1(0012.50*kWh)", "1-1:1.8.1*12(0010.25)", "1.8.1&11(9.00*kWh)")
    assert [(one.frozen, one.energy) for one in readout.registers_of(said)] == [
        (None, 12_500),
        (12, 10_250),
        (11, 9_000),
    ]


@pytest.mark.parametrize("line", ["1.8.0(12)", "1.8.0(12*A)", "1.8.0(E12*kWh)", "1.8.0*12(5)"])
def test_a_register_that_cannot_be_one_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"no unit of energy|a decimal number"):
        readout.registers_of(told(line))


@pytest.mark.parametrize(
    ("day", "shown"),
    [("26-11-24", WallTime(2026, 11, 24, 12, 10, 11)), ("2026-11-24", WallTime(2026, 11, 24, 12, 10, 11))],
)
def test_years_of_two_digits_and_of_four_are_one(day: str, shown: WallTime) -> None:
    assert readout.clock_of(told("0.9.1(12:10:11)", f"0.9.2({day})")) == shown


def test_a_readout_may_have_no_clock_and_no_power() -> None:
    assert readout.clock_of(told("0.9.1(12:10:11)")) is None
    assert readout.power_of(told("1.8.0(1*kWh)")) is None
    assert readout.power_of(told("1.7.0(1.234*kW)")) == 1_234
    assert readout.power_of(told("1.7.0(17*W)")) == 17
    with pytest.raises(ValueError, match="no unit of power"):
        readout.power_of(told("1.7.0(17)"))


def test_when_registers_were_frozen_is_told_under_either_name() -> None:
    said = told("0.1.0(12)", "0.1.0*12(26-11-01 00:00)", "0.1.2*11(2026-10-01 00:00:00)", "0.1.2*12(26-09-09 10:00)")
    assert readout.freezes_of(said) == {12: WallTime(2026, 11, 1, 0, 0, 0), 11: WallTime(2026, 10, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    "text", ["", "26-11-01", "26-13-01 00:00", "26-11-01 25:00", "1999-11-01 00:00", "01.11.26 00:00"]
)
def test_a_moment_that_no_clock_shows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        readout.moment_of(text)


def test_a_device_may_call_itself_by_several_numbers() -> None:
    assert readout.device_numbers_of(told("C.1.0(38030255)", "0.0.0( 20000)")) == ("20000", "38030255")
    assert readout.device_numbers_of(told("1.8.0(1*kWh)")) == ()


# ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(month=st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_months_are_written_and_understood(month: date) -> None:
    assert names.month_of(names.month_argument(month)) == month.replace(day=1)


@given(back=st.integers(1, 99))
def test_months_back_are_written_and_understood(back: int) -> None:
    assert names.months_back_of(names.months_back_name(back)) == back


def test_what_is_no_month_is_refused() -> None:
    for text in ("4.22", "13.22", ""):
        with pytest.raises(ValueError, match=r"mm.yy is wanted|month must be"):
            names.month_of(text)
    for back in (0, 100):
        with pytest.raises(ValueError, match="ends of months back"):
            names.months_back_name(back)
    assert names.months_back_of("ENM00") is None
    assert names.months_back_of("ENMPE") is None


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_clocks_are_written_and_understood(at: datetime) -> None:
    shown = WallTime(at.year, at.month, at.day, at.hour, at.minute, at.second)
    assert names.shown_at(names.date_text(shown), names.time_text(shown)) == shown


# latonita/esphome-energomera-iec: СЕ102М and СЕ301 write the weekday in two digits, СЕ207 in one; 2024-07-13 was a
# Saturday, which its README writes as 03 in an example made up by hand.
@pytest.mark.parametrize("day", ["03.13.07.24", "6.13.07.24", "13.07.24"])
def test_a_date_is_understood_with_any_weekday(day: str) -> None:
    assert names.shown_at(day, "23:40:10") == WallTime(2024, 7, 13, 23, 40, 10)


@pytest.mark.parametrize(("day", "clock"), [("13.7.24", "23:40:10"), ("13.07.24", "23:40"), ("31.02.24", "00:00:00")])
def test_what_no_clock_shows_is_refused(day: str, clock: str) -> None:
    with pytest.raises(ValueError, match=r"are wanted|day is out of range"):
        names.shown_at(day, clock)


# ── Errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ErrorNumber)
def test_every_error_is_understood_as_it_is_written(number: ErrorNumber) -> None:
    refusal = refusal_in(error_text(number))
    assert refusal is not None
    assert refusal.code == number
    assert refusal_in(f"E{number}") == refusal


def test_what_is_unknown_is_another_reason_and_a_value_is_none() -> None:
    refusal = refusal_in("ERR77")
    assert refusal is not None
    assert refusal.reason is RefusalReason.OTHER
    assert refusal_in("77") is None


# ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SUM = BlockCheck.SUM
READ = Command("R1", "VOLTA()")
HEARD: dict[bytes, tuple[object, ...]] = {
    b"/?141628345!\r\n": (Call("141628345"),),
    b"/?000000211!\r\n": (Call("211"),),
    b"/?!\r\n": (Call(""),),
    b"\x06051\r\n": (OptionSelect(Procedure.NORMAL, "5", Mode.PROGRAMMING),),
    READ.encode(SUM): (READ,),
    Command("B0").encode(SUM) + b"/?7!\r\n": (Command("B0"), Call("7")),
    b"/?00000211!\x01R1\x02GROUP(400B(7)400D(1)5003(1))\x03\x68": (
        Call("211", goes_on=True),
        Command("R1", "GROUP(400B(7)400D(1)5003(1))"),
    ),
    b"": (),
}


@pytest.mark.parametrize("data", HEARD, ids=lambda data: data[:16].hex(" "))
def test_a_meter_hears_what_is_said_with_parity_or_without(data: bytes) -> None:
    assert heard(data, SUM) == HEARD[data]
    assert heard(with_parity(data), SUM) == HEARD[data]
    if data != with_parity(data):
        assert heard(with_parity(data)[:-1] + bytes([with_parity(data)[-1] ^ 0x80]), SUM) is None


@pytest.mark.parametrize("data", HEARD, ids=lambda data: data[:16].hex(" "))
def test_a_meter_keeps_silent_until_all_is_said(data: bytes) -> None:
    whole_before = len(Command("B0").encode(SUM)) if data.startswith(b"\x01B0") else None
    for size in range(1, len(data)):
        if size != whole_before:
            assert heard(data[:size], SUM) is None


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"/!",
        b"/?1!x\r\n",
        b"\x06951\r\n",
        READ.encode(BlockCheck.XOR),
        b"/?" + b"1" * COMMAND_SIZE_MAX + b"!\r\n",
    ],
)
def test_a_meter_keeps_silent_to_noise(data: bytes) -> None:
    assert heard(data, SUM) is None


@given(data=st.binary(max_size=50))
def test_a_meter_is_not_upset_by_anything(data: bytes) -> None:
    for said in (data, b"/?" + data, b"\x01R1\x02" + data + b"\x03\x00", b"\x06" + data):
        assert isinstance(heard(said, SUM), tuple | None)
