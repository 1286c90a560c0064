"""General block transfer: blocks in order, acknowledged, lost and sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.association import block_transfer
from kilovatt.wire.protocols.dlms.association.block_transfer import BlockTransfer, Whole
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

MESSAGE = bytes(range(100))


def block(
    number: int, acknowledged: int, part: bytes = b"", *, is_last: bool = False, streaming: bool = False
) -> bytes:
    """A block of the other end."""
    return GeneralBlock(
        is_last=is_last, streaming=streaming, window=1, number=number, acknowledged=acknowledged, part=part
    ).encode()


@given(message=st.binary(min_size=1, max_size=2000), size=st.integers(10, 300))
def test_a_message_arrives_as_it_was_sent_and_so_does_its_answer(message: bytes, size: int) -> None:
    client, meter = BlockTransfer(window=8), BlockTransfer()
    sent: Whole | bytes | None = client.begin(message, size)
    hearing, other = meter, client
    arrived: list[bytes] = []
    while len(arrived) < 2:
        assert isinstance(sent, bytes)
        came = hearing.hear(sent)
        if isinstance(came, Whole):
            arrived.append(came.message)
            came = hearing.begin(message[::-1], size) if len(arrived) == 1 else came
        sent, hearing, other = came, other, hearing

    assert arrived == [message, message[::-1]]


def test_blocks_of_a_window_come_without_an_answer_between() -> None:
    hearing = BlockTransfer(window=8)

    assert hearing.hear(block(1, 0, b"ab", streaming=True)) is None
    acknowledgement = hearing.hear(block(2, 0, b"cd"))

    assert isinstance(acknowledgement, bytes)
    said = decode_message(acknowledgement)
    assert (said.number, said.acknowledged, said.window, said.part, said.is_last) == (1, 2, 8, b"", True)
    assert hearing.hear(block(3, 1, b"", is_last=True)) == Whole(b"abcd")


def test_a_block_that_was_lost_goes_again() -> None:
    sending = BlockTransfer()
    first = sending.begin(MESSAGE, 59)

    said = [decode_message(one) for one in (first, sending.hear(block(1, 0)), sending.hear(block(2, 1)))]  # type: ignore[arg-type]
    said.append(decode_message(sending.hear(block(3, 1))))  # type: ignore[arg-type]  # blocks, all of them

    assert [(one.number, one.acknowledged) for one in said] == [(1, 0), (1, 1), (2, 2), (2, 3)]
    assert [one.part for one in said] == [MESSAGE[:50], MESSAGE[:50], MESSAGE[50:], MESSAGE[50:]]
    assert sending.hear(block(4, 2, b"answer", is_last=True)) == Whole(b"answer")


def test_the_same_block_is_not_lost_for_ever() -> None:
    sending = BlockTransfer()
    sending.begin(MESSAGE, 59)
    for number in range(1, 9):
        sending.hear(block(number, 0))

    with pytest.raises(MalformedError, match="lost more than 8 times"):
        sending.hear(block(9, 0))


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (bytes.fromhex("C401C100"), "a general block is wanted"),
        (block(1, 1, b"ab"), "an acknowledgement of block 1, and 0 were sent"),
        (block(2, 0, b"ab"), "block 2, and 1 is wanted"),
        (block(1, 0), "a block without a part"),
        (block(1, 0, is_last=True), "a block without a part"),
    ],
)
def test_what_is_no_next_block_is_refused_by_name(wire: bytes, words: str) -> None:
    with pytest.raises(MalformedError, match=words):
        BlockTransfer().hear(wire)


def test_an_answer_before_the_question_is_whole_is_refused() -> None:
    sending = BlockTransfer()
    sending.begin(MESSAGE, 59)

    with pytest.raises(MalformedError, match="before our message is whole"):
        sending.hear(block(1, 1, b"ab"))


def test_a_message_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_transfer, "MESSAGE_BYTES_MAX", 3)

    with pytest.raises(MalformedError, match="more than 3 bytes"):
        BlockTransfer().hear(block(1, 0, bytes(4)))


def test_a_message_of_too_many_blocks_is_not_begun() -> None:
    with pytest.raises(LocalProtocolError, match="a message of 65537 blocks"):
        BlockTransfer().begin(bytes(16 * 65_537), 20)
