"""Frames: SOH, command, STX, data, ETX and a check for what is commanded; STX, data, ETX and a check for answers.

The check is of seven bits, over what follows the first mark up to and with ETX. In the standard the characters are
combined by exclusive or; Энергомера adds them up.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor

SOH = b"\x01"
STX = b"\x02"
ETX = b"\x03"
CHECK_SIZE = 1
COMMAND_SIZE = 2
COMMAND_SIZE_MAX = 512
"""No command asked here is longer."""
_SEVEN_BITS = 0x7F
_LEAST = 0x20
_LINE_ENDS = frozenset(b"\r\n")


class BlockCheck(StrEnum):
    """How the check of a frame is made."""

    XOR = "xor"
    SUM = "sum"

    def of(self, content: bytes) -> int:
        """Return the check of what follows the first mark, up to and with ETX."""
        return (reduce(xor, content, 0) if self is BlockCheck.XOR else sum(content)) & _SEVEN_BITS


@dataclass(frozen=True, slots=True)
class Command:
    """What is commanded, by whoever reads or by the meter: two characters (P1, R1, B0), and data in text or none."""

    code: str
    text: str | None = None

    def encode(self, check: BlockCheck) -> bytes:
        """Return the frame. Raises ValueError for characters that cannot be sent."""
        text = b"" if self.text is None else STX + _characters(self.text)
        content = _characters(self.code) + text + ETX
        return SOH + content + bytes([check.of(content)])


def answer_frame(text: str, check: BlockCheck) -> bytes:
    """Return the frame of an answer. Raises ValueError for characters that cannot be sent."""
    content = _characters(text) + ETX
    return STX + content + bytes([check.of(content)])


def frame_size(data: bytes) -> int | None:
    """Return how long the frame is that data begin with; None while that is not certain."""
    end = data.find(ETX)
    size = end + len(ETX) + CHECK_SIZE
    return size if end >= 0 and size <= len(data) else None


def command_of(frame: bytes, check: BlockCheck) -> Command:
    """Return what a whole frame commands. Raises ValueError for what is no such frame."""
    content = _checked(frame, SOH, check)
    code, mark, text = content[:COMMAND_SIZE], content[COMMAND_SIZE : COMMAND_SIZE + 1], content[COMMAND_SIZE + 1 :]
    if len(code) != COMMAND_SIZE or not code.isalnum():
        raise ValueError("a command has two letters or digits")
    if mark not in {b"", STX}:
        raise ValueError("the data of a command begin with STX")
    return Command(code.decode("ascii"), _text(text) if mark else None)


def answer_of(frame: bytes, check: BlockCheck) -> str:
    """Return the text of a whole answer. Raises ValueError for what is no such frame."""
    return _text(_checked(frame, STX, check))


def _checked(frame: bytes, mark: bytes, check: BlockCheck) -> bytes:
    if not frame.startswith(mark) or frame_size(frame) != len(frame):
        raise ValueError(f"a frame begins with {mark[0]:02X}h and ends with ETX and a check")
    content = frame[len(mark) : -CHECK_SIZE]
    if frame[-1] != check.of(content):
        raise ValueError(f"the check is {frame[-1]:02X}h, and {check.of(content):02X}h is wanted")
    return content[: -len(ETX)]


def _text(data: bytes) -> str:
    wrong = next((place for place, byte in enumerate(data) if not _is_character(byte)), None)
    if wrong is not None:
        raise ValueError(f"character {wrong} of the data is {data[wrong]:02X}h, which is none")
    return data.decode("ascii")


def _characters(text: str) -> bytes:
    data = text.encode("ascii")
    if not all(map(_is_character, data)):
        raise ValueError("only characters that can be printed, and ends of lines, are sent")
    return data


def _is_character(byte: int) -> bool:
    return _LEAST <= byte < _SEVEN_BITS or byte in _LINE_ENDS
