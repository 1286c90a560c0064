"""Compact arrays: a type once, then values without tags; and how few bytes may not become many values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import (
    DEPTH_MAX,
    Array,
    BitString,
    CompactArray,
    DlmsValue,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from unit.wire.protocols.dlms.values.drawn import DESCRIBED, Described, refused_cheaply


@pytest.mark.parametrize(
    ("wire", "values", "description"),
    [
        ("131206000100020003", (LongUnsigned(1), LongUnsigned(2), LongUnsigned(3)), "12"),
        (
            "130202120905" + "0001" + "02AABB",
            (Structure((LongUnsigned(1), OctetString(b"\xaa\xbb"))),),
            "02021209",
        ),
        (
            "130100021104" + "01020304",
            (Array((Unsigned(1), Unsigned(2))), Array((Unsigned(3), Unsigned(4)))),
            "01000211",
        ),
        ("1303020001", (False, True), "03"),
        ("13040203A0", (BitString(b"\xa0", 3),), "04"),
        ("130203001100" + "00", (), "0203001100"),
        ("131200", (), "12"),
    ],
)
def test_a_compact_array_is_these_bytes(wire: str, values: tuple[DlmsValue, ...], description: str) -> None:
    whole = CompactArray(values, bytes.fromhex(description))
    assert repr(decode(bytes.fromhex(wire))) == repr(whole)
    assert encode(whole) == bytes.fromhex(wire)


@given(DESCRIBED, st.data())
def test_compact_arrays_come_back_as_they_were(described: Described, data: st.DataObject) -> None:
    description, elements = described
    whole = CompactArray(tuple(data.draw(st.lists(elements, max_size=4))), description)
    inside = Structure((None, whole, Unsigned(7)))
    assert repr(decode(encode(inside))) == repr(inside)


@given(DESCRIBED, st.data())
def test_a_compact_array_that_is_cut_short_is_none(described: Described, data: st.DataObject) -> None:
    description, elements = described
    wire = encode(CompactArray(tuple(data.draw(st.lists(elements, min_size=1, max_size=3))), description))
    with pytest.raises(MalformedError):
        decode(wire[: data.draw(st.integers(0, len(wire) - 1))])


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("13", "cut short or nested too deep at byte 1"),
        ("1313", "13h is no tag of a compact array's type at byte 1"),
        ("1302", "a length is missing"),
        ("13020512", "5 types in 1 bytes"),
        ("13010002", "cut short or nested too deep"),
        ("131204AABB", "contents of 4 bytes in 2"),
        ("131203AABBCC", "a LongUnsigned is cut short"),
        ("130003AABBCC", "elements without end"),
        ("13020002AABB", "elements without end"),
        ("1301000012" + "02AABB", "elements without end"),
        ("13010FFF11" + "00", None),
        ("1301100011" + "00", "an element of more than 4096 parts at byte 1"),
        ("13010040" + "01004011" + "00", "an element of more than 4096 parts"),
        ("1302020108001101080011" + "00", "an element of more than 4096 parts"),
    ],
)
def test_what_is_no_compact_array_is_refused_where_that_shows(wire: str, why: str | None) -> None:
    data = bytes.fromhex(wire)
    if why is None:
        assert decode(data) == CompactArray((), data[1:-1])
        return
    with pytest.raises(MalformedError, match=why):
        decode(data)


def test_types_nest_no_deeper_than_values() -> None:
    deepest = b"\x13" + b"\x02\x01" * (DEPTH_MAX - 1) + b"\x11\x01\x07"
    assert encode(decode(deepest)) == deepest
    for depth in (DEPTH_MAX, 1_000):
        refused_cheaply(decode, b"\x13" + b"\x02\x01" * depth + b"\x11\x01\x07", "nested too deep")


def test_nulls_that_take_no_bytes_do_not_become_millions_of_values() -> None:
    nulls = bytes.fromhex("020201") + b"\x0f\xf0\x00\x11"
    refused_cheaply(decode, b"\x13" + nulls + b"\x81\xff" + bytes(255), "more nulls than values")
    many = b"\x13" + nulls + b"\x01\x00"
    refused_cheaply(decode, b"\x01\x82\x03\xe8" + many * 1_000, "more nulls than values")


def test_types_that_promise_much_are_refused_before_they_are_built() -> None:
    refused_cheaply(decode, b"\x13\x01\xff\xff\x00\x01\x00", "more than 4096 parts")
    many = b"\x01\x0f\xff\x00" * 60_000
    refused_cheaply(decode, b"\x13\x02\x83\x00\xea\x60" + many + b"\x01\x00", "more than 4096 parts")
    refused_cheaply(decode, b"\x13\x02\x84\xff\xff\xff\xff\x11", "4294967295 types in 1 bytes")
    refused_cheaply(decode, b"\x13\x11\x84\xff\xff\xff\xff\x11", "contents of 4294967295 bytes in 1")


@pytest.mark.parametrize(
    ("values", "description", "why"),
    [
        ((Unsigned(1),), "12", "an element of tag 11h where 12h is described"),
        ((Unsigned(1),), "020111", "an element is no Structure of 1"),
        ((Structure((Unsigned(1), Unsigned(2))),), "020111", "an element is no Structure of 1"),
        ((Array((Unsigned(1),)),), "020111", "an element is no Structure of 1"),
        ((Unsigned(1),), "1111", "bytes left over"),
        ((Unsigned(1),), "13", "the description of a compact array is none"),
        ((None, None), "00", "take no bytes cannot be counted"),
        ((Array(),), "01000011", "take no bytes cannot be counted"),
        ((7,), "11", "has no tag in A-XDR"),
    ],
)
def test_what_does_not_fit_its_description_is_not_written(
    values: tuple[DlmsValue, ...], description: str, why: str
) -> None:
    with pytest.raises(LocalProtocolError, match=why):
        encode(CompactArray(values, bytes.fromhex(description)))
