"""Registers, days and events as the facts under which they are held apart, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypeAlias

from kilovatt.measure.metering.digests import event_digest, meter_day_digest, register_digest
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay, Source
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.office.records.models import HeldApart

Heard: TypeAlias = RegisterReading | MeterDay | MeterEvent
"""What a meter's clock stamps."""

_LISTS = ("a_plus", "a_minus", "r_plus", "r_minus", "qualities", "exchanges")


def kind_of(value: Heard) -> HeldApart.Kind:
    """Return what a value is called where it is held apart."""
    match value:
        case RegisterReading():
            return HeldApart.Kind.REGISTER
        case MeterDay():
            return HeldApart.Kind.METER_DAY
        case MeterEvent():
            return HeldApart.Kind.EVENT


def digest_of(meter_id: int, value: Heard) -> bytes:
    """Return the name of a value's content."""
    match value:
        case RegisterReading():
            return register_digest(meter_id, value)
        case MeterDay():
            return meter_day_digest(meter_id, value)
        case MeterEvent():
            return event_digest(meter_id, value)


def exchanges_of(value: Heard) -> frozenset[int]:
    """Return the exchanges that carried a value."""
    return (
        frozenset(exchange for exchange in value.exchanges if exchange >= 0)
        if isinstance(value, MeterDay)
        else frozenset({value.exchange})
    )


def facts_of(value: Heard) -> dict[str, Any]:
    """Return a value as plain facts: instants and days as ISO 8601, lists as lists."""
    return {name: _plain(field) for name, field in asdict(value).items()}


def _plain(field: object) -> object:
    if isinstance(field, datetime | date):
        return field.isoformat()
    return [int(count) for count in field] if isinstance(field, tuple) else field


def value_of(kind: HeldApart.Kind, facts: Mapping[str, Any]) -> Heard:
    """Return the value that facts were made of."""
    known = dict(facts)
    for name in ("taken_at", "heard_at", "starts_at", "began_at", "ended_at"):
        if known.get(name) is not None:
            known[name] = datetime.fromisoformat(known[name])
    match kind:
        case HeldApart.Kind.REGISTER:
            known |= {"quantity": Quantity(known["quantity"]), "moment": RegisterMoment(known["moment"])}
            return RegisterReading(**known)
        case HeldApart.Kind.METER_DAY:
            lists = {name: None if known[name] is None else tuple(known[name]) for name in _LISTS}
            known |= {"day_on": date.fromisoformat(known["day_on"]), "source": Source(known["source"])}
            return MeterDay(**(known | lists))
        case HeldApart.Kind.EVENT:
            return MeterEvent(**(known | {"kind": EventKind(known["kind"])}))
