"""A session is accepted whole and once; what it brought is found again, in the intake and in the lake."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import history, keeper, sample_history
from kilovatt.office.records.models import (
    Batch,
    Event,
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    IntakeSample,
    LatestRegister,
    Meter,
    MeterStanding,
    Session,
)
from kilovatt.quantities.periods import local_midnight
from on_record import MOSCOW, NOW, clock, cover_opened, meter_day, register, report_of

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
HALF_HOURS = tuple(range(48))
EVERYTHING = Learnt(
    clock=clock(),
    identity=Identity(serial="41000001", made_on=date(2020, 6, 22), firmware="9.0.0", variant="b4e3", exchange=2),
    instant=InstantValues(taken_at=NOW, power_w=412, voltages_mv=(231_400,), relay_closed=True, exchange=30),
    registers=(register(5_000, on=OCTOBER, exchange=4), register(7_500, on=NOVEMBER, exchange=5), register(8_000)),
    meter_days=(meter_day(date(2026, 11, 20), HALF_HOURS),),
    events=(cover_opened(datetime(2026, 11, 22, 14, 25, tzinfo=UTC)),),
)


def stored_values(meter: Meter) -> list[int]:
    since, until = local_midnight(OCTOBER, MOSCOW), NOW
    return [stored.value for stored in history.registers([meter.pk], since=since, until=until)]


def stored_counts(meter: Meter, on: date = date(2026, 11, 20)) -> tuple[int, ...]:
    (stored,) = history.meter_days([meter.pk], on, on + timedelta(days=1))[meter.pk]
    return stored.day.a_plus


def test_all_that_a_session_brought_is_kept(meter: Meter) -> None:
    assert accept(report_of(meter, EVERYTHING), now=NOW)
    assert stored_values(meter) == [5_000, 7_500, 8_000]
    assert stored_counts(meter) == HALF_HOURS
    assert Event.objects.get().kind == "terminal_cover_opened"
    standing = MeterStanding.objects.get(meter=meter)
    assert (standing.last_outcome, standing.power_w, standing.clock_deviation_s) == ("ok", 412, 0)
    meter.refresh_from_db()
    assert (meter.firmware, meter.made_on, meter.variant) == ("9.0.0", date(2020, 6, 22), "b4e3")


def test_what_flowed_is_kept_each_time_and_found_wherever_it_lies(meter: Meter) -> None:
    three = InstantValues(
        taken_at=NOW,
        power_w=-2_300,
        voltages_mv=(231_400, 229_900, 0),
        currents_ma=(10_000, 0, 0),
        frequency_mhz=49_980,
        tariff=2,
        relay_closed=False,
        exchange=30,
    )
    only_power = InstantValues(taken_at=NOW + timedelta(minutes=30), power_w=5, exchange=31)
    for name, instant in (("first", three), ("second", only_power)):
        accept(report_of(meter, Learnt(instant=instant), name=name, at=instant.taken_at), now=NOW)

    def found(until: datetime = NOW + timedelta(hours=1)) -> list[InstantValues]:
        return [stored.values for stored in sample_history.samples([meter.pk], since=NOW, until=until)]

    assert found() == [three, only_power]
    keeper.carry_to_the_lake(now=NOW)
    assert not IntakeSample.objects.exists()
    assert found() == [three, only_power]
    assert found(NOW) == [three]
    accept(report_of(meter, Learnt(instant=three), name="again"), now=NOW)
    assert found() == [three, only_power]
    (first, _) = sample_history.samples([meter.pk], since=NOW, until=NOW + timedelta(hours=1))
    assert history.frame(first.session_id, 30) is not None


def test_only_frames_that_carried_an_accepted_value_are_kept(meter: Meter) -> None:
    accept(report_of(meter, EVERYTHING), now=NOW)
    assert sorted(IntakeFrame.objects.values_list("exchange", flat=True)) == [3, 4, 5, 9, 20, 30]


def test_the_same_session_again_changes_nothing(meter: Meter) -> None:
    report = report_of(meter, EVERYTHING)
    assert (accept(report, now=NOW), accept(report, now=NOW)) == (True, False)
    assert (Session.objects.count(), IntakeRegister.objects.count(), IntakeMeterDay.objects.count()) == (1, 3, 1)


def test_known_values_read_again_by_another_session_are_dropped_with_their_frames(meter: Meter) -> None:
    frozen = Learnt(registers=(register(5_000, on=OCTOBER),), meter_days=(meter_day(date(2026, 11, 20), HALF_HOURS),))
    accept(report_of(meter, frozen), now=NOW)
    accept(report_of(meter, frozen, name="second"), now=NOW)
    assert (IntakeRegister.objects.count(), IntakeMeterDay.objects.count(), IntakeFrame.objects.count()) == (1, 1, 2)


def test_known_values_are_dropped_also_when_they_are_in_the_lake_already(meter: Meter) -> None:
    accept(report_of(meter, EVERYTHING), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    later = NOW + timedelta(hours=1)
    again = Learnt(registers=EVERYTHING.registers[:2], meter_days=EVERYTHING.meter_days)
    accept(report_of(meter, again, name="second", at=later), now=later)
    assert (IntakeRegister.objects.count(), IntakeMeterDay.objects.count(), IntakeFrame.objects.count()) == (0, 0, 0)


def test_an_older_register_does_not_replace_the_latest(meter: Meter) -> None:
    accept(report_of(meter, Learnt(registers=(register(8_000),))), now=NOW)
    accept(report_of(meter, Learnt(registers=(register(5_000, on=OCTOBER),)), name="second"), now=NOW)
    assert LatestRegister.objects.get().value == 8_000


def test_a_newer_register_replaces_the_latest(meter: Meter) -> None:
    later = NOW + timedelta(minutes=30)
    accept(report_of(meter, Learnt(registers=(register(8_000),))), now=NOW)
    accept(report_of(meter, Learnt(registers=(register(8_100, at=later),)), name="second", at=later), now=later)
    assert LatestRegister.objects.get().value == 8_100


def test_an_event_read_again_is_the_same_event_and_learns_its_end(meter: Meter) -> None:
    began = datetime(2026, 11, 22, 14, 25, tzinfo=UTC)
    ended = began + timedelta(minutes=12)
    accept(report_of(meter, Learnt(events=(cover_opened(began),))), now=NOW)
    accept(report_of(meter, Learnt(events=(cover_opened(began, ended),)), name="second"), now=NOW)
    assert [event.ended_at for event in Event.objects.all()] == [ended]


def test_a_failed_session_is_remembered_and_begins_the_silence(meter: Meter) -> None:
    accept(report_of(meter, Learnt(), outcome=Outcome.SILENCE), now=NOW)
    later = NOW + timedelta(hours=1)
    accept(report_of(meter, Learnt(), name="second", at=later, outcome=Outcome.SILENCE), now=later)
    standing = MeterStanding.objects.get(meter=meter)
    assert (standing.last_outcome, standing.silent_since_at, standing.last_read_at) == ("silence", NOW, None)


def test_an_answer_ends_the_silence(meter: Meter) -> None:
    accept(report_of(meter, Learnt(), outcome=Outcome.NOISE), now=NOW)
    later = NOW + timedelta(hours=1)
    accept(report_of(meter, Learnt(registers=(register(1),)), name="second", at=later), now=later)
    assert MeterStanding.objects.get(meter=meter).silent_since_at is None


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=-9_000)])
def test_what_a_wrong_clock_stamped_is_not_believed_but_the_running_register_is(meter: Meter, ahead: timedelta) -> None:
    wrong = Learnt(clock=clock(ahead=ahead), registers=EVERYTHING.registers, meter_days=EVERYTHING.meter_days)
    accept(report_of(meter, wrong), now=NOW)
    assert list(IntakeRegister.objects.values_list("value", "taken_at")) == [(8_000, NOW)]
    assert IntakeMeterDay.objects.count() == 0
    assert MeterStanding.objects.get(meter=meter).clock_deviation_s == round(ahead.total_seconds())
    assert Session.objects.get().detail == "held apart: 3 values stamped by a clock more than an hour off"


def test_what_went_to_the_lake_is_read_from_there(meter: Meter) -> None:
    accept(report_of(meter, EVERYTHING), now=NOW)
    batch = keeper.carry_to_the_lake(now=NOW)
    assert batch is not None
    assert (IntakeRegister.objects.count(), IntakeMeterDay.objects.count(), IntakeFrame.objects.count()) == (0, 0, 0)
    assert stored_values(meter) == [5_000, 7_500, 8_000]
    assert stored_counts(meter) == HALF_HOURS
    session = Session.objects.get()
    frame = history.frame(session.pk, 4)
    assert frame is not None
    assert (frame.request, frame.answer, frame.language) == (bytes([1, 5, 4]), bytes([1, 4]), "mercury-v2")


def test_a_frame_that_was_not_kept_is_none(meter: Meter) -> None:
    accept(report_of(meter, EVERYTHING), now=NOW)
    session = Session.objects.get()
    assert history.frame(session.pk, 77) is None
    keeper.carry_to_the_lake(now=NOW)
    assert history.frame(session.pk, 77) is None


def test_two_halves_of_a_day_are_one_day_wherever_they_lie(meter: Meter) -> None:
    morning = [*range(24), *[None] * 24]
    evening = [*[None] * 24, *range(24, 48)]
    accept(report_of(meter, Learnt(meter_days=(meter_day(date(2026, 11, 20), morning),))), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    accept(report_of(meter, Learnt(meter_days=(meter_day(date(2026, 11, 20), evening),)), name="second"), now=NOW)
    assert stored_counts(meter) == HALF_HOURS


def test_how_complete_a_day_is_is_known_without_reading_it(meter: Meter) -> None:
    days = (meter_day(date(2026, 11, 20), HALF_HOURS), meter_day(date(2026, 11, 21), [1, *[None] * 47]))
    accept(report_of(meter, Learnt(meter_days=days)), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    standings = history.day_standings([meter.pk], date(2026, 11, 19), date(2026, 11, 23))[meter.pk]
    assert {on.day: (known.known_slots, known.is_complete) for on, known in standings.items()} == {
        20: (48, True),
        21: (1, False),
    }


def test_batches_are_numbered_and_settled_in_order(meter: Meter) -> None:
    accept(report_of(meter, Learnt(registers=(register(1),))), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    assert keeper.carry_to_the_lake(now=NOW) is None
    later = NOW + timedelta(hours=1)
    accept(report_of(meter, Learnt(registers=(register(2, at=later),)), name="second", at=later), now=later)
    keeper.carry_to_the_lake(now=later)
    assert list(Batch.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert [stored.value for stored in history.registers([meter.pk], since=NOW, until=later)] == [1, 2]


def test_nonsense_of_a_meter_is_left_out_and_said_and_the_rest_is_kept(meter: Meter) -> None:
    nonsense = Learnt(
        clock=clock(),
        identity=Identity(serial="?", made_on=None, firmware="\0" * 5 + "9" * 400, variant="f" * 400, exchange=2),
        instant=InstantValues(taken_at=NOW, power_w=2**40, voltages_mv=(2**40,), exchange=30),
        registers=(register(2**63), register(8_000)),
        meter_days=(
            meter_day(date(2026, 11, 20), (2**31, *HALF_HOURS[1:])),
            meter_day(date(2026, 11, 21), HALF_HOURS),
        ),
    )
    accept(report_of(meter, nonsense), now=NOW)
    words = "not kept: 1 impossible registers, 1 impossible days of the profile, 1 impossible instant values"
    assert Session.objects.get().detail == words
    assert stored_values(meter) == [8_000]
    assert stored_counts(meter, date(2026, 11, 21)) == HALF_HOURS


def test_a_clock_centuries_off_is_told_as_far_as_seconds_can_be(meter: Meter) -> None:
    accept(report_of(meter, Learnt(clock=clock(ahead=timedelta(days=365 * 900)))), now=NOW)
    assert MeterStanding.objects.get().clock_deviation_s == 2**31 - 1
