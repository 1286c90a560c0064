"""What a wrong clock has stamped: kept apart until an operator accepts or discards it.

Whoever releases says by how much the clock was off, and answers for it: a register is accepted as edited, each slot of
a day says besides that its clock is in doubt, and all keep the frames that carried them. What was decided, why and by
whom stays on record. Of two operators who decide on the same value, the first counts.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay, Source
from kilovatt.measure.metering.registers import RegisterReading
from kilovatt.measure.metering.restamping import restamped_days, restamped_event, restamped_register
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.clocks.held_refusals import HeldApartError
from kilovatt.office.operations.intake import ingest
from kilovatt.office.operations.intake.held_facts import Heard, exchanges_of, value_of
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.operations.reading import visits
from kilovatt.office.records.models import HeldApart, Installation, Meter, Session, StaffRole, User

__all__ = ["HeldApartError", "HeldValue", "discard", "held_apart", "held_counts", "release", "shown_value"]

SHOWN_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldValue:
    """A value held apart: what it is, how far the clock was ahead that stamped it [s], and its frame, if one has it.

    `heard_at`: when the meter told it.
    """

    held_id: int
    meter_id: int
    session_id: UUID
    value: Heard
    clock_ahead_s: int
    heard_at: datetime
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

    @property
    def correction_s(self) -> int:
        """By how much it is to be moved if its clock has been off all the time as it was when it told it."""
        return _correction_s(self.value, self.clock_ahead_s, self.heard_at)

    @property
    def moved_at(self) -> datetime | None:
        """Of which instant it is then; None where that was still to come when it was told."""
        try:
            moved_at = self.stamped_at + timedelta(seconds=self.correction_s)
        except OverflowError:
            return None
        return moved_at if moved_at <= self.heard_at else None


def held_apart(meter_ids: Collection[int], *, at_most: int = SHOWN_MAX) -> tuple[HeldValue, ...]:
    """Return what is held apart of some meters, by meter and by when it was heard."""
    rows = HeldApart.objects.filter(meter_id__in=meter_ids, state=HeldApart.State.HELD).select_related("session")
    return tuple(shown_value(row) for row in rows.order_by("meter_id", "held_at", "pk")[:at_most])


def held_counts(meter_ids: Iterable[int]) -> dict[int, int]:
    """Return how many values are held apart of each of some meters; a meter of none is left out."""
    held = HeldApart.objects.filter(meter_id__in=meter_ids, state=HeldApart.State.HELD)
    return dict(held.order_by().values_list("meter_id").annotate(n=Count("pk")))


def shown_value(row: HeldApart) -> HeldValue:
    """Return a value as it is or was held apart."""
    value = value_of(HeldApart.Kind(row.kind), row.facts)
    return HeldValue(
        held_id=row.pk,
        meter_id=row.meter_id,
        session_id=row.session_id,
        value=value,
        clock_ahead_s=row.clock_ahead_s,
        heard_at=row.session.started_at,
        held_at=row.held_at,
        frame=next((FrameKey(row.session_id, exchange) for exchange in sorted(exchanges_of(value))), None),
    )


def discard(meter: Meter, held_ids: Collection[int], *, because: str, by: User, now: datetime) -> int:
    """Discard what is held apart of a meter; return how much. It stays on record, and is not held apart again.

    Raises HeldApartError when the user may not, or says no reason.
    """
    with transaction.atomic():
        rows = _rows_to_settle(meter, held_ids, because=because, by=by)
        settled = {"because": because.strip(), "settled_by": by, "settled_at": now}
        _settled(rows, HeldApart.State.DISCARDED, settled)
    return len(rows)


def release(
    meter: Meter, held_ids: Collection[int], *, move_by_s: int | None, because: str, by: User, now: datetime
) -> int:
    """Accept what is held apart of a meter, its instants moved by so many seconds; return how much.

    `move_by_s`: 0 accepts it as it is stamped; None moves each value by what its own clock was off.
    Raises HeldApartError when the user may not, says no reason, or where instants would lie in the future or slots
    between slots.
    """
    with transaction.atomic():
        rows = _rows_to_settle(meter, held_ids, because=because, by=by)
        by_session: dict[Session, list[HeldValue]] = defaultdict(list)
        for row in rows:
            by_session[row.session].append(shown_value(row))
        zone = visits.zone_of(meter.pk)
        shift = _by_its_clock if move_by_s is None else (lambda _value: move_by_s)
        moved: dict[int, list[int]] = defaultdict(list)
        for session, values in by_session.items():
            learnt = _moved(values, shift, zone, now)
            ingest.accept_values(session, learnt, source=Source.EDITED, now=now)
            for value in values:
                moved[shift(value)].append(value.held_id)
        for moved_by_s, ids in moved.items():
            settled = {"because": because.strip(), "moved_by_s": moved_by_s, "settled_by": by, "settled_at": now}
            _settled([row for row in rows if row.pk in ids], HeldApart.State.RELEASED, settled)
    return len(rows)


def _rows_to_settle(meter: Meter, held_ids: Collection[int], *, because: str, by: User) -> list[HeldApart]:
    """Within a transaction: the rows that nobody has decided on yet. Whoever comes second waits, and finds none."""
    _require_operator(meter, by)
    if not because.strip():
        raise HeldApartError(gettext_noop("Say why: it stays on record."))
    # As whoever accepts a session: of two that would decide on the same, one waits.
    Meter.objects.select_for_update().get(pk=meter.pk)
    held = HeldApart.objects.filter(meter=meter, pk__in=held_ids, state=HeldApart.State.HELD)
    return list(held.select_related("session").order_by("pk"))


def _settled(rows: Iterable[HeldApart], state: HeldApart.State, settled: dict[str, object]) -> None:
    HeldApart.objects.filter(pk__in=[row.pk for row in rows]).update(state=state, **settled)


def _by_its_clock(value: HeldValue) -> int:
    return value.correction_s


def _correction_s(value: Heard, clock_ahead_s: int, heard_at: datetime) -> int:
    if not isinstance(value, MeterDay):
        return -clock_ahead_s
    # Slots lie on the slots of a day: the nearest, or the one before where that is still to come.
    step_s = value.step_s
    nearest_s = (-clock_ahead_s + step_s // 2) // step_s * step_s
    is_to_come = _ends_at(value) + timedelta(seconds=nearest_s) > heard_at
    return nearest_s - step_s if is_to_come else nearest_s


def _moved(values: Iterable[HeldValue], shift: Callable[[HeldValue], int], zone: ZoneInfo, now: datetime) -> Learnt:
    learnt = Learnt()
    try:
        for value in values:
            by = timedelta(seconds=shift(value))
            if _ends_at(value.value) + by > now:
                raise HeldApartError(gettext_noop("So corrected, some of it would lie in the future."))
            learnt += _restamped(value.value, by, zone)
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
            known = [place for place, quality in enumerate(value.qualities, start=1) if quality & RANK_MASK]
            return value.starts_at + timedelta(seconds=value.step_s) * max(known, default=0)
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
