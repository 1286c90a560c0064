"""Registers of tariffs add up, or are read once more: an answer in the place of another shows by its sum."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kilovatt.measure.metering.registers import AnsweredRegisters, Quantity, RegisterMoment
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.tariff_sums import RUNNING_WITHIN_WH, STORED_WITHIN_WH, TariffSums
from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError

AT = datetime(2026, 11, 24, tzinfo=UTC)
registers = st.lists(st.integers(0, 10**9), min_size=4, max_size=4)
"""Of the four tariffs [Wh]."""


def answered(*values: int, quantity: Quantity = Quantity.A_PLUS) -> list[AnsweredRegisters]:
    """The sum and the tariffs, each by an answer of its own."""
    return [
        AnsweredRegisters(
            names=((quantity, tariff),),
            values=(value,),
            moment=RegisterMoment.MONTH_START,
            taken_at=AT,
            heard_at=AT,
            exchange=tariff + 1,
        )
        for tariff, value in enumerate(values)
    ]


class Told:
    """What comes back each time somebody reads."""

    def __init__(self, readings: Iterable[list[AnsweredRegisters]]) -> None:
        self._readings = list(readings)
        self.times = 0

    def read(self) -> Conversation[list[AnsweredRegisters]]:
        self.times += 1
        yield from ()
        return self._readings.pop(0)


def checked(told: Told, sums: TariffSums | None = None, *, within_wh: int = STORED_WITHIN_WH) -> list[int]:
    conversation = (sums or TariffSums()).checked(told.read, within_wh=within_wh)
    try:
        next(conversation)
    except StopIteration as stop:
        return values_of(stop.value)
    raise AssertionError("nothing is asked here")


def values_of(found: Sequence[AnsweredRegisters]) -> list[int]:
    return [value for one in found for value in one.values]


@given(registers)
def test_what_adds_up_is_read_once(tariffs: list[int]) -> None:
    told = Told([answered(sum(tariffs), *tariffs)])
    assert checked(told) == [sum(tariffs), *tariffs]
    assert told.times == 1


@given(registers, st.integers(0, 4), st.integers(0, 4))
def test_an_answer_in_the_place_of_another_is_found_out(tariffs: list[int], place: int, taken_for: int) -> None:
    right = [sum(tariffs), *tariffs]
    wrong = list(right)
    wrong[place] = right[taken_for]
    assume(abs(wrong[place] - right[place]) > STORED_WITHIN_WH)
    told = Told([answered(*wrong), answered(*right)])
    assert checked(told) == right


def test_what_is_rounded_away_of_each_register_is_no_difference() -> None:
    told = Told([answered(104, 50, 30, 20, 0)])
    assert checked(told) == [104, 50, 30, 20, 0]


def test_a_meter_that_counts_otherwise_is_believed_and_asked_no_more_in_that_session() -> None:
    sums = TariffSums()
    twice = Told([answered(9_000, 1, 2, 3, 4)] * 2)
    assert checked(twice, sums) == [9_000, 1, 2, 3, 4]
    once = Told([answered(8_000, 1, 2, 3, 4)])
    assert checked(once, sums) == [8_000, 1, 2, 3, 4]
    # Of another quantity nothing is known yet.
    other = Told([answered(8_000, 1, 2, 3, 4, quantity=Quantity.R_PLUS)] * 2)
    checked(other, sums)
    assert (twice.times, once.times, other.times) == (2, 1, 2)


@pytest.mark.parametrize("again", [(9_000, 1, 2, 5_000, 4), (9_000, 1, 2, 3)], ids=["another value", "one less"])
def test_what_is_otherwise_each_time_is_noise(again: tuple[int, ...]) -> None:
    told = Told([answered(9_000, 1, 2, 3, 4), answered(*again)])
    with pytest.raises(RemoteProtocolError, match="do not add up to their sum") as found:
        checked(told)
    assert found.value.fault is LineFault.NOISE


def test_what_running_registers_do_says_nothing_of_those_that_are_billed() -> None:
    sums = TariffSums()
    checked(Told([answered(9_000, 1, 2, 3, 4)] * 2), sums, within_wh=RUNNING_WITHIN_WH)
    stored = Told([answered(8_000, 1, 2, 3, 4), answered(8_000, 7_000, 1_000, 0, 0)])
    assert checked(stored, sums) == [8_000, 7_000, 1_000, 0, 0]


def test_what_was_not_there_the_second_time_is_not_there() -> None:
    told = Told([answered(9_000, 1, 2, 3, 4), []])
    assert checked(told) == []


@pytest.mark.parametrize("values", [(), (9_000,), (9_000, 9_000)], ids=["nothing", "no tariffs", "one tariff"])
def test_what_has_nothing_to_add_up_or_does_is_as_it_is(values: tuple[int, ...]) -> None:
    told = Told([answered(*values)])
    assert checked(told) == list(values)
