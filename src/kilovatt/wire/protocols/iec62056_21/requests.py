"""What can be asked of a meter in mode C, and what it answers."""

from dataclasses import dataclass

from kilovatt.wire.protocols.framing.connection import AnswerT, Request
from kilovatt.wire.protocols.framing.sign_on import Identification
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet

READ = "R1"
PASSWORD_REQUEST = "P0"
PASSWORD = "P1"
BREAK = "B0"
GROUP = "GROUP"


class Iec62056Request(Request[AnswerT]):
    """Something asked in mode C."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SignOn(Iec62056Request[Identification]):
    """Begin a session for programming: the call, the choice, the password. Refused for a wrong password."""


@dataclass(frozen=True, slots=True)
class ReadParameter(Iec62056Request[tuple[str, ...]]):
    """The values of a parameter by its name; the session is begun first where there is none."""

    name: str
    argument: str = ""

    @property
    def text(self) -> str:
        """The data of the command."""
        return f"{self.name}({self.argument})"


@dataclass(frozen=True, slots=True)
class ReadGroup(Iec62056Request[tuple[DataSet, ...]]):
    """The values of several parameters at once, without a session: numbers of parameters, and a mask of values.

    A mask has a bit for each value, the first the lowest. A value that the meter does not have is a refusal in its
    place. It is asked behind the call: /?address! SOH R1 STX GROUP(400D(1)) ETX.
    """

    masks: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The data of the command."""
        return f"{GROUP}({''.join(f'{number:04X}({mask:X})' for number, mask in self.masks)})"


@dataclass(frozen=True, slots=True)
class Readout:
    """Everything a meter reads out, and who it is."""

    identification: Identification
    data_sets: tuple[DataSet, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of a name; none where it is not read out."""
        return next((one.values for one in self.data_sets if one.name == name), ())


@dataclass(frozen=True, slots=True)
class ReadOut(Iec62056Request[Readout]):
    """Everything the meter reads out by itself (mode 0), without a password."""


@dataclass(frozen=True, slots=True)
class Break(Iec62056Request[None]):
    """The end of a session, which is not answered."""
