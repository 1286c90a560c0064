"""Whose turn it is: retries, silence, echoes, what cannot be asked, what comes unasked."""

from collections.abc import Callable
from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu import get
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.hls import MechanismNotSupportedError
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.association.requests import (
    Associate,
    CloseLink,
    GetAttribute,
    OpenLink,
    ReadInvocationCounter,
    RunMethod,
    SetAttribute,
)
from kilovatt.wire.protocols.dlms.security import Sealer
from kilovatt.wire.protocols.dlms.values import OctetString, Unsigned
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address, decode_frame
from kilovatt.wire.protocols.framing.links import MessageReceived
from kilovatt.wire.protocols.framing.wrapper import wrapped
from told_dlms import (
    CLIENT,
    CLIENT_TITLE,
    ECHO,
    KEPT,
    KEYS,
    LONG,
    LONG_VALUE,
    METER_ADDRESS,
    OUR_CHALLENGE,
    SECRET,
    agreement,
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
PASSWORD = b"00000001"
READER = ClientProfile(mechanism=Mechanism.LLS, secret=PASSWORD)


def said(message: bytes) -> bytes:
    """A message of the meter on the wire."""
    return wrapped(message, source=1, destination=CLIENT)


# ── Turns ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_question_at_a_time() -> None:
    connection = alone()
    connection.send(READ)

    with pytest.raises(LocalProtocolError, match="an exchange is under way"):
        connection.send(READ)


def test_a_request_of_another_language_is_none() -> None:
    with pytest.raises(LocalProtocolError, match="Request is no request of DLMS"):
        alone().send(Request())


@pytest.mark.parametrize("hear", [lambda one: one.receive(b"\x00"), lambda one: one.quiet()])
def test_nothing_is_heard_before_something_was_asked(hear: Callable[[DlmsConnection], Any]) -> None:
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        hear(alone())


@pytest.mark.parametrize(
    ("came", "fault", "words"),
    [
        (b"", LineFault.SILENCE, "nothing came"),
        (bytes.fromhex("0001003000010005AABB"), LineFault.NOISE, "cut short"),
    ],
)
def test_silence_is_named(came: bytes, fault: LineFault, words: str) -> None:
    connection = alone()
    connection.send(READ)
    if came:
        assert connection.receive(came) is None

    with pytest.raises(RemoteProtocolError, match=words) as caught:
        connection.quiet()

    assert caught.value.fault is fault


def test_an_echo_is_named_and_no_answer_is_noise() -> None:
    pair = joined(READER, link=over_hdlc)
    outgoing = pair.connection.send(READ)
    assert pair.connection.receive(outgoing.data) is None
    with pytest.raises(RemoteProtocolError) as caught:
        pair.connection.quiet()
    assert caught.value.fault is LineFault.ECHO

    pair.connection.send(READ)
    pair.connection.receive(outgoing.data + outgoing.data)
    with pytest.raises(RemoteProtocolError, match="no whole answer"):
        pair.connection.quiet()


@pytest.mark.parametrize("size", [1, 3, 11])
def test_an_answer_may_come_in_any_pieces(size: int) -> None:
    connection = alone()
    connection.send(READ)
    whole = said(get.GetResponse(0xC1, b"\x11\x05").encode())
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

    events = [connection.receive(piece) for piece in pieces]

    assert events[:-1] == [None] * (len(pieces) - 1)
    assert events[-1] == Answered(5, whole)


# ── Retries ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_over_hdlc_the_same_frame_goes_again_and_a_set_is_done_once() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER))
    request = SetAttribute(KEPT, OctetString(b"once"))
    first = pair.connection.send(request)
    pair.meter.hear(first.data)
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    assert pair.connection.send(request) == first
    answer = pair.meter.hear(first.data)

    assert answer is not None
    assert isinstance(pair.connection.receive(answer), Answered)
    assert pair.objects.done == ["set"]


def test_over_hdlc_a_long_answer_goes_on_where_it_was_cut() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER, message_bytes_max=300))
    cut = [3]

    def lose_one(data: bytes) -> bytes:
        cut[0] -= 1
        return b"" if cut[0] == 0 else data

    pair.change = lose_one
    with pytest.raises(RemoteProtocolError):
        pair.ask(READ)

    assert pair.ask(READ) == LONG_VALUE


def test_over_the_wrapper_all_begins_anew_with_the_same_invoke_id_and_another_counter() -> None:
    pair = associated(ciphered_profile())
    assert pair.sealer is not None
    counter = pair.sealer.counter
    first = pair.connection.send(READ)
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    second = pair.connection.send(READ)

    assert first.data != second.data
    assert pair.sealer.counter == counter + 2
    # The answer to the first try answers too; by then the meter takes only the newer counter.
    answer = pair.meter.hear(first.data)
    assert answer is not None
    event = pair.connection.receive(answer)
    assert isinstance(event, Answered)
    assert event.value == LONG_VALUE


def test_noise_ends_the_try_and_the_next_one_succeeds() -> None:
    pair = joined(READER)
    pair.ask(asked_by(READER))
    pair.connection.send(READ)
    with pytest.raises(RemoteProtocolError, match="wrapper version"):
        pair.connection.receive(bytes(8))

    assert pair.ask(READ) == LONG_VALUE


# ── Links ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_links_that_need_no_opening_are_open() -> None:
    connection = alone()

    assert connection.send(OpenLink()).data == b""
    assert connection.quiet() == Answered(None, b"")
    assert connection.send(CloseLink()).data == b""
    assert connection.quiet() == Answered(None, b"")


def test_a_meter_that_closes_the_link_has_answered() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER))
    pair.connection.send(READ)
    away = Frame(destination=client_address(CLIENT), source=METER_ADDRESS, kind=Kind.DM, final=True).encode()

    event = pair.connection.receive(away)

    assert isinstance(event, Answered)
    assert event.value == Refusal(RefusalReason.CHANNEL_CLOSED, 0)


@pytest.mark.parametrize("link", [over_hdlc, over_wrapper])
def test_a_link_is_closed(link: Callable[..., Any]) -> None:
    pair = joined(READER, link=link)

    assert pair.ask(CloseLink()) is None


# ── What cannot be asked ────────────────────────────────────────────────────────────────────────────────────────────

SEALER_KEYS = Sealer(KEYS, title=CLIENT_TITLE, counter=1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Associate(context=Context.LOGICAL_NAMES_CIPHERED), "needs keys"),
        (Associate(mechanism=Mechanism.HLS_MD5, secret=SECRET), "a challenge of 8 bytes at least"),
        (Associate(mechanism=Mechanism.HLS_MD5, challenge=OUR_CHALLENGE), "HLS_MD5 needs a secret"),
        (Associate(mechanism=Mechanism.HLS_AES, challenge=OUR_CHALLENGE, secret=b"short"), "has 16 bytes"),
        (Associate(mechanism=Mechanism.HLS_GMAC, challenge=OUR_CHALLENGE), "HLS_GMAC needs a secret or keys"),
        (Associate(mechanism=Mechanism.HLS_ECDSA, challenge=OUR_CHALLENGE), "HLS_ECDSA needs a secret or keys"),
        (Associate(dedicated_key=bytes(16)), "would go in the clear"),
        (ReadInvocationCounter(), "needs keys"),
        (
            Associate(context=Context.SHORT_NAMES, mechanism=Mechanism.HLS_MD5, secret=SECRET, challenge=OUR_CHALLENGE),
            "with short names is not built",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_written(asked: Associate, words: str) -> None:
    connection = alone()

    with pytest.raises(LocalProtocolError, match=words):
        connection.send(asked)
    assert connection.send(READ).data


@pytest.mark.parametrize("mechanism", [Mechanism.HLS_KUZNYECHIK, Mechanism.HLS_STREEBOG, Mechanism.HLS_GOST_3410])
def test_russian_mechanisms_are_refused_by_name(mechanism: Mechanism) -> None:
    with pytest.raises(MechanismNotSupportedError, match=f"{mechanism.name} is not built"):
        alone().send(Associate(mechanism=mechanism, secret=SECRET, challenge=OUR_CHALLENGE))


def test_a_public_link_is_needed_to_ask_for_the_counter() -> None:
    with pytest.raises(LocalProtocolError, match="no link of the public client"):
        alone(sealer=Sealer(KEYS, title=CLIENT_TITLE, counter=1)).send(ReadInvocationCounter())


def test_a_message_that_the_meter_does_not_take_is_not_written() -> None:
    connection = alone()
    told(connection, Associate(), agreement(Conformance.GET | Conformance.ACTION, 64))

    with pytest.raises(LocalProtocolError, match="and the meter takes 64"):
        connection.send(RunMethod(ECHO, OctetString(bytes(100))))


def test_counters_that_are_used_up_in_the_middle_end_the_exchange() -> None:
    pair = joined(ciphered_profile(), counter=0xFFFFFFFE)

    with pytest.raises(LocalProtocolError, match="used up"):
        pair.ask(asked_by(ciphered_profile()))
    assert pair.connection.send(OpenLink()).data == b""


# ── What comes unasked ──────────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_unasked_is_set_aside() -> None:
    connection = alone()
    connection.send(READ)
    push = DataNotification(1, b"", None).encode()

    assert connection.receive(said(push)) is None
    event = connection.receive(said(push) + said(get.GetResponse(0xC1, b"\x11\x05").encode()))

    assert isinstance(event, Answered)
    assert event.value == 5


def test_what_comes_unasked_again_and_again_is_refused() -> None:
    connection = alone()
    connection.send(READ)

    with pytest.raises(RemoteProtocolError, match="nobody asked for"):
        connection.receive(said(DataNotification(1, b"", None).encode()) * 33)


def test_a_message_while_the_link_is_being_opened_is_set_aside() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.connection.send(OpenLink())
    link = pair.connection._link  # a link that brings a message before it is open
    link.receive = lambda _data: [messages_received(b"\xc4"), messages_received(b"")]  # type: ignore[method-assign,assignment]

    assert pair.connection.receive(b"x") is None


def messages_received(message: bytes) -> MessageReceived:
    """What a link says of a message."""
    return MessageReceived(message)


# ── An exchange that was given up ───────────────────────────────────────────────────────────────────────────────────


def test_after_an_exchange_was_given_up_the_link_is_closed_and_opened_anew() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER))
    pair.connection.send(SetAttribute(KEPT, Unsigned(7)))
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    assert pair.ask(READ) == Refusal(RefusalReason.CHANNEL_CLOSED, 0)
    assert decode_frame(pair.seen[-2][1]).kind is Kind.DISC
    # Nor is anything else asked before that.
    assert pair.ask(READ) == Refusal(RefusalReason.CHANNEL_CLOSED, 0)

    pair.ask(OpenLink())
    pair.ask(asked_by(READER))
    assert pair.ask(READ) == LONG_VALUE


def test_after_a_frame_was_rejected_no_frame_goes_again() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER))
    pair.connection.send(READ)
    rejected = Frame(client_address(CLIENT), METER_ADDRESS, Kind.FRMR, final=True)
    with pytest.raises(RemoteProtocolError, match="it rejects what was sent"):
        pair.connection.receive(rejected.encode())

    assert pair.ask(READ) == Refusal(RefusalReason.CHANNEL_CLOSED, 0)


def test_a_link_is_closed_and_opened_after_an_exchange_was_given_up() -> None:
    pair = joined(READER, link=over_hdlc)
    pair.ask(asked_by(READER))
    pair.connection.send(READ)
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    assert pair.ask(CloseLink()) is None
    assert pair.ask(OpenLink()) is None


def test_over_the_wrapper_an_exchange_may_follow_one_that_was_given_up() -> None:
    pair = joined(READER)
    pair.ask(asked_by(READER))
    pair.connection.send(SetAttribute(KEPT, Unsigned(7)))
    with pytest.raises(RemoteProtocolError):
        pair.connection.quiet()

    assert pair.ask(READ) == LONG_VALUE


def test_a_sealed_answer_that_comes_twice_is_taken_once() -> None:
    pair = associated(ciphered_profile())
    pair.change = lambda data: data * 2
    assert pair.ask(READ) == LONG_VALUE
    said = pair.seen[-1][1]
    outgoing = pair.connection.send(RunMethod(ECHO, Unsigned(7)))
    answer = pair.meter.hear(outgoing.data)
    assert answer is not None
    event = pair.connection.receive(said + answer)
    assert isinstance(event, Answered)
    assert event.value == 7
