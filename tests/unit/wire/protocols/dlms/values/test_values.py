"""Every type of A-XDR there and back, real bodies to the last byte, and what is no value."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import (
    DEPTH_MAX,
    Array,
    BitString,
    CompactArray,
    DateTimeBytes,
    DlmsValue,
    DoubleLong,
    DoubleLongUnsigned,
    Enumerate,
    Float32,
    Float64,
    Integer,
    Long64Unsigned,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    TimeBytes,
    Unsigned,
    Utf8String,
    VisibleString,
    decode,
    decode_from,
    decode_length,
    encode,
    encode_length,
)
from kilovatt.wire.protocols.framing.connection import LineFault, LocalProtocolError
from unit.wire.protocols.dlms.values.drawn import SIMPLE, VALUES, mutated, refused_cheaply

MUTATIONS = 200_000 if os.environ.get("KILOVATT_SOAK") == "1" else 2_000

# A DataNotification of an Energomera meter, as captured: its header, and the body that is one value.
PUSHED = bytes.fromhex(
    "0F4000004D0C07E60B03FF0F2619FFFF4CFF02070107020612002809060000190900FF0F0212000002021600000100020612000109060000"
    "600586FF0F02120000020216000001000206120001090600002A0000FF0F0212000002021600000100020612000109060000600100FF0F02"
    "12000002021600000100020612000109060000616200FF0F021200000202160000010002061200010906000061620AFF0F02120000020216"
    "00000100020612000109060000600587FF0F021200000202160000010016010910454D523032323231373336303837313009203031323431"
    "353137333630383731300000000000000000000000000000000000060000001006" + "0000FFFF020209060000636204FF120003"
)
PUSHED_HEADER_BYTES = 1 + 4 + 1 + 12


def pushed_object(class_id: int, name: str) -> Structure:
    restriction = Structure((Enumerate(0), None))
    value_of = (LongUnsigned(class_id), OctetString(bytes.fromhex(name)), Integer(2), LongUnsigned(0))
    return Structure((*value_of, restriction, Array()))


PUSHED_BODY = Structure(
    (
        Array(
            (
                pushed_object(40, "0000190900FF"),
                pushed_object(1, "0000600586FF"),
                pushed_object(1, "00002A0000FF"),
                pushed_object(1, "0000600100FF"),
                pushed_object(1, "0000616200FF"),
                pushed_object(1, "000061620AFF"),
                pushed_object(1, "0000600587FF"),
            )
        ),
        Enumerate(1),
        OctetString(b"EMR0222173608710"),
        OctetString(b"012415173608710".ljust(32, b"\x00")),
        DoubleLongUnsigned(0x10),
        DoubleLongUnsigned(0xFFFF),
        Structure((OctetString(bytes.fromhex("0000636204FF")), LongUnsigned(3))),
    )
)


def nested(depth: int) -> bytes:
    return b"\x02\x01" * depth + b"\x00"


def test_a_captured_push_is_read_to_its_last_byte() -> None:
    assert len(PUSHED) == 274
    body, end = decode_from(PUSHED, PUSHED_HEADER_BYTES)
    assert end == len(PUSHED)
    assert repr(body) == repr(PUSHED_BODY)
    assert encode(PUSHED_BODY) == PUSHED[PUSHED_HEADER_BYTES:]


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ("02020FFE161B", Structure((Integer(-2), Enumerate(27)))),  # hundredths of a watt
        ("09060000280000FF", OctetString(bytes.fromhex("0000280000FF"))),
        ("0500000000", DoubleLong(0)),
        ("090C07E00A1FFF082E2601000000", OctetString(bytes.fromhex("07E00A1FFF082E2601000000"))),
        ("120002", LongUnsigned(2)),
        ("0600000005", DoubleLongUnsigned(5)),
        ("15FFFFFFFFFFFFFFFF", Long64Unsigned(2**64 - 1)),
        ("1741200000", Float32(10.0)),
        ("184024000000000000", Float64(10.0)),
        ("0403A0", BitString(b"\xa0", 3)),
        ("0A024142", VisibleString(b"AB")),
        ("0C00", Utf8String(b"")),
        ("1B0C1E0000", TimeBytes(bytes.fromhex("0C1E0000"))),
        ("0100", Array()),
        ("00", None),
        ("0301", True),
        ("0300", False),
    ],
)
def test_a_value_is_these_bytes_and_these_bytes_the_value(wire: str, value: DlmsValue) -> None:
    assert repr(decode(bytes.fromhex(wire))) == repr(value)
    assert encode(value) == bytes.fromhex(wire)


def test_whatever_is_not_zero_is_true() -> None:
    assert decode(b"\x03\xff") is True


def test_values_count_and_compare_as_plain_ones_and_show_their_type() -> None:
    assert LongUnsigned(7) + 1 == 8
    assert OctetString(b"\x0a") == b"\x0a"
    assert Structure((Unsigned(1),)) == (1,)
    shown = Array((LongUnsigned(7), OctetString(b"\x0a"), Float32(1.5), Structure((None, True))))
    assert repr(shown) == "Array(LongUnsigned(7), OctetString(0a), Float32(1.5), Structure(None, True))"


def test_bits_are_counted_from_the_highest_of_the_first_byte() -> None:
    bits = BitString(b"\x80\x40", 10)
    assert [place for place in range(10) if bits.bit(place)] == [0, 9]
    for data, count in ((b"\x80", 9), (b"\x80\x00", 8), (b"", -1)):
        with pytest.raises(ValueError, match="bits do not fill"):
            BitString(data, count)


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tag", sorted(SIMPLE))
@given(data=st.data())
def test_each_type_comes_back_as_it_was(tag: int, data: st.DataObject) -> None:
    value = data.draw(SIMPLE[tag])
    wire = encode(value)
    assert wire[0] == tag
    assert repr(decode(wire)) == repr(value)


@given(VALUES)
def test_nested_values_come_back_as_they_were(value: DlmsValue) -> None:
    assert repr(decode(encode(value))) == repr(value)


@given(VALUES, st.binary(max_size=5), st.binary(max_size=5))
def test_a_value_ends_where_it_ends_whatever_stands_around_it(value: DlmsValue, before: bytes, after: bytes) -> None:
    wire = encode(value)
    found, end = decode_from(before + wire + after, len(before))
    assert repr(found) == repr(value)
    assert end == len(before) + len(wire)


@given(VALUES, st.data())
def test_a_value_that_is_cut_short_is_none(value: DlmsValue, data: st.DataObject) -> None:
    wire = encode(value)
    with pytest.raises(MalformedError) as refused:
        decode(wire[: data.draw(st.integers(0, len(wire) - 1))])
    assert refused.value.fault is LineFault.NOISE
    assert 0 <= refused.value.offset <= len(wire)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    try:
        value = decode(data)
    except MalformedError:
        value = None
    assert repr(decode(encode(value))) == repr(value)


def test_mutated_values_are_values_or_malformed() -> None:
    dice = random.Random(20_261_124)
    compact = CompactArray((Structure((Unsigned(1), None)), Structure((Unsigned(2), None))), bytes.fromhex("02021100"))
    every = Structure((None, True, BitString(b"\x80", 1), Float64(1.0), DateTimeBytes(bytes(12)), compact))
    seeds = [encode(PUSHED_BODY), encode(every), encode(compact), encode(Array([every] * 3)), nested(15)]
    ended = {"read": 0, "refused": 0}
    for _ in range(MUTATIONS):
        try:
            value = decode(mutated(dice.choice(seeds), dice))
        except MalformedError:
            ended["refused"] += 1
        else:
            ended["read"] += 1
            assert repr(decode(encode(value))) == repr(value)
    assert min(ended.values()) > 0


# ── What is no value ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wire", "offset", "why"),
    [
        ("", 0, "a value is missing"),
        ("0202", 0, "2 values in 0 bytes"),
        ("020200", 0, "2 values in 1 bytes"),
        ("02020012", 3, "a LongUnsigned is cut short"),
        ("07", 0, "07h is no tag"),
        ("020100FF", 3, "1 bytes after the value"),
        ("03", 0, "a boolean is cut short"),
        ("0905AABB", 0, "a OctetString of 5 bytes in 2"),
        ("1A07E0", 0, "a DateBytes of 5 bytes in 2"),
        ("0409FF", 0, "a string of 9 bits in 1 bytes"),
        ("09", 1, "a length is missing"),
        ("0980", 1, "a length of 0 bytes"),
        ("09850000000001AA", 1, "a length of 5 bytes"),
        ("098201", 1, "a length of 2 bytes"),
    ],
)
def test_what_is_no_value_is_refused_where_that_shows(wire: str, offset: int, why: str) -> None:
    data = bytes.fromhex(wire)
    with pytest.raises(MalformedError, match=why) as refused:
        decode(data)
    assert refused.value.data == data
    assert refused.value.offset == offset


@pytest.mark.parametrize("tag", ["01", "02", "04", "09", "0A", "0C"])
def test_lengths_of_four_thousand_million_take_no_memory(tag: str) -> None:
    refused_cheaply(decode, bytes.fromhex(tag + "84FFFFFFFF") + bytes(1_000), "4294967295 ")


def test_nesting_ends_somewhere() -> None:
    assert encode(decode(nested(DEPTH_MAX))) == nested(DEPTH_MAX)
    refused_cheaply(decode, nested(DEPTH_MAX + 1), "nested more than 16 deep at byte 32")
    refused_cheaply(decode, nested(1_000), "nested more than 16 deep")
    refused_cheaply(decode, b"\x01\x01" * 1_000 + b"\x00", "nested more than 16 deep")


@pytest.mark.parametrize("value", [7, 1.5, b"\x01", (1,), [1], "text", Structure((Unsigned(1), 7))])
def test_a_value_whose_tag_nobody_can_tell_is_not_written(value: DlmsValue) -> None:
    with pytest.raises(LocalProtocolError, match="has no tag in A-XDR"):
        encode(value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Unsigned(256), "Unsigned is 0 to 255: got 256"),
        (Integer(-129), "Integer is -128 to 127: got -129"),
        (TimeBytes(b"\x00"), "TimeBytes has 4 bytes: got 1"),
        (Float32(1e39), "too large for a Float32"),
    ],
)
def test_what_is_out_of_range_is_not_written(value: DlmsValue, why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why):
        encode(value)


# ── Lengths ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 2**32 - 1), st.binary(max_size=3))
def test_lengths_come_back_as_they_were(length: int, before: bytes) -> None:
    wire = before + encode_length(length)
    assert decode_length(wire, len(before)) == (length, len(wire))


def test_lengths_take_as_few_bytes_as_they_can_and_are_read_from_more() -> None:
    assert [encode_length(length).hex() for length in (0, 127, 128, 255, 256)] == ["00", "7f", "8180", "81ff", "820100"]
    assert decode_length(bytes.fromhex("8400000005"), 0) == (5, 5)
