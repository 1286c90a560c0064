"""What a bill says, as values: who owes whom how much, for what, and from which readings it follows."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kilovatt.measure.zones import Zone
from kilovatt.money.billing import vat_contained_kopecks
from kilovatt.office.documents.account_statement import AccountStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """The organisation that is paid. What it has not told is empty."""

    name: str
    inn: str = ""
    kpp: str = ""
    bank_name: str = ""
    bic: str = ""
    settlement_account: str = ""
    correspondent_account: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPair:
    """Two readings of one tariff of one meter that a line stands on; instants are UTC.

    `meter` is how the meter is called on paper: its make and serial number.
    """

    meter: str
    start_wh: int
    start_at: datetime
    end_wh: int
    end_at: datetime
    ratio: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocumentLine:
    """One priced line; several pairs of readings when a meter was exchanged on its days."""

    zone: Zone
    first_on: date
    until_on: date
    registers: tuple[RegisterPair, ...]
    energy_wh: int
    price_microrub_per_kwh: int
    price_valid_from: date
    price_source: str
    amount_kopecks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDocument:
    """A bill as it is printed.

    `statement` is what was owed with the bill before (negative: paid ahead) and what came in until this one was
    issued. `vat_percent` is None for who pays no value added tax. `check_url` opens "from the
    kopeck to the frame" of this bill. `notes` are sentences in the document's language, for the small print: an example
    tariff, test money. `zone` is the local time of the metering point.

    Raises ValueError when the lines don't add up to the amount: such a bill is not printed.
    """

    number: str
    account_number: str
    customer_name: str
    address: str
    payee: Payee
    issued_on: date
    first_on: date
    until_on: date
    due_on: date
    lines: tuple[BillDocumentLine, ...]
    amount_kopecks: int
    statement: AccountStatement
    vat_percent: int | None
    check_url: str
    zone: ZoneInfo
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines_kopecks = sum(line.amount_kopecks for line in self.lines)
        if lines_kopecks != self.amount_kopecks:
            raise ValueError(
                f"lines of bill {self.number} add up to {lines_kopecks} kopecks, the bill says {self.amount_kopecks}"
            )

    @property
    def balance_kopecks(self) -> int:
        """What is owed with this bill on the day of its issue; negative when more is paid than owed."""
        return self.statement.before_the_charge_kopecks + self.amount_kopecks

    @property
    def to_pay_kopecks(self) -> int:
        """What is to be paid now: nothing when it is paid ahead."""
        return max(self.balance_kopecks, 0)

    @property
    def vat_kopecks(self) -> int:
        """The value added tax contained in the amount: nothing for who pays none."""
        return vat_contained_kopecks(self.amount_kopecks, percent=self.vat_percent or 0)
