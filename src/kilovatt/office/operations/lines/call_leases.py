"""Lines follow their calls: where a modem calls a process that does not hold its line, the line moves there.

The newest call is the modem's: whoever held the line is fenced off, and lets go when it next extends its lease. Two
things bound that: a caller with another password than the one that is connected is refused, and so is one that would
move a line more than a few times a minute.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction

from kilovatt.office.operations.lines import leases
from kilovatt.office.operations.lines.line_leases import KIND, HeldLine, lease_length
from kilovatt.office.records.models import Line, Work

MOVES_MAX = 6
MOVES_WITHIN = timedelta(seconds=60)
"""So often a line may follow calls within that."""


class CallRefusal(StrEnum):
    """Why a line does not follow a call."""

    ANOTHER_PASSWORD = "another_password"
    """A modem of this name is connected elsewhere, and gave another password."""
    CONTESTED = "contested"
    """Two callers of this name take the line from each other."""


def follow_call(line_id: int, *, proof: str, holder: str, now: datetime) -> HeldLine | CallRefusal:
    """Take the line of a modem that has called this process. Raises Line.DoesNotExist.

    `proof` stands for the modem's password; it is none that could be read.
    """
    key = str(line_id)
    with transaction.atomic():
        line = Line.objects.get(pk=line_id)
        Work.objects.get_or_create(kind=KIND, key=key, defaults={"due_at": now})
        work = Work.objects.select_for_update().get(kind=KIND, key=key)
        is_held = work.lease_until is not None and work.lease_until >= now
        if is_held and work.payload.get("proof", proof) != proof:
            return CallRefusal.ANOTHER_PASSWORD
        moves = [at for at in _moves(work.payload) if at > now - MOVES_WITHIN]
        if is_held and len(moves) >= MOVES_MAX:
            return CallRefusal.CONTESTED
        lease = leases.take_over(KIND, key, now=now, length=lease_length())
        moves = [*moves, now] if is_held else moves
        payload = {"holder": holder, "proof": proof, "moves": [at.isoformat() for at in moves]}
        Work.objects.filter(kind=KIND, key=key, fence=lease.fence).update(payload=payload)
    return HeldLine(line.pk, line.url, line.answer_timeout_ms, line.quiet_ms, lease)


def note_call(line: HeldLine, proof: str | None) -> None:
    """Note that the modem of a line we hold is connected, with its proof; or, with None, that it is no more."""
    with transaction.atomic():
        work = Work.objects.select_for_update().filter(kind=KIND, key=line.lease.key, fence=line.lease.fence).first()
        if work is None:
            return
        payload = {name: value for name, value in work.payload.items() if name != "proof"}
        Work.objects.filter(pk=work.pk).update(payload=payload if proof is None else payload | {"proof": proof})


def _moves(payload: Mapping[str, Any]) -> list[datetime]:
    return [datetime.fromisoformat(at) for at in payload.get("moves", ())]
