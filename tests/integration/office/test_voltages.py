"""The voltages of the last days, for a picture."""

from datetime import timedelta

from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations import keeper
from kilovatt.office.operations.ingest import accept
from kilovatt.office.operations.voltages import voltages
from kilovatt.office.records.models import Meter
from on_record import NOW, report_of


def heard(meter: Meter, minutes_ago: int, *voltages_mv: int) -> None:
    at = NOW - timedelta(minutes=minutes_ago)
    instant = InstantValues(taken_at=at, power_w=1, voltages_mv=voltages_mv, exchange=30)
    accept(report_of(meter, Learnt(instant=instant), name=str(minutes_ago), at=at), now=at)


def test_each_phase_has_its_points_its_extremes_and_how_often_it_was_off(meter: Meter) -> None:
    heard(meter, 120, 231_000, 206_900, 207_000)
    keeper.carry_to_the_lake(now=NOW)
    heard(meter, 90, 253_000, 253_100, 230_000)
    heard(meter, 60)
    picture = voltages(meter.pk, now=NOW)
    assert (picture.limit_low_mv, picture.limit_high_mv) == (207_000, 253_000)
    assert [(one.phase, one.lowest.voltage_mv, one.highest.voltage_mv, one.off) for one in picture.phases] == [
        (1, 231_000, 253_000, 0),
        (2, 206_900, 253_100, 2),
        (3, 207_000, 230_000, 0),
    ]
    assert [point.taken_at for point in picture.phases[0].points] == [
        NOW - timedelta(minutes=120),
        NOW - timedelta(minutes=90),
    ]
    assert picture.phases[0].points[0].frame.exchange == 30
    assert picture.gap_after == timedelta(minutes=45)


def test_what_is_older_than_the_picture_is_not_in_it_and_limits_are_of_the_agreed_voltage(meter: Meter) -> None:
    heard(meter, 3 * 24 * 60 + 1, 231_000)
    assert voltages(meter.pk, now=NOW).phases == ()
    picture = voltages(meter.pk, now=NOW, days=4, nominal_mv=220_000)
    assert (picture.limit_low_mv, picture.limit_high_mv, picture.gap_after) == (198_000, 242_000, timedelta(0))
    assert len(picture.phases) == 1


def test_a_meter_that_told_no_voltage_has_no_picture(meter: Meter) -> None:
    heard(meter, 1)
    assert voltages(meter.pk, now=NOW).phases == ()
