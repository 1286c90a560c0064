"""The object list of an association: what there is and what we may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects import (
    AttributeAccess,
    AttributeRight,
    ListedObject,
    MethodAccess,
    RightBits,
    decode_object_list,
    encode_object_list,
)
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    Enumerate,
    Integer,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)

_NUMBERS, _RIGHTS = st.integers(-128, 127), st.integers(0, 255)
LISTED = st.builds(
    ListedObject,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFF),
    st.binary(min_size=6, max_size=6).map(Obis),
    st.lists(st.builds(AttributeAccess, _NUMBERS, _RIGHTS, st.lists(_NUMBERS, max_size=3).map(tuple)), max_size=4).map(
        tuple
    ),
    st.lists(st.builds(MethodAccess, _NUMBERS, _RIGHTS), max_size=3).map(tuple),
)


@given(st.lists(LISTED, max_size=4).map(tuple))
def test_an_object_list_comes_back_as_it_was(objects: tuple[ListedObject, ...]) -> None:
    assert decode_object_list(decode(encode(encode_object_list(objects)))) == objects


def test_a_real_row_says_that_the_clock_of_a_public_client_may_be_seen() -> None:
    # Gurux/GXDLMSDirector#4: the first block of a list, which ends before the methods of its one object: ours are none.
    wire = bytes.fromhex("01010204120008110009060000010000FF0202010102030F01160100" + "0100")
    (clock,) = decode_object_list(decode(wire))
    assert clock == ListedObject(8, 0, Obis.parse("0.0.1.0.0.255"), (AttributeAccess(1, AttributeRight.READ),))
    assert encode(encode_object_list((clock,))) == wire


@pytest.mark.parametrize(
    ("right", "version", "reads", "writes"),
    [
        (AttributeRight.NONE, 1, False, False),
        (AttributeRight.READ, 1, True, False),
        (AttributeRight.WRITE, 1, False, True),
        (AttributeRight.READ_AND_WRITE, 2, True, True),
        (AttributeRight.AUTHENTICATED_READ, 1, True, False),
        (AttributeRight.AUTHENTICATED_WRITE, 1, False, True),
        (AttributeRight.AUTHENTICATED_READ_AND_WRITE, 1, True, True),
        (RightBits.READ | RightBits.AUTHENTICATED_REQUEST, 3, True, False),
        (RightBits.WRITE | RightBits.ENCRYPTED_RESPONSE, 3, False, True),
        (RightBits.AUTHENTICATED_REQUEST, 3, False, False),
    ],
)
def test_rights_are_numbers_and_since_version_3_bits(right: int, version: int, reads: bool, writes: bool) -> None:
    access = AttributeAccess(2, right)
    assert (access.can_read(version), access.can_write(version)) == (reads, writes)


def _row(attributes: DlmsValue, methods: DlmsValue) -> Array:
    name = OctetString(Obis.parse("0.0.96.3.10.255"))
    return Array((Structure((LongUnsigned(70), Unsigned(0), name, Structure((attributes, methods)))),))


def test_methods_may_be_run_by_a_number_or_as_old_meters_say_by_a_boolean() -> None:
    methods = Array(Structure((Integer(n), right)) for n, right in enumerate([True, False, Enumerate(1), Enumerate(0)]))
    (relay,) = decode_object_list(_row(None, methods))
    assert [method.can_run for method in relay.methods] == [True, False, True, False]
    assert relay.attributes == ()


@pytest.mark.parametrize(
    "value",
    [
        Unsigned(1),
        Array((Unsigned(1),)),
        _row(Unsigned(1), None),
        _row(Array((Structure((Integer(1), Enumerate(1))),)), None),
        _row(Array((Structure((Integer(1), Enumerate(1), Unsigned(1))),)), None),
        _row(None, Array((Structure((Integer(1),)),))),
        _row(None, Array((Structure((Integer(1), None)),))),
    ],
)
def test_what_is_no_object_list_is_refused(value: DlmsValue) -> None:
    with pytest.raises(MalformedError, match="is wanted"):
        decode_object_list(value)
