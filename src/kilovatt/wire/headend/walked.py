"""What a search over a line has done: each step in order, and where it has been, way by way and speed by speed."""

from collections import Counter
from dataclasses import dataclass, field

from kilovatt.wire.drivers.finding.order import Sign
from kilovatt.wire.drivers.finding.probes import Place, Sighting, Way
from kilovatt.wire.drivers.finding.scope import Scope, places
from kilovatt.wire.protocols.framing.connection import LineSpeed


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one probe: who answered as it was heard, and as it was known when it had been asked who it is."""

    sign: Sign
    heard: Sighting | None = None
    learnt: Sighting | None = None


@dataclass(slots=True)
class Run:
    """Addresses one after another of which the same came."""

    first: int
    last: int
    sign: Sign


@dataclass(slots=True)
class Walk:
    """What was asked in one way at one speed, and what came of it. `planned`: how many places, as far as was known."""

    way: Way
    speed: LineSpeed | None
    planned: int = 0
    signs: Counter[Sign] = field(default_factory=Counter)
    runs: list[Run] = field(default_factory=list)
    """Of the places that have an address."""

    def note(self, place: Place, sign: Sign) -> None:
        """Note what came of a place."""
        self.signs[sign] += 1
        if place.address is None:
            return
        before = self.runs[-1] if self.runs else None
        if before is not None and before.last == place.address:
            self._note_again(before, sign)
        elif before is not None and before.sign is sign and before.last + 1 == place.address:
            before.last = place.address
        else:
            self.runs.append(Run(place.address, place.address, sign))

    def _note_again(self, run: Run, sign: Sign) -> None:
        """Note what came of the latest address when it was asked once more: who was found there stays found."""
        if run.sign in {sign, Sign.FOUND}:
            return
        address = run.last
        if run.first == address:
            self.runs.pop()
        else:
            run.last -= 1
        self.runs.append(Run(address, address, sign))


def walks_of(scope: Scope) -> dict[tuple[Way, LineSpeed | None], Walk]:
    """Return the walks of a scope, in order, before anything was asked."""
    walks: dict[tuple[Way, LineSpeed | None], Walk] = {}
    for speed in scope.speeds:
        for place, _ in places(scope, speed):
            walks.setdefault((place.way, speed), Walk(place.way, speed)).planned += 1
    return walks
