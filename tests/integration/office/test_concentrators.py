"""What a concentrator tells of the meters behind it, on record."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kilovatt.measure.metering.concentrators import ConcentratorState, EventBehind, ExchangeStatus, Hearing, MeterBehind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.concentrators import listed_meters
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_places
from kilovatt.office.records.models import Event, IntakeFrame, ListedMeter, Meter
from on_record import NOW, place, put_association_on_record, report_of

pytestmark = pytest.mark.django_db

HEARD_AT = datetime(2026, 11, 24, 7, tzinfo=UTC)
TRIED_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
KNOWN = MeterBehind(
    name="INC41000001", model="Меркурий 234", addresses=(17,), has_status=True, last_heard_at=HEARD_AT,
    last_tried_at=TRIED_AT, last_exchange=ExchangeStatus.NO_RESPONSE, attempts=3,
)  # fmt: skip
UNKNOWN = MeterBehind(name="NRT70000009", model="НАРТИС", addresses=(18,), channels=("PLC", "RF"))
COVER = EventBehind(
    meter=KNOWN.name, kind=EventKind.TERMINAL_COVER_OPENED, code="2.1", at=HEARD_AT, told_at=TRIED_AT, exchange=6
)
STATE = ConcentratorState(meters=(KNOWN, UNKNOWN), events=(COVER,), exchanges=frozenset({1, 2, 6}))


@pytest.fixture
def concentrator() -> Meter:
    organisation = put_association_on_record()
    uspd = place(3, model_key="spodus-uspd", serial="24000001", meter_address=100, meter_password=None)
    register_places(organisation, [uspd])
    return Meter.objects.get(model_key="spodus-uspd")


def told(concentrator: Meter, state: ConcentratorState, name: str) -> None:
    assert accept(report_of(concentrator, Learnt(concentrator=state), name=name), now=NOW)


def test_its_list_is_kept_and_who_is_on_record_is_known_by_his_serial_number(concentrator: Meter) -> None:
    told(concentrator, STATE, "first")
    known, unknown = listed_meters(concentrator.pk)
    assert known.known == Meter.objects.get(serial="41000001")
    assert (known.address, known.hearing, known.last_heard_at) == (17, Hearing.NOT_NOW, HEARD_AT)
    assert (known.last_exchange, known.attempts) == (ExchangeStatus.NO_RESPONSE, 3)
    assert (unknown.known, unknown.hearing, unknown.channels) == (None, Hearing.NOT_TOLD, "PLC, RF")


def test_the_list_is_what_was_told_last(concentrator: Meter) -> None:
    told(concentrator, STATE, "first")
    heard_again = replace(KNOWN, last_heard_at=TRIED_AT)
    told(concentrator, replace(STATE, meters=(heard_again,)), "second")
    (row,) = ListedMeter.objects.all()
    assert (row.name, row.hearing) == (KNOWN.name, Hearing.HEARD)


def test_what_a_meter_told_it_is_the_meters_event_once_with_its_frame(concentrator: Meter) -> None:
    told(concentrator, STATE, "first")
    told(concentrator, STATE, "second")
    (event,) = Event.objects.all()
    assert event.meter == Meter.objects.get(serial="41000001")
    assert (event.kind, event.code, event.began_at) == (EventKind.TERMINAL_COVER_OPENED, "2.1", HEARD_AT)
    assert IntakeFrame.objects.get().exchange == event.exchange == 6


def test_events_of_meters_that_are_not_on_record_are_left_with_it(concentrator: Meter) -> None:
    told(concentrator, replace(STATE, events=(replace(COVER, meter=UNKNOWN.name),)), "first")
    assert not Event.objects.exists()
    assert not IntakeFrame.objects.exists()


def test_a_list_of_nonsense_is_kept_as_far_as_it_can_be(concentrator: Meter) -> None:
    nonsense = MeterBehind(name="\0?" * 100, model="x" * 500, addresses=(2**40,), channels=("y" * 300,))
    told(concentrator, replace(STATE, meters=(nonsense,), events=()), "first")
    (row,) = listed_meters(concentrator.pk)
    assert (len(row.name), len(row.model_name), len(row.channels), row.known) == (64, 120, 200, None)
