"""The words of a bill in both languages, side by side.

They are not in the gettext catalogue, as everything else a reader sees is: a bill is a document whose sentences are
read and approved together, in the language of who gets it and not of who prints it; and a table that lacks a word
doesn't pass the type checker.
"""

from dataclasses import dataclass

from kilovatt.office.documents.figures import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class BillWords:
    """Every fixed text of a bill. Braces are filled with worded values."""

    title: str
    number: str
    issued: str
    account: str
    customer: str
    address: str
    period: str
    due: str
    paid_ahead: str
    nothing_to_pay: str
    scan: str
    no_code: str
    zone: str
    register_start: str
    register_end: str
    energy: str
    price: str
    amount: str
    charged: str
    vat: str
    no_vat: str
    owed_before: str
    paid_before: str
    paid: str
    paid_on: str
    taken_back_on: str
    corrections: str
    to_pay: str
    paid_after: str
    meter: str
    ratio: str
    since: str
    check_title: str
    check: str
    payee: str
    inn: str
    kpp: str
    bank: str
    bic: str
    settlement_account: str
    correspondent_account: str
    phone: str
    price_source: str
    rounding: str


WORDS: dict[Language, BillWords] = {
    "ru": BillWords(
        title="Счёт за электроэнергию",
        number="№ {number}",
        issued="выставлен {date}",
        account="Лицевой счёт",
        customer="Кому",
        address="Адрес",
        period="За период",
        due="К оплате до {date} включительно",
        paid_ahead="Оплачено вперёд: {amount}",
        nothing_to_pay="Платить сейчас ничего не нужно",
        scan="Отсканируйте в приложении банка: сумма, счёт и период заполнятся сами.",
        no_code="Кода для оплаты нет: банковские реквизиты получателя неполны или не помещаются в код.",
        zone="Зона",
        register_start="Показание в начале, кВт·ч",
        register_end="Показание в конце, кВт·ч",
        energy="Расход, кВт·ч",
        price="Цена, ₽ за кВт·ч",
        amount="Сумма, ₽",
        charged="Начислено за период",
        vat="в том числе НДС {percent}\u00a0%",
        no_vat="Без НДС",
        owed_before="Долг до этого счёта",
        paid_before="Оплачено вперёд до этого счёта",
        paid="Платежей не поступало",
        paid_on="Оплачено {date}",
        taken_back_on="Платёж отозван {date}",
        corrections="Исправления начислений",
        to_pay="К оплате на {date}",
        paid_after="Остаётся оплачено вперёд на {date}",
        meter="Счётчик {meter}",
        ratio="коэффициент {ratio}",
        since="с {date}",
        check_title="Как проверить этот счёт",
        check="По ссылке каждая сумма раскрывается до двух показаний, из которых она получилась, "
        "а каждое показание до ответа самого счётчика:",
        payee="Получатель платежа",
        inn="ИНН\u00a0{inn}",
        kpp="КПП\u00a0{kpp}",
        bank="Банк: {bank}",
        bic="БИК\u00a0{bic}",
        settlement_account="расчётный счёт\u00a0{account}",
        correspondent_account="корр. счёт\u00a0{account}",
        phone="тел. {phone}",
        price_source="Цены с {date}: {source}.",
        rounding="Расход равен разности двух показаний счётчика. Сумма строки равна расходу, умноженному на цену, "
        "и округлена один раз до копейки: полкопейки и больше вверх.",
    ),
    "en": BillWords(
        title="Electricity bill",
        number="No. {number}",
        issued="issued {date}",
        account="Account",
        customer="To",
        address="Address",
        period="For",
        due="To be paid by {date}",
        paid_ahead="Paid ahead: {amount}",
        nothing_to_pay="Nothing to pay now",
        scan="Scan it in your bank's app: amount, account and period fill in by themselves.",
        no_code="There is no payment code: the payee's bank details are incomplete or don't fit into one.",
        zone="Zone",
        register_start="Register at start, kWh",
        register_end="Register at end, kWh",
        energy="Used, kWh",
        price="Price, ₽ per kWh",
        amount="Amount, ₽",
        charged="Charged for the period",
        vat="including VAT at {percent}%",
        no_vat="No VAT",
        owed_before="Owed before this bill",
        paid_before="Paid ahead before this bill",
        paid="No payments received",
        paid_on="Paid {date}",
        taken_back_on="Payment taken back {date}",
        corrections="Charges corrected",
        to_pay="To pay as of {date}",
        paid_after="Remains paid ahead as of {date}",
        meter="Meter {meter}",
        ratio="ratio {ratio}",
        since="from {date}",
        check_title="How to check this bill",
        check="Behind this link every amount opens into the two readings it comes from, "
        "and every reading into the answer of the meter itself:",
        payee="Payee",
        inn="INN\u00a0{inn}",
        kpp="KPP\u00a0{kpp}",
        bank="Bank: {bank}",
        bic="BIC\u00a0{bic}",
        settlement_account="account\u00a0{account}",
        correspondent_account="correspondent account\u00a0{account}",
        phone="phone {phone}",
        price_source="Prices from {date}: {source}.",
        rounding="Energy used is the difference of two readings of the meter. A line's amount is the energy times the "
        "price, rounded once to the kopeck, half a kopeck up.",
    ),
}
