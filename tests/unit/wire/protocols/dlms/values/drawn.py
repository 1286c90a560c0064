"""Values of A-XDR as hypothesis draws them, and bytes with damage."""

import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import (
    Array,
    BitString,
    DateBytes,
    DateTimeBytes,
    DlmsValue,
    Float32,
    Float64,
    MalformedError,
    OctetString,
    Structure,
    TimeBytes,
    Utf8String,
    VisibleString,
    encode_length,
)
from kilovatt.wire.protocols.dlms.values.types import FIXED_INTEGERS, ByteString, FixedInteger

Drawn = st.SearchStrategy[DlmsValue]
_SMALL = 256 * 1024


def integers(made: type[FixedInteger]) -> Drawn:
    return st.integers(made.LOWEST, made.HIGHEST).map(made)


def _strings(made: type[ByteString]) -> Drawn:
    size = made.SIZE
    return (st.binary(max_size=140) if size is None else st.binary(min_size=size, max_size=size)).map(made)


def _bit_string(bits: list[bool]) -> BitString:
    padded = "".join(str(int(bit)) for bit in bits).ljust((len(bits) + 7) // 8 * 8, "0")
    return BitString(int(padded or "0", 2).to_bytes(len(padded) // 8, "big"), len(bits))


SIMPLE: dict[int, Drawn] = {
    3: st.booleans(),
    4: st.lists(st.booleans(), max_size=150).map(_bit_string),
    **{made.TAG: integers(made) for made in FIXED_INTEGERS},
    Float32.TAG: st.floats(width=32, allow_nan=False).map(Float32),
    Float64.TAG: st.floats(allow_nan=False).map(Float64),
    **{
        made.TAG: _strings(made)
        for made in (OctetString, VisibleString, Utf8String, DateTimeBytes, DateBytes, TimeBytes)
    },
}
"""Every type that holds one value and takes bytes for it, by its tag."""


def _several(inner: Drawn) -> Drawn:
    return st.builds(
        lambda made, values: made(values), st.sampled_from([Array, Structure]), st.lists(inner, max_size=4)
    )


VALUES: Drawn = st.recursive(st.none() | st.one_of(*SIMPLE.values()), _several, max_leaves=12)

# ── Types of compact arrays: their description, and elements that fit it ────────────────────────────────────────────

Described = tuple[bytes, Drawn]


def _array(count: int, inner: Described) -> Described:
    elements = st.lists(inner[1], min_size=count, max_size=count)
    return b"\x01" + count.to_bytes(2, "big") + inner[0], elements.map(Array)


def _structure(inner: list[Described]) -> Described:
    elements = st.tuples(*(element for _, element in inner))
    return b"\x02" + encode_length(len(inner)) + b"".join(described for described, _ in inner), elements.map(Structure)


def _with_null(described: Described) -> Described:
    return _structure([(b"\x00", st.none()), described])


_ONE: st.SearchStrategy[Described] = st.sampled_from([(bytes((tag,)), values) for tag, values in SIMPLE.items()])
DESCRIBED: st.SearchStrategy[Described] = st.recursive(
    _ONE | _ONE.map(_with_null),
    lambda inner: st.builds(_array, st.integers(1, 3), inner) | st.lists(inner, min_size=1, max_size=4).map(_structure),
    max_leaves=5,
)

# ── Damage ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes with one to four damages."""
    damaged = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(damaged) + 1)
        match dice.randrange(6):
            case 0 if place < len(damaged):
                damaged[place] ^= 1 << dice.randrange(8)
            case 1:
                damaged[place:place] = dice.randbytes(dice.randint(1, 3))
            case 2:
                del damaged[place : place + dice.randint(1, 3)]
            case 3:
                damaged += damaged[: dice.randint(0, 20)]
            case 4 if place < len(damaged):
                # Tags are small numbers.
                damaged[place] = dice.randrange(32)
            case _:
                damaged[place : place + 2] = dice.choice(
                    [b"\x00", b"\xff\xff", b"\x84\xff\xff\xff\xff", b"\x13\x01\xff"]
                )
    return bytes(damaged)


def refused_cheaply(read: Callable[[bytes], Any], data: bytes, why: str) -> None:
    """Bytes that promise much are refused, and little memory is taken for them."""
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match=why):
            read(data)
        assert tracemalloc.get_traced_memory()[1] < _SMALL + 8 * len(data)
    finally:
        tracemalloc.stop()
