"""From the kopeck to the frame: a bill opens into lines, these into readings, and these into the meter's own bytes."""

from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.exchange.mapping import ReadingsMapping, Register, TableShape
from kilovatt.office.operations.billing.billing import bill_month
from kilovatt.office.operations.intake.import_readings import import_readings
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.registration import register_owner, register_places
from kilovatt.office.records.models import Account, Installation, Meter, Organisation
from looked_at import Town, words
from on_record import MOSCOW, NOW, place, register, report_of


@pytest.fixture
def payable(town: Town) -> Organisation:
    """The association with its bank details in full."""
    association = town.association
    association.inn, association.bic, association.bank_name = "7700000000", "044525000", "БАНК ДЛЯ ПРИМЕРА"
    association.settlement_account = "40703810000000000001"
    association.correspondent_account = "30101810000000000000"
    association.save()
    return association


def test_a_bill_shows_each_zone_with_its_energy_price_and_amount(owner: Client, town: Town) -> None:
    said = words(owner, f"/bills/{town.bill}/")
    assert "Bill for October 2026 № 000001-202610" in said
    assert "Charged for October 2026, to be paid by 15 November 2026 ₽1,305.16" in said
    assert "day 100.25 8.98 ₽900.25 to the frame night 109.14 3.71 ₽404.91 to the frame" in said


def test_a_line_shows_its_arithmetic_to_the_kopeck(owner: Client, town: Town) -> None:
    said = words(owner, f"/bills/{town.bill}/lines/1/")
    assert "Where ₽900.25 comes from" in said
    assert "100.250 kWh × ₽8.98 = ₽900.245 → ₽900.25 rounded once, to the kopeck" in said
    assert "1,100.250 − 1,000.000 = 100.250 kWh" in said


def test_a_line_shows_both_readings_with_every_byte_of_their_frames(owner: Client, town: Town) -> None:
    said = words(owner, f"/bills/{town.bill}/lines/2/")
    assert "First reading: 500.000 kWh 01 Oct 2026, 00:00, read from the meter" in said
    assert "Last reading: 609.140 kWh 01 Nov 2026, 00:00, read from the meter" in said
    # 609 140 = 0x0009 4B74: the higher word first, in each the lower byte first.
    assert "09 00 74 4B Active energy taken" in said
    assert "609,140 Wh This is the value." in said
    assert "as it stood at the start of month 11" in said
    assert said.count("Checksum fits") == 4
    assert said.count("This is the value.") == 2


def test_the_bytes_on_the_page_are_the_bytes_of_the_frame(owner: Client, town: Town) -> None:
    stored = history.frame(town.session_id, 6)
    assert stored is not None
    evidence = owner.get(f"/frames/{town.session_id}/6/").context["evidence"]
    shown = [bytes.fromhex("".join(field.octets for field in frame.fields)) for frame in evidence.frames]
    assert shown == [stored.request, stored.answer]


def test_the_same_frame_is_explained_in_russian(owner: Client, town: Town) -> None:
    said = words(owner, f"/bills/{town.bill}/lines/1/", "ru")
    assert "Откуда взялись 900,25 ₽" in said
    assert "100,250 кВт·ч × 8,98 ₽ = 900,245 ₽ → 900,25 ₽ округлено один раз, до копейки" in said
    assert "на начало месяца 10" in said
    assert "Контрольная сумма сошлась" in said


def test_the_tariff_of_a_line_names_its_source(owner: Client, town: Town) -> None:
    assert "day 8.98 01 Jan 2026 a worked example" in words(owner, f"/bills/{town.bill}/lines/1/")


def test_a_frame_that_is_not_kept_any_more_is_said_so(
    owner: Client, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "frame", lambda _session_id, _exchange: None)
    assert "The frame is not kept any more" in words(owner, f"/bills/{town.bill}/lines/1/")
    assert "The frame is not kept any more" in words(owner, f"/frames/{town.session_id}/5/")


def test_a_frame_that_came_damaged_shows_that_its_checksum_does_not_fit(owner: Client, town: Town) -> None:
    # The event's exchange holds bytes that are no frame: they are shown all the same.
    said = words(owner, f"/frames/{town.session_id}/20/")
    assert "01 14" in said


def test_a_frame_in_a_language_nobody_knows_shows_its_bytes(owner: Client, town: Town) -> None:
    town.meter.sessions.update(language="unknown")
    assert "Nobody here knows this meter's language; these are its bytes." in words(
        owner, f"/frames/{town.session_id}/5/"
    )


@pytest.mark.parametrize("asked", ["", "x", "-1", "9" * 40, "609140", "²"])
def test_whatever_value_is_asked_for_the_frame_is_shown(owner: Client, town: Town, asked: str) -> None:
    assert owner.get(f"/frames/{town.session_id}/6/", {"wh": asked}).status_code == 200


def test_a_line_that_is_not_on_the_bill_is_not_found(owner: Client, town: Town) -> None:
    assert owner.get(f"/bills/{town.bill}/lines/9/").status_code == 404


def test_a_transformer_ratio_stands_in_the_arithmetic(owner: Client, town: Town) -> None:
    # Issued bills never change: another account's month is billed behind transformers.
    Installation.objects.filter(meter__serial="41000002").update(ratio=20)
    Account.objects.filter(number="000002").update(opened_on=date(2026, 9, 1))
    register_owner(town.association, username="000001", password="", account_numbers=["000002"])
    accept(report_of(Meter.objects.get(serial="41000002"), september(), name="september"), now=NOW)
    bill_month(town.association, date(2026, 9, 1), now=NOW)
    said = words(owner, "/bills/000002-202609/lines/1/")
    assert "1,000.000 − 999.000 = 1.000 kWh × 20 = 20.000 kWh by the ratio of its transformers" in said
    assert "20.000 kWh × ₽8.98 = ₽179.60 → ₽179.60" in said


def september() -> Learnt:
    ends = ((1, 999_000), (2, 499_000))
    return Learnt(registers=tuple(register(wh, tariff=tariff, on=date(2026, 9, 1)) for tariff, wh in ends))


def test_the_paper_is_a_pdf_in_the_language_of_the_page(owner: Client, town: Town, payable: Organisation) -> None:
    for language in ("en", "ru"):
        paper = owner.get(f"/bills/{town.bill}/pdf/", headers={"accept-language": language})
        assert (paper.status_code, paper.headers["Content-Type"]) == (200, "application/pdf")
        assert paper.content.startswith(b"%PDF-")
        assert paper.headers["Content-Disposition"] == 'inline; filename="000001-202610.pdf"'


def test_the_code_to_pay_by_is_a_picture_of_our_own(owner: Client, town: Town, payable: Organisation) -> None:
    assert f'src="/bills/{town.bill}/code.svg"' in owner.get(f"/bills/{town.bill}/").content.decode()
    code = owner.get(f"/bills/{town.bill}/code.svg")
    assert (code.status_code, code.headers["Content-Type"]) == (200, "image/svg+xml")
    assert code.content.startswith(b"<svg")


def test_without_bank_details_the_page_says_why_there_is_no_code(owner: Client, town: Town) -> None:
    assert "There is no code to pay by: the organisation has not entered" in words(owner, f"/bills/{town.bill}/")
    assert owner.get(f"/bills/{town.bill}/code.svg").status_code == 404


def test_a_bill_that_stands_on_a_file_opens_into_the_rows_of_the_file(
    town: Town, operator: Client, tmp_path: Path
) -> None:
    register_places(town.association, [place(3, model_key="matrica-np71", meter_password=None)])
    file = tmp_path / "np71.csv"
    file.write_text(
        "Номер;Дата;День;Ночь\n41000003;01.10.2026;1000,00;500,00\n41000003;01.11.2026;1100,25;609,14\n",
        encoding="utf-8",
    )
    mapping = ReadingsMapping(
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
    import_readings(file, mapping, organisation_code="romashka", now=NOW)
    bill_month(town.association, date(2026, 10, 1), now=NOW)
    said = words(operator, "/bills/000003-202610/lines/1/")
    assert "1,100.250 − 1,000.000 = 100.250 kWh" in said
    assert "Row 3 of the file np71.csv" in said
    assert "День: 1100,25" in said
