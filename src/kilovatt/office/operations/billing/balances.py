"""What accounts owe, and that the ledger adds up."""

from collections.abc import Sequence

from django.db.models import Sum

from kilovatt.office.records.models import Account, Organisation, Transfer


def customer_account(account_id: int) -> str:
    """The ledger's name of a customer's account."""
    return f"customer:{account_id}"


def owed_kopecks(account: Account) -> int:
    """What an account owes (negative: has paid ahead)."""
    name = customer_account(account.pk)
    mine = Transfer.objects.filter(organisation_id=account.organisation_id)
    charged = mine.filter(debit_account=name).aggregate(sum=Sum("amount_kopecks"))["sum"] or 0
    paid = mine.filter(credit_account=name).aggregate(sum=Sum("amount_kopecks"))["sum"] or 0
    return charged - paid


def balances_kopecks(organisation: Organisation) -> dict[str, int]:
    """Return the balance of every ledger account of an organisation: debits less credits. They sum to zero."""
    balances: dict[str, int] = {}
    for side, sign in (("debit_account", 1), ("credit_account", -1)):
        for row in organisation.transfers.values(side).annotate(sum=Sum("amount_kopecks")):
            balances[row[side]] = balances.get(row[side], 0) + sign * row["sum"]
    return balances


def owed_by_account(account_ids: Sequence[int]) -> dict[int, int]:
    """What each of some accounts owes [kopecks] (negative: has paid ahead)."""
    names = {customer_account(account_id): account_id for account_id in account_ids}
    owed = dict.fromkeys(account_ids, 0)
    for side, sign in (("debit_account", 1), ("credit_account", -1)):
        mine = Transfer.objects.filter(**{f"{side}__in": list(names)})
        for row in mine.values(side).annotate(sum=Sum("amount_kopecks")):
            owed[names[row[side]]] += sign * row["sum"]
    return owed
