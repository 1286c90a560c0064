"""GET, SET and ACTION as exchanges: question, answer, and the blocks between them."""

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from kilovatt.wire.protocols.dlms.apdu import action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import (
    GetAttribute,
    GetAttributes,
    RunMethod,
    RunMethods,
    SetAttribute,
    SetAttributes,
)
from kilovatt.wire.protocols.dlms.association.session import Session, refusal, understood
from kilovatt.wire.protocols.dlms.association.steps import Exchange, Say
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, decode, encode
from kilovatt.wire.protocols.framing.connection import Refusal

VALUE_BYTES_MAX = 1 << 22
"""A value that is longer in all its blocks is none."""
_BLOCK_HEAD_BYTES = 16
_PART_BYTES_MIN = 16
_Block: TypeAlias = Callable[[int, bytes, bool], bytes]
"""How a block is made: its number, its part, whether it is the last."""


def getting(asked: GetAttribute, session: Session) -> Exchange[Any]:
    """Read an attribute."""
    invoke = session.turn()
    message = yield Say(get.asked(invoke, asked.attribute, asked.selection))
    whole = get.value_of(message, invoke)
    if whole is not None:
        return asked.read(whole)
    said = understood(message, (get.GetResponse, get.GetBlock), invoke)
    result = (yield from _blocks(said, message, invoke)) if isinstance(said, get.GetBlock) else said.result
    return refusal(result) if isinstance(result, AccessResult) else asked.read(result)


def getting_several(asked: GetAttributes, session: Session) -> Exchange[Any]:
    """Read several attributes."""
    invoke = session.turn()
    message = yield Say(get.GetListRequest(invoke, tuple((one, None) for one in asked.attributes)).encode())
    said = understood(message, (get.GetListResponse, get.GetBlock), invoke)
    if isinstance(said, get.GetBlock):
        whole = yield from _blocks(said, message, invoke)
        if isinstance(whole, AccessResult):
            return refusal(whole)
        results = get.decode_results(whole)
    else:
        results = said.results
    _check_count(len(results), len(asked.attributes), message)
    return tuple(one if isinstance(one, AccessResult) else decode(one) for one in results)


def setting_one(asked: SetAttribute, session: Session) -> Exchange[Refusal | None]:
    """Write an attribute, in blocks where it is long and the meter takes them."""
    invoke = session.turn()
    whole = setting.SetRequest(invoke, asked.attribute, asked.value, asked.selection).encode()
    if not _is_too_long(whole, session, Conformance.BLOCK_SET):
        said = understood((yield Say(whole, is_secret=asked.is_secret)), (setting.SetResponse,), invoke)
        return None if said.result is AccessResult.SUCCESS else refusal(said.result)

    def block(number: int, part: bytes, is_last: bool) -> bytes:  # noqa: FBT001  # of a block
        target = (asked.attribute, asked.selection) if number == 1 else (None, None)
        return setting.SetBlock(invoke, is_last, number, part, *target).encode()

    room = session.room - len(setting.SetBlock(invoke, True, 1, b"", asked.attribute, asked.selection).encode())  # noqa: FBT003
    message = yield from _said_in_blocks(
        encode(asked.value), room, block, (invoke, setting.SetBlockResponse), is_secret=asked.is_secret
    )
    said = understood(message, (setting.SetBlockResponse, setting.SetResponse), invoke)
    if said.result is None:
        raise MalformedError("the last block was taken, and nothing is said of the result", message, 0)
    return None if said.result is AccessResult.SUCCESS else refusal(said.result)


def setting_several(asked: SetAttributes, session: Session) -> Exchange[Any]:
    """Write several attributes."""
    invoke = session.turn()
    attributes = tuple((one, None) for one in asked.attributes)
    whole = setting.SetListRequest(invoke, attributes, asked.values).encode()
    if not _is_too_long(whole, session, Conformance.BLOCK_SET):
        message = yield Say(whole)
        said = understood(message, (setting.SetListResponse,), invoke)
    else:

        def block(number: int, part: bytes, is_last: bool) -> bytes:  # noqa: FBT001  # of a block
            if number == 1:
                return setting.SetListBlock(invoke, is_last, number, part, attributes).encode()
            return setting.SetBlock(invoke, is_last, number, part).encode()

        room = session.room - len(setting.SetListBlock(invoke, True, 1, b"", attributes).encode())  # noqa: FBT003
        taken = (invoke, setting.SetBlockResponse)
        message = yield from _said_in_blocks(setting.encode_values(asked.values), room, block, taken)
        said = understood(message, (setting.SetListBlockResponse, setting.SetBlockResponse), invoke)
        if isinstance(said, setting.SetBlockResponse):
            return refusal(said.result or AccessResult.OTHER_REASON)
    _check_count(len(said.results), len(asked.attributes), message)
    return said.results


def acting(asked: RunMethod, session: Session) -> Exchange[Any]:
    """Run a method; what is long goes and comes in blocks."""
    invoke = session.turn()
    has_parameter = asked.has_parameter or asked.parameter is not None
    whole = action.ActionRequest(invoke, asked.method, asked.parameter, has_parameter).encode()
    if not _is_too_long(whole, session, Conformance.BLOCK_ACTION):
        message = yield Say(whole, is_secret=asked.is_secret)
    else:

        def block(number: int, part: bytes, is_last: bool) -> bytes:  # noqa: FBT001  # of a block
            method = asked.method if number == 1 else None
            return action.ActionParameterBlock(invoke, is_last, number, part, method).encode()

        room = session.room - len(action.ActionParameterBlock(invoke, True, 1, b"", asked.method).encode())  # noqa: FBT003
        taken = (invoke, action.ActionBlockTaken)
        message = yield from _said_in_blocks(encode(asked.parameter), room, block, taken, is_secret=asked.is_secret)
    said = understood(message, (action.ActionResponse, action.ActionBlock), invoke)
    if isinstance(said, action.ActionBlock):
        return decode((yield from _returned_blocks(said, message, invoke)))
    return ended(said.result, said.returned)


def acting_several(asked: RunMethods, session: Session) -> Exchange[Any]:
    """Run several methods; their parameters must fit into one message."""
    invoke = session.turn()
    message = yield Say(action.ActionListRequest(invoke, asked.methods, asked.parameters).encode())
    said = understood(message, (action.ActionListResponse,), invoke)
    _check_count(len(said.ended), len(asked.methods), message)
    return tuple(ended(one.result, one.returned) for one in said.ended)


def ended(result: AccessResult, returned: bytes | AccessResult | None) -> DlmsValue | Refusal:
    """Return what a method returned, or the meter's no."""
    if result is not AccessResult.SUCCESS:
        return refusal(result)
    if isinstance(returned, AccessResult):
        return None if returned is AccessResult.SUCCESS else refusal(returned)
    return None if returned is None else decode(returned)


_ENDS = (setting.SetResponse, setting.SetListBlockResponse, action.ActionResponse, action.ActionBlock)


def _is_taken(message: bytes, invoke: int, kind: type[Any], number: int) -> bool:
    said = understood(message, (kind, *_ENDS), invoke)
    if not isinstance(said, kind) or getattr(said, "result", None) is not None:
        return False
    if said.block != number:
        raise MalformedError(f"block {said.block} was taken, and {number} was sent", message, 3)
    return True


def _said_in_blocks(
    whole: bytes, room: int, block: _Block, taken: tuple[int, type[Any]], *, is_secret: bool = False
) -> Generator[Say, bytes, bytes]:
    """Say something in blocks; return the message that follows the last, or what ends it before."""
    size = max(room - _BLOCK_HEAD_BYTES, _PART_BYTES_MIN)
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    for number, part in enumerate(parts[:-1], start=1):
        message = yield Say(block(number, part, False), is_secret=is_secret)  # noqa: FBT003
        if not _is_taken(message, *taken, number):
            return message
    return (yield Say(block(len(parts), parts[-1], True), is_secret=is_secret))  # noqa: FBT003


def _blocks(said: get.GetBlock, message: bytes, invoke: int) -> Generator[Say, bytes, bytes | AccessResult]:
    whole, number = bytearray(), 1
    while True:
        if said.block != number:
            raise MalformedError(f"block {said.block}, and {number} is wanted", message, 4)
        if isinstance(said.result, AccessResult):
            return said.result
        _grow(whole, said.result, message, is_last=said.is_last)
        if said.is_last:
            return bytes(whole)
        message = yield Say(get.GetNextBlock(invoke, number).encode())
        following: get.GetBlock | get.GetResponse = understood(message, (get.GetBlock, get.GetResponse), invoke)
        if isinstance(following, get.GetBlock):
            said, number = following, number + 1
        elif isinstance(following.result, AccessResult):
            return following.result
        else:
            raise MalformedError(f"a whole value, and block {number + 1} of one is wanted", message, 0)


def _returned_blocks(said: action.ActionBlock, message: bytes, invoke: int) -> Generator[Say, bytes, bytes]:
    whole, number = bytearray(), 1
    while True:
        if said.block != number:
            raise MalformedError(f"block {said.block}, and {number} is wanted", message, 4)
        _grow(whole, said.part, message, is_last=said.is_last)
        if said.is_last:
            return bytes(whole)
        message = yield Say(action.ActionNextBlock(invoke, number).encode())
        said = understood(message, (action.ActionBlock,), invoke)
        number += 1


def _grow(whole: bytearray, part: bytes, message: bytes, *, is_last: bool) -> None:
    if not part and not is_last:
        raise MalformedError("an empty block", message, 0)
    whole += part
    if len(whole) > VALUE_BYTES_MAX:
        raise MalformedError(f"a value of more than {VALUE_BYTES_MAX} bytes", message, 0)


def _is_too_long(whole: bytes, session: Session, blocks: Conformance) -> bool:
    return len(whole) > session.room and blocks in session.conformance


def _check_count(count: int, wanted: int, message: bytes) -> None:
    if count != wanted:
        raise MalformedError(f"{count} results, and {wanted} are wanted", message, 0)
