"""Frames: address, command, data, checksum. Nothing in a frame says how long it is: its end is silence."""

from dataclasses import dataclass

from kilovatt.wire.protocols.framing.crc16 import append_crc, crc_is_right

ADDRESS_MAX = 0xFFFF_FFFF
ADDRESS_SIZE = 4
HEAD_SIZE = ADDRESS_SIZE + 1
CRC_SIZE = 2
FRAME_SIZE_MIN = HEAD_SIZE + CRC_SIZE


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame with a right checksum."""

    address: int
    code: int
    data: bytes

    def encode(self) -> bytes:
        """The bytes of the frame, checksum included."""
        return append_crc(self.address.to_bytes(4, "big") + bytes([self.code]) + self.data)


def frame_from_bytes(data: bytes) -> Frame | None:
    """Return the frame that these bytes are, or None where they are none."""
    if len(data) < FRAME_SIZE_MIN or not crc_is_right(data):
        return None
    return Frame(address=int.from_bytes(data[:4], "big"), code=data[HEAD_SIZE - 1], data=data[HEAD_SIZE:-CRC_SIZE])
