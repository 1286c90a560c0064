"""General block transfer (tag E0h): any message cut into blocks, several of them before an answer (5-3, 6.10, 8.3)."""

from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import encode_length
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

GENERAL_BLOCK = 0xE0
WINDOW_MAX = 63
NUMBER_MAX = 0xFFFF
FIRST_BLOCK = b"\x00\x01\x00\x00"
"""The numbers of a block that begins a transfer, two bytes in: the first, and none acknowledged."""
OVERHEAD_BYTES = 9
"""What stands around the part of a message, at most."""
_LAST, _STREAMING = 0x80, 0x40


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralBlock:
    """A part of a message. `acknowledged` is the number of the last block that came from the other end.

    `streaming`: further blocks follow at once. `window` is how many blocks the sender of this one takes at once.
    """

    is_last: bool
    streaming: bool
    window: int
    number: int
    acknowledged: int
    part: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.window <= WINDOW_MAX:
            raise LocalProtocolError(f"a window has at most {WINDOW_MAX} blocks: got {self.window}")

    def encode(self) -> bytes:
        """Return it as bytes."""
        control = self.window | _LAST * self.is_last | _STREAMING * self.streaming
        numbers = self.number.to_bytes(2, "big") + self.acknowledged.to_bytes(2, "big")
        return bytes((GENERAL_BLOCK, control)) + numbers + encode_length(len(self.part)) + self.part


def decode_general_block(cursor: Cursor) -> GeneralBlock:
    """Return a block, its tag already taken. Raises MalformedError."""
    control = cursor.byte()
    made = GeneralBlock(
        is_last=bool(control & _LAST),
        streaming=bool(control & _STREAMING),
        window=control & WINDOW_MAX,
        number=cursor.number(2),
        acknowledged=cursor.number(2),
        part=cursor.counted(),
    )
    cursor.end()
    return made
