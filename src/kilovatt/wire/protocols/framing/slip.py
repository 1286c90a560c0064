"""SLIP (RFC 1055): frames between two marks, and what stands in a frame for a mark and for the escape itself."""

import re

END = 0xC0
ESC = 0xDB
ESC_END = 0xDC
ESC_ESC = 0xDD

_END = bytes([END])
_ESC = bytes([ESC])
_ESCAPED_END = bytes([ESC, ESC_END])
_ESCAPED_ESC = bytes([ESC, ESC_ESC])
_UNIT = re.compile(rb"\xdb[\xdc\xdd]|[^\xc0\xdb]", re.DOTALL)


def escape(data: bytes) -> bytes:
    """Return bytes as they stand within a frame."""
    return data.replace(_ESC, _ESCAPED_ESC).replace(_END, _ESCAPED_END)


def framed(data: bytes) -> bytes:
    """Return bytes as a frame, marks and all."""
    return _END + escape(data) + _END


def unescape(data: bytes) -> bytes:
    """Return what bytes within a frame stand for. Raises ValueError for a mark, or an escape of nothing known."""
    return b"".join(b"\xc0" if unit == _ESCAPED_END else unit[:1] for unit in units(data))


def units(data: bytes) -> tuple[bytes, ...]:
    """Return the bytes within a frame grouped by what they stand for: one or two for each byte meant.

    Raises ValueError for a mark, or an escape of nothing known.
    """
    found = tuple(_UNIT.findall(data))
    if sum(map(len, found)) != len(data):
        raise ValueError(f"no frame of SLIP has a mark or a lone escape within: got {data.hex(' ')}")
    return found
