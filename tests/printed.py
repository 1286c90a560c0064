"""Bills for the tests of documents, and what a printed page says when it is read back."""

from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from pypdf import PdfReader

from kilovatt.measure.zones import Zone
from kilovatt.office.documents import AccountStatement, BillDocument, BillDocumentLine, Payee, RegisterPair

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
START_AT, END_AT = datetime(2026, 9, 30, 21, tzinfo=UTC), datetime(2026, 10, 31, 21, tzinfo=UTC)
METER = "Меркурий 234 № 36790160"

PAYEE = Payee(
    name="СНТ «Ромашка»",
    inn="5007012345",
    bank_name="ПАО СБЕРБАНК",
    bic="044525225",
    settlement_account="40703810138250123017",
    correspondent_account="30101810400000000225",
    phone="+7 496 123-45-67",
)


def pair(start_wh: int, end_wh: int, **changed: Any) -> RegisterPair:  # noqa: ANN401
    facts: dict[str, Any] = {
        "meter": METER,
        "start_wh": start_wh,
        "start_at": START_AT,
        "end_wh": end_wh,
        "end_at": END_AT,
    }
    return RegisterPair(**(facts | changed))


def line(zone: Zone, start_wh: int, end_wh: int, price: int, amount: int, **changed: Any) -> BillDocumentLine:  # noqa: ANN401
    facts: dict[str, Any] = {
        "zone": zone,
        "first_on": OCTOBER,
        "until_on": NOVEMBER,
        "registers": (pair(start_wh, end_wh),),
        "energy_wh": end_wh - start_wh,
        "price_microrub_per_kwh": price,
        "price_valid_from": OCTOBER,
        "price_source": "example tariff, not an official price",
        "amount_kopecks": amount,
    }
    return BillDocumentLine(**(facts | changed))


# 97.56 × 10.15 = 990.234; 140.16 × 7.81 = 1,094.6496; 109.14 × 3.71 = 404.9094.
THREE_ZONES = (
    line(Zone.PEAK, 3_015_910, 3_113_470, 10_150_000, 99_023),
    line(Zone.HALF_PEAK, 5_660_040, 5_800_200, 7_810_000, 109_465),
    line(Zone.NIGHT, 4_018_240, 4_127_380, 3_710_000, 40_491),
)


def bill(lines: tuple[BillDocumentLine, ...] = THREE_ZONES, **changed: Any) -> BillDocument:  # noqa: ANN401
    facts: dict[str, Any] = {
        "number": "000047-202610",
        "account_number": "000047",
        "customer_name": "Иванова Мария Сергеевна",
        "address": "Московская обл., СНТ «Ромашка», участок 47",
        "payee": PAYEE,
        "issued_on": NOVEMBER,
        "first_on": OCTOBER,
        "until_on": NOVEMBER,
        "due_on": date(2026, 11, 15),
        "lines": lines,
        "amount_kopecks": sum(one.amount_kopecks for one in lines),
        "statement": AccountStatement(),
        "vat_percent": 22,
        "check_url": "https://kilovatt.example/bills/000047-202610",
        "zone": ZoneInfo("Europe/Moscow"),
    }
    return BillDocument(**(facts | changed))


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page, every run of white space as one space."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]
