"""The answering end, asked by hand: what it serves, and what it says where it does not."""

from typing import Any

import pytest

from answering_dlms import ANYTHING, DENIED, NOT_ALLOWED, NOT_SUPPORTED, SUCCESS, TEXT, Meter, offered
from kilovatt.wire.protocols.dlms.apdu import acse, action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.acse import AssociationResult, Context, Diagnostic, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    Conformance,
    decode_initiate_response,
)
from kilovatt.wire.protocols.dlms.association.associating import REPLY_TO_HLS
from kilovatt.wire.protocols.dlms.association.hls import MechanismNotSupportedError
from kilovatt.wire.protocols.dlms.association.server import CONFORMANCE, ClientProfile
from kilovatt.wire.protocols.dlms.values import Unsigned, encode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from told_dlms import (
    CLIENT,
    CLIENT_TITLE,
    ECHO,
    KEPT,
    KEYS,
    LONG,
    LONG_VALUE,
    SECRET,
)

# ── Associations ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_keeps_silent_about_what_is_no_message_at_all() -> None:
    assert Meter().say(b"") is None
    assert Meter().say(b"\x60\x05\xff") is None


def test_who_is_not_associated_is_served_nothing() -> None:
    meter = Meter()

    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_ALLOWED
    assert meter.server.answer(99, get.GetRequest(0xC1, LONG).encode()) == NOT_ALLOWED.encode()


def test_who_needs_no_association_is_served_at_once() -> None:
    meter = Meter(ClientProfile(is_associated=True))

    assert meter.ask(get.GetRequest(0xC1, LONG)).result == encode(LONG_VALUE)


@pytest.mark.parametrize(
    ("profile", "asked", "diagnostic"),
    [
        (ANYTHING, {"context": Context.SHORT_NAMES}, Diagnostic.CONTEXT_NOT_SUPPORTED),
        (
            ClientProfile(mechanism=Mechanism.LLS, secret=SECRET),
            {},
            Diagnostic.AUTHENTICATION_REQUIRED,
        ),
        (
            ClientProfile(mechanism=Mechanism.LLS, secret=SECRET),
            {"mechanism": Mechanism.HLS_MD5, "secret": SECRET},
            Diagnostic.MECHANISM_NOT_RECOGNISED,
        ),
        (
            ClientProfile(mechanism=Mechanism.LLS, secret=SECRET),
            {"mechanism": Mechanism.LLS, "secret": SECRET[:-1]},
            Diagnostic.AUTHENTICATION_FAILED,
        ),
        (
            ClientProfile(mechanism=Mechanism.HLS_MD5, secret=SECRET),
            {"mechanism": Mechanism.HLS_MD5, "secret": b"short"},
            Diagnostic.AUTHENTICATION_FAILED,
        ),
        (
            ClientProfile(mechanism=Mechanism.HLS_GMAC, keys=KEYS),
            {"mechanism": Mechanism.HLS_GMAC, "secret": SECRET},
            Diagnostic.NO_REASON,
        ),
        (
            ClientProfile(context=Context.LOGICAL_NAMES_CIPHERED, keys=KEYS),
            {"context": Context.LOGICAL_NAMES_CIPHERED, "client_title": CLIENT_TITLE},
            Diagnostic.NO_REASON,
        ),
        (ANYTHING, {"initiate": b"\x01"}, Diagnostic.NO_REASON),
    ],
)
def test_who_does_not_bring_what_is_wanted_is_rejected_with_a_diagnostic(
    profile: ClientProfile, asked: dict[str, Any], diagnostic: Diagnostic
) -> None:
    meter = Meter(profile)

    said = meter.associate(**asked)

    assert (said.result, said.diagnostic) == (AssociationResult.REJECTED, diagnostic)
    assert meter.server.refused == ([CLIENT] if diagnostic is Diagnostic.AUTHENTICATION_FAILED else [])
    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_ALLOWED


def test_a_stranger_is_rejected() -> None:
    answer = Meter().server.answer(99, offered())

    assert acse.decode_association_response(answer or b"").diagnostic == Diagnostic.NO_REASON


def test_both_agree_to_what_both_can() -> None:
    said = Meter(ClientProfile()).associate(conformance=Conformance.GET | Conformance.ACCESS)

    agreed = decode_initiate_response(said.initiate or b"")
    assert (agreed.conformance, agreed.message_bytes_max) == (Conformance.GET, 777)
    assert said.server_title is None


def test_what_was_not_agreed_upon_is_not_served() -> None:
    meter = Meter(ClientProfile(conformance=Conformance.SET))
    meter.associate()

    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_SUPPORTED
    assert meter.ask(setting.SetRequest(0xC1, KEPT, TEXT)).result is SUCCESS
    assert meter.ask(setting.SetListRequest(0xC1, ((KEPT, None),), (TEXT,))) == NOT_SUPPORTED


@pytest.mark.parametrize("message", [b"\xff", b"\xc0\x09\xc1", get.GetResponse(0xC1, b"\x00").encode()])
def test_what_is_no_service_is_answered_with_an_exception(message: bytes) -> None:
    assert Meter(size=0xFFFF).say(message) == NOT_SUPPORTED.encode()


def test_who_has_not_proved_himself_is_served_nothing() -> None:
    meter = Meter(ClientProfile(mechanism=Mechanism.HLS_MD5, secret=SECRET, conformance=CONFORMANCE))
    meter.associate(mechanism=Mechanism.HLS_MD5, secret=b"12345678")

    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_ALLOWED
    assert meter.ask(action.ActionRequest(0xC1, ECHO, Unsigned(1))) == NOT_ALLOWED


def test_an_answer_that_is_no_bytes_proves_nothing() -> None:
    meter = Meter(ClientProfile(mechanism=Mechanism.HLS_MD5, secret=SECRET))
    meter.associate(mechanism=Mechanism.HLS_MD5, secret=b"12345678")

    assert meter.ask(action.ActionRequest(0xC1, REPLY_TO_HLS, Unsigned(1))).result is DENIED
    assert meter.server.refused == [CLIENT]


def test_a_link_that_begins_afresh_ends_the_association() -> None:
    meter = Meter(size=0xFFFF)
    meter.server.opened(CLIENT)
    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_ALLOWED

    meter.associate()
    assert meter.say(acse.encode_release(is_request=True)) == acse.encode_release(is_request=False)
    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"mechanism": Mechanism.LLS}, "LLS needs a password"),
        ({"mechanism": Mechanism.HLS_MD5}, "HLS_MD5 needs a secret"),
        ({"mechanism": Mechanism.HLS_ECDSA}, "HLS_ECDSA needs a secret or keys"),
        ({"mechanism": Mechanism.HLS_GMAC}, "need keys"),
        ({"context": Context.LOGICAL_NAMES_CIPHERED}, "need keys"),
        ({"mechanism": Mechanism.LLS, "secret": SECRET, "is_associated": True}, "not associated from the start"),
    ],
)
def test_a_client_without_what_its_mechanism_needs_cannot_be_known(profile: dict[str, Any], words: str) -> None:
    with pytest.raises(LocalProtocolError, match=words):
        ClientProfile(**profile)


def test_russian_mechanisms_are_not_built() -> None:
    with pytest.raises(MechanismNotSupportedError, match="HLS_KUZNYECHIK is not built"):
        ClientProfile(mechanism=Mechanism.HLS_KUZNYECHIK, secret=SECRET)
