"""DLMS in words: frames of HDLC, the wrapper or bare messages, byte by byte.

What comes in several frames is put together, explained, and cut again where the frames were.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from fastcrc import crc16

from kilovatt.wire.explain.dlms_ciphering import OpeningKeys
from kilovatt.wire.explain.dlms_messages import message_code, message_fields
from kilovatt.wire.explain.dlms_talk import Talk
from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.explain.pairing import is_dlms_answer
from kilovatt.wire.protocols.framing.connection import MASK
from kilovatt.wire.protocols.framing.hdlc.frames import FLAG
from kilovatt.wire.protocols.framing.wrapper import VERSION

_LENGTH_MASK, _FORMAT, _SEGMENTED = 0x07FF, 0xA0, 0x08
_LEAST_FRAME_BYTES = 9
_WRAPPER_BYTES = 8
_LLC = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_CODES = {0x93: "link_opened", 0x73: "link_opened", 0x53: "link_closed", 0x1F: "link_closed"}
_HIDDEN = bytes((MASK, MASK))


@dataclass(slots=True)
class _Cut:
    """Fields of the framing, and where in the bytes the parts of the message stand."""

    fields: list[ExplainedField] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    code: str | None = None
    problem: str | None = None
    crc_is_right: bool | None = None
    goes_on: bool = False
    """Whether the message goes on in frames that are not there."""
    begins: bool = True
    """Whether the message begins here, and not in a frame before."""


class Explainer:
    """Explains a session frame by frame: what comes in parts is put together, and titles are kept.

    With keys, ciphered messages are opened.
    """

    def __init__(self, keys: OpeningKeys | None = None) -> None:
        self._talk = Talk(keys)
        self._parts: dict[bool, bytes] = {}
        """What came before of a message that goes on, by whether it is an answer."""

    def exchange(self, request: bytes, answer: bytes | None) -> ExplainedExchange:
        """Return what a request and the answer to it say, every byte named."""
        by_itself = answer is None and bool(is_dlms_answer(request))
        return ExplainedExchange(
            request=self.frame(request, is_answer=by_itself),
            answer=None if answer is None else self.frame(answer, is_answer=True),
        )

    def frame(self, data: bytes, *, is_answer: bool) -> ExplainedFrame:
        """Return what bytes say: one frame or several, or a message without any."""
        cut = _cut(data)
        before = b"" if cut.begins or not cut.spans else self._parts.get(is_answer, b"")
        message = before + b"".join(data[start:end] for start, end in cut.spans)
        code, problem, fields = cut.code or "noise", cut.problem, cut.fields
        if cut.spans:
            self._parts[is_answer] = message if cut.goes_on else b""
            said, trouble = message_fields(message)
            code = "continued_message" if before else message_code(message)
            problem = problem or (None if cut.goes_on else trouble)
            fields = sorted([*fields, *_placed(said, cut.spans, len(before))], key=lambda told: told.start)
        explained = ExplainedFrame(
            code=code,
            data=data,
            is_answer=is_answer,
            fields=tuple(fields),
            crc_is_right=cut.crc_is_right,
            problem=problem,
        )
        is_whole = cut.spans and not cut.goes_on
        return self._talk.with_what_is_within(explained, message) if is_whole else explained


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named, without what came before them."""
    return Explainer().exchange(request, answer)


def explain_frame(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    """Return what bytes say: one frame or several, or a message without any."""
    return Explainer().frame(data, is_answer=is_answer)


def _cut(data: bytes) -> _Cut:
    if data[:1] == bytes((FLAG,)):
        return _cut_frames(data)
    head = len(data) >= _WRAPPER_BYTES and int.from_bytes(data[:2], "big") == VERSION
    if head:
        return _cut_wrapped(data)
    return _Cut(spans=[(0, len(data))]) if data else _Cut(problem="no_frame")


def _cut_wrapped(data: bytes) -> _Cut:
    cut, at = _Cut(), 0
    while len(data) - at >= _WRAPPER_BYTES and int.from_bytes(data[at : at + 2], "big") == VERSION:
        names = ("wrapper_version", "wrapper_source", "wrapper_destination", "wrapper_length")
        for place, name in enumerate(names):
            cut.fields.append(_number(data, at + 2 * place, at + 2 * place + 2, name))
        length = int.from_bytes(data[at + 6 : at + 8], "big")
        end = min(at + _WRAPPER_BYTES + length, len(data))
        cut.spans.append((at + _WRAPPER_BYTES, end))
        if end - at - _WRAPPER_BYTES < length:
            cut.problem = "no_frame"
        at = end
    if at < len(data):
        cut.fields.append(_raw(data, at, len(data), "noise"))
        cut.problem = "no_frame"
    return cut


def _cut_frames(data: bytes) -> _Cut:
    cut, at = _Cut(), 0
    while at < len(data):
        end = _frame_end(data, at)
        if end is None:
            following = data.find(FLAG, at + 1)
            stop = following if following > 0 else len(data)
            cut.fields.append(_raw(data, at, stop, "noise"))
            cut.problem = "no_frame"
            at = stop
        else:
            _cut_frame(data, at, end, cut)
            at = end
    return cut


def _frame_end(data: bytes, at: int) -> int | None:
    """Return where a frame ends that begins here with its flag; None where none does."""
    if data[at] != FLAG or len(data) - at < _LEAST_FRAME_BYTES or data[at + 1] & 0xF0 != _FORMAT:
        return None
    end = at + 2 + (int.from_bytes(data[at + 1 : at + 3], "big") & _LENGTH_MASK)
    return end if end <= len(data) and end - at >= _LEAST_FRAME_BYTES and data[end - 1] == FLAG else None


def _cut_frame(data: bytes, at: int, end: int, cut: _Cut) -> None:
    cut.fields.append(_raw(data, at, at + 1, "flag"))
    cut.fields.append(_raw(data, at + 1, at + 3, "format"))
    source_at = _address_end(data, at + 3, end)
    control_at = _address_end(data, source_at, end)
    cut.fields.append(_raw(data, at + 3, source_at, "destination"))
    cut.fields.append(_raw(data, source_at, control_at, "source"))
    cut.fields.append(_raw(data, control_at, control_at + 1, "control"))
    # The checksum of a password is hidden along with it.
    is_hidden = data[end - 3 : end - 1] == _HIDDEN
    is_right = is_hidden or crc16.ibm_sdlc(data[at + 1 : end - 3]) == int.from_bytes(data[end - 3 : end - 1], "little")
    if end - 3 > control_at + 3:
        cut.fields.append(_raw(data, control_at + 1, control_at + 3, "header_checksum"))
        cut.fields += _information(data, control_at + 3, end - 3, data[control_at], cut)
    elif end - 3 > control_at + 1:
        cut.fields.append(_raw(data, control_at + 1, end - 3, "data"))
    cut.goes_on = bool(data[at + 1] & _SEGMENTED)
    cut.fields.append(_raw(data, end - 3, end - 1, "checksum"))
    cut.fields.append(_raw(data, end - 1, end, "flag"))
    cut.code = cut.code or _CODES.get(data[control_at], "acknowledgement")
    if not is_hidden:
        cut.crc_is_right = is_right if cut.crc_is_right is None else cut.crc_is_right and is_right
    if not is_right:
        cut.problem = "checksum"


def _information(data: bytes, start: int, end: int, control: int, cut: _Cut) -> Iterator[ExplainedField]:
    if control & 1 and control & ~0x10 != 0x03:
        yield _raw(data, start, end, "link_parameters")
        return
    if not cut.spans:
        cut.begins = data[start : start + 3] in _LLC
        if cut.begins:
            yield _raw(data, start, start + 3, "message_mark")
            start += 3
    if start < end:
        cut.spans.append((start, end))


def _address_end(data: bytes, at: int, end: int) -> int:
    stop = next((place + 1 for place in range(at, min(at + 4, end - 4)) if data[place] & 1), at + 1)
    return min(stop, end - 4)


def _placed(fields: list[ExplainedField], spans: list[tuple[int, int]], before: int) -> Iterator[ExplainedField]:
    """Put fields of a message where its bytes stand; one that is cut by a border of frames is told in parts.

    So many bytes of the message stand `before` these.
    """
    for start, end in spans:
        length = end - start
        for told in fields:
            first, last = max(told.start, before), min(told.end, before + length)
            if first >= last:
                continue
            shift = start - before
            piece = replace(told, start=first + shift, end=last + shift)
            yield piece if first == told.start else replace(piece, code="continued", value=None, number=None)
        before += length


def _raw(data: bytes, start: int, end: int, code: str) -> ExplainedField:
    return ExplainedField(start=start, end=end, code=code, value=data[start:end].hex(" ").upper())


def _number(data: bytes, start: int, end: int, code: str) -> ExplainedField:
    return ExplainedField(start=start, end=end, code=code, value=int.from_bytes(data[start:end], "big"))
