"""What meters of this language say, as values in the units of the house, and how each lies in a frame.

Source: Incotex, "Система команд счетчиков М206", 28.03.2017, tables 2 to 4; captures where the text is silent.
"""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, Single, fixed, nested, raw, reserved
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.fields import (
    bcd,
    binary,
    day_month_year_if_any,
    maskable_bcd,
    signed_bcd,
    wall_time_if_any,
)

HOLIDAY = 7
"""Stands for a holiday where a weekday is meant (0 is Sunday)."""

REGISTER_STEP_WH = 10
REGISTER_PLACES = 100_000_000
"""A register of eight decimal digits starts anew from zero after this many steps."""

ByTariff: TypeAlias = tuple[int | None, ...]
"""A register for each of T1..T4 [Wh or varh]; None for a tariff that is not in use."""


@dataclass(frozen=True, slots=True)
class MeterClock:
    """Weekday (0 Sunday … 6 Saturday, 7 holiday) and local time; `time` is None where it was never written."""

    weekday: int
    time: WallTime | None


@dataclass(frozen=True, slots=True)
class Firmware:
    """The version and its date. The first byte of the date was zero in every capture; what it says is not known."""

    major: int
    minor: int
    released_on: date | None

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


@dataclass(frozen=True, slots=True)
class PhaseValues:
    """Voltage, current and active power of the one phase."""

    voltage_mv: int
    current_ma: int
    power_w: int


@dataclass(frozen=True, slots=True)
class NetworkValues:
    """Frequency, the tariff that counts (1..4), and flags: bit 0 unequal currents, bit 1 reversed energy."""

    frequency_mhz: int
    tariff: int
    flags: int


@dataclass(frozen=True, slots=True)
class ApparentPower:
    """The power factor [‰, with its sign] and the apparent power [VA]."""

    factor_permille: int
    power_va: int


@dataclass(frozen=True, slots=True)
class Reclosing:
    """How the relay closes by itself: tries, pause before a try, how long until a try counts as a success."""

    tries: int
    pause_minutes: int
    success_after_minutes: int


@dataclass(frozen=True, slots=True)
class ModelCode:
    """Which model the meter says it is. Not in the maker's text; as the client mercury-base reads it."""

    model: int
    features: int


@dataclass(frozen=True, slots=True)
class RunningTime:
    """Hours under voltage and without."""

    powered_h: int
    unpowered_h: int


@dataclass(frozen=True, slots=True)
class Maximum:
    """A greatest value since the making and since the reset, in the maker's steps (0.1 V, 0.01 A, 0.01 kW)."""

    value: int
    at: WallTime | None
    value_since_reset: int
    at_since_reset: WallTime | None


@dataclass(frozen=True, slots=True)
class EnergyLimit:
    """The energy limit of a tariff, in the maker's digits, and its flag (00 normal, AAh exceeded by that much)."""

    limit: int
    flag: int


@dataclass(frozen=True, slots=True)
class YearDay:
    """A day of every year."""

    day: int
    month: int


@dataclass(frozen=True, slots=True)
class TariffMark:
    """From this minute of the day on (up to 1440, which is never), this tariff (1..4) counts."""

    minute: int
    tariff: int

    def __post_init__(self) -> None:
        if not 0 <= self.minute <= 24 * 60 or not 1 <= self.tariff <= 4:
            raise ValueError(f"a mark is minute 0 to 1440 and tariff 1 to 4: got {self.minute}, {self.tariff}")


@dataclass(frozen=True, slots=True)
class RingRecord:
    """One record of a journal: the maker's code of what happened, and when; `at` is None in an empty place."""

    code: int
    at: WallTime | None


@dataclass(frozen=True, slots=True)
class Parametrisation:
    """One record of the journal of settings: which commands wrote, by bits of their low numbers, on which day.

    The maker numbers no bits; bit n of a word standing for the word's first command plus n is our reading.
    """

    bits_from_70h: int
    bits_from_10h: int
    bits_from_00h: int
    changed_on: date | None

    @property
    def commands(self) -> tuple[int, ...]:
        """The codes of the commands, ascending."""
        return tuple(
            first + bit
            for first, bits in ((0x00, self.bits_from_00h), (0x10, self.bits_from_10h), (0x70, self.bits_from_70h))
            for bit in range(bits.bit_length())
            if bits >> bit & 1
        )


@dataclass(frozen=True, slots=True)
class ArchiveSlice:
    """Registers of T1..T4 kept for a day or a month, and for which. What `checksum` covers is not established."""

    energy_wh_1: int | None
    energy_wh_2: int | None
    energy_wh_3: int | None
    energy_wh_4: int | None
    slice_on: date | None
    checksum: int


CLOCK: Layout[MeterClock] = Record(MeterClock, {"weekday": bcd(1), "time": wall_time_if_any()})
FIRMWARE: Layout[Firmware] = Record(
    Firmware, {"major": binary(1), "minor": binary(1), "unknown": reserved(1), "released_on": day_month_year_if_any()}
)
ACTIVE_REGISTERS: Layout[ByTariff] = Row("energy_wh", maskable_bcd(4, step=REGISTER_STEP_WH), 4)
REACTIVE_REGISTERS: Layout[ByTariff] = Row("energy_varh", maskable_bcd(4, step=REGISTER_STEP_WH), 4)
PHASE_VALUES: Layout[PhaseValues] = Record(
    PhaseValues, {"voltage_mv": bcd(2, step=100), "current_ma": bcd(2, step=10), "power_w": bcd(3)}
)
NETWORK_VALUES: Layout[NetworkValues] = Record(
    NetworkValues,
    {
        "frequency_mhz": bcd(2, step=10),
        "tariff": binary(1, first=1),
        "flags": binary(1),
        "reserved": reserved(6),
    },
)
REACTIVE_POWER: Layout[int] = Single({"parameter": fixed(b"\x00"), "power_var": bcd(3)})
RELAY_STATE: Layout[int] = Single({"parameter": fixed(b"\x01"), "relay_state": binary(1)})
APPARENT_POWER: Layout[ApparentPower] = Record(
    ApparentPower, {"parameter": fixed(b"\x02"), "factor_permille": signed_bcd(2), "power_va": bcd(3)}
)
RECLOSING: Layout[Reclosing] = Record(
    Reclosing,
    {
        "parameter": fixed(b"\x03"),
        "tries": binary(1),
        "pause_minutes": binary(1),
        "success_after_minutes": binary(1),
    },
)
MODEL_CODE: Layout[ModelCode] = Record(
    ModelCode, {"parameter": fixed(b"\xff"), "model": binary(1), "features": binary(1)}
)
RUNNING_TIME: Layout[RunningTime] = Record(RunningTime, {"powered_h": bcd(3), "unpowered_h": bcd(3)})
MAXIMUM: Layout[Maximum] = Record(
    Maximum,
    {"value": bcd(2), "at": wall_time_if_any(), "value_since_reset": bcd(2), "at_since_reset": wall_time_if_any()},
)
RING_RECORD: Layout[RingRecord] = Record(RingRecord, {"code": bcd(1), "at": wall_time_if_any()})
PARAMETRISATION: Layout[Parametrisation] = Record(
    Parametrisation,
    {
        "bits_from_70h": binary(2),
        "bits_from_10h": binary(1),
        "bits_from_00h": binary(2),
        "changed_on": day_month_year_if_any(),
    },
)
ARCHIVE_SLICE: Layout[ArchiveSlice] = Record(
    ArchiveSlice,
    {f"energy_wh_{tariff}": maskable_bcd(4, step=REGISTER_STEP_WH) for tariff in range(1, 5)}
    | {"slice_on": day_month_year_if_any(), "checksum": binary(2), "reserved": reserved(3)},
)
MADE_ON: Layout[date | None] = Single({"made_on": day_month_year_if_any()})
VARIANT: Layout[bytes] = Single({"variant": raw(2)})
ENERGY_LIMITS: Layout[tuple[EnergyLimit, ...]] = Row(
    "energy_limit", nested(Record(EnergyLimit, {"limit": bcd(3), "flag": binary(1)})), 4
)


def tariff_mark() -> Field:
    """Return a mark: the tariff less one in the two high bits, the hour (to 24) in the others, then the minute."""
    return Field(size=2, read=_read_mark, write=_write_mark)


def year_day() -> Field:
    """Return a day and month, or None where the place is empty (FFFFh)."""
    return Field(size=2, read=_read_year_day, write=_write_year_day)


def _read_mark(data: bytes) -> TariffMark:
    hour = int_from_bcd(bytes([data[0] & 0x3F]))
    return TariffMark(minute=hour * 60 + int_from_bcd(data[1:]), tariff=(data[0] >> 6) + 1)


def _write_mark(mark: TariffMark) -> bytes:
    hour, minute = divmod(mark.minute, 60)
    return bytes([(mark.tariff - 1) << 6 | bcd_from_int(hour, 1)[0]]) + bcd_from_int(minute, 1)


def _read_year_day(data: bytes) -> YearDay | None:
    if data == b"\xff\xff":
        return None
    return YearDay(day=int_from_bcd(data[:1]), month=int_from_bcd(data[1:]))


def _write_year_day(value: YearDay | None) -> bytes:
    if value is None:
        return b"\xff\xff"
    return bcd_from_int(value.day, 1) + bcd_from_int(value.month, 1)


def _read_crossing(data: bytes) -> RingRecord:
    # The two high bits of the hour: 2 a threshold was passed, 1 it was passed back.
    code = data[0] >> 6
    if code == 3:
        return RingRecord(code=0, at=WALL_TIME.read(data))
    return RingRecord(code=code, at=WALL_TIME.read(bytes([data[0] & 0x3F]) + data[1:]))


def _write_crossing(record: RingRecord) -> bytes:
    data = WALL_TIME.write(record.at)
    return bytes([record.code << 6 | data[0]]) + data[1:]


WALL_TIME = wall_time_if_any()
CROSSING: Layout[RingRecord] = Single({"crossing": Field(size=6, read=_read_crossing, write=_write_crossing)})
TARIFF_MARKS: Layout[tuple[TariffMark, ...]] = Row("mark", tariff_mark(), 16)
HOLIDAYS: Layout[tuple[YearDay | None, ...]] = Row("holiday", year_day(), 8)
