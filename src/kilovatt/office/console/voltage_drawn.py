"""The voltage of a meter as figures for the browser: lines, limits, hatched days, and what journals tell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.office.documents.figures import NO_BREAK_SPACE, language_of, short_date_text, time_text
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.operations.standing.voltages import Disturbance, VoltagePicture
from kilovatt.office.pages.words import event_sentence
from kilovatt.quantities.periods import days_from, local_midnight

POINTS_MAX = 1_500
"""What is more is thinned to the extremes: a picture has no more places than that."""
_ONE_DAY = timedelta(days=1)


def instants_of(picture: VoltagePicture) -> list[datetime]:
    """Return when a voltage was sampled, in order."""
    return sorted({point.taken_at for phase in picture.phases for point in phase.points})


def drawn(picture: VoltagePicture, row: BoardRow, *, names: Sequence[str]) -> dict[str, Any]:
    """Return a picture for the browser: instants [s since 1970], voltages [mV], and `names` of the phases."""
    by_phase = [{point.taken_at: point.voltage_mv for point in phase.points} for phase in picture.phases]
    times, series = _lines(picture, by_phase)
    ends_at = local_midnight(picture.until_on, row.zone)
    return {
        "from": int(picture.since.timestamp()),
        "to": int(ends_at.timestamp()),
        "times": times,
        "phases": series,
        "names": list(names),
        "low": picture.standard.lowest_mv,
        "high": picture.standard.highest_mv,
        "zone": row.zone.key,
        "unit": _("V"),
        "isDay": len(picture.days) == 1,
        "ticks": list(_ticks(picture, row)),
        "empty": [_span(day.on, row) for day in picture.days if not day.phases],
        "disturbances": [_drawn_disturbance(one, picture, row) for one in picture.disturbances],
    }


def _lines(
    picture: VoltagePicture, by_phase: Sequence[Mapping[datetime, int]]
) -> tuple[list[int], list[list[int | None]]]:
    """Return instants and the voltages of each phase; where a line is to break, there is a place without any."""
    instants = instants_of(picture)
    kept = _thinned(instants, by_phase)
    times: list[int] = []
    series: list[list[int | None]] = [[] for _phase in by_phase]
    before: datetime | None = None
    is_broken = False
    for at in instants:
        is_broken |= before is not None and at - before > picture.gap_after
        before = at
        if at not in kept:
            continue
        if is_broken:
            _append(times, series, times[-1] + 1, [None] * len(series))
        is_broken = False
        _append(times, series, int(at.timestamp()), [known.get(at) for known in by_phase])
    return times, series


def _append(times: list[int], series: Sequence[list[int | None]], at: int, values: Iterable[int | None]) -> None:
    times.append(at)
    for one, value in zip(series, values, strict=True):
        one.append(value)


def _thinned(instants: Sequence[datetime], by_phase: Sequence[Mapping[datetime, int]]) -> frozenset[datetime]:
    """Return the first instant, and of each stretch those at which some phase is at its lowest or highest."""
    if len(instants) <= POINTS_MAX:
        return frozenset(instants)
    stretch = -(-len(instants) * 2 * len(by_phase) // POINTS_MAX)
    kept = {instants[0]}
    for start in range(0, len(instants), stretch):
        for known in by_phase:
            heard = [at for at in instants[start : start + stretch] if at in known]
            if heard:
                kept |= {min(heard, key=known.__getitem__), max(heard, key=known.__getitem__)}
    return frozenset(kept)


def _ticks(picture: VoltagePicture, row: BoardRow) -> Iterator[list[int | str]]:
    """Where the axis is labelled: every third hour of a day, or every midnight."""
    days = days_from(picture.first_on, picture.until_on - _ONE_DAY)
    if len(days) == 1:
        since = local_midnight(picture.first_on, row.zone)
        for hours in range(0, 25, 3):
            at = since + timedelta(hours=hours)
            yield [int(at.timestamp()), time_text(at, row.zone)]
        return
    for on in days:
        # Day and month alone: the year is in the title.
        label = short_date_text(on, language_of(get_language()))[:-4].rstrip(f".{NO_BREAK_SPACE}")
        yield [int(local_midnight(on, row.zone).timestamp()), label]


def _span(on: date, row: BoardRow) -> list[int]:
    return [int(local_midnight(day, row.zone).timestamp()) for day in (on, on + _ONE_DAY)]


def _drawn_disturbance(disturbance: Disturbance, picture: VoltagePicture, row: BoardRow) -> dict[str, Any]:
    event = disturbance.event
    began_at = max(event.began_at, picture.since)
    ended_at = event.began_at if disturbance.is_moment else min(event.ended_at or picture.until, picture.until)
    return {
        "from": int(began_at.timestamp()),
        "to": int(max(began_at, ended_at).timestamp()),
        "isOutage": disturbance.is_outage,
        "says": event_sentence(event, row.zone),
    }
