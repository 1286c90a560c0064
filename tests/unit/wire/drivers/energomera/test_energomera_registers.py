"""Registers and half-hours of Energomera meters."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, SlotRank
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.energomera.driver import EnergomeraDriver
from kilovatt.wire.protocols.energomera.errors import ErrorCode, refusal_of
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock
from kilovatt.wire.protocols.energomera.requests import (
    Configuration,
    EnergomeraRequest,
    ReadClock,
    ReadConfiguration,
    ReadIntervals,
    ReadSerial,
    ReadStampedRegister,
    ReadTariffDayRegister,
    ReadTariffRegister,
    ReadTotalDayRegister,
    ReadTotalRegister,
    StampedCount,
)
from kilovatt.wire.protocols.framing.wall_time import WallTime
from told_energomera import (
    CLOCK,
    HEARD_AT,
    HUNDREDTHS,
    MONTH_AT,
    MOSCOW,
    NOT_KEPT,
    NOTHING,
    PLAIN,
    STAMPED,
    UNKNOWN,
    WITH_PROFILE,
    Asked,
    learnt,
)


def registers(depth: int) -> dict[EnergomeraRequest[Any], object]:
    """T1 and T2 count, T3 was never used, T4 the meter does not have."""
    return {
        ReadTotalRegister(depth): 1_000 - depth,
        ReadTariffRegister(1, depth): 700 - depth,
        ReadTariffRegister(2, depth): 300,
        ReadTariffRegister(3, depth): 0xFFFF_FFFF,
        ReadTariffRegister(4, depth): NOT_KEPT,
    }


def values(found: Learnt) -> list[tuple[int, int]]:
    return [(reading.tariff, reading.value) for reading in found.registers]


def test_the_running_registers_are_the_total_and_those_of_its_tariffs() -> None:
    asked: Asked = []
    said = {ReadClock(): CLOCK, ReadConfiguration(): HUNDREDTHS} | registers(0)
    found = learnt(replace(NOTHING, clock=True, registers_now=True), said, asked=asked)
    assert values(found) == [(0, 10_000), (1, 7_000), (2, 3_000)]
    assert {reading.moment for reading in found.registers} == {RegisterMoment.NOW}
    assert {reading.taken_at for reading in found.registers} == {HEARD_AT + timedelta(seconds=7)}
    assert [reading.exchange for reading in found.registers] == [3, 4, 5]
    assert asked[:3] == [ReadClock(), ReadConfiguration(), ReadTotalRegister(0)]


def test_registers_that_do_not_add_up_are_read_once_more() -> None:
    asked: Asked = []
    first, second = ReadTariffRegister(1, 0), ReadTariffRegister(2, 0)

    class MixedUp(dict[EnergomeraRequest[Any], object]):
        """The first answer about the second tariff is the one before it."""

        def __getitem__(self, request: EnergomeraRequest[Any]) -> object:
            return super().__getitem__(first if request == second and asked.count(second) == 1 else request)

    said = MixedUp({**registers(0), ReadClock(): CLOCK, ReadConfiguration(): HUNDREDTHS})
    found = learnt(replace(NOTHING, registers_now=True), said, asked=asked)
    assert values(found) == [(0, 10_000), (1, 7_000), (2, 3_000)]
    assert (asked.count(first), asked.count(second)) == (2, 2)


@pytest.mark.parametrize(("decimals", "total_wh"), [(0, 1_000_000), (1, 100_000), (2, 10_000), (3, 1_000)])
def test_the_meter_itself_tells_how_many_decimals_it_shows(decimals: int, total_wh: int) -> None:
    said = {ReadConfiguration(): Configuration(bytes([decimals, 1, 0, 0, 0]))} | registers(0)
    assert values(learnt(replace(NOTHING, registers_now=True), said))[0] == (0, total_wh)


def test_a_meter_that_does_not_tell_its_decimals_has_those_of_its_row() -> None:
    said = {ReadConfiguration(): UNKNOWN} | registers(0)
    assert values(learnt(replace(NOTHING, registers_now=True), said))[0] == (0, 10_000)


def months(*firsts: date) -> ReadingTask:
    return replace(NOTHING, register_months=firsts)


def test_the_beginning_of_this_month_is_the_end_of_the_last_one() -> None:
    said = {ReadClock(): CLOCK, ReadConfiguration(): HUNDREDTHS} | registers(1) | registers(2)
    found = learnt(months(date(2026, 10, 1), date(2026, 11, 1)), said)
    assert [(reading.taken_at, reading.value) for reading in found.registers if reading.tariff == 0] == [
        (datetime(2026, 9, 30, 21, tzinfo=UTC), 9_980),
        (MONTH_AT, 9_990),
    ]
    assert {reading.moment for reading in found.registers} == {RegisterMoment.MONTH_START}


def test_months_it_does_not_keep_and_months_to_come_are_not_asked_for() -> None:
    asked: Asked = []
    found = learnt(months(date(2025, 10, 1), date(2026, 12, 1)), {ReadClock(): CLOCK}, asked=asked)
    assert (found.is_empty, asked) == (True, [ReadClock()])


def days(*on: date) -> ReadingTask:
    return replace(NOTHING, register_days=on)


def test_todays_midnight_is_the_end_of_yesterday() -> None:
    said: dict[EnergomeraRequest[Any], object] = {ReadClock(): CLOCK, ReadConfiguration(): HUNDREDTHS}
    for depth in (1, 3):
        said[ReadTotalDayRegister(depth)] = 1_000 - depth
        said |= {ReadTariffDayRegister(tariff, depth): NOT_KEPT for tariff in range(1, 5)}
    found = learnt(days(date(2026, 11, 24), date(2026, 11, 22), date(2026, 10, 1), date(2026, 11, 25)), said)
    assert [(reading.taken_at, reading.value) for reading in found.registers] == [
        (datetime(2026, 11, 23, 21, tzinfo=UTC), 9_990),
        (datetime(2026, 11, 21, 21, tzinfo=UTC), 9_970),
    ]
    assert {reading.moment for reading in found.registers} == {RegisterMoment.DAY_START}


@pytest.mark.parametrize("clock", ["2026-11-30T23:59:59+03:00", "2026-12-01T00:00:01+03:00"])
def test_near_midnight_depths_are_left_for_later(clock: str) -> None:
    # The clock was read on 30 November; which month a depth then is of hangs on a second.
    at = datetime.fromisoformat(clock).astimezone(UTC)
    local = at.astimezone(MOSCOW)
    shown = MeterClock(1, WallTime(local.year, local.month, local.day, local.hour, local.minute, local.second))
    said = {ReadClock(): shown, ReadConfiguration(): HUNDREDTHS} | registers(1)
    assert learnt(months(local.date().replace(day=1)), said, at=at).registers == ()


def stamped(depth: int, stamp: ArchiveStamp) -> dict[EnergomeraRequest[Any], object]:
    counts = {tariff: StampedCount(stamp, 100 * tariff) for tariff in range(4)}
    return {ReadStampedRegister(depth, tariff): counts.get(tariff, NOT_KEPT) for tariff in range(5)}


def test_an_r5_1_stamps_its_registers() -> None:
    said = {ReadClock(): CLOCK} | stamped(0, ArchiveStamp(2026, 11, 0)) | stamped(1, ArchiveStamp(2026, 10, 0))
    task = ReadingTask(identity=False, register_months=(date(2026, 11, 1),), register_days=(date(2026, 11, 24),))
    found = learnt(task, said, meter=STAMPED)
    assert values(found) == [(0, 0), (1, 1_000), (2, 2_000), (3, 3_000)] * 2
    assert [reading.taken_at for reading in found.registers[4:]] == [MONTH_AT] * 4


def test_the_running_register_may_be_refused_altogether() -> None:
    said = {ReadStampedRegister(0, tariff): NOT_KEPT for tariff in range(5)}
    assert learnt(replace(NOTHING, registers_now=True), said, meter=STAMPED).is_empty


def test_a_stamp_of_another_month_is_no_reading() -> None:
    said = {ReadClock(): CLOCK} | stamped(1, ArchiveStamp(2026, 11, 0))
    with pytest.raises(MeterRefusedError, match="was to be 2026-10, and is 2026-11") as refused:
        learnt(months(date(2026, 11, 1)), said, meter=STAMPED)
    assert refused.value.outcome is Outcome.REFUSED


def test_another_depth_of_the_months_is_an_option_of_the_row() -> None:
    dialect = EnergomeraDialect(stamped_registers=True, month_start_depth=0)
    meter = replace(STAMPED, model=replace(STAMPED.model, dialect=dialect))
    said = {ReadClock(): CLOCK} | stamped(0, ArchiveStamp(2026, 10, 0))
    assert values(learnt(months(date(2026, 11, 1)), said, meter=meter))[0] == (0, 0)


@pytest.mark.parametrize(
    "request_asked", [ReadClock(), ReadSerial(0), ReadTotalRegister(0)], ids=lambda it: type(it).__name__
)
def test_a_meter_that_reports_a_fault_of_its_memory_is_not_taken_for_one_that_lacks_it(
    request_asked: EnergomeraRequest[Any],
) -> None:
    broken = refusal_of(ErrorCode.MEMORY_READ)
    said = {ReadConfiguration(): HUNDREDTHS, request_asked: broken}
    task = ReadingTask(
        identity=isinstance(request_asked, ReadSerial),
        clock=isinstance(request_asked, ReadClock),
        registers_now=isinstance(request_asked, ReadTotalRegister),
    )
    with pytest.raises(MeterRefusedError, match="was refused: internal_error") as refused:
        learnt(task, said)
    assert refused.value.outcome is Outcome.REFUSED


def test_a_model_is_asked_only_for_what_its_row_has() -> None:
    task = ReadingTask(
        instant=True,
        register_days=(date(2026, 11, 24),),
        register_months=(date(2026, 11, 1),),
        profile_days=(date(2026, 11, 23),),
        events=True,
    )
    parts = [part.part for part in EnergomeraDriver().parts(PLAIN, task)]
    registers_of_three_moments = [SessionPart.REGISTERS] * 3
    first = [SessionPart.IDENTITY, SessionPart.CLOCK, SessionPart.INSTANT]
    assert parts == [*first, *registers_of_three_moments]
    assert [part.part for part in EnergomeraDriver().parts(STAMPED, task)] == [*first, *registers_of_three_moments[:2]]


def half_hours(day_on: date, counts: list[int | None]) -> dict[EnergomeraRequest[Any], object]:
    return {ReadIntervals(day_on, first, 4): tuple(counts[first : first + 4]) for first in range(0, 48, 4)}


def test_a_day_is_forty_eight_half_hours_in_the_steps_of_the_registers() -> None:
    on = date(2026, 11, 22)
    counts: list[int | None] = list(range(48))
    counts[10] = None
    said = {ReadConfiguration(): HUNDREDTHS} | half_hours(on, counts)
    (day,) = learnt(replace(NOTHING, profile_days=(on,)), said, meter=WITH_PROFILE).meter_days
    assert (day.day_on, day.starts_at) == (on, datetime(2026, 11, 21, 21, tzinfo=UTC))
    assert (day.step_s, day.uwh_per_count, day.heard_at) == (1800, 10_000_000, HEARD_AT)
    assert day.a_plus == (*range(10), 0, *range(11, 48))
    assert (day.qualities[9], day.qualities[10]) == (SlotRank.ACTUAL, SlotRank.MISSING)
    assert (day.exchanges[0], day.exchanges[10], day.exchanges[47]) == (2, NO_EXCHANGE, 13)
    assert (day.a_minus, day.r_plus, day.r_minus) == (None, None, None)


def test_the_meter_tells_the_step_of_its_half_hours_too() -> None:
    on = date(2026, 11, 22)
    said = {ReadConfiguration(): Configuration(bytes.fromhex("0301000000"))} | half_hours(on, [1] * 48)
    (day,) = learnt(replace(NOTHING, profile_days=(on,)), said, meter=WITH_PROFILE).meter_days
    assert day.uwh_per_count == 1_000_000


def test_a_day_it_does_not_keep_is_left_out() -> None:
    kept, lost = date(2026, 11, 22), date(2026, 1, 1)
    said = {ReadConfiguration(): UNKNOWN, ReadIntervals(lost, 0, 4): NOT_KEPT} | half_hours(kept, [1] * 48)
    found = learnt(replace(NOTHING, profile_days=(lost, kept)), said, meter=WITH_PROFILE)
    assert [day.day_on for day in found.meter_days] == [kept]


def test_a_day_of_twenty_five_hours_has_one_hour_that_cannot_be_told() -> None:
    # In Volgograd the hour from one to two passed twice on 27 December 2020; the archive has one place for both.
    on = date(2020, 12, 27)
    said = {ReadConfiguration(): HUNDREDTHS} | half_hours(on, list(range(48)))
    meter = replace(WITH_PROFILE, zone=ZoneInfo("Europe/Volgograd"))
    (day,) = learnt(replace(NOTHING, profile_days=(on,)), said, meter=meter).meter_days
    assert len(day.a_plus) == 50
    assert sum(quality == SlotRank.MISSING for quality in day.qualities) == 2


@pytest.mark.parametrize(("code", "minutes"), [(0, 60), (2, 15)])
def test_other_intervals_than_half_hours_are_not_taken_for_half_hours(code: int, minutes: int) -> None:
    said = {ReadConfiguration(): Configuration(bytes([2, code, 0, 0, 0]))}
    with pytest.raises(MeterRefusedError, match=f"by {minutes} minutes, and 30 are read"):
        learnt(replace(NOTHING, profile_days=(date(2026, 11, 22),)), said, meter=WITH_PROFILE)


def test_a_profile_is_read_by_weeks() -> None:
    days_wanted = tuple(date(2026, 11, day) for day in range(1, 16))
    parts = list(EnergomeraDriver().parts(WITH_PROFILE, replace(NOTHING, profile_days=days_wanted)))
    assert [part.part for part in parts] == [SessionPart.PROFILE] * 3
