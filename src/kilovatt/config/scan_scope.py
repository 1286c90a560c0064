"""How far a line on record is searched for meters: what was wished for, as the head-end understands it."""

from dataclasses import replace

from kilovatt.measure.metering.scans import ScanForesight, ScanWishes, addresses_listed
from kilovatt.office.pages.scan_words import speed_label
from kilovatt.wire.drivers.finding.order import Seeker
from kilovatt.wire.drivers.finding.probes import Way
from kilovatt.wire.drivers.finding.scope import SERIAL_SPEEDS, Scope
from kilovatt.wire.headend.lines import SerialAddress, TcpAddress, UdpAddress, parse_address
from kilovatt.wire.headend.scanning import scope_of
from kilovatt.wire.protocols.framing.connection import LineSpeed

NEAR_S, FAR_S, CALLED_S = 0.3, 0.6, 3.0
"""How long a silent address is waited for: at a port of this machine, through a gateway, and in a call. At 9600 baud a
meter answers within 150 ms (command system of Меркурий, 05.2023)."""
_PLANNED_MAX = 50_000
"""What may be more than so many questions is not planned one by one to be counted."""
_SHARE_OF_PATIENCE = 0.6
"""Of the patience that a line has on record: nobody's answer to a probe is long."""


def usual_timeout_s(url: str) -> float:
    """Return how long a silent address of a line is waited for unless stated [s]. Raises LineAddressError."""
    match parse_address(url):
        case SerialAddress():
            return NEAR_S
        case TcpAddress() | UdpAddress():
            return FAR_S
        case _:
            return CALLED_S


def scope_for(url: str, wishes: ScanWishes, *, answer_timeout_s: float) -> Scope:
    """Return how far a line is searched. No password is tried: from a page none is guessed.

    Raises LineAddressError for a URL that is no line, ValueError for addresses or ways that are none.
    """
    patience_s = max(usual_timeout_s(url), answer_timeout_s * _SHARE_OF_PATIENCE)
    scope = scope_of(
        url,
        Scope(
            ways=frozenset(map(Way, wishes.ways or Way)),
            addresses=addresses_listed(wishes.addresses) if wishes.addresses else (),
            serials=wishes.serials,
            timeout_s=patience_s if wishes.timeout_ms is None else wishes.timeout_ms / 1000,
            thorough=wishes.thorough,
        ),
    )
    chosen = tuple(speed for speed in _offered(url) if label_of(speed) in wishes.speeds)
    own = _own(url)
    return replace(scope, speeds=chosen or ((own,) if own is not None else scope.speeds))


def foreseen(url: str, wishes: ScanWishes, *, answer_timeout_s: float) -> ScanForesight:
    """Return how long a search will take at most, as far as can be said now, and at which speeds it can be made.

    Raises LineAddressError for a URL that is no line, ValueError for addresses or ways that are none.
    """
    scope = scope_for(url, wishes, answer_timeout_s=answer_timeout_s)
    own = _own(url)
    at_most = len(scope.addresses) * len(scope.ways) * len(scope.speeds)
    seeker = Seeker(scope) if at_most <= _PLANNED_MAX else None
    return ScanForesight(
        questions=at_most if seeker is None else seeker.left,
        seconds=round(at_most * scope.timeout_s if seeker is None else seeker.seconds_left),
        speeds=tuple(map(label_of, _offered(url))),
        own_speed="" if own is None else label_of(own),
    )


def label_of(speed: LineSpeed) -> str:
    """Return a speed and its format as people write them: 9600 8N1."""
    return speed_label(speed.baud, speed.data_bits, speed.parity, speed.stop_bits)


def _own(url: str) -> LineSpeed | None:
    """The speed of a serial port as it is on record; None where the line keeps its own."""
    address = parse_address(url)
    if not isinstance(address, SerialAddress):
        return None
    return LineSpeed(address.baud, address.data_bits, address.parity, address.stop_bits)


def _offered(url: str) -> tuple[LineSpeed, ...]:
    own = _own(url)
    return () if own is None else tuple(dict.fromkeys((own, *SERIAL_SPEEDS)))
