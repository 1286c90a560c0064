"""Plausible homes, for those who have no curves of their own.

Flats and family houses together match what was measured in 300 homes of the EDRP trial (Great Britain, spring):
219 Wh a half-hour on average, a day of 4.0 to 21.3 kWh in the middle nine tenths of homes with a median of 9.4,
two homes hardly alike (correlation 0.14), 0.8 % of half-hours without any use. Dachas that stand empty and garden
houses heated by night add what Russian garden associations have, and follow the weather of the season.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kilovatt.wire.simulator.curves import Households
from kilovatt.wire.simulator.energy import STEP_S, WattHours

DAYS_MIN = 92
SLOTS_PER_DAY = 24 * 3600 // STEP_S
Shares: TypeAlias = npt.NDArray[np.float64]


class HomeKind(StrEnum):
    """Kinds of homes of the built-in town."""

    FLAT = "flat"
    FAMILY_HOUSE = "family_house"
    DACHA = "dacha"
    """Empty most of the time, everything switched off; lived in at some week-ends."""
    HEATED_GARDEN_HOUSE = "heated_garden_house"
    """Electric boiler that stores heat at night, the more the colder it is outside: 6 to 9 kW."""


KINDS_IN_TURN = (
    HomeKind.FLAT,
    HomeKind.FAMILY_HOUSE,
    HomeKind.HEATED_GARDEN_HOUSE,
    HomeKind.FLAT,
    HomeKind.DACHA,
    HomeKind.FAMILY_HOUSE,
    HomeKind.FLAT,
    HomeKind.FAMILY_HOUSE,
)
"""Which kind each home of a town is, over and over."""

# The day of the mean home, in half-hours from midnight (the mean of the trial's homes, rounded) [Wh].
_DAY_WH = (
    "153 128 113 101 95 90 88 86 85 90 96 111 131 166 194 219 227 235 229 234 235 235 230 236 "
    "230 229 216 212 209 212 219 238 268 300 320 329 326 325 325 331 339 345 338 327 296 262 219 183"
)
_DAY_SHAPE: Shares = np.array([float(wh) for wh in _DAY_WH.split()])
_DAY_SHAPE /= _DAY_SHAPE.mean()
_MEDIAN_DAY_WH = {HomeKind.FLAT: 7_600, HomeKind.FAMILY_HOUSE: 11_900}
_SPREAD_OF_HOMES = 0.47
_INLET_WH_MAX = 11_000 * STEP_S / 3600
_INDOORS_C = 20.0
_NIGHT_SLOTS = np.r_[0:14, 46:48]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedHomes:
    """Homes of the generator: their curves, and the kind of each."""

    households: Households
    kinds: tuple[HomeKind, ...]


def generate_homes(
    count: int,
    *,
    begins_on: date,
    days: int,
    rng: np.random.Generator,
    kinds_in_turn: tuple[HomeKind, ...] = KINDS_IN_TURN,
) -> GeneratedHomes:
    """Return `count` homes with whole days of half-hours from a local day on, the same for the same generator.

    The columns are named home_001_wh and so on. Raises ValueError for fewer than 92 days: a bill of the last
    month and a comparison with the one before need as many.
    """
    if days < DAYS_MIN:
        raise ValueError(f"homes are generated for at least {DAYS_MIN} days: got {days}")
    if count < 1:
        raise ValueError(f"a town has at least one home: got {count}")
    outside_c = _outside_temperatures(begins_on, days, rng)
    week_ends = np.array([(begins_on + timedelta(days=d)).weekday() >= 5 for d in range(days)])
    kinds = tuple(kinds_in_turn[i % len(kinds_in_turn)] for i in range(count))
    # Each home has a generator of its own, so that the first homes of a larger town are those of a smaller one.
    columns = [_home(kind, outside_c, week_ends, own) for kind, own in zip(kinds, rng.spawn(count), strict=True)]
    names = tuple(f"home_{number:03d}_wh" for number in range(1, count + 1))
    households = Households(source="built-in homes", names=names, energies_wh=np.column_stack(columns))
    return GeneratedHomes(households=households, kinds=kinds)


def _home(kind: HomeKind, outside_c: Shares, week_ends: npt.NDArray[np.bool_], rng: np.random.Generator) -> WattHours:
    match kind:
        case HomeKind.FLAT | HomeKind.FAMILY_HOUSE:
            return _whole(_lived_in(_MEDIAN_DAY_WH[kind], outside_c.shape[0], rng), rng)
        case HomeKind.DACHA:
            return _dacha(week_ends, rng)
        case HomeKind.HEATED_GARDEN_HOUSE:
            household = _lived_in(8_000, outside_c.shape[0], rng)
            return _whole(household + _heating(outside_c, rng), rng)


def _lived_in(median_day_wh: float, days: int, rng: np.random.Generator) -> Shares:
    """Half-hours of one ordinary home [Wh], in days × 48: a steady base and bursts of appliances."""
    mean_wh = median_day_wh * np.exp(rng.normal(0, _SPREAD_OF_HOMES)) / SLOTS_PER_DAY
    base_share = rng.uniform(0.15, 0.3)
    habits = np.roll(_DAY_SHAPE, rng.integers(-3, 4)) ** rng.uniform(1.0, 2.0)
    habits /= habits.mean()
    slots = days * SLOTS_PER_DAY
    # What is switched on stays on for a while: bursts reach into the next half-hours.
    bursts = rng.gamma(0.45, 1 / 0.45, slots + 2)
    lasting = 0.6 * bursts[2:] + 0.28 * bursts[1:-1] + 0.12 * bursts[:-2]
    busy_days = np.exp(rng.normal(-0.02, 0.2, days))
    used = habits[None, :] * lasting.reshape(days, SLOTS_PER_DAY) * busy_days[:, None]
    fridge = 1 + 0.3 * np.sin(np.arange(slots).reshape(days, SLOTS_PER_DAY) * rng.uniform(1.5, 2.5))
    lived_in: Shares = mean_wh * (base_share * fridge + (1 - base_share) * used)
    # The inlet breaker of a flat or a small house lets no more through for half an hour.
    return np.minimum(lived_in, _INLET_WH_MAX)


def _dacha(week_ends: npt.NDArray[np.bool_], rng: np.random.Generator) -> WattHours:
    days = week_ends.size
    lived_in = _lived_in(9_000, days, rng)
    # Whoever comes on a Saturday stays the Sunday: one throw for each run of days of one kind.
    throws = rng.random(days)
    visits = np.zeros(days, dtype=bool)
    for day in range(days):
        goes_on = day > 0 and week_ends[day] == week_ends[day - 1] and throws[day] < 0.85
        visits[day] = visits[day - 1] if goes_on else throws[day] < (0.5 if week_ends[day] else 0.08)
    # A lamp over the gate, a pump that keeps the pressure: a few watt-hours, often none.
    idle = rng.integers(0, 15, (days, SLOTS_PER_DAY)).astype(np.float64)
    energies_wh: WattHours = np.rint(np.where(visits[:, None], lived_in, idle)).astype(np.int64).reshape(-1)
    return energies_wh


def _heating(outside_c: Shares, rng: np.random.Generator) -> Shares:
    """Half-hours of an electric boiler with a heat store [Wh]: charged at night, topped up by day."""
    loss_w_per_k = rng.uniform(70, 120)
    power_w_max = rng.uniform(6_000, 9_000)
    needed_wh = np.maximum(_INDOORS_C - outside_c, 0) * loss_w_per_k * (STEP_S / 3600)
    stored = needed_wh.sum(axis=1) * rng.uniform(0.6, 0.8)
    at_night = stored / _NIGHT_SLOTS.size
    heating = needed_wh * (1 - stored / np.maximum(needed_wh.sum(axis=1), 1))[:, None]
    heating[:, _NIGHT_SLOTS] += at_night[:, None]
    heating *= rng.uniform(0.85, 1.15, heating.shape)
    limited: Shares = np.minimum(heating, power_w_max * STEP_S / 3600)
    return limited


def _whole(half_hours_wh: Shares, rng: np.random.Generator) -> WattHours:
    energies_wh: WattHours = np.maximum(np.rint(half_hours_wh), 0).astype(np.int64).reshape(-1)
    # Now and then the street has no supply, or everything happens to be off.
    energies_wh[rng.random(energies_wh.size) < 0.002] = 0
    return energies_wh


def _outside_temperatures(begins_on: date, days: int, rng: np.random.Generator) -> Shares:
    """Outside temperature of a Moscow-like year [°C], in days × 48, with spells of a few days."""
    day_of_year = np.array([(begins_on + timedelta(days=d)).timetuple().tm_yday for d in range(days)])
    season = 6.0 - 13.0 * np.cos(2 * np.pi * (day_of_year - 20) / 365.25)
    spells = np.zeros(days)
    for day in range(1, days):
        spells[day] = 0.75 * spells[day - 1] + rng.normal(0, 2.5)
    hours = np.arange(SLOTS_PER_DAY) * STEP_S / 3600
    daily = -3.0 * np.cos(2 * np.pi * (hours - 3) / 24)
    outside_c: Shares = (season + spells)[:, None] + daily[None, :]
    return outside_c
