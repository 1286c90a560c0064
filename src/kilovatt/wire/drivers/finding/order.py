"""In which order is looked for meters: what is common first, whoever listens before single addresses.

A seeker is asked for the next probe and told what came of it, until there is none; it never looks at a clock or a line.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from kilovatt.wire.drivers.addresses import ADDRESS_RULES
from kilovatt.wire.drivers.finding.probes import STREAM_WAYS, PasswordState, Place, Probe, Sighting, Told, Way
from kilovatt.wire.drivers.finding.scope import NOBODY, Purpose, Scope, place_at, places, probe_of, rest_between
from kilovatt.wire.drivers.finding.short import ADDRESSES as SHORT_ADDRESSES
from kilovatt.wire.protocols.framing.connection import LineSpeed

_TRIES_OF_NOISE = 2


class Sign(StrEnum):
    """What came of a probe."""

    FOUND = "found"
    SILENCE = "silence"
    ECHO = "echo"
    """Only the probe itself came back."""
    NOISE = "noise"
    """Bytes came that are no answer: of two meters at once, or of nobody."""


class Verdict(StrEnum):
    """What a search came to."""

    FOUND = "found"
    CROWDED = "crowded"
    """Several meters answered at once, and none alone."""
    NOISE = "noise"
    ECHO = "echo"
    SILENCE = "silence"
    NO_ROUTE = "no_route"
    """The line could not be opened, or was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A probe to make, why, and after how long a rest of the line [s]."""

    probe: Probe
    purpose: Purpose
    rest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    probe: Probe
    purpose: Purpose
    tries: int = 0


@dataclass(slots=True)
class Seeker:
    """A search under way."""

    scope: Scope
    sightings: list[Sighting] = field(default_factory=list)
    crowded: list[Place] = field(default_factory=list)
    """Places where several answered at once."""
    signs: Counter[Sign] = field(default_factory=Counter)
    may_try_passwords: bool = field(init=False)
    line_is_noisy: bool = False
    _planned: deque[_Planned] = field(init=False)
    _now: _Planned | None = None
    _before: Place | None = None
    _fresh: Sighting | None = None
    """Who answered the latest probe, if that was somebody new."""

    def __post_init__(self) -> None:
        self.may_try_passwords = self.scope.factory_passwords
        self._planned = deque(_all_planned(self.scope))

    @property
    def done(self) -> int:
        """How many probes were made."""
        return self.signs.total()

    @property
    def left(self) -> int:
        """How many probes are planned, as far as is known now."""
        return sum(not self._is_needless(one) for one in self._planned)

    @property
    def seconds_left(self) -> float:
        """How long those may take if nobody answers [s]."""
        return sum(one.probe.patience_s for one in self._planned if not self._is_needless(one))

    @property
    def verdict(self) -> Verdict:
        """What it has come to by now."""
        if self.sightings:
            return Verdict.FOUND
        if self.crowded:
            return Verdict.CROWDED
        for sign, verdict in ((Sign.NOISE, Verdict.NOISE), (Sign.ECHO, Verdict.ECHO)):
            if self.signs[sign]:
                return verdict
        return Verdict.SILENCE

    def next(self) -> Next | None:
        """Return the next probe; None when all was tried."""
        while self._planned:
            planned = self._planned.popleft()
            if self._is_needless(planned):
                continue
            self._now = planned
            rest_s = rest_between(self._before, planned.probe.place)
            self._before = planned.probe.place
            return Next(probe=planned.probe, purpose=planned.purpose, rest_s=rest_s)
        return None

    def heard(self, sign: Sign, sighting: Sighting | None = None) -> None:
        """Note what came of the latest probe, and plan anew."""
        planned = self._now
        assert planned is not None, "something was probed"
        self.signs[sign] += 1
        self._fresh = None
        if sighting is not None:
            self._fresh = self._found(sighting)
        elif sign is Sign.NOISE:
            self._noise(planned)

    def learnt(self, sighting: Sighting) -> None:
        """Note what whoever answered the latest probe has said of itself since."""
        if self._fresh is not None:
            # Now that it has a name, it may turn out to be one that is known already.
            self.sightings.remove(self._fresh)
        if sighting.password is PasswordState.BARRED:
            self.may_try_passwords = False
        self._fresh = self._found(sighting)
        self._look_where_the_factory_set_it(sighting)

    def _found(self, sighting: Sighting) -> Sighting | None:
        """Keep a sighting, and return it if it is of a meter that was not known."""
        for place, known in enumerate(self.sightings):
            if _is_same(known, sighting):
                self.sightings[place] = _merged(known, sighting)
                return None
        self.sightings.append(sighting)
        self._narrow(sighting.place)
        return sighting

    def _look_where_the_factory_set_it(self, sighting: Sighting) -> None:
        """Plan to ask at the address that its number makes: it answered anybody and kept its own to itself."""
        serial = sighting.serial
        if sighting.place.way is Way.SHORT and sighting.address is None and serial is not None and serial.isdigit():
            address = ADDRESS_RULES[sighting.languages[0]].of_serial(int(serial))
            probe = probe_of(self.scope, replace(sighting.place, address=address))
            self._planned.appendleft(_Planned(probe=probe, purpose=Purpose.BY_SERIAL))

    def _noise(self, planned: _Planned) -> None:
        if planned.purpose is Purpose.CONTROL:
            self.line_is_noisy = True
            self.crowded.clear()
            self._forget(lambda one: one.purpose is Purpose.WALK and one.probe.place.speed == planned.probe.place.speed)
            return
        if planned.tries + 1 < _TRIES_OF_NOISE:
            self._planned.appendleft(replace(planned, tries=planned.tries + 1))
            return
        place = planned.probe.place
        self.crowded.append(place)
        if place.way is Way.SHORT and planned.purpose is Purpose.ANYBODY:
            self._planned.extendleft(reversed([*_control(self.scope, place), *self._walk_of(place)]))

    def _walk_of(self, place: Place) -> Iterator[_Planned]:
        if not self.scope.addresses:
            yield from _walk(self.scope, Way.SHORT, place.speed, SHORT_ADDRESSES)

    def _narrow(self, place: Place) -> None:
        """Leave out what is hardly there any more: a bus has one speed, and a port of TCP one language of streams."""
        if self.scope.thorough:
            return
        if place.way in STREAM_WAYS:
            self._forget(lambda one: one.probe.place.way is not place.way)
        elif place.speed is not None:
            self._forget(lambda one: _is_elsewhere(one.probe.place, place))

    def _forget(self, is_needless: Callable[[_Planned], bool]) -> None:
        self._planned = deque(one for one in self._planned if not is_needless(one))

    def _is_needless(self, planned: _Planned) -> bool:
        """Whether an address need not be walked: it is known, or others answered, who are walked in their language."""
        place = planned.probe.place
        if planned.purpose is not Purpose.WALK:
            return False
        if any(
            (known.place.way, known.address, known.place.form) == (place.way, place.address, place.form)
            for known in self.sightings
        ):
            return True
        heard = {known.place.way for known in self.sightings} | {crowd.way for crowd in self.crowded}
        return bool(heard) and place.way not in heard and not self.scope.thorough


def _is_same(known: Sighting, other: Sighting) -> bool:
    if known.place.way is not other.place.way:
        return False
    for what in (Told.SERIAL, Told.DEVICE_NAME):
        if what in known.told and what in other.told:
            return known.told[what] == other.told[what]
    if None in (known.address, other.address):
        # Who answered anybody in words that were understood was alone: it is one with whoever is found afterwards.
        return None in (known.place.address, other.place.address)
    return (known.place.address, known.place.form) == (other.place.address, other.place.form)


def _merged(known: Sighting, other: Sighting) -> Sighting:
    """Return what two sightings tell of one meter, at the first place where it had an address of its own."""
    is_placed = known.address is not None or other.address is None
    first, second = (known, other) if is_placed else (other, known)
    password = second.password if first.password is PasswordState.NOT_TRIED else first.password
    return replace(
        first, told={**second.told, **first.told}, traits={**second.traits, **first.traits}, password=password
    )


def _all_planned(scope: Scope) -> Iterator[_Planned]:
    for speed in scope.speeds:
        for place, purpose in places(scope, speed):
            yield _Planned(probe=probe_of(scope, place), purpose=purpose)


def _walk(scope: Scope, way: Way, speed: LineSpeed | None, addresses: Iterable[int]) -> Iterator[_Planned]:
    for address in addresses:
        yield _Planned(probe=probe_of(scope, place_at(way, address, speed)), purpose=Purpose.WALK)


def _control(scope: Scope, place: Place) -> Iterator[_Planned]:
    yield _Planned(probe=probe_of(scope, replace(place, address=NOBODY)), purpose=Purpose.CONTROL)


def _is_elsewhere(place: Place, found: Place) -> bool:
    """Whether a place is at another speed than one where somebody was found, or at another format in the same way."""
    assert found.speed is not None, "who has a speed of its own was found at one"
    baud = None if place.speed is None else place.speed.baud
    return baud != found.speed.baud or (place.way is found.way and place.speed != found.speed)
