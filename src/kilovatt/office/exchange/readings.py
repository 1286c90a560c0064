"""Readings in a table: each row that makes sense becomes registers, each that does not a complaint with its number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeAlias

from django.utils.translation import gettext_noop

from kilovatt.measure.metering.believing import REGISTER_MAX_WH
from kilovatt.measure.metering.registers import RegisterMoment, RegisterReading
from kilovatt.office.exchange.mapping import ReadingsMapping
from kilovatt.office.exchange.tables import TableRow, read_rows
from kilovatt.quantities.periods import local_date, local_midnight

_SPACES = str.maketrans("", "", " \u00a0\u202f'")
_LOST_HALF = 1
"""What a floating-point number of a workbook may be off by, in thousandths of Wh, and still be the number meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledReading:
    """The registers a row holds of one meter, and the row itself as evidence."""

    row: int
    serial: str
    text: str
    registers: tuple[RegisterReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Why a row is not taken. `sentence` is to be translated and then filled in with `values`."""

    row: int
    sentence: str
    values: dict[str, object]

    def __str__(self) -> str:
        return self.sentence % self.values


Parsed: TypeAlias = FiledReading | Complaint


class _WrongRowError(Exception):
    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


def parse_readings(file: Path, mapping: ReadingsMapping, *, now: datetime) -> Iterator[Parsed]:
    """Give what each row of a table says. Raises FileFaultError if it is no such table."""
    for row in read_rows(file, mapping.table, mapping.columns):
        try:
            yield _reading(row, mapping, now)
        except _WrongRowError as error:
            yield Complaint(row=row.number, sentence=error.sentence, values=error.values)


def _reading(row: TableRow, mapping: ReadingsMapping, now: datetime) -> FiledReading:
    serial = _serial(row.cells.get(mapping.serial))
    taken_at = _taken_at(row.cells.get(mapping.taken_at), mapping)
    if taken_at > now:
        raise _WrongRowError(gettext_noop("The reading is of %(at)s, which is still to come."), at=taken_at.isoformat())
    registers = tuple(
        RegisterReading(
            quantity=register.quantity,
            tariff=register.tariff,
            value=value,
            moment=mapping.moment,
            taken_at=taken_at,
            heard_at=now,
            exchange=row.number,
        )
        for column, register in mapping.registers.items()
        if (value := _energy_wh(row.cells.get(column), column, mapping)) is not None
    )
    if not registers:
        raise _WrongRowError(gettext_noop("The row of meter %(serial)s holds no register."), serial=serial)
    return FiledReading(row=row.number, serial=serial, text=row.text, registers=registers)


def _serial(cell: object) -> str:
    # A workbook likes to make numbers of serial numbers.
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell or "").translate(_SPACES)
    if not text:
        raise _WrongRowError(gettext_noop("The row names no meter."))
    return text


def _taken_at(cell: object, mapping: ReadingsMapping) -> datetime:
    if isinstance(cell, datetime):
        local = cell
    else:
        text = str(cell or "")
        try:
            local = datetime.strptime(text, mapping.taken_at_format)  # noqa: DTZ007  # the zone is the mapping's
        except ValueError as error:
            raise _WrongRowError(
                gettext_noop("%(text)r is no time in the form %(form)s."), text=text, form=mapping.taken_at_format
            ) from error
    at = local.replace(tzinfo=mapping.zone).astimezone(UTC)
    if mapping.moment is not RegisterMoment.NOW and at != local_midnight(local_date(at, mapping.zone), mapping.zone):
        raise _WrongRowError(
            gettext_noop("The mapping says that registers were frozen at midnight, and the row says %(at)s."),
            at=local.isoformat(sep=" "),
        )
    return at


def _energy_wh(cell: object, column: str, mapping: ReadingsMapping) -> int | None:
    """Return a register [Wh], floored; None for an empty cell."""
    if cell is None or cell == "":
        return None
    text = str(cell).translate(_SPACES)
    if not isinstance(cell, int | float):
        text = text.replace(mapping.decimal_mark, ".") if mapping.decimal_mark == "," else text
    try:
        energy = Decimal(text) * mapping.wh_per_unit
    except InvalidOperation as error:
        raise _not_a_register(cell, column) from error
    if not energy.is_finite() or not 0 <= energy <= REGISTER_MAX_WH:
        raise _not_a_register(cell, column)
    # 1234.567 kWh in binary is a trifle less than itself: such a number is meant to be whole.
    nearest = energy.to_integral_value()
    return int(nearest) if abs(energy - nearest) * 1000 < _LOST_HALF else int(energy)


def _not_a_register(cell: object, column: str) -> _WrongRowError:
    return _WrongRowError(gettext_noop("%(cell)r in the column %(column)s is no register."), cell=cell, column=column)
