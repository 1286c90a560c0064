"""What the answering end does for an associated client: GET, SET, ACTION, ACCESS on a model of objects, in blocks."""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from kilovatt.wire.protocols.dlms.apdu import action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.access_service import (
    AccessAsked,
    AccessKind,
    AccessOutcome,
    AccessRequest,
    AccessResponse,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, decode, decode_from, encode

STATE_SERVICE_NOT_ALLOWED, STATE_SERVICE_UNKNOWN = 1, 2
OPERATION_NOT_POSSIBLE, SERVICE_NOT_SUPPORTED = 1, 2
_BLOCK_HEAD_BYTES, _PART_BYTES_MIN = 16, 16
_VALUE_BYTES_MAX = 1 << 20
"""What a client may write in all its blocks."""
_Target: TypeAlias = "setting.SetBlock | setting.SetListBlock | action.ActionParameterBlock"


class ObjectModel(Protocol):
    """The objects of a logical device, as a client may see them."""

    def get(self, client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        """Return an attribute's value, or why there is none."""

    def set(self, client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        """Give an attribute a value."""

    def act(self, client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        """Run a method."""


@dataclass(slots=True)
class _Going:
    """A long answer on its way out."""

    rest: bytes
    is_returned: bool = False
    """Whether it is what a method returns, and not what was read."""
    block: int = 0


@dataclass(slots=True)
class _Coming:
    """A long value on its way in. `first` is the block that named what it is for."""

    first: _Target
    block: int = 0
    whole: bytearray = field(default_factory=bytearray)


_NEEDED: dict[type, Conformance] = {
    get.GetRequest: Conformance.GET,
    get.GetNextBlock: Conformance.GET,
    get.GetListRequest: Conformance.GET | Conformance.MULTIPLE_REFERENCES,
    setting.SetRequest: Conformance.SET,
    setting.SetBlock: Conformance.SET | Conformance.BLOCK_SET,
    setting.SetListRequest: Conformance.SET | Conformance.MULTIPLE_REFERENCES,
    setting.SetListBlock: Conformance.SET | Conformance.MULTIPLE_REFERENCES | Conformance.BLOCK_SET,
    action.ActionRequest: Conformance.ACTION,
    action.ActionNextBlock: Conformance.ACTION,
    action.ActionListRequest: Conformance.ACTION | Conformance.MULTIPLE_REFERENCES,
    action.ActionParameterBlock: Conformance.ACTION | Conformance.BLOCK_ACTION,
    AccessRequest: Conformance.ACCESS,
}


class Services:
    """Serves one client. `room` is the longest message that it takes [bytes], in the clear."""

    def __init__(self, model: ObjectModel, client: int, *, conformance: Conformance, room: int) -> None:
        self._model = model
        self._client = client
        self._conformance = conformance
        self._room = room
        self._going: _Going | None = None
        self._coming: _Coming | None = None

    def serve(self, asked: object) -> bytes:
        """Return the answer to a decoded message; an exception for what was not agreed upon."""
        needed = _NEEDED.get(type(asked))
        if needed is None or needed not in self._conformance:
            return ExceptionResponse(STATE_SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED).encode()
        if not isinstance(asked, get.GetNextBlock | action.ActionNextBlock):
            self._going = None
        if not isinstance(asked, setting.SetBlock | action.ActionParameterBlock):
            self._coming = None
        match asked:
            case get.GetRequest() | get.GetListRequest() | get.GetNextBlock():
                return self._read(asked)
            case setting.SetRequest() | setting.SetListRequest() | setting.SetBlock() | setting.SetListBlock():
                return self._write(asked)
            case AccessRequest():
                return self._access(asked)
            case _:
                return self._run(asked)

    # ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, asked: get.AnyGetRequest) -> bytes:
        match asked:
            case get.GetRequest():
                result = self._got(asked.attribute, asked.selection)
                whole = get.GetResponse(asked.invoke, result).encode()
                if isinstance(result, AccessResult) or len(whole) <= self._room:
                    return whole
                return self._long(asked.invoke, whole, result)
            case get.GetListRequest():
                results = tuple(self._got(one, part) for one, part in asked.attributes)
                whole = get.GetListResponse(asked.invoke, results).encode()
                return (
                    whole if len(whole) <= self._room else self._long(asked.invoke, whole, get.encode_results(results))
                )
            case _:
                return self._next_block(asked)

    def _got(self, attribute: Descriptor, selection: Selection | None) -> bytes | AccessResult:
        if selection is not None and Conformance.SELECTIVE_ACCESS not in self._conformance:
            return AccessResult.SCOPE_VIOLATED
        value = self._model.get(self._client, attribute, selection)
        return value if isinstance(value, AccessResult) else encode(value)

    def _long(self, invoke: int, whole: bytes, rest: bytes) -> bytes:
        if Conformance.BLOCK_GET in self._conformance:
            self._going = _Going(rest)
            return self._block(invoke, self._going)
        if Conformance.GENERAL_BLOCK_TRANSFER in self._conformance:
            return whole
        return get.GetResponse(invoke, AccessResult.OTHER_REASON).encode()

    def _next_block(self, asked: get.GetNextBlock) -> bytes:
        going = self._going
        if going is None or going.is_returned:
            return get.GetBlock(asked.invoke, True, asked.block, AccessResult.NO_LONG_GET).encode()  # noqa: FBT003
        if asked.block != going.block:
            self._going = None
            return get.GetBlock(asked.invoke, True, asked.block, AccessResult.BLOCK_NUMBER_INVALID).encode()  # noqa: FBT003
        return self._block(asked.invoke, going)

    def _block(self, invoke: int, going: _Going) -> bytes:
        size = max(self._room - _BLOCK_HEAD_BYTES, _PART_BYTES_MIN)
        part, going.rest = going.rest[:size], going.rest[size:]
        going.block += 1
        is_last = not going.rest
        self._going = None if is_last else going
        if going.is_returned:
            return action.ActionBlock(invoke, is_last, going.block, part).encode()
        return get.GetBlock(invoke, is_last, going.block, part).encode()

    # ── Writing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _write(self, asked: setting.AnySetRequest) -> bytes:
        match asked:
            case setting.SetRequest():
                result = self._put(asked.attribute, asked.selection, asked.value)
                return setting.SetResponse(asked.invoke, result).encode()
            case setting.SetListRequest():
                pairs = zip(asked.attributes, asked.values, strict=True)
                results = tuple(self._put(one, part, value) for (one, part), value in pairs)
                return setting.SetListResponse(asked.invoke, results).encode()
            case _:
                return self._write_block(asked)

    def _put(self, attribute: Descriptor, selection: Selection | None, value: DlmsValue) -> AccessResult:
        if selection is not None:
            return AccessResult.SCOPE_VIOLATED
        return self._model.set(self._client, attribute, value)

    def _write_block(self, asked: setting.SetBlock | setting.SetListBlock) -> bytes:
        is_first = isinstance(asked, setting.SetListBlock) or asked.attribute is not None
        wrong = self._taken(asked, is_first=is_first)
        if wrong is not None:
            return setting.SetBlockResponse(asked.invoke, asked.block, wrong).encode()
        if not asked.is_last:
            return setting.SetBlockResponse(asked.invoke, asked.block).encode()
        assert self._coming is not None
        first, whole = self._coming.first, bytes(self._coming.whole)
        self._coming = None
        if isinstance(first, setting.SetListBlock):
            results = self._put_several(first, whole)
            return setting.SetListBlockResponse(asked.invoke, asked.block, results).encode()
        assert isinstance(first, setting.SetBlock)
        assert first.attribute is not None
        try:
            result = self._put(first.attribute, first.selection, decode(whole))
        except MalformedError:
            result = AccessResult.TYPE_UNMATCHED
        return setting.SetBlockResponse(asked.invoke, asked.block, result).encode()

    def _put_several(self, first: setting.SetListBlock, whole: bytes) -> tuple[AccessResult, ...]:
        count = len(first.attributes)
        try:
            values = setting.decode_values(whole)
        except MalformedError:
            return (AccessResult.TYPE_UNMATCHED,) * count
        if len(values) != count:
            return (AccessResult.TYPE_UNMATCHED,) * count
        pairs = zip(first.attributes, values, strict=True)
        return tuple(self._put(one, part, value) for (one, part), value in pairs)

    def _taken(self, asked: _Target, *, is_first: bool) -> AccessResult | None:
        """Take a block, or return why it cannot be taken; a long value is then forgotten."""
        coming = _Coming(asked) if is_first else self._coming
        self._coming = None
        if coming is None or isinstance(coming.first, action.ActionParameterBlock) != isinstance(
            asked, action.ActionParameterBlock
        ):
            return AccessResult.NO_LONG_SET
        if asked.block != coming.block + 1:
            return AccessResult.BLOCK_NUMBER_INVALID
        coming.block = asked.block
        coming.whole += asked.part
        if len(coming.whole) > _VALUE_BYTES_MAX:
            return AccessResult.LONG_SET_ABORTED
        self._coming = coming
        return None

    # ── Running ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, asked: object) -> bytes:
        match asked:
            case action.ActionRequest():
                return self._ended(asked.invoke, *self._acted(asked.method, asked.parameter))
            case action.ActionListRequest():
                return self._ran_several(asked)
            case action.ActionNextBlock():
                going = self._going
                if going is None or not going.is_returned or going.block != asked.block:
                    self._going = None
                    return action.ActionResponse(asked.invoke, AccessResult.NO_LONG_GET).encode()
                return self._block(asked.invoke, going)
            case _:
                assert isinstance(asked, action.ActionParameterBlock)
                return self._run_block(asked)

    def _acted(self, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, bytes | None]:
        result, returned = self._model.act(self._client, method, parameter)
        return result, None if returned is None else encode(returned)

    def _ended(self, invoke: int, result: AccessResult, returned: bytes | None) -> bytes:
        whole = action.ActionResponse(invoke, result, returned).encode()
        if len(whole) <= self._room or returned is None:
            return whole
        if Conformance.BLOCK_ACTION in self._conformance:
            self._going = _Going(returned, is_returned=True)
            return self._block(invoke, self._going)
        if Conformance.GENERAL_BLOCK_TRANSFER in self._conformance:
            return whole
        return action.ActionResponse(invoke, result, AccessResult.OTHER_REASON).encode()

    def _ran_several(self, asked: action.ActionListRequest) -> bytes:
        pairs = zip(asked.methods, asked.parameters, strict=True)
        ended = tuple(action.ActionEnded(*self._acted(method, parameter)) for method, parameter in pairs)
        whole = action.ActionListResponse(asked.invoke, ended).encode()
        if len(whole) <= self._room or Conformance.GENERAL_BLOCK_TRANSFER in self._conformance:
            return whole
        # What they return does not fit, and lists in blocks are not built: how they ended is said.
        short = tuple(action.ActionEnded(one.result) for one in ended)
        return action.ActionListResponse(asked.invoke, short).encode()

    def _run_block(self, asked: action.ActionParameterBlock) -> bytes:
        if asked.methods is not None:
            return ExceptionResponse(STATE_SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED).encode()
        wrong = self._taken(asked, is_first=asked.method is not None)
        if wrong is not None:
            return action.ActionResponse(asked.invoke, wrong).encode()
        if not asked.is_last:
            return action.ActionBlockTaken(asked.invoke, asked.block).encode()
        assert self._coming is not None
        first, whole = self._coming.first, bytes(self._coming.whole)
        self._coming = None
        assert isinstance(first, action.ActionParameterBlock)
        assert first.method is not None
        try:
            parameter = decode(whole)
        except MalformedError:
            return action.ActionResponse(asked.invoke, AccessResult.TYPE_UNMATCHED).encode()
        return self._ended(asked.invoke, *self._acted(first.method, parameter))

    # ── Several things at once ──────────────────────────────────────────────────────────────────────────────────────

    def _access(self, asked: AccessRequest) -> bytes:
        pairs = zip(asked.asked, asked.values, strict=True)
        done = [self._accessed(one, value) for one, value in pairs]
        values = tuple(value for _, value in done)
        outcomes = tuple(outcome for outcome, _ in done)
        whole = AccessResponse(asked.invoke, values, outcomes).encode()
        if len(whole) <= self._room or Conformance.GENERAL_BLOCK_TRANSFER in self._conformance:
            return whole
        return ExceptionResponse(STATE_SERVICE_UNKNOWN, OPERATION_NOT_POSSIBLE).encode()

    def _accessed(self, one: AccessAsked, value: DlmsValue) -> tuple[AccessOutcome, DlmsValue]:
        if one.kind is AccessKind.SET:
            return AccessOutcome(one.kind, self._put(one.target, one.selection, value)), None
        if one.kind is AccessKind.ACTION:
            result, returned = self._model.act(self._client, one.target, value)
            return AccessOutcome(one.kind, result), returned
        got = self._got(one.target, one.selection)
        if isinstance(got, AccessResult):
            return AccessOutcome(one.kind, got), None
        return AccessOutcome(one.kind, AccessResult.SUCCESS), decode_from(got, 0)[0]
