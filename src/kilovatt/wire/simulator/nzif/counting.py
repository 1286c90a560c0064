"""What a simulated meter has counted: registers, energies of periods, registers at midnights, in counts."""

from datetime import date, datetime, timedelta
from typing import assert_never

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyCounts, EnergyPeriod, StoredArray
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import EnergySource

_MONTHS = 12
_ONE_DAY = timedelta(days=1)


class Counting:
    """Counts of one meter; instants are the town's, days the meter's."""

    def __init__(
        self, energy: EnergySource, clockwork: Clockwork, quantities: frozenset[Quantity], *, uwh_per_count: int
    ) -> None:
        self._energy = energy
        self._clockwork = clockwork
        self._quantities = quantities
        self._uwh_per_count = uwh_per_count

    def count(self, quantity: Quantity, tariff: int, at: datetime) -> int | None:
        """Return one register at an instant; None where the meter does not count it."""
        if quantity not in self._quantities:
            return None
        return self._energy.register_uwh(quantity, tariff, at) // self._uwh_per_count

    def totals(self, tariff: int, at: datetime) -> EnergyCounts:
        """Return the registers of a tariff at an instant."""
        return EnergyCounts(*(self.count(quantity, tariff, at) for quantity in Quantity))

    def of_period(self, period: EnergyPeriod, tariff: int, now: datetime) -> EnergyCounts:
        """Return what an array says: the registers, or what they grew by in a period."""
        if period.array is EnergyArray.SINCE_RESET:
            return self.totals(tariff, now)
        since_on, until_on = self._days_of(period, now)
        since, until = self._clockwork.true_midnight(since_on), self._clockwork.true_midnight(until_on)
        before, after = self.totals(tariff, since), self.totals(tariff, min(until, now))
        return EnergyCounts(*(_growth(before, after, quantity) for quantity in Quantity))

    def stored(self, beginning: Beginning, tariff: int, now: datetime) -> EnergyCounts:
        """Return the registers as they stood at a beginning."""
        begins_on = self._begins_on(beginning, self._clockwork.today(now))
        return self.totals(tariff, now if begins_on is None else self._clockwork.true_midnight(begins_on))

    def _days_of(self, period: EnergyPeriod, now: datetime) -> tuple[date, date]:
        today = self._clockwork.today(now)
        if period.month is not None:
            first = date(today.year if period.month <= today.month else today.year - 1, period.month, 1)
            return first, _next_month(first)
        return (today, today + _ONE_DAY) if period.array is EnergyArray.TODAY else (today - _ONE_DAY, today)

    def _begins_on(self, beginning: Beginning, today: date) -> date | None:
        match beginning.array:
            case StoredArray.NOW:
                return None
            case StoredArray.TODAY_START:
                return today
            case StoredArray.YESTERDAY_START:
                return today - _ONE_DAY
            case StoredArray.MONTH_START:
                return date(today.year if beginning.which <= today.month else today.year - 1, beginning.which, 1)
            case StoredArray.DAY_START:
                return _latest_with_number(beginning.which, today)
            case _:
                assert_never(beginning.array)


def _growth(before: EnergyCounts, after: EnergyCounts, quantity: Quantity) -> int | None:
    first, second = getattr(before, quantity.value), getattr(after, quantity.value)
    return None if first is None or second is None else max(0, second - first)


def _next_month(first: date) -> date:
    return date(first.year + first.month // _MONTHS, first.month % _MONTHS + 1, 1)


def _latest_with_number(number: int, today: date) -> date:
    day_on = today
    while day_on.day != number:
        day_on -= _ONE_DAY
    return day_on
