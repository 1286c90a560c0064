"""What the answering end does for a client of short names: Read and Write, on the same model of objects."""

from collections.abc import Mapping

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.apdu.short_names import (
    NextReadBlock,
    ParameterizedName,
    ReadPart,
    ReadRequest,
    ReadResponse,
    Variable,
    WriteRequest,
    WriteResponse,
    encode_read_results,
)
from kilovatt.wire.protocols.dlms.association.services import (
    SERVICE_NOT_SUPPORTED,
    STATE_SERVICE_UNKNOWN,
    ObjectModel,
)
from kilovatt.wire.protocols.dlms.values import DlmsValue, encode

_PART_HEAD_BYTES, _PART_BYTES_MIN = 12, 16


class Variables:
    """Serves one client. `names` says which attribute each short name is; `room` is the longest message it takes."""

    def __init__(
        self,
        model: ObjectModel,
        client: int,
        *,
        conformance: Conformance,
        room: int,
        names: Mapping[int, Descriptor],
    ) -> None:
        self._model = model
        self._client = client
        self._conformance = conformance
        self._room = room
        self._names = names
        self._rest = b""
        self._block = 0

    def serve(self, asked: object) -> bytes:
        """Return the answer to a decoded message; an exception for what was not agreed upon."""
        match asked:
            case ReadRequest((NextReadBlock(block),)) if Conformance.READ in self._conformance:
                return self._next_part(block)
            case ReadRequest(variables) if Conformance.READ in self._conformance:
                results = tuple(map(self._read, variables))
                whole = ReadResponse(results).encode()
                return whole if len(whole) <= self._room else self._begin(encode_read_results(results))
            case WriteRequest(variables, values) if Conformance.WRITE in self._conformance:
                written = tuple(self._write(*pair) for pair in zip(variables, values, strict=True))
                return WriteResponse(written).encode()
            case _:
                return ExceptionResponse(STATE_SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED).encode()

    def _read(self, variable: Variable) -> bytes | AccessResult:
        attribute = self._attribute(variable)
        if attribute is None:
            return AccessResult.OBJECT_UNDEFINED
        selection = None
        if isinstance(variable, ParameterizedName):
            if Conformance.PARAMETERIZED_ACCESS not in self._conformance:
                return AccessResult.SCOPE_VIOLATED
            selection = Selection(variable.selector, variable.parameter)
        value = self._model.get(self._client, attribute, selection)
        return value if isinstance(value, AccessResult) else encode(value)

    def _write(self, variable: Variable, value: DlmsValue) -> AccessResult:
        attribute = self._attribute(variable)
        if attribute is None:
            return AccessResult.OBJECT_UNDEFINED
        if isinstance(variable, ParameterizedName):
            return AccessResult.SCOPE_VIOLATED
        return self._model.set(self._client, attribute, value)

    def _attribute(self, variable: Variable) -> Descriptor | None:
        return None if isinstance(variable, NextReadBlock) else self._names.get(variable.name)

    def _begin(self, rest: bytes) -> bytes:
        self._rest, self._block = rest, 0
        return self._part()

    def _next_part(self, block: int) -> bytes:
        if not self._rest or block != self._block:
            wrong = AccessResult.BLOCK_NUMBER_INVALID if self._rest else AccessResult.NO_LONG_GET
            self._rest = b""
            return ReadResponse((wrong,)).encode()
        return self._part()

    def _part(self) -> bytes:
        size = max(self._room - _PART_HEAD_BYTES, _PART_BYTES_MIN)
        part, self._rest = self._rest[:size], self._rest[size:]
        self._block += 1
        return ReadResponse((ReadPart(not self._rest, self._block, part),)).encode()
