"""Frames of Энергомера's own language, byte by byte, by the same descriptions of fields that read and write them.

A byte that is escaped stands in two; fields say where the bytes stand on the wire. Which dialect a question for a
register is in, only its answer tells: without one it is taken for that of СЕ102.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, product
from typing import Any

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame, FieldValue, frame_code
from kilovatt.wire.explain.layouts import explain_layout
from kilovatt.wire.protocols.energomera.checksum import checksum
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock
from kilovatt.wire.protocols.energomera.frames import (
    ADDRESS_SIZE,
    CHECKSUM_SIZE,
    CLASS_ERROR,
    COMMAND_SIZE,
    PASSWORD_SIZE,
    PASSWORD_START,
    RequestFrame,
)
from kilovatt.wire.protocols.energomera.hearing import asked_by
from kilovatt.wire.protocols.energomera.requests import (
    EnergomeraRequest,
    Generation,
    ReadCurrents,
    ReadVoltages,
)
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.connection import MASK
from kilovatt.wire.protocols.framing.layout import Field

_REQUEST_HEAD: Mapping[str, int] = {
    "option": 1,
    "meter": ADDRESS_SIZE,
    "reader": ADDRESS_SIZE,
    "password": PASSWORD_SIZE,
    "service": 1,
    "command": COMMAND_SIZE,
}
_REPLY_HEAD: Mapping[str, int] = {
    "option": 1,
    "reader": ADDRESS_SIZE,
    "meter": ADDRESS_SIZE,
    "service": 1,
    "command": COMMAND_SIZE,
}
_MARK = bytes([slip.END])
_ASTERISK = bytes([MASK])
_THREE_PHASES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """A whole frame: its bytes, those meant between its marks, and where each of these stands on the wire."""

    data: bytes
    body: bytes
    places: tuple[int, ...]
    head: Mapping[str, int]
    """The sizes of the fields before the data, by their codes."""
    is_answer: bool
    is_masked: bool = False

    @property
    def start(self) -> int:
        """Where the data begin."""
        return sum(self.head.values())

    @property
    def payload(self) -> bytes:
        """The data."""
        return self.body[self.start : -CHECKSUM_SIZE]

    @property
    def command(self) -> int:
        """The command."""
        return int.from_bytes(self.body[self.start - COMMAND_SIZE : self.start], "big")

    @property
    def told_size(self) -> int:
        """How many bytes of data the service byte tells of."""
        return self.body[self.start - COMMAND_SIZE - 1] & 0x0F

    def on_wire(self, field: ExplainedField) -> ExplainedField:
        """Return a field of the body with the place of its bytes on the wire."""
        return replace(field, start=self.places[field.start], end=self.places[field.end])


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named.

    An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
    The password is never shown, masked or not.
    """
    asking = _content(request, _REQUEST_HEAD, is_answer=False)
    is_echo = answer == request
    answering = None if answer is None or is_echo else _content(answer, _REPLY_HEAD, is_answer=True)
    asked = None if asking is None else _asked(asking, answering)
    return ExplainedExchange(
        request=_noise(request, is_answer=False) if asking is None else _explained_request(asking, asked),
        answer=None if answer is None else _explained_answer(answer, answering, asking, asked),
    )


def _content(data: bytes, head: Mapping[str, int], *, is_answer: bool) -> _Content | None:
    """Return what stands in a frame; None where there is no whole frame."""
    if data[:1] != _MARK or data[-1:] != _MARK:
        return None
    try:
        units = slip.units(data[1:-1])
    except ValueError:
        return None
    masked = None if is_answer else _masked_units(units)
    # Of two asterisks for one byte, one.
    meant = b"".join(slip.unescape(unit)[:1] for unit in masked or units)
    if len(meant) < sum(head.values()) + CHECKSUM_SIZE:
        return None
    return _Content(
        data=data,
        body=meant,
        places=tuple(accumulate(map(len, masked or units), initial=1)),
        head=head,
        is_answer=is_answer,
        is_masked=masked is not None,
    )


def _masked_units(units: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    """Return the bytes of a masked request grouped by what they stand for; None for one that is not masked.

    Each byte of the password and of the checksum was one byte on the wire or two, and is one asterisk or two now.
    """
    for *password, last in product((1, 2), repeat=PASSWORD_SIZE + CHECKSUM_SIZE):
        after, before = PASSWORD_START + sum(password), len(units) - last
        rest, hidden = units[after:before], units[PASSWORD_START:after] + units[before:]
        # Behind the password: the service byte, which tells how many bytes of data follow, and the command.
        if set(hidden) == {_ASTERISK} and rest and rest[0][0] & 0x0F == len(rest) - 1 - COMMAND_SIZE:
            grouped = (_ASTERISK * size for size in password)
            return (*units[:PASSWORD_START], *grouped, *rest, _ASTERISK * last)
    return None


def _asked(asking: _Content, answering: _Content | None) -> EnergomeraRequest[Any] | None:
    """Return what is asked, in the dialect in which what came is an answer, else in the first that knows it."""
    frame = RequestFrame(meter=0, reader=0, password=0, command=asking.command, data=asking.payload)
    heard = (asked_by(frame, generation) for generation in Generation)
    variants = [variant for asked in heard if isinstance(asked, EnergomeraRequest) for variant in _variants(asked)]
    if answering is not None:
        size = len(answering.payload)
        variants = [asked for asked in variants if asked.says.size == size] or variants
    return variants[0] if variants else None


def _variants(asked: EnergomeraRequest[Any]) -> Iterator[EnergomeraRequest[Any]]:
    yield asked
    if isinstance(asked, ReadVoltages | ReadCurrents):
        # How many phases a meter has does not show in what it is asked.
        yield replace(asked, phases=_THREE_PHASES)


def _explained_request(content: _Content, asked: EnergomeraRequest[Any] | None) -> ExplainedFrame:
    if asked is None:
        return _unexplained(content, "unknown_request", "unknown_request")
    return _laid_out(content, frame_code(type(asked)), asked.asks, "echo" if content.is_answer else None)


def _explained_answer(
    data: bytes, content: _Content | None, asking: _Content | None, asked: EnergomeraRequest[Any] | None
) -> ExplainedFrame:
    if asking is not None and data == asking.data:
        return _explained_request(replace(asking, is_answer=True), asked)
    if content is None:
        return _noise(data, is_answer=True)
    if asking is None:
        return _unexplained(content, "unknown_request", "unknown_request")
    code = "unknown_request" if asked is None else frame_code(type(asked))
    problem = _why_not_to(asking, content)
    if problem is not None:
        return _unexplained(content, code, problem)
    if content.body[PASSWORD_START] >> 4 == CLASS_ERROR:
        return _refused(content)
    if asked is None:
        return _unexplained(content, code, "unknown_request")
    if len(content.payload) != asked.says.size:
        return _unexplained(content, code, "wrong_size")
    return _laid_out(content, code, asked.says.fields, None)


def _why_not_to(asking: _Content, content: _Content) -> str | None:
    if content.body[1 + ADDRESS_SIZE : PASSWORD_START] != asking.body[1 : 1 + ADDRESS_SIZE]:
        return "another_meter"
    return None if content.command == asking.command else "another_command"


def _refused(content: _Content) -> ExplainedFrame:
    if len(content.payload) != 1:
        return _unexplained(content, "refusal", "wrong_size")
    (code,) = content.payload
    known = {int(error): error.name.lower() for error in ErrorCode}
    status = ExplainedField(start=content.start, end=content.start + 1, code="error_code", value=f"{code:02X}h")
    return _assembled(content, "refusal", (status,), known.get(code, "other"))


def _laid_out(content: _Content, code: str, layout: Mapping[str, Field], problem: str | None) -> ExplainedFrame:
    part = explain_layout(layout, content.payload, start=content.start, show=_shown)
    if problem is None and not part.is_possible:
        problem = "impossible_value"
    return _assembled(content, code, part.fields, problem)


def _unexplained(content: _Content, code: str, problem: str) -> ExplainedFrame:
    payload, start = content.payload, content.start
    shown = ExplainedField(start=start, end=start + len(payload), code="data", value=payload.hex(" "))
    return _assembled(content, code, (shown,) if payload else (), problem)


def _noise(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    fields = (ExplainedField(start=0, end=len(data), code="data", value=data.hex(" ")),) if data else ()
    return ExplainedFrame(
        code="noise", data=data, is_answer=is_answer, fields=fields, crc_is_right=None, problem="no_frame"
    )


def _assembled(content: _Content, code: str, fields: tuple[ExplainedField, ...], problem: str | None) -> ExplainedFrame:
    right = None if content.is_masked else checksum(content.body) == 0
    data, end = content.data, len(content.body)
    if problem is None and content.told_size != len(content.payload):
        problem = "length_lies"
    crc = ExplainedField(start=end - CHECKSUM_SIZE, end=end, code="crc", value=right)
    return ExplainedFrame(
        code=code,
        data=data,
        is_answer=content.is_answer,
        fields=(
            ExplainedField(start=0, end=1, code="mark", value="C0h"),
            *map(content.on_wire, (*_head(content), *fields, crc)),
            ExplainedField(start=len(data) - 1, end=len(data), code="mark", value="C0h"),
        ),
        crc_is_right=right,
        problem="wrong_crc" if right is False else problem,
    )


def _head(content: _Content) -> Iterator[ExplainedField]:
    start = 0
    for code, size in content.head.items():
        value = _shown_head(code, content.body[start : start + size])
        yield ExplainedField(start=start, end=start + size, code=code, value=value)
        start += size


def _shown_head(code: str, part: bytes) -> FieldValue:
    match code:
        case "password":
            return None
        case "meter" | "reader":
            return int.from_bytes(part, "little")
        case _:
            return f"{part.hex().upper()}h"


def _shown(value: object) -> FieldValue:
    match value:
        case None | int() | str():
            return value
        case MeterClock():
            return str(value.time)
        case ArchiveStamp():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            assert isinstance(value, bytes), f"no way is known to show {value!r}"
            return value.hex(" ")
