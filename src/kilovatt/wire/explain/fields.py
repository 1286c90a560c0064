"""The shape of an explanation: a frame cut into fields, each with its name, its value and its unit, as codes.

Nothing here is prose: a name is a code that `words` tables turn into an English sentence, and gettext into others.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

FieldValue: TypeAlias = int | str | bool | None
"""What a field says; None where it is empty or masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedField:
    """Some bytes of a frame, from `start` to before `end`, and what they say.

    `unit` is a symbol ("Wh", "mV") or None for what has none; `number` tells apart several that are alike, from 1
    (tariffs, half-hours), and stands in the words for `{number}`.
    """

    start: int
    end: int
    code: str
    value: FieldValue
    unit: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedFrame:
    """A frame and its fields, which cover every byte of it, in order.

    `code` says what the frame is; `crc_is_right` is None for a frame too short to have a checksum; `problem` is a
    code of what hinders understanding it further, or None. `within` is a message that this one brings: deciphered, or
    put together of this part and those before it.
    """

    code: str
    data: bytes
    is_answer: bool
    fields: tuple[ExplainedField, ...]
    crc_is_right: bool | None
    problem: str | None = None
    within: "ExplainedFrame | None" = None

    def __post_init__(self) -> None:
        starts = [field.start for field in self.fields]
        ends = [field.end for field in self.fields]
        assert [*ends] == [*starts[1:], len(self.data)] if starts else not self.data, "fields cover every byte"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedExchange:
    """A request and the answer to it; None where nothing came. `language` is its own, where that is another one."""

    request: ExplainedFrame
    answer: ExplainedFrame | None
    language: str | None = None


def gettext_noop(text: str) -> str:
    """Return the text; its name marks an English string for the catalogue of translations."""
    return text


def frame_code(request: type[Any]) -> str:
    """Return the code of a request and of its answer: `read_energy` for ReadEnergy."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", request.__name__).lower()
