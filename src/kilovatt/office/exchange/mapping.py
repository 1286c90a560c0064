"""What the columns of somebody's table of readings mean, declared in a file of TOML.

model = "matrica-np71"
zone = "Europe/Moscow"
serial = "Заводской номер"
taken_at = "Дата и время"
taken_at_format = "%d.%m.%Y %H:%M"
moment = "now"                    # or day_start, month_start: registers frozen at a midnight
unit = "kWh"                      # or Wh, MWh
decimal_mark = ","

[registers]                       # the column of each register; a_plus.0 is the total, a_plus.1 the first tariff
"a_plus.0" = "A+ сумма"
"a_plus.1" = "A+ день"

[table]                           # how the file is written; all of it may be left out
encoding = "cp1251"
delimiter = ";"
header_row = 3                    # the row that names the columns, from 1
sheet = "Показания"               # of a workbook; the first, unless stated
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext_noop

from kilovatt.measure.metering.catalogue import UnknownModelError, model_by_key
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.office.exchange.faults import FileFaultError

WH_PER_UNIT = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}
_TARIFF_MAX = 8
_ENCODINGS = ("utf-8-sig", "utf-8", "cp1251", "koi8-r", "utf-16")


@dataclass(frozen=True, slots=True)
class Register:
    """Which register a column holds; tariff 0 is the total."""

    quantity: Quantity
    tariff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """How a table is written. Rows count from 1, as people count them."""

    encoding: str = "utf-8-sig"
    delimiter: str = ";"
    header_row: int = 1
    sheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsMapping:
    """What the columns of a table of readings mean."""

    model_key: str
    zone: ZoneInfo
    serial: str
    taken_at: str
    taken_at_format: str
    moment: RegisterMoment
    wh_per_unit: int
    decimal_mark: str
    registers: Mapping[str, Register]
    """By the name of the column."""
    table: TableShape

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are needed."""
        return (self.serial, self.taken_at, *self.registers)


def read_mapping(file: Path) -> ReadingsMapping:
    """Return what a file declares. Raises FileFaultError with a sentence for whatever is wrong in it."""
    try:
        with file.open("rb") as opened:
            declared = tomllib.load(opened)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileFaultError(
            gettext_noop("The mapping %(file)s cannot be read: %(reason)s."), file=file, reason=error
        ) from error
    return _Declared(file, declared).mapping()


class _Declared:
    """One declaration being read, each of its names once."""

    def __init__(self, file: Path, declared: dict[str, Any]) -> None:
        self._file = file
        self._left = dict(declared)

    def mapping(self) -> ReadingsMapping:
        mapping = ReadingsMapping(
            model_key=self._model(),
            zone=self._zone(),
            serial=self._text("serial"),
            taken_at=self._text("taken_at"),
            taken_at_format=self._text("taken_at_format"),
            moment=RegisterMoment(self._one_of("moment", tuple(RegisterMoment), "now")),
            wh_per_unit=WH_PER_UNIT[self._one_of("unit", tuple(WH_PER_UNIT), "kWh")],
            decimal_mark=self._one_of("decimal_mark", (",", "."), ","),
            registers=self._registers(),
            table=self._table(),
        )
        self._nothing_left(self._left)
        return mapping

    def _fault(self, sentence: str, **values: object) -> FileFaultError:
        return FileFaultError(sentence, file=self._file, **values)

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._left.pop(name, default)
        if not isinstance(value, str) or not value:
            raise self._fault(
                gettext_noop('The mapping %(file)s does not say %(name)s: write %(name)s = "…".'), name=name
            )
        return value

    def _one_of(self, name: str, known: tuple[str, ...], default: str) -> str:
        value = self._text(name, default)
        if value not in known:
            raise self._fault(
                gettext_noop("The mapping %(file)s has %(name)s = %(value)r; it is one of %(known)s."),
                name=name,
                value=value,
                known=", ".join(known),
            )
        return value

    def _model(self) -> str:
        key = self._text("model")
        try:
            return model_by_key(key).key
        except UnknownModelError as error:
            raise self._fault(
                gettext_noop("The mapping %(file)s names the model %(model)r, which `kilovatt models` does not know."),
                model=key,
            ) from error

    def _zone(self) -> ZoneInfo:
        name = self._text("zone")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise self._fault(
                gettext_noop("The mapping %(file)s has the time zone %(zone)r; write it as Europe/Moscow."), zone=name
            ) from error

    def _registers(self) -> dict[str, Register]:
        declared = self._left.pop("registers", None)
        if not isinstance(declared, dict) or not declared:
            raise self._fault(
                gettext_noop('The mapping %(file)s names no register: write [registers] and "a_plus.0" = "column".')
            )
        registers: dict[str, Register] = {}
        for name, column in declared.items():
            if not isinstance(column, str) or column in registers:
                raise self._fault(
                    gettext_noop("The mapping %(file)s must name a column of its own for %(name)s."), name=name
                )
            registers[column] = self._register(name)
        return registers

    def _register(self, name: str) -> Register:
        quantity, _, tariff = name.partition(".")
        if quantity in tuple(Quantity) and tariff.isdecimal() and int(tariff) <= _TARIFF_MAX:
            return Register(Quantity(quantity), int(tariff))
        raise self._fault(
            gettext_noop(
                "The mapping %(file)s has the register %(name)r; write a quantity (%(known)s) and a tariff, 0 for the"
                " total, as a_plus.0."
            ),
            name=name,
            known=", ".join(Quantity),
        )

    def _table(self) -> TableShape:
        declared = self._left.pop("table", {})
        if not isinstance(declared, dict):
            raise self._fault(gettext_noop("The mapping %(file)s must have [table] as a section."))
        shape = _Declared(self._file, declared)
        header_row = shape._left.pop("header_row", 1)
        if not isinstance(header_row, int) or not 1 <= header_row <= 1_000:
            raise self._fault(
                gettext_noop("The mapping %(file)s has header_row = %(value)r; it is a row from 1 to 1000."),
                value=header_row,
            )
        sheet = shape._left.pop("sheet", None)
        table = TableShape(
            encoding=shape._one_of("encoding", _ENCODINGS, "utf-8-sig"),
            delimiter=shape._one_of("delimiter", (";", ",", "\t", "|"), ";"),
            header_row=header_row,
            sheet=None if sheet is None else str(sheet),
        )
        self._nothing_left(shape._left)
        return table

    def _nothing_left(self, left: dict[str, Any]) -> None:
        if left:
            raise self._fault(
                gettext_noop("The mapping %(file)s says %(names)s, which is not known; see `kilovatt import --help`."),
                names=", ".join(sorted(left)),
            )
