"""A line with meters on it: all of them hear everything, and who is meant answers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Protocol, assert_never, runtime_checkable

from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.simulator.faults import LineFaults, Mixture, Weather
from kilovatt.wire.simulator.meter import SimulatedMeter

SILENCE_S = 0.02
"""So long without a byte ends a frame. A real line needs 5 ms; networks before the line need more."""
HEARD_BYTES_MAX = 0x1_0008
"""No frame is longer: a message in a wrapper has at most 65535 bytes, and eight of its head. Of a flood only the end is
kept."""
_RECESSIVE = 0xFF


@runtime_checkable
class KnowsConnections(Protocol):
    """A meter to which a new connection means something."""

    def connected(self) -> None:
        """Hear that the connection was made anew."""


@runtime_checkable
class ListensAtASpeed(Protocol):
    """A meter that changes the speed of its line."""

    @property
    def baud(self) -> int | None:
        """At which speed it listens now; None for the line's own."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes that come back over the line, and how long after the request [s]."""

    delay_s: float
    data: bytes


class Bus:
    """Meters on one RS-485 line, in the weather of that line.

    A frame is tried as soon as bytes come, and again with each further piece until the line falls silent: a
    meter keeps silent about what is not yet a frame. If two meters answer at once their bytes collide.
    """

    def __init__(self, meters: Sequence[SimulatedMeter], faults: LineFaults | None = None) -> None:
        self.meters = tuple(meters)
        self.weather = Weather(faults or LineFaults())
        self.baud: int | None = None
        """At which speed bytes are put on the line, where that is known: who listens at another hears nothing."""
        self._heard = b""
        self._heard_at_s = float("-inf")
        self._before = b""
        """The answer before the one in hand, whoever's it was."""
        self._by_address = _by_address(self.meters)

    def connected(self) -> None:
        """Tell the meters that care that the connection to their line was made anew."""
        for meter in self.meters:
            if isinstance(meter, KnowsConnections):
                meter.connected()

    def hear(self, data: bytes, *, now: datetime, at_s: float) -> list[Delivery]:
        """Return what comes back for bytes put on the line.

        `now` is the town's clock, `at_s` any running count of real seconds, by which silence is noticed.
        """
        deliveries = [Delivery(0.0, data)] if self.weather.echoes else []
        if not self.weather.carries:
            return deliveries
        if at_s - self._heard_at_s >= SILENCE_S:
            self._heard = b""
        self._heard_at_s = at_s
        self._heard = (self._heard + self.weather.distorted(data))[-HEARD_BYTES_MAX:]
        answer = self._answer(self._heard, now)
        if answer is None:
            return deliveries
        self._heard = b""
        delay_s = self.weather.delay_s()
        if delay_s is not None:
            deliveries += self._brought(Delivery(delay_s, self.weather.distorted(answer)))
        return deliveries

    def _brought(self, answer: Delivery) -> list[Delivery]:
        """Return what a gateway makes of an answer: usually nothing else."""
        before, self._before = self._before, answer.data
        match self.weather.mixture():
            case Mixture.TWICE:
                return [answer, Delivery(answer.delay_s + self.weather.lateness_s(), answer.data)]
            case Mixture.ONE_BEFORE:
                late = Delivery(answer.delay_s + self.weather.lateness_s(), answer.data)
                return [Delivery(answer.delay_s, before), late] if before else [late]
            case None:
                return [answer]
            case _ as never:
                assert_never(never)

    def _answer(self, frame: bytes, now: datetime) -> bytes | None:
        baud = self.baud
        if baud is not None and any(_listens_at_another(meter, baud) for meter in self.meters):
            return collided(meter.hear(frame, now) for meter in self.meters if not _listens_at_another(meter, baud))
        # Asking only the meters at the frame's address spares a long line thirty checksums a frame. Whoever else
        # would answer (a changed address, the universal one) does so when they keep silent.
        likely = next((self._by_address[start] for size in (1, 4) if (start := frame[:size]) in self._by_address), ())
        answer = collided(meter.hear(frame, now) for meter in likely)
        if answer is not None or len(likely) == len(self.meters):
            return answer
        return collided(meter.hear(frame, now) for meter in self.meters if meter not in likely)


def _listens_at_another(meter: SimulatedMeter, baud: int) -> bool:
    return isinstance(meter, ListensAtASpeed) and meter.baud not in (None, baud)


def _by_address(meters: Iterable[SimulatedMeter]) -> dict[bytes, tuple[SimulatedMeter, ...]]:
    found: defaultdict[bytes, tuple[SimulatedMeter, ...]] = defaultdict(tuple)
    for meter in meters:
        size = address_rule(meter.plan.model).leading_bytes
        if size:
            found[meter.plan.address.to_bytes(size, "big")] += (meter,)
    return dict(found)


def collided(answers: Iterable[bytes | None]) -> bytes | None:
    """Return what is on a line when several answer at once, or None: a zero of one wins over a one of another."""
    given = [answer for answer in answers if answer is not None]
    if len(given) < 2:
        return given[0] if given else None
    on_the_line = bytearray()
    for together in zip_longest(*given, fillvalue=_RECESSIVE):
        byte = _RECESSIVE
        for one in together:
            byte &= one
        on_the_line.append(byte)
    return bytes(on_the_line)
