"""What a wrong clock has stamped: kept apart, shown to people, and accepted or discarded by them.

Whoever releases says by how much the clock was off, and answers for it: a register is accepted as edited, each slot of
a day says besides that its clock is in doubt, and all keep the frames that carried them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay, Source
from kilovatt.measure.metering.registers import RegisterReading
from kilovatt.measure.metering.restamping import restamped_days, restamped_event, restamped_register
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations import ingest, visits
from kilovatt.office.operations.evidence import FrameKey
from kilovatt.office.operations.held_facts import Heard, exchanges_of, value_of
from kilovatt.office.records.models import HeldApart, Installation, Meter, StaffRole, User

SHOWN_MAX = 500


class HeldApartError(Exception):
    """What was held apart cannot be dealt with so.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """A value held apart: what it is, how far the clock was ahead that stamped it [s], and its frame, if one has it."""

    held_id: int
    meter_id: int
    value: Heard
    clock_ahead_s: int
    held_at: datetime
    frame: FrameKey | None

    @property
    def stamped_at(self) -> datetime:
        """Of which instant it is by the wrong clock."""
        match self.value:
            case RegisterReading():
                return self.value.taken_at
            case MeterDay():
                return self.value.starts_at
            case MeterEvent():
                return self.value.began_at


def held_apart(meter_ids: Collection[int], *, at_most: int = SHOWN_MAX) -> tuple[HeldValue, ...]:
    """Return what is held apart of some meters, by meter and by when it was heard."""
    rows = HeldApart.objects.filter(meter_id__in=meter_ids, state=HeldApart.State.HELD)
    return tuple(_shown(row) for row in rows.order_by("meter_id", "held_at", "pk")[:at_most])


def _shown(row: HeldApart) -> HeldValue:
    value = value_of(HeldApart.Kind(row.kind), row.facts)
    return HeldValue(
        held_id=row.pk,
        meter_id=row.meter_id,
        value=value,
        clock_ahead_s=row.clock_ahead_s,
        held_at=row.held_at,
        frame=next((FrameKey(row.session_id, exchange) for exchange in sorted(exchanges_of(value))), None),
    )


def discard(meter: Meter, held_ids: Collection[int], *, by: User, now: datetime) -> int:
    """Discard what is held apart of a meter; return how much. It stays on record, and is not held apart again.

    Raises HeldApartError when the user may not.
    """
    _require_operator(meter, by)
    held = HeldApart.objects.filter(meter=meter, pk__in=held_ids, state=HeldApart.State.HELD)
    return held.update(state=HeldApart.State.DISCARDED, settled_by=by, settled_at=now)


def release(meter: Meter, held_ids: Collection[int], *, move_by_s: int, by: User, now: datetime) -> int:
    """Accept what is held apart of a meter, its instants moved by so many seconds; return how much.

    Raises HeldApartError when the user may not, or where instants would lie in the future or slots between slots.
    """
    _require_operator(meter, by)
    with transaction.atomic():
        # As whoever accepts a session: of two that would accept the same, one waits.
        Meter.objects.select_for_update().get(pk=meter.pk)
        held = HeldApart.objects.filter(meter=meter, pk__in=held_ids, state=HeldApart.State.HELD)
        rows = list(held.select_related("session"))
        by_session: dict[object, list[HeldApart]] = defaultdict(list)
        for row in rows:
            by_session[row.session].append(row)
        zone = visits.zone_of(meter.pk)
        for of_session in by_session.values():
            values = [value_of(HeldApart.Kind(row.kind), row.facts) for row in of_session]
            learnt = _moved(values, move_by_s, zone, now)
            ingest.accept_values(of_session[0].session, learnt, source=Source.EDITED, now=now)
        ids = [row.pk for row in rows]
        settled = {"moved_by_s": move_by_s, "settled_by": by, "settled_at": now}
        HeldApart.objects.filter(pk__in=ids).update(state=HeldApart.State.RELEASED, **settled)
    return len(rows)


def _moved(values: Iterable[Heard], by_s: int, zone: ZoneInfo, now: datetime) -> Learnt:
    learnt = Learnt()
    try:
        by = timedelta(seconds=by_s)
        for value in values:
            if _ends_at(value) + by > now:
                raise HeldApartError(gettext_noop("So corrected, some of it would lie in the future."))
            learnt += _restamped(value, by, zone)
    except OverflowError as error:
        raise HeldApartError(gettext_noop("No calendar goes that far.")) from error
    except ValueError as error:
        raise HeldApartError(
            gettext_noop("A load profile is moved by whole intervals: state a correction that is some of them.")
        ) from error
    return learnt


def _ends_at(value: Heard) -> datetime:
    match value:
        case RegisterReading():
            return value.taken_at
        case MeterDay():
            return value.starts_at + timedelta(seconds=value.step_s) * len(value.qualities)
        case MeterEvent():
            return value.ended_at or value.began_at


def _restamped(value: Heard, by: timedelta, zone: ZoneInfo) -> Learnt:
    match value:
        case RegisterReading():
            return Learnt(registers=(restamped_register(value, by=by, zone=zone),))
        case MeterDay():
            return Learnt(meter_days=restamped_days(value, by=by, zone=zone))
        case MeterEvent():
            return Learnt(events=(restamped_event(value, by=by),))


def _require_operator(meter: Meter, user: User) -> None:
    standing = Installation.objects.filter(meter=meter, removed_at=None)
    staff = StaffRole.objects.filter(user=user, role=StaffRole.Role.OPERATOR)
    if not standing.filter(point__organisation__in=staff.values("organisation")).exists():
        raise HeldApartError(gettext_noop("Only an operator of the organisation decides on what is held apart."))
