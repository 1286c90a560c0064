"""What a clock of the year 2000 has stamped is held apart, reported, and accepted only as a person says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotFlag, SlotRank
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice
from kilovatt.office.operations.billing.billing import bill_last_month
from kilovatt.office.operations.billing.tariff_plans import publish_plan
from kilovatt.office.operations.clocks import held_apart
from kilovatt.office.operations.clocks.held_apart import HeldApartError
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import history, keeper
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import (
    Bill,
    Event,
    HeldApart,
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    LatestRegister,
    Meter,
    Organisation,
    ProfileGap,
    User,
)
from on_record import NOW, clock, cover_opened, meter_day, register, report_of

ON_2000 = date(2000, 1, 3)
BEHIND = timedelta(days=9_818)
"""The day that a clock of the year 2000 takes for 3 January is 20 November 2026."""
MOVE_S = round(BEHIND.total_seconds())
WHY = "its battery was empty"
STAMPED = Learnt(
    clock=clock(ahead=-BEHIND),
    registers=(register(5_000, on=ON_2000, exchange=4), register(8_000, at=NOW)),
    meter_days=(meter_day(ON_2000, range(48)),),
    events=(cover_opened(datetime(2000, 1, 3, 9, tzinfo=UTC), datetime(2000, 1, 3, 10, tzinfo=UTC)),),
)


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def held(meter: Meter) -> list[int]:
    accept(report_of(meter, STAMPED), now=NOW)
    return [value.held_id for value in held_apart.held_apart([meter.pk])]


def put_prices() -> None:
    prices = (ZonePrice(Zone.DAY, 8_980_000), ZonePrice(Zone.NIGHT, 3_710_000))
    version = PriceVersion(valid_from=date(2026, 1, 1), valid_until=None, prices=prices, source="a worked example")
    publish_plan(TariffPlan("two", ZoneScheme.TWO, (version,)), title_en="Two zones", title_ru="Две зоны")


def test_what_a_wrong_clock_stamped_is_kept_apart_with_its_frames(meter: Meter, held: list[int]) -> None:
    register_held, day_held, event_held = held_apart.held_apart([meter.pk])
    assert [(value.value, value.clock_ahead_s) for value in (register_held, day_held, event_held)] == [
        (STAMPED.registers[0], -MOVE_S),
        (STAMPED.meter_days[0], -MOVE_S),
        (STAMPED.events[0], -MOVE_S),
    ]
    assert [value.stamped_at.year for value in (register_held, day_held, event_held)] == [2000, 2000, 2000]
    assert sorted(IntakeFrame.objects.values_list("exchange", flat=True)) == [3, 4, 9, 20]
    for value in (register_held, day_held, event_held):
        assert value.frame is not None
        assert history.frame(value.frame.session_id, value.frame.exchange) is not None


def test_nothing_of_it_is_among_what_is_billed_or_shown(meter: Meter, held: list[int]) -> None:
    assert list(IntakeRegister.objects.values_list("value", flat=True)) == [8_000]
    assert LatestRegister.objects.get().taken_at == NOW
    assert not IntakeMeterDay.objects.exists()
    assert list(Event.objects.values_list("kind", flat=True)) == [EventKind.CLOCK_WRONG]


def test_the_same_again_is_held_apart_once(meter: Meter, held: list[int], operator: User) -> None:
    accept(report_of(meter, STAMPED, name="second"), now=NOW)
    assert len(held_apart.held_apart([meter.pk])) == 3
    held_apart.discard(meter, held, because=WHY, by=operator, now=NOW)
    accept(report_of(meter, STAMPED, name="third"), now=NOW)
    assert held_apart.held_apart([meter.pk]) == ()


def test_a_wrong_clock_is_told_once_an_episode_and_its_end_too(meter: Meter) -> None:
    def seen(name: str, hours: int, *, ahead: timedelta) -> None:
        at = NOW + timedelta(hours=hours)
        accept(report_of(meter, Learnt(clock=clock(ahead=ahead, at=at)), name=name, at=at), now=at)

    seen("right", 0, ahead=timedelta(seconds=239))
    assert not Event.objects.exists()
    # More than a Mercury may be corrected by: the year need not be 2000 for people to be told.
    seen("wrong", 1, ahead=timedelta(seconds=241))
    seen("still", 2, ahead=-BEHIND)
    event = Event.objects.get()
    assert (event.kind, event.began_at, event.ended_at, event.detail) == (
        EventKind.CLOCK_WRONG,
        NOW + timedelta(hours=1),
        None,
        "ahead_s=241",
    )
    seen("right again", 3, ahead=timedelta(0))
    event.refresh_from_db()
    assert event.ended_at == NOW + timedelta(hours=3)
    seen("wrong again", 4, ahead=-BEHIND)
    assert Event.objects.filter(kind=EventKind.CLOCK_WRONG).count() == 2


@pytest.mark.parametrize("stamped", [STAMPED, Learnt(clock=STAMPED.clock)], ids=["other days told", "nothing told"])
def test_a_meter_with_a_wrong_clock_does_not_lack_the_days_it_does_not_tell(meter: Meter, stamped: Learnt) -> None:
    on = date(2026, 11, 20)
    ProfileGap.objects.create(meter=meter, day_on=on, noticed_at=NOW)
    told = report_of(meter, stamped)
    fields = {name: getattr(told, name) for name in type(told).__slots__}
    accept(type(told)(**(fields | {"asked_days": (on,)})), now=NOW)
    assert ProfileGap.objects.get().answers == 0


def test_released_with_the_correction_that_is_stated_it_is_accepted_as_edited(
    meter: Meter, held: list[int], operator: User
) -> None:
    on = date(2026, 11, 20)
    ProfileGap.objects.create(meter=meter, day_on=on, noticed_at=NOW)
    assert held_apart.release(meter, held, move_by_s=MOVE_S, because=WHY, by=operator, now=NOW) == 3
    released = IntakeRegister.objects.get(value=5_000)
    assert (released.source, released.moment, released.taken_at) == (
        "edited",
        "day_start",
        datetime(2026, 11, 19, 21, tzinfo=UTC),
    )
    keeper.carry_to_the_lake(now=NOW)
    (stored,) = history.meter_days([meter.pk], on, on + timedelta(days=1))[meter.pk]
    assert stored.day.a_plus == tuple(range(48))
    assert set(stored.day.qualities) == {SlotRank.ACTUAL | SlotFlag.CLOCK_DOUBTFUL}
    assert not ProfileGap.objects.exists()
    opened = Event.objects.get(kind=EventKind.TERMINAL_COVER_OPENED)
    assert opened.began_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert held_apart.held_apart([meter.pk]) == ()
    assert held_apart.release(meter, held, move_by_s=MOVE_S, because=WHY, by=operator, now=NOW) == 0
    settled = HeldApart.objects.values_list("state", "moved_by_s", "settled_by", "settled_at", "because")
    assert list(settled.distinct()) == [("released", MOVE_S, operator.pk, NOW, WHY)]


@pytest.mark.parametrize(
    ("move_by_s", "words"),
    [
        (MOVE_S + 5 * 86_400, "in the future"),
        (MOVE_S + 60, "whole intervals"),
        (10**12, "No calendar"),
        (10**18, "No calendar"),
    ],
)
def test_a_correction_that_cannot_be_releases_nothing(
    meter: Meter, held: list[int], operator: User, move_by_s: int, words: str
) -> None:
    with pytest.raises(HeldApartError, match=words):
        held_apart.release(meter, held, move_by_s=move_by_s, because=WHY, by=operator, now=NOW)
    assert len(held_apart.held_apart([meter.pk])) == 3
    assert IntakeRegister.objects.count() == 1


def test_only_an_operator_of_the_organisation_decides(meter: Meter, held: list[int]) -> None:
    stranger = User.objects.create(username="stranger")
    with pytest.raises(HeldApartError, match="Only an operator"):
        held_apart.discard(meter, held, because=WHY, by=stranger, now=NOW)
    with pytest.raises(HeldApartError, match="Only an operator"):
        held_apart.release(meter, held, move_by_s=0, because=WHY, by=stranger, now=NOW)


def test_a_decision_without_a_reason_is_none(meter: Meter, held: list[int], operator: User) -> None:
    with pytest.raises(HeldApartError, match="Say why"):
        held_apart.discard(meter, held, because=" ", by=operator, now=NOW)
    with pytest.raises(HeldApartError, match="Say why"):
        held_apart.release(meter, held, move_by_s=None, because="", by=operator, now=NOW)
    assert len(held_apart.held_apart([meter.pk])) == 3


def test_what_is_discarded_stays_on_record_with_its_reason(meter: Meter, held: list[int], operator: User) -> None:
    assert held_apart.discard(meter, held[:1], because=f" {WHY} ", by=operator, now=NOW) == 1
    row = HeldApart.objects.get(state="discarded")
    assert (row.because, row.settled_by, row.settled_at, row.moved_by_s) == (WHY, operator, NOW, None)
    assert held_apart.held_counts([meter.pk, -1]) == {meter.pk: 2}


def test_accepted_as_it_is_stamped_nothing_is_moved(meter: Meter, operator: User) -> None:
    """A clock that went wrong yesterday had stamped rightly before."""
    on = date(2026, 11, 20)
    accept(report_of(meter, Learnt(clock=STAMPED.clock, meter_days=(meter_day(on, range(48)),))), now=NOW)
    (value,) = held_apart.held_apart([meter.pk])
    assert held_apart.release(meter, [value.held_id], move_by_s=0, because=WHY, by=operator, now=NOW) == 1
    (stored,) = history.meter_days([meter.pk], on, on + timedelta(days=1))[meter.pk]
    assert stored.day.starts_at == value.stamped_at


OFF = BEHIND + timedelta(minutes=20, seconds=7)
"""Slots cannot be moved by it: the nearest are, and not into the future."""
NEAREST_S = MOVE_S + 1800


def test_moved_by_what_its_clock_was_off_slots_stay_on_slots(meter: Meter, operator: User) -> None:
    learnt = Learnt(
        clock=clock(ahead=-OFF),
        registers=(register(5_000, on=ON_2000),),
        meter_days=(
            meter_day(ON_2000, range(48)),
            # The last slot of what it tells of today: moved up to the nearest it would not have ended yet.
            meter_day(date(2000, 1, 7), [1] * 24 + [None] * 24),
        ),
    )
    accept(report_of(meter, learnt), now=NOW)
    held = held_apart.held_apart([meter.pk])
    assert [value.correction_s for value in held] == [MOVE_S + 1207, NEAREST_S, MOVE_S]
    ids = [value.held_id for value in held]
    assert held_apart.release(meter, ids, move_by_s=None, because=WHY, by=operator, now=NOW) == 3
    moved = HeldApart.objects.order_by("pk").values_list("moved_by_s", flat=True)
    assert list(moved) == [MOVE_S + 1207, NEAREST_S, MOVE_S]
    (first, second, *_) = history.meter_days([meter.pk], date(2026, 11, 20), date(2026, 11, 25))[meter.pk]
    assert (first.day.a_plus[1], second.day.day_on) == (0, date(2026, 11, 21))


def test_a_bill_is_made_of_what_was_released(association: Organisation, operator: User) -> None:
    """Only the starts of October and November that a wrong clock has stamped make the bill of October."""
    meter = Meter.objects.get(serial="41000001")
    put_prices()
    begins = {1: date(1999, 11, 14), 2: date(1999, 12, 15)}
    assert [on + BEHIND for on in begins.values()] == [date(2026, 10, 1), date(2026, 11, 1)]
    registers = tuple(
        register(number * 100_000 + tariff, tariff=tariff, on=on, exchange=number * 2 + tariff)
        for number, on in begins.items()
        for tariff in (1, 2)
    )
    accept(report_of(meter, Learnt(clock=clock(ahead=-BEHIND), registers=registers)), now=NOW)
    bill_last_month(now=NOW)
    assert not Bill.objects.exists()
    ids = [value.held_id for value in held_apart.held_apart([meter.pk])]
    held_apart.release(meter, ids, move_by_s=None, because=WHY, by=operator, now=NOW)
    bill_last_month(now=NOW)
    assert Bill.objects.get().account.point.installations.get().meter == meter


def test_of_two_operators_the_first_decides(meter: Meter, held: list[int], operator: User) -> None:
    assert held_apart.discard(meter, held[:1], because=WHY, by=operator, now=NOW) == 1
    assert held_apart.release(meter, held, move_by_s=None, because="no", by=operator, now=NOW) == 2
    assert held_apart.discard(meter, held, because="no", by=operator, now=NOW) == 0
    assert not IntakeRegister.objects.filter(value=5_000).exists()
