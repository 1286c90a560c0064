"""The buffers of profiles by column: the quick way and the general one say the same of any bytes."""

import os
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import (
    DEPTH_MAX,
    Array,
    DateTimeBytes,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    Long64,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)
from kilovatt.wire.protocols.dlms.values import rows as module
from kilovatt.wire.protocols.dlms.values.rows import Rows, decode_rows
from kilovatt.wire.protocols.dlms.values.types import FIXED_INTEGERS, FixedInteger
from unit.wire.protocols.dlms.values.drawn import SIMPLE, VALUES, Drawn, integers, mutated, refused_cheaply

MUTATIONS = 200_000 if os.environ.get("KILOVATT_SOAK") == "1" else 2_000
STAMP = bytes.fromhex("07EA0B18020C1E0000FF4C00")


# ГОСТ Р 58940-2020, 13: entries 3 to 5 of the monthly profile, reassembled of three segments: a stamp, registers of
# nought, the highest demand of 44 with its stamp, registers again.
_NOUGHT = "0600000000"
_STAMPS = [f"07D{month}01050000000001A400" for month in ("D0C", "E01", "E02", "E03")]
MONTHS = bytes.fromhex(
    "0103"
    + "".join(
        f"0213090C{stamp}{_NOUGHT * 13}060000002C090C{before}{_NOUGHT * 2}0600000027"
        for before, stamp in pairwise(_STAMPS)
    )
)


def plain(value: DlmsValue) -> DlmsValue:
    if isinstance(value, FixedInteger):
        return int(value)
    return bytes(value) if isinstance(value, OctetString) else value


def by_the_general_decoder(data: bytes) -> Rows | None:
    """The rows of any bytes; None where they are no rows of one width."""
    try:
        rows = decode(data)
    except MalformedError:
        return None
    if not isinstance(rows, Array):
        return None
    structures = [row for row in rows if isinstance(row, Structure)]
    if len(structures) < len(rows) or len({len(row) for row in structures}) > 1:
        return None
    columns = zip(*structures, strict=True)
    return Rows(len(rows), tuple([plain(value) for value in column] for column in columns))


def by_column(data: bytes) -> Rows | None:
    try:
        return decode_rows(data)
    except MalformedError:
        return None


def octets(size: int) -> Drawn:
    return st.binary(min_size=size, max_size=size).map(OctetString)


FIXED_COLUMNS = st.one_of(
    st.sampled_from(FIXED_INTEGERS).map(integers),
    st.sampled_from([0, 1, 6, 12, 127]).map(octets),
    st.just(SIMPLE[DateTimeBytes.TAG]),
    st.just(st.none()),
)
ANY_COLUMNS = FIXED_COLUMNS | st.just(VALUES) | st.just(st.none() | st.binary(max_size=130).map(OctetString))


def array_of(rows: Sequence[tuple[DlmsValue, ...]]) -> bytes:
    return encode(Array(Structure(row) for row in rows))


@given(st.lists(FIXED_COLUMNS, max_size=8), st.data())
def test_rows_of_one_shape_come_by_column(columns: list[Drawn], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*columns), min_size=1, max_size=5))
    wire = array_of(rows)
    found = decode_rows(wire)
    assert repr(found) == repr(by_the_general_decoder(wire))
    assert found.count == len(rows)
    assert len(found.columns) == len(columns)


@given(st.lists(ANY_COLUMNS, max_size=6), st.data())
def test_rows_of_several_shapes_come_by_column(columns: list[Drawn], data: st.DataObject) -> None:
    wire = array_of(data.draw(st.lists(st.tuples(*columns), max_size=5)))
    assert repr(decode_rows(wire)) == repr(by_the_general_decoder(wire))


@given(st.lists(st.lists(VALUES, max_size=3), max_size=4))
def test_rows_of_several_widths_are_none(rows: list[list[DlmsValue]]) -> None:
    wire = array_of([tuple(row) for row in rows])
    assert repr(by_column(wire)) == repr(by_the_general_decoder(wire))


def test_a_sample_of_the_standard_is_three_months_by_column() -> None:
    assert len(MONTHS) == 351 - 4
    found = decode_rows(MONTHS)
    before, *stamps = [bytes.fromhex(stamp) for stamp in _STAMPS]
    assert found.count == 3
    assert len(found.columns) == 19
    assert found.columns[0] == stamps
    assert found.columns[14] == [44, 44, 44]
    assert found.columns[15] == [before, *stamps[:2]]
    assert found.columns[18] == [39, 39, 39]
    assert found.columns[1] == found.columns[17] == [0, 0, 0]
    assert repr(found) == repr(by_the_general_decoder(MONTHS))


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_rows_whose_stamps_come_and_go_come_by_column(has_stamp: list[bool]) -> None:
    rows = [
        (OctetString(STAMP) if stamped else None, DoubleLongUnsigned(place)) for place, stamped in enumerate(has_stamp)
    ]
    found = decode_rows(array_of(rows))
    assert repr(found) == repr(by_the_general_decoder(array_of(rows)))
    assert found.nulls == (has_stamp.count(False), 0)


def test_null_stamps_are_told_and_not_guessed() -> None:
    rows: list[tuple[DlmsValue, ...]] = [(OctetString(STAMP), Unsigned(0), DoubleLongUnsigned(7))]
    rows += [(None, Unsigned(0), DoubleLongUnsigned(place)) for place in range(47)]
    found = decode_rows(array_of(rows))
    assert found.nulls == (47, 0, 0)
    assert found.columns[0] == [STAMP] + [None] * 47
    assert found.columns[2] == [7, *range(47)]


def test_mutated_rows_are_the_same_by_both_ways_or_by_none() -> None:
    dice = random.Random(20_261_124)
    even = array_of(
        [(OctetString(STAMP), DoubleLongUnsigned(row), LongUnsigned(row), Integer(-row)) for row in range(4)]
    )
    stamp = OctetString(STAMP)
    odd = array_of([(stamp, Unsigned(1)), (None, Enumerate(2)), (stamp, Unsigned(3))])
    ended = {"read": 0, "refused": 0}
    for _ in range(MUTATIONS):
        wire = mutated(dice.choice([even, odd]), dice)
        found = by_column(wire)
        assert repr(found) == repr(by_the_general_decoder(wire))
        ended["refused" if found is None else "read"] += 1
    assert min(ended.values()) > 0


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([], ()),
        ([()], ()),
        ([(), ()], ()),
        ([(Long64(-5), OctetString(STAMP))], ([-5], [STAMP])),
        ([(Unsigned(1), None), (Unsigned(2), OctetString(STAMP))], ([1, 2], [None, STAMP])),
        ([(Unsigned(1),), (LongUnsigned(2),)], ([1, 2],)),
        ([tuple(Unsigned(column) for column in range(130))], tuple([column] for column in range(130))),
    ],
)
def test_columns_are_plain_integers_and_bytes(
    rows: list[tuple[DlmsValue, ...]], columns: tuple[list[object], ...]
) -> None:
    found = decode_rows(array_of(rows))
    assert repr(found) == repr(Rows(len(rows), columns))


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("", "an array of rows is wanted at byte 0"),
        ("00", "an array of rows is wanted at byte 0"),
        ("020112", "an array of rows is wanted at byte 0"),
        ("0100FF", "1 bytes after the rows at byte 2"),
        ("010112", "a LongUnsigned is cut short"),
        ("01011100", "a row is a structure as wide as the first at byte 2"),
        ("0102" + "02011100" + "0202110011", "a Unsigned is cut short"),
        ("0102" + "02011100" + "020211001100", "a row is a structure as wide as the first at byte 6"),
        ("0101" + "02011100" + "FF", "1 bytes after the rows at byte 6"),
        ("0101" + "02", "a length is missing"),
        ("0101" + "0202" + "1100", "a value is missing|2 values in"),
        ("0101" + "0201" + "090C" + "00", "a OctetString of 12 bytes in 1"),
        ("0101" + "0201" + "09", "a length is missing"),
    ],
)
def test_what_are_no_rows_is_refused_where_that_shows(wire: str, why: str) -> None:
    data = bytes.fromhex(wire)
    with pytest.raises(MalformedError, match=why):
        decode_rows(data)


def test_rows_that_are_promised_and_do_not_come_take_no_memory() -> None:
    refused_cheaply(decode_rows, b"\x01\x84\xff\xff\xff\xff\x02\x01\x11\x07", "4294967295 rows in 4 bytes")
    refused_cheaply(decode_rows, b"\x01\x02" + b"\x02\x01" * 1_000 + b"\x00", "nested more than 16 deep")


def test_rows_nest_as_deep_as_values_do() -> None:
    deepest = b"\x01\x01" + b"\x02\x01" * (DEPTH_MAX - 1) + b"\x00"
    assert decode_rows(deepest).count == 1
    with pytest.raises(MalformedError, match="nested more than 16 deep"):
        decode_rows(b"\x01\x01" + b"\x02\x01" * DEPTH_MAX + b"\x00")


@pytest.mark.parametrize("other", [0, 1, 399, 400, 401, 799])
def test_one_row_of_another_shape_is_found_wherever_it_stands_in_a_long_buffer(other: int) -> None:
    made = [Structure((OctetString(STAMP), DoubleLongUnsigned(place), Unsigned(place % 200))) for place in range(800)]
    made[other] = Structure((OctetString(STAMP), LongUnsigned(other), Unsigned(7)))
    rows = decode_rows(encode(Array(made)))
    assert rows.count == 800
    assert rows.columns[1] == list(range(800))
    assert [place for place, value in enumerate(rows.columns[2]) if value != place % 200] == (
        [] if other % 200 == 7 else [other]
    )


def test_of_many_shapes_the_latest_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LATEST_MAX", 2)
    for width in (1, 2, 3, 4, 1, 2):
        data = encode(Array([Structure([Unsigned(width)] * width)] * 3))
        assert decode_rows(data) == by_the_general_decoder(data)
    assert len(module._latest) <= 2
