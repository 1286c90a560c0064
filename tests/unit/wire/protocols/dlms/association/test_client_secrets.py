"""What may not be kept: passwords and keys, however frames cut them; and the counter that keys need."""

from dataclasses import replace
from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.association.requests import (
    Associate,
    Associated,
    GetAttribute,
    OpenLink,
    ReadInvocationCounter,
    RunMethod,
    SetAttribute,
)
from kilovatt.wire.protocols.dlms.association.server import AssociationServer
from kilovatt.wire.protocols.dlms.security import Sealer
from kilovatt.wire.protocols.dlms.values import DoubleLongUnsigned, OctetString
from kilovatt.wire.protocols.framing.connection import (
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    SendMore,
)
from kilovatt.wire.protocols.framing.hdlc.frames import FrameReader
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, WrapperServerLink, wrapped
from told_dlms import (
    CLIENT,
    CLIENT_TITLE,
    COUNTER,
    ECHO,
    KEPT,
    KEYS,
    LONG,
    LONG_VALUE,
    METER_ADDRESS,
    METER_TITLE,
    PUBLIC,
    SECRET,
    Objects,
    Pair,
    alone,
    asked_by,
    ciphered_profile,
    joined,
    over_hdlc,
)

READ = GetAttribute(LONG)
PASSWORD = b"00000001"
READER = ClientProfile(mechanism=Mechanism.LLS, secret=PASSWORD)


def said(message: bytes) -> bytes:
    """A message of the meter on the wire."""
    return wrapped(message, source=1, destination=CLIENT)


# ── The public client ───────────────────────────────────────────────────────────────────────────────────────────────


def with_public(kind: str, counter: object = None) -> Pair:
    """A ciphered client with a public link beside its own."""
    objects = Objects(counter=counter)  # type: ignore[arg-type]  # values
    profile = ciphered_profile()
    server = AssociationServer(
        objects,
        {CLIENT: profile, PUBLIC: ClientProfile()},
        title=METER_TITLE,
        challenge=lambda: b"87654321",
    )
    sealer = Sealer(KEYS, title=CLIENT_TITLE, counter=5)
    if kind == "hdlc":
        own, public = HdlcLink(METER_ADDRESS, CLIENT), HdlcLink(METER_ADDRESS, PUBLIC)
        meter: Any = HdlcServerLink(frozenset({METER_ADDRESS}), server)
        connection = DlmsConnection(own, sealer=sealer, public_link=public)
    else:
        connection = DlmsConnection(WrapperLink(client=CLIENT), sealer=sealer, public_link=WrapperLink(client=PUBLIC))
        meter = WrapperServerLink(server)
    return Pair(connection, meter, server, objects, sealer)


@pytest.mark.parametrize("kind", ["hdlc", "wrapper"])
@pytest.mark.parametrize(("counter", "following"), [(1000, 1001), (2, 5)])
def test_our_counter_goes_on_above_the_one_the_meter_tells(kind: str, counter: int, following: int) -> None:
    pair = with_public(kind, DoubleLongUnsigned(counter))

    assert pair.ask(ReadInvocationCounter()) == counter

    assert pair.sealer is not None
    assert pair.sealer.counter == following
    pair.ask(OpenLink())
    assert isinstance(pair.ask(asked_by(ciphered_profile())), Associated)
    assert pair.ask(READ) == LONG_VALUE


@pytest.mark.parametrize("kind", ["hdlc", "wrapper"])
def test_a_meter_may_not_tell_its_counter(kind: str) -> None:
    pair = with_public(kind)

    assert pair.ask(ReadInvocationCounter()) == Refusal(RefusalReason.UNKNOWN_REQUEST, 4)
    pair.ask(OpenLink())
    assert isinstance(pair.ask(asked_by(ciphered_profile())), Associated)


def test_what_is_no_counter_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="is no invocation counter"):
        with_public("wrapper", OctetString(b"12")).ask(ReadInvocationCounter(COUNTER))


def test_a_meter_may_have_no_public_client() -> None:
    pair = with_public("wrapper", DoubleLongUnsigned(7))
    pair.server._profiles = {}  # a meter that knows nobody

    assert pair.ask(ReadInvocationCounter()) == Refusal(RefusalReason.ACCESS_DENIED, 1)


# ── What may not be kept ────────────────────────────────────────────────────────────────────────────────────────────


def kept_bytes(pair: Pair, request: Associate) -> bytes:
    """Everything of an exchange that may be kept."""
    outgoing = pair.connection.send(request)
    kept = outgoing.masked
    while True:
        event = pair.connection.receive(pair.meter.hear(outgoing.data) or b"")
        if not isinstance(event, SendMore):
            return kept
        outgoing = event.outgoing
        kept += outgoing.masked


@pytest.mark.parametrize("info_bytes", [32, 33, 40, 48, 50, 56, 64, 128])
def test_a_password_is_kept_nowhere_however_frames_cut_it(info_bytes: int) -> None:
    limits = LinkLimits(transmit_info=info_bytes, receive_info=info_bytes)
    server = AssociationServer(Objects(), {CLIENT: READER}, title=METER_TITLE, challenge=bytes)
    pair = Pair(
        DlmsConnection(HdlcLink(METER_ADDRESS, CLIENT, limits)),
        HdlcServerLink(frozenset({METER_ADDRESS}), server, limits),
        server,
        Objects(),
        None,
    )
    pair.ask(OpenLink())

    kept = kept_bytes(pair, asked_by(READER))

    assert pair.ask(READ) == LONG_VALUE, "the client is associated"
    for size in (3, 4, 8):
        assert all(PASSWORD[at : at + size] not in kept for at in range(9 - size))


def test_every_place_that_looks_like_the_password_is_masked() -> None:
    outgoing = alone().send(Associate(mechanism=Mechanism.LLS, secret=b"\x08"))

    assert b"\x08" not in outgoing.masked
    assert outgoing.masked != outgoing.data


def test_checksums_of_a_password_are_masked() -> None:
    pair = joined(READER, link=over_hdlc)
    reader = FrameReader()

    reader.feed(pair.connection.send(asked_by(READER)).masked)

    with pytest.raises(RemoteProtocolError):
        reader.next_frame()


@pytest.mark.parametrize(
    "request_",
    [SetAttribute(KEPT, OctetString(SECRET), is_secret=True), RunMethod(ECHO, OctetString(SECRET), is_secret=True)],
)
def test_nothing_is_kept_of_a_new_password(request_: SetAttribute) -> None:
    outgoing = alone().send(request_)

    assert set(outgoing.masked) == {0x2A}


def test_a_retry_masks_what_the_first_try_masked() -> None:
    pair = joined(READER, link=over_hdlc)
    request = asked_by(READER)
    first = pair.connection.send(request)
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    assert pair.connection.send(request) == first
    assert PASSWORD not in first.masked


def test_secrets_do_not_show() -> None:
    asked = Associate(mechanism=Mechanism.LLS, secret=SECRET, dedicated_key=bytes(range(0x40, 0x50)))

    for shown in (repr(asked), repr(ciphered_profile(secret=SECRET)), repr(replace(READER, secret=SECRET))):
        assert SECRET.decode() not in shown
        assert "@ABCDEFGHIJKLMNO" not in shown


def test_a_descriptor_may_be_any_counter() -> None:
    assert ReadInvocationCounter().counter == Descriptor(1, COUNTER.obis, 2)
