"""A conversation of a driver carried to its end without a line, each request answered at once."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from kilovatt.wire.drivers.conversation import Answer, Conversation

ResultT = TypeVar("ResultT")


def told_in_turn(
    conversation: Conversation[ResultT],
    said: Callable[[Any], object],
    *,
    heard_at: datetime,
    asked: list[Any] | None = None,
) -> ResultT:
    """Return what a conversation returns when the meter says this; everything is heard at one instant."""
    number = 0
    answer: Answer[Any] | None = None
    try:
        while True:
            request: Any = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            number += 1
            if asked is not None:
                asked.append(request)
            answer = Answer(said(request), number, heard_at)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result
