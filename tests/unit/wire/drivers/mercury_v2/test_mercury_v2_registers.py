"""Registers of Mercury V2, and the plan of a session."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.outcomes import SessionPart
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, parameters
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from told_v2 import (
    DENIED,
    HEARD_AT,
    M234,
    METER,
    MOSCOW,
    NOTHING,
    OLD_METER,
    OLDER,
    UNKNOWN,
    Asked,
    learnt,
    saying,
    totals,
)

# ── Registers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_tariff(total_wh: int, tariff: int) -> int:
    """Registers that add up: of most tariffs a watt-hour for their number, of the first the rest."""
    return (total_wh, total_wh - 9, 2, 3, 4)[tariff]


def registers(request: MercuryV2Request[Any]) -> object:
    """Each register says which tariff it is of; those at midnights are less than the running ones."""
    match request:
        case energy.ReadEnergy(period=period, tariff=tariff):
            return totals(of_tariff({EnergyArray.SINCE_RESET: 9_000}.get(period.array, 8_000), tariff))
        case energy.ReadStoredEnergy(tariff=tariff):
            return totals(of_tariff(7_000, tariff))
        case _:
            return saying({})(request)


def shown(found: Learnt, quantity: Measurand = Measurand.A_PLUS) -> list[tuple[date, int, int]]:
    """The local days, tariffs and values of registers at midnights."""
    return [
        (it.taken_at.astimezone(MOSCOW).date(), it.tariff, it.value)
        for it in found.registers
        if it.quantity is quantity
    ]


def test_each_running_register_has_an_exchange_of_its_own() -> None:
    found = learnt(replace(NOTHING, registers_now=True), registers)
    a_plus = [it for it in found.registers if it.quantity is Measurand.A_PLUS]
    assert [(it.tariff, it.value, it.exchange) for it in a_plus] == [
        (0, 9_000, 1),
        (1, 8_991, 2),
        (2, 2, 3),
        (3, 3, 4),
        (4, 4, 5),
    ]
    assert {(it.moment, it.taken_at, it.heard_at) for it in a_plus} == {(RegisterMoment.NOW, HEARD_AT, HEARD_AT)}


def test_registers_that_do_not_add_up_are_read_once_more() -> None:
    second = energy.ReadEnergy(EnergyPeriod(EnergyArray.AT_START_OF_DAY), 2)

    def said(request: MercuryV2Request[Any]) -> object:
        # Its first answer is the one before it.
        is_taken_for_it = request == second and asked.count(second) == 1
        return registers(replace(second, tariff=1) if is_taken_for_it else request)

    asked: Asked = []
    found = learnt(replace(NOTHING, register_days=(date(2026, 11, 24),)), said, asked=asked)
    assert shown(found) == [(date(2026, 11, 24), tariff, of_tariff(8_000, tariff)) for tariff in range(5)]
    assert sum(isinstance(it, energy.ReadEnergy) for it in asked) == 10


def test_what_is_masked_or_not_of_the_model_is_no_register() -> None:
    found = learnt(replace(NOTHING, registers_now=True), registers, meter=OLD_METER)
    # R− is masked in the answer, A− is not of this model.
    assert {it.quantity for it in found.registers} == {Measurand.A_PLUS, Measurand.R_PLUS}


def test_today_and_yesterday_are_read_from_the_arrays_that_move() -> None:
    days = (date(2026, 11, 23), date(2026, 11, 24))
    asked: Asked = []
    found = learnt(replace(NOTHING, register_days=days), registers, asked=asked)
    assert shown(found) == [(day_on, tariff, of_tariff(8_000, tariff)) for day_on in days for tariff in range(5)]
    assert {it.moment for it in found.registers} == {RegisterMoment.DAY_START}
    assert [it.period for it in asked if isinstance(it, energy.ReadEnergy)] == [
        *[EnergyPeriod(EnergyArray.AT_START_OF_YESTERDAY)] * 5,
        *[EnergyPeriod(EnergyArray.AT_START_OF_DAY)] * 5,
    ]


def test_older_days_are_read_where_the_variant_keeps_them() -> None:
    # The meter keeps 123 days: from 24 July.
    days = (date(2026, 7, 23), date(2026, 7, 24), date(2026, 11, 22), date(2026, 11, 25))
    task = replace(NOTHING, register_days=days)
    assert {day_on for day_on, _, _ in shown(learnt(task, registers))} == {date(2026, 7, 24), date(2026, 11, 22)}

    def older(request: MercuryV2Request[Any]) -> object:
        return OLDER if request == parameters.ReadVariant() else registers(request)

    assert shown(learnt(task, older, meter=OLD_METER)) == []


def test_a_day_the_meter_does_not_know_is_left_out_and_the_others_are_read() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        is_unknown = isinstance(request, energy.ReadStoredEnergy) and request.day_on == date(2026, 11, 1)
        return UNKNOWN if is_unknown else registers(request)

    task = replace(NOTHING, register_days=(date(2026, 11, 1), date(2026, 11, 2)))
    assert {day_on for day_on, _, _ in shown(learnt(task, said))} == {date(2026, 11, 2)}


def test_near_midnight_what_moves_is_left_for_later() -> None:
    at_midnight = MeterClock(2, WallTime(2026, 11, 24, 8, 32, 30), is_winter=True)
    # The meter's clock is a second from midnight while ours shows the morning.
    late = replace(at_midnight, time=WallTime(2026, 11, 24, 23, 59, 59))

    def said(request: MercuryV2Request[Any]) -> object:
        return late if request == ReadClock() else registers(request)

    moving = replace(NOTHING, register_days=(date(2026, 11, 24), date(2026, 11, 23)))
    assert learnt(moving, said).registers == ()
    # The first of this month stays what it is for a year.
    named = replace(NOTHING, register_months=(date(2026, 11, 1),))
    assert learnt(named, said).registers


def test_days_are_read_by_weeks_so_that_a_failure_loses_no_more() -> None:
    days = tuple(date(2026, 11, 1) + timedelta(days=number) for number in range(15))
    parts = MercuryV2Driver().parts(METER, replace(NOTHING, register_days=days))
    assert [part.part for part in parts] == [SessionPart.REGISTERS] * 3


def test_months_are_read_as_far_as_the_meter_keeps_them() -> None:
    months = (date(2026, 12, 1), date(2026, 11, 1), date(2025, 12, 1), date(2025, 11, 1), date(2023, 10, 1))
    task = replace(NOTHING, register_months=months)
    found = learnt(task, registers)
    assert shown(found) == [
        *((date(2026, 11, 1), tariff, of_tariff(8_000, tariff)) for tariff in range(5)),
        *((date(2025, 12, 1), tariff, of_tariff(8_000, tariff)) for tariff in range(5)),
        *((date(2025, 11, 1), tariff, of_tariff(7_000, tariff)) for tariff in range(5)),
    ]
    assert {it.moment for it in found.registers} == {RegisterMoment.MONTH_START}


def test_a_year_old_month_is_not_asked_of_a_meter_whose_variant_has_no_such_arrays() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return OLDER if request == parameters.ReadVariant() else registers(request)

    task = replace(NOTHING, register_months=(date(2025, 11, 1),))
    assert learnt(task, said).registers == ()


def test_without_a_variant_word_the_catalogue_tells_what_to_ask() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return UNKNOWN if request == parameters.ReadVariant() else registers(request)

    task = replace(NOTHING, register_days=(date(2026, 11, 1),))
    assert len(shown(learnt(task, said))) == 5
    assert shown(learnt(task, said, meter=OLD_METER)) == []


def test_a_refusal_of_registers_is_raised() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return DENIED if isinstance(request, energy.ReadStoredEnergy) else registers(request)

    with pytest.raises(MeterRefusedError, match="ReadStoredEnergy was refused: access_denied"):
        learnt(replace(NOTHING, register_days=(date(2026, 11, 1),)), said)


# ── The plan of a session ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_parts_of_a_session_come_in_order_and_only_those_wanted() -> None:
    day = date(2026, 11, 23)
    whole = ReadingTask(
        instant=True, register_days=(day,), register_months=(date(2026, 11, 1),), profile_days=(day,), events=True
    )
    parts = [part.part for part in MercuryV2Driver().parts(METER, whole)]
    assert parts[:7] == [
        SessionPart.IDENTITY,
        SessionPart.CLOCK,
        SessionPart.INSTANT,
        SessionPart.REGISTERS,
        SessionPart.REGISTERS,
        SessionPart.REGISTERS,
        SessionPart.PROFILE,
    ]
    assert set(parts[7:]) == {SessionPart.EVENTS}
    assert list(MercuryV2Driver().parts(METER, NOTHING)) == []


def test_the_profile_is_read_by_weeks_and_not_across_gaps() -> None:
    days = (*(date(2026, 11, 1) + timedelta(days=number) for number in range(9)), date(2026, 11, 20))
    parts = MercuryV2Driver().parts(METER, replace(NOTHING, profile_days=days))
    assert [part.part for part in parts] == [SessionPart.PROFILE] * 3


def test_a_model_without_a_profile_is_not_asked_for_one() -> None:
    bare = replace(METER, model=replace(M234, uwh_per_count=None))
    assert list(MercuryV2Driver().parts(bare, replace(NOTHING, profile_days=(date(2026, 11, 23),)))) == []
