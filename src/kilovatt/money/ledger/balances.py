"""Balances: what transfers add up to."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from kilovatt.money.ledger.accounts import LedgerAccount
from kilovatt.money.ledger.transfers import CausesClashError, Transfer


def balances(transfers: Iterable[Transfer]) -> dict[LedgerAccount, int]:
    """Return the balance of each ledger account [kopecks]: debits less credits. They sum to zero.

    The order doesn't matter, and a transfer that is given twice counts once: what is the same is told by its id.
    Transfers of one organisation belong together. Raises CausesClashError when one id moved different money.
    """
    seen: dict[UUID, Transfer] = {}
    sums: defaultdict[LedgerAccount, int] = defaultdict(int)
    for transfer in transfers:
        booked = seen.setdefault(transfer.transfer_id, transfer)
        if booked is transfer:
            sums[transfer.debit_account] += transfer.amount_kopecks
            sums[transfer.credit_account] -= transfer.amount_kopecks
        elif _movement(booked) != _movement(transfer):
            raise CausesClashError(
                f"The cause {transfer.cause!r} moved {booked.amount_kopecks} kopecks and {transfer.amount_kopecks} "
                f"kopecks, or between other accounts: a cause moves money once."
            )
    return dict(sums)


def _movement(transfer: Transfer) -> tuple[LedgerAccount, LedgerAccount, int]:
    return transfer.debit_account, transfer.credit_account, transfer.amount_kopecks
