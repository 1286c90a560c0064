"""A meter of НЗиФ at the level of requests: what its driver learns when it says this."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, ReadingTask
from kilovatt.wire.drivers.nzif.driver import NzifDriver
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import parameters
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.nzif.parameters import Variant
from kilovatt.wire.protocols.nzif.request import NzifRequest
from told_in_turn import told_in_turn

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
# Seven seconds ahead of ours.
CLOCK = MeterClock(WallTime(2026, 11, 24, 8, 32, 37), is_winter=True)
VARIANT = Variant(bytes.fromhex("64 42 B0"))
MK = model_by_key("psch-4tm-05mk-16-02")
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)
UNKNOWN = Refusal(RefusalReason.UNKNOWN_REQUEST, 1)
BUSY = Refusal(RefusalReason.OTHER, 8)
NOT_READY = Refusal(RefusalReason.OTHER, 7)

Asked = list[NzifRequest[Any]]
Said = Callable[[NzifRequest[Any]], object]
ResultT = TypeVar("ResultT")

METER = MeterAddress(model=MK, address=91, serial="34365091", password="314159", zone=MOSCOW)


def carried(conversation: Conversation[ResultT], said: Said, asked: Asked | None = None) -> ResultT:
    """What a conversation returns when the meter says this; everything is heard at one instant."""
    return told_in_turn(conversation, said, heard_at=HEARD_AT, asked=asked)


def saying(values: dict[NzifRequest[Any], object]) -> Said:
    """A meter that says this, and what every meter says of itself."""
    known: dict[NzifRequest[Any], object] = {ReadClock(): CLOCK, parameters.ReadVariant(): VARIANT}
    return (known | values).__getitem__


def learnt(task: ReadingTask, said: Said, *, meter: MeterAddress = METER, asked: Asked | None = None) -> Learnt:
    """What all the parts of a task bring."""
    sum_of_parts = Learnt()
    for part in NzifDriver().parts(meter, task):
        sum_of_parts += carried(part.conversation, said, asked)
    return sum_of_parts
