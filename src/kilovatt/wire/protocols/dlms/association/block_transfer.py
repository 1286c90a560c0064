"""General block transfer at either end: a message out in blocks, a message in from blocks (IEC 62056-5-3, 6.10).

We take as many blocks at once as we say; ours go out one by one, since a link carries one message at a time.
"""

from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.apdu.general_block import (
    GENERAL_BLOCK,
    NUMBER_MAX,
    OVERHEAD_BYTES,
    GeneralBlock,
    decode_general_block,
)
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

MESSAGE_BYTES_MAX = 1 << 22
"""A message that is longer in all its blocks is none."""
_REPEATS_MAX = 8
_PART_BYTES_MIN = 16


@dataclass(frozen=True, slots=True)
class Whole:
    """All blocks of a message have come."""

    message: bytes


class BlockTransfer:
    """The blocks of one question and its answer, both ways. We take blocks one `window` at a time."""

    def __init__(self, *, window: int = 1) -> None:
        self._window = window
        self._parts: list[bytes] = []
        """Of our message, those that are not acknowledged."""
        self._sent = 0
        self._heard = 0
        self._repeats = 0
        self._came = bytearray()

    def begin(self, message: bytes, message_bytes_max: int) -> bytes:
        """Return the first block of a message. Raises LocalProtocolError for one of too many blocks."""
        size = max(message_bytes_max - OVERHEAD_BYTES, _PART_BYTES_MIN)
        self._parts = [message[at : at + size] for at in range(0, len(message), size)]
        self._repeats = 0
        if self._sent + len(self._parts) > NUMBER_MAX:
            raise LocalProtocolError(f"a message of {len(self._parts)} blocks")
        return self._next()

    def hear(self, message: bytes) -> Whole | bytes | None:
        """Take a block; return a message that is whole, a block to send, or None while more must come.

        Raises MalformedError for what is no block, or not the next.
        """
        cursor = Cursor(message)
        if cursor.byte() != GENERAL_BLOCK:
            raise MalformedError("a general block is wanted", message, 0)
        block = decode_general_block(cursor)
        if block.acknowledged > self._sent:
            words = f"an acknowledgement of block {block.acknowledged}, and {self._sent} were sent"
            raise MalformedError(words, message, 4)
        if len(self._parts) > 1 or (self._parts and block.acknowledged < self._sent):
            return self._acknowledged(block, message)
        self._parts = []
        return self._take(block, message)

    def _acknowledged(self, block: GeneralBlock, message: bytes) -> bytes:
        if block.part:
            raise MalformedError("a block with a part before our message is whole", message, 0)
        self._heard = block.number
        if block.acknowledged == self._sent:
            del self._parts[0]
            return self._next()
        # The block was lost: it goes out again.
        self._repeats += 1
        if self._repeats > _REPEATS_MAX:
            raise MalformedError(f"blocks lost more than {_REPEATS_MAX} times", message, 4)
        self._sent -= 1
        return self._next()

    def _take(self, block: GeneralBlock, message: bytes) -> Whole | bytes | None:
        if not block.part and not (block.is_last and self._came):
            raise MalformedError("a block without a part, and one is wanted", message, 0)
        if block.number != self._heard + 1:
            raise MalformedError(f"block {block.number}, and {self._heard + 1} is wanted", message, 2)
        self._heard = block.number
        self._came += block.part
        if len(self._came) > MESSAGE_BYTES_MAX:
            raise MalformedError(f"a message of more than {MESSAGE_BYTES_MAX} bytes", message, 0)
        if block.is_last:
            whole = bytes(self._came)
            self._came.clear()
            return Whole(whole)
        if block.streaming:
            return None
        self._sent += 1
        # Our own message is out: this block is its last, and empty.
        return self._block(b"", is_last=True)

    def _next(self) -> bytes:
        self._sent += 1
        return self._block(self._parts[0], is_last=len(self._parts) == 1)

    def _block(self, part: bytes, *, is_last: bool) -> bytes:
        return GeneralBlock(
            is_last=is_last,
            streaming=False,
            window=self._window,
            number=self._sent & NUMBER_MAX,
            acknowledged=self._heard,
            part=part,
        ).encode()
