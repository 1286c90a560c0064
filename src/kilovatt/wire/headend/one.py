"""One meter, read once, with nothing but its address: what `kilovatt read` does."""

from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.captured import Capture, capturing
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.clock import Clock, MachineClock
from kilovatt.wire.headend.lines import CallInAddress, LineSpec, ModemAddress, parse_address
from kilovatt.wire.headend.opening import open_channel, within_reach
from kilovatt.wire.headend.session import Errand, read_meter

MOBILE_QUIET_S = 0.5
"""Over a mobile network an answer may have such gaps."""
NO_METER_ID = 0
"""Stands in the report of a meter that no database knows."""


async def read_one(
    url: str,
    address: MeterAddress,
    task: ReadingTask,
    *,
    clock: Clock | None = None,
    answer_timeout_s: float = 2.0,
    quiet_s: float = 0.15,
    capture: Capture | None = None,
) -> SessionReport:
    """Read one meter and return what came of it; faults of the line and the meter are in the report.

    A capture is told everything that passes, and that the session is over unless it is cancelled.
    Raises LineAddressError for a URL that is no line and LocalProtocolError for an address that no meter of
    this model can have: both say what is wrong.
    """
    place = parse_address(url)
    driver = driver_for(address.model)
    # Refuse an impossible address before anything is opened.
    driver.connection(address)
    used = clock or MachineClock()
    if isinstance(place, ModemAddress | CallInAddress):
        quiet_s = min(max(quiet_s, MOBILE_QUIET_S), answer_timeout_s)
    spec = LineSpec(line_id=0, url=url, answer_timeout_s=answer_timeout_s, quiet_s=quiet_s)
    carrier = Carrier(spec, used, open_channel if capture is None else capturing(capture, open_channel))
    try:
        async with within_reach(spec):
            report = await read_meter(Errand(NO_METER_ID, address, task), carrier, used, driver)
    finally:
        await carrier.close()
    if capture is not None:
        capture.end()
    return report
