"""What a clock of the year 2000 has stamped is held apart, reported, and accepted only as a person says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotFlag, SlotRank
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations import held_apart, history, keeper
from kilovatt.office.operations.held_apart import HeldApartError
from kilovatt.office.operations.ingest import accept
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import (
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
    held_apart.discard(meter, held, by=operator, now=NOW)
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
    assert held_apart.release(meter, held, move_by_s=MOVE_S, by=operator, now=NOW) == 3
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
    assert held_apart.release(meter, held, move_by_s=MOVE_S, by=operator, now=NOW) == 0
    settled = HeldApart.objects.values_list("state", "moved_by_s", "settled_by", "settled_at").distinct()
    assert list(settled) == [("released", MOVE_S, operator.pk, NOW)]


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
        held_apart.release(meter, held, move_by_s=move_by_s, by=operator, now=NOW)
    assert len(held_apart.held_apart([meter.pk])) == 3
    assert IntakeRegister.objects.count() == 1


def test_only_an_operator_of_the_organisation_decides(meter: Meter, held: list[int]) -> None:
    stranger = User.objects.create(username="stranger")
    with pytest.raises(HeldApartError, match="Only an operator"):
        held_apart.discard(meter, held, by=stranger, now=NOW)
    with pytest.raises(HeldApartError, match="Only an operator"):
        held_apart.release(meter, held, move_by_s=0, by=stranger, now=NOW)
