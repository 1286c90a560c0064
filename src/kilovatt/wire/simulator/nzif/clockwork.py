"""The clock of a simulated meter with its season, as these meters tell it."""

from datetime import datetime

from kilovatt.wire.protocols.nzif.meter_clock import MeterClock
from kilovatt.wire.simulator.clockwork import Clockwork


def is_winter(clockwork: Clockwork, shown_at: datetime) -> bool:
    """Whether summer time is not in force when a clock shows an instant."""
    return not shown_at.astimezone(clockwork.zone).dst()


def shows_whole(clockwork: Clockwork, at: datetime) -> MeterClock:
    """Return what a clock shows at an instant, with the season."""
    return MeterClock(clockwork.shows(at), is_winter=is_winter(clockwork, clockwork.shown_at(at)))
