"""What an IEC 62056-21 meter is asked and says, turn by turn."""

from typing import Any

import pytest

from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineSpeed,
    Outgoing,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.sign_on import Identification
from kilovatt.wire.protocols.iec62056_21.connection import Iec62056Connection
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, answer_frame
from kilovatt.wire.protocols.iec62056_21.requests import (
    Iec62056Request,
    ReadGroup,
    ReadOut,
    ReadParameter,
    SignOn,
)

ADDRESS, PASSWORD = "141628345", "777777"
SPEED = LineSpeed(9600, data_bits=7, parity="E")
CALL = b"/?141628345!\r\n"
BREAK = bytes.fromhex("01 42 30 03 75")
# wb-mqtt-serial: test/energomera_ce102m_test.cpp, the session of a СЕ102М.
SIGN_ON = [
    (CALL, b"/EKT5CE102Mv01\r\n"),
    (b"\x06051\r\n", bytes.fromhex("01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28")),
    (bytes.fromhex("01 50 31 02 28 37 37 37 37 37 37 29 03 21"), b"\x06"),
]
CE102M = Identification("EKT", "5", "CE102Mv01")
VOLTA = (bytes.fromhex("01 52 31 02 56 4F 4C 54 41 28 29 03 5F"), b"\x02VOLTA(237.58)\r\n\x03\x28")
ENERGY = (
    bytes.fromhex("01 52 31 02 45 54 30 50 45 28 29 03 37"),
    b"\x02ET0PE(68.42)\r\n(45.54)\r\n(22.88)\r\n(0.00)\r\n(0.00)\r\n(0.00)\r\n\x03\x0f",
)
# hostcc/energomera-hass-mqtt: tests/conftest.py, answers of a СЕ301.
MONTH = (
    b"\x01R1\x02ENMPE(04.22)\x03D",
    (
        b"\x02ENMPE(16550.0972645)\r\nENMPE(11295.733509)\r\nENMPE(3521.2929754)\r\nENMPE(1733.0707801)\r\n"
        b"ENMPE(0.0)\r\nENMPE(0.0)\r\n\x03*"
    ),
)
# wb-mqtt-serial: test/energomera_test.cpp, values of a СЕ303 without a session.
GROUP = (
    b"/?00000211!\x01R1\x02GROUP(400B(7)400D(1)5003(1))\x03\x68",
    b"\x02400B(E12)(118.8)(121.1)400D(50.01)5003(009114135064195)\x03\x1e",
)
READOUT = answer_frame("0.0.0(38030255)\r\n1.8.0(0001234.567*kWh)\r\n!\r\n", BlockCheck.XOR)
REQUESTS: list[Iec62056Request[Any]] = [
    SignOn(),
    ReadParameter("VOLTA"),
    ReadGroup(((0x400B, 7), (0x400D, 1), (0x5003, 1))),
    ReadOut(),
]


def connected(**options: Any) -> Iec62056Connection:  # noqa: ANN401 - the options of a connection
    options = {"check": BlockCheck.SUM} | options
    return Iec62056Connection(options.pop("address", ADDRESS), options.pop("password", PASSWORD), **options)


def exchanged(connection: Iec62056Connection, request: Request[Any], *turns: tuple[bytes, bytes]) -> Answered:
    """Carry one exchange through, each thing sent being what was expected."""
    outgoing, came = connection.send(request), b""
    for place, (sent, answer) in enumerate(turns, start=1):
        assert outgoing.data == sent
        came += answer
        if place < len(turns):
            outgoing = sent_next(connection, answer)
    event = connection.receive(turns[-1][1])
    assert isinstance(event, Answered)
    assert event.data == came
    return event


def signed_on() -> Iec62056Connection:
    connection = connected()
    exchanged(connection, SignOn(), *SIGN_ON)
    return connection


def fault_of(connection: Iec62056Connection, answer: bytes) -> RemoteProtocolError:
    try:
        event = connection.receive(answer) or connection.quiet()
    except RemoteProtocolError as fault:
        return fault
    pytest.fail(f"it was taken: {event}")


def sent_next(connection: Iec62056Connection, answer: bytes) -> Outgoing:
    """What is sent once an answer on the way came."""
    event = connection.receive(answer)
    assert isinstance(event, SendMore)
    return event.outgoing
