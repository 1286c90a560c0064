"""What flows through a simulated meter: a household's half-hours, counted exactly.

The curve is the energy of the home (the primary side). A meter behind current transformers counts one
`ratio`-th of it. All arithmetic is on whole µWh; a remainder is cut only when a register is asked for, so the
difference of two registers carries it by itself.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity

STEP_S = 1800
STEP = timedelta(seconds=STEP_S)
TARIFFS = (1, 2, 3, 4)
WattHours: TypeAlias = npt.NDArray[np.int64]
Marks: TypeAlias = tuple[tuple[int, int], ...]
"""Switching marks of a day: (minute of the local day, tariff 1..4), ascending, the first at minute 0."""

_WEEK_SLOTS = 7 * 24 * 3600 // STEP_S
_MONTH_SLOTS = 31 * 24 * 3600 // STEP_S
_UWH_PER_WH = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_STEP_US = STEP_S * 1_000_000
_HOUR = 60

ONE_ZONE: Marks = ((0, 1),)
TWO_ZONES: Marks = ((0, 2), (7 * _HOUR, 1), (23 * _HOUR, 2))
# As Moscow numbers three zones: T1 the peak, T2 the night, T3 the half-peak (Приказ ФСТ 1473-э has the hours).
THREE_ZONES: Marks = (
    (0, 2),
    (7 * _HOUR, 1),
    (10 * _HOUR, 3),
    (17 * _HOUR, 1),
    (21 * _HOUR, 3),
    (23 * _HOUR, 2),
)
MARKS_BY_ZONES: Mapping[int, Marks] = {1: ONE_ZONE, 2: TWO_ZONES, 3: THREE_ZONES}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCurve:
    """Energy of a home in consecutive half-hours [Wh], whole and not negative, from an instant in UTC."""

    begins_at: datetime
    energies_wh: WattHours

    def __post_init__(self) -> None:
        if self.begins_at.tzinfo is not UTC:
            raise ValueError(f"a curve begins at an instant in UTC: got {self.begins_at!r}")
        if self.begins_at.timestamp() % STEP_S:
            raise ValueError(f"a curve begins at a whole half-hour: got {self.begins_at:%H:%M:%S.%f}")
        if self.energies_wh.dtype != np.int64 or self.energies_wh.ndim != 1 or not self.energies_wh.size:
            raise ValueError("a curve is one non-empty row of 64-bit integers [Wh]")
        if self.energies_wh.min() < 0:
            raise ValueError(f"a half-hour cannot be negative: got {self.energies_wh.min()} Wh")

    @property
    def ends_at(self) -> datetime:
        """The end of the last half-hour."""
        return self.begins_at + STEP * self.energies_wh.size


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedMarks:
    """A meter's tariff table, from a local day on; marks stand on half-hours."""

    valid_from_on: date
    marks: Marks

    def __post_init__(self) -> None:
        minutes = [minute for minute, _ in self.marks]
        if not minutes or minutes[0] != 0 or minutes != sorted(set(minutes)):
            raise ValueError(f"marks ascend from minute 0: got {minutes}")
        if any(minute % 30 or minute >= 24 * _HOUR for minute in minutes):
            raise ValueError(f"marks stand on half-hours of the day: got {minutes}")
        if any(tariff not in TARIFFS for _, tariff in self.marks):
            raise ValueError(f"a tariff is 1 to 4: got {[tariff for _, tariff in self.marks]}")


TariffTable: TypeAlias = tuple[DatedMarks, ...]


def tariff_table_for(zones: int) -> TariffTable:
    """Return the table of a meter set up for one, two or three zones, unchanged since its making."""
    return (DatedMarks(valid_from_on=date.min, marks=MARKS_BY_ZONES[zones]),)


def latest_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the last local midnight at or before an instant [UTC]."""
    return datetime.combine(now.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def place_curve(energies_wh: WattHours, now: datetime, zone: ZoneInfo) -> LoadCurve:
    """Return a home's half-hours placed so that the last one ends at the last local midnight at or before `now`."""
    ends_at = latest_midnight(now, zone)
    return LoadCurve(begins_at=ends_at - STEP * energies_wh.size, energies_wh=energies_wh)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPast:
    """What the registers stood at when the curve began, and the shares of reactive energy."""

    starting_wh: Mapping[int, int]
    """By tariff; a tariff that is missing stood at zero."""
    inductive_permille: int
    """R+ as thousandths of A+."""
    capacitive_permille: int
    """R− as thousandths of A+."""


def past_of_serial(serial: int, *, step_wh: int, table: TariffTable) -> MeterPast:
    """Return a past that looks like a meter's some years in use: always the same for a serial number.

    Registers stand at whole steps of the model, in the tariffs its table uses.
    """
    digest = blake2b(serial.to_bytes(8, "big"), digest_size=12).digest()
    used = sorted({tariff for dated in table for _, tariff in dated.marks})
    starting_wh = {
        tariff: (1_000_000 + int.from_bytes(digest[2 * tariff - 2 : 2 * tariff], "big") * 400) // step_wh * step_wh
        for tariff in used
    }
    return MeterPast(
        starting_wh=starting_wh,
        inductive_permille=150 + digest[8],
        capacitive_permille=digest[9] // 8,
    )


class MeterEnergy:
    """The one `EnergySource`: a curve through a meter with a tariff table, a transformer ratio and a past.

    After the curve's end its last seven days repeat for ever (a shorter curve repeats whole); before its
    beginning the registers stand still. Nothing is ever given to the grid.
    """

    def __init__(
        self, *, curve: LoadCurve, zone: ZoneInfo, table: TariffTable, past: MeterPast, ratio: int = 1
    ) -> None:
        if ratio < 1:
            raise ValueError(f"a transformer ratio is a whole number of at least 1: got {ratio}")
        if not table:
            raise ValueError("a meter has a tariff table: got none")
        self._curve = curve
        self._zone = zone
        self._table = tuple(sorted(table, key=lambda dated: dated.valid_from_on))
        self._ratio = ratio
        self._begins_at = curve.begins_at
        self._thousandths = {
            Quantity.A_PLUS: 1000,
            Quantity.A_MINUS: 0,
            Quantity.R_PLUS: past.inductive_permille,
            Quantity.R_MINUS: past.capacitive_permille,
        }
        self._starting_uwh = _starting_uwh(past, self._thousandths)
        self._energies: array[int] = array("q")
        self._cumulative: dict[int, array[int]] = {}
        self._slots = 0
        self._extend(curve.energies_wh.size)

    @property
    def begins_at(self) -> datetime:
        """Where the curve, and so the load profile, begins."""
        return self._begins_at

    def register_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """Return the register of a tariff (0 = total, 1..4) at an instant [µWh or µvarh]."""
        return self._starting_uwh[quantity, tariff] + self._counted_uwh(quantity, tariff, at)

    def flowed_uwh(self, quantity: Quantity, since: datetime, until: datetime) -> int:
        """Return what flowed in a period [µWh or µvarh], over all tariffs: the total register's difference."""
        return self._counted_uwh(quantity, TOTAL_TARIFF, until) - self._counted_uwh(quantity, TOTAL_TARIFF, since)

    def power_w(self, quantity: Quantity, at: datetime) -> int:
        """Return the mean power of the half-hour around an instant [W or var]."""
        slot = (at - self._begins_at) // STEP
        if slot < 0:
            return 0
        if slot >= self._slots:
            self._extend(slot + 1)
        return self._energies[slot] * (3600 // STEP_S) * self._thousandths[quantity] // (1000 * self._ratio)

    def tariff_at(self, at: datetime) -> int:
        """Return which tariff (1..4) counts at an instant, by the meter's own table."""
        local = at.astimezone(self._zone)
        minute = local.hour * _HOUR + local.minute
        return [tariff for mark, tariff in self.tariff_table(at) if mark <= minute][-1]

    def tariff_table(self, at: datetime) -> Marks:
        """Return the day's switching marks: (minute of the local day, tariff), the first at minute 0."""
        return _marks_on(self._table, at.astimezone(self._zone).date())

    def _counted_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        elapsed_us = (at - self._begins_at) // _MICROSECOND
        if elapsed_us <= 0:
            return 0
        slot, within_us = divmod(elapsed_us, _STEP_US)
        if slot >= self._slots:
            self._extend(slot + 1)
        counted = self._cumulative.get(tariff)
        if counted is None:
            return 0
        primary_uwh = counted[slot] * _UWH_PER_WH
        if within_us:
            # A half-hour belongs to one tariff whole, so that within it one register runs, evenly.
            primary_uwh += (counted[slot + 1] - counted[slot]) * within_us // STEP_S
        return primary_uwh * self._thousandths[quantity] // (1000 * self._ratio)

    def _extend(self, slots: int) -> None:
        curve = self._curve.energies_wh
        wanted = curve.size if slots <= curve.size else slots + _MONTH_SLOTS
        week = curve[-_WEEK_SLOTS:]
        repeats = -(-(wanted - curve.size) // week.size)
        energies = np.concatenate([curve, np.tile(week, repeats)])[:wanted]
        tariffs = _tariffs_of_slots(self._begins_at, wanted, self._zone, self._table)
        self._energies = _packed(energies)
        self._cumulative = {TOTAL_TARIFF: _packed_sums(energies)}
        for tariff in np.unique(tariffs).tolist():
            self._cumulative[tariff] = _packed_sums(np.where(tariffs == tariff, energies, 0))
        self._slots = wanted


def _starting_uwh(past: MeterPast, thousandths: Mapping[Quantity, int]) -> dict[tuple[Quantity, int], int]:
    starting: dict[tuple[Quantity, int], int] = {}
    for quantity, permille in thousandths.items():
        by_tariff = {t: past.starting_wh.get(t, 0) * permille // 1000 for t in TARIFFS}
        if quantity is not Quantity.A_PLUS:
            # Ten watt-hours is the coarsest step of the catalogue; reactive registers start on it as well.
            by_tariff = {t: wh // 10 * 10 for t, wh in by_tariff.items()}
        starting |= {(quantity, t): wh * _UWH_PER_WH for t, wh in by_tariff.items()}
        starting[quantity, TOTAL_TARIFF] = sum(by_tariff.values()) * _UWH_PER_WH
    return starting


def _marks_on(table: TariffTable, day_on: date) -> Marks:
    valid = [dated.marks for dated in table if dated.valid_from_on <= day_on]
    return valid[-1] if valid else table[0].marks


@lru_cache(maxsize=64)
def _tariffs_of_slots(begins_at: datetime, slots: int, zone: ZoneInfo, table: TariffTable) -> npt.NDArray[np.int8]:
    tariffs = np.empty(slots, dtype=np.int8)
    at = begins_at
    for slot in range(slots):
        local = at.astimezone(zone)
        minute = local.hour * _HOUR + local.minute
        tariffs[slot] = next(t for mark, t in reversed(_marks_on(table, local.date())) if mark <= minute)
        at += STEP
    return tariffs


def _packed(values: WattHours) -> "array[int]":
    return array("q", values.tobytes())


def _packed_sums(values: WattHours) -> "array[int]":
    return _packed(np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(values)]))
