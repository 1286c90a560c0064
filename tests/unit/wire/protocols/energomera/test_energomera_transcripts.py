"""Exchanges with real meters of Энергомера, as others captured them."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock
from kilovatt.wire.protocols.energomera.hearing import Heard, heard
from kilovatt.wire.protocols.energomera.requests import (
    EnergomeraRequest,
    Generation,
    ReadClock,
    ReadStampedRegister,
    StampedCount,
)
from kilovatt.wire.protocols.framing.connection import Answered
from kilovatt.wire.protocols.framing.wall_time import WallTime

PASSWORD = 777_777

TRANSCRIPTS: list[tuple[int, EnergomeraRequest[Any], str, str, object]] = [
    # Enigma0960/python-energomera, tests: the clock of the meter 46950, Tuesday 2022-07-19 23:21:19.
    (
        46_950,
        ReadClock(),
        "C0 48 66 B7 FD 00 31 DE 0B 00 D0 01 20 90 C0",
        "C0 48 FD 00 66 B7 57 01 20 19 21 23 02 19 07 22 1A C0",
        MeterClock(weekday=2, time=WallTime(2022, 7, 19, 23, 21, 19)),
    ),
    # KotNaKiske/Energomera-CE102R5.1-Arduino: the total of a СЕ102 R5.1, 189.97 kWh in April 2020.
    (
        54_633,
        ReadStampedRegister(depth=0, tariff=0),
        "C0 48 69 D5 FD 00 31 DE 0B 00 D2 01 30 00 00 1F C0",
        "C0 48 FD 00 69 D5 57 01 30 00 04 20 35 4A 00 00 BC C0",
        StampedCount(ArchiveStamp(2020, 4, 0), 18_997),
    ),
    # The same: its clock, Saturday 2020-04-04 20:04:36.
    (
        54_633,
        ReadClock(),
        "C0 48 69 D5 FD 00 31 DE 0B 00 D0 01 20 9B C0",
        "C0 48 FD 00 69 D5 57 01 20 36 04 20 06 04 04 20 87 C0",
        MeterClock(weekday=6, time=WallTime(2020, 4, 4, 20, 4, 36)),
    ),
]


@pytest.mark.parametrize(("address", "asked", "request_hex", "answer_hex", "value"), TRANSCRIPTS)
def test_what_a_real_meter_was_asked_and_said(
    address: int, asked: EnergomeraRequest[Any], request_hex: str, answer_hex: str, value: object
) -> None:
    connection = EnergomeraConnection(address, PASSWORD)
    answer = bytes.fromhex(answer_hex)
    assert connection.send(asked).data == bytes.fromhex(request_hex)
    assert connection.receive(answer) == Answered(value=value, data=answer)


@pytest.mark.parametrize(("address", "asked", "request_hex", "answer_hex", "value"), TRANSCRIPTS)
def test_a_meter_would_hear_the_request_and_say_the_same(
    address: int, asked: EnergomeraRequest[Any], request_hex: str, answer_hex: str, value: object
) -> None:
    request = heard(bytes.fromhex(request_hex), Generation.STAMPED)
    assert isinstance(request, Heard)
    assert (request.frame.meter, request.frame.password, request.asked) == (address, PASSWORD, asked)
    assert request.answer(asked.says.encode(value)) == bytes.fromhex(answer_hex)


def test_the_password_and_what_would_betray_it_are_masked() -> None:
    outgoing = EnergomeraConnection(46_950, PASSWORD).send(ReadClock())
    assert outgoing.masked == bytes.fromhex("C0 48 66 B7 FD 00 2A 2A 2A 2A D0 01 20 2A C0")


def test_the_clock_is_the_local_time_of_the_meter() -> None:
    shown = TRANSCRIPTS[0][4]
    assert isinstance(shown, MeterClock)
    assert shown.time.instant(ZoneInfo("Europe/Moscow")) == datetime(2022, 7, 19, 20, 21, 19, tzinfo=UTC)
