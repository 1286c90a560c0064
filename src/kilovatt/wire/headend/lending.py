"""A carrier that is lent by the visits of its line to something else, and comes back as it was."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.debts import Debts


@contextlib.asynccontextmanager
async def on_loan(carrier: Carrier) -> AsyncIterator[None]:
    """Take a carrier over from its visits: what they left unanswered is waited for, and not what was once late.

    An answer to a probe says whose it is: it needs no more patience than its own. Visits wait for the last one.
    """
    spec, debts = carrier.spec, carrier.debts
    await asyncio.sleep(max(0.0, debts.until - asyncio.get_running_loop().time()))
    carrier.debts = Debts()
    try:
        yield
    finally:
        debts.until = max(debts.until, carrier.debts.until)
        carrier.be_as_patient_as(spec)
        carrier.debts = debts
