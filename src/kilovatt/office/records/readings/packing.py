"""Lists of counts as bytes: int32, little-endian, the form in which the intake keeps them."""

from collections.abc import Iterable

import numpy as np

_INT32 = np.dtype("<i4")


def packed(counts: Iterable[int] | None) -> bytes | None:
    """Return counts as bytes, None as None. Raises OverflowError beyond 32 bits."""
    return None if counts is None else np.array(list(counts), dtype=_INT32).tobytes()


def unpacked(data: bytes | memoryview | None) -> tuple[int, ...] | None:
    """Return the counts that `packed` made bytes of."""
    return None if data is None else tuple(np.frombuffer(bytes(data), dtype=_INT32).tolist())
