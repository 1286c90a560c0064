"""Events that only their code tells apart: none is lost on its way from a meter's journal to a page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.utils import translation

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.standing.meter_file import newest_events
from kilovatt.office.pages.words import event_sentence
from kilovatt.office.records.models import Event, Meter
from on_record import MOSCOW, NOW, report_of

AT = datetime(2026, 11, 22, 14, 25, tzinfo=UTC)
PASSWORD_CHANGED = MeterEvent(
    kind=EventKind.REPROGRAMMED, began_at=AT, ended_at=None, detail="", exchange=3, code="spodes:programming:13"
)
LIMIT_CHANGED = replace(PASSWORD_CHANGED, code="spodes:programming:19")


def told(meter: Meter, *events: MeterEvent) -> list[str]:
    accept(report_of(meter, Learnt(events=events)), now=NOW)
    with translation.override("en"):
        return sorted(event_sentence(line.noticed, MOSCOW) for line in newest_events([meter.pk], limit=9))


def test_two_events_of_one_kind_and_instant_are_both_kept_and_told_by_their_codes(meter: Meter) -> None:
    said = told(meter, PASSWORD_CHANGED, LIMIT_CHANGED, PASSWORD_CHANGED)
    assert Event.objects.count() == 2
    assert [sentence.replace("\u00a0", " ").split(" 22 ")[0] for sentence in said] == [
        "Password for reading changed",
        "Power limit for disconnection changed",
    ]
    assert not any("not over" in sentence for sentence in said)


def test_what_has_an_end_and_has_not_ended_goes_on(meter: Meter) -> None:
    lost = replace(PASSWORD_CHANGED, kind=EventKind.PHASE_LOST, code="spodes:voltage:3")
    (still,) = told(meter, lost)
    assert still.startswith("Phase B: voltage lost since")
    accept(report_of(meter, Learnt(events=(replace(lost, ended_at=AT + timedelta(hours=1)),)), name="second"), now=NOW)
    assert Event.objects.get().ended_at == AT + timedelta(hours=1)


def test_a_code_of_no_table_is_told_by_its_kind(meter: Meter) -> None:
    (said,) = told(meter, replace(PASSWORD_CHANGED, kind=EventKind.OTHER, code="spodes:voltage:99"))
    assert said.startswith("Another event")
