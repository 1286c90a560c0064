"""What can be set in a simulated meter."""

from dataclasses import dataclass, field
from datetime import datetime

from kilovatt.wire.protocols.mercury_v2.schedule import END_OF_DAY, MARKS_OF_HALF, ScheduleSelection, TariffMark
from kilovatt.wire.simulator.meter import EnergySource

_UNUSED = TariffMark(minute=END_OF_DAY, tariff=1)
_LIMIT_MW = 99_999_990
_LIMIT_WH = 99_999_999


@dataclass(slots=True)
class Settings:
    """The parameters of one meter that writes change."""

    address: int
    power_limit_mw: int = _LIMIT_MW
    limits_wh: dict[int, int] = field(default_factory=lambda: dict.fromkeys((1, 2, 3, 4), _LIMIT_WH))
    load_bits: frozenset[int] = frozenset()
    holidays: dict[int, frozenset[int]] = field(default_factory=dict)
    schedules: dict[tuple[int, int, int], tuple[TariffMark, ...]] = field(default_factory=dict)
    """By month, kind of day and half: what was written. Tariffs are counted by the plan's table all the same."""
    frozen_at: datetime | None = None

    def marks(self, selection: ScheduleSelection, energy: EnergySource, now: datetime) -> tuple[TariffMark, ...]:
        """Return half a day's marks: as they were written, or the plan's table."""
        (month,), (day,) = selection.months, selection.days
        written = self.schedules.get((month, day, selection.half))
        if written is not None:
            return written
        planned = [TariffMark(minute=minute, tariff=tariff) for minute, tariff in energy.tariff_table(now)]
        padded = planned + [_UNUSED] * (2 * MARKS_OF_HALF - len(planned))
        return tuple(padded[selection.half * MARKS_OF_HALF :][:MARKS_OF_HALF])

    def write_marks(self, selection: ScheduleSelection, marks: tuple[TariffMark, ...]) -> None:
        """Keep marks for each month and kind of day."""
        for month in selection.months:
            for day in selection.days:
                self.schedules[month, day, selection.half] = marks

    def set_load_bit(self, bit: int, *, is_on: bool) -> None:
        """Set or clear a bit of the word of load control."""
        self.load_bits = self.load_bits | {bit} if is_on else self.load_bits - {bit}
