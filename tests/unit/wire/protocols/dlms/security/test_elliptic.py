"""Suites 1 and 2: keys agreed, contents signed, keys wrapped, messages past those between."""

import hashlib
from dataclasses import replace

import pytest

from kilovatt.wire.protocols.dlms.apdu.ciphered import KeyIs, KeyTold, Route, decode_sealed
from kilovatt.wire.protocols.dlms.security import Keys, Sealer, SecurityError, Suite, SuiteNotSupportedError
from kilovatt.wire.protocols.dlms.security.elliptic import (
    agreed_key,
    is_signed,
    private_key,
    public_bytes,
    public_key,
    sign,
    unwrapped_key,
    wrapped_key,
)
from kilovatt.wire.protocols.dlms.security.general import (
    key_of_one_pass,
    key_of_one_pass_told,
    key_of_static,
    key_wrapped,
    opened_generally,
    sealed_generally,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

SUITES = [Suite.P256_AES_GCM_128, Suite.P384_AES_GCM_256]
KEY_BYTES = {Suite.P256_AES_GCM_128: 16, Suite.P384_AES_GCM_256: 32}
OURS, THEIRS, EPHEMERAL = 0xC11E47, 0x3E7E4, 0x0E9E
SENDER, RECIPIENT = b"KWT\x00\x00\x00\x00\x01", b"MMM\x00\x00\xbc\x61N"
ROUTE = Route(b"\x01\x23\x45\x67", SENDER, RECIPIENT)
TEXT = bytes.fromhex("C0010000080000010000FF0200")


@pytest.mark.parametrize("suite", SUITES)
def test_both_ends_derive_the_same_key(suite: Suite) -> None:
    ours, theirs = private_key(OURS, suite), private_key(THEIRS, suite)
    told = {"suite": suite, "sender": SENDER, "recipient": RECIPIENT}

    key = agreed_key(ours, theirs.public_key(), **told)  # type: ignore[arg-type]  # names and values fit

    assert key == agreed_key(theirs, ours.public_key(), **told)  # type: ignore[arg-type]  # as above
    assert len(key) == KEY_BYTES[suite]
    assert key != agreed_key(ours, theirs.public_key(), suite=suite, sender=RECIPIENT, recipient=SENDER)


def test_the_shared_secret_is_that_of_the_curve() -> None:
    # NIST CAVP, ECC CDH, P-256, count 0: d, Q and x of the product.
    d = 0x7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534
    q = bytes.fromhex(
        "700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287"
        "DB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC"
    )
    shared = bytes.fromhex("46FC62106420FF012E54A434FBDD2D25CCC5852060561E68040DD7778997BD7B")
    suite = Suite.P256_AES_GCM_128
    told = b"\x00\x00\x00\x01" + shared + bytes.fromhex("60857405080300") + SENDER + RECIPIENT

    key = agreed_key(private_key(d, suite), public_key(q, suite), suite=suite, sender=SENDER, recipient=RECIPIENT)

    assert key == hashlib.sha256(told).digest()[:16]


@pytest.mark.parametrize("suite", SUITES)
def test_a_signature_is_of_one_content_by_one_key(suite: Suite) -> None:
    ours, theirs = private_key(OURS, suite), private_key(THEIRS, suite)
    signature = sign(ours, TEXT, suite)

    assert signature == sign(ours, TEXT, suite), "no chance is needed"
    assert is_signed(ours.public_key(), TEXT, signature, suite)
    assert not is_signed(ours.public_key(), TEXT + b"\x00", signature, suite)
    assert not is_signed(theirs.public_key(), TEXT, signature, suite)
    assert not is_signed(ours.public_key(), TEXT, signature[:-1], suite)
    assert not is_signed(ours.public_key(), TEXT, bytes(len(signature)), suite)


@pytest.mark.parametrize("suite", SUITES)
def test_a_public_key_is_two_numbers(suite: Suite) -> None:
    public = private_key(OURS, suite).public_key()

    assert public_bytes(public_key(public_bytes(public), suite)) == public_bytes(public)
    with pytest.raises(SecurityError, match="no point of its curve"):
        public_key(bytes(len(public_bytes(public))), suite)
    with pytest.raises(SecurityError, match="no point of its curve"):
        public_key(b"", suite)


def test_a_number_outside_the_order_is_no_private_key() -> None:
    with pytest.raises(LocalProtocolError, match="outside the order"):
        private_key(0, Suite.P256_AES_GCM_128)


def test_suite_0_has_no_curve() -> None:
    with pytest.raises(SuiteNotSupportedError, match="has no curve"):
        private_key(OURS, Suite.AES_GCM_128)


def test_a_key_is_wrapped_as_in_rfc_3394() -> None:
    # RFC 3394, 4.1: 128 bits of key data with 128 bits of wrapping key.
    wrapping, key = bytes(range(16)), bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    wrapped = "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"

    assert wrapped_key(wrapping, key).hex().upper() == wrapped
    assert unwrapped_key(wrapping, bytes.fromhex(wrapped)) == key
    assert key_wrapped(wrapping, key) == KeyTold(KeyIs.WRAPPED, 0, bytes.fromhex(wrapped))
    with pytest.raises(SecurityError, match="does not open"):
        unwrapped_key(key, bytes.fromhex(wrapped))


def ends(suite: Suite, key: bytes) -> tuple[Sealer, Sealer]:
    """Both ends with a key."""
    keys = Keys(key, bytes(KEY_BYTES[suite]), suite)
    sender, recipient = Sealer(keys, title=SENDER, counter=1), Sealer(keys, title=RECIPIENT, counter=1)
    recipient.peer_title = SENDER
    return sender, recipient


@pytest.mark.parametrize("suite", SUITES)
def test_a_message_goes_with_a_key_made_for_it(suite: Suite) -> None:
    ours, theirs, ephemeral = (private_key(number, suite) for number in (OURS, THEIRS, EPHEMERAL))
    told, key = key_of_one_pass(ephemeral, ours, theirs.public_key(), suite=suite, route=ROUTE)
    sender, _ = ends(suite, key)

    wire = sealed_generally(TEXT, sender, ROUTE, told=told).encode()

    came = decode_sealed(wire)
    assert came.key == told  # type: ignore[union-attr]  # general ciphering tells of its key
    made = key_of_one_pass_told(told, theirs, ours.public_key(), suite=suite, route=ROUTE)
    _, recipient = ends(suite, made)
    assert opened_generally(came, recipient) == TEXT  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("suite", SUITES)
def test_static_keys_make_another_key_for_each_transaction(suite: Suite) -> None:
    ours, theirs = private_key(OURS, suite), private_key(THEIRS, suite)

    told, key = key_of_static(ours, theirs.public_key(), suite=suite, route=ROUTE)

    assert told == KeyTold(KeyIs.AGREED, 2)
    assert key == key_of_static(theirs, ours.public_key(), suite=suite, route=ROUTE)[1]
    other = replace(ROUTE, transaction=b"\x01")
    assert key != key_of_static(ours, theirs.public_key(), suite=suite, route=other)[1]


def test_an_ephemeral_key_must_be_signed() -> None:
    suite = SUITES[0]
    ours, theirs, ephemeral = (private_key(number, suite) for number in (OURS, THEIRS, EPHEMERAL))
    told, _ = key_of_one_pass(ephemeral, theirs, theirs.public_key(), suite=suite, route=ROUTE)

    with pytest.raises(SecurityError, match="wrong signature"):
        key_of_one_pass_told(told, theirs, ours.public_key(), suite=suite, route=ROUTE)
    with pytest.raises(SecurityError, match="not agreed in one pass"):
        key_of_one_pass_told(replace(told, which=2), theirs, ours.public_key(), suite=suite, route=ROUTE)


@pytest.mark.parametrize("route", [replace(ROUTE, originator=b"ANOTHER0"), replace(ROUTE, recipient=b"ANOTHER0")])
def test_a_message_from_or_to_another_is_refused(route: Route) -> None:
    sender, recipient = ends(SUITES[0], bytes(16))

    with pytest.raises(SecurityError, match="system title"):
        opened_generally(sealed_generally(TEXT, sender, route), recipient)


def test_a_route_that_was_changed_opens_nothing() -> None:
    sender, recipient = ends(SUITES[0], bytes(16))
    sealed = sealed_generally(TEXT, sender, ROUTE)

    with pytest.raises(SecurityError, match="tag"):
        opened_generally(replace(sealed, route=replace(ROUTE, transaction=b"\x02")), recipient)
