"""The journals of a Mercury V1: how records become events, and how far back they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import EventKind, MeterEvent, RelayCause
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, ReadingTask
from kilovatt.wire.drivers.mercury_v1.driver import MercuryV1Driver
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.answers import Parametrisation, RingRecord
from kilovatt.wire.protocols.mercury_v1.rings import (
    ReadCaseRing,
    ReadParametrisationRing,
    ReadRelayRing,
    ReadSupplyRing,
    RingRequest,
)

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 24, 9, tzinfo=UTC)
M206 = model_by_key("mercury-206-prlsno")
EMPTY = RingRecord(code=0, at=None)

Rings = Mapping[type[RingRequest[Any]], Sequence[RingRecord | Parametrisation]]


def record(code: int, hours_ago: int) -> RingRecord:
    return RingRecord(code=code, at=WallTime.of(NOON - timedelta(hours=hours_ago), MOSCOW))


def settings(*, on: date | None, low: int = 0) -> Parametrisation:
    return Parametrisation(0, 0, low, on)


def events(
    rings: Rings, *, since: datetime | None = None, model: MeterModel = M206
) -> tuple[tuple[MeterEvent, ...], list[RingRequest[Any]]]:
    """The events that rings of these records (the newest first) tell, and what was asked for them."""
    meter = MeterAddress(model=model, address=411_486, zone=MOSCOW)
    task = ReadingTask(identity=False, clock=False, registers_now=False, events=True, events_since=since)
    total, asked = Learnt(), list[RingRequest[Any]]()
    for part in MercuryV1Driver().parts(meter, task):
        answer: Answer[Any] | None = None
        try:
            while True:
                request: Any = part.conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                asked.append(request)
                empty = settings(on=None) if isinstance(request, ReadParametrisationRing) else EMPTY
                records = rings.get(type(request), ())
                said = records[request.place] if request.place < len(records) else empty
                answer = Answer(said, len(asked), NOON)
        except StopIteration as stop:
            total += stop.value
    return total.events, asked


def test_a_failure_of_the_supply_lasts_until_it_came_back() -> None:
    found, _ = events({ReadSupplyRing: [record(0, 3), record(1, 5)]})
    assert found == (
        MeterEvent(
            kind=EventKind.POWER_OFF,
            began_at=NOON - timedelta(hours=5),
            ended_at=NOON - timedelta(hours=3),
            detail="",
            exchange=2,
        ),
    )


def test_a_case_that_is_still_open_has_no_end() -> None:
    found, _ = events({ReadCaseRing: [record(0, 1), record(1, 2), record(0, 4)]})
    assert [(event.kind, event.began_at, event.ended_at) for event in found] == [
        (EventKind.CASE_OPENED, NOON - timedelta(hours=4), NOON - timedelta(hours=2)),
        (EventKind.CASE_OPENED, NOON - timedelta(hours=1), None),
    ]


def test_an_opening_without_its_closing_is_told_all_the_same() -> None:
    found, _ = events({ReadCaseRing: [record(1, 1), record(0, 2), record(0, 4)]})
    assert [(event.began_at, event.ended_at) for event in found] == [
        (NOON - timedelta(hours=4), None),
        (NOON - timedelta(hours=2), NOON - timedelta(hours=1)),
    ]


def test_a_closing_whose_opening_is_forgotten_and_a_code_of_no_known_meaning_are_no_events() -> None:
    found, _ = events({ReadCaseRing: [record(2, 1), record(1, 2)]})
    assert found == ()


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        (0, EventKind.RELAY_OPENED, RelayCause.POWER_LIMIT),
        (1, EventKind.RELAY_OPENED, RelayCause.ENERGY_LIMIT),
        (2, EventKind.RELAY_OPENED, RelayCause.OVERCURRENT),
        (3, EventKind.RELAY_OPENED, RelayCause.COMMAND),
        (4, EventKind.RELAY_CLOSED, RelayCause.BY_HAND),
        (5, EventKind.RELAY_CLOSED, RelayCause.COMMAND),
        (6, EventKind.RELAY_CLOSED, RelayCause.AUTOMATIC),
    ],
)
def test_a_relay_says_why_it_switched(code: int, kind: EventKind, cause: RelayCause) -> None:
    found, _ = events({ReadRelayRing: [record(code, 1)]})
    assert [(event.kind, event.detail) for event in found] == [(kind, f"cause={cause}")]


def test_a_relay_record_of_no_known_meaning_is_no_event() -> None:
    found, _ = events({ReadRelayRing: [record(9, 1), record(5, 2)]})
    assert [event.kind for event in found] == [EventKind.RELAY_CLOSED]


def test_settings_that_were_written_stand_at_the_midnight_of_their_day() -> None:
    written = Parametrisation(0x0002, 0x02, 0x0004, date(2026, 11, 20))
    found, _ = events({ReadParametrisationRing: [written]})
    assert found == (
        MeterEvent(
            kind=EventKind.REPROGRAMMED,
            began_at=datetime(2026, 11, 19, 21, tzinfo=UTC),
            ended_at=None,
            detail="commands=02,11,71",
            exchange=3,
        ),
    )


def test_a_ring_is_walked_to_its_first_empty_place() -> None:
    _, asked = events({ReadSupplyRing: [record(0, 3), record(1, 5)]})
    assert [request.place for request in asked if isinstance(request, ReadSupplyRing)] == [0, 1, 2]
    assert [request.place for request in asked if isinstance(request, ReadRelayRing)] == [0]


def test_a_ring_is_walked_no_further_than_the_first_record_that_is_older_than_wanted() -> None:
    supply = [record(code, hours) for hours, code in enumerate((0, 1) * 20)]
    settings_kept = [settings(on=date(2026, 11, day), low=4) for day in (24, 24, 23, 22, 21, 20)]
    rings: Rings = {ReadSupplyRing: supply, ReadParametrisationRing: settings_kept}
    _, asked = events(rings, since=NOON - timedelta(hours=3, minutes=30))
    assert [request.place for request in asked if isinstance(request, ReadSupplyRing)] == [0, 1, 2, 3, 4]
    # Records without an hour may be of any: only those of a day that was over before are older for certain.
    assert [request.place for request in asked if isinstance(request, ReadParametrisationRing)] == [0, 1, 2]


def test_a_full_ring_has_sixty_four_places() -> None:
    rings: Rings = {
        ReadSupplyRing: [record(code, hours) for hours, code in enumerate((0, 1) * 40)],
        ReadParametrisationRing: [settings(on=date(2026, 11, 20), low=4)] * 80,
    }
    found, asked = events(rings)
    assert len([request for request in asked if isinstance(request, ReadSupplyRing)]) == 64
    assert len([request for request in asked if isinstance(request, ReadParametrisationRing)]) == 64
    assert len([event for event in found if event.kind is EventKind.POWER_OFF]) == 32


def test_a_200_without_a_relay_is_not_asked_for_its_relay() -> None:
    _, asked = events({}, model=model_by_key("mercury-200-04"))
    assert {type(request) for request in asked} == {ReadSupplyRing, ReadCaseRing, ReadParametrisationRing}


def test_a_model_without_journals_is_asked_for_none() -> None:
    _, asked = events({}, model=replace(M206, journals=frozenset()))
    assert asked == []
