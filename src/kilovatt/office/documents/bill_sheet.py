"""A bill as the template gets it: texts only, worded and formatted, so that nothing is calculated while it is set."""

from datetime import date
from itertools import pairwise
from typing import TypedDict

from kilovatt.measure.zones import NoCalendarError, Zone, ZoneScheme, zone_marks
from kilovatt.office.documents.account_statement import AccountStatement
from kilovatt.office.documents.bill_document import BillDocument, BillDocumentLine, Payee, RegisterPair
from kilovatt.office.documents.figures import (
    DASH,
    Language,
    amount_text,
    date_text,
    instant_text,
    kwh_text,
    period_text,
    price_text,
    roubles_text,
    short_date_text,
    zone_text,
)
from kilovatt.office.documents.payment_code import NoPaymentCode, PaymentCode, payment_code
from kilovatt.office.documents.wording import WORDS, BillWords

_ROOMY_READINGS = 6
"""Pairs of readings that a page holds with room to spare; more of them are set closer."""
_PAYMENTS_TOLD = 4
"""Payments told one by one: the latest."""


class PairTexts(TypedDict):
    """One pair of readings."""

    start: str
    start_at: str
    end: str
    end_at: str


class LineTexts(TypedDict):
    """One line; `color` is the zone's, by its name in the template."""

    zone: str
    color: Zone
    hours: str
    remark: str
    registers: list[PairTexts]
    energy: str
    price: str
    amount: str


class FactTexts(TypedDict):
    """A name and what it says."""

    name: str
    text: str


class Sheet(TypedDict):
    """Everything the template sets, by language."""

    language: Language
    dense: bool
    title: str
    number: str
    issued: str
    payee_name: str
    payee_facts: list[str]
    payee_title: str
    facts: list[FactTexts]
    headline: str
    big: str
    code_svg: str
    under_the_sum: str
    columns: list[str]
    lines: list[LineTexts]
    total: FactTexts
    vat: FactTexts
    meters: list[str]
    balance: list[FactTexts]
    check_title: str
    check: str
    check_url: str
    small_print: list[str]


def sheet_of(bill: BillDocument, language: Language) -> Sheet:
    """Return the texts of a bill in a language."""
    words = WORDS[language]
    code = payment_code(bill)
    return Sheet(
        language=language,
        dense=sum(len(line.registers) for line in bill.lines) > _ROOMY_READINGS,
        title=words.title,
        number=words.number.format(number=bill.number),
        issued=words.issued.format(date=date_text(bill.issued_on, language)),
        payee_title=words.payee,
        payee_name=bill.payee.name,
        payee_facts=_payee_facts(bill.payee, words),
        facts=[
            FactTexts(name=words.customer, text=bill.customer_name),
            FactTexts(name=words.address, text=bill.address),
            FactTexts(name=words.account, text=bill.account_number),
            FactTexts(name=words.period, text=period_text(bill.first_on, bill.until_on, language)),
        ],
        headline=_headline(bill, words, language),
        big=roubles_text(bill.to_pay_kopecks, language),
        code_svg=code.svg() if isinstance(code, PaymentCode) else "",
        under_the_sum=_under_the_sum(bill, code, words, language),
        columns=[words.zone, words.register_start, words.register_end, words.energy, words.price, words.amount],
        lines=_lines(bill, words, language),
        total=FactTexts(name=words.charged, text=amount_text(bill.amount_kopecks, language)),
        vat=_vat(bill, words, language),
        meters=_meters(bill, words),
        balance=_balance(bill, words, language),
        check_title=words.check_title,
        check=words.check,
        check_url=bill.check_url,
        small_print=_small_print(bill, words, language),
    )


def _payee_facts(payee: Payee, words: BillWords) -> list[str]:
    told = (
        (words.inn.format(inn=payee.inn), payee.inn),
        (words.kpp.format(kpp=payee.kpp), payee.kpp),
        (words.bank.format(bank=payee.bank_name), payee.bank_name),
        (words.bic.format(bic=payee.bic), payee.bic),
        (words.settlement_account.format(account=payee.settlement_account), payee.settlement_account),
        (words.correspondent_account.format(account=payee.correspondent_account), payee.correspondent_account),
        (words.phone.format(phone=payee.phone), payee.phone),
    )
    return [text for text, fact in told if fact]


def _headline(bill: BillDocument, words: BillWords, language: Language) -> str:
    if bill.to_pay_kopecks:
        return words.due.format(date=date_text(bill.due_on, language))
    return words.nothing_to_pay


def _under_the_sum(bill: BillDocument, code: PaymentCode | NoPaymentCode, words: BillWords, language: Language) -> str:
    if isinstance(code, PaymentCode):
        return words.scan
    if code is NoPaymentCode.PAYEE_INCOMPLETE:
        return words.no_code
    ahead_kopecks = -bill.balance_kopecks
    return words.paid_ahead.format(amount=roubles_text(ahead_kopecks, language)) if ahead_kopecks else ""


def _lines(bill: BillDocument, words: BillWords, language: Language) -> list[LineTexts]:
    # With the third decimal where any figure has one: a reader with a calculator must come to the same kopeck.
    figures = [figure for line in bill.lines for figure in _energies(line)]
    scheme = _scheme(bill)
    decimals = 3 if any(figure % 10 for figure in figures) else 2
    return [
        LineTexts(
            zone=zone_text(line.zone, language),
            color=line.zone,
            hours=_hours(line, scheme),
            remark=_remark(line, bill.first_on, words, language),
            registers=[_pair(pair, bill, language, decimals) for pair in line.registers],
            energy=kwh_text(line.energy_wh, language, decimals=decimals),
            price=price_text(line.price_microrub_per_kwh, language),
            amount=amount_text(line.amount_kopecks, language),
        )
        for line in bill.lines
    ]


def _energies(line: BillDocumentLine) -> list[int]:
    return [line.energy_wh, *(figure for pair in line.registers for figure in (pair.start_wh, pair.end_wh))]


def _scheme(bill: BillDocument) -> ZoneScheme | None:
    zones = {line.zone for line in bill.lines}
    return next((scheme for scheme in ZoneScheme if zones == set(scheme.zones)), None)


def _hours(line: BillDocumentLine, scheme: ZoneScheme | None) -> str:
    if scheme is None or len(scheme.zones) == 1:
        return ""
    try:
        marks = zone_marks(scheme, line.first_on)
    except NoCalendarError:
        return ""
    # The night goes over midnight: its mark at 00:00 begins nothing.
    begins = [mark for before, mark in pairwise([marks[-1], *marks]) if mark.zone is not before.zone]
    spans = [(mark.minute, after.minute) for mark, after in pairwise([*begins, begins[0]]) if mark.zone is line.zone]
    return ", ".join(f"{_clock(since)}–{_clock(until)}" for since, until in spans)


def _clock(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    return f"{hour:02}:{rest:02}" if rest else f"{hour:02}"


def _remark(line: BillDocumentLine, first_on: date, words: BillWords, language: Language) -> str:
    # A line that begins later than the bill does so because the price changed on that day.
    if line.first_on == first_on:
        return ""
    return words.since.format(date=short_date_text(line.first_on, language))


def _pair(pair: RegisterPair, bill: BillDocument, language: Language, decimals: int) -> PairTexts:
    return PairTexts(
        start=kwh_text(pair.start_wh, language, decimals=decimals),
        start_at=instant_text(pair.start_at, bill.zone, language),
        end=kwh_text(pair.end_wh, language, decimals=decimals),
        end_at=instant_text(pair.end_at, bill.zone, language),
    )


def _meters(bill: BillDocument, words: BillWords) -> list[str]:
    told = dict.fromkeys((pair.meter, pair.ratio) for line in bill.lines for pair in line.registers)
    return [
        words.meter.format(meter=meter) + ("" if ratio == 1 else f", {words.ratio.format(ratio=ratio)}")
        for meter, ratio in told
    ]


def _vat(bill: BillDocument, words: BillWords, language: Language) -> FactTexts:
    if bill.vat_percent is None:
        return FactTexts(name=words.no_vat, text="")
    name = words.vat.format(percent=bill.vat_percent)
    return FactTexts(name=name, text=amount_text(bill.vat_kopecks, language))


def _balance(bill: BillDocument, words: BillWords, language: Language) -> list[FactTexts]:
    statement = bill.statement
    before = words.paid_before if statement.opening_kopecks < 0 else words.owed_before
    after = words.paid_after if bill.balance_kopecks < 0 else words.to_pay
    facts = [
        FactTexts(name=before, text=amount_text(abs(statement.opening_kopecks), language)),
        *_payments(statement, words, language),
    ]
    if statement.corrections_kopecks:
        facts.append(FactTexts(name=words.corrections, text=amount_text(statement.corrections_kopecks, language)))
    issued_on = short_date_text(bill.issued_on, language)
    facts += [
        FactTexts(name=words.charged, text=amount_text(bill.amount_kopecks, language)),
        FactTexts(name=after.format(date=issued_on), text=amount_text(abs(bill.balance_kopecks), language)),
    ]
    return facts


def _payments(statement: AccountStatement, words: BillWords, language: Language) -> list[FactTexts]:
    if not statement.payments:
        return [FactTexts(name=words.paid, text=amount_text(0, language))]
    # A page has room for some; what does not fit is one sum, so that the figures still add up.
    earlier, latest = statement.payments[:-_PAYMENTS_TOLD], statement.payments[-_PAYMENTS_TOLD:]
    facts = []
    if earlier:
        sum_kopecks = sum(payment.amount_kopecks for payment in earlier)
        days = (
            f"{short_date_text(earlier[0].paid_on, language)} {DASH} {short_date_text(earlier[-1].paid_on, language)}"
        )
        facts.append(FactTexts(name=words.paid_on.format(date=days), text=amount_text(sum_kopecks, language)))
    for payment in latest:
        name = words.paid_on if payment.amount_kopecks >= 0 else words.taken_back_on
        on = short_date_text(payment.paid_on, language)
        facts.append(FactTexts(name=name.format(date=on), text=amount_text(payment.amount_kopecks, language)))
    return facts


def _small_print(bill: BillDocument, words: BillWords, language: Language) -> list[str]:
    sources = dict.fromkeys((line.price_valid_from, line.price_source) for line in bill.lines)
    prices = [
        words.price_source.format(date=short_date_text(valid_from, language), source=source.rstrip("."))
        for valid_from, source in sources
    ]
    return [words.rounding, *prices, *bill.notes]
