"""Frames of НЗиФ with damage of every kind: a protocol error and nothing else, on either side of the line."""

import os
import random
from typing import Any

from kilovatt.wire.protocols.framing.connection import Answered, RemoteProtocolError
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.nzif import energy, instants, parameters, profile, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.hearing import frame, heard, request_from_body
from kilovatt.wire.protocols.nzif.journals import Journal, read_record
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.request import NzifRequest

FRAMES = 200_000 if os.environ.get("KILOVATT_SOAK") == "1" else 2_000
ADDRESSES = (0, 83, 805_181_783)
REQUESTS: tuple[NzifRequest[Any], ...] = (
    session.OpenChannel(b"000000"),
    ReadClock(),
    read_record(Journal.POWER, 9),
    read_record(Journal.CASE, 0),
    energy.ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), 0),
    energy.ReadStored(Beginning(StoredArray.DAY_START, 31), 4),
    parameters.ReadSerial(),
    parameters.ReadVariant(),
    instants.ReadInstant(instants.ACTIVE_POWER),
    instants.ReadReals(instants.ACTIVE_POWER),
    profile.ReadSearch(),
    profile.ReadPointer(),
    profile.ReadMemoryIndexed(7, 0, 120),
)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes with one to four damages, and perhaps a checksum that fits again."""
    damaged = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(damaged) + 1)
        match dice.randrange(5):
            case 0 if place < len(damaged):
                damaged[place] ^= 1 << dice.randrange(8)
            case 1:
                damaged[place:place] = dice.randbytes(dice.randint(1, 3))
            case 2:
                del damaged[place : place + dice.randint(1, 3)]
            case 3:
                damaged += damaged[: dice.randint(0, 20)]
            case _:
                damaged[place : place + 2] = dice.choice([b"\x00\x00", b"\xff\xff", b"\xfc"])
    return append_crc(bytes(damaged[:-2])) if dice.random() < 0.5 else bytes(damaged)


def test_mutated_answers_end_with_an_answer_or_a_protocol_error() -> None:
    dice = random.Random(20_261_124)
    ended: dict[str, int] = {"answered": 0, "refused": 0}
    for _ in range(FRAMES):
        address, request = dice.choice(ADDRESSES), dice.choice(REQUESTS)
        layout = dice.choice(request.says)
        connection = NzifConnection(address)
        sent = connection.send(request).data
        answer = mutated(frame(address, dice.randbytes(layout.size)), dice)
        try:
            event = connection.receive(sent + answer if dice.random() < 0.2 else answer) or connection.quiet()
        except RemoteProtocolError:
            ended["refused"] += 1
        else:
            assert isinstance(event, Answered)
            ended["answered"] += 1
        assert connection.send(request).data == sent
    assert min(ended.values()) > 0


def test_mutated_questions_are_requests_or_none() -> None:
    dice = random.Random(20_261_125)
    for _ in range(FRAMES):
        question = mutated(frame(dice.choice(ADDRESSES), dice.choice(REQUESTS).body()), dice)
        told = heard(question)
        # What a request ignores may be written otherwise; what it asks is the same.
        assert told is None or request_from_body(told.request.body()) == told.request
