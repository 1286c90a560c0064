"""How a meter did over time, as its page shows it: a strip of days, and spans of missing days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.office.console.clock_shown import ClockPicture, clock_picture
from kilovatt.office.console.shown import outcome_name
from kilovatt.office.console.success import lost_because
from kilovatt.office.documents.figures import instant_text, language_of, short_date_text
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.operations.standing.meter_history import DayOfSessions, GapSpan, MeterHistory

_WHOLE, _PART, _NOTHING, _IDLE = "<i></i>", '<i class="part"></i>', '<i class="none"></i>', '<i class="idle"></i>'


@dataclass(frozen=True, slots=True)
class BadDay:
    """A day on which sessions failed."""

    day: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ShownGap:
    """Days in a row of which something is missing."""

    days: str
    count: int
    state: str
    is_lost: bool


@dataclass(frozen=True, slots=True)
class ShownHistory:
    """A meter over time, as texts."""

    strip: SafeString
    strip_words: str
    bad_days: list[BadDay]
    gaps: list[ShownGap]
    clock: ClockPicture | None
    next_visit: str
    failures: int


def shown_history(history: MeterHistory, row: BoardRow, *, now: datetime) -> ShownHistory:
    """Return a meter over time as texts."""
    return ShownHistory(
        strip=_strip(history.days),
        strip_words=_strip_words(history.days),
        bad_days=[_bad_day(day) for day in reversed(history.days) if day.failed],
        gaps=[_shown_gap(span) for span in history.gaps],
        clock=clock_picture(history) if history.clock else None,
        next_visit=_next_visit(history, row, now),
        failures=history.failures,
    )


def _next_visit(history: MeterHistory, row: BoardRow, now: datetime) -> str:
    if history.next_due_at is None or history.next_due_at <= now:
        return _("due now")
    return instant_text(history.next_due_at, row.zone, language_of(get_language()))


def _strip(days: Sequence[DayOfSessions]) -> SafeString:
    # Put together here from our own constants.
    return mark_safe("".join(_mark(day) for day in days))  # noqa: S308  nothing of a user's is in them


def _mark(day: DayOfSessions) -> str:
    if not day.whole and not day.failed:
        return _IDLE
    if not day.failed:
        return _WHOLE
    return _PART if day.whole else _NOTHING


def _strip_words(days: Sequence[DayOfSessions]) -> str:
    words = _("read on {read} of {days} days, without any failure on {whole}; not tried on {idle}")
    return words.format(
        days=len(days),
        read=sum(day.whole > 0 for day in days),
        whole=sum(day.whole > 0 and not day.failed for day in days),
        idle=sum(not day.whole and not day.failed for day in days),
    )


def _bad_day(day: DayOfSessions) -> BadDay:
    assert day.commonest is not None
    words = ngettext(
        "{failed} of {n} session failed, mostly: {outcome}",
        "{failed} of {n} sessions failed, mostly: {outcome}",
        day.whole + day.failed,
    )
    return BadDay(
        day=short_date_text(day.day_on, language_of(get_language())),
        sentence=words.format(failed=day.failed, n=day.whole + day.failed, outcome=outcome_name(day.commonest)),
    )


def _shown_gap(span: GapSpan) -> ShownGap:
    language = language_of(get_language())
    first, last = short_date_text(span.first_on, language), short_date_text(span.last_on, language)
    return ShownGap(
        days=first if span.days == 1 else f"{first} – {last}",
        count=span.days,
        state=_("lost: {because}").format(because=lost_because(span.lost)) if span.lost else _("is still asked for"),
        is_lost=bool(span.lost),
    )
