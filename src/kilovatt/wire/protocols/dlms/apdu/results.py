"""How a service ends: results of access and of actions, exceptions, refusals of an association."""

from dataclasses import dataclass
from enum import IntEnum

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError

EXCEPTION, CONFIRMED_SERVICE_ERROR = 0xD8, 0x0E
INVOCATION_COUNTER_ERROR = 6


class AccessResult(IntEnum):
    """Data-Access-Result and Action-Result: one list of numbers."""

    SUCCESS = 0
    HARDWARE_FAULT = 1
    TEMPORARY_FAILURE = 2
    ACCESS_DENIED = 3
    OBJECT_UNDEFINED = 4
    CLASS_INCONSISTENT = 9
    OBJECT_UNAVAILABLE = 11
    TYPE_UNMATCHED = 12
    SCOPE_VIOLATED = 13
    BLOCK_UNAVAILABLE = 14
    LONG_GET_ABORTED = 15
    NO_LONG_GET = 16
    LONG_SET_ABORTED = 17
    NO_LONG_SET = 18
    BLOCK_NUMBER_INVALID = 19
    OTHER_REASON = 250


def access_result(code: int, cursor: Cursor) -> AccessResult:
    """Return a result by its number. Raises MalformedError for a number that has no meaning."""
    try:
        return AccessResult(code)
    except ValueError:
        raise MalformedError(f"{code} is no result of an access", cursor.data, cursor.at - 1) from None


def access_results(cursor: Cursor) -> tuple[AccessResult, ...]:
    """Return a list of results. Raises MalformedError."""
    return tuple(access_result(cursor.byte(), cursor) for _ in range(cursor.count(1)))


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """The meter cannot serve the message at all (tag D8h). `counter` is the invocation counter it wants."""

    state_error: int
    service_error: int
    counter: int | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        counter = b"" if self.counter is None else self.counter.to_bytes(4, "big")
        return bytes((EXCEPTION, self.state_error, self.service_error)) + counter


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """A service failed before it had an object (tag 0Eh): which service, what kind of error, which."""

    service: int
    kind: int
    code: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((CONFIRMED_SERVICE_ERROR, self.service, self.kind, self.code))


def decode_exception(cursor: Cursor) -> ExceptionResponse:
    """Return an exception, its tag already taken. Raises MalformedError."""
    state, service = cursor.byte(), cursor.byte()
    counter = cursor.number(4) if service == INVOCATION_COUNTER_ERROR and cursor.at < len(cursor.data) else None
    cursor.end()
    return ExceptionResponse(state, service, counter)


def decode_service_error(cursor: Cursor) -> ConfirmedServiceError:
    """Return a service error, its tag already taken. Raises MalformedError."""
    made = ConfirmedServiceError(cursor.byte(), cursor.byte(), cursor.byte())
    cursor.end()
    return made
