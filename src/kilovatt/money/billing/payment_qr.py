"""The text of a payment QR by ГОСТ Р 56042-2014: what a bank's app fills a payment order from.

A service block of eight bytes (format ST, version 0001, character set 2 = UTF-8, the separator), then `key=value`
blocks: five required ones first, in the standard's order, then what a utility's payment needs. The separator stands in
no value; the eighth byte says which it is.
"""

import re
from dataclasses import dataclass
from datetime import date

_SERVICE_BLOCK = "ST00012"
# The usual one first; others are taken when a name has it inside.
_SEPARATORS = "|#;^~"
_REQUIRED_BYTES_MAX = 300

# A settlement account's sixth place may be a letter (clearing currencies).
_BANK_ACCOUNT = re.compile(r"[0-9]{5}[0-9ABCEHKMPTX][0-9]{14}")
_BIC = re.compile(r"[0-9]{9}")
_INN = re.compile(r"[0-9]{10}|[0-9]{12}")
_KPP = re.compile(r"[0-9A-Z]{9}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PaymentQrError(ValueError):
    """The details don't make a payment a bank would take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetails:
    """Whom to pay, for what and how much, as the standard names it.

    Names: `name` (Name, ≤ 160 characters), `personal_acc` (PersonalAcc, 20), `bank_name` (BankName, ≤ 45), `bic` (BIC,
    9), `corresp_acc` (CorrespAcc, 20, or "0" where the bank has none), `sum_kopecks` (Sum), `payee_inn` (PayeeINN, 10
    or 12), `payee_kpp` (KPP, 9), `pers_acc` (PersAcc: the payer's account with us), `month_first_on` (PaymPeriod),
    `purpose` (Purpose, ≤ 210), `bill_number` (QuittId).

    Raises PaymentQrError, naming the field, for what does not fit.
    """

    name: str
    personal_acc: str
    bank_name: str
    bic: str
    corresp_acc: str
    sum_kopecks: int
    payee_inn: str
    pers_acc: str
    month_first_on: date
    purpose: str
    payee_kpp: str | None = None
    bill_number: str | None = None

    def __post_init__(self) -> None:
        if self.sum_kopecks <= 0 or len(str(self.sum_kopecks)) > 18:
            raise PaymentQrError(f"Sum is a positive number of kopecks of at most 18 digits: got {self.sum_kopecks}.")
        _require_digits("PersonalAcc", self.personal_acc, _BANK_ACCOUNT, "20 characters, digits")
        _require_digits("BIC", self.bic, _BIC, "9 digits")
        if self.corresp_acc != "0":
            _require_digits("CorrespAcc", self.corresp_acc, _BANK_ACCOUNT, "20 characters, digits, or a single 0")
        _require_digits("PayeeINN", self.payee_inn, _INN, "10 or 12 digits")
        if self.payee_kpp is not None:
            _require_digits("KPP", self.payee_kpp, _KPP, "9 characters")
        for field, text, longest in (
            ("Name", self.name, 160),
            ("BankName", self.bank_name, 45),
            ("Purpose", self.purpose, 210),
            ("PersAcc", self.pers_acc, 50),
        ):
            _require_text(field, text, longest)
        if self.bill_number is not None:
            _require_text("QuittId", self.bill_number, 50)


def payment_qr_text(details: PaymentDetails) -> str:
    """Return the text to be encoded as UTF-8 into the symbol.

    Raises PaymentQrError when the required block is above the standard's 300 bytes, or when the values between them
    use all separators.
    """
    required = (
        ("Name", details.name),
        ("PersonalAcc", details.personal_acc),
        ("BankName", details.bank_name),
        ("BIC", details.bic),
        ("CorrespAcc", details.corresp_acc),
    )
    further = (
        ("Sum", str(details.sum_kopecks)),
        ("Purpose", details.purpose),
        ("PayeeINN", details.payee_inn),
        ("KPP", details.payee_kpp),
        ("PersAcc", details.pers_acc),
        ("PaymPeriod", f"{details.month_first_on:%m%Y}"),
        ("QuittId", details.bill_number),
    )
    fields = [(key, value) for key, value in (*required, *further) if value is not None]
    separator = _separator([value for _, value in fields])
    size = len(_joined(separator, required).encode())
    if size > _REQUIRED_BYTES_MAX:
        raise PaymentQrError(
            f"The required fields take {size} bytes, the standard allows {_REQUIRED_BYTES_MAX}: "
            f"shorten the payee's name ({len(details.name)} characters) or the bank's."
        )
    return f"{_SERVICE_BLOCK}{separator}{_joined(separator, fields)}"


def _joined(separator: str, fields: "list[tuple[str, str]] | tuple[tuple[str, str], ...]") -> str:
    return separator.join(f"{key}={value}" for key, value in fields)


def _separator(values: list[str]) -> str:
    for candidate in _SEPARATORS:
        if not any(candidate in value for value in values):
            return candidate
    raise PaymentQrError(
        f"Each of the separators {' '.join(_SEPARATORS)} stands in some value: take one of them out of the names."
    )


def _require_digits(field: str, value: str, pattern: re.Pattern[str], wanted: str) -> None:
    if not pattern.fullmatch(value):
        raise PaymentQrError(f"{field} has {wanted}: got {value!r}.")


def _require_text(field: str, text: str, longest: int) -> None:
    if not text.strip():
        raise PaymentQrError(f"{field} is empty: a payment needs it.")
    if len(text) > longest:
        raise PaymentQrError(f"{field} has at most {longest} characters: got {len(text)}: {text!r}.")
    if _CONTROL.search(text):
        raise PaymentQrError(f"{field} has a control character inside: {text!r}.")
