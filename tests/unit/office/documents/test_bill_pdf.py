import re
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from kilovatt.measure.zones import Zone
from kilovatt.office.documents import AccountStatement, BillDocument, Language, Payee, PaymentReceived, bill_pdf
from printed import METER, NOVEMBER, OCTOBER, PAYEE, THREE_ZONES, bill, line, pages_of, pair


def payment(paid_on: date, amount_kopecks: int) -> PaymentReceived:
    return PaymentReceived(paid_on=paid_on, amount_kopecks=amount_kopecks)


def printed(document: BillDocument, language: Language = "ru") -> str:
    """The text of a bill, which has one page."""
    (page,) = pages_of(bill_pdf(document, language))
    return page


def test_a_russian_bill_says_who_owes_whom_how_much_until_when() -> None:
    page = printed(bill())
    for said in (
        "СНТ «Ромашка»",
        "Счёт за электроэнергию № 000047-202610",
        "выставлен 1 ноября 2026",
        "Иванова Мария Сергеевна",
        "Московская обл., СНТ «Ромашка», участок 47",
        "Лицевой счёт 000047",
        "За период октябрь 2026",
        "К оплате до 15 ноября 2026 включительно",
        "2 489,79 ₽",
    ):
        assert said in page


def test_an_english_bill_says_the_same_in_english() -> None:
    page = printed(bill(), "en")
    for said in (
        "Electricity bill No. 000047-202610",
        "issued 1 November 2026",
        "For October 2026",
        "To be paid by 15 November 2026",
        "₽2,489.79",
        "3,015.91",
        "01 Oct 2026, 00:00",
        "including VAT at 22% 448.98",
    ):
        assert said in page


def test_each_zone_stands_with_its_registers_energy_price_and_amount() -> None:
    page = printed(bill())
    assert "ночь 23–07 4 018,24 01.10.2026, 00:00 4 127,38 01.11.2026, 00:00 109,14 3,71 404,91" in page
    assert "пик 07–10, 17–21 3 015,91" in page
    assert "полупик 10–17, 21–23 5 660,04" in page
    assert "Начислено за период 2 489,79" in page
    assert f"Счётчик {METER}" in page


def test_one_zone_needs_no_hours() -> None:
    page = printed(bill((line(Zone.TOTAL, 0, 100_000, 7_810_000, 78_100),)))
    assert "круглые сутки 0,00 01.10.2026, 00:00 100,00" in page


def test_two_zones_tell_their_hours_and_zones_of_no_scheme_do_not() -> None:
    day, night = line(Zone.DAY, 0, 1_000, 9_000_000, 900), line(Zone.NIGHT, 0, 1_000, 3_000_000, 300)
    page = printed(bill((day, night)))
    assert "день 07–23 0,00" in page
    assert "ночь 23–07 0,00" in page
    assert "день 0,00 01.10.2026" in printed(bill((day,)))


def test_a_month_before_any_calendar_of_zones_is_printed_without_hours() -> None:
    old, new = date(2012, 10, 1), date(2012, 11, 1)
    lines = tuple(replace(one, first_on=old, until_on=new) for one in THREE_ZONES)
    assert "пик 3 015,91" in printed(bill(lines, first_on=old, until_on=new))


def test_a_meter_that_counts_single_watt_hours_is_printed_to_the_watt_hour() -> None:
    # 109.146 kWh × 3.71 ₽ = 404.93 ₽; 109.14 × 3.71 would be 404.91 and look like a mistake.
    page = printed(bill((line(Zone.TOTAL, 4_018_240, 4_127_386, 3_710_000, 40_493),)))
    assert "4 018,240 01.10.2026, 00:00 4 127,386 01.11.2026, 00:00 109,146 3,71 404,93" in page


def test_an_exchanged_meter_shows_the_readings_of_both() -> None:
    exchanged_at = datetime(2026, 10, 14, 9, 30, tzinfo=UTC)
    both = (
        pair(4_018_240, 4_060_000, end_at=exchanged_at),
        pair(0, 40_000, meter="Меркурий 206 № 21430112", start_at=exchanged_at, ratio=20),
    )
    page = printed(bill((line(Zone.TOTAL, 0, 841_760, 3_710_000, 312_293, registers=both),)))
    assert "4 018,24 01.10.2026, 00:00 0,00 14.10.2026, 12:30 4 060,00 14.10.2026, 12:30 40,00 01.11.2026" in page
    assert f"Счётчик {METER} · Счётчик Меркурий 206 № 21430112, коэффициент 20" in page


def test_a_price_that_changed_within_the_month_says_since_when() -> None:
    step_on = date(2026, 10, 15)
    before = line(Zone.TOTAL, 0, 100_000, 7_100_000, 71_000, until_on=step_on)
    after = line(
        Zone.TOTAL,
        100_000,
        200_000,
        7_810_000,
        78_100,
        first_on=step_on,
        price_valid_from=step_on,
        price_source="Распоряжение № 5.",
    )
    page = printed(bill((before, after)))
    assert "круглые сутки с 15.10.2026 100,00" in page
    assert "Цены с 01.10.2026: example tariff, not an official price. Цены с 15.10.2026: Распоряжение № 5." in page


def test_debt_payments_and_this_bill_add_up_to_what_is_to_be_paid() -> None:
    paid = (payment(date(2026, 10, 8), 15_000), payment(date(2026, 10, 30), 25_000))
    page = printed(bill(statement=AccountStatement(opening_kopecks=100_000, payments=paid)))
    assert "Долг до этого счёта 1 000,00" in page
    assert "Оплачено 08.10.2026 150,00 Оплачено 30.10.2026 250,00" in page
    assert "Начислено за период 2 489,79 К оплате на 01.11.2026 3 089,79" in page
    assert "3 089,79 ₽" in page


def test_a_payment_taken_back_and_a_corrected_charge_are_named() -> None:
    back = AccountStatement(payments=(payment(date(2026, 10, 9), -70_000),), corrections_kopecks=-1_000)
    page = printed(bill(statement=back), "en")
    assert "Payment taken back 09 Oct 2026 −700.00 Charges corrected −10.00" in page
    assert "To pay as of 01 Nov 2026 3,179.79" in page


def test_of_many_payments_the_latest_are_told_one_by_one_and_the_others_as_a_sum() -> None:
    many = tuple(payment(date(2026, 10, day), 10_000) for day in range(1, 10))
    page = printed(bill(statement=AccountStatement(opening_kopecks=100_000, payments=many)))
    assert "Оплачено 01.10.2026 – 05.10.2026 500,00 Оплачено 06.10.2026 100,00" in page
    assert page.count("Оплачено 0") == 5
    assert "К оплате на 01.11.2026 2 589,79" in page


def test_where_nobody_paid_it_says_so() -> None:
    assert "Платежей не поступало 0,00" in printed(bill())


def test_who_paid_ahead_pays_less() -> None:
    page = printed(bill(statement=AccountStatement(opening_kopecks=-50_000)))
    assert "Оплачено вперёд до этого счёта 500,00" in page
    assert "1 989,79 ₽" in page


def test_who_paid_ahead_more_than_the_bill_pays_nothing() -> None:
    page = printed(bill(statement=AccountStatement(opening_kopecks=-300_000)))
    assert "Платить сейчас ничего не нужно 0,00 ₽ Оплачено вперёд: 510,21 ₽" in page
    assert "Остаётся оплачено вперёд на 01.11.2026 510,21" in page
    assert "Отсканируйте" not in page


def test_a_bill_of_nothing_asks_for_nothing() -> None:
    page = printed(bill((line(Zone.TOTAL, 500_000, 500_000, 7_810_000, 0),)))
    assert "Платить сейчас ничего не нужно 0,00 ₽" in page
    assert "Отсканируйте" not in page
    assert "реквизиты" not in page


def test_a_payee_without_bank_details_is_said_to_have_no_code() -> None:
    page = printed(bill(payee=Payee(name="СНТ «Ромашка»")))
    assert "Кода для оплаты нет: банковские реквизиты получателя неполны или не помещаются в код." in page
    assert page.count("СНТ «Ромашка»") == 3


def test_the_payees_details_can_be_copied_by_hand() -> None:
    page = printed(bill(payee=replace(PAYEE, kpp="500701001")))
    assert (
        "Получатель платежа: СНТ «Ромашка» · ИНН 5007012345 · КПП 500701001 · Банк: ПАО СБЕРБАНК · БИК 044525225 · "
        "расчётный счёт 40703810138250123017 · корр. счёт 30101810400000000225 · тел. +7 496 123-45-67"
    ) in page


def test_an_amount_without_value_added_tax_says_so() -> None:
    page = printed(bill(vat_percent=None))
    assert "Начислено за период 2 489,79 Без НДС" in page
    assert page.count("НДС") == 1
    assert "No VAT" in printed(bill(vat_percent=None), "en")
    assert "в том числе НДС 22 % 448,98" in printed(bill())


def test_a_bill_tells_how_to_check_it_and_the_link_can_be_clicked() -> None:
    pdf = bill_pdf(bill(), "ru")
    assert "https://kilovatt.example/bills/000047-202610" in pages_of(pdf)[0]
    links = {note.get_object()["/A"]["/URI"] for note in PdfReader(BytesIO(pdf)).pages[0].annotations or []}
    assert links == {"https://kilovatt.example/bills/000047-202610"}


def test_notes_are_printed_as_they_are() -> None:
    assert "Пример тарифа: это не настоящий счёт." in printed(bill(notes=("Пример тарифа: это не настоящий счёт.",)))


HOSTILE = (
    "#panic()",
    '#read("/etc/passwd")',
    "$x^2$ *bold* _it_ `raw` @ref <label>",
    "a \\ b // c /* d */ {e} [f]",
    "кавычки \"двойные\" и 'одиночные'",
    "= Заголовок",
    "{number} %s {0}",
    "<script>alert(1)</script> & co",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_printed_and_never_read_as_markup(text: str) -> None:
    hostile_line = replace(THREE_ZONES[0], registers=(pair(0, 97_560, meter=text),), price_source=text)
    page = printed(
        bill(
            (hostile_line, *THREE_ZONES[1:]),
            customer_name=text,
            address=text,
            account_number="47",
            payee=replace(PAYEE, name=text, bank_name=text),
            notes=(text,),
        )
    )
    assert page.count(" ".join(text.split())) == 8


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=25)
def test_any_name_at_all_makes_one_page(name: str) -> None:
    assert "2 489,79 ₽" in printed(bill(customer_name=name))


def test_a_long_address_and_eight_lines_of_exchanged_meters_fit_one_page() -> None:
    exchanged = (pair(123_456_780, 123_556_780), pair(0, 100_000, meter="Меркурий 206 № 21430112", ratio=40))
    zones = (Zone.PEAK, Zone.HALF_PEAK, Zone.NIGHT, Zone.TOTAL)
    lines = tuple(
        line(zone, 0, 200_000, 7_810_000, 156_200, registers=exchanged, first_on=first_on, price_source="Приказ " * 12)
        for first_on in (OCTOBER, date(2026, 10, 15))
        for zone in zones
    )
    crowded = bill(
        lines,
        customer_name="Константинопольская-Преображенская Александра Вячеславовна " * 2,
        address="Московская область, Дмитровский городской округ, деревня Старое Село, " * 4,
        payee=replace(PAYEE, name="Садоводческое товарищество «Железнодорожник-Подмосковный» (третья очередь)"),
        notes=("Пример тарифа: это не настоящий счёт.",),
    )
    expected: tuple[tuple[Language, str], ...] = (("ru", "Отсканируйте"), ("en", "Scan it"))
    for language, scan in expected:
        page = printed(crowded, language)
        assert scan in page
        assert len(re.findall(r"1.562[.,]00", page)) == 8


def test_the_same_bill_gives_the_same_bytes() -> None:
    assert bill_pdf(bill(), "ru") == bill_pdf(bill(), "ru")


def test_a_reader_program_is_told_the_title_and_the_language() -> None:
    reader = PdfReader(BytesIO(bill_pdf(bill(), "en")))
    assert reader.metadata is not None
    assert reader.metadata.title == "Electricity bill No. 000047-202610"
    assert str(reader.root_object["/Lang"]) == "en"
    assert reader.metadata.creation_date == datetime(2026, 11, 1, tzinfo=UTC)


def test_the_page_has_its_own_fonts_with_it() -> None:
    embedded: set[str] = set()
    PdfReader(BytesIO(bill_pdf(bill(), "ru"))).pages[0].extract_text(
        visitor_text=lambda text, _cm, _tm, font, _size: embedded.add(str(font["/BaseFont"])) if text.strip() else None
    )
    assert {name.split("+")[1] for name in embedded} == {"GolosText-Regular", "GolosText-SemiBold"}


def test_lines_that_do_not_add_up_to_the_amount_are_not_printed() -> None:
    with pytest.raises(ValueError, match="add up to 248979 kopecks, the bill says 248980"):
        bill(amount_kopecks=248_980)


def test_a_bill_of_part_of_a_month_names_its_days() -> None:
    first_on = date(2026, 10, 15)
    lines = tuple(replace(one, first_on=first_on) for one in THREE_ZONES)
    page = printed(bill(lines, first_on=first_on, until_on=NOVEMBER))
    assert "За период 15.10.2026 – 31.10.2026" in page
    assert "пик 07–10, 17–21 3 015,91" in page
