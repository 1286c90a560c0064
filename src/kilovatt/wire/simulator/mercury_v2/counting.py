"""What a simulated meter has counted: registers, arrays of periods, registers at midnights."""

from datetime import date, datetime, timedelta

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod, EnergyTotals, Quadrants
from kilovatt.wire.simulator.mercury_v2.clockwork import Clockwork
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

UWH_PER_WH = 1_000_000
_PHASE_SHARES = (39, 34)
_MONTHS = 12


class Counting:
    """Registers of one meter; instants are the town's, days the meter's."""

    def __init__(self, switched: SwitchedEnergy, clockwork: Clockwork, quantities: frozenset[Quantity]) -> None:
        self._switched = switched
        self._clockwork = clockwork
        self._quantities = quantities

    def totals(self, tariff: int, at: datetime) -> EnergyTotals:
        """Return the registers at an instant; what the type does not measure is None."""
        return EnergyTotals(
            a_plus_wh=self._register(Quantity.A_PLUS, tariff, at),
            a_minus_wh=self._register(Quantity.A_MINUS, tariff, at),
            r_plus_varh=self._register(Quantity.R_PLUS, tariff, at),
            r_minus_varh=self._register(Quantity.R_MINUS, tariff, at),
        )

    def of_period(self, period: EnergyPeriod, tariff: int, now: datetime) -> EnergyTotals:
        """Return what an array says: the registers of an instant, or what they grew by between two."""
        since, until = self._bounds(period, now)
        if since is None:
            return self.totals(tariff, until)
        before, after = self.totals(tariff, since), self.totals(tariff, until)
        return EnergyTotals(
            a_plus_wh=_growth(before.a_plus_wh, after.a_plus_wh),
            a_minus_wh=_growth(before.a_minus_wh, after.a_minus_wh),
            r_plus_varh=_growth(before.r_plus_varh, after.r_plus_varh),
            r_minus_varh=_growth(before.r_minus_varh, after.r_minus_varh),
        )

    def quadrants(self, totals: EnergyTotals) -> Quadrants:
        """Return reactive energy by quadrants, of a meter through which active energy only ever comes."""
        return Quadrants(r1_varh=totals.r_plus_varh, r2_varh=0, r3_varh=0, r4_varh=totals.r_minus_varh or 0)

    def phases_wh(self, tariff: int, now: datetime) -> tuple[int | None, ...]:
        """Return active energy by phases, in shares that never change."""
        total = self._register(Quantity.A_PLUS, tariff, now) or 0
        first, second = (total * share // 100 for share in _PHASE_SHARES)
        return (first, second, total - first - second)

    def at_midnight(self, day_on: date, tariff: int) -> EnergyTotals:
        """Return the registers when the meter's clock showed a midnight."""
        return self.totals(tariff, self.true_midnight(day_on))

    def true_midnight(self, day_on: date) -> datetime:
        """Return when the meter's clock showed the beginning of a day."""
        return self._clockwork.true_midnight(day_on)

    def _register(self, quantity: Quantity, tariff: int, at: datetime) -> int | None:
        if quantity not in self._quantities:
            return None
        return self._switched.register_uwh(quantity, tariff or TOTAL_TARIFF, at) // UWH_PER_WH

    def _bounds(self, period: EnergyPeriod, now: datetime) -> tuple[datetime | None, datetime]:
        today = self._clockwork.today(now)
        if period.month is not None:
            year = today.year if period.month <= today.month else today.year - 1
            first = date(year, period.month, 1)
            begin, end = self.true_midnight(first), self.true_midnight(_next_month(first))
            return (None, begin) if period.array is EnergyArray.AT_START_OF_MONTH else (begin, min(end, now))
        days = {
            EnergyArray.THIS_YEAR: (date(today.year, 1, 1), None),
            EnergyArray.LAST_YEAR: (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
            EnergyArray.TODAY: (today, None),
            EnergyArray.YESTERDAY: (today - timedelta(days=1), today),
        }
        if period.array in days:
            begins_on, ends_on = days[period.array]
            return self.true_midnight(begins_on), now if ends_on is None else self.true_midnight(ends_on)
        midnights = {
            EnergyArray.AT_START_OF_YEAR: date(today.year, 1, 1),
            EnergyArray.AT_START_OF_LAST_YEAR: date(today.year - 1, 1, 1),
            EnergyArray.AT_START_OF_DAY: today,
            EnergyArray.AT_START_OF_YESTERDAY: today - timedelta(days=1),
        }
        day_on = midnights.get(period.array)
        return None, now if day_on is None else self.true_midnight(day_on)


def _growth(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, after - before)


def _next_month(first: date) -> date:
    return date(first.year + first.month // _MONTHS, first.month % _MONTHS + 1, 1)
