"""The voltages of some days, for a picture: phase by phase, with limits, empty days and what journals tell."""

from datetime import UTC, date, datetime, timedelta

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.operations.standing.voltages import VoltagePicture, voltages
from kilovatt.office.records.models import Meter
from on_record import MOSCOW, NOW, report_of

TODAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC)


def heard(meter: Meter, at: datetime, *voltages_mv: int) -> None:
    instant = InstantValues(taken_at=at, power_w=1, voltages_mv=voltages_mv, exchange=30)
    accept(report_of(meter, Learnt(instant=instant), name=str(at), at=at), now=at)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def picture(meter: Meter, days: int = 1) -> VoltagePicture:
    first_on = TODAY - timedelta(days=days - 1)
    return voltages(meter.pk, first_on=first_on, until_on=TODAY + timedelta(days=1), zone=MOSCOW, now=NOW)


def test_each_phase_has_its_points_its_extremes_and_how_often_it_was_off(meter: Meter) -> None:
    heard(meter, ago(120), 231_000, 206_900, 207_000)
    keeper.carry_to_the_lake(now=NOW)
    heard(meter, ago(90), 253_000, 253_100, 230_000)
    heard(meter, ago(60))
    shown = picture(meter)
    assert (shown.standard.lowest_mv, shown.standard.highest_mv) == (207_000, 253_000)
    assert [(one.phase, one.lowest.voltage_mv, one.highest.voltage_mv, one.off) for one in shown.phases] == [
        (1, 231_000, 253_000, 0),
        (2, 206_900, 253_100, 2),
        (3, 207_000, 230_000, 0),
    ]
    assert [point.taken_at for point in shown.phases[0].points] == [ago(120), ago(90)]
    assert shown.phases[0].points[0].frame.exchange == 30
    assert shown.gap_after == timedelta(minutes=45)
    assert (shown.since, shown.until) == (MIDNIGHT, NOW)


def test_days_are_those_where_the_meter_stands_and_one_without_samples_is_empty(meter: Meter) -> None:
    heard(meter, MIDNIGHT - timedelta(minutes=1), 225_000)
    heard(meter, MIDNIGHT, 231_000)
    shown = picture(meter, days=3)
    assert [(day.on.day, [phase.lowest.voltage_mv for phase in day.phases]) for day in shown.days] == [
        (22, []),
        (23, [225_000]),
        (24, [231_000]),
    ]


def test_of_days_to_come_nothing_is_said(meter: Meter) -> None:
    last_on = TODAY + timedelta(days=3)
    shown = voltages(meter.pk, first_on=TODAY, until_on=last_on, zone=MOSCOW, now=NOW)
    assert [day.on for day in shown.days] == [TODAY]


def test_the_limits_are_those_in_force_then(meter: Meter) -> None:
    on = date(2015, 9, 30)
    shown = voltages(meter.pk, first_on=on, until_on=on + timedelta(days=1), zone=MOSCOW, now=NOW)
    assert (shown.standard.lowest_mv, shown.phases, shown.gap_after) == (198_000, (), timedelta(0))


def test_what_journals_tell_of_the_supply_is_there_as_far_as_it_reaches_into_the_days(meter: Meter) -> None:
    def told(kind: EventKind, began_at: datetime, ended_at: datetime | None, code: str = "") -> MeterEvent:
        return MeterEvent(kind=kind, began_at=began_at, ended_at=ended_at, detail="", exchange=20, code=code)

    hour = timedelta(hours=1)
    before = MIDNIGHT - 2 * hour
    events = (
        told(EventKind.POWER_OFF, before, MIDNIGHT - hour),
        told(EventKind.POWER_OFF, before + timedelta(minutes=1), MIDNIGHT + hour),
        told(EventKind.VOLTAGE_OUT_OF_LIMITS, MIDNIGHT + hour, None, "spodes:voltage:13"),
        told(EventKind.PHASE_LOST, before, None, "spodes:voltage:2"),
        told(EventKind.CASE_OPENED, MIDNIGHT + hour, None),
        told(EventKind.POWER_OFF, NOW + hour, None),
    )
    accept(report_of(meter, Learnt(events=events)), now=NOW)
    disturbances = picture(meter).disturbances
    assert [(one.event.kind, one.event.began_at, one.is_moment) for one in disturbances] == [
        (EventKind.POWER_OFF, before + timedelta(minutes=1), False),
        (EventKind.VOLTAGE_OUT_OF_LIMITS, MIDNIGHT + hour, False),
    ]
