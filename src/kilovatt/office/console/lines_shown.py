"""A line as its page shows it: how it is reached, who holds it, its meters, and what was searched over it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.scans import ScanState
from kilovatt.office.console.shown import outcome_name
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.lines.line_leases import is_line_held
from kilovatt.office.records.models import Installation, Line, LineScan

SCANS_SHOWN = 5
METERS_SHOWN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMeter:
    """A meter of a line."""

    meter_id: int
    place: str
    title: str
    serial: str
    address: int
    state: str
    dot: str
    next_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScan:
    """A search over a line, in a row."""

    scan_id: str
    asked_at: str
    sentence: str
    is_under_way: bool


def line_context(line: Line, *, now: datetime) -> dict[str, Any]:
    """Return what the page of a line shows."""
    zone = ZoneInfo(line.organisation.zone_name)
    there = Installation.objects.filter(meter__line=line, removed_at=None).select_related("meter__standing", "point")
    meters = [_meter(one) for one in there.order_by("meter__address")[:METERS_SHOWN]]
    past = [_past(one, zone) for one in line.scans.all()[:SCANS_SHOWN]]
    return {
        "line": line,
        "plan": line.reading_plan or line.organisation.reading_plans.filter(is_default=True).first(),
        "is_held": is_line_held(line.pk, now=now),
        "meters": meters,
        "scans": past,
        "under_way": next((one for one in past if one.is_under_way), None),
    }


def _meter(one: Installation) -> LineMeter:
    meter = one.meter
    standing = getattr(meter, "standing", None)
    language = language_of(get_language())
    outcome = None if standing is None or not standing.last_outcome else Outcome(standing.last_outcome)
    next_at = None if standing is None else standing.next_due_at
    return LineMeter(
        meter_id=meter.pk,
        place=one.point.name,
        title=model_by_key(meter.model_key).title,
        serial=meter.serial,
        address=meter.address,
        state=_("not read yet") if outcome is None else outcome_name(outcome),
        dot="" if outcome is None else ("good" if outcome is Outcome.OK else "bad"),
        next_at=_("now") if next_at is None else instant_text(next_at, ZoneInfo(one.point.zone_name), language),
    )


def _past(scan: LineScan, zone: ZoneInfo) -> PastScan:
    state = ScanState(scan.state)
    found = ngettext("{n} meter found", "{n} meters found", len(scan.found)).format(n=len(scan.found))
    sentence = {
        ScanState.WANTED: _("waits for its turn"),
        ScanState.RUNNING: _("goes on: {found}").format(found=found),
        ScanState.OVER: found,
        ScanState.STOPPED: _("stopped: {found}").format(found=found),
        ScanState.BROKEN: _("broke off: {found}").format(found=found),
    }[state]
    return PastScan(
        scan_id=str(scan.pk),
        asked_at=instant_text(scan.asked_at, zone, language_of(get_language())),
        sentence=sentence,
        is_under_way=not state.is_over,
    )
