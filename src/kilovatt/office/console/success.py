"""How well meters are read, as the operator's pages show it: figures that open what is behind them, and lines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _

from kilovatt.office.console.filters import INCOMPLETE, MONTHLESS, UNREAD, WHY
from kilovatt.office.console.sentences import Sentence, Weight
from kilovatt.office.documents.figures import language_of
from kilovatt.office.operations.standing.rates import WHOLE_DAYS, Rate, Success
from kilovatt.office.operations.standing.site_status import LineStatus, Reason, SiteStatus
from kilovatt.office.pages.outcomes import ADVICE


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A share of the meters. `show` is the filter of the board that has those it lacks."""

    show: str
    percent: str
    title: str
    counted: str
    lacking: str
    weight: Weight
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ShownReason:
    """Why some meters have no data, and what to do first."""

    show: str
    meters: int
    name: str
    means: str
    first: str


@dataclass(frozen=True, slots=True)
class ShownLine:
    """How a line does."""

    line_id: int
    name: str
    read: str
    whole_days: str
    month_starts: str
    due: str
    holder: str
    weight: Weight
    reason: str
    first: str


def shown_figures(success: Success, *, chosen: str) -> list[ShownFigure]:
    """Return the figures above the board; of none of none there is none."""
    told = (
        (UNREAD, success.read, _("read within a day")),
        (INCOMPLETE, success.whole_days, _("whole days for {n} days").format(n=WHOLE_DAYS)),
        (MONTHLESS, success.month_starts, _("both month starts known")),
    )
    return [
        ShownFigure(
            show=show,
            percent=percent_text(rate),
            title=title,
            counted=counted_text(rate),
            lacking=_lacking(rate),
            weight=weight(rate),
            is_chosen=show == chosen,
        )
        for show, rate, title in told
        if rate.of
    ]


def _lacking(rate: Rate) -> str:
    if not rate.lacking:
        return _("all")
    return ngettext("{n} is not", "{n} are not", rate.lacking).format(n=rate.lacking)


def percent_text(rate: Rate) -> str:
    """Return a share with a tenth of a percent, rounded down."""
    tenths = rate.tenths_of_percent
    if tenths is None:
        return "—"
    point = "." if language_of(get_language()) == "en" else ","
    return f"{tenths // 10}{point}{tenths % 10}\u00a0%" if tenths % 10 else f"{tenths // 10}\u00a0%"


def counted_text(rate: Rate) -> str:
    """Return so many of so many."""
    return _("{done} of {all}").format(done=rate.done, all=rate.of) if rate.of else "—"


def weight(rate: Rate) -> Weight:
    """Return how much a share matters; the colour of its dot."""
    tenths = rate.tenths_of_percent
    if tenths is None or tenths == 1000:
        return Weight.GOOD
    return Weight.WARN if tenths >= 900 else Weight.BAD


def shown_reasons(reasons: Mapping[Reason, int]) -> list[ShownReason]:
    """Return why meters have no data, the commonest first."""
    return [
        ShownReason(
            show=f"{WHY}{reason.value}",
            meters=meters,
            name=gettext(ADVICE[reason].name),
            means=gettext(ADVICE[reason].means),
            first=gettext(ADVICE[reason].first),
        )
        for reason, meters in reasons.items()
    ]


def shown_line(line: LineStatus) -> ShownLine:
    """Return a line as texts."""
    reason = line.commonest_reason
    return ShownLine(
        line_id=line.line_id,
        name=line.name,
        read=counted_text(line.success.read),
        whole_days=counted_text(line.success.whole_days),
        month_starts=counted_text(line.success.month_starts),
        due=_due(line),
        holder=holder_text(line),
        weight=weight(line.success.read),
        reason=gettext(ADVICE[reason].name) if reason else "",
        first=gettext(ADVICE[reason].first) if reason else "",
    )


def _due(line: LineStatus) -> str:
    if not line.overdue:
        return str(line.due)
    words = ngettext("{n}, {overdue} for over an hour", "{n}, {overdue} for over an hour", line.overdue)
    return words.format(n=line.due, overdue=line.overdue)


def holder_text(line: LineStatus) -> str:
    """Return which process holds a line."""
    if line.held_until is None:
        return _("nobody")
    return line.holder or _("a process")


def who_reads(status: SiteStatus, instant: Callable[[datetime], str]) -> Iterator[Sentence]:
    """Return in sentences which processes hold lines and what is due."""
    if not status.lines_held and status.lines:
        yield Sentence(Weight.BAD, _("No process holds any line: nothing is read now. Start kilovatt serve."))
    for holder, held in sorted(status.holders.items()):
        words = ngettext("{holder} holds {n} line.", "{holder} holds {n} lines.", held)
        yield Sentence(Weight.GOOD, words.format(holder=holder or _("a process"), n=held))
    idle = len(status.lines) - status.lines_held
    if idle and status.lines_held:
        words = ngettext("{n} line is held by nobody.", "{n} lines are held by nobody.", idle)
        yield Sentence(Weight.BAD, words.format(n=idle))
    due = ngettext("{n} meter is due now.", "{n} meters are due now.", status.due).format(n=status.due)
    yield Sentence(Weight.GOOD, due if status.due else _("No meter is due now."))
    if status.longest_due_at is not None and status.overdue:
        words = ngettext(
            "{n} meter has been due for more than an hour; the longest since {at}.",
            "{n} meters have been due for more than an hour; the longest since {at}.",
            status.overdue,
        )
        yield Sentence(Weight.WARN, words.format(n=status.overdue, at=instant(status.longest_due_at)))
    if status.waited_for:
        words = ngettext(
            "{n} meter is read at once for somebody who waits.",
            "{n} meters are read at once for somebody who waits.",
            status.waited_for,
        )
        yield Sentence(Weight.GOOD, words.format(n=status.waited_for))


def missing_days(status: SiteStatus) -> list[str]:
    """Return in sentences how many days of load profiles are missing."""
    gaps = status.gaps
    said = []
    if gaps.open_days:
        of_meters = ngettext("of {n} meter", "of {n} meters", gaps.open_meters).format(n=gaps.open_meters)
        words = ngettext(
            "{n} day {of_meters} is still asked for.", "{n} days {of_meters} are still asked for.", gaps.open_days
        )
        said.append(words.format(n=gaps.open_days, of_meters=of_meters))
    for lost, days in sorted(gaps.lost_days.items()):
        words = ngettext("{n} day is lost: {because}.", "{n} days are lost: {because}.", days)
        said.append(words.format(n=days, because=lost_because(lost)))
    return said


def lost_because(lost: str) -> str:
    """Return why nobody asks for a day any more; nothing for one that is asked for."""
    return {
        "": "",
        "too_old": _("older than the meter's memory"),
        "not_in_meter": _("the meter itself has nothing for it"),
    }[lost]
