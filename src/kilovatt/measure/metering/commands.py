"""What meters can be told to do: one vocabulary for all makes. Which of it a model takes, its row says.

Nothing here writes energy registers or a maker's memory, and nothing shall.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, TypeAlias

_MINUTES_A_DAY = 24 * 60
_TARIFF_MAX = 8
POWER_MAX_W = 100_000_000


class CommandKind(StrEnum):
    """Kinds of commands. The names are stable: they stand in the database and in JSON."""

    OPEN_RELAY = "open_relay"
    CLOSE_RELAY = "close_relay"
    PERMIT_RELAY = "permit_relay"
    SET_POWER_LIMIT = "set_power_limit"
    SET_TARIFF_TABLE = "set_tariff_table"
    SET_CLOCK = "set_clock"
    SHIFT_CLOCK = "shift_clock"
    CHANGE_PASSWORD = "change_password"
    CHANGE_KEYS = "change_keys"


@dataclass(frozen=True, slots=True)
class OpenRelay:
    """Disconnect the consumer."""

    kind: ClassVar = CommandKind.OPEN_RELAY


@dataclass(frozen=True, slots=True)
class CloseRelay:
    """Connect the consumer, without a hand at the meter."""

    kind: ClassVar = CommandKind.CLOSE_RELAY


@dataclass(frozen=True, slots=True)
class PermitRelay:
    """Let the consumer switch on by hand: nothing flows before he does."""

    kind: ClassVar = CommandKind.PERMIT_RELAY


@dataclass(frozen=True, slots=True)
class SetPowerLimit:
    """Above this power [W] the meter disconnects."""

    kind: ClassVar = CommandKind.SET_POWER_LIMIT
    power_w: int

    def __post_init__(self) -> None:
        if not 1 <= self.power_w <= POWER_MAX_W:
            raise ValueError(f"a power limit is 1 to {POWER_MAX_W} W: got {self.power_w}")


@dataclass(frozen=True, slots=True)
class TariffMark:
    """From a minute of the local day on, a tariff (1..8) counts."""

    minute: int
    tariff: int


@dataclass(frozen=True, slots=True)
class SetTariffTable:
    """Count by these marks, the same each day; they ascend, the first at minute 0.

    `activate_at`: from when [UTC], for makes that know a table in waiting; None: at once.
    """

    kind: ClassVar = CommandKind.SET_TARIFF_TABLE
    marks: tuple[TariffMark, ...]
    activate_at: datetime | None = None

    def __post_init__(self) -> None:
        minutes = [mark.minute for mark in self.marks]
        if not minutes or minutes[0] != 0 or minutes != sorted(set(minutes)) or minutes[-1] >= _MINUTES_A_DAY:
            raise ValueError(f"marks ascend from minute 0 to {_MINUTES_A_DAY - 1}: got {minutes}")
        if not all(1 <= mark.tariff <= _TARIFF_MAX for mark in self.marks):
            raise ValueError(f"a tariff is 1 to {_TARIFF_MAX}: got {[mark.tariff for mark in self.marks]}")


@dataclass(frozen=True, slots=True)
class SetClock:
    """Set the clock so that it shows `to` [UTC] when ours shows `at`; without `at`, so that it shows our time.

    Both together say how far ahead of ours it is to be, so the command means the same whenever it is carried out.
    """

    kind: ClassVar = CommandKind.SET_CLOCK
    to: datetime
    at: datetime | None = None

    @property
    def ahead(self) -> timedelta:
        """How far ahead of ours it is to be."""
        return self.to - (self.at or self.to)


@dataclass(frozen=True, slots=True)
class ShiftClock:
    """Move the clock by so many seconds, either way, from where it is `ahead_s` of ours.

    A clock that is elsewhere is not moved: it has been moved already. Where `ahead_s` is None, it is moved from
    wherever it is, and nothing tells afterwards whether it was.
    """

    kind: ClassVar = CommandKind.SHIFT_CLOCK
    seconds: int
    ahead_s: int | None = None

    def __post_init__(self) -> None:
        if self.seconds == 0:
            raise ValueError("a shift by nothing")


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """From the next session on, an access level (1: reading, 2: above it) has this password."""

    kind: ClassVar = CommandKind.CHANGE_PASSWORD
    level: int
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKeys:
    """From the next session on, these keys hold; None stays as it is. `master` wraps what is sent, and is not changed.

    No two meters should have the same: who makes the command has chance at hand, and keeps both pairs until the new
    one has been proved. Without `master` it can be kept and read back, and not sent.
    """

    kind: ClassVar = CommandKind.CHANGE_KEYS
    encryption: bytes | None = field(default=None, repr=False)
    authentication: bytes | None = field(default=None, repr=False)
    master: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.encryption is None and self.authentication is None:
            raise ValueError("a change of keys that changes none")


Command: TypeAlias = (
    OpenRelay
    | CloseRelay
    | PermitRelay
    | SetPowerLimit
    | SetTariffTable
    | SetClock
    | ShiftClock
    | ChangePassword
    | ChangeKeys
)


class Proof(StrEnum):
    """What reading back has shown."""

    CONFIRMED = "confirmed"
    NOT_SO = "not_so"
    """The meter is not in the state that was commanded."""
    CANNOT_TELL = "cannot_tell"
    """Nothing the meter shows tells whether the command was carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What the meter showed after a command. `shown` are name=value words, as events have them.

    `exchange` is the one that carried what was shown; None where nothing was.
    """

    proof: Proof
    shown: str = ""
    exchange: int | None = None


class NotSentReason(StrEnum):
    """Why a command was not sent: codes for whoever puts them into words."""

    NOT_TAKEN = "not_taken"
    """The model takes no such command."""
    ANOTHER_ROLE = "another_role"
    """The session was opened for reading, and the command needs more."""
    RELAY_MODE = "relay_mode"
    """The mode of the relay forbids it."""
    SHIFT_TOO_LARGE = "shift_too_large"
    CLOCK_ELSEWHERE = "clock_elsewhere"
    """The clock is not where it was when the command was made: it may have been moved already."""
    UNCLEAR = "unclear"
    """What the meter showed before makes no sense."""
    BAD_VALUE = "bad_value"
    """The model does not take this value."""
    ANOTHER_METER = "another_meter"
    """The meter that answered has another serial number than the one that was meant."""
    METER_MOVED = "meter_moved"
    """The meter stands no more where it stood when the command was given."""
    NO_MASTER_KEY = "no_master_key"
    """The key that new keys are wrapped with is not at hand."""
