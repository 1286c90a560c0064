"""Conversations carried over a real line by the head-end's carrier, in one session each."""

import asyncio
from typing import TypeVar

from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.clock import Clock, MachineClock
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.record import SessionRecord

ResultT = TypeVar("ResultT")


async def carry_over(
    url: str, meter: MeterAddress, conversation: Conversation[ResultT], *, clock: Clock | None = None
) -> ResultT:
    """Open a session, carry one conversation, take leave; return what it returns."""
    driver = driver_for(meter.model)
    spec = LineSpec(line_id=0, url=url, answer_timeout_s=1.0, quiet_s=0.1)
    carrier = Carrier(spec, clock or MachineClock(), open_channel)
    connection, record = driver.connection(meter), SessionRecord()
    try:
        await carrier.open()
        await carrier.carry(driver.opening(meter), connection, record)
        result = await carrier.carry(conversation, connection, record)
        await carrier.carry(driver.closing(meter), connection, record)
        return result
    finally:
        await carrier.close()


def carried(url: str, meter: MeterAddress, conversation: Conversation[ResultT]) -> ResultT:
    """The same, in an event loop of its own."""
    return asyncio.run(carry_over(url, meter, conversation))
