"""Lines and blocks of IEC 62056-21, character by character; parity, where it came, is set aside.

What was sent or came in one exchange may be several of them: a break and a call, an identification and what is read
out behind it. The frame is then called after the last.

Which check character a maker makes does not show in a block: either is right.
"""

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.protocols.framing.connection import MASK, RefusalReason
from kilovatt.wire.protocols.framing.sign_on import (
    ACK,
    LINE_END,
    NAK,
    OPTION_SELECT_SIZE,
    address_called,
    identification_of,
    option_select_of,
)
from kilovatt.wire.protocols.iec62056_21.datasets import data_sets_of
from kilovatt.wire.protocols.iec62056_21.errors import refusal_in
from kilovatt.wire.protocols.iec62056_21.frames import ETX, SOH, STX, BlockCheck

_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))
_BLOCK_MIN = 3
_COMMAND_SIZE = 2
_COMMANDS = {"P0": "operand", "P1": "password_given", "R1": "read_parameter", "B0": "farewell"}
_ANSWERS = {
    "called": frozenset({"identification", "readout", "refusal", "yes", "no", "farewell"}),
    "mode_chosen": frozenset({"operand", "readout", "mode_chosen"}),
    "password_given": frozenset({"yes", "no", "farewell", "refusal"}),
    "read_parameter": frozenset({"readout", "refusal", "no"}),
}
_PASSWORD_BEGINS = SOH + b"P1" + STX + b"("
_HIDDEN_MIN = 3
"""A closing bracket, the end of the text, the check character."""
_SAID_BY_METERS = frozenset({"identification", "operand", "readout", "refusal"})
_Parts = list[tuple[int, str, str | int | bool | None]]
"""How many bytes, what they are, what they say."""


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named. A password is never shown."""
    by_itself = answer is None and _explained(request, is_answer=True, asked=None).code in _SAID_BY_METERS
    asked = _explained(request, is_answer=by_itself, asked=None)
    heard = None if answer is None else _explained(answer, is_answer=True, asked=asked.code)
    if heard is not None and answer == request and not _is_repeated_choice(request):
        heard = _with_problem(heard, "echo")
    return ExplainedExchange(request=asked, answer=heard)


def _is_repeated_choice(request: bytes) -> bool:
    """Whether it is the choice of HDLC, which a meter repeats to agree (mode E)."""
    seven = request.translate(_SEVEN_BITS)
    return seven[:2] == ACK + b"2" and seven[3:4] == b"2"


def _explained(data: bytes, *, is_answer: bool, asked: str | None) -> ExplainedFrame:
    checks: list[bool] = []
    code, last = "noise", b""
    parts: _Parts = []
    try:
        for last in _messages(data.translate(_SEVEN_BITS)):
            code, said = _message(last)
            parts += said
            if last[:1] in {SOH, STX}:
                # That of a masked password cannot be told.
                checks += [right for right in (_check(last),) if right is not None]
    except ValueError:
        code, parts, checks = "noise", ([(len(data), "data", data.hex(" "))] if data else []), []
    crc_is_right = all(checks) if checks else None
    problem = _problem(code, last, asked if is_answer else None)
    return ExplainedFrame(
        code=code,
        data=data,
        is_answer=is_answer,
        fields=_fields(parts),
        crc_is_right=crc_is_right,
        problem="wrong_crc" if crc_is_right is False else problem,
    )


def _messages(seven: bytes) -> tuple[bytes, ...]:
    """Return the lines and blocks that characters are. Raises ValueError where they are none."""
    messages = []
    while seven:
        size = _size(seven)
        messages.append(seven[:size])
        seven = seven[size:]
    return tuple(messages)


def _size(seven: bytes) -> int:
    if _is_hidden_password(seven):
        return len(seven)
    if seven[:1] in {SOH, STX}:
        size = seven.find(ETX) + 2
        if not _BLOCK_MIN <= size <= len(seven):
            raise ValueError("no whole block")
        return size
    if seven[:1] in {ACK, NAK}:
        is_choice = seven[OPTION_SELECT_SIZE - len(LINE_END) : OPTION_SELECT_SIZE] == LINE_END
        return OPTION_SELECT_SIZE if is_choice else len(ACK)
    behind_a_call = seven.find(b"!" + SOH) if seven.startswith(b"/?") else -1
    end = seven.find(LINE_END)
    if behind_a_call >= 0 and not 0 <= end < behind_a_call:
        return behind_a_call + 1
    if end < 0:
        raise ValueError("no whole line")
    return end + len(LINE_END)


def _is_hidden_password(seven: bytes) -> bool:
    """Whether a password is hidden up to the check character, as what leaves the head-end is."""
    hidden = seven.removeprefix(_PASSWORD_BEGINS)
    return hidden != seven and len(hidden) >= _HIDDEN_MIN and set(hidden) == {MASK}


def _message(seven: bytes) -> tuple[str, _Parts]:
    if _is_hidden_password(seven):
        hidden: _Parts = [(1, "mark", "SOH"), (_COMMAND_SIZE, "command", "P1"), (1, "mark", "STX")]
        return "password_given", [*hidden, (len(seven) - _COMMAND_SIZE - 2, "password", None)]
    if seven[:1] == SOH:
        return _command(seven)
    return _data(seven) if seven[:1] == STX else _line(seven)


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
        # A command may stand right behind the call, and not on a line of its own.
        address = address_called(seven if seven.endswith(LINE_END) else seven + LINE_END)
        end = len(seven) - seven.find(b"!")
        size = len(seven) - 2 - end
        middle: _Parts = [(size, "address", address)] if size else []
        return "called", [(2, "mark", "/?"), *middle, (end, "mark", "!")]
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
