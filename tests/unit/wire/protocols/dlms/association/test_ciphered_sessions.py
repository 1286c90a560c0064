"""Ciphered sessions: a flipped bit, a replay, an answer in the clear never yield a value."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.apdu import get
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationResponse,
    AssociationResult,
    Context,
    Diagnostic,
    Mechanism,
)
from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GeneralCiphered,
    GeneralSealed,
    GeneralSigned,
    KeyIs,
    KeyTold,
    Route,
    ServiceSealed,
)
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.dlms.apdu.results import ExceptionResponse
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.association.requests import Associated, GetAttribute, RunMethod
from kilovatt.wire.protocols.dlms.security import Keys, Protection, ReplayError, Sealer, SecurityError
from kilovatt.wire.protocols.dlms.security.general import sealed_generally
from kilovatt.wire.protocols.dlms.values import Unsigned
from kilovatt.wire.protocols.framing.connection import Answered, Refusal, RefusalReason, RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import wrapped
from told_dlms import (
    CLIENT,
    CLIENT_TITLE,
    ECHO,
    KEYS,
    LONG,
    LONG_VALUE,
    METER_CHALLENGE,
    METER_TITLE,
    OUR_CHALLENGE,
    UNKNOWN,
    Pair,
    alone,
    asked_by,
    associated,
    ciphered_profile,
    joined,
    over_hdlc,
    over_wrapper,
    told,
)

READ = GetAttribute(LONG)
ANSWER = get.GetResponse(0xC1, b"\x11\x05").encode()
PUSH = DataNotification(1, b"", Unsigned(5))


# ── A meter that is a script ────────────────────────────────────────────────────────────────────────────────────────


def meter(counter: int = 100, keys: Keys = KEYS, title: bytes = METER_TITLE) -> Ciphering:
    """What the meter seals with."""
    sealer = Sealer(keys, title=title, counter=counter)
    sealer.peer_title = CLIENT_TITLE
    return Ciphering(sealer)


def client() -> Ciphering:
    """What the client opens with."""
    sealer = Sealer(KEYS, title=CLIENT_TITLE, counter=1)
    sealer.peer_title = METER_TITLE
    return Ciphering(sealer)


@pytest.mark.parametrize("general", [False, True])
def test_a_sealed_message_is_opened(general: bool) -> None:  # a parameter of the test
    sealing = meter()
    sealing.general = general

    wire = sealing.seal(ANSWER)

    assert wire[0] == (0xDB if general else 0xCC)
    assert client().open(wire) == ANSWER


def test_a_message_with_a_known_key_may_come_past_others() -> None:
    route = Route(b"\x01", METER_TITLE, CLIENT_TITLE)
    sealer = meter().sealer

    for told_key in (None, KeyTold(KeyIs.IDENTIFIED, 0)):
        assert client().open(sealed_generally(ANSWER, sealer, route, told=told_key).encode()) == ANSWER


SEALED = meter().sealer.seal(ANSWER)


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"", "in the clear"),
        (ANSWER, "in the clear"),
        (ServiceSealed(0xC5, SEALED).encode(), "over a message of another service"),
        (ServiceSealed(0xC4, SEALED, is_dedicated=True).encode(), "with a dedicated key, and none was agreed upon"),
        (GeneralSealed(b"ANOTHER0", SEALED).encode(), "a message of system title 414e4f5448455230"),
        (GeneralSigned(Route(b"", METER_TITLE, CLIENT_TITLE), ANSWER, b"").encode(), "a signed message"),
        (GeneralCiphered(Route(b"", b"ANOTHER0", CLIENT_TITLE), None, SEALED).encode(), "a message of system title"),
        (GeneralCiphered(Route(b"", METER_TITLE, b"ANOTHER0"), None, SEALED).encode(), "a message for system title"),
        (
            GeneralCiphered(Route(b"", METER_TITLE, CLIENT_TITLE), KeyTold(KeyIs.AGREED, 1), SEALED).encode(),
            "a key made for one message",
        ),
        (ServiceSealed(0xC4, meter(keys=replace(KEYS, encryption=bytes(16))).sealer.seal(ANSWER)).encode(), "the tag"),
        (ServiceSealed(0xC4, meter().sealer.seal(ANSWER, Protection.AUTHENTICATED)).encode(), "30h is wanted at least"),
    ],
)
def test_what_is_not_sealed_as_agreed_is_refused_by_name(wire: bytes, words: str) -> None:
    with pytest.raises(SecurityError, match=words):
        client().open(wire)


def test_an_empty_text_is_of_no_service() -> None:
    with pytest.raises(SecurityError, match="another service"):
        client().open(ServiceSealed(0xC4, meter().sealer.seal(b"")).encode())


# ── Whole sessions ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_in_the_clear_is_refused() -> None:
    pair = associated(ciphered_profile())
    pair.connection.send(READ)

    with pytest.raises(SecurityError, match="in the clear"):
        pair.connection.receive(wrapped(get.GetResponse(0xC3, b"\x11\x05").encode(), source=1, destination=CLIENT))


def test_an_agreement_in_the_clear_is_refused() -> None:
    connection = alone(sealer=Sealer(KEYS, title=CLIENT_TITLE, counter=1))
    said = AssociationResponse(
        context=Context.LOGICAL_NAMES_CIPHERED,
        result=AssociationResult.ACCEPTED,
        diagnostic=Diagnostic.AUTHENTICATION_REQUIRED,
        mechanism=Mechanism.HLS_GMAC,
        server_title=METER_TITLE,
        challenge=METER_CHALLENGE,
        initiate=bytes.fromhex("0800065F1F040000101C04000007"),
    )

    with pytest.raises(SecurityError, match="in the clear"):
        told(connection, asked_by(ciphered_profile()), said.encode())


def test_an_answer_of_yesterday_is_refused() -> None:
    pair = associated(ciphered_profile())
    pair.ask(READ)
    old = [data for who, data in pair.seen if who == "meter"][-1]
    # Sixteen questions later the invoke-id is the same again.
    for _ in range(15):
        pair.ask(READ)
    pair.connection.send(READ)

    with pytest.raises(ReplayError, match="a replay"):
        pair.connection.receive(old)


def test_a_meter_with_other_keys_is_no_meter_of_ours() -> None:
    pair = joined(ciphered_profile(), keys=replace(KEYS, authentication=bytes(16)))

    assert pair.ask(asked_by(ciphered_profile())) == Refusal(RefusalReason.ACCESS_DENIED, 1)


def test_an_exception_may_be_in_the_clear_or_sealed() -> None:
    pair = associated(ciphered_profile())
    refused = ExceptionResponse(2, 1)
    pair.connection.send(READ)
    event = pair.connection.receive(wrapped(refused.encode(), source=1, destination=CLIENT))
    assert isinstance(event, Answered)
    assert event.value == Refusal(RefusalReason.OTHER, 1)

    sealing = meter(counter=1000)
    sealing.general = True
    pair.connection.send(READ)
    event = pair.connection.receive(wrapped(sealing.seal(refused.encode()), source=1, destination=CLIENT))
    assert isinstance(event, Answered)
    assert event.value == Refusal(RefusalReason.OTHER, 1)


def test_what_a_meter_pushes_sealed_is_set_aside() -> None:
    pair = associated(ciphered_profile())
    sealing = meter(counter=1000)
    pair.connection.send(READ)

    assert pair.connection.receive(wrapped(sealing.seal(PUSH.encode()), source=1, destination=CLIENT)) is None


@pytest.mark.parametrize("mechanism", [one for one in Mechanism if Mechanism.LLS < one <= Mechanism.HLS_SHA256])
def test_who_does_not_know_the_secret_is_denied_and_remembered(mechanism: Mechanism) -> None:
    profile = ciphered_profile(mechanism=mechanism, secret=b"0000000100000001")
    pair = joined(profile)
    if mechanism is Mechanism.HLS_GMAC:
        profile = replace(profile, keys=KEYS)
        spoilt = lambda _sealer, _challenge: b"\x10" + bytes(16)  # noqa: E731  # a proof that is none
        pair.sealer.answer_challenge = spoilt.__get__(pair.sealer)  # type: ignore[union-attr,method-assign]
    asked = replace(asked_by(profile), secret=b"0000000100000002")

    assert pair.ask(asked) == Refusal(RefusalReason.ACCESS_DENIED, Diagnostic.AUTHENTICATION_FAILED)

    assert pair.server.refused == [CLIENT]
    assert pair.ask(READ) == Refusal(RefusalReason.OTHER, 1)
    assert pair.objects.done == []


SESSIONS = {
    "service": ciphered_profile(),
    "authenticated": ciphered_profile(Protection.AUTHENTICATED),
}


@given(
    which=st.sampled_from(sorted(SESSIONS)),
    exchange=st.integers(0, 3),
    place=st.integers(0, 1 << 16),
    is_hdlc=st.booleans(),
    general=st.booleans(),
)
def test_one_flipped_bit_never_yields_a_value(
    which: str, exchange: int, place: int, *, is_hdlc: bool, general: bool
) -> None:
    profile = SESSIONS[which]
    pair = joined(profile, general=general, link=over_hdlc if is_hdlc else over_wrapper)
    said = 0

    def flip(data: bytes) -> bytes:
        nonlocal said
        said += 1
        if said != exchange + 1:
            return data
        spoilt = bytearray(data)
        at = place % (8 * len(spoilt))
        spoilt[at >> 3] ^= 1 << (at & 7)
        return bytes(spoilt)

    pair.change = flip
    values = everything_asked(pair, profile)

    assert all(value in ("associated", LONG_VALUE, Unsigned(7), "no") for value in values)
    # Two messages are the association's; what was flipped brought no value.
    assert values.count("no") >= 1 or (exchange < 2 and values[0] == "associated")
    if values.count("no") == 0:
        # Only what nothing vouches for may differ: the frame around the association, not what is sealed within.
        assert exchange == 0


def everything_asked(pair: Pair, profile: Any) -> list[Any]:  # noqa: ANN401  # a profile
    """What is learnt in a session; "no" for each question that brought nothing."""
    values: list[Any] = []
    for request in (asked_by(profile), READ, RunMethod(ECHO, Unsigned(7))):
        try:
            value = pair.ask(request)
        except RemoteProtocolError:
            values.append("no")
            continue
        if isinstance(value, Associated):
            values.append("associated")
        else:
            values.append("no" if isinstance(value, Refusal) else value)
    return values


_COUNTER_BYTES = range(3, 7)
"""Where the invocation counter is in a sealed message, after its tag, its length and the security control."""


@given(place=st.integers(0, 1 << 16))
def test_one_flipped_bit_of_a_client_changes_nothing_in_the_meter(place: int) -> None:
    pair = associated(ciphered_profile())
    outgoing = bytearray(pair.connection.send(RunMethod(ECHO, Unsigned(7))).data)
    at = place % (8 * (len(outgoing) - 8))
    outgoing[8 + (at >> 3)] ^= 1 << (at & 7)

    answer = pair.meter.hear(bytes(outgoing))

    assert pair.objects.done == []
    assert answer is not None
    with suppress(RemoteProtocolError):
        event = pair.connection.receive(answer)
        if event is None:
            # A flip made the counter an old one, and the meter asks for the very one that was sent: as for a datagram
            # that came twice, the answer is awaited on.
            assert at >> 3 in _COUNTER_BYTES
        else:
            assert isinstance(event, Answered)
            assert isinstance(event.value, Refusal)


def test_a_session_that_is_replayed_changes_nothing_in_the_meter() -> None:
    profile = ciphered_profile(mechanism=Mechanism.NONE)
    pair = associated(profile)
    pair.ask(RunMethod(ECHO, Unsigned(7)))
    assert pair.objects.done == ["act"]
    session = [data for who, data in pair.seen if who == "client" and data]

    answers = [pair.meter.hear(data) for data in session]

    assert pair.objects.done == ["act"]
    assert [answer[8] if answer else None for answer in answers] == [0x61, 0xD8]


def test_a_replayed_message_is_answered_with_the_counter_that_is_wanted() -> None:
    pair = associated(ciphered_profile())
    pair.ask(READ)
    question = next(data for who, data in reversed(pair.seen) if who == "client")
    assert pair.sealer is not None
    wanted = pair.sealer.counter

    answer = pair.meter.hear(question)

    assert answer is not None
    assert answer[8:] == ExceptionResponse(1, 6, wanted).encode()


def test_strangers_may_begin_at_zero_each_time_where_the_meter_forgets() -> None:
    profile = ciphered_profile(remembers_counters=False)
    pair = associated(profile)
    assert pair.sealer is not None
    pair.sealer.counter = 0

    assert isinstance(pair.ask(asked_by(profile)), Associated)
    pair.sealer.counter = 0
    forgetless = associated(ciphered_profile())
    assert forgetless.sealer is not None
    forgetless.sealer.counter = 0
    assert forgetless.ask(asked_by(ciphered_profile())) == Refusal(RefusalReason.ACCESS_DENIED, 1)


def test_a_question_in_the_clear_is_not_answered_in_a_ciphered_association() -> None:
    pair = associated(ciphered_profile())

    answer = pair.server.answer(CLIENT, get.GetRequest(0xC1, LONG).encode())

    assert answer == ExceptionResponse(1, 1).encode()


def test_the_names_of_vectors_are_ours() -> None:
    # f(CtoS) and f(StoC) of the Green Book come out of a whole session with its challenges and titles.
    pair = associated(ciphered_profile())

    assert (OUR_CHALLENGE, METER_CHALLENGE) == (b"K56iVagY", b"P6wRJ21F")
    assert pair.ask(GetAttribute(UNKNOWN)) == Refusal(RefusalReason.UNKNOWN_REQUEST, 4)
