from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.zones import Zone
from kilovatt.money.ledger import (
    BANK,
    CASH,
    CausesClashError,
    LedgerError,
    Transfer,
    TransferCode,
    balances,
    customer,
    revenue,
    reverse,
    transfer_id_of,
    transfer_of_payment,
    transfers_of_bill,
)

ISSUED_ON = date(2026, 11, 1)
NOW = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    zone: Zone
    amount_kopecks: int


def bill(
    *lines: Line, number: str = "000047-1", account_id: int = 47, organisation_id: int = 1
) -> tuple[Transfer, ...]:
    return transfers_of_bill(
        organisation_id=organisation_id,
        account_id=account_id,
        bill_number=number,
        lines=lines,
        happened_on=ISSUED_ON,
        recorded_at=NOW,
    )


def payment(amount_kopecks: int = 40_491, reference: str = "sbp-1", account_id: int = 47) -> Transfer:
    return transfer_of_payment(
        organisation_id=1,
        account_id=account_id,
        reference=reference,
        amount_kopecks=amount_kopecks,
        paid_on=date(2026, 11, 10),
        recorded_at=NOW,
    )


DAY, NIGHT = Line(Zone.DAY, 120_000), Line(Zone.NIGHT, 40_491)


def test_each_line_of_a_bill_is_owed_by_the_customer_and_earned_by_its_zone() -> None:
    day, night = bill(DAY, NIGHT)
    assert (day.debit_account, day.credit_account, day.amount_kopecks) == (customer(47), revenue("day"), 120_000)
    assert (night.debit_account, night.credit_account, night.amount_kopecks) == (customer(47), revenue("night"), 40_491)
    assert [day.cause, night.cause] == ["bill:000047-1/1", "bill:000047-1/2"]
    assert {day.code, night.code} == {TransferCode.CHARGE}
    assert (day.happened_on, day.recorded_at, day.reverses) == (ISSUED_ON, NOW, None)


def test_a_line_of_nothing_moves_nothing_and_leaves_the_numbers_of_the_others() -> None:
    (night,) = bill(Line(Zone.DAY, 0), NIGHT)
    assert night.cause == "bill:000047-1/2"


def test_the_same_line_is_the_same_transfer_whenever_it_is_booked() -> None:
    again = transfers_of_bill(
        organisation_id=1,
        account_id=47,
        bill_number="000047-1",
        lines=[DAY],
        happened_on=ISSUED_ON,
        recorded_at=NOW + timedelta(days=3),
    )
    assert again[0].transfer_id == bill(DAY)[0].transfer_id == transfer_id_of(1, "bill:000047-1/1")


def test_ids_never_change_because_books_are_kept_by_them() -> None:
    assert transfer_id_of(1, "bill:000047-1/1") == UUID("3c6b4646-55f0-560e-99a3-e71df4fa5826")


def test_two_organisations_with_one_bill_number_have_two_transfers() -> None:
    assert bill(DAY)[0].transfer_id != bill(DAY, organisation_id=2)[0].transfer_id


def test_a_payment_comes_into_the_bank_and_lowers_what_is_owed() -> None:
    paid = payment()
    assert (paid.debit_account, paid.credit_account, paid.code) == (BANK, customer(47), TransferCode.PAYMENT)
    assert (paid.cause, paid.happened_on) == ("payment:sbp-1", date(2026, 11, 10))


def test_a_payment_at_the_desk_comes_into_the_cash_account() -> None:
    paid = transfer_of_payment(
        organisation_id=1,
        account_id=47,
        reference="receipt-8",
        amount_kopecks=100,
        paid_on=ISSUED_ON,
        recorded_at=NOW,
        into=CASH,
    )
    assert paid.debit_account == CASH


def test_a_reversal_takes_back_the_whole_and_names_what_it_takes_back() -> None:
    paid = payment()
    back = reverse(paid, happened_on=ISSUED_ON, recorded_at=NOW)
    assert (back.debit_account, back.credit_account) == (paid.credit_account, paid.debit_account)
    assert (back.amount_kopecks, back.code, back.reverses) == (40_491, TransferCode.REVERSAL, paid.transfer_id)


def test_a_transfer_is_reversed_once_however_often_it_is_asked() -> None:
    once = reverse(payment(), happened_on=ISSUED_ON, recorded_at=NOW)
    again = reverse(payment(), happened_on=date(2026, 12, 1), recorded_at=NOW + timedelta(days=30))
    assert once.transfer_id == again.transfer_id


def test_a_reversal_is_not_reversed() -> None:
    back = reverse(payment(), happened_on=ISSUED_ON, recorded_at=NOW)
    with pytest.raises(LedgerError, match=r"book 'reversal:.*' anew"):
        reverse(back, happened_on=ISSUED_ON, recorded_at=NOW)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"amount_kopecks": 0}, "moves something: got 0 kopecks"),
        ({"amount_kopecks": -5}, "moves something: got -5 kopecks"),
        ({"credit_account": BANK}, "two sides: got bank on both"),
        ({"cause": ""}, "1–120 characters: got 0"),
        ({"cause": "x" * 121}, "1–120 characters: got 121"),
        ({"recorded_at": NOW.replace(tzinfo=None)}, "instant in UTC"),
        ({"recorded_at": NOW.astimezone(timezone(timedelta(hours=3)))}, "instant in UTC"),
        ({"code": TransferCode.REVERSAL}, "names the transfer it takes back"),
        ({"reverses": UUID(int=1)}, "and nothing else, names"),
    ],
)
def test_a_transfer_that_does_not_hold_together_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LedgerError, match=complaint):
        replace(payment(), **change)


def test_a_bill_paid_in_full_leaves_the_customer_owing_nothing() -> None:
    after = balances([*bill(NIGHT), payment()])
    assert after == {customer(47): 0, revenue("night"): -40_491, BANK: 40_491}


def test_a_transfer_heard_of_twice_counts_once() -> None:
    assert balances([payment(), payment()]) == balances([payment()])


def test_one_cause_that_moved_different_money_is_not_added_up() -> None:
    with pytest.raises(CausesClashError, match="moved 100 kopecks and 200 kopecks"):
        balances([payment(100), payment(200)])


TRANSFERS = st.lists(
    st.builds(
        payment,
        amount_kopecks=st.integers(1, 10**9),
        reference=st.uuids().map(str),
        account_id=st.integers(1, 5),
    )
    | st.builds(
        lambda zone, amount, number, account_id: bill(
            Line(zone, amount), number=str(number)[:20], account_id=account_id
        )[0],
        st.sampled_from(Zone),
        st.integers(1, 10**9),
        st.uuids(),
        st.integers(1, 5),
    ),
    max_size=20,
    unique_by=lambda transfer: transfer.transfer_id,
)


@given(TRANSFERS)
def test_balances_sum_to_zero(transfers: list[Transfer]) -> None:
    assert sum(balances(transfers).values()) == 0


@given(TRANSFERS, st.randoms(use_true_random=False))
def test_the_order_of_transfers_does_not_matter(transfers: list[Transfer], random: Any) -> None:  # noqa: ANN401
    shuffled = list(transfers)
    random.shuffle(shuffled)
    assert balances(shuffled) == balances(transfers)


@given(TRANSFERS)
def test_transfers_and_their_reversals_leave_nothing(transfers: list[Transfer]) -> None:
    back = [reverse(transfer, happened_on=ISSUED_ON, recorded_at=NOW) for transfer in transfers]
    assert set(balances([*transfers, *back]).values()) <= {0}
