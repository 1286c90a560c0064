"""Tables as they come: each row becomes registers or a complaint with its number, and a broken file is named."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.mapping import ReadingsMapping, Register, TableShape
from kilovatt.office.exchange.readings import Complaint, FiledReading, Parsed, parse_readings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MAPPING = ReadingsMapping(
    model_key="matrica-np71",
    zone=ZoneInfo("Europe/Moscow"),
    serial="Номер",
    taken_at="Дата",
    taken_at_format="%d.%m.%Y %H:%M",
    moment=RegisterMoment.NOW,
    wh_per_unit=1_000,
    decimal_mark=",",
    registers={"Всего": Register(Quantity.A_PLUS, 0), "T1": Register(Quantity.A_PLUS, 1)},
    table=TableShape(),
)
HEAD = "Номер;Абонент;Дата;Всего;T1\n"
ROW = "00123;Иванов;01.11.2026 00:05;1 234,567;34,5\n"


def parsed(text: str | bytes, folder: Path, mapping: ReadingsMapping = MAPPING) -> list[Parsed]:
    file = folder / "readings.csv"
    file.write_bytes(text.encode(mapping.table.encoding) if isinstance(text, str) else text)
    return list(parse_readings(file, mapping, now=NOW))


def complaint(text: str, folder: Path, mapping: ReadingsMapping = MAPPING) -> str:
    (said,) = parsed(text, folder, mapping)
    assert isinstance(said, Complaint)
    return f"{said.row}: {said}"


def values(rows: Sequence[Parsed]) -> list[tuple[int, str, list[int]]]:
    assert all(isinstance(row, FiledReading) for row in rows), rows
    return [(row.row, row.serial, [r.value for r in row.registers]) for row in rows if isinstance(row, FiledReading)]


def test_a_row_becomes_registers_in_watt_hours_with_the_row_as_their_evidence(tmp_path: Path) -> None:
    (row,) = parsed(HEAD + ROW, tmp_path)
    assert isinstance(row, FiledReading)
    assert (row.row, row.serial) == (2, "00123")
    assert row.text == "Номер: 00123\nАбонент: Иванов\nДата: 01.11.2026 00:05\nВсего: 1 234,567\nT1: 34,5"
    assert [(r.quantity, r.tariff, r.value, r.exchange) for r in row.registers] == [
        (Quantity.A_PLUS, 0, 1_234_567, 2),
        (Quantity.A_PLUS, 1, 34_500, 2),
    ]
    assert {(r.taken_at, r.heard_at) for r in row.registers} == {(datetime(2026, 10, 31, 21, 5, tzinfo=UTC), NOW)}


def test_lines_above_the_header_are_passed_over_and_empty_ones_below_too(tmp_path: Path) -> None:
    mapping = replace(MAPPING, table=TableShape(encoding="cp1251", header_row=3))
    assert values(parsed(f"Отчёт\n\n{HEAD};;;;\n{ROW}", tmp_path, mapping)) == [(5, "00123", [1_234_567, 34_500])]


def test_a_quoted_cell_may_run_over_lines_and_the_row_is_where_it_begins(tmp_path: Path) -> None:
    second = ROW.replace("Иванов", '"Иванов;\nМария"')
    assert [row for row, _, _ in values(parsed(HEAD + second + ROW, tmp_path))] == [2, 4]


def test_an_empty_register_is_left_out_and_a_row_without_any_is_said(tmp_path: Path) -> None:
    assert values(parsed(HEAD + "5;;01.11.2026 00:05;7;\n", tmp_path)) == [(2, "5", [7_000])]
    assert complaint(HEAD + "5;;01.11.2026 00:05;;\n", tmp_path) == "2: The row of meter 5 holds no register."


@pytest.mark.parametrize(
    ("row", "because"),
    [
        (";;01.11.2026 00:05;7;7", "2: The row names no meter."),
        ("5;;2026-11-01;7;7", "2: '2026-11-01' is no time in the form %d.%m.%Y %H:%M."),
        ("5;;01.12.2026 00:05;7;7", "2: The reading is of 2026-11-30T21:05:00+00:00, which is still to come."),
        ("5;;01.11.2026 00:05;-7;7", "2: '-7' in the column Всего is no register."),
        ("5;;01.11.2026 00:05;7 кВт;7", "2: '7 кВт' in the column Всего is no register."),
        ("5;;01.11.2026 00:05;NaN;7", "2: 'NaN' in the column Всего is no register."),
        ("5;;01.11.2026 00:05;1e30;7", "2: '1e30' in the column Всего is no register."),
        ("5;;01.11.2026 00:05", "2: The row of meter 5 holds no register."),
    ],
)
def test_a_row_that_makes_no_sense_is_a_complaint_with_its_number(row: str, because: str, tmp_path: Path) -> None:
    assert complaint(f"{HEAD}{row}\n", tmp_path) == because


def test_a_frozen_register_must_be_of_a_midnight(tmp_path: Path) -> None:
    frozen = replace(MAPPING, moment=RegisterMoment.MONTH_START)
    assert "frozen at midnight" in complaint(HEAD + ROW, tmp_path, frozen)
    assert values(parsed(HEAD + ROW.replace("00:05", "00:00"), tmp_path, frozen)) == [(2, "00123", [1_234_567, 34_500])]


def test_a_workbook_is_read_as_a_table_its_instants_and_numbers_being_what_they_are(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Показания"
    sheet.append(["Номер", "Дата", "Всего", "T1"])
    sheet.append([123.0, datetime(2026, 11, 1, 0, 5), 0.1 + 0.2, "34,5"])  # as workbooks have it
    sheet.append(["5", date(2026, 11, 1), 7, None])
    book.save(tmp_path / "readings.xlsx")
    mapping = replace(MAPPING, taken_at_format="%Y-%m-%d", table=TableShape(sheet="Показания"))
    rows = list(parse_readings(tmp_path / "readings.xlsx", mapping, now=NOW))
    assert values(rows) == [(2, "123", [300, 34_500]), (3, "5", [7_000])]
    with pytest.raises(FileFaultError, match="has no sheet 'Лист1'; its sheets are Показания"):
        list(parse_readings(tmp_path / "readings.xlsx", replace(mapping, table=TableShape(sheet="Лист1")), now=NOW))
    whole = (tmp_path / "readings.xlsx").read_bytes()
    (tmp_path / "half.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFaultError, match="cannot be read"):
        list(parse_readings(tmp_path / "half.xlsx", mapping, now=NOW))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Номер;Дата;Всего\n", "has no column 'T1'; its columns are Номер, Дата, Всего"),
        ("Номер;Дата;Всего;T1;T1\n", "has the column T1 more than once"),
        ("", "ends before row 1"),
        (HEAD.encode() + b"\xff\xfe\n", "cannot be read"),
        (HEAD + '5;"Иванов', "cannot be read"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_with_a_sentence(
    text: str | bytes, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(FileFaultError, match=complaint):
        parsed(text, tmp_path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="cannot be read"):
        list(parse_readings(tmp_path / "none.csv", MAPPING, now=NOW))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_no_bytes_upset_the_reader(tmp_path: Path, garbage: bytes) -> None:
    for name in ("readings.csv", "readings.xlsx"):
        file = tmp_path / name
        file.write_bytes(HEAD.encode() + garbage if name.endswith("csv") else garbage)
        with suppress(FileFaultError):
            assert all(isinstance(row, FiledReading | Complaint) for row in parse_readings(file, MAPPING, now=NOW))
