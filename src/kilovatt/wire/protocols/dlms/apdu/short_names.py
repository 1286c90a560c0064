"""Read and Write of short names (tags 05h, 0Ch, 06h, 0Dh; IEC 62056-5-3, 7.3.5 and 8.3): as older Landis+Gyr speak."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.apdu.set import encode_values
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, decode_from, encode, encode_length

READ_REQUEST, WRITE_REQUEST, READ_RESPONSE, WRITE_RESPONSE = 0x05, 0x06, 0x0C, 0x0D
_NAME, _PARAMETERIZED, _BLOCK = 2, 4, 5
_VALUE, _ERROR, _PART = 0, 1, 2
_DONE, _FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class ShortName:
    """An attribute or a method by its number."""

    name: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((_NAME,)) + self.name.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class ParameterizedName:
    """A part of an attribute, or a method with its parameter."""

    name: int
    selector: int
    parameter: DlmsValue

    def encode(self) -> bytes:
        """Return it as bytes."""
        return (
            bytes((_PARAMETERIZED,)) + self.name.to_bytes(2, "big") + bytes((self.selector,)) + encode(self.parameter)
        )


@dataclass(frozen=True, slots=True)
class NextReadBlock:
    """The block after this one of a long answer."""

    block: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((_BLOCK,)) + self.block.to_bytes(2, "big")


Variable: TypeAlias = ShortName | ParameterizedName | NextReadBlock


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Values are wanted."""

    variables: tuple[Variable, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((READ_REQUEST,)) + _encode_variables(self.variables)


@dataclass(frozen=True, slots=True)
class ReadPart:
    """A part of the bytes of a long answer: of the list of results, without its tag."""

    is_last: bool
    block: int
    part: bytes


@dataclass(frozen=True, slots=True)
class ReadResponse:
    """The bytes of values, why they are not there, or a part of a long answer."""

    results: tuple[bytes | AccessResult | ReadPart, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((READ_RESPONSE,)) + encode_read_results(self.results)


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """Variables shall have these values."""

    variables: tuple[Variable, ...]
    values: tuple[DlmsValue, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((WRITE_REQUEST,)) + _encode_variables(self.variables) + encode_values(self.values)


@dataclass(frozen=True, slots=True)
class WriteResponse:
    """How each ended."""

    results: tuple[AccessResult, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        listed = b"".join(b"\x00" if one is AccessResult.SUCCESS else bytes((_FAILED, one)) for one in self.results)
        return bytes((WRITE_RESPONSE,)) + encode_length(len(self.results)) + listed


def encode_read_results(results: tuple[bytes | AccessResult | ReadPart, ...]) -> bytes:
    """Return a list of results: what a long answer is cut from."""
    return encode_length(len(results)) + b"".join(map(_encode_result, results))


def decode_read_results(data: bytes) -> tuple[bytes | AccessResult | ReadPart, ...]:
    """Return a list of results that came in blocks. Raises MalformedError."""
    cursor = Cursor(data)
    results = tuple(_decode_result(cursor) for _ in range(cursor.count(1)))
    cursor.end()
    return results


def decode_read_request(cursor: Cursor) -> ReadRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    made = ReadRequest(tuple(_decode_variable(cursor) for _ in range(cursor.count(1))))
    cursor.end()
    return made


def decode_read_response(cursor: Cursor) -> ReadResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    made = ReadResponse(tuple(_decode_result(cursor) for _ in range(cursor.count(1))))
    cursor.end()
    return made


def decode_write_request(cursor: Cursor) -> WriteRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    variables = tuple(_decode_variable(cursor) for _ in range(cursor.count(1)))
    values = cursor.values()
    if len(values) != len(variables):
        raise MalformedError(f"{len(values)} values for {len(variables)} variables", cursor.data, cursor.at)
    cursor.end()
    return WriteRequest(variables, values)


def decode_write_response(cursor: Cursor) -> WriteResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    made = WriteResponse(tuple(_decode_written(cursor) for _ in range(cursor.count(1))))
    cursor.end()
    return made


def _encode_variables(variables: tuple[Variable, ...]) -> bytes:
    return encode_length(len(variables)) + b"".join(one.encode() for one in variables)


def _decode_variable(cursor: Cursor) -> Variable:
    choice = cursor.byte()
    if choice == _NAME:
        return ShortName(cursor.number(2))
    if choice == _PARAMETERIZED:
        return ParameterizedName(cursor.number(2), cursor.byte(), cursor.value())
    if choice == _BLOCK:
        return NextReadBlock(cursor.number(2))
    raise MalformedError(f"{choice} is no kind of a variable that is known", cursor.data, cursor.at - 1)


def _encode_result(result: bytes | AccessResult | ReadPart) -> bytes:
    if isinstance(result, AccessResult):
        return bytes((_ERROR, result))
    if isinstance(result, ReadPart):
        numbers = bytes((int(result.is_last),)) + result.block.to_bytes(2, "big")
        return bytes((_PART,)) + numbers + encode_length(len(result.part)) + result.part
    return bytes((_VALUE,)) + result


def _decode_result(cursor: Cursor) -> bytes | AccessResult | ReadPart:
    choice = cursor.byte()
    if choice == _VALUE:
        start = cursor.at
        _, cursor.at = decode_from(cursor.data, start)
        return bytes(cursor.data[start : cursor.at])
    if choice == _ERROR:
        return access_result(cursor.byte(), cursor)
    if choice == _PART:
        return ReadPart(cursor.truth(), cursor.number(2), cursor.counted())
    raise MalformedError(f"{choice} is no kind of a result that is known", cursor.data, cursor.at - 1)


def _decode_written(cursor: Cursor) -> AccessResult:
    choice = cursor.byte()
    if choice == _DONE:
        return AccessResult.SUCCESS
    if choice == _FAILED:
        return access_result(cursor.byte(), cursor)
    raise MalformedError(f"{choice} is no kind of a result that is known", cursor.data, cursor.at - 1)
