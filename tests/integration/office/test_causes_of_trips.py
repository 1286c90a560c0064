"""Every trip of a breaker is told with its cause, in the same words whoever made the meter."""

from datetime import UTC, datetime

import pytest
from django.utils import translation

from kilovatt.measure.metering.events import EventKind, MeterEvent, RelayCause
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.standing.meter_file import newest_events
from kilovatt.office.pages.words import cause_name, event_sentence
from kilovatt.office.records.models import Event, Meter
from on_record import MOSCOW, NOW, report_of

AT = datetime(2026, 11, 22, 14, 25, tzinfo=UTC)


def told(meter: Meter, *, detail: str, code: str = "", kind: EventKind = EventKind.RELAY_OPENED) -> str:
    event = MeterEvent(kind=kind, began_at=AT, ended_at=None, detail=detail, exchange=3, code=code)
    accept(report_of(meter, Learnt(events=(event,))), now=NOW)
    with translation.override("en"):
        (line,) = newest_events([meter.pk], limit=9)
        return event_sentence(line.noticed, MOSCOW).replace("\u00a0", " ").split(" 22 ")[0]


def test_a_trip_of_a_mercury_is_told_with_its_cause_and_is_over_at_once(meter: Meter) -> None:
    assert told(meter, detail="cause=overcurrent") == "Relay opened: maximum current"


def test_a_trip_of_a_spodes_meter_is_told_in_the_words_of_its_code(meter: Meter) -> None:
    assert told(meter, detail="cause=unbalance", code="spodes:switching:14") == "Relay opened: unbalance of currents"


def test_a_cause_that_nobody_knows_is_left_out(meter: Meter) -> None:
    assert told(meter, detail="cause=dragons") == "Relay opened"


@pytest.mark.parametrize("cause", list(RelayCause))
def test_every_cause_has_words(cause: RelayCause) -> None:
    with translation.override("en"):
        assert cause_name(cause)


def test_load_behind_an_open_relay_is_an_event_until_it_is_seen_no_more(meter: Meter) -> None:
    for name, power_w in (("first", 800), ("second", 900), ("third", 0)):
        flow = InstantValues(taken_at=NOW, power_w=power_w, relay_closed=False, exchange=5)
        accept(report_of(meter, Learnt(instant=flow), name=name), now=NOW)
    event = Event.objects.get()
    assert (event.kind, event.detail) == (EventKind.LOAD_WITH_RELAY_OPEN, "power_w=800")
    assert event.ended_at == NOW
