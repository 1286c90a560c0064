from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.catalogue.spodus import BEHIND, is_behind
from kilovatt.measure.metering.models import Language, Wiring
from kilovatt.wire.drivers.addresses import address_rule, factory_address
from kilovatt.wire.simulator.faults import UNREADABLE_FAULTS, FaultKind, other_passwords
from kilovatt.wire.simulator.plan import BuiltInHomes, TownPlan
from kilovatt.wire.simulator.planning import FAULTS_OF_A_TOWN, METERS_PER_LINE_MAX, FaultPlan, plan_town

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOMES = BuiltInHomes(count=300, days=100, seed=1)


def town(
    meters: int,
    *,
    faults: FaultPlan = FaultPlan.NONE,
    seed: int = 1,
    kinds: frozenset[FaultKind] = FAULTS_OF_A_TOWN,
) -> TownPlan:
    households = [f"home_{number:03d}_wh" for number in range(1, meters + 1)]
    return plan_town(households, now=NOW, homes=HOMES, seed=seed, faults=faults, kinds=kinds)


def faults_in(plan: TownPlan) -> Counter[FaultKind]:
    return Counter(kind for meter in plan.meters for kind in plan.faults_of(meter))


def test_household_number_i_feeds_meter_number_i() -> None:
    for faults in FaultPlan:
        plan = town(40, faults=faults)
        assert [meter.household for meter in plan.meters] == [f"home_{i:03d}_wh" for i in range(1, 41)]


def test_models_come_in_turn_and_each_meets_every_number_of_zones() -> None:
    plan = town(3 * len(MODELS))

    assert [meter.model.removesuffix(BEHIND) for meter in plan.meters] == [model.key for model in MODELS] * 3
    assert len({(meter.model, meter.zones) for meter in plan.meters}) == 3 * len(MODELS)


def test_only_what_is_wired_through_transformers_has_a_ratio() -> None:
    for meter in town(60).meters:
        transformer = model_by_key(meter.model).wiring is Wiring.TRANSFORMER
        assert meter.ratio in ({20, 40} if transformer else {1})


def test_lines_are_short_enough_and_of_one_language_and_addresses_are_unique_on_them() -> None:
    plan = town(300)

    for line in plan.lines:
        meters = [meter for meter in plan.meters if meter.line == line.name]
        assert 1 <= len(meters) <= METERS_PER_LINE_MAX
        assert len({model_by_key(meter.model).language for meter in meters}) == 1
        assert len({meter.address for meter in meters}) == len(meters)


def test_serial_numbers_are_unique_and_addresses_follow_from_them_as_at_the_factory() -> None:
    plan = town(300)

    assert len({meter.serial for meter in plan.meters}) == 300
    for meter in plan.meters:
        model = model_by_key(meter.model)
        if is_behind(model):
            assert meter.address == factory_address(model, meter.serial)
        else:
            v1 = model.language is Language.MERCURY_V1
            assert meter.address == (meter.serial if v1 else meter.serial % 1000)


def test_a_town_without_faults_has_none() -> None:
    plan = town(100)

    assert not faults_in(plan)
    assert all(meter.passwords == model_by_key(meter.model).factory_passwords for meter in plan.meters)


@given(meters=st.integers(12, 320), seed=st.integers(0, 10_000))
def test_with_some_faults_every_kind_occurs_and_two_thirds_of_the_meters_can_be_read(meters: int, seed: int) -> None:
    plan = town(meters, faults=FaultPlan.SOME, seed=seed)
    unreadable = [meter for meter in plan.meters if plan.faults_of(meter) & UNREADABLE_FAULTS]

    assert set(faults_in(plan)) == FAULTS_OF_A_TOWN
    assert 3 * len(unreadable) <= meters


@given(meters=st.integers(1, 11), seed=st.integers(0, 1_000))
def test_in_a_small_town_two_thirds_can_be_read_as_well(meters: int, seed: int) -> None:
    plan = town(meters, faults=FaultPlan.SOME, seed=seed)
    unreadable = [meter for meter in plan.meters if plan.faults_of(meter) & UNREADABLE_FAULTS]

    assert 3 * len(unreadable) <= meters or meters == 2


def test_a_wrong_clock_is_had_for_the_asking() -> None:
    plan = town(30, faults=FaultPlan.SOME, kinds=frozenset({FaultKind.CLOCK}))

    assert faults_in(plan) == {FaultKind.CLOCK: 1}


def test_a_meter_with_a_wrong_password_is_of_a_language_that_has_passwords() -> None:
    plan = town(300, faults=FaultPlan.SOME)
    wrong = [meter for meter in plan.meters if FaultKind.WRONG_PASSWORD in meter.faults]

    assert len(wrong) == 5
    for meter in wrong:
        assert model_by_key(meter.model).password is not None
        assert meter.passwords == other_passwords(model_by_key(meter.model))
        assert not set(meter.passwords.values()) & set(model_by_key(meter.model).factory_passwords.values())


def test_the_same_seed_plans_the_same_town() -> None:
    assert town(50, faults=FaultPlan.SOME) == town(50, faults=FaultPlan.SOME)
    assert town(50, faults=FaultPlan.SOME) != town(50, faults=FaultPlan.SOME, seed=2)


@pytest.mark.parametrize("faults", list(FaultPlan))
def test_a_plan_survives_a_file(faults: FaultPlan) -> None:
    plan = town(30, faults=faults)

    assert TownPlan.from_json(plan.to_json()) == plan
    assert "\n" not in plan.to_json()


def test_a_town_has_meters_behind_concentrators_and_those_have_lines_of_their_own() -> None:
    plan = town(300)
    concentrated = {line.name for line in plan.lines if line.concentrator is not None}
    serials = [line.concentrator.serial for line in plan.lines if line.concentrator is not None]

    assert concentrated
    assert len(set(serials)) == len(serials)
    assert {meter.line for meter in plan.meters if is_behind(model_by_key(meter.model))} == concentrated


def test_a_meter_that_its_concentrator_does_not_reach_is_had_for_the_asking() -> None:
    plan = town(3 * len(MODELS), faults=FaultPlan.SOME, kinds=frozenset({FaultKind.UNREACHED}))

    assert faults_in(plan) == {FaultKind.UNREACHED: 1}


def test_what_tcp_carries_up_to_the_meter_itself_or_to_its_concentrator_is_never_noisy() -> None:
    plan = town(300, faults=FaultPlan.SOME)
    models = {meter.serial: model_by_key(meter.model) for meter in plan.meters}
    over_tcp = {
        meter.line
        for meter in plan.meters
        if address_rule(models[meter.serial]).alone or is_behind(models[meter.serial])
    }
    noisy = {line.name for line in plan.lines if FaultKind.NOISE in line.faults.kinds}
    assert over_tcp
    assert noisy
    assert not over_tcp & noisy
