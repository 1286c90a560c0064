"""Lines and blocks of IEC 62056-21, character by character; parity, where it came, is set aside.

Which check character a maker makes does not show in a block: either is right.
"""

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.protocols.framing.connection import MASK, RefusalReason
from kilovatt.wire.protocols.framing.sign_on import ACK, NAK, address_called, identification_of, option_select_of
from kilovatt.wire.protocols.iec62056_21.datasets import data_sets_of
from kilovatt.wire.protocols.iec62056_21.errors import refusal_in
from kilovatt.wire.protocols.iec62056_21.frames import ETX, SOH, STX, BlockCheck

_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))
_BLOCK_MIN = 3
_COMMAND_SIZE = 2
_COMMANDS = {"P0": "operand", "P1": "password_given", "R1": "read_parameter", "B0": "farewell"}
_ANSWERS = {
    "called": frozenset({"identification"}),
    "mode_chosen": frozenset({"operand", "readout"}),
    "password_given": frozenset({"yes", "no", "farewell", "refusal"}),
    "read_parameter": frozenset({"readout", "refusal", "no"}),
}
_Parts = list[tuple[int, str, str | int | bool | None]]
"""How many bytes, what they are, what they say."""


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named. A password is never shown."""
    asked = _explained(request, is_answer=False, asked=None)
    heard = None if answer is None else _explained(answer, is_answer=True, asked=asked.code)
    if heard is not None and answer == request:
        heard = _with_problem(heard, "echo")
    return ExplainedExchange(request=asked, answer=heard)


def _explained(data: bytes, *, is_answer: bool, asked: str | None) -> ExplainedFrame:
    seven = data.translate(_SEVEN_BITS)
    crc_is_right: bool | None = None
    try:
        if len(seven) >= _BLOCK_MIN and seven[:1] in {SOH, STX}:
            crc_is_right = _check(seven)
            code, parts = _command(seven) if seven[:1] == SOH else _data(seven)
        else:
            code, parts = _line(seven)
    except ValueError:
        code, parts, crc_is_right = "noise", ([(len(data), "data", data.hex(" "))] if data else []), None
    problem = _problem(code, seven, asked if is_answer else None)
    return ExplainedFrame(
        code=code,
        data=data,
        is_answer=is_answer,
        fields=_fields(parts),
        crc_is_right=crc_is_right,
        problem="wrong_crc" if crc_is_right is False else problem,
    )


def _fields(parts: _Parts) -> tuple[ExplainedField, ...]:
    fields: list[ExplainedField] = []
    start = 0
    for size, code, value in parts:
        fields.append(ExplainedField(start=start, end=start + size, code=code, value=value))
        start += size
    return tuple(fields)


def _check(seven: bytes) -> bool | None:
    if seven[-1] == MASK and seven[1:3] == b"P1":
        return None
    return any(check.of(seven[1:-1]) == seven[-1] for check in BlockCheck)


def _line(seven: bytes) -> tuple[str, _Parts]:
    if seven in {ACK, NAK}:
        return ("yes", [(1, "mark", "ACK")]) if seven == ACK else ("no", [(1, "mark", "NAK")])
    if seven.startswith(b"/?"):
        address = address_called(seven)
        size = len(seven) - 5
        middle: _Parts = [(size, "address", address)] if size else []
        return "called", [(2, "mark", "/?"), *middle, (3, "mark", "!")]
    if seven.startswith(b"/"):
        said = identification_of(seven)
        escapes: _Parts = [(2 * len(said.marks), "marks", said.marks)] if said.marks else []
        name: _Parts = [(len(said.type_name), "type_name", said.type_name)] if said.type_name else []
        ends: _Parts = [(2, "line_end", None)]
        return "identification", [
            (1, "mark", "/"),
            (3, "maker", said.maker),
            (1, "baud_letter", said.baud_letter),
            *escapes,
            *name,
            *ends,
        ]
    chosen = option_select_of(seven)
    return "mode_chosen", [
        (1, "mark", "ACK"),
        (1, "procedure", chosen.procedure.value),
        (1, "baud_letter", chosen.baud_letter),
        (1, "mode", chosen.mode.value),
        (2, "line_end", None),
    ]


def _command(seven: bytes) -> tuple[str, _Parts]:
    name = seven[1 : 1 + _COMMAND_SIZE].decode("ascii")
    code = _COMMANDS.get(name, "unknown_command")
    text = seven[1 + _COMMAND_SIZE : -2]
    if seven[-2:-1] != ETX or text[:1] not in {b"", STX}:
        raise ValueError("no block of a command")
    middle: _Parts = [(1, "mark", "STX")] if text else []
    shown = None if code == "password_given" else text[1:].decode("ascii")
    if len(text) > 1:
        middle += [(len(text) - 1, "password" if code == "password_given" else "text", shown)]
    tail: _Parts = [(1, "mark", "ETX"), (1, "crc", _check(seven))]
    return code, [(1, "mark", "SOH"), (_COMMAND_SIZE, "command", name), *middle, *tail]


def _data(seven: bytes) -> tuple[str, _Parts]:
    if seven[-2:-1] != ETX:
        raise ValueError("no block of data")
    lines: _Parts = [
        (len(line), "data_set", line.decode("ascii").rstrip("\r\n")) for line in seven[1:-2].splitlines(keepends=True)
    ]
    code = "refusal" if _refusal(seven) is not None else "readout"
    return code, [(1, "mark", "STX"), *lines, (1, "mark", "ETX"), (1, "crc", _check(seven))]


def _refusal(seven: bytes) -> RefusalReason | None:
    try:
        sets = data_sets_of(seven[1:-2].decode("ascii"))
    except ValueError:
        return None
    error = refusal_in(sets[0].values[0]) if len(sets) == 1 and len(sets[0].values) == 1 else None
    return None if error is None else error.reason


def _problem(code: str, seven: bytes, asked: str | None) -> str | None:
    if code == "noise":
        return "no_frame"
    if asked is not None and asked in _ANSWERS and code not in _ANSWERS[asked]:
        return "another_answer"
    if code == "refusal":
        return "unknown_name" if _refusal(seven) is RefusalReason.UNKNOWN_REQUEST else "other"
    return None


def _with_problem(frame: ExplainedFrame, problem: str) -> ExplainedFrame:
    return ExplainedFrame(
        code=frame.code,
        data=frame.data,
        is_answer=frame.is_answer,
        fields=frame.fields,
        crc_is_right=frame.crc_is_right,
        problem=problem,
    )
