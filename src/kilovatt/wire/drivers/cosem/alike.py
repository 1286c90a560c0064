"""What all meters of a model say alike, read from its bytes: once, and not again for each meter of a night."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject, decode_capture_objects
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit, decode_scaler_unit
from kilovatt.wire.protocols.dlms.values import decode

ValueT = TypeVar("ValueT")
_KEPT = 256
_KEPT_BYTES_MAX = 4096
"""The columns of a wide profile take 450 bytes; what is far longer is some meter's own."""


def read_alike(read: Callable[[bytes], ValueT]) -> Callable[[bytes], ValueT]:
    """Return a reader that remembers what it has read lately. What it reads must never be changed."""
    remembered = lru_cache(maxsize=_KEPT)(read)

    def reading(data: bytes) -> ValueT:
        return remembered(bytes(data)) if len(data) <= _KEPT_BYTES_MAX else read(data)

    return reading


def _columns_in(data: bytes) -> tuple[CaptureObject, ...]:
    return decode_capture_objects(decode(data))


def _scaler_in(data: bytes) -> ScalerUnit:
    return decode_scaler_unit(decode(data))


def _scalers_in(data: bytes) -> tuple[ScalerUnit, ...]:
    rows = decode(data)
    if not isinstance(rows, tuple) or not rows or not isinstance(rows[0], tuple):
        return ()
    return tuple(decode_scaler_unit(value) for value in rows[0])


columns_in = read_alike(_columns_in)
"""The columns of a profile (its attribute 3). Raises MalformedError."""
scaler_in = read_alike(_scaler_in)
"""A scaler and unit (attribute 3 of a register). Raises MalformedError."""
scalers_in = read_alike(_scalers_in)
"""The row of a profile that collects scalers (its attribute 2), nothing where it is empty. Raises MalformedError."""
