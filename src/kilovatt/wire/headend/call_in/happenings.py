"""What happens where calls are received, for whoever wants to know: records, events, metrics, leases."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.framing.call_in import Introduced


class TurnedAway(StrEnum):
    """Why a call was ended by us."""

    NO_HELLO = "no_hello"
    """What came is no hello that is known, or broke its own rules."""
    TOO_SLOW = "too_slow"
    """The hello was not whole in its time."""
    TOO_MANY = "too_many"
    """The oldest of too many that were idle."""
    FELL_SILENT = "fell_silent"
    """Not even a heartbeat came."""
    ANOTHER_PASSWORD = "another_password"
    """It claims the name of a modem that is connected, and gives another password."""
    CONTESTED = "contested"
    """Two callers take one name from each other."""
    TOO_MANY_PUSHES = "too_many_pushes"
    """It pushed more in a minute than anybody has to say."""
    ELSEWHERE = "elsewhere"
    """Another process has the line of this modem, to which it has called since."""


@dataclass(frozen=True, slots=True)
class ModemCalled:
    """A modem or meter called and said who it is: `name` is a modem's own, or that of a device by what it pushed.

    `replaces` is where the call came from that it took the place of.
    """

    at: datetime
    name: str
    who: Introduced
    peer: str
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class ModemGone:
    """The call of a modem or meter ended."""

    at: datetime
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class PushCame:
    """A meter pushed a message. `said` is None for what is sealed, or cannot be understood: then `fault` says why.

    `message` is whole, also where it came in blocks; `frame` are the bytes around it as they came, or of several frames
    as one would have been. `source` and `destination` are ports of a wrapper, or logical devices of HDLC.
    """

    at: datetime
    name: str
    """Of the caller; empty where it has none."""
    peer: str
    source: int
    destination: int
    message: bytes
    frame: bytes
    said: DataNotification | EventNotification | None
    fault: str = ""
    title: bytes | None = None
    """The system title that a sealed message bears."""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """We ended a call. `name` is what it claimed to be; `heard` is how it began, a modem's password masked."""

    at: datetime
    why: TurnedAway
    peer: str
    name: str = ""
    heard: str = ""


Happening: TypeAlias = ModemCalled | ModemGone | PushCame | CallEnded
Tell: TypeAlias = Callable[[Happening], None]
