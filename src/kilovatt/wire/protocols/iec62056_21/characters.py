"""Seven-bit characters, and the two ways a block is checked."""

from enum import Enum
from functools import reduce
from operator import xor

SEVEN_BITS = 0x7F


class BlockCheck(Enum):
    """How the character behind a block is made."""

    XOR = "xor"
    """The standard's (6.3.8, ISO 1155)."""
    SUM = "sum"
    """Энергомера's: the sum."""

    def of(self, data: bytes) -> int:
        """Return the check character of what stands after the first SOH or STX, with ETX."""
        return (reduce(xor, data, 0) if self is BlockCheck.XOR else sum(data)) & SEVEN_BITS


def stripped(data: bytes) -> bytes:
    """Return characters without their parity, right or wrong."""
    return bytes(byte & SEVEN_BITS for byte in data)
