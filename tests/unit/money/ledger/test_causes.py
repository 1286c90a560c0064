"""A cause tells which bill charged a transfer, and tells of no other cause that it is a bill."""

from uuid import UUID

import pytest

from kilovatt.money.ledger import bill_line_cause, billed_by, payment_cause, reversal_cause


@pytest.mark.parametrize("number", ["000001-202610", "А/47-202610", "bill:7"])
def test_the_bill_that_charged_a_line_is_known_by_the_cause(number: str) -> None:
    assert billed_by(bill_line_cause(number, 12)) == number


@pytest.mark.parametrize(
    "cause", [payment_cause("bank/7"), reversal_cause(UUID(int=7)), "bill:000001", "bill:000001/", "bill", ""]
)
def test_what_no_bill_caused_has_no_bill(cause: str) -> None:
    assert billed_by(cause) is None
