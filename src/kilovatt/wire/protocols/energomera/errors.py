"""What a meter says instead of an answer: a byte that says why not."""

from enum import IntEnum

from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason


class ErrorCode(IntEnum):
    """Why a meter will not."""

    NO_SUCH_COMMAND = 0x00
    WRONG_FORMAT = 0x01
    ACCESS_LEVEL = 0x02
    PARAMETER_COUNT = 0x03
    CONFIGURATION = 0x04
    ACCESS_BUTTON = 0x05
    """The button «Доступ» is not pressed, which some commands want at the optical port."""
    PARAMETER = 0x10
    MEMORY_WRITE = 0x20
    TARIFF_PROGRAM = 0x40
    MEMORY_READ = 0x80


_REASONS = {
    ErrorCode.NO_SUCH_COMMAND: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.ACCESS_LEVEL: RefusalReason.ACCESS_DENIED,
    ErrorCode.PARAMETER_COUNT: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.CONFIGURATION: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.ACCESS_BUTTON: RefusalReason.ACCESS_DENIED,
    ErrorCode.PARAMETER: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.MEMORY_WRITE: RefusalReason.INTERNAL_ERROR,
    ErrorCode.MEMORY_READ: RefusalReason.INTERNAL_ERROR,
}
"""What each means to whoever asked: that the meter does not have it, that the password is not enough, or a fault."""


def refusal_of(code: int) -> Refusal:
    """Return what the byte of an error says."""
    known = {int(error): reason for error, reason in _REASONS.items()}
    return Refusal(reason=known.get(code, RefusalReason.OTHER), code=code)
