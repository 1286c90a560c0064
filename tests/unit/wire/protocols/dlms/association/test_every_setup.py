"""A client reads, writes and runs over every link, mechanism, ciphering and way of cutting long values."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu.access import Selection
from kilovatt.wire.protocols.dlms.apdu.access_service import AccessAsked, AccessKind
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.hls import Signing
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.association.requests import (
    AccessAll,
    Associated,
    CloseLink,
    GetAttribute,
    GetAttributes,
    Release,
    RunMethod,
    RunMethods,
    SetAttribute,
    SetAttributes,
)
from kilovatt.wire.protocols.dlms.security import Protection, Suite
from kilovatt.wire.protocols.dlms.security.elliptic import private_key
from kilovatt.wire.protocols.dlms.values import OctetString, Unsigned
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from told_dlms import (
    CLIENT_TITLE,
    ECHO,
    EVERYTHING,
    KEPT,
    KEYS,
    LONG,
    LONG_VALUE,
    METER_TITLE,
    NO_GENERAL_BLOCKS,
    NO_SERVICE_BLOCKS,
    SECRET,
    SECRETIVE,
    UNKNOWN,
    Pair,
    asked_by,
    joined,
    over_hdlc,
    over_wrapper,
)

LINKS: tuple[Callable[..., Any], ...] = (over_hdlc, over_wrapper)
TEXT = OctetString(b"A value that is longer than what a meter takes at once. " * 20)
DEDICATED = bytes(range(0x40, 0x50))
METER_KEY, CLIENT_KEY = (private_key(number, Suite.P256_AES_GCM_128) for number in (0x3E7E4, 0xC11E47))
SIGNED_BY_CLIENT = Signing(CLIENT_KEY, METER_KEY.public_key())
SIGNED_BY_METER = Signing(METER_KEY, CLIENT_KEY.public_key())
BUILT = tuple(one for one in Mechanism if one <= Mechanism.HLS_ECDSA)


def profile_of(mechanism: Mechanism, context: Context, protection: Protection = Protection.BOTH) -> ClientProfile:
    """A client that may do everything."""
    return ClientProfile(
        mechanism=mechanism,
        context=context,
        secret=SECRET,
        keys=KEYS if context is Context.LOGICAL_NAMES_CIPHERED or mechanism is Mechanism.HLS_GMAC else None,
        signing=SIGNED_BY_METER,
        protection=protection,
        conformance=EVERYTHING,
    )


def setups() -> Iterator[Any]:
    """Profiles, with what a client does besides: general ciphering, a dedicated key."""
    for mechanism in BUILT:
        yield pytest.param(profile_of(mechanism, Context.LOGICAL_NAMES), False, None, id=mechanism.name)
    for mechanism in BUILT:
        profile = profile_of(mechanism, Context.LOGICAL_NAMES_CIPHERED)
        yield pytest.param(profile, False, None, id=f"{mechanism.name}-ciphered")
    for protection in (Protection.AUTHENTICATED, Protection.ENCRYPTED):
        profile = profile_of(Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED, protection)
        yield pytest.param(profile, False, None, id=f"{protection!r}")
    profile = profile_of(Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED)
    yield pytest.param(profile, True, None, id="general")
    yield pytest.param(profile, False, DEDICATED, id="dedicated")
    yield pytest.param(profile, True, DEDICATED, id="general-dedicated")


def everything_is_done(pair: Pair) -> None:
    """Read, write and run what is short and what is long."""
    assert pair.ask(GetAttribute(LONG)) == LONG_VALUE
    assert pair.ask(GetAttribute(LONG, Selection(2, None))) == LONG_VALUE[:2]
    assert pair.ask(GetAttribute(UNKNOWN)) == Refusal(RefusalReason.UNKNOWN_REQUEST, 4)
    assert pair.ask(GetAttribute(SECRETIVE)) == Refusal(RefusalReason.ACCESS_DENIED, 3)
    assert pair.ask(SetAttribute(KEPT, TEXT)) is None
    assert pair.ask(GetAttributes((KEPT, UNKNOWN, LONG))) == (TEXT, AccessResult.OBJECT_UNDEFINED, LONG_VALUE)
    assert pair.ask(SetAttribute(LONG, TEXT)) == Refusal(RefusalReason.ACCESS_DENIED, 3)
    assert pair.ask(SetAttributes((KEPT, LONG), (TEXT, TEXT))) == (AccessResult.SUCCESS, AccessResult.ACCESS_DENIED)
    assert pair.ask(RunMethod(ECHO, TEXT)) == TEXT
    assert pair.ask(RunMethod(ECHO)) is None
    assert pair.ask(RunMethod(KEPT, TEXT)) == Refusal(RefusalReason.UNKNOWN_REQUEST, 4)
    assert pair.ask(RunMethods((ECHO, KEPT), (Unsigned(1), None))) == (
        Unsigned(1),
        Refusal(RefusalReason.UNKNOWN_REQUEST, 4),
    )


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("cutting", [NO_GENERAL_BLOCKS, NO_SERVICE_BLOCKS])
@pytest.mark.parametrize("size", [128, 500, 0xFFFF])
@pytest.mark.parametrize(("profile", "general", "dedicated"), list(setups()))
def test_everything_is_done_in_every_setup(  # noqa: PLR0917  # what makes a set-up
    link: Callable[..., Any],
    cutting: Conformance,
    size: int,
    profile: ClientProfile,
    general: bool,  # a parameter of the test
    dedicated: bytes | None,
) -> None:
    pair = joined(profile, link=link, meter_takes=size, general=general, signing=SIGNED_BY_CLIENT)

    agreed = pair.ask(asked_by(profile, conformance=cutting, message_bytes_max=size, dedicated_key=dedicated))

    assert isinstance(agreed, Associated)
    assert (agreed.conformance, agreed.message_bytes_max) == (cutting, size)
    assert agreed.server_title == (METER_TITLE if profile.is_high or profile.is_ciphered else None)
    everything_is_done(pair)
    assert pair.ask(Release()) is None


@pytest.mark.parametrize("link", LINKS)
def test_several_things_are_done_in_one_message(link: Callable[..., Any]) -> None:
    profile = profile_of(Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED)
    pair = joined(profile, link=link, meter_takes=200)
    pair.ask(asked_by(profile, message_bytes_max=200))
    asked = (
        AccessAsked(AccessKind.SET, KEPT),
        AccessAsked(AccessKind.GET, LONG, Selection(3, None)),
        AccessAsked(AccessKind.GET, UNKNOWN),
        AccessAsked(AccessKind.ACTION, ECHO),
    )

    said = pair.ask(AccessAll(asked, (TEXT, None, None, Unsigned(7))))

    assert said.values == (None, LONG_VALUE[:3], None, Unsigned(7))
    assert [(one.kind, one.result) for one in said.outcomes] == [
        (AccessKind.SET, AccessResult.SUCCESS),
        (AccessKind.GET, AccessResult.SUCCESS),
        (AccessKind.GET, AccessResult.OBJECT_UNDEFINED),
        (AccessKind.ACTION, AccessResult.SUCCESS),
    ]
    assert pair.objects.kept == TEXT


@pytest.mark.parametrize("link", LINKS)
def test_a_client_comes_again_and_goes_on_with_its_counters(link: Callable[..., Any]) -> None:
    profile = profile_of(Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED)
    pair = joined(profile, link=link)
    for _ in range(3):
        assert isinstance(pair.ask(asked_by(profile)), Associated)
        assert pair.ask(GetAttribute(LONG)) == LONG_VALUE
    assert pair.sealer is not None
    # An offer, a proof in its sealed message, and a question each time.
    assert pair.sealer.counter == 1 + 3 * 4
    assert pair.ask(CloseLink()) is None


def test_nothing_of_a_ciphered_session_is_in_the_clear() -> None:
    profile = profile_of(Mechanism.HLS_GMAC, Context.LOGICAL_NAMES_CIPHERED)
    pair = joined(profile)
    pair.ask(asked_by(profile, dedicated_key=DEDICATED))
    pair.ask(SetAttribute(KEPT, TEXT))
    pair.ask(GetAttribute(LONG))

    wire = b"".join(data for _, data in pair.seen)
    assert CLIENT_TITLE in wire
    for hidden in (DEDICATED, KEYS.encryption, KEYS.authentication, SECRET, bytes(TEXT[:16]), bytes(LONG_VALUE[:16])):
        assert hidden not in wire


def test_an_older_suite_is_no_matter_to_what_is_asked() -> None:
    keys = replace(KEYS, suite=Suite.P256_AES_GCM_128)
    profile = replace(profile_of(Mechanism.HLS_ECDSA, Context.LOGICAL_NAMES_CIPHERED), keys=keys)
    pair = joined(profile, signing=SIGNED_BY_CLIENT)

    assert isinstance(pair.ask(asked_by(profile)), Associated)
    everything_is_done(pair)
