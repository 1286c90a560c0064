"""What is no answer to what was asked is refused by name; what is a refusal is an answer."""

from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu import access_service as several
from kilovatt.wire.protocols.dlms.apdu import action, get, short_names
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.acse import AssociationResult, Context, Diagnostic, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ConfirmedServiceError, ExceptionResponse
from kilovatt.wire.protocols.dlms.association import exchanges, other_exchanges
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import (
    AccessAll,
    Associate,
    DlmsRequest,
    GetAttribute,
    GetAttributes,
    ReadVariables,
    RunMethod,
    RunMethods,
    SetAttribute,
    SetAttributes,
    WriteVariables,
)
from kilovatt.wire.protocols.dlms.values import MalformedError, OctetString, Unsigned
from kilovatt.wire.protocols.framing.connection import LineFault, Refusal, RefusalReason, RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import wrapped
from told_dlms import (
    ECHO,
    KEPT,
    LONG,
    OUR_CHALLENGE,
    SECRET,
    UNKNOWN,
    agreement,
    alone,
    told,
)

READ, READ_TWO = GetAttribute(LONG), GetAttributes((LONG, KEPT))
NAME = short_names.ShortName(0xFA08)
PART = short_names.ReadPart
FIVE = b"\x11\x05"
LONG_TEXT = OctetString(b"x" * 200)
BUSY = AccessResult.TEMPORARY_FAILURE
ONE_ACCESS = AccessAll((several.AccessAsked(several.AccessKind.GET, LONG),), (None,))
DONE = several.AccessOutcome(several.AccessKind.GET, AccessResult.SUCCESS)


def block(number: int, part: bytes | AccessResult, *, is_last: bool = False) -> bytes:
    """A block of a long answer to the first question."""
    return get.GetBlock(0xC1, is_last, number, part).encode()


def returned(number: int, part: bytes, *, is_last: bool = False) -> bytes:
    """A block of what a method returns."""
    return action.ActionBlock(0xC1, is_last, number, part).encode()


@pytest.mark.parametrize(
    ("request_", "answers", "words"),
    [
        (READ, [get.GetListResponse(0xC1, (FIVE,))], "a GetListResponse where GetResponse or GetBlock is wanted"),
        (READ, [get.GetResponse(0xC1, b"\x09\x05\x01")], "OctetString of 5 bytes in 1"),
        (READ, [get.GetBlock(0xC1, False, 7, b"\x09")], "block 7, and 1 is wanted"),
        (
            READ,
            [get.GetBlock(0xC1, False, 1, b"\x09"), get.GetBlock(0xC1, True, 3, b"\x00")],
            "block 3, and 2 is wanted",
        ),
        (READ, [get.GetBlock(0xC1, False, 1, b"")], "an empty block"),
        (READ, [get.GetBlock(0xC1, False, 1, b"\x09"), get.GetResponse(0xC1, FIVE)], "a whole value, and block 2"),
        (READ_TWO, [get.GetListResponse(0xC1, (FIVE,))], "1 results, and 2 are wanted"),
        (READ_TWO, [get.GetBlock(0xC1, True, 1, b"\x01\x00\x11\x05")], "1 results, and 2 are wanted"),
        (SetAttributes((KEPT,), (None,)), [setting.SetListResponse(0xC1, ())], "0 results, and 1 are wanted"),
        (RunMethods((ECHO,), (None,)), [action.ActionListResponse(0xC1, ())], "0 results, and 1 are wanted"),
        (RunMethod(ECHO), [action.ActionBlock(0xC1, False, 2, FIVE)], "block 2, and 1 is wanted"),
        (RunMethod(ECHO), [action.ActionBlock(0xC1, False, 1, b"")], "an empty block"),
        (
            RunMethod(ECHO),
            [action.ActionBlock(0xC1, False, 1, FIVE), action.ActionBlock(0xC1, True, 3, FIVE)],
            "block 3, and 2 is wanted",
        ),
        (ONE_ACCESS, [several.AccessResponse(0xC0000001, (), ())], "0 values, and 1 are wanted"),
        (ReadVariables((NAME,)), [short_names.ReadResponse(())], "0 values, and 1 are wanted"),
        (ReadVariables((NAME, NAME)), [short_names.ReadResponse((FIVE, PART(True, 1, b"\x00")))], "2 values, and 2"),
        (ReadVariables((NAME,)), [short_names.ReadResponse((PART(False, 2, b"\x00"),))], "block 2, and 1 is wanted"),
        (ReadVariables((NAME,)), [short_names.ReadResponse((PART(False, 1, b""),))], "an empty block"),
        (
            ReadVariables((NAME,)),
            [short_names.ReadResponse((PART(False, 1, b"\x01"),)), short_names.ReadResponse((FIVE,))],
            "a whole value, and block 2 of one is wanted",
        ),
        (WriteVariables((NAME,), (None,)), [short_names.WriteResponse(())], "0 results, and 1 are wanted"),
    ],
)
def test_what_is_no_answer_is_refused_by_name(
    request_: DlmsRequest[object], answers: list[get.GetResponse], words: str
) -> None:
    connection = alone()

    with pytest.raises(MalformedError, match=words) as caught:
        told(connection, request_, *(one.encode() for one in answers))

    assert caught.value.fault is LineFault.NOISE
    # The exchange is over: the same can be asked anew, with another number if a part of an answer had come.
    has_number = request_ is not READ or len(answers) > 1
    has_number &= not isinstance(request_, ReadVariables | WriteVariables)
    assert told(connection, READ, get.GetResponse(0xC2 if has_number else 0xC1, FIVE).encode()) == 5


LATE = [
    get.GetResponse(0xC2, FIVE),
    get.GetBlock(0xC2, True, 1, FIVE),
    setting.SetResponse(0xC1, BUSY),
    action.ActionResponse(0xC1, BUSY),
    several.AccessResponse(0xC0000001, (None,), (DONE,)),
    short_names.ReadResponse((FIVE,)),
]


@pytest.mark.parametrize("late", LATE)
def test_an_answer_to_something_else_is_late_and_the_right_one_is_awaited(late: get.GetResponse) -> None:
    connection = alone()
    assert told(connection, READ, late.encode(), agreement(), get.GetResponse(0xC1, FIVE).encode()) == 5
    assert not connection.awaits_beginning


def test_while_nothing_but_late_answers_came_the_answer_has_not_begun() -> None:
    connection = alone()
    connection.send(READ)
    late, right = (
        wrapped(get.GetResponse(0xC0 | number, FIVE).encode(), source=1, destination=48) for number in (2, 1)
    )

    awaited = [connection.awaits_beginning]
    for came in (late, right[:9]):
        assert connection.receive(came) is None
        awaited.append(connection.awaits_beginning)

    assert awaited == [False, True, False]


def test_a_late_answer_of_many_things_is_told_by_its_long_number() -> None:
    late, right = (several.AccessResponse(0xC0000000 | number, (None,), (DONE,)) for number in (2, 1))
    assert told(alone(), ONE_ACCESS, late.encode(), right.encode()) == right


def test_a_block_that_comes_twice_is_taken_once() -> None:
    first, second = block(1, b"\x09\x02a"), block(2, b"b", is_last=True)
    assert told(alone(), READ, first, first, second) == b"ab"


def test_a_value_read_anew_after_half_of_it_came_has_another_number() -> None:
    connection = alone()
    connection.send(READ)
    connection.receive(wrapped(block(1, b"\x09\x02a"), source=1, destination=48))
    with pytest.raises(RemoteProtocolError):
        connection.quiet()

    torn = get.GetBlock(0xC1, True, 2, b"z").encode()
    assert told(connection, READ, torn, get.GetResponse(0xC2, FIVE).encode()) == 5


@pytest.mark.parametrize(
    ("request_", "answers", "refusal"),
    [
        (READ, [ExceptionResponse(1, 2)], Refusal(RefusalReason.OTHER, 2)),
        (READ, [ConfirmedServiceError(1, 6, 4)], Refusal(RefusalReason.OTHER, 4)),
        (READ, [get.GetResponse(0xC1, AccessResult.OTHER_REASON)], Refusal(RefusalReason.OTHER, 250)),
        (READ, [get.GetBlock(0xC1, True, 1, BUSY)], Refusal(RefusalReason.INTERNAL_ERROR, 2)),
        (
            READ,
            [get.GetBlock(0xC1, False, 1, b"\x09"), get.GetResponse(0xC1, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
        (READ_TWO, [get.GetBlock(0xC1, True, 1, BUSY)], Refusal(RefusalReason.INTERNAL_ERROR, 2)),
        (
            RunMethod(ECHO),
            [action.ActionResponse(0xC1, AccessResult.SUCCESS, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
        (
            ReadVariables((NAME,)),
            [short_names.ReadResponse((PART(False, 1, b"\x01"),)), short_names.ReadResponse((BUSY,))],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
    ],
)
def test_a_no_is_an_answer(request_: DlmsRequest[object], answers: list[get.GetResponse], refusal: Refusal) -> None:
    assert told(alone(), request_, *(one.encode() for one in answers)) == refusal


def test_a_method_may_return_success_for_a_value() -> None:
    response = action.ActionResponse(0xC1, AccessResult.SUCCESS, AccessResult.SUCCESS)

    assert told(alone(), RunMethod(ECHO), response.encode()) is None


def test_short_names_are_read_in_parts() -> None:
    parts = [PART(False, 1, b"\x01\x00"), PART(True, 2, FIVE)]

    answers = [short_names.ReadResponse((part,)).encode() for part in parts]

    assert told(alone(), ReadVariables((NAME,)), *answers) == (Unsigned(5),)


def with_blocks(size: int = 100) -> DlmsConnection:
    """A client whose meter takes long values in blocks."""
    connection = alone()
    told(connection, Associate(), agreement(message_bytes_max=size))
    return connection


TAKEN, ACTION_TAKEN = setting.SetBlockResponse(0xC1, 1), action.ActionBlockTaken(0xC1, 1)


@pytest.mark.parametrize(
    ("request_", "answers", "value"),
    [
        (
            SetAttribute(KEPT, LONG_TEXT),
            [setting.SetBlockResponse(0xC1, 1, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
        (
            SetAttribute(KEPT, LONG_TEXT),
            [TAKEN, setting.SetResponse(0xC1, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
        (
            SetAttributes((KEPT,), (LONG_TEXT,)),
            [setting.SetBlockResponse(0xC1, 1, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
        (
            RunMethod(ECHO, LONG_TEXT),
            [ACTION_TAKEN, action.ActionResponse(0xC1, BUSY)],
            Refusal(RefusalReason.INTERNAL_ERROR, 2),
        ),
    ],
)
def test_a_meter_may_refuse_a_long_value_in_the_middle(
    request_: DlmsRequest[object], answers: list[setting.SetResponse], value: object
) -> None:
    assert told(with_blocks(), request_, *(one.encode() for one in answers)) == value


@pytest.mark.parametrize(
    ("request_", "answers", "words"),
    [
        (SetAttribute(KEPT, LONG_TEXT), [setting.SetBlockResponse(0xC1, 2)], "block 2 was taken, and 1 was sent"),
        (RunMethod(ECHO, LONG_TEXT), [action.ActionBlockTaken(0xC1, 3)], "block 3 was taken, and 1 was sent"),
        (
            SetAttribute(KEPT, OctetString(b"x" * 100)),
            [TAKEN, setting.SetBlockResponse(0xC1, 2), setting.SetBlockResponse(0xC1, 3)],
            "nothing is said of the result",
        ),
    ],
)
def test_blocks_must_be_taken_in_order(
    request_: DlmsRequest[object], answers: list[setting.SetResponse], words: str
) -> None:
    with pytest.raises(MalformedError, match=words):
        told(with_blocks(), request_, *(one.encode() for one in answers))


def test_a_value_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "VALUE_BYTES_MAX", 3)
    monkeypatch.setattr(other_exchanges, "VALUE_BYTES_MAX", 3)
    part = short_names.ReadResponse((PART(False, 1, bytes(4)),))

    with pytest.raises(MalformedError, match="more than 3 bytes"):
        told(alone(), READ, block(1, bytes(4)))
    with pytest.raises(MalformedError, match="more than 3 bytes"):
        told(alone(), RunMethod(ECHO), returned(1, bytes(4)))
    with pytest.raises(MalformedError, match="more than 3 bytes"):
        told(alone(), ReadVariables((NAME,)), part.encode())


HLS = Associate(mechanism=Mechanism.HLS_MD5, secret=SECRET, challenge=OUR_CHALLENGE)
PROOF: dict[str, Any] = {
    "mechanism": Mechanism.HLS_MD5,
    "challenge": b"12345678",
    "diagnostic": Diagnostic.AUTHENTICATION_REQUIRED,
}


@pytest.mark.parametrize(
    ("asked", "answers", "words"),
    [
        (Associate(), [agreement(context=Context.SHORT_NAMES)], "context SHORT_NAMES, and LOGICAL_NAMES is wanted"),
        (Associate(), [agreement(initiate=None)], "an association without an agreement"),
        (Associate(), [agreement(initiate=bytes.fromhex("0E010601"))], "with an error for an agreement"),
        (Associate(), [agreement(initiate=b"")], "a byte is missing"),
        (Associate(), [agreement(diagnostic=14)], "a proof that was not offered"),
        (HLS, [agreement()], "does not prove itself as it was asked to"),
        (HLS, [agreement(diagnostic=14)], "a proof that was not offered"),
        (HLS, [agreement(**PROOF | {"mechanism": Mechanism.HLS_SHA1})], "another mechanism than HLS_MD5"),
        (HLS, [agreement(**PROOF | {"challenge": OUR_CHALLENGE})], "sets our own challenge"),
        (
            HLS,
            [agreement(**PROOF), action.ActionResponse(0xC1, AccessResult.SUCCESS, b"\x09\x01\x00").encode()],
            "the meter's proof is wrong",
        ),
        (
            HLS,
            [agreement(**PROOF), action.ActionResponse(0xC1, AccessResult.SUCCESS, FIVE).encode()],
            "the meter's proof is wrong",
        ),
    ],
)
def test_an_association_that_is_not_what_was_asked_is_refused(
    asked: Associate, answers: list[bytes], words: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=words):
        told(alone(), asked, *answers)


@pytest.mark.parametrize(
    ("asked", "answers", "code"),
    [
        (Associate(), [agreement(result=AssociationResult.REJECTED, diagnostic=13, initiate=None)], 13),
        (HLS, [agreement(**PROOF), action.ActionResponse(0xC1, AccessResult.ACCESS_DENIED).encode()], 13),
        (HLS, [agreement(**PROOF), action.ActionResponse(0xC1, AccessResult.SUCCESS).encode()], 13),
    ],
)
def test_an_association_may_be_denied(asked: Associate, answers: list[bytes], code: int) -> None:
    assert told(alone(), asked, *answers) == Refusal(RefusalReason.ACCESS_DENIED, code)


def test_an_exception_ends_an_association_too() -> None:
    assert told(alone(), Associate(), ExceptionResponse(1, 1).encode()) == Refusal(RefusalReason.OTHER, 1)


def test_a_meter_may_name_the_counter_it_wants() -> None:
    connection = alone()
    assert connection.conformance == Conformance(0)

    assert told(connection, GetAttribute(UNKNOWN), ExceptionResponse(1, 6, 77).encode()) == Refusal(
        RefusalReason.OTHER, 6
    )

    assert connection.counter_wanted == 77
