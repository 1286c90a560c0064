"""The answer with everything is of 86 bytes or, from newer meters, of nine more: the shorter one need not wait."""

import pytest

from kilovatt.wire.protocols.framing.connection import Answered
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.hearing import frame
from kilovatt.wire.protocols.mercury_v2.instants import Everything, ReadEverything
from kilovatt.wire.protocols.mercury_v2.parameters import ReadRatios, ReadVariant

ADDRESS = 0x43
SHORT = bytes.fromhex(
    "02D01400CCCF0028B500DC8F00108B003C3600482F008C2502A92600C1D60039BB00AD94007C5B008D5A009E5900E02E00C05D00E02E002B09"
    "001308007B0600C70300C70300C70300C70300A213BA008A005A000018"
)
"""What a simulated meter says; the layout is of the command system of Меркурий."""
LONG = SHORT + bytes.fromhex("9C40009D40009E4000")


def asked() -> MercuryV2Connection:
    connection = MercuryV2Connection(ADDRESS)
    connection.send(ReadEverything())
    return connection


def said(event: object) -> Everything:
    assert isinstance(event, Answered)
    assert isinstance(event.value, Everything)
    return event.value


def test_the_shorter_answer_is_certain_once_its_checksum_fits() -> None:
    answer = frame(ADDRESS, SHORT)
    assert len(answer) == 89
    for cut in range(1, len(answer)):
        connection = asked()
        assert connection.receive(answer[:cut]) is None
        assert said(connection.receive(answer[cut:])).line_voltages_mv is None


@pytest.mark.parametrize("cut", range(1, 98))
def test_the_longer_answer_is_taken_whole_wherever_it_is_cut(cut: int) -> None:
    answer = frame(ADDRESS, LONG)
    connection = asked()
    assert connection.receive(answer[:cut]) is None
    longer = said(connection.receive(answer[cut:]))
    assert longer.line_voltages_mv is not None
    shorter = said(asked().receive(frame(ADDRESS, SHORT)))
    assert (longer.active_mw, longer.temperature_c) == (shorter.active_mw, shorter.temperature_c)


def test_any_other_shorter_answer_waits_for_silence() -> None:
    assert not ReadRatios.grows
    assert not ReadVariant.grows


def test_a_status_in_its_place_waits_for_silence() -> None:
    connection = asked()
    assert connection.receive(frame(ADDRESS, b"\x01")) is None
    assert isinstance(connection.quiet(), Answered)
