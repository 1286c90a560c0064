"""Names of ledger accounts: what a transfer takes from and gives to."""

import re
from dataclasses import dataclass
from enum import StrEnum

_OWNER = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class AccountKind(StrEnum):
    """What a ledger account counts."""

    CUSTOMER = "customer"
    """What one customer owes: a positive balance is a debt, a negative one is paid ahead."""
    REVENUE = "revenue"
    """What was charged for one zone or service."""
    BANK = "bank"
    """Money on the organisation's settlement account."""
    CASH = "cash"
    """Money in the organisation's cash desk."""


_OWNED = frozenset({AccountKind.CUSTOMER, AccountKind.REVENUE})


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """A ledger account: `customer:12`, `revenue:night`, `bank`, `cash`. `str()` is its name in the database.

    Raises ValueError when the owner is missing where the kind needs one, given where it has none, or no plain word.
    """

    kind: AccountKind
    owner: str | None = None

    def __post_init__(self) -> None:
        if (self.owner is not None) != (self.kind in _OWNED):
            wants = "names whose it is" if self.kind in _OWNED else "belongs to the organisation alone"
            raise ValueError(f"A ledger account of kind {self.kind} {wants}: got {self.owner!r}.")
        if self.owner is not None and not _OWNER.fullmatch(self.owner):
            raise ValueError(
                f"The owner of a ledger account is 1–40 letters, digits, dots, dashes: got {self.owner!r}."
            )

    def __str__(self) -> str:
        return self.kind.value if self.owner is None else f"{self.kind.value}:{self.owner}"

    @classmethod
    def parse(cls, name: str) -> "LedgerAccount":
        """Return the ledger account of a name. Raises ValueError for what is no such name."""
        kind, colon, owner = name.partition(":")
        if kind not in {known.value for known in AccountKind}:
            raise ValueError(f"No ledger account is called {name!r}: its kind is one of {', '.join(AccountKind)}.")
        return cls(AccountKind(kind), owner if colon else None)


BANK = LedgerAccount(AccountKind.BANK)
CASH = LedgerAccount(AccountKind.CASH)


def customer(account_id: int) -> LedgerAccount:
    """Return the ledger account of a customer's account (лицевой счёт)."""
    return LedgerAccount(AccountKind.CUSTOMER, str(account_id))


def revenue(service: str) -> LedgerAccount:
    """Return the ledger account that a zone's or a service's charges are booked to."""
    return LedgerAccount(AccountKind.REVENUE, service)
