"""Exchanges with real meters, byte for byte, from public sources; each names its own.

Where only the answer was published, the request is ours. Both directions are held to the bytes: what a meter sent is
understood, and the meter's side of the same description sends it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from kilovatt.wire.protocols.framing.connection import Answered
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import parameters, requests
from kilovatt.wire.protocols.mercury_v1.answers import Firmware, MeterClock, PhaseValues
from kilovatt.wire.protocols.mercury_v1.connection import MercuryV1Connection
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.hearing import heard
from kilovatt.wire.protocols.mercury_v1.requests import RUNNING, MercuryV1Request


@dataclass(frozen=True)
class Transcript:
    source: str
    request: MercuryV1Request[Any]
    request_hex: str | None
    answer_hex: str
    value: object


MERCURY_STATS = "mrkrasser/MercuryStats: readme.md"
MERCURY_STATS_EXAMPLE = "mrkrasser/MercuryStats: examples/example.txt"
SERGRAY = "sergray/energy-meter-mercury206: mercury206/protocol.py"
IOBROKER = "iobroker-community-adapters/ioBroker.mercury: README.md"
IOBROKER_CODE = "iobroker-community-adapters/ioBroker.mercury: comments in lib/mercury.js and its history"
WIRENBOARD = "wirenboard/wb-mqtt-serial: test/mercury200_expectations.cpp (invented values, true checksums)"

TRANSCRIPTS = (
    # 411486 (0006475Eh): 235.8 V, 2.64 A, 588 W
    Transcript(
        MERCURY_STATS,
        requests.ReadPhaseValues(),
        "00 06 47 5E 63 EC D4",
        "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6",
        PhaseValues(voltage_mv=235_800, current_ma=2_640, power_w=588),
    ),
    # T1 621.42 kWh, T2 208.34 kWh
    Transcript(
        MERCURY_STATS,
        requests.ReadRegisters(),
        "00 06 47 5E 27 EC E7",
        "00 06 47 5E 27 00 06 21 42 00 02 08 34 00 00 00 00 00 00 00 00 59 F5",
        (621_420, 208_340, 0, 0),
    ),
    # 228.7 V, nothing flows
    Transcript(
        MERCURY_STATS_EXAMPLE,
        requests.ReadPhaseValues(),
        "00 0E 1F CE 63 03 67",
        "00 0E 1F CE 63 22 87 00 00 00 00 00 27 62",
        PhaseValues(voltage_mv=228_700, current_ma=0, power_w=0),
    ),
    # The battery: 3.05 V
    Transcript(IOBROKER, requests.ReadBattery(), None, "00 0E 1F 9B 29 03 05 B1 F3", 3_050),
    # A month: T1 70 063.00 kWh, the other tariffs not in use
    Transcript(
        IOBROKER,
        requests.ReadMonthRegisters(8),
        None,
        "00 0E 1F 9B 32 07 00 63 00 FF FF FF FF FF FF FF FF FF FF FF FF 7F 56",
        (70_063_000, None, None, None),
    ),
    # The running registers, and the same under the number of the current month: equal, byte for byte
    Transcript(
        IOBROKER_CODE,
        requests.ReadRegisters(),
        None,
        "00 0E 1F 9B 27 00 49 16 15 00 17 24 93 00 18 11 43 00 00 00 00 D1 15",
        (4_916_150, 1_724_930, 1_811_430, 0),
    ),
    Transcript(
        IOBROKER_CODE,
        requests.ReadMonthRegisters(RUNNING),
        None,
        "00 0E 1F 9B 32 00 49 16 15 00 17 24 93 00 18 11 43 00 00 00 00 CF 81",
        (4_916_150, 1_724_930, 1_811_430, 0),
    ),
    # Made on 25.01.2012
    Transcript(IOBROKER_CODE, requests.ReadMadeOn(), None, "00 0E 1F 9B 66 25 01 12 46 A6", date(2012, 1, 25)),
    # No power limit: 99.99 kW
    Transcript(IOBROKER_CODE, requests.ReadPowerLimit(), None, "00 0E 1F 9B 22 99 99 AA F8", 99_990),
    # 0.41 kW
    Transcript(IOBROKER_CODE, requests.ReadPower(), None, "00 0E 1F 9B 26 00 41 81 33", 410),
    # The voltage failed on Thursday, 5 December 2019, at 23:46:11
    Transcript(
        IOBROKER_CODE,
        requests.ReadLatestPowerOff(),
        None,
        "00 0E 1F 9B 2B 04 23 46 11 05 12 19 EE D9",
        MeterClock(weekday=4, time=WallTime(2019, 12, 5, 23, 46, 11)),
    ),
    # The pulse output gives 5000 pulses per kWh
    Transcript(IOBROKER_CODE, requests.ReadPulseOutput(), None, "00 0E 1F 9B 2D 00 02 B1", 0),
    # 172 var: the answer repeats the number of the parameter
    Transcript(IOBROKER_CODE, parameters.ReadReactivePower(), None, "02 91 9A A8 86 00 00 01 72 F0 BA", 172),
    # T1 2656.16 kWh, T2 1370.91 kWh
    Transcript(
        SERGRAY,
        requests.ReadRegisters(),
        None,
        "00 A6 B7 20 27 00 26 56 16 00 13 70 91 00 00 00 00 00 00 00 00 47 78",
        (2_656_160, 1_370_910, 0, 0),
    ),
    # T1 621.42, T2 208.34, T3 111.11, T4 222.22 kWh
    Transcript(
        WIRENBOARD,
        requests.ReadRegisters(),
        "FE 12 34 56 27 36 D8",
        "FE 12 34 56 27 00 06 21 42 00 02 08 34 00 01 11 11 00 02 22 22 2B 25",
        (621_420, 208_340, 111_110, 222_220),
    ),
    Transcript(
        WIRENBOARD,
        requests.ReadPhaseValues(),
        "FE 12 34 56 63 36 EB",
        "FE 12 34 56 63 12 34 56 78 76 54 32 79 0E",
        PhaseValues(voltage_mv=123_400, current_ma=56_780, power_w=765_432),
    ),
    Transcript(WIRENBOARD, requests.ReadBattery(), "FE 12 34 56 29 B7 1C", "FE 12 34 56 29 03 91 B7 65", 3_910),
)

# Version 8.3 of 01.03.2010: the data of a captured answer; the frame about them is ours.
FIRMWARE_DATA = bytes.fromhex("08 03 00 01 03 10")


def number(hexadecimal: str) -> int:
    return int.from_bytes(bytes.fromhex(hexadecimal)[:4], "big")


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.answer_hex[:14])
def test_what_a_real_meter_said_is_understood(transcript: Transcript) -> None:
    connection = MercuryV1Connection(number(transcript.answer_hex))
    outgoing = connection.send(transcript.request)
    if transcript.request_hex is not None:
        assert outgoing.data == bytes.fromhex(transcript.request_hex)

    answer = bytes.fromhex(transcript.answer_hex)
    assert connection.receive(answer) == Answered(value=transcript.value, data=answer)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda t: t.answer_hex[:14])
def test_the_meters_side_sends_what_the_real_meter_sent(transcript: Transcript) -> None:
    address = number(transcript.answer_hex)
    asked = MercuryV1Connection(address).send(transcript.request).data

    request = heard(asked)

    assert request is not None
    assert request.address == address
    assert request.request == transcript.request
    assert request.answer(transcript.value) == bytes.fromhex(transcript.answer_hex)


@pytest.mark.parametrize(
    ("frame", "request_asked"),
    [
        ("00 A6 B7 20 28 AF 70", requests.ReadFirmware()),
        ("00 A6 B7 20 2B EF 71", requests.ReadLatestPowerOff()),
        ("00 01 E2 40 27 F4 10", requests.ReadRegisters()),
        ("00 01 E2 40 63 F4 23", requests.ReadPhaseValues()),
    ],
)
def test_requests_that_others_sent_are_ours_to_the_byte(frame: str, request_asked: MercuryV1Request[Any]) -> None:
    data = bytes.fromhex(frame)
    assert MercuryV1Connection(number(frame)).send(request_asked).data == data
    found = heard(data)
    assert found is not None
    assert found.request == request_asked


def test_the_firmware_of_a_captured_answer_is_8_3_of_march_2010() -> None:
    connection = MercuryV1Connection(10_925_856)
    connection.send(requests.ReadFirmware())
    answer = Frame(address=10_925_856, code=0x28, data=FIRMWARE_DATA).encode()
    event = connection.receive(answer)
    assert event == Answered(value=Firmware(major=8, minor=3, released_on=date(2010, 3, 1)), data=answer)
    assert requests.ReadFirmware().encode(event.value) == FIRMWARE_DATA
    assert str(event.value) == "8.3"
