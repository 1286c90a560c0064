"""Blocks and what stands in them: commands, and sets of data as `NAME(value)(value)` (IEC 62056-21, 6.3, 6.5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kilovatt.wire.protocols.iec62056_21.characters import BlockCheck

SOH, STX, ETX, ACK, NAK = 0x01, 0x02, 0x03, 0x06, 0x15
BLOCK_SIZE_MAX = 32_768
"""No meter says more at once: a readout of 12 months of every register is about a third of it."""
BREAK = "B0"
READOUT_END = "!"
_SET = re.compile(r"([^()/!\r\n]*)((?:\([^()\r\n]*\))+)")
_VALUE = re.compile(r"\(([^()\r\n]*)\)")
_COMMAND = re.compile(rb"\x01([A-Z][0-9])(?:\x02([\x20-\x7e\r\n]*))?\x03(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DataSet:
    """A name and its values, as text: units stand behind an asterisk. A name may be left out."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return self.name + "".join(f"({value})" for value in self.values)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the programming mode, as `R1`, and what stands behind it; None where nothing can."""

    code: str
    text: str | None


def command_block(command: Command, check: BlockCheck) -> bytes:
    """Return a block that begins with SOH. Raises ValueError for what is not ASCII."""
    body = command.code.encode("ascii")
    if command.text is not None:
        body += bytes([STX]) + command.text.encode("ascii")
    body += bytes([ETX])
    return bytes([SOH]) + body + bytes([check.of(body)])


def command_of(block: bytes, check: BlockCheck) -> Command:
    """Return what a block says that begins with SOH. Raises ValueError."""
    found = _COMMAND.fullmatch(block)
    if found is None:
        raise ValueError("no block of a command")
    _prove(block, check)
    return Command(found[1].decode("ascii"), None if found[2] is None else found[2].decode("ascii"))


def data_block(text: str, check: BlockCheck) -> bytes:
    """Return a block that begins with STX."""
    body = text.encode("ascii") + bytes([ETX])
    return bytes([STX]) + body + bytes([check.of(body)])


def text_of(block: bytes, check: BlockCheck) -> str:
    """Return the text of a block that begins with STX. Raises ValueError."""
    if len(block) < 3 or block[0] != STX or block.find(bytes([ETX])) != len(block) - 2:
        raise ValueError("no block of data")
    _prove(block, check)
    return block[1:-2].decode("ascii")


def sets_of(text: str) -> tuple[DataSet, ...]:
    """Return the sets of data of a text, line by line. Raises ValueError for anything else in it."""
    found: list[DataSet] = []
    for line in text.split("\r\n"):
        place = 0
        while place < len(line):
            match = _SET.match(line, place)
            if match is None:
                raise ValueError(f"no set of data: {line[place : place + 40]!r}")
            found.append(DataSet(match[1], tuple(_VALUE.findall(match[2]))))
            place = match.end()
    return tuple(found)


def readout_of(text: str) -> tuple[DataSet, ...]:
    """Return the sets of data of a readout, which a line of `!` ends. Raises ValueError."""
    body, mark, rest = text.partition(READOUT_END)
    if not mark or rest != "\r\n":
        raise ValueError("a readout ends with !")
    return sets_of(body)


def lines_of(sets: Iterable[DataSet]) -> str:
    """Return sets of data a line each."""
    return "".join(f"{one}\r\n" for one in sets)


def _prove(block: bytes, check: BlockCheck) -> None:
    wanted = check.of(block[1:-1])
    if block[-1] != wanted:
        raise ValueError(f"the check character is {block[-1]:02X}h, wanted {wanted:02X}h")
