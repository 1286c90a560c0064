"""Lengths in A-XDR and BER: one byte up to 127, else 80h + the number of bytes that follow."""

from kilovatt.wire.protocols.dlms.values.errors import MalformedError

_LONG = 0x80
_LENGTH_BYTES_MAX = 4


def encode_length(length: int) -> bytes:
    """Return a length in as few bytes as it takes."""
    if length < _LONG:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((_LONG | len(octets),)) + octets


def decode_length(data: bytes, offset: int) -> tuple[int, int]:
    """Return a length and the offset behind it; more bytes than needed are taken, as real meters send them.

    Raises MalformedError.
    """
    if offset >= len(data):
        raise MalformedError("a length is missing", data, offset)
    first = data[offset]
    if first < _LONG:
        return first, offset + 1
    count = first & ~_LONG
    end = offset + 1 + count
    if not 1 <= count <= _LENGTH_BYTES_MAX or end > len(data):
        raise MalformedError(f"a length of {count} bytes", data, offset)
    return int.from_bytes(data[offset + 1 : end], "big"), end
