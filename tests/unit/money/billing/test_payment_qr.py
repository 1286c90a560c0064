from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.money.billing import PaymentDetails, PaymentQrError, payment_qr_text

DETAILS = PaymentDetails(
    name="СНТ «Ромашка»",
    personal_acc="40703810138250123017",
    bank_name="ПАО СБЕРБАНК",
    bic="044525225",
    corresp_acc="30101810400000000225",
    sum_kopecks=232_277,
    payee_inn="5012345678",
    pers_acc="000047",
    month_first_on=date(2026, 10, 1),
    purpose="Электроэнергия за октябрь 2026, л/с 000047",
)


def test_the_text_has_the_service_block_the_required_fields_in_order_and_then_the_others() -> None:
    assert payment_qr_text(DETAILS) == (
        "ST00012|Name=СНТ «Ромашка»|PersonalAcc=40703810138250123017|BankName=ПАО СБЕРБАНК|BIC=044525225"
        "|CorrespAcc=30101810400000000225|Sum=232277|Purpose=Электроэнергия за октябрь 2026, л/с 000047"
        "|PayeeINN=5012345678|PersAcc=000047|PaymPeriod=102026"
    )


def test_the_bills_number_and_the_payees_kpp_are_told_when_known() -> None:
    text = payment_qr_text(replace(DETAILS, bill_number="000047-1", payee_kpp="501201001"))
    assert "|PayeeINN=5012345678|KPP=501201001|PersAcc=000047|PaymPeriod=102026|QuittId=000047-1" in text


def test_a_separator_inside_a_name_gives_way_to_the_next() -> None:
    text = payment_qr_text(replace(DETAILS, name="ООО «А|Б»"))
    assert text.startswith("ST00012#Name=ООО «А|Б»#PersonalAcc=")
    assert "|" not in text.replace("А|Б", "")


def test_names_with_every_separator_inside_are_refused() -> None:
    with pytest.raises(PaymentQrError, match="take one of them out of the names"):
        payment_qr_text(replace(DETAILS, name="A|B#C", purpose="D;E^F~G"))


def read_as_a_bank_does(text: str) -> dict[str, str]:
    assert text[:7] == "ST00012"
    return dict(field.split("=", 1) for field in text[8:].split(text[7]))


NAMES = st.text(st.characters(exclude_categories=["C"], max_codepoint=0x4FF), min_size=1, max_size=40).filter(str.strip)


@given(NAMES, NAMES)
def test_a_bank_reads_back_what_was_written(name: str, purpose: str) -> None:
    details = replace(DETAILS, name=name, purpose=purpose)
    try:
        text = payment_qr_text(details)
    except PaymentQrError:
        assert all(separator in name + purpose for separator in "|#;^~")
        return
    fields = read_as_a_bank_does(text)
    assert list(fields)[:5] == ["Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc"]
    assert (fields["Name"], fields["Purpose"], fields["Sum"]) == (name, purpose, "232277")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sum_kopecks": 0}, "Sum is a positive number"),
        ({"sum_kopecks": 10**18}, "at most 18 digits"),
        ({"personal_acc": "4070381013825012301"}, "PersonalAcc has 20 characters"),
        ({"personal_acc": "4070381013825012301x"}, "PersonalAcc has 20 characters"),
        ({"bic": "04452522"}, "BIC has 9 digits"),
        ({"corresp_acc": ""}, "CorrespAcc has 20 characters, digits, or a single 0"),
        ({"payee_inn": "50123456789"}, "PayeeINN has 10 or 12 digits"),
        ({"payee_kpp": "5012"}, "KPP has 9 characters"),
        ({"name": " "}, "Name is empty"),
        ({"name": "Я" * 161}, "Name has at most 160 characters: got 161"),
        ({"bank_name": "Б" * 46}, "BankName has at most 45"),
        ({"purpose": "п" * 211}, "Purpose has at most 210"),
        ({"pers_acc": ""}, "PersAcc is empty"),
        ({"bill_number": ""}, "QuittId is empty"),
        ({"name": "СНТ\n«Ромашка»"}, "control character"),
    ],
)
def test_details_a_bank_would_refuse_are_refused_by_name(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(PaymentQrError, match=complaint):
        replace(DETAILS, **change)


def test_a_clearing_account_and_a_bank_without_a_correspondent_account_are_taken() -> None:
    details = replace(DETAILS, personal_acc="40703C10138250123017", corresp_acc="0", payee_inn="501234567890")
    assert read_as_a_bank_does(payment_qr_text(details))["CorrespAcc"] == "0"


def test_a_name_too_long_in_bytes_is_refused_with_its_size() -> None:
    # 120 Cyrillic letters are 240 bytes; with keys, accounts and the bank's name they pass 300.
    with pytest.raises(PaymentQrError, match=r"take 3\d\d bytes, the standard allows 300: .*\(120 characters\)"):
        payment_qr_text(replace(DETAILS, name="Я" * 120))
