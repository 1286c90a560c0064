"""A reading that somebody waits for: asked for once by an operator of the meter's organisation, and followed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading import visits
from kilovatt.office.records.models import Installation, Meter, Session, StaffRole, User, Work

WAITED_FOR = timedelta(minutes=10)
"""As long as a request is handed out to whoever holds the line."""
SHOWN_FOR = timedelta(minutes=10)
"""So long after a reading that was asked for, its page says so."""


class AskedState(StrEnum):
    """How a reading that was asked for stands."""

    WAITING = "waiting"
    DONE = "done"
    FORGOTTEN = "forgotten"
    """Nobody could carry it out in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReading:
    """A reading that was asked for. `outcome` is how the session that answered it ended."""

    key: str
    state: AskedState
    asked_at: datetime
    done_at: datetime | None
    outcome: Outcome | None
    is_line_held: bool
    """Whether some process is there to carry it out."""


def may_ask(user: User, meter_id: int) -> bool:
    """Whether a user is an operator of the organisation at whose point a meter stands."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    return Installation.objects.filter(meter_id=meter_id, removed_at=None, point__organisation__in=mine).exists()


def ask_once(meter_id: int, *, now: datetime) -> str:
    """Have a meter read at once and return the key of the request; of one who asks again the same."""
    with transaction.atomic():
        meter = Meter.objects.select_for_update().get(pk=meter_id)
        waiting = _requests(meter_id).filter(done_at=None, due_at__gt=now - WAITED_FOR).first()
        return waiting.key if waiting is not None else visits.ask_for(meter, now=now)


def asked_reading(meter_id: int, *, now: datetime, key: str | None = None) -> AskedReading | None:
    """Return the request of a key, or the newest that is waited for or was carried out just now; None without any."""
    requests = _requests(meter_id)
    found = requests.filter(due_at__gt=now - SHOWN_FOR).first() if key is None else requests.filter(key=key).first()
    if found is None:
        return None
    is_over = found.done_at is not None or found.due_at <= now - WAITED_FOR
    return AskedReading(
        key=found.key,
        state=_state(found, is_over=is_over),
        asked_at=found.due_at,
        done_at=found.done_at,
        outcome=_outcome(meter_id, found),
        is_line_held=is_over or _is_held(found.payload["line"], now),
    )


def _requests(meter_id: int) -> QuerySet[Work]:
    return Work.objects.filter(kind=visits.ON_DEMAND, payload__meter=meter_id).order_by("-due_at")


def _state(request: Work, *, is_over: bool) -> AskedState:
    if request.done_at is not None:
        return AskedState.DONE
    return AskedState.FORGOTTEN if is_over else AskedState.WAITING


def _outcome(meter_id: int, request: Work) -> Outcome | None:
    if request.done_at is None:
        return None
    sessions = Session.objects.filter(meter_id=meter_id, push=None, started_at__gte=request.due_at)
    answered = sessions.order_by("started_at").first()
    return None if answered is None else Outcome(answered.outcome)


def _is_held(line_id: int | None, now: datetime) -> bool:
    return Work.objects.filter(kind=line_leases.KIND, key=str(line_id), lease_until__gte=now).exists()
