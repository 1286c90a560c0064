"""What of a line a search takes: its speeds, its languages, and the address of the line at a speed that was found."""

import pytest

from kilovatt.wire.drivers.finding.probes import Way
from kilovatt.wire.drivers.finding.scope import SERIAL_SPEEDS, Scope
from kilovatt.wire.headend.lines import LineAddressError
from kilovatt.wire.headend.scanning import scope_of, url_at
from kilovatt.wire.protocols.framing.connection import LineSpeed


@pytest.mark.parametrize(
    ("url", "speeds", "over_tcp", "ways"),
    [
        ("tcp://10.0.0.7:4001", (None,), True, frozenset(Way)),
        ("udp://10.0.0.7:4059", (None,), True, frozenset({Way.WRAPPER})),
        ("serial:///dev/ttyUSB0", SERIAL_SPEEDS, False, frozenset(Way)),
        ("serial:///dev/ttyUSB0?baud=2400", (LineSpeed(2400),), False, frozenset(Way)),
        ("modem:///dev/ttyUSB0?dial=+79161234567", (None,), False, frozenset(Way)),
    ],
)
def test_a_scope_fits_its_line(
    url: str, speeds: tuple[LineSpeed | None, ...], over_tcp: bool, ways: frozenset[Way]
) -> None:
    scope = scope_of(url)
    assert (scope.speeds, scope.over_tcp, scope.ways) == (speeds, over_tcp, ways)
    assert scope_of(url, Scope(timeout_s=3.0)).timeout_s == 3.0


def test_a_line_is_named_with_the_speed_that_was_found() -> None:
    seven = LineSpeed(300, 7, "E")
    assert url_at("serial:///dev/ttyUSB0?baud=9600", seven) == "serial:///dev/ttyUSB0?baud=300&format=7E1"
    assert url_at("tcp://10.0.0.7:4001", None) == "tcp://10.0.0.7:4001"


def test_what_is_no_line_is_not_searched() -> None:
    with pytest.raises(LineAddressError):
        scope_of("ttyUSB0")
