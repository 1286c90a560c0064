"""ACCESS, and the services of short names, as exchanges."""

from collections.abc import Generator
from typing import Any

from kilovatt.wire.protocols.dlms.apdu.access_service import AccessRequest, AccessResponse
from kilovatt.wire.protocols.dlms.apdu.invoking import LONG_NUMBER_MASK, invoke_long
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import (
    NextReadBlock,
    ParameterizedName,
    ReadPart,
    ReadRequest,
    ReadResponse,
    ShortName,
    WriteRequest,
    WriteResponse,
    decode_read_results,
)
from kilovatt.wire.protocols.dlms.association.exchanges import VALUE_BYTES_MAX
from kilovatt.wire.protocols.dlms.association.requests import AccessAll, ReadVariable, ReadVariables, WriteVariables
from kilovatt.wire.protocols.dlms.association.session import Session, refusal, understood
from kilovatt.wire.protocols.dlms.association.steps import Exchange, Say
from kilovatt.wire.protocols.dlms.values import MalformedError, decode
from kilovatt.wire.protocols.framing.connection import Refusal


def accessing(asked: AccessAll, session: Session) -> Exchange[AccessResponse]:
    """Do several things in one message."""
    session.turn()
    invoke = invoke_long(session.number)
    message = yield Say(AccessRequest(invoke, asked.asked, asked.values).encode())
    said: AccessResponse = understood(message, (AccessResponse,))
    if said.invoke & LONG_NUMBER_MASK != session.number:
        words = f"an answer to invoke-id {said.invoke & LONG_NUMBER_MASK}, and {session.number} is wanted"
        raise MalformedError(words, message, 1)
    if len(said.values) != len(asked.asked):
        raise MalformedError(f"{len(said.values)} values, and {len(asked.asked)} are wanted", message, 0)
    return said


def reading_one(asked: ReadVariable, _session: Session) -> Exchange[Any]:
    """Read one short name."""
    results = yield from _results((asked.variable,))
    if isinstance(results, Refusal):
        return results
    (result,) = results
    return refusal(result) if isinstance(result, AccessResult) else asked.read(result)


def reading(asked: ReadVariables, _session: Session) -> Exchange[Any]:
    """Read short names."""
    results = yield from _results(asked.variables)
    if isinstance(results, Refusal):
        return results
    return tuple(one if isinstance(one, AccessResult) else decode(one) for one in results)


def _results(
    variables: tuple[ShortName | ParameterizedName, ...],
) -> Generator[Say, bytes, tuple[bytes | AccessResult, ...] | Refusal]:
    """Return what each name brought. Answers bear no invoke-id: only their order tells them apart."""
    message = yield Say(ReadRequest(variables).encode())
    said = understood(message, (ReadResponse,))
    results: tuple[Any, ...] = said.results
    if len(results) == 1 and isinstance(results[0], ReadPart):
        whole = yield from _parts(results[0], message)
        if isinstance(whole, AccessResult):
            return refusal(whole)
        results = decode_read_results(whole)
    if len(results) != len(variables) or any(isinstance(one, ReadPart) for one in results):
        raise MalformedError(f"{len(results)} values, and {len(variables)} are wanted", message, 0)
    return results


def writing(asked: WriteVariables, _session: Session) -> Exchange[tuple[AccessResult, ...]]:
    """Write short names."""
    message = yield Say(WriteRequest(asked.variables, asked.values).encode())
    said: WriteResponse = understood(message, (WriteResponse,))
    if len(said.results) != len(asked.variables):
        raise MalformedError(f"{len(said.results)} results, and {len(asked.variables)} are wanted", message, 0)
    return said.results


def _parts(part: ReadPart, message: bytes) -> Generator[Say, bytes, bytes | AccessResult]:
    whole, number = bytearray(), 1
    while True:
        if part.block != number:
            raise MalformedError(f"block {part.block}, and {number} is wanted", message, 0)
        if not part.part and not part.is_last:
            raise MalformedError("an empty block", message, 0)
        whole += part.part
        if len(whole) > VALUE_BYTES_MAX:
            raise MalformedError(f"a value of more than {VALUE_BYTES_MAX} bytes", message, 0)
        if part.is_last:
            return bytes(whole)
        message = yield Say(ReadRequest((NextReadBlock(number),)).encode())
        results = understood(message, (ReadResponse,)).results
        if len(results) != 1 or isinstance(results[0], bytes):
            raise MalformedError(f"a whole value, and block {number + 1} of one is wanted", message, 0)
        if isinstance(results[0], AccessResult):
            return results[0]
        part, number = results[0], number + 1
