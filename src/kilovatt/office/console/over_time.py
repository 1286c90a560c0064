"""How a meter did over time, as its page shows it: a strip of days, spans of missing days, and the way of its clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.office.console.shown import outcome_name
from kilovatt.office.console.success import lost_because
from kilovatt.office.documents.figures import instant_text, language_of, short_date_text
from kilovatt.office.operations.board import CLOCK_WRONG_S, BoardRow
from kilovatt.office.operations.meter_history import ClockPoint, DayOfSessions, GapSpan, MeterHistory
from kilovatt.office.pages.words import duration

_WHOLE, _PART, _NOTHING, _IDLE = "<i></i>", '<i class="part"></i>', '<i class="none"></i>', '<i class="idle"></i>'
PICTURE_WIDTH, PICTURE_HEIGHT = 600, 120
"""Of the picture of a clock, in its own units."""


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
class ClockPicture:
    """The way of a clock: a polyline; its middle is no deviation, and `limit_y` is where one is told of."""

    points: str
    limit_y: int | None
    summary: str
    most: str
    first: str
    last: str
    rows: list[tuple[str, str]]
    """Day and deviation, the newest first."""

    @property
    def mirrored_limit_y(self) -> int | None:
        """The limit on the other side of the middle."""
        return None if self.limit_y is None else PICTURE_HEIGHT - self.limit_y


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
        clock=_picture(history.clock) if history.clock else None,
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


def _picture(points: Sequence[ClockPoint]) -> ClockPicture:
    language = language_of(get_language())
    most = max(10, *(abs(point.deviation_s) for point in points))
    first_on, last_on = points[0].day_on, points[-1].day_on
    days = max(1, (last_on - first_on).days)
    half = PICTURE_HEIGHT // 2

    def place(point: ClockPoint) -> str:
        x = (point.day_on - first_on).days * PICTURE_WIDTH // days
        return f"{x},{half - point.deviation_s * (half - 4) // most}"

    line = [place(point) for point in points]
    if len(points) == 1:
        # A single day is a level line.
        line.append(f"{PICTURE_WIDTH},{line[0].partition(',')[2]}")
    return ClockPicture(
        points=" ".join(line),
        limit_y=half - CLOCK_WRONG_S * (half - 4) // most if most >= CLOCK_WRONG_S else None,
        summary=_clock_summary(points),
        most=duration(timedelta(seconds=most)),
        first=short_date_text(first_on, language),
        last=short_date_text(last_on, language),
        rows=[(short_date_text(point.day_on, language), ahead(point.deviation_s)) for point in reversed(points)],
    )


def _clock_summary(points: Sequence[ClockPoint]) -> str:
    lowest, highest = (pick(point.deviation_s for point in points) for pick in (min, max))
    if lowest == highest:
        return _("Its clock: {now}.").format(now=ahead(points[-1].deviation_s))
    words = _("Its clock: {now}; at the lowest {lowest}, at the highest {highest}.")
    return words.format(now=ahead(points[-1].deviation_s), lowest=ahead(lowest), highest=ahead(highest))


def ahead(deviation_s: int) -> str:
    """Return how far a clock is off, in words."""
    if deviation_s == 0:
        return _("right to the second")
    length = duration(timedelta(seconds=abs(deviation_s)))
    return (_("{length} ahead") if deviation_s > 0 else _("{length} behind")).format(length=length)
