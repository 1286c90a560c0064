"""Registers as answers carry them: many values of one moment, and readings when they are asked for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.registers import (
    AnsweredRegisters,
    Quantity,
    RegisterMoment,
    RegisterReading,
    Registers,
    both,
    exchanges_of,
)
from kilovatt.measure.metering.sessions import Learnt

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SUM = AnsweredRegisters(
    names=((Quantity.A_PLUS, 0), (Quantity.R_PLUS, 0)),
    values=(1_234_567, 8),
    moment=RegisterMoment.NOW,
    taken_at=AT,
    heard_at=AT + timedelta(seconds=1),
    exchange=9,
)
DAY = replace(SUM, names=((Quantity.A_PLUS, 1),), values=(700,), exchange=10)


def reading(quantity: Quantity, tariff: int, value: int, exchange: int) -> RegisterReading:
    return RegisterReading(
        quantity=quantity,
        tariff=tariff,
        value=value,
        moment=RegisterMoment.NOW,
        taken_at=AT,
        heard_at=AT + timedelta(seconds=1),
        exchange=exchange,
    )


READINGS = (
    reading(Quantity.A_PLUS, 0, 1_234_567, 9),
    reading(Quantity.R_PLUS, 0, 8, 9),
    reading(Quantity.A_PLUS, 1, 700, 10),
)


def test_each_value_of_an_answer_is_a_reading_of_its_moment() -> None:
    registers = Registers([SUM, DAY])
    assert (len(registers), tuple(registers)) == (3, READINGS)
    assert (registers[1], registers[1:]) == (READINGS[1], READINGS[1:])
    assert "a_plus" in repr(registers)


def test_registers_are_their_readings_in_whatever_sequence() -> None:
    assert Registers([SUM, DAY]) == READINGS
    assert hash(Registers([SUM])) == hash(READINGS[:2])
    assert Registers([SUM]) != READINGS
    assert Registers([SUM]) != SUM
    assert Registers() == ()


def test_what_two_conversations_read_is_joined_in_order() -> None:
    answers, single = Registers([SUM]), READINGS[2:]
    assert both(answers, Registers([DAY])) == READINGS
    assert both(answers, single) == READINGS
    assert both((), answers) is answers
    assert (Learnt(registers=answers) + Learnt(registers=single)).registers == READINGS


def test_a_session_keeps_the_frames_that_carried_registers() -> None:
    assert exchanges_of(Registers([SUM, DAY])) == exchanges_of(READINGS) == {9, 10}
    assert Learnt(registers=Registers([SUM, DAY])).exchanges == {9, 10}


def test_names_that_are_alike_are_there_once() -> None:
    other = replace(SUM, names=tuple([(quantity, 0) for quantity in (Quantity.A_PLUS, Quantity.R_PLUS)]))
    assert other.names is SUM.names


def test_what_no_reading_takes_no_answer_takes() -> None:
    with pytest.raises(ValueError, match="a register cannot be negative: got -8 Wh"):
        replace(SUM, values=(1, -8))
    with pytest.raises(ValueError, match=r"a tariff is 0 \(total\) to 8: got 9"):
        replace(DAY, names=((Quantity.A_PLUS, 9),))
    with pytest.raises(ValueError, match=r"a tariff is 0 \(total\) to 8: got -1"):
        reading(Quantity.A_PLUS, -1, 0, 1)
    with pytest.raises(ValueError, match="2 registers have as many values: got 1"):
        replace(SUM, values=(1,))
    with pytest.raises(ValueError, match="need a time zone"):
        replace(SUM, taken_at=AT.replace(tzinfo=None))
    assert replace(SUM, names=(), values=()).values == ()
