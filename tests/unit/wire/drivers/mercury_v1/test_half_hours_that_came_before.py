"""Nothing in an answer of Mercury V1 says whose half-hours it holds: the same ones again are asked for again."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, MeterAddress
from kilovatt.wire.drivers.mercury_v1.profile import read_days
from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.mercury_v1.archive import ANY_LAYOUT, HalfHours

HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
DAY = date(2026, 11, 23)
METER = MeterAddress(
    model=model_by_key("mercury-206-prlsno"), address=411_486, serial="00411486", zone=ZoneInfo("Europe/Moscow")
)


def group(first: int) -> HalfHours:
    return tuple(range(first, first + 8))


def read(answers: Sequence[HalfHours]) -> tuple[Learnt, int]:
    """Read a day whose questions are answered so; return how many there were, too."""
    conversation = read_days(METER, [DAY], layouts=ANY_LAYOUT)
    answer: Answer[Any] | None = None
    asked = 0
    try:
        while True:
            conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            answer = Answer(answers[asked], asked + 1, HEARD_AT)
            asked += 1
    except StopIteration as stop:
        learnt: Learnt = stop.value
        return learnt, asked


def test_half_hours_that_are_the_same_again_are_asked_for_once_more_and_believed() -> None:
    steady = (5,) * 8
    learnt, asked = read([group(0), steady, steady, steady, group(10), group(20), group(30)])
    (day,) = learnt.meter_days
    assert (day.a_plus[8:24], asked) == ((5,) * 16, 7)


def test_half_hours_that_came_in_the_place_of_others_are_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="2026-11-23, part 1, were once those before them") as refused:
        read([group(0), group(0), group(10)])
    assert refused.value.fault is LineFault.NOISE


def test_an_empty_house_is_not_asked_twice() -> None:
    _, asked = read([(0,) * 8] * 6)
    assert asked == 6
