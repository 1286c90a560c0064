"""When a command that moves a clock may be sent: not across the end of an interval, nor of a day."""

from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.clock_policy import wait_before_moving
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.operations.reading import visits
from kilovatt.office.records.models import MeterOrder


def wait_for(order: MeterOrder, *, at: datetime, is_on_its_way: bool = False) -> timedelta:
    """Return how long an order must wait at an instant; nothing for those that move no clock.

    `is_on_its_way`: it is about to be sent, and not only handed out.
    """
    model = model_by_key(order.meter.model_key)
    if order.kind != CommandKind.SHIFT_CLOCK or model.clock_rule is None:
        return timedelta(0)
    return wait_before_moving(
        model.clock_rule,
        ahead_s=order.facts["ahead_s"] or 0,
        seconds=order.facts["seconds"],
        at=at,
        zone=visits.zone_of(order.meter_id),
        step_s=model.profile_step_s,
        is_on_its_way=is_on_its_way,
    )
