"""What a bill begins from and what came in since adds up to what is owed, whatever happened on the account."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from kilovatt.office.documents import Movement, MovementKind, PaymentReceived, account_statement

FIRST_AT = datetime(2026, 10, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINE, BEFORE = "000001-202610", "000001-202609"
LAST_AT = FIRST_AT + 100 * HOUR


def movement(number: int, kind: MovementKind, amount_kopecks: int, hour: int, **said: object) -> Movement:
    facts = {"bill_number": None, "takes_back": None, **said}
    at = FIRST_AT + hour * HOUR
    return Movement(
        movement_id=UUID(int=number),
        kind=kind,
        amount_kopecks=amount_kopecks,
        happened_on=at.date(),
        recorded_at=at,
        **facts,  # type: ignore[arg-type]
    )


def paid(number: int, amount_kopecks: int, hour: int) -> Movement:
    return movement(number, MovementKind.PAYMENT, -amount_kopecks, hour)


def taken_back(number: int, of: Movement, hour: int) -> Movement:
    return movement(number, MovementKind.REVERSAL, -of.amount_kopecks, hour, takes_back=of.movement_id)


SEPTEMBERS = movement(1, MovementKind.CHARGE, 50_000, 0, bill_number=BEFORE)
OCTOBERS = movement(2, MovementKind.CHARGE, 70_000, 100, bill_number=MINE)


def statement(*movements: Movement) -> tuple[int, list[int], int]:
    made = account_statement(movements, bill_number=MINE, opened_at=FIRST_AT, closed_at=LAST_AT)
    return made.opening_kopecks, [one.amount_kopecks for one in made.payments], made.corrections_kopecks


def test_what_the_last_bill_left_is_where_this_one_begins() -> None:
    assert statement(SEPTEMBERS, OCTOBERS, paid(3, 20_000, 5), paid(4, 10_000, 99)) == (50_000, [20_000, 10_000], 0)


def test_a_payment_that_was_taken_back_is_not_told() -> None:
    wrong = paid(3, 20_000, 5)
    assert statement(SEPTEMBERS, wrong, taken_back(4, wrong, 6), paid(5, 7_000, 7)) == (50_000, [7_000], 0)


def test_a_payment_of_the_last_bill_that_is_taken_back_now_is_told_with_its_day() -> None:
    early = paid(3, 20_000, -5)
    made = account_statement(
        (SEPTEMBERS, early, taken_back(4, early, 30)), bill_number=MINE, opened_at=FIRST_AT, closed_at=LAST_AT
    )
    assert made.opening_kopecks == 30_000
    assert made.payments == (PaymentReceived(paid_on=date(2026, 10, 2), amount_kopecks=-20_000),)
    assert made.before_the_charge_kopecks == 50_000


def test_what_was_recorded_after_the_bill_was_issued_is_not_known_to_it() -> None:
    assert statement(SEPTEMBERS, OCTOBERS, paid(3, 20_000, 101)) == (50_000, [], 0)


def test_a_charge_taken_back_is_a_correction() -> None:
    assert statement(SEPTEMBERS, taken_back(3, SEPTEMBERS, 4)) == (50_000, [], -50_000)


def test_the_first_bill_begins_from_nothing() -> None:
    made = account_statement((OCTOBERS, paid(3, 5_000, 1)), bill_number=MINE, opened_at=None, closed_at=LAST_AT)
    assert (made.opening_kopecks, made.paid_kopecks, made.before_the_charge_kopecks) == (0, 5_000, -5_000)


@st.composite
def histories(draw: st.DrawFn) -> list[Movement]:
    """Payments, charges by hand and reversals of any of them, at any time around two bills."""
    made: list[Movement] = [SEPTEMBERS, OCTOBERS]
    for number in range(3, draw(st.integers(3, 14))):
        hour = draw(st.integers(-50, 150))
        open_ones = [one for one in made[2:] if one.kind is not MovementKind.REVERSAL]
        gone = {one.takes_back for one in made}
        left = [one for one in open_ones if one.movement_id not in gone]
        happening = draw(st.sampled_from(MovementKind))
        if left and happening is MovementKind.REVERSAL:
            of = draw(st.sampled_from(left))
            later = max(hour, int((of.recorded_at - FIRST_AT) / HOUR))
            made.append(taken_back(number, of, later))
        elif happening is MovementKind.PAYMENT:
            made.append(paid(number, draw(st.integers(1, 10**9)), hour))
        else:
            made.append(movement(number, MovementKind.CHARGE, draw(st.integers(1, 10**9)), hour))
    return made


@given(histories())
def test_opening_payments_corrections_and_the_charge_are_what_the_account_owes(history: Sequence[Movement]) -> None:
    made = account_statement(history, bill_number=MINE, opened_at=FIRST_AT, closed_at=LAST_AT)
    owed = sum(one.amount_kopecks for one in history if one.recorded_at <= LAST_AT)
    assert made.before_the_charge_kopecks + OCTOBERS.amount_kopecks == owed


@given(histories())
def test_a_bill_begins_where_the_one_before_it_ended(history: Sequence[Movement]) -> None:
    september = account_statement(history, bill_number=BEFORE, opened_at=None, closed_at=FIRST_AT)
    october = account_statement(history, bill_number=MINE, opened_at=FIRST_AT, closed_at=LAST_AT)
    assert october.opening_kopecks == september.before_the_charge_kopecks + SEPTEMBERS.amount_kopecks
