"""What a meter can be asked: who it is, to go on in a mode, and for what it has, by name or all of it."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from kilovatt.wire.protocols.framing import sign_on
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason, Request
from kilovatt.wire.protocols.framing.sign_on import Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.iec62056_21.blocks import (
    ACK,
    BREAK,
    NAK,
    SOH,
    STX,
    Command,
    DataSet,
    command_block,
    command_of,
    readout_of,
    sets_of,
    text_of,
)
from kilovatt.wire.protocols.iec62056_21.characters import BlockCheck

UNKNOWN_NAME = 12
"""The error of a name that a meter does not know."""
_ERROR = re.compile(r"E(?:RR)?(\d{1,3})")
_NAME = re.compile(r"[0-9A-Za-z_.:*-]{1,16}")
_ARGUMENT = re.compile(r"[^()/!\x00-\x1f\x7f-\U0010ffff]{0,32}")
_DENIED = Refusal(RefusalReason.ACCESS_DENIED, NAK)


def error_of(sets: tuple[DataSet, ...]) -> Refusal | None:
    """Return the error that is all that an answer says: `(ERR12)`, `ET0PE(E12)`; None where it says more or other."""
    if len(sets) != 1 or len(sets[0].values) != 1:
        return None
    found = _ERROR.fullmatch(sets[0].values[0])
    if found is None:
        return None
    code = int(found[1])
    return Refusal(RefusalReason.UNKNOWN_REQUEST if code == UNKNOWN_NAME else RefusalReason.OTHER, code)


class SignOn(Request[Identification]):
    """Who is there: said to the address of the connection. It begins a session afresh."""

    begins: ClassVar[bytes] = b"/"

    def frame(self, address: str, check: BlockCheck) -> bytes:
        """Return what to write."""
        del check
        return sign_on.request_message(address)

    def read(self, answer: bytes, check: BlockCheck) -> Identification:
        """Return who answers. Raises ValueError."""
        del check
        return sign_on.identification_of(answer)


@dataclass(frozen=True, slots=True)
class EnterProgramming(Request[str]):
    """Go on by commands; the meter says what the password may be mixed with, or who it is."""

    baud_letter: str = "5"
    begins: ClassVar[bytes] = bytes([SOH])

    def frame(self, address: str, check: BlockCheck) -> bytes:
        """Return what to write."""
        del address, check
        return OptionSelect(Procedure.NORMAL, self.baud_letter, Mode.PROGRAMMING).encode()

    def read(self, answer: bytes, check: BlockCheck) -> str:
        """Return the operand of P0. Raises ValueError."""
        command = command_of(answer, check)
        sets = sets_of(command.text or "")
        if command.code != "P0" or len(sets) != 1:
            raise ValueError(f"wanted P0 with an operand, got {command.code}")
        return sets[0].values[0]


@dataclass(frozen=True, slots=True)
class ReadEverything(Request[tuple[DataSet, ...]]):
    """The data readout."""

    baud_letter: str = "5"
    begins: ClassVar[bytes] = bytes([STX])

    def frame(self, address: str, check: BlockCheck) -> bytes:
        """Return what to write."""
        del address, check
        return OptionSelect(Procedure.NORMAL, self.baud_letter, Mode.READ_OUT).encode()

    def read(self, answer: bytes, check: BlockCheck) -> tuple[DataSet, ...]:
        """Return everything it says. Raises ValueError."""
        return readout_of(text_of(answer, check))


@dataclass(frozen=True, slots=True)
class GivePassword(Request[None]):
    """The password of the programming mode."""

    password: str = field(repr=False)
    begins: ClassVar[bytes] = bytes([ACK, NAK, SOH, STX])

    def frame(self, address: str, check: BlockCheck) -> bytes:
        """Return what to write. Raises ValueError for characters that no password has."""
        del address
        if _ARGUMENT.fullmatch(self.password) is None:
            raise ValueError("a password is at most 32 characters of ASCII without brackets")
        return command_block(Command("P1", f"({self.password})"), check)

    def read(self, answer: bytes, check: BlockCheck) -> Refusal | None:
        """Return None for yes. Raises ValueError."""
        if answer[0] in (ACK, NAK):
            return None if answer[0] == ACK else _DENIED
        if answer[0] == SOH:
            if command_of(answer, check) != Command(BREAK, None):
                raise ValueError("a password is answered by yes, no, or the end")
            return _DENIED
        error = error_of(sets_of(text_of(answer, check)))
        if error is None:
            raise ValueError("a password is answered by yes, no, or the end")
        return Refusal(RefusalReason.ACCESS_DENIED, error.code)


@dataclass(frozen=True, slots=True)
class ReadParameter(Request[tuple[str, ...]]):
    """The values of a name: in one set of data or several of the same name."""

    name: str
    argument: str = ""
    begins: ClassVar[bytes] = bytes([NAK, STX])

    def frame(self, address: str, check: BlockCheck) -> bytes:
        """Return what to write. Raises ValueError for what is no name or argument."""
        del address
        if _NAME.fullmatch(self.name) is None or _ARGUMENT.fullmatch(self.argument) is None:
            raise ValueError(f"no name of a parameter: {self.name!r}, {self.argument!r}")
        return command_block(Command("R1", f"{self.name}({self.argument})"), check)

    def read(self, answer: bytes, check: BlockCheck) -> tuple[str, ...] | Refusal:
        """Return the values, or the error that is said. Raises ValueError."""
        if answer[0] == NAK:
            return Refusal(RefusalReason.OTHER, NAK)
        sets = sets_of(text_of(answer, check))
        error = error_of(sets)
        if error is not None and sets[0].name in ("", self.name):
            return error
        if not sets or any(one.name != self.name for one in sets):
            raise ValueError(f"wanted {self.name}, got {', '.join(one.name for one in sets) or 'nothing'}")
        return tuple(value for one in sets for value in one.values)


Iec62056Request = SignOn | EnterProgramming | ReadEverything | GivePassword | ReadParameter
