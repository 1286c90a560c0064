"""What can be asked of a counter: registers, of either table."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from kilovatt.wire.protocols.framing.connection import Request

REGISTER_MAX = 0xFFFF
COUNT_MAX = 125
"""More registers do not fit into an answer."""


class Table(IntEnum):
    """The tables of registers, by the function that reads them."""

    HOLDING = 3
    INPUT = 4


@dataclass(frozen=True, slots=True)
class ReadRegisters(Request[tuple[int, ...]]):
    """Registers of sixteen bits each. Raises ValueError for what no device can be asked."""

    table: Table
    first: int
    count: int

    def __post_init__(self) -> None:
        if not (1 <= self.count <= COUNT_MAX and self.first >= 0 and self.first + self.count <= REGISTER_MAX + 1):
            raise ValueError(
                f"1 to {COUNT_MAX} registers up to {REGISTER_MAX} are asked: got {self.count} at {self.first}"
            )

    @property
    def answer_size(self) -> int:
        """How many bytes of data an answer has."""
        return 1 + 2 * self.count

    def payload(self) -> bytes:
        """The data of the request."""
        return self.first.to_bytes(2, "big") + self.count.to_bytes(2, "big")

    def decode(self, data: bytes) -> tuple[int, ...]:
        """What an answer's data say. Raises ValueError for what no answer to this request has."""
        if len(data) != self.answer_size or data[0] != self.answer_size - 1:
            raise ValueError(f"wanted {self.answer_size - 1} bytes of registers, got {data.hex(' ')}")
        return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(1, len(data), 2))

    def encode(self, registers: tuple[int, ...]) -> bytes:
        """An answer's data: the device's side."""
        return bytes([2 * len(registers)]) + b"".join(register.to_bytes(2, "big") for register in registers)

    @classmethod
    def parse(cls, function: int, data: bytes) -> Self:
        """The request that a device hears. Raises ValueError for what is none."""
        if len(data) != 4:
            raise ValueError(f"a request for registers has 4 bytes of data, got {len(data)}")
        return cls(Table(function), int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big"))
