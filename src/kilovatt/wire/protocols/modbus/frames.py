"""Frames: a transaction, a protocol (0), a length, a unit, a function, data; numbers with the highest byte first.

There is no checksum: TCP has one. The transaction tells which request an answer is to.
"""

from dataclasses import dataclass
from enum import IntEnum

HEAD_SIZE = 6
"""Transaction, protocol and length."""
FRAME_SIZE_MIN = HEAD_SIZE + 2
FRAME_SIZE_MAX = HEAD_SIZE + 254
TRANSACTION_MAX = 0xFFFF
UNIT_MAX = 247
IS_ERROR = 0x80


class ErrorCode(IntEnum):
    """Why a device will not."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    DEVICE_BUSY = 6
    MEMORY_PARITY = 8
    GATEWAY_PATH = 10
    GATEWAY_SILENCE = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A whole frame."""

    transaction: int
    unit: int
    function: int
    data: bytes

    def encode(self) -> bytes:
        """The bytes of the frame."""
        tail = bytes([self.unit, self.function]) + self.data
        return self.transaction.to_bytes(2, "big") + bytes(2) + len(tail).to_bytes(2, "big") + tail


def size_of(head: bytes) -> int:
    """Return how long the frame is that begins so, all told. Raises ValueError for what begins no frame."""
    if head[2:4] != bytes(2):
        raise ValueError(f"the protocol is {head[2:4].hex()}, wanted 0000")
    size = HEAD_SIZE + int.from_bytes(head[4:6], "big")
    if not FRAME_SIZE_MIN <= size <= FRAME_SIZE_MAX:
        raise ValueError(f"a frame has {FRAME_SIZE_MIN} to {FRAME_SIZE_MAX} bytes, and this one would have {size}")
    return size


def frame_from_bytes(data: bytes) -> Frame:
    """Return the frame that these bytes are. Raises ValueError where they are none."""
    if len(data) < FRAME_SIZE_MIN or size_of(data) != len(data):
        raise ValueError(f"{len(data)} bytes are no whole frame")
    return Frame(
        transaction=int.from_bytes(data[:2], "big"),
        unit=data[HEAD_SIZE],
        function=data[HEAD_SIZE + 1],
        data=data[HEAD_SIZE + 2 :],
    )
