from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from kilovatt.measure.metering.catalogue import MODELS, UnknownModelError, model_by_key
from kilovatt.measure.metering.events import TAMPER_KINDS, EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay, SlotFlag, SlotRank, counted
from kilovatt.measure.metering.models import Evidence, Wiring
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt

AT = datetime(2026, 10, 1, tzinfo=UTC)
REGISTER = RegisterReading(
    quantity=Quantity.A_PLUS,
    tariff=0,
    value=0,
    moment=RegisterMoment.NOW,
    taken_at=AT,
    heard_at=AT,
    exchange=3,
)
DAY = MeterDay(
    day_on=date(2026, 10, 1),
    starts_at=AT,
    step_s=1800,
    uwh_per_count=500_000,
    a_plus=(1, 0),
    a_minus=None,
    r_plus=None,
    r_minus=None,
    qualities=(2, 0),
    exchanges=(7, -1),
    heard_at=AT,
)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"value": -1}, "cannot be negative: got -1 Wh"),
        ({"tariff": 9}, "a tariff is 0"),
        ({"taken_at": datetime(2026, 10, 1)}, "need a time zone"),
    ],
)
def test_a_register_that_cannot_be_is_refused(wrong: dict[str, int | datetime], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(REGISTER, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_a_meter_day_with_lists_of_different_length_is_refused() -> None:
    with pytest.raises(ValueError, match="r_plus has 1 slots, the day of 2026-10-01 has 2"):
        replace(DAY, r_plus=(1,))


def test_what_a_meter_says_about_a_slot_stands_above_its_rank() -> None:
    assert all(flag & RANK_MASK == 0 for flag in SlotFlag)
    assert all(rank & RANK_MASK == rank for rank in SlotRank)


def test_what_two_conversations_learnt_adds_up_and_the_later_single_value_stands() -> None:
    clock = ClockReading(taken_at=AT + timedelta(seconds=8), heard_at=AT, exchange=1)
    identity = Identity(serial="41906467", made_on=None, firmware=None, variant=None, exchange=0)
    instant = InstantValues(taken_at=AT, power_w=100, exchange=2)
    event = MeterEvent(kind=EventKind.CASE_OPENED, began_at=AT, ended_at=None, detail="", exchange=5)
    learnt = Learnt(identity=identity, clock=clock) + Learnt(
        identity=replace(identity, serial="1"), instant=instant, registers=(REGISTER,), meter_days=(DAY,)
    )
    learnt += Learnt(events=(event,))
    assert learnt.identity is not None
    assert learnt.identity.serial == "1"
    assert clock.deviation == timedelta(seconds=8)
    # The missing slot of the day came by no exchange.
    assert learnt.exchanges == {0, 1, 2, 3, 5, 7}
    assert not learnt.is_empty
    assert Learnt().is_empty


def test_the_catalogue_names_each_model_once_and_grades_it() -> None:
    keys = [model.key for model in MODELS]
    assert len(set(keys)) == len(keys)
    assert all(model.evidence in Evidence and all(model.evidence_notes) and model.evidence_note for model in MODELS)
    assert all(one.key == model_by_key(one.key).key for one, _ in pairwise(MODELS))


def test_a_meter_on_transformers_has_no_relay() -> None:
    assert not any(model.relay for model in MODELS if model.wiring is Wiring.TRANSFORMER)


def test_a_meter_with_a_profile_has_its_scale_and_depth() -> None:
    assert model_by_key("mercury-206-prlsno").has_profile
    assert not model_by_key("mercury-200-04").has_profile
    assert all(model.profile_depth_days > 0 for model in MODELS if model.has_profile)


def test_the_scale_of_a_profile_follows_from_the_meter_constant() -> None:
    # Mercury V2: an interval counts N / (2 × A) kWh. A = 1000 gives 0.5 Wh a count, A = 5000 gives 0.1 Wh.
    for model in MODELS:
        if model.impulses_per_kwh is not None:
            assert model.uwh_per_count == 10**9 // (2 * model.impulses_per_kwh)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownModelError, match="mercury-999"):
        model_by_key("mercury-999")


def test_an_opened_case_may_be_tampering_and_a_power_cut_is_not() -> None:
    assert EventKind.CASE_OPENED in TAMPER_KINDS
    assert EventKind.POWER_OFF not in TAMPER_KINDS


def test_counts_of_usual_size_are_there_once_and_others_are_kept() -> None:
    counts = counted([0, 700, 16_384, 2**31 - 1, -1])
    assert counts == (0, 700, 16_384, 2**31 - 1, -1)
    assert counted([700])[0] is counted(int(text) for text in ["700"])[0]
    assert counted([0] * 48) is counted([0] * 48)
