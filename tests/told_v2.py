"""Conversations of the Mercury V2 driver, carried without a line."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, ReadingTask
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import parameters
from kilovatt.wire.protocols.mercury_v2.energy import EnergyTotals
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import Variant
from told_in_turn import told_in_turn

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
# Seven seconds ahead of ours.
CLOCK = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 8, 32, 37), is_winter=True)
# 234: A = 5000, three phases, large memory, both seals, extended arrays.
NEWER = Variant(bytes.fromhex("B4 60 C1 97 53 40"))
# 230: A = 1000, small memory, no extended arrays.
OLDER = Variant(bytes.fromhex("B4 E4 C4 43 53 00"))
M234 = model_by_key("mercury-234-art-03")
M234_R = model_by_key("mercury-234-artm-01-pob-r")
M230 = model_by_key("mercury-230-art-01-cln")
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)
UNKNOWN = Refusal(RefusalReason.UNKNOWN_REQUEST, 1)
DENIED = Refusal(RefusalReason.ACCESS_DENIED, 3)
CLOSED = Refusal(RefusalReason.CHANNEL_CLOSED, 5)

Asked = list[MercuryV2Request[Any]]
Said = Callable[[MercuryV2Request[Any]], object]
ResultT = TypeVar("ResultT")

METER = MeterAddress(model=M234, address=67, serial="41906467", password="314159", zone=MOSCOW)
OLD_METER = replace(METER, model=M230)


def carried(conversation: Conversation[ResultT], said: Said, asked: Asked | None = None) -> ResultT:
    """What a conversation returns when the meter says this; everything is heard at one instant."""
    return told_in_turn(conversation, said, heard_at=HEARD_AT, asked=asked)


def saying(values: dict[MercuryV2Request[Any], object]) -> Said:
    """A meter that says this, and what every meter says of itself."""
    known: dict[MercuryV2Request[Any], object] = {ReadClock(): CLOCK, parameters.ReadVariant(): NEWER}
    return (known | values).__getitem__


def learnt(task: ReadingTask, said: Said, *, meter: MeterAddress = METER, asked: Asked | None = None) -> Learnt:
    """What all the parts of a task bring."""
    sum_of_parts = Learnt()
    for part in MercuryV2Driver().parts(meter, task):
        sum_of_parts += carried(part.conversation, said, asked)
    return sum_of_parts


def totals(a_plus_wh: int) -> EnergyTotals:
    return EnergyTotals(a_plus_wh=a_plus_wh, a_minus_wh=0, r_plus_varh=a_plus_wh // 10, r_minus_varh=None)
