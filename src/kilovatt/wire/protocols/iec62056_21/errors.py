"""What a meter of Энергомера says instead of a value: (E12), (ERR12), with a number that says why not.

The numbers are those of the maker's text on СЕ308; that 12 is an unknown name is captured from СЕ303 as well.
"""

import re
from enum import IntEnum

from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

_ERROR = re.compile(r"E(?:RR)?(\d{1,3})")


class ErrorNumber(IntEnum):
    """Why a meter will not."""

    UNKNOWN_COMMAND = 11
    UNKNOWN_PARAMETER = 12
    WRONG_STRUCTURE = 13
    ACCESS_BUTTON = 14
    """The button «ДСТП» is not pressed."""
    ACCESS_DENIED = 15
    PROGRAMMING_FORBIDDEN = 16
    IMPOSSIBLE_VALUE = 17
    NOT_KEPT = 18
    """There is no record of such a date."""
    BUSY = 19
    ANSWER_TOO_LONG = 22
    POWER_PROBLEM = 30
    BUS_PROBLEM = 31
    MEMORY_PROBLEM = 32
    MEMORY_WRITE_PROBLEM = 33


_REASONS = {
    ErrorNumber.UNKNOWN_COMMAND: RefusalReason.UNKNOWN_REQUEST,
    ErrorNumber.UNKNOWN_PARAMETER: RefusalReason.UNKNOWN_REQUEST,
    ErrorNumber.WRONG_STRUCTURE: RefusalReason.UNKNOWN_REQUEST,
    ErrorNumber.ACCESS_BUTTON: RefusalReason.ACCESS_DENIED,
    ErrorNumber.ACCESS_DENIED: RefusalReason.ACCESS_DENIED,
    ErrorNumber.PROGRAMMING_FORBIDDEN: RefusalReason.ACCESS_DENIED,
    ErrorNumber.IMPOSSIBLE_VALUE: RefusalReason.UNKNOWN_REQUEST,
    ErrorNumber.NOT_KEPT: RefusalReason.UNKNOWN_REQUEST,
    ErrorNumber.POWER_PROBLEM: RefusalReason.INTERNAL_ERROR,
    ErrorNumber.BUS_PROBLEM: RefusalReason.INTERNAL_ERROR,
    ErrorNumber.MEMORY_PROBLEM: RefusalReason.INTERNAL_ERROR,
    ErrorNumber.MEMORY_WRITE_PROBLEM: RefusalReason.INTERNAL_ERROR,
}
"""What each means to whoever asked: that the meter does not have it, that it may not be read, or a fault."""


def refusal_in(value: str) -> Refusal | None:
    """Return the refusal that stands in the place of a value; None for a value."""
    found = _ERROR.fullmatch(value)
    if found is None:
        return None
    known = {int(number): reason for number, reason in _REASONS.items()}
    return Refusal(reason=known.get(int(found[1]), RefusalReason.OTHER), code=int(found[1]))


def error_text(number: ErrorNumber) -> str:
    """Return what stands in brackets for a number."""
    return f"ERR{number:02}"
