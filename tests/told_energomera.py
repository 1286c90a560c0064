"""Conversations of the Energomera driver, carried without a line."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ReadingTask
from kilovatt.wire.drivers.energomera.driver import EnergomeraDriver
from kilovatt.wire.protocols.energomera.errors import ErrorCode, refusal_of
from kilovatt.wire.protocols.energomera.fields import MeterClock
from kilovatt.wire.protocols.energomera.requests import (
    Configuration,
    EnergomeraRequest,
)
from kilovatt.wire.protocols.framing.wall_time import WallTime

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
# Seven seconds ahead of ours.
CLOCK = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 8, 32, 37))
PLAIN = MeterAddress(model=model_by_key("energomera-ce102-r5"), address=6467, serial="41906467", zone=MOSCOW)
STAMPED = replace(PLAIN, model=model_by_key("energomera-ce102-r5-1"))
WITH_PROFILE = replace(PLAIN, model=model_by_key("energomera-ce102-profile"))
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)
HUNDREDTHS = Configuration(bytes.fromhex("0201000000"))
UNKNOWN = refusal_of(ErrorCode.NO_SUCH_COMMAND)
NOT_KEPT = refusal_of(ErrorCode.PARAMETER)
ANOTHER_PASSWORD = refusal_of(ErrorCode.ACCESS_LEVEL)
MONTH_AT = datetime(2026, 10, 31, 21, tzinfo=UTC)

Asked = list[EnergomeraRequest[Any]]
Answers = Mapping[Any, object]
ResultT = TypeVar("ResultT")


def carried(conversation: Conversation[ResultT], said: Answers, asked: Asked, heard_at: datetime) -> ResultT:
    """What a conversation returns when the meter says this; everything is heard at one instant."""
    answer: Answer[Any] | None = None
    try:
        while True:
            request: Any = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            asked.append(request)
            answer = Answer(said[request], len(asked), heard_at)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result


def learnt(
    task: ReadingTask,
    said: Answers,
    *,
    meter: MeterAddress = PLAIN,
    asked: Asked | None = None,
    at: datetime = HEARD_AT,
) -> Learnt:
    total, listed = Learnt(), asked if asked is not None else []
    for part in EnergomeraDriver().parts(meter, task):
        total += carried(part.conversation, said, listed, at)
    return total


def opened(meter: MeterAddress, said: Answers) -> Asked:
    asked: Asked = []
    carried(EnergomeraDriver().opening(meter), said, asked, HEARD_AT)
    return asked
