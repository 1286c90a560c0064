"""Lists of meters that people have: a serial or account number at the beginning of each row."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.utils.translation import gettext_noop

from kilovatt.office.exchange.faults import FileFaultError

ROWS_MAX = 20_000
BYTES_MAX = 4_000_000
_NAME_MAX = 64
_ENCODINGS = ("utf-8-sig", "cp1251")
_DELIMITERS = (";", "\t", ",")


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row of a list: its number in the file, from 1, and whom it names."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterListFile:
    """A list of meters, with the name and the SHA-256 of its file."""

    name: str
    digest: bytes
    rows: tuple[ListedRow, ...]


def meter_list(data: bytes, *, name: str) -> MeterListFile:
    """Return what a file lists; what stands behind the first cell of a row is not looked at.

    A first row without a digit is a heading. Raises FileFaultError for what is no such list.
    """
    if len(data) > BYTES_MAX or b"\0" in data:
        raise FileFaultError(
            gettext_noop("%(file)s is no list: a text file is wanted, a serial or account number in each row."),
            file=name,
        )
    rows = list(_rows(_text(data)))
    if rows and not any(sign.isdigit() for sign in rows[0].name):
        del rows[0]
    if not rows:
        raise FileFaultError(gettext_noop("%(file)s lists no meter."), file=name)
    if len(rows) > ROWS_MAX:
        raise FileFaultError(gettext_noop("%(file)s has more than %(rows)d rows."), file=name, rows=ROWS_MAX)
    return MeterListFile(name=name, digest=sha256(data).digest(), rows=tuple(rows))


def _text(data: bytes) -> str:
    for encoding in _ENCODINGS[:-1]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode(_ENCODINGS[-1], errors="replace")


def _rows(text: str) -> Iterator[ListedRow]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = [delimiter for delimiter in _DELIMITERS if delimiter in line]
        try:
            (cells,) = csv.reader(io.StringIO(line), delimiter=found[0] if found else ";") if line.strip() else [[""]]
        except (csv.Error, ValueError):
            cells = [line]
        name = cells[0].strip().removeprefix("№").strip()[:_NAME_MAX] if cells else ""
        if name:
            yield ListedRow(number, name)
