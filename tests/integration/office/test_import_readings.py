"""Readings of a file are accepted once, with their rows as evidence, and bills stand on them."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.zones import Zone
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.mapping import ReadingsMapping, Register, TableShape
from kilovatt.office.operations.intake import import_readings as operation
from kilovatt.office.operations.intake.import_readings import Imported, import_readings
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.registration import register_places
from kilovatt.office.records.models import (
    IntakeFrame,
    IntakeRegister,
    LatestRegister,
    Meter,
    MeterStanding,
    Organisation,
    Session,
)
from on_record import MOSCOW, NOW, place

MAPPING = ReadingsMapping(
    model_key="matrica-np71",
    zone=MOSCOW,
    serial="Номер",
    taken_at="Дата",
    taken_at_format="%d.%m.%Y",
    moment=RegisterMoment.MONTH_START,
    wh_per_unit=1_000,
    decimal_mark=",",
    registers={"День": Register(Quantity.A_PLUS, 1), "Ночь": Register(Quantity.A_PLUS, 2)},
    table=TableShape(),
)
HEAD = "Номер;Дата;День;Ночь\n"
OCTOBER = "41000003;01.10.2026;1000,00;500,00\n41000004;01.10.2026;2000,00;900,00\n"
NOVEMBER = "0041000003;01.11.2026;1100,25;609,14\n41000004;01.11.2026;2100,50;950,00\n"


@pytest.fixture
def filed(association: Organisation) -> Organisation:
    """Two places more, whose meters only files speak for."""
    places = [
        place(number, model_key="matrica-np71", meter_password=None, zone_of_tariff={1: Zone.DAY, 2: Zone.NIGHT})
        for number in (3, 4)
    ]
    register_places(association, places)
    return association


def taken(text: str, folder: Path, *, now: datetime = NOW, dry: bool = False) -> Imported:
    file = folder / "np71.csv"
    file.write_text(text, encoding="utf-8")
    return import_readings(file, MAPPING, organisation_code="romashka", now=now, dry=dry)


def test_rows_become_registers_with_the_row_as_evidence(filed: Organisation, tmp_path: Path) -> None:
    imported = taken(HEAD + OCTOBER + NOVEMBER, tmp_path)
    assert (imported.rows, len(imported.meters), imported.registers, imported.complaints) == (4, 2, 8, [])
    meter = Meter.objects.get(serial="41000003")
    session = Session.objects.get(meter=meter)
    assert session.language == "file"
    assert session.detail.startswith("np71.csv, SHA-256 ")
    stored = IntakeRegister.objects.get(meter=meter, value=1_100_250)
    assert (stored.source, stored.exchange) == ("file", 4)
    frame = IntakeFrame.objects.get(session=session, exchange=4)
    assert bytes(frame.answer).decode() == "Номер: 0041000003\nДата: 01.11.2026\nДень: 1100,25\nНочь: 609,14"
    assert MeterStanding.objects.get(meter=meter).last_outcome == "ok"


def test_the_same_file_again_changes_nothing(filed: Organisation, tmp_path: Path) -> None:
    taken(HEAD + OCTOBER, tmp_path)
    again = taken(HEAD + OCTOBER, tmp_path, now=NOW + timedelta(hours=1))
    assert (again.registers, again.known) == (0, 2)
    assert (Session.objects.count(), IntakeRegister.objects.count()) == (2, 4)


def test_a_longer_file_brings_only_what_is_new(filed: Organisation, tmp_path: Path) -> None:
    taken(HEAD + OCTOBER, tmp_path)
    taken(HEAD + OCTOBER + NOVEMBER, tmp_path)
    assert IntakeRegister.objects.count() == 8
    assert LatestRegister.objects.get(meter__serial="41000004", tariff=1).value == 2_100_500


def test_a_dry_run_takes_nothing(filed: Organisation, tmp_path: Path) -> None:
    imported = taken(HEAD + OCTOBER, tmp_path, dry=True)
    assert (imported.registers, Session.objects.count()) == (4, 0)


def test_wrong_rows_and_strange_meters_are_told_and_the_others_taken(filed: Organisation, tmp_path: Path) -> None:
    imported = taken(f"{HEAD}{OCTOBER}999;01.10.2026;1;1\n41000003;31.13.2026;1;1\n", tmp_path)
    assert [(one.row, str(one)) for one in imported.complaints] == [
        (4, "No meter № 999 of this model is on record."),
        (5, "'31.13.2026' is no time in the form %d.%m.%Y."),
    ]
    assert IntakeRegister.objects.count() == 4


def test_another_organisations_meters_are_not_touched(filed: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "np71.csv"
    file.write_text(HEAD + OCTOBER, encoding="utf-8")
    imported = import_readings(file, MAPPING, organisation_code="vasilek", now=NOW)
    assert len(imported.complaints) == 2
    assert not IntakeRegister.objects.exists()


def test_a_run_killed_in_the_middle_is_ended_by_the_next(
    filed: Organisation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operation, "ROWS_AT_ONCE", 2)

    class Killed(BaseException):
        pass

    def kill(_rows: int) -> None:
        raise Killed

    file = tmp_path / "np71.csv"
    file.write_text(HEAD + OCTOBER + NOVEMBER, encoding="utf-8")
    with pytest.raises(Killed):
        import_readings(file, MAPPING, organisation_code="romashka", now=NOW, progress=kill)
    assert IntakeRegister.objects.count() == 4
    rest = import_readings(file, MAPPING, organisation_code="romashka", now=NOW)
    assert (rest.registers, rest.known, IntakeRegister.objects.count()) == (4, 2, 8)


def test_a_file_that_is_no_table_takes_nothing(filed: Organisation, tmp_path: Path) -> None:
    with pytest.raises(FileFaultError):
        taken("сводка за октябрь\n", tmp_path)
    assert not Session.objects.exists()


def test_what_was_filed_is_found_as_what_was_read_is(filed: Organisation, tmp_path: Path) -> None:
    taken(HEAD + OCTOBER + NOVEMBER, tmp_path)
    meter = Meter.objects.get(serial="41000003")
    since = datetime.combine(date(2026, 9, 30), datetime.min.time(), MOSCOW)
    found = history.registers([meter.pk], since=since, until=NOW, moments=[RegisterMoment.MONTH_START])
    assert sorted(register.value for register in found) == [500_000, 609_140, 1_000_000, 1_100_250]


def test_a_table_of_other_units_and_marks_is_taken_as_declared(filed: Organisation, tmp_path: Path) -> None:
    file = tmp_path / "np71.csv"
    file.write_text("Номер;Дата;День;Ночь\n41000003;01.10.2026;1.00025;0.5\n", encoding="utf-8")
    mapping = replace(MAPPING, decimal_mark=".", wh_per_unit=1_000_000)
    import_readings(file, mapping, organisation_code="romashka", now=NOW)
    assert sorted(IntakeRegister.objects.values_list("value", flat=True)) == [500_000, 1_000_250]
