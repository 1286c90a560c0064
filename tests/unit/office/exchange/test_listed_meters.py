"""Lists of meters as people have them: a number at the beginning of each row, whatever stands behind it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.listed_meters import BYTES_MAX, ROWS_MAX, meter_list


def names(text: str, encoding: str = "utf-8") -> list[tuple[int, str]]:
    listed = meter_list(text.encode(encoding), name="debtors.csv")
    return [(row.number, row.name) for row in listed.rows]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("41000001\n41000002\n", "utf-8", [(1, "41000001"), (2, "41000002")]),
        ("Счётчик;Долг\n41000001;1 200,50\n\n№ 41000002;7\n", "cp1251", [(2, "41000001"), (4, "41000002")]),
        ("\ufeffaccount\tdebt\n000001\t5\n", "utf-8", [(2, "000001")]),
        ('"41000001","Иванова, М."\n', "utf-8", [(1, "41000001")]),
        ("  41000001  \r\n", "utf-8", [(1, "41000001")]),
        ('"41000001;5\n', "utf-8", [(1, "41000001;5")]),
    ],
)
def test_a_list_is_read_however_its_rows_go_on(text: str, encoding: str, found: list[tuple[int, str]]) -> None:
    assert names(text, encoding) == found


def test_a_list_is_known_by_its_bytes() -> None:
    listed = meter_list(b"41000001\n", name="debtors.csv")
    assert (listed.name, listed.digest) == ("debtors.csv", sha256(b"41000001\n").digest())


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "lists no meter"),
        ("номер\n".encode(), "lists no meter"),
        (b"PK\x03\x04\0\0", "is no list"),
        (b"1" * (BYTES_MAX + 1), "is no list"),
        (b"1\n" * (ROWS_MAX + 1), f"more than {ROWS_MAX} rows"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(data: bytes, complaint: str) -> None:
    with pytest.raises(FileFaultError, match=complaint):
        meter_list(data, name="x")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    try:
        listed = meter_list(data, name="x")
    except FileFaultError:
        return
    assert listed.rows
    assert all(row.name == row.name.strip() and row.name for row in listed.rows)
