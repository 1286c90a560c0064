import re
from dataclasses import replace

import pytest
import segno

from kilovatt.office.documents import AccountStatement, NoPaymentCode, PaymentCode, PaymentReceived, payment_code
from printed import NOVEMBER, PAYEE, bill


def paid(amount_kopecks: int, *, opening_kopecks: int = 0) -> AccountStatement:
    came_in = PaymentReceived(paid_on=NOVEMBER, amount_kopecks=amount_kopecks)
    return AccountStatement(opening_kopecks=opening_kopecks, payments=(came_in,))


def test_the_code_pays_what_is_to_be_paid_now_into_the_payers_account() -> None:
    code = payment_code(bill(statement=paid(4_000, opening_kopecks=10_000)))
    assert code == PaymentCode(
        "ST00012|Name=СНТ «Ромашка»|PersonalAcc=40703810138250123017|BankName=ПАО СБЕРБАНК|BIC=044525225"
        "|CorrespAcc=30101810400000000225|Sum=254979|Purpose=Электроэнергия за октябрь\u00a02026, л/с 000047"
        "|PayeeINN=5007012345|PersAcc=000047|PaymPeriod=102026|QuittId=000047-202610"
    )


@pytest.mark.parametrize("paid_kopecks", [248_979, 300_000])
def test_a_bill_that_is_paid_already_has_no_code(paid_kopecks: int) -> None:
    assert payment_code(bill(statement=paid(paid_kopecks))) is NoPaymentCode.NOTHING_TO_PAY


@pytest.mark.parametrize("detail", ["inn", "bank_name", "bic", "settlement_account", "correspondent_account"])
def test_a_payee_who_told_no_bank_details_has_no_code(detail: str) -> None:
    payee = replace(PAYEE, **{detail: ""})
    assert payment_code(bill(payee=payee)) is NoPaymentCode.PAYEE_INCOMPLETE


def modules_of(svg: str) -> set[tuple[int, int]]:
    """The dark modules of a picture made of horizontal strokes: "M x y h length m dx dy h length …"."""
    path = re.search(r' d="([^"]+)"', svg)
    assert path
    dark: set[tuple[int, int]] = set()
    x, y = 0, 0.0
    for move, dx, dy, length in re.findall(r"([Mm])(-?[\d.]+) (-?[\d.]+)h(\d+)", path[1]):
        x, y = (int(dx), float(dy)) if move == "M" else (x + int(dx), y + float(dy))
        dark |= {(x + step, int(y)) for step in range(int(length))}
        x += int(length)
    return dark


def test_the_picture_shows_the_symbol_of_the_text_with_white_around_it() -> None:
    code = payment_code(bill())
    assert isinstance(code, PaymentCode)
    symbol = segno.make_qr(code.text.encode(), error="m")
    wanted = {(x + 4, y + 4) for y, row in enumerate(symbol.matrix) for x, dark in enumerate(row) if dark}
    assert modules_of(code.svg()) == wanted
