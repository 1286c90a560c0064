from datetime import date

import numpy as np
import pytest

from kilovatt.wire.simulator.homes import SLOTS_PER_DAY, GeneratedHomes, HomeKind, generate_homes

AUTUMN_ON = date(2026, 8, 1)


def dice(seed: int) -> np.random.Generator:  # noqa: TID251 - the test seeds it
    return np.random.default_rng(seed)  # noqa: TID251 - the test seeds it


@pytest.fixture(scope="module")
def town() -> GeneratedHomes:
    return generate_homes(300, begins_on=AUTUMN_ON, days=115, rng=dice(7))


def energies_of(town: GeneratedHomes, *kinds: HomeKind) -> np.ndarray:
    energies_wh: np.ndarray = town.households.energies_wh[:, [kind in kinds for kind in town.kinds]]
    return energies_wh


def days_kwh(energies_wh: np.ndarray) -> np.ndarray:
    kwh: np.ndarray = energies_wh.reshape(-1, SLOTS_PER_DAY, energies_wh.shape[1]).sum(axis=1) / 1000
    return kwh


def test_flats_and_family_houses_use_what_measured_homes_use(town: GeneratedHomes) -> None:
    energies_wh = energies_of(town, HomeKind.FLAT, HomeKind.FAMILY_HOUSE)
    low, median, high = np.percentile(days_kwh(energies_wh).mean(axis=0), [5, 50, 95])

    assert 195 < energies_wh.mean() < 245
    assert 3.2 < low < 5.0
    assert 8.5 < median < 10.4
    assert 17 < high < 26


def test_neighbours_are_hardly_alike(town: GeneratedHomes) -> None:
    energies_wh = energies_of(town, HomeKind.FLAT, HomeKind.FAMILY_HOUSE)
    alike = np.corrcoef(energies_wh.T)[np.triu_indices(energies_wh.shape[1], 1)]

    assert 0.10 < np.median(alike) < 0.18


def test_a_home_rarely_uses_nothing(town: GeneratedHomes) -> None:
    assert 0.004 < (town.households.energies_wh == 0).mean() < 0.012


def test_evenings_are_busier_than_nights(town: GeneratedHomes) -> None:
    by_half_hour = energies_of(town, HomeKind.FLAT).reshape(-1, SLOTS_PER_DAY, 113).mean(axis=(0, 2))

    assert by_half_hour[36:44].mean() > 2 * by_half_hour[4:12].mean()


def test_a_dacha_stands_empty_most_of_the_time_and_is_lived_in_at_week_ends(town: GeneratedHomes) -> None:
    per_day = days_kwh(energies_of(town, HomeKind.DACHA))
    at_week_ends = np.array([(AUTUMN_ON.toordinal() + d - 1) % 7 >= 5 for d in range(115)])

    assert (per_day < 0.6).mean() > 0.6
    assert per_day.max() > 5
    assert per_day[at_week_ends].mean() > 1.5 * per_day[~at_week_ends].mean()


def test_a_heated_garden_house_charges_at_night_with_six_to_nine_kilowatts_and_more_when_cold() -> None:
    winter = generate_homes(
        20,
        begins_on=date(2026, 11, 1),
        days=92,
        rng=dice(7),
        kinds_in_turn=(HomeKind.HEATED_GARDEN_HOUSE,),
    )
    summer = generate_homes(
        20,
        begins_on=date(2026, 5, 20),
        days=92,
        rng=dice(7),
        kinds_in_turn=(HomeKind.HEATED_GARDEN_HOUSE,),
    )
    slots = winter.households.energies_wh.reshape(-1, SLOTS_PER_DAY, 20)
    night, day = slots[:, 2:12].mean(), slots[:, 24:36].mean()
    peaks_kw = winter.households.energies_wh.max(axis=0) * 2 / 1000

    assert night > 2 * day
    assert 6 < np.median(peaks_kw) < 12
    assert winter.households.energies_wh.mean() > 3 * summer.households.energies_wh.mean()


def test_the_same_seed_builds_the_same_town_and_a_larger_town_begins_with_the_smaller() -> None:
    def homes(count: int, seed: int) -> np.ndarray:
        rng = dice(seed)
        return generate_homes(count, begins_on=AUTUMN_ON, days=92, rng=rng).households.energies_wh

    assert np.array_equal(homes(5, 1), homes(5, 1))
    assert np.array_equal(homes(5, 1), homes(9, 1)[:, :5])
    assert not np.array_equal(homes(5, 1), homes(5, 2))


def test_half_hours_are_whole_and_never_negative(town: GeneratedHomes) -> None:
    assert town.households.energies_wh.dtype == np.int64
    assert town.households.energies_wh.min() == 0
    assert town.households.names[0] == "home_001_wh"


def test_too_short_a_past_or_an_empty_town_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 92 days: got 91"):
        generate_homes(1, begins_on=AUTUMN_ON, days=91, rng=dice(1))
    with pytest.raises(ValueError, match="at least one home: got 0"):
        generate_homes(0, begins_on=AUTUMN_ON, days=92, rng=dice(1))
