"""The weather of faults: what can be wrong with a line or with a meter, seeded, the same every time."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from itertools import cycle

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.simulator.meter import PastEvent


class FaultKind(StrEnum):
    """What can be wrong. The names are those of the option --fault."""

    NOISE = "noise"
    """One byte in a thousand, of requests and answers alike, arrives changed."""
    DROP = "drop"
    """An answer now and then is lost."""
    LATE = "late"
    """An answer now and then comes after its reader has given up, perhaps into the next exchange."""
    ECHO = "echo"
    """The line repeats each request before the answer."""
    ECHO_ONLY = "echo_only"
    """The line repeats each request, and nothing answers."""
    DEAD = "dead"
    """The gateway accepts the connection, and nothing answers."""
    UNREACHABLE = "unreachable"
    """The gateway refuses the connection."""
    WRONG_PASSWORD = "wrong_password"
    """The meter has another password than its owner believes."""
    COVER = "cover"
    """The case was opened, and closed again."""
    MAGNET = "magnet"
    """A strong magnet was held to the meter, and taken away."""
    CLOCK = "clock"
    """The meter's clock is far ahead."""
    UNREACHED = "unreached"
    """The meter is behind a concentrator, which knows it and does not reach it."""
    MIXED_UP = "mixed_up"
    """The gateway mixes answers up: one comes twice, or the one before it in its place."""
    ANOTHER_SERIAL = "another_serial"
    """The meter was exchanged: at its address is one with another serial number."""
    TWIN = "twin"
    """A second meter of the same model has the same address: now one answers, now the other, now both at once."""


LINE_FAULTS = frozenset(
    {
        FaultKind.NOISE,
        FaultKind.DROP,
        FaultKind.LATE,
        FaultKind.ECHO,
        FaultKind.ECHO_ONLY,
        FaultKind.DEAD,
        FaultKind.UNREACHABLE,
        FaultKind.MIXED_UP,
    }
)
METER_FAULTS = frozenset(FaultKind) - LINE_FAULTS
UNREADABLE_FAULTS = frozenset(
    {
        FaultKind.ECHO_ONLY,
        FaultKind.DEAD,
        FaultKind.UNREACHABLE,
        FaultKind.WRONG_PASSWORD,
        FaultKind.UNREACHED,
        FaultKind.ANOTHER_SERIAL,
    }
)
"""Faults under which nothing can be read from a meter."""

_OTHER_DIGITS = ("3141592653589793", "2718281828459045")
CLOCK_FAULT_AHEAD = timedelta(minutes=11, seconds=30)
_NOISE = 1 / 1000
_SELDOM = 1 / 400
"""How often an answer is dropped or late: each costs its reader a timeout."""
_MIXED_UP = 1 / 60
"""How often a gateway that mixes answers up does so."""
TWINS_CHANGE_EVERY_S = 10
_SOON = 12
"""The first such answer is among the first dozen, so that the shortest session meets one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFaults:
    """What is wrong with one line. A late answer comes one to one and a half times `late_by_s` after its time [s]."""

    kinds: frozenset[FaultKind] = frozenset()
    seed: int = 0
    late_by_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.kinds <= LINE_FAULTS:
            raise ValueError(f"these are no faults of a line: {', '.join(sorted(self.kinds - LINE_FAULTS))}")


class Mixture(Enum):
    """What a gateway that mixes answers up makes of one."""

    TWICE = auto()
    """It comes, and comes again."""
    ONE_BEFORE = auto()
    """The answer before it comes in its place, and it comes later."""


class Presence(Enum):
    """Which of two meters at one address answers."""

    FIRST = auto()
    SECOND = auto()
    BOTH = auto()


def who_is_there(at_s: float, *, serial: int) -> Presence:
    """Return which of a meter of this number and its twin answers at an instant [s]: each for a while."""
    turn = int(at_s) // TWINS_CHANGE_EVERY_S + serial
    return (Presence.FIRST, Presence.BOTH, Presence.SECOND)[turn % 3]


class Weather:
    """What befalls the bytes on one line."""

    def __init__(self, faults: LineFaults) -> None:
        self.faults = faults
        self.echoes = bool(faults.kinds & {FaultKind.ECHO, FaultKind.ECHO_ONLY})
        self.carries = not faults.kinds & {FaultKind.ECHO_ONLY, FaultKind.DEAD, FaultKind.UNREACHABLE}
        """Whether meters hear anything, and are heard."""
        self._dice = random.Random(faults.seed)
        self._noisy = FaultKind.NOISE in faults.kinds
        self._clean_bytes = self._gap(_NOISE)
        self._until_drop = self._first(FaultKind.DROP)
        self._until_late = self._first(FaultKind.LATE)
        self._until_mixed_up = self._first(FaultKind.MIXED_UP)

    def distorted(self, data: bytes) -> bytes:
        """Return the bytes as they arrive at the other end."""
        if not self._noisy:
            return data
        if self._clean_bytes >= len(data):
            self._clean_bytes -= len(data)
            return data
        arrived = bytearray(data)
        at = self._clean_bytes
        while at < len(arrived):
            arrived[at] ^= self._dice.randrange(1, 256)
            at += 1 + self._gap(_NOISE)
        self._clean_bytes = at - len(arrived)
        return bytes(arrived)

    def delay_s(self) -> float | None:
        """Return how much later than it should the next answer comes [s]; None for never."""
        if self._until_drop is not None:
            self._until_drop -= 1
            if self._until_drop < 0:
                self._until_drop = self._gap(_SELDOM)
                return None
        if self._until_late is not None:
            self._until_late -= 1
            if self._until_late < 0:
                self._until_late = self._gap(_SELDOM)
                return self.faults.late_by_s * self._dice.uniform(1.0, 1.5)
        return 0.0

    def mixture(self) -> Mixture | None:
        """Return what is made of the next answer; None where it comes as it should."""
        if self._until_mixed_up is None:
            return None
        self._until_mixed_up -= 1
        if self._until_mixed_up >= 0:
            return None
        self._until_mixed_up = self._gap(_MIXED_UP)
        return self._dice.choice(list(Mixture))

    def lateness_s(self) -> float:
        """Return how much later an answer comes that was mixed up with others [s]."""
        return self.faults.late_by_s * self._dice.uniform(0.0, 1.5)

    def _first(self, kind: FaultKind) -> int | None:
        return self._dice.randrange(_SOON) if kind in self.faults.kinds else None

    def _gap(self, rate: float) -> int:
        """Draw how many times nothing happens before it does, when it does with a probability of `rate`."""
        return int(self._dice.expovariate(rate))


def other_passwords(model: MeterModel) -> dict[int, str]:
    """The passwords, by access level, of a meter whose owner believes in the factory's."""
    if model.password is None:
        return {}
    rule = model.password
    return {
        level: digits[: max(rule.length_min, min(rule.length_max, len(password)))]
        for digits, (level, password) in zip(cycle(_OTHER_DIGITS), rule.by_level.items(), strict=False)
    }


def past_events_of(kinds: frozenset[FaultKind], model: MeterModel, now: datetime) -> tuple[PastEvent, ...]:
    """Return what a meter's journals hold because of its faults; only what the model has a journal for."""
    happened = {
        FaultKind.COVER: (
            PastEvent(
                kind=EventKind.CASE_OPENED,
                began_at=_ago(now, days=9, minutes=413),
                ended_at=_ago(now, days=9, minutes=396),
            ),
            PastEvent(
                kind=EventKind.TERMINAL_COVER_OPENED,
                began_at=_ago(now, days=9, minutes=417),
                ended_at=_ago(now, days=9, minutes=391),
            ),
        ),
        FaultKind.MAGNET: (
            PastEvent(
                kind=EventKind.MAGNETIC_FIELD,
                began_at=_ago(now, days=5, minutes=1_203),
                ended_at=_ago(now, days=4, minutes=771),
            ),
        ),
    }
    return tuple(event for kind in sorted(kinds) for event in happened.get(kind, ()) if event.kind in model.journals)


def _ago(now: datetime, *, days: int, minutes: int) -> datetime:
    return (now - timedelta(days=days, minutes=minutes)).replace(second=17, microsecond=0)
