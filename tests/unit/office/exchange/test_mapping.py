"""What a mapping may say, and the sentence for each thing it may not."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.mapping import ReadingsMapping, Register, TableShape, read_mapping

WHOLE = """
model = "matrica-np71"
zone = "Europe/Moscow"
serial = "Заводской номер"
taken_at = "Дата"
taken_at_format = "%d.%m.%Y"
moment = "month_start"
unit = "MWh"
decimal_mark = "."
[registers]
"a_plus.0" = "Сумма"
"a_plus.1" = "День"
[table]
encoding = "cp1251"
delimiter = ","
header_row = 3
sheet = "Показания"
"""


def declared(text: str, folder: Path) -> ReadingsMapping:
    file = folder / "np71.toml"
    file.write_text(text, encoding="utf-8")
    return read_mapping(file)


def test_a_mapping_says_what_the_columns_of_a_table_mean(tmp_path: Path) -> None:
    mapping = declared(WHOLE, tmp_path)
    assert mapping == ReadingsMapping(
        model_key="matrica-np71",
        zone=ZoneInfo("Europe/Moscow"),
        serial="Заводской номер",
        taken_at="Дата",
        taken_at_format="%d.%m.%Y",
        moment=RegisterMoment.MONTH_START,
        wh_per_unit=1_000_000,
        decimal_mark=".",
        registers={"Сумма": Register(Quantity.A_PLUS, 0), "День": Register(Quantity.A_PLUS, 1)},
        table=TableShape(encoding="cp1251", delimiter=",", header_row=3, sheet="Показания"),
    )
    assert mapping.columns == ("Заводской номер", "Дата", "Сумма", "День")


def test_what_is_left_out_is_as_russian_tables_have_it(tmp_path: Path) -> None:
    short = WHOLE[: WHOLE.index("[table]")]
    for line in ('moment = "month_start"\n', 'unit = "MWh"\n', 'decimal_mark = "."\n'):
        short = short.replace(line, "")
    mapping = declared(short, tmp_path)
    assert (mapping.moment, mapping.wh_per_unit, mapping.decimal_mark) == (RegisterMoment.NOW, 1_000, ",")
    assert mapping.table == TableShape()


@pytest.mark.parametrize(
    ("said", "instead", "complaint"),
    [
        ('model = "matrica-np71"', 'model = "np72"', "names the model 'np72'"),
        ('model = "matrica-np71"', "", "does not say model"),
        ('zone = "Europe/Moscow"', 'zone = "Moscow"', "has the time zone 'Moscow'"),
        ('serial = "Заводской номер"', "serial = 5", "does not say serial"),
        ('moment = "month_start"', 'moment = "noon"', "has moment = 'noon'"),
        ('unit = "MWh"', 'unit = "J"', "it is one of Wh, kWh, MWh"),
        ('"a_plus.0"', '"a_plus.9"', "has the register 'a_plus.9'"),
        ('"a_plus.0"', '"energy.0"', "has the register 'energy.0'"),
        ('"a_plus.0"', '"a_plus.x"', "has the register 'a_plus.x'"),
        ('"День"', '"Сумма"', "must name a column of its own for a_plus.1"),
        ("header_row = 3", "header_row = 0", "has header_row = 0"),
        ('delimiter = ","', 'delimiter = ", "', "has delimiter = ', '"),
        ('encoding = "cp1251"', 'encoding = "dos"', "has encoding = 'dos'"),
        ("header_row = 3", "first_row = 3", "says first_row, which is not known"),
        ('zone = "Europe/Moscow"', 'zone = "Europe/Moscow"\ncolour = "red"', "says colour, which is not known"),
        ('model = "matrica-np71"', "model = matrica", "cannot be read"),
    ],
)
def test_what_a_mapping_may_not_say_is_refused_with_a_sentence(
    said: str, instead: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(FileFaultError, match=complaint.replace("(", r"\(")):
        declared(WHOLE.replace(said, instead), tmp_path)


def test_a_mapping_without_registers_or_with_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    head = WHOLE[: WHOLE.index("[registers]")]
    with pytest.raises(FileFaultError, match="names no register"):
        declared(head, tmp_path)
    with pytest.raises(FileFaultError, match=r"must have \[table\] as a section"):
        declared(head + 'table = 3\n[registers]\n"a_plus.0" = "Сумма"', tmp_path)


def test_a_mapping_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="cannot be read"):
        read_mapping(tmp_path / "none.toml")
