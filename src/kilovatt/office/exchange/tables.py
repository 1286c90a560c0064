"""Tables that other systems write: CSV and workbooks (XLSX), as rows of text with their numbers."""

import csv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext_noop
from openpyxl.utils.exceptions import InvalidFileException

from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.mapping import TableShape

ROWS_MAX = 2_000_000
_CELL_MAX = 10_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row below the header: its number in the file, from 1, and its cells by the names of the columns.

    A cell of a workbook that holds an instant or a number is what it holds; all else is text.
    """

    number: int
    cells: dict[str, object]

    @property
    def text(self) -> str:
        """The row as it can be shown, cell by cell."""
        return "\n".join(f"{name}: {'' if value is None else value}" for name, value in self.cells.items())


def read_rows(file: Path, shape: TableShape, columns: tuple[str, ...]) -> Iterator[TableRow]:
    """Give the rows of a table one by one, those without a cell left out.

    Raises FileFaultError if it cannot be read or lacks one of the columns.
    """
    lines = _workbook(file, shape) if file.suffix.lower() == ".xlsx" else _separated(file, shape)
    header: list[str] | None = None
    for number, line in lines:
        if number < shape.header_row:
            continue
        if header is None:
            header = _header(file, line, columns)
            continue
        if number > ROWS_MAX:
            raise FileFaultError(gettext_noop("%(file)s has more than %(rows)d rows."), file=file, rows=ROWS_MAX)
        if any(cell not in {None, ""} for cell in line):
            yield TableRow(number, dict(zip(header, line, strict=False)))
    if header is None:
        raise FileFaultError(
            gettext_noop("%(file)s ends before row %(row)d, where its columns should be named."),
            file=file,
            row=shape.header_row,
        )


def _header(file: Path, line: list[object], columns: tuple[str, ...]) -> list[str]:
    names = [str(cell or "").strip() for cell in line]
    missing = [column for column in columns if column not in names]
    if missing:
        raise FileFaultError(
            gettext_noop("%(file)s has no column %(missing)s; its columns are %(names)s."),
            file=file,
            missing=", ".join(map(repr, missing)),
            names=", ".join(filter(None, names)) or "—",
        )
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise FileFaultError(
            gettext_noop("%(file)s has the column %(twice)s more than once."), file=file, twice=", ".join(twice)
        )
    return names


def _separated(file: Path, shape: TableShape) -> Iterator[tuple[int, list[object]]]:
    try:
        with file.open(encoding=shape.encoding, newline="") as opened:
            reader = csv.reader(opened, delimiter=shape.delimiter, strict=True)
            before = 0
            for cells in reader:
                # A quoted cell may run over several lines of the file: the row is where it begins.
                yield before + 1, [cell.strip()[:_CELL_MAX] for cell in cells]
                before = reader.line_num
    except (OSError, UnicodeError, csv.Error) as error:
        raise _unreadable(file, error) from error


def _workbook(file: Path, shape: TableShape) -> Iterator[tuple[int, list[object]]]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (OSError, InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError) as error:
        raise _unreadable(file, error) from error
    try:
        if shape.sheet is not None and shape.sheet not in book.sheetnames:
            raise FileFaultError(
                gettext_noop("%(file)s has no sheet %(sheet)r; its sheets are %(sheets)s."),
                file=file,
                sheet=shape.sheet,
                sheets=", ".join(book.sheetnames),
            )
        sheet = book[shape.sheet] if shape.sheet is not None else book.worksheets[0]
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield number, [_cell(cell) for cell in cells]
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError, IndexError, EOFError) as error:
        raise _unreadable(file, error) from error
    finally:
        book.close()


def _cell(cell: object) -> object:
    if isinstance(cell, datetime | date | int | float) and not isinstance(cell, bool):
        return cell
    return "" if cell is None else str(cell).strip()[:_CELL_MAX]


def _unreadable(file: Path, error: Exception) -> FileFaultError:
    return FileFaultError(gettext_noop("%(file)s cannot be read: %(reason)s."), file=file, reason=error)
