"""Capture objects, push lists and selections by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects import (
    CaptureObject,
    EntrySelection,
    PushedObject,
    RangeSelection,
    decode_capture_objects,
    decode_push_list,
    decode_selection,
    encode_capture_objects,
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

CAPTURED = st.builds(
    CaptureObject,
    st.integers(0, 0xFFFF),
    st.binary(min_size=6, max_size=6).map(Obis),
    st.integers(-128, 127),
    st.integers(0, 0xFFFF),
)
STAMPS = st.binary(min_size=12, max_size=12).map(OctetString)
ENTRIES = st.builds(
    EntrySelection,
    first=st.integers(0, 0xFFFFFFFF),
    last=st.integers(0, 0xFFFFFFFF),
    first_column=st.integers(0, 0xFFFF),
    last_column=st.integers(0, 0xFFFF),
)
RANGES = st.builds(RangeSelection, STAMPS, STAMPS, st.lists(CAPTURED, max_size=3).map(tuple), CAPTURED)
# The list of a real Энергомера's push (of its seven elements, two), with two fields more than a capture object.
PUSH_LIST = (
    "0102020612002809060000190900FF0F02120000020216000001" + "00020612000109060000600586FF0F02120000020216000001" + "00"
)


@given(st.lists(CAPTURED, max_size=5).map(tuple))
def test_capture_objects_come_back_as_they_were(captured: tuple[CaptureObject, ...]) -> None:
    assert decode_capture_objects(decode(encode(encode_capture_objects(captured)))) == captured


@given(ENTRIES | RANGES)
def test_selections_come_back_as_they_were(selection: EntrySelection | RangeSelection) -> None:
    assert decode_selection(selection.SELECTOR, decode(encode(selection.encode()))) == selection


def test_a_sample_of_the_standard_asks_for_entries_3_to_5_of_all_columns() -> None:
    # ГОСТ Р 58940-2020: GET 1.0.98.1.0.255, selector 2.
    wire = bytes.fromhex("020406000000030600000005120001120000")
    selection = EntrySelection(first=3, last=5)
    assert decode_selection(2, decode(wire)) == selection
    assert encode(selection.encode()) == wire


def test_a_sample_of_the_standard_asks_for_a_range_by_the_clock() -> None:
    wire = bytes.fromhex(
        "0204020412000809060000010000FF0F02120000090C07DE0C0902000000FF000000090C07DF020100000000FF0000000100"
    )
    selection = RangeSelection(
        OctetString(bytes.fromhex("07DE0C0902000000FF000000")), OctetString(bytes.fromhex("07DF020100000000FF000000"))
    )
    assert decode_selection(1, decode(wire)) == selection
    assert encode(selection.encode()) == wire


def test_a_selector_that_profiles_do_not_have_selects_nothing_known() -> None:
    assert decode_selection(3, Structure(())) is None


def test_a_push_list_of_six_fields_keeps_its_restrictions() -> None:
    value = decode(bytes.fromhex(PUSH_LIST))
    pushed = decode_push_list(value)
    no_restriction = (Structure((Enumerate(0), None)), Array(()))
    assert pushed == (
        PushedObject(CaptureObject(40, Obis.parse("0.0.25.9.0.255"), 2), no_restriction),
        PushedObject(CaptureObject(1, Obis.parse("0.0.96.5.134.255"), 2), no_restriction),
    )
    assert Array(one.encode() for one in pushed) == value
    with pytest.raises(MalformedError, match="a capture object is wanted"):
        decode_capture_objects(value)


def test_a_push_list_of_four_fields_has_none() -> None:
    captured = CaptureObject(1, Obis.parse("0.0.97.98.0.255"), 2)
    pushed = decode_push_list(encode_capture_objects((captured,)))
    assert pushed == (PushedObject(captured),)
    assert pushed[0].encode() == captured.encode()


def test_integers_of_other_widths_are_taken() -> None:
    name = OctetString(Obis.parse("1.0.99.1.0.255"))
    listed = Array((Structure((Unsigned(7), name, Unsigned(2), Unsigned(0))),))
    assert decode_capture_objects(listed) == (CaptureObject(7, Obis.parse("1.0.99.1.0.255"), 2),)
    assert decode_capture_objects(None) == ()


_NAME = OctetString(bytes(6))


@pytest.mark.parametrize(
    "value",
    [
        Structure(()),
        Array((None,)),
        Array((Structure((LongUnsigned(1), _NAME, Integer(2))),)),
        Array((Structure((LongUnsigned(1), OctetString(bytes(5)), Integer(2), LongUnsigned(0))),)),
        Array((Structure((LongUnsigned(1), Integer(2), Integer(2), LongUnsigned(0))),)),
        Array((Structure((None, _NAME, Integer(2), LongUnsigned(0))),)),
        Array((Structure((LongUnsigned(1), _NAME, LongUnsigned(200), LongUnsigned(0))),)),
    ],
)
def test_what_are_no_capture_objects_is_refused(value: DlmsValue) -> None:
    with pytest.raises(MalformedError, match="is wanted") as caught:
        decode_capture_objects(value)
    assert caught.value.data


@pytest.mark.parametrize("selector", [1, 2])
def test_selections_of_another_shape_are_refused(selector: int) -> None:
    with pytest.raises(MalformedError, match="a structure of 4 is wanted"):
        decode_selection(selector, Structure((Unsigned(1),)))
