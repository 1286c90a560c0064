"""Datagrams that come twice or late, in sessions with keys: nothing is refused for them, and nothing taken wrongly."""

import pytest

from kilovatt.wire.protocols.dlms.apdu.results import INVOCATION_COUNTER_ERROR, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.profiles import ClientProfile
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod
from kilovatt.wire.protocols.dlms.security import Sealer
from kilovatt.wire.protocols.dlms.values import Unsigned
from kilovatt.wire.protocols.framing.connection import Answered, LineFault, Refusal, RefusalReason, RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, wrapped
from told_dlms import (
    CLIENT,
    CLIENT_TITLE,
    ECHO,
    KEYS,
    LONG,
    LONG_VALUE,
    PUBLIC,
    agreement,
    alone,
    asked_by,
    associated,
    ciphered_profile,
    joined,
    told,
)

READ, RUN = GetAttribute(LONG), RunMethod(ECHO, Unsigned(7))


def test_an_offer_that_comes_twice_is_one_offer() -> None:
    profile = ciphered_profile()
    pair = joined(profile)
    ours = pair.meter.hear

    def twice(data: bytes) -> bytes | None:
        answer = ours(data)
        assert data[8:9] != b"\x60" or ours(data) == answer
        return answer

    pair.meter.hear = twice  # type: ignore[method-assign]  # a network that doubles what it carries
    pair.ask(asked_by(profile))
    assert pair.ask(READ) == LONG_VALUE


def test_an_offer_that_nobody_vouches_for_ends_no_association() -> None:
    pair = associated(ciphered_profile())
    offer = bytearray(next(data for who, data in pair.seen if who == "client" and data[8:9] == b"\x60"))
    offer[-1] ^= 1
    rejected = pair.meter.hear(bytes(offer))
    assert rejected is not None
    assert pair.ask(READ) == LONG_VALUE


def test_an_offer_in_the_clear_that_is_rejected_ends_the_association() -> None:
    profile = ClientProfile()
    pair = associated(profile)
    by_short_names = bytes.fromhex("601da109060760857405080102be10040e01000000065f1f0400001a1dffff")
    pair.meter.hear(wrapped(by_short_names, source=CLIENT, destination=1))
    assert pair.ask(READ) == Refusal(RefusalReason.OTHER, 1)


def test_the_refusal_of_a_question_that_came_twice_is_left_aside() -> None:
    pair = associated(ciphered_profile())
    outgoing = pair.connection.send(RUN)
    answer = pair.meter.hear(outgoing.data)
    refusal = pair.meter.hear(outgoing.data)
    assert answer is not None
    assert refusal is not None
    assert refusal[8:9] == b"\xd8"
    event = pair.connection.receive(refusal + answer)
    assert isinstance(event, Answered)
    assert event.value == 7


def test_a_counter_that_the_meter_holds_used_is_a_refusal() -> None:
    pair = associated(ciphered_profile())
    assert pair.sealer is not None
    pair.connection.send(RUN)
    said = ExceptionResponse(1, INVOCATION_COUNTER_ERROR, pair.sealer.counter + 100).encode()
    event = pair.connection.receive(wrapped(said, source=1, destination=CLIENT))
    assert isinstance(event, Answered)
    assert event.value == Refusal(RefusalReason.OTHER, INVOCATION_COUNTER_ERROR)
    assert pair.connection.counter_wanted == pair.sealer.counter + 100


def test_a_late_agreement_answers_nothing_that_is_sealed() -> None:
    pair = associated(ciphered_profile())
    outgoing = pair.connection.send(RUN)
    answer = pair.meter.hear(outgoing.data)
    assert answer is not None
    event = pair.connection.receive(wrapped(agreement(), source=1, destination=CLIENT) + answer)
    assert isinstance(event, Answered)
    assert event.value == 7


def test_what_still_comes_for_the_public_client_is_left_aside() -> None:
    own, public = WrapperLink(client=CLIENT), WrapperLink(client=PUBLIC)
    sealer = Sealer(KEYS, title=CLIENT_TITLE, counter=1)
    connection = DlmsConnection(own, public_link=public, sealer=sealer)
    connection.send(READ)
    late = wrapped(agreement(), source=1, destination=PUBLIC)
    assert connection.receive(late) is None
    assert connection.awaits_beginning


def test_what_comes_for_somebody_else_is_another_meters() -> None:
    connection = alone()
    connection.send(READ)
    with pytest.raises(RemoteProtocolError) as caught:
        connection.receive(wrapped(agreement(), source=1, destination=PUBLIC))
    assert caught.value.fault is LineFault.ANOTHER_METER


def test_without_keys_every_refusal_is_one() -> None:
    said = ExceptionResponse(1, INVOCATION_COUNTER_ERROR, 0).encode()
    assert told(alone(), READ, said) == Refusal(RefusalReason.OTHER, INVOCATION_COUNTER_ERROR)


def test_a_meter_remembers_the_highest_counter_of_a_client() -> None:
    pair = associated(ciphered_profile())
    assert pair.sealer is not None
    assert pair.server.heard_counter(CLIENT) == pair.sealer.counter - 1
    assert pair.server.heard_counter(PUBLIC) == 0
