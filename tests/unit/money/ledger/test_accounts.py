import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.money.ledger import BANK, CASH, AccountKind, LedgerAccount, customer, revenue


def test_ledger_accounts_have_names_a_bookkeeper_can_read() -> None:
    assert [str(account) for account in (customer(12), revenue("night"), BANK, CASH)] == [
        "customer:12",
        "revenue:night",
        "bank",
        "cash",
    ]


@given(st.one_of(st.integers(1, 10**12).map(customer), st.sampled_from([BANK, CASH, revenue("half_peak")])))
def test_a_name_leads_back_to_its_account(account: LedgerAccount) -> None:
    assert LedgerAccount.parse(str(account)) == account


@pytest.mark.parametrize(
    ("kind", "owner", "complaint"),
    [
        (AccountKind.CUSTOMER, None, "names whose it is"),
        (AccountKind.BANK, "12", "belongs to the organisation alone"),
        (AccountKind.CUSTOMER, "1 2", "letters, digits"),
        (AccountKind.REVENUE, "", "letters, digits"),
        (AccountKind.REVENUE, "x" * 41, "letters, digits"),
    ],
)
def test_an_account_that_says_too_little_or_too_much_is_refused(
    kind: AccountKind, owner: str | None, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        LedgerAccount(kind, owner)


@pytest.mark.parametrize("name", ["", "mattress", "mattress:12", "customer", "bank:", "customer:"])
def test_a_name_of_no_account_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="ledger account"):
        LedgerAccount.parse(name)
