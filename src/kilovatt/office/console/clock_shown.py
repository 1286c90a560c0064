"""The way of a meter's clock as its page shows it: a picture with its corrections marked, a sentence, and a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.office.documents.figures import MINUS, NO_BREAK_SPACE, language_of, short_date_text
from kilovatt.office.operations.standing.board import CLOCK_WRONG_S
from kilovatt.office.operations.standing.meter_history import ClockMove, ClockPoint, MeterHistory
from kilovatt.office.pages.words import duration

PICTURE_WIDTH, PICTURE_HEIGHT = 600, 120
"""Of the picture, in its own units."""
_LEAST_S = 10
"""A clock that is right is not drawn as a storm."""
_HALF, _MARGIN = PICTURE_HEIGHT // 2, 4
_TENTHS_MS = 100


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A day on which the clock was read or moved."""

    day: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPicture:
    """The way of a clock: a polyline; its middle is no deviation, and `limit_y` is where one is told of.

    `moves_x`: where it was moved.
    """

    points: str
    limit_y: int | None
    moves_x: tuple[int, ...]
    summary: str
    drift: str
    most: str
    first: str
    last: str
    rows: list[ClockRow]
    """The newest first."""

    @property
    def mirrored_limit_y(self) -> int | None:
        """The limit on the other side of the middle."""
        return None if self.limit_y is None else PICTURE_HEIGHT - self.limit_y


def clock_picture(history: MeterHistory) -> ClockPicture:
    """Return the way of a clock that was read at least once."""
    language = language_of(get_language())
    points = history.clock
    most = max(_LEAST_S, *(abs(point.deviation_s) for point in points))
    first_on, last_on = points[0].day_on, points[-1].day_on
    days = max(1, (last_on - first_on).days)

    def across(on: date) -> int:
        return (on - first_on).days * PICTURE_WIDTH // days

    line = [f"{across(point.day_on)},{_HALF - point.deviation_s * (_HALF - _MARGIN) // most}" for point in points]
    if len(points) == 1:
        # A single day is a level line.
        line.append(f"{PICTURE_WIDTH},{line[0].partition(',')[2]}")
    seen = [move for move in history.clock_moves if first_on <= move.on <= last_on]
    return ClockPicture(
        points=" ".join(line),
        limit_y=_HALF - CLOCK_WRONG_S * (_HALF - _MARGIN) // most if most >= CLOCK_WRONG_S else None,
        moves_x=tuple(sorted({across(move.on) for move in seen})),
        summary=_summary(points),
        drift=_drift(history.drift_ms_per_day),
        most=duration(timedelta(seconds=most)),
        first=short_date_text(first_on, language),
        last=short_date_text(last_on, language),
        rows=list(_rows(points, history.clock_moves)),
    )


def _summary(points: Sequence[ClockPoint]) -> str:
    lowest, highest = (pick(point.deviation_s for point in points) for pick in (min, max))
    if lowest == highest:
        return _("Its clock: {now}.").format(now=ahead(points[-1].deviation_s))
    words = _("Its clock: {now}; at the lowest {lowest}, at the highest {highest}.")
    return words.format(now=ahead(points[-1].deviation_s), lowest=ahead(lowest), highest=ahead(highest))


def _drift(ms_per_day: int | None) -> str:
    if ms_per_day is None:
        return _("By how much it gains or loses a day is known after three days without a correction.")
    # A tenth of a second is all that whole seconds of some weeks can tell.
    tenths = (abs(ms_per_day) + _TENTHS_MS // 2) // _TENTHS_MS
    if tenths == 0:
        return _("It keeps our time.")
    point = "." if language_of(get_language()) == "en" else ","
    words = _("It gains {seconds} s a day.") if ms_per_day > 0 else _("It loses {seconds} s a day.")
    return words.format(seconds=f"{tenths // 10}{point}{tenths % 10}")


def _rows(points: Sequence[ClockPoint], moves: Sequence[ClockMove]) -> Iterator[ClockRow]:
    language = language_of(get_language())
    # On the day it was moved, the move is told after what was read last that day.
    told = [(point.day_on, 0, ahead(point.deviation_s)) for point in points]
    told += [(move.on, 1, _move_words(move)) for move in moves]
    for on, _order, says in sorted(told, reverse=True):
        yield ClockRow(short_date_text(on, language), says)


def _move_words(move: ClockMove) -> str:
    if move.by_s is None:
        words = _("set from here") if move.is_ours else _("set, as its journal tells")
    else:
        words = _("moved by {seconds} from here") if move.is_ours else _("moved by {seconds}, as its journal tells")
    sign = MINUS if (move.by_s or 0) < 0 else "+"
    told = words.format(seconds=f"{sign}{abs(move.by_s or 0)}{NO_BREAK_SPACE}" + _("s"))
    return told if move.is_sure else _("{told}, not proved yet").format(told=told)


def ahead(deviation_s: int) -> str:
    """Return how far a clock is off, in words."""
    if deviation_s == 0:
        return _("right to the second")
    length = duration(timedelta(seconds=abs(deviation_s)))
    return (_("{length} ahead") if deviation_s > 0 else _("{length} behind")).format(length=length)
