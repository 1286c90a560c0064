"""Registers at the beginnings of days: those since the latest known are asked for, and none that is there."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.reading.reading_plan import lines_to_read
from kilovatt.office.records.models import Meter
from on_record import NOW, register, report_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
DEPTH = 123
"""Of a Меркурий 234."""


def asked(meter: Meter, *, days_later: int = 0) -> tuple[date, ...]:
    (line,) = lines_to_read(now=NOW + timedelta(days=days_later), meter_ids=[meter.pk])
    return line.meters[0].register_days


def told(meter: Meter, *days: date, name: str = "first") -> None:
    frozen = (replace(register(5_000, on=on), moment=RegisterMoment.DAY_START) for on in days)
    accept(report_of(meter, Learnt(registers=(*frozen, register(8_000))), name=name), now=NOW)


def test_a_meter_of_which_none_is_known_is_asked_for_todays_alone(meter: Meter) -> None:
    assert asked(meter) == (TODAY,)
    accept(report_of(meter, Learnt(registers=(register(8_000, on=date(2026, 11, 1)), register(8_000)))), now=NOW)
    assert asked(meter) == (TODAY,)


def test_what_is_there_is_not_asked_for_again(meter: Meter) -> None:
    told(meter, TODAY)
    assert asked(meter) == ()
    told(meter, TODAY - timedelta(days=3), name="older")
    assert asked(meter) == ()


def test_after_days_without_a_line_each_of_them_is_asked_for(meter: Meter) -> None:
    told(meter, TODAY)
    assert asked(meter, days_later=8) == tuple(TODAY + timedelta(days=number) for number in range(1, 9))


def test_no_day_is_asked_for_that_the_meter_does_not_keep_any_more(meter: Meter) -> None:
    told(meter, TODAY)
    days = asked(meter, days_later=400)
    assert (len(days), days[-1]) == (DEPTH, TODAY + timedelta(days=400))


def test_a_model_that_keeps_no_days_is_not_asked_for_any(meter: Meter) -> None:
    Meter.objects.filter(pk=meter.pk).update(model_key="mercury-230-art-03-cln")
    assert asked(meter) == ()
