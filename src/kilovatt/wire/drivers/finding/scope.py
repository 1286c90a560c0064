"""Where and how far is looked for meters: speeds, ways, places, and how long each is waited for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.addresses import ADDRESS_RULES
from kilovatt.wire.drivers.finding.dlms import BROADCASTS, COMMON, hdlc_probe, wrapper_probe
from kilovatt.wire.drivers.finding.iec import CALL_SPEED, USUAL_SPEED, iec_probe
from kilovatt.wire.drivers.finding.others import energomera_probe, modbus_probe, v1_probe
from kilovatt.wire.drivers.finding.probes import STREAM_WAYS, Place, Probe, Way
from kilovatt.wire.drivers.finding.short import ADDRESSES as SHORT_ADDRESSES
from kilovatt.wire.drivers.finding.short import short_probe
from kilovatt.wire.protocols.framing.connection import LineSpeed

SERIAL_SPEEDS: tuple[LineSpeed, ...] = (
    LineSpeed(9600),
    USUAL_SPEED,
    CALL_SPEED,
    LineSpeed(9600, parity="O"),
    *(LineSpeed(baud) for baud in (19200, 4800, 2400, 38400, 1200, 57600, 115200, 600, 300)),
    LineSpeed(9600, parity="E"),
)
"""How characters go, the commonest first: what makers ship, then what their meters can be set to."""
_V1_BAUDS = range(600, 9601)
_HDLC_BAUD_MIN = 9600
"""Less a СПОДЭС meter need not know (ГОСТ Р 58940-2020)."""
_WALKED: Mapping[Way, range] = {
    Way.SHORT: SHORT_ADDRESSES,
    Way.MERCURY_V1: range(100_000, 100_000_000),
    Way.ENERGOMERA: range(1, 65_535),
    Way.IEC62056_21: range(100_000, 1_000_000_000),
    Way.HDLC: range(1, 16_382),
    Way.MODBUS: range(1, 248),
}
"""Which addresses of a range are asked in which way: some have their whole number for one, and none below is walked."""
NOBODY = 0xF5
"""Reserved by Меркурий, and above all of НЗиФ: whatever comes from there, no meter said."""
_SIX_DIGITS = 1_000_000
"""The address of older 200.02 are the last six digits of their numbers."""
_IEC_PATIENCE_S = 1.7
"""A meter thinks for at most 1.5 s (IEC 62056-21, 6.5.2)."""
_QUIET_S = 0.1
_QUIET_CHARACTERS = 6
_REST_S = 0.1
_REST_CHARACTERS = 20
_USUAL_BAUD = 9600
_BITS = 11
ADDRESSES_MAX = 10_000
_LONG_FORM, _SHORT_FORM = 4, 2
_LONGEST_PROBE = {Way.SHORT: 5, Way.MERCURY_V1: 7, Way.ENERGOMERA: 20, Way.HDLC: 14, Way.IEC62056_21: 14}
"""Characters of the longest probe of a way, for the time they take."""


class Purpose(StrEnum):
    """Why a place is probed."""

    ANYBODY = "anybody"
    CONTROL = "control"
    """Where no meter can be: what comes from there is the line's own."""
    COMMON = "common"
    BY_SERIAL = "by_serial"
    WALK = "walk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where and how far is looked. Raises ValueError for more addresses than are walked.

    `speeds` (None): the line's own, which a gateway keeps. `serials` are numbers on the faces of meters that should be
    there: many have an address made of it. `addresses` are walked whether or not somebody was found.
    """

    speeds: tuple[LineSpeed | None, ...] = (None,)
    over_tcp: bool = True
    ways: frozenset[Way] = frozenset(Way)
    addresses: tuple[int, ...] = ()
    serials: tuple[int, ...] = ()
    timeout_s: float = 0.5
    factory_passwords: bool = False
    thorough: bool = False
    """Whether all speeds and languages are tried though somebody was found."""

    def __post_init__(self) -> None:
        if len(self.addresses) > ADDRESSES_MAX:
            raise ValueError(f"at most {ADDRESSES_MAX} addresses are walked: got {len(self.addresses)}")


def places(scope: Scope, speed: LineSpeed | None) -> Iterator[tuple[Place, Purpose]]:
    """Return the places that are looked at, at a speed, in order; those that are walked come last."""
    ways = [way for way in Way if way in scope.ways and _goes(way, speed, scope)]
    for way in sorted(ways, key=_ORDER.index):
        yield from _of_way(way, speed, scope)
    for way in ways:
        for address in scope.addresses:
            if address in _WALKED.get(way, ()):
                yield place_at(way, address, speed), Purpose.WALK


_ORDER = (Way.WRAPPER, Way.MODBUS, Way.SHORT, Way.MERCURY_V1, Way.ENERGOMERA, Way.HDLC, Way.IEC62056_21)
"""Streams first: what else is said over their connections would put them out of step."""


def _goes(way: Way, speed: LineSpeed | None, scope: Scope) -> bool:
    if way in STREAM_WAYS:
        return scope.over_tcp
    if speed is None:
        return True
    is_alone = len(scope.speeds) == 1
    if way is Way.IEC62056_21:
        return speed.data_bits == USUAL_SPEED.data_bits or is_alone
    if speed.data_bits != LineSpeed(_USUAL_BAUD).data_bits:
        return False
    if way is Way.SHORT or is_alone:
        return True
    has_fitting_baud = speed.baud >= _HDLC_BAUD_MIN if way is Way.HDLC else speed.baud in _V1_BAUDS
    return speed.parity == "N" and has_fitting_baud


def _of_way(way: Way, speed: LineSpeed | None, scope: Scope) -> Iterator[tuple[Place, Purpose]]:
    if way is not Way.MERCURY_V1:
        forms = tuple(BROADCASTS) if way is Way.HDLC else (0,)
        for form in forms:
            yield replace(place_at(way, None, speed), form=form), Purpose.ANYBODY
    if way is Way.HDLC:
        for form, lower in COMMON:
            yield Place(way=way, address=lower, form=form, speed=speed), Purpose.COMMON
    for address, form in _of_serials(way, scope.serials):
        yield replace(place_at(way, address, speed), form=form), Purpose.BY_SERIAL


def _of_serials(way: Way, serials: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Return the addresses that meters with these numbers leave the factory with, and their form."""
    for serial in serials:
        match way:
            case Way.SHORT:
                yield ADDRESS_RULES[Language.MERCURY_V2].of_serial(serial), 0
            case Way.MERCURY_V1 if serial <= ADDRESS_RULES[Language.MERCURY_V1].maximum:
                yield serial, 0
                if serial >= _SIX_DIGITS and serial % _SIX_DIGITS:
                    yield serial % _SIX_DIGITS, 0
            case Way.ENERGOMERA:
                yield ADDRESS_RULES[Language.ENERGOMERA].of_serial(serial), 0
            case Way.IEC62056_21:
                yield ADDRESS_RULES[Language.IEC62056_21].of_serial(serial), 0
            case Way.HDLC:
                yield ADDRESS_RULES[Language.SPODES].of_serial(serial), _LONG_FORM
                yield serial % 100 + 16, _SHORT_FORM


def place_at(way: Way, address: int | None, speed: LineSpeed | None) -> Place:
    """Return the place of an address in a way, in its usual form."""
    carries_eight = speed is None or speed.data_bits > USUAL_SPEED.data_bits
    form = _LONG_FORM if way is Way.HDLC else 0
    adds_parity = way is Way.IEC62056_21 and carries_eight
    return Place(way=way, address=address, form=form, speed=speed, parity_bits=adds_parity)


def probe_of(scope: Scope, place: Place) -> Probe:
    """Return the probe of a place, with the patience that its language and its speed want."""
    patience_s, quiet_s = patience_of(place, scope.timeout_s)
    match place.way:
        case Way.SHORT:
            return short_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.MERCURY_V1:
            return v1_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.ENERGOMERA:
            return energomera_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.HDLC:
            return hdlc_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.WRAPPER:
            return wrapper_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.MODBUS:
            return modbus_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case Way.IEC62056_21:
            return iec_probe(place, patience_s=patience_s, quiet_s=quiet_s)
        case _:
            assert_never(place.way)


def patience_of(place: Place, timeout_s: float) -> tuple[float, float]:
    """Return how long the first byte of an answer may take after the first of its probe, and how long a gap is [s]."""
    baud = _USUAL_BAUD if place.speed is None else place.speed.baud
    thinks_s = max(timeout_s, _IEC_PATIENCE_S) if place.way is Way.IEC62056_21 else timeout_s
    sent_s = 0.0 if place.way in STREAM_WAYS else _LONGEST_PROBE[place.way] * _BITS / baud
    return thinks_s + sent_s, _QUIET_S + _QUIET_CHARACTERS * _BITS / baud


def rest_between(before: Place | None, following: Place) -> float:
    """Return how long the line is to rest before a place is probed, so that no meter takes two probes for one [s]."""
    if before is None or (before.way, before.speed) == (following.way, following.speed):
        return 0.0
    bauds = [_USUAL_BAUD if place.speed is None else place.speed.baud for place in (before, following)]
    return max(_REST_S, _REST_CHARACTERS * _BITS / min(bauds))
