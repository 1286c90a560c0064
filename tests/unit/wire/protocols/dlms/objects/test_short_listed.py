"""The object list of an association by short names."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.short_listed import (
    ShortListedObject,
    attribute_name,
    decode_short_list,
    encode_short_list,
)
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    Long,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

NAME = Obis.parse("0.0.40.0.0.255")
LISTED = st.builds(
    ShortListedObject,
    base_name=st.integers(0, 0xFFFF),
    class_id=st.integers(0, 0xFFFF),
    version=st.integers(0, 0xFF),
    obis=st.binary(min_size=6, max_size=6).map(Obis),
)


@given(st.lists(LISTED, max_size=5))
def test_a_list_is_read_as_it_was_written(listed: list[ShortListedObject]) -> None:
    assert decode_short_list(decode(encode(encode_short_list(listed)))) == tuple(listed)


def test_base_names_above_8000h_are_negative_on_the_wire() -> None:
    made = encode(encode_short_list([ShortListedObject(0xFA00, 12, 0, NAME)]))
    assert made == bytes.fromhex("0101 0204 10FA00 12000C 1100 0906 0000280000FF".replace(" ", ""))


def test_unsigned_base_names_are_read_too() -> None:
    row = Structure((LongUnsigned(0xFA00), LongUnsigned(12), Unsigned(0), OctetString(bytes(NAME))))
    assert decode_short_list(Array((row,))) == (ShortListedObject(0xFA00, 12, 0, NAME),)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Unsigned(1), "an object list, an array"),
        (Array((Structure((Long(1),)),)), "a row of an object list"),
        (Array((Structure((OctetString(b""), LongUnsigned(1), Unsigned(0), OctetString(bytes(6)))),)), "a base name"),
        (Array((Structure((Long(1), LongUnsigned(1), Unsigned(0), OctetString(b"1"))),)), "a logical name"),
    ],
)
def test_what_is_no_list_is_refused(value: DlmsValue, words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        decode_short_list(value)


@given(st.lists(LISTED, min_size=1, max_size=3), st.data())
def test_a_mutated_list_raises_nothing_but_errors_of_the_protocol(
    listed: list[ShortListedObject], data: st.DataObject
) -> None:
    wire = bytearray(encode(encode_short_list(listed)))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(MalformedError):
        assert all(isinstance(one, ShortListedObject) for one in decode_short_list(decode(bytes(wire))))


def test_attributes_stand_eight_apart() -> None:
    assert [attribute_name(0xFA00, number) for number in (1, 2, 3)] == [0xFA00, 0xFA08, 0xFA10]


@pytest.mark.parametrize(("base", "number"), [(0xFFF8, 2), (0xFA00, 0)])
def test_there_are_names_that_are_none(base: int, number: int) -> None:
    with pytest.raises(LocalProtocolError, match="has no short name"):
        attribute_name(base, number)
