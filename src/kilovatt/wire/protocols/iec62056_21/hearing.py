"""The meter's side: what was heard on the line, message by message, or why it is nothing for a meter."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.framing import seven_bits, sign_on
from kilovatt.wire.protocols.framing.sign_on import OptionSelect
from kilovatt.wire.protocols.iec62056_21.frames import (
    COMMAND_SIZE_MAX,
    SOH,
    BlockCheck,
    Command,
    command_of,
    frame_size,
)

_CALL = b"/?"
_CALL_END = b"!"


@dataclass(frozen=True, slots=True)
class Call:
    """A call for an address, without leading zeros; "" for whichever is alone.

    `goes_on`: a command stands right behind it.
    """

    address: str
    goes_on: bool = False


Heard: TypeAlias = Call | OptionSelect | Command


def heard(data: bytes, check: BlockCheck) -> tuple[Heard, ...] | None:
    """Return the messages that these bytes are, parity and all; None where they are none, or not whole yet."""
    if len(data) > COMMAND_SIZE_MAX:
        return None
    try:
        rest = seven_bits.without_parity(data)
        messages: list[Heard] = []
        while rest:
            size = _size(rest)
            if size is None:
                return None
            messages.append(_message(rest[:size], check))
            rest = rest[size:]
    except ValueError:
        return None
    return tuple(messages)


def _size(data: bytes) -> int | None:
    if data.startswith(sign_on.ACK):
        return sign_on.OPTION_SELECT_SIZE if len(data) >= sign_on.OPTION_SELECT_SIZE else None
    if data.startswith(SOH):
        return frame_size(data)
    end = data.find(_CALL_END) + 1
    if not data.startswith(_CALL) or not end or end == len(data):
        return None
    return end if data.startswith(SOH, end) else end + len(sign_on.LINE_END)


def _message(data: bytes, check: BlockCheck) -> Heard:
    if data.startswith(sign_on.ACK):
        return sign_on.option_select_of(data)
    if data.startswith(SOH):
        return command_of(data, check)
    goes_on = data.endswith(_CALL_END)
    return Call(sign_on.address_called(data + sign_on.LINE_END if goes_on else data), goes_on)
