"""Searching lines for meters: wished for on a page, done by whoever holds the line, and told of as it goes.

A search is work on its line: it is claimed under the line's fence, and every write of it checks that. Of one that its
process left behind, the journal is enough for the next holder to go on with.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.scans import PROBES_MAX, ScanForesight, ScanState, ScanWishes
from kilovatt.office.operations.lines import leases, line_leases
from kilovatt.office.operations.lines.leases import FencedOffError, Lease
from kilovatt.office.records.models import Line, LineScan, StaffRole, User, Work

_UNDER_WAY = (ScanState.WANTED, ScanState.RUNNING)


class ScanRefusedError(Exception):
    """A search that cannot be made. `sentence` is to be translated and then filled in with `values`."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values))
        self.sentence = sentence
        self.values = values


def lines_of(user: User) -> QuerySet[Line]:
    """Return the lines of the organisations whose operator a user is."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    return Line.objects.filter(organisation__in=mine).select_related("organisation")


def scan_of(user: User, scan_id: UUID) -> LineScan | None:
    """Return a search over one of the user's lines; None for another's."""
    mine = LineScan.objects.filter(pk=scan_id, line__in=lines_of(user))
    return mine.select_related("line__organisation", "asked_by", "stopped_by").first()


def foresee(line: Line, wishes: ScanWishes) -> ScanForesight:
    """Return how long a search would take. Raises ScanRefusedError where it cannot be made as it is wished for."""
    look: Any = import_string(settings.SCAN_FORESIGHT)
    try:
        foresight: ScanForesight = look(line.url, wishes, answer_timeout_s=line.answer_timeout_ms / 1000)
    except ValueError as error:
        raise ScanRefusedError(
            gettext_noop("Its address on record is not one of a line: {reason}"), reason=str(error)
        ) from error
    if foresight.questions > PROBES_MAX:
        words = gettext_noop(
            "These would be {count} questions, and at most {maximum} are asked over a line that is read meanwhile. "
            "Choose fewer addresses, languages or speeds."
        )
        raise ScanRefusedError(words, count=foresight.questions, maximum=PROBES_MAX)
    if not foresight.questions:
        raise ScanRefusedError(gettext_noop("Nothing of that can be asked over this line: choose more languages."))
    return foresight


def wish(line: Line, wishes: ScanWishes, *, by: User, now: datetime, scan_id: UUID | None = None) -> LineScan:
    """Put a search on record, for whoever holds the line; the same form sent twice is one search.

    Raises ScanRefusedError where it cannot be made, or another of the line is under way.
    """
    if not lines_of(by).filter(pk=line.pk).exists():
        raise ScanRefusedError(gettext_noop("Only an operator of the organisation has its lines searched."))
    foresee(line, wishes)
    number = scan_id or uuid4()
    given = LineScan.objects.filter(pk=number, line=line, asked_by=by).first()
    if given is not None:
        return given
    try:
        with transaction.atomic():
            scan = LineScan.objects.create(scan_id=number, line=line, wishes=asdict(wishes), asked_by=by, asked_at=now)
            # A line without meters is nobody's until somebody wants it searched.
            Work.objects.get_or_create(kind=line_leases.KIND, key=str(line.pk), defaults={"due_at": now})
    except IntegrityError as error:
        raise ScanRefusedError(
            gettext_noop("This line is being searched already: wait until that is over, or stop it.")
        ) from error
    return scan


def stop(scan: LineScan, *, by: User, now: datetime) -> bool:
    """End a search before its end; what was found is kept. Return whether it was in time."""
    under_way = LineScan.objects.filter(pk=scan.pk, state__in=_UNDER_WAY)
    return bool(under_way.update(state=ScanState.STOPPED, stopped_by=by, over_at=now))


def wishes_of(scan: LineScan) -> ScanWishes:
    """Return what was wished for."""
    kept = dict(scan.wishes)
    listed = {name: tuple(kept.get(name, ())) for name in ("ways", "serials", "speeds")}
    return ScanWishes(
        **listed,
        addresses=kept.get("addresses", ""),
        timeout_ms=kept.get("timeout_ms"),
        thorough=kept.get("thorough", False),
    )


# ── For the head-end ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedScan:
    """A search to be made over a line, or gone on with: what an earlier process has written down of it."""

    scan_id: UUID
    line_id: int
    url: str
    answer_timeout_ms: int
    wishes: ScanWishes
    journal: Mapping[str, Any]


def claim(fences: Mapping[int, int], *, now: datetime, at_most: int) -> list[ClaimedScan]:
    """Return searches over these lines that nobody makes, the oldest first, claimed for the caller.

    `fences` are those under which the caller holds the lines: what was claimed under an older one was left behind.
    """
    if at_most < 1 or not fences:
        return []
    open_scans = LineScan.objects.filter(line_id__in=fences, state__in=_UNDER_WAY)
    claimed: list[ClaimedScan] = []
    for scan in open_scans.select_related("line").order_by("asked_at"):
        fence = fences[scan.line_id]
        if len(claimed) == at_most:
            break
        if scan.claimed_fence == fence:
            continue
        free = Q(claimed_fence=None) | Q(claimed_fence__lt=fence)
        mine = LineScan.objects.filter(free, pk=scan.pk, state__in=_UNDER_WAY)
        is_takeover = scan.claimed_fence is not None
        if mine.update(
            state=ScanState.RUNNING,
            claimed_fence=fence,
            began_at=scan.began_at or now,
            told_at=now,
            takeovers=F("takeovers") + int(is_takeover),
        ):
            claimed.append(
                ClaimedScan(
                    scan_id=scan.pk,
                    line_id=scan.line_id,
                    url=scan.line.url,
                    answer_timeout_ms=scan.line.answer_timeout_ms,
                    wishes=wishes_of(scan),
                    journal=scan.journal,
                )
            )
    return claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTold:
    """What a head-end tells of a search: `shown` and `journal` as `config.scan_journal` writes them."""

    shown: Mapping[str, Any]
    journal: Mapping[str, Any]
    progress: Mapping[str, Any]
    state: ScanState = ScanState.RUNNING


def note(scan_id: UUID, told: ScanTold, *, lease: Lease, now: datetime) -> bool:
    """Write down how a search stands; return whether it is to go on.

    It is not where somebody has stopped it, or another process has the line now.
    """
    values = {
        name: _storable(value)
        for name, value in {**told.shown, "journal": told.journal, "progress": told.progress}.items()
    }
    with transaction.atomic():
        try:
            leases.check(lease)
        except FencedOffError:
            return False
        mine = LineScan.objects.filter(pk=scan_id, claimed_fence=lease.fence)
        over_at = now if told.state.is_over else None
        going = mine.filter(state=ScanState.RUNNING).update(**values, told_at=now, state=told.state, over_at=over_at)
        if not going:
            # What was found until it was stopped is kept as well.
            mine.filter(state=ScanState.STOPPED).update(**values, told_at=now)
    return bool(going) and not told.state.is_over


def _storable(value: object) -> Any:  # noqa: ANN401  # whatever JSON holds
    """What a meter says may hold characters that PostgreSQL does not keep."""
    return json.loads(json.dumps(value).replace("\\u0000", ""))
