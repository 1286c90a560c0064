"""How messages of DLMS are carried: frames of HDLC, the wrapper, or nothing around them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fastcrc import crc16

from kilovatt.wire.explain.fields import ExplainedField, FieldValue
from kilovatt.wire.protocols.framing.connection import MASK, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import FLAG, Kind
from kilovatt.wire.protocols.framing.hdlc.parameters import decode_limits
from kilovatt.wire.protocols.framing.wrapper import VERSION

_LENGTH_MASK, _FORMAT, _SEGMENTED = 0x07FF, 0xA0, 0x08
_LEAST_FRAME_BYTES = 9
_WRAPPER_BYTES = 8
_LLC = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_FINAL = 0x10
_CODES = {
    Kind.SNRM: "link_asked",
    Kind.UA: "link_agreed",
    Kind.DISC: "link_closing",
    Kind.DM: "link_closed",
    Kind.FRMR: "frame_rejected",
}
_SECOND_BYTES = 2
_HIDDEN = bytes((MASK, MASK))


@dataclass(slots=True)
class Cut:
    """Fields of the framing, and where in the bytes the parts of messages stand: spans, half-open, of each message."""

    fields: list[ExplainedField] = field(default_factory=list)
    messages: list[list[tuple[int, int]]] = field(default_factory=list)
    code: str | None = None
    problem: str | None = None
    crc_is_right: bool | None = None
    goes_on: bool = False
    """Whether the last message goes on in frames that are not there."""
    begins: bool = True
    """Whether the first message begins here: where it does not say so, it may go on from a frame before."""


def cut_of(data: bytes) -> Cut:
    """Return bytes cut into fields of their framing and parts of a message."""
    if data[:1] == bytes((FLAG,)):
        return _cut_frames(data)
    head = len(data) >= _WRAPPER_BYTES and int.from_bytes(data[:2], "big") == VERSION
    if head:
        return _cut_wrapped(data)
    return Cut(messages=[[(0, len(data))]]) if data else Cut(problem="no_frame")


def _cut_wrapped(data: bytes) -> Cut:
    cut, at = Cut(), 0
    while len(data) - at >= _WRAPPER_BYTES and int.from_bytes(data[at : at + 2], "big") == VERSION:
        names = ("wrapper_version", "wrapper_source", "wrapper_destination", "wrapper_length")
        for place, name in enumerate(names):
            cut.fields.append(_number(data, at + 2 * place, at + 2 * place + 2, name))
        length = int.from_bytes(data[at + 6 : at + 8], "big")
        end = min(at + _WRAPPER_BYTES + length, len(data))
        cut.messages.append([(at + _WRAPPER_BYTES, end)] if end > at + _WRAPPER_BYTES else [])
        if end - at - _WRAPPER_BYTES < length:
            cut.problem = "no_frame"
        at = end
    if at < len(data):
        cut.fields.append(_raw(data, at, len(data), "noise"))
        cut.problem = "no_frame"
    return cut


def _cut_frames(data: bytes) -> Cut:
    cut, at = Cut(), 0
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
    return end if end <= len(data) and end - at >= _LEAST_FRAME_BYTES and data[end - 1] in (FLAG, MASK) else None


def _cut_frame(data: bytes, at: int, end: int, cut: Cut) -> None:
    cut.fields.append(_raw(data, at, at + 1, "flag"))
    cut.fields.append(_told(at + 1, at + 3, "format", _format(data[at + 1 : at + 3])))
    source_at = _address_end(data, at + 3, end)
    control_at = _address_end(data, source_at, end)
    cut.fields.append(_told(at + 3, source_at, "destination", _address(data[at + 3 : source_at])))
    cut.fields.append(_told(source_at, control_at, "source", _address(data[source_at:control_at])))
    cut.fields.append(_told(control_at, control_at + 1, "control", _control(data[control_at])))
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
    cut.code = cut.code or _CODES.get(_kind(data[control_at]) or Kind.RR, "acknowledgement")
    if not is_hidden:
        cut.crc_is_right = is_right if cut.crc_is_right is None else cut.crc_is_right and is_right
    if not is_right:
        cut.problem = "checksum"


def _information(data: bytes, start: int, end: int, control: int, cut: Cut) -> Iterator[ExplainedField]:
    if control & 1 and control & ~0x10 != 0x03:
        yield _told(start, end, "link_parameters", _limits(data[start:end]))
        return
    is_new = not (cut.goes_on and cut.messages)
    if is_new and data[start : start + 3] in _LLC:
        yield _raw(data, start, start + 3, "message_mark")
        start += 3
    elif not cut.messages:
        cut.begins = False
    if is_new:
        cut.messages.append([])
    if start < end:
        cut.messages[-1].append((start, end))


def _address_end(data: bytes, at: int, end: int) -> int:
    stop = next((place + 1 for place in range(at, min(at + 4, end - 4)) if data[place] & 1), at + 1)
    return min(stop, end - 4)


def _kind(control: int) -> Kind | None:
    """Return the kind of a frame; None for one that the standard does not know."""
    if not control & 1:
        return Kind.I
    numbered = Kind.RR, Kind.RNR
    kind = next((one for one in numbered if control & 0x0F == one), control & ~_FINAL)
    return Kind(kind) if kind in Kind.__members__.values() else None


def _format(taken: bytes) -> str:
    told = int.from_bytes(taken, "big")
    return f"{told & _LENGTH_MASK} B" + (", segment" if taken[0] & _SEGMENTED else "")


def _address(taken: bytes) -> str:
    parts = (taken,) if len(taken) < _SECOND_BYTES else (taken[: len(taken) // 2], taken[len(taken) // 2 :])
    numbers = []
    for part in parts:
        number = 0
        for octet in part:
            number = number << 7 | octet >> 1
        numbers.append(str(number))
    return " / ".join(numbers)


def _control(control: int) -> str:
    kind = _kind(control)
    if kind is None:
        return f"{control:02X}h"
    final = " P/F" if control & _FINAL else ""
    numbers = f" N(R)={control >> 5}" if kind in (Kind.I, Kind.RR, Kind.RNR) else ""
    sent = f" N(S)={control >> 1 & 7}" if kind is Kind.I else ""
    return f"{kind.name}{sent}{numbers}{final}"


def _limits(taken: bytes) -> str:
    try:
        limits = decode_limits(taken)
    except RemoteProtocolError:
        return taken.hex(" ").upper()
    return (
        f"transmit {limits.transmit_info} B × {limits.transmit_window}, "
        f"receive {limits.receive_info} B × {limits.receive_window}"
    )


def _told(start: int, end: int, code: str, value: FieldValue) -> ExplainedField:
    return ExplainedField(start=start, end=end, code=code, value=value)


def _raw(data: bytes, start: int, end: int, code: str) -> ExplainedField:
    return ExplainedField(start=start, end=end, code=code, value=data[start:end].hex(" ").upper())


def _number(data: bytes, start: int, end: int, code: str) -> ExplainedField:
    return ExplainedField(start=start, end=end, code=code, value=int.from_bytes(data[start:end], "big"))
