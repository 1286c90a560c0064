"""The voltage of a meter as texts: what the browser draws, what a person reads, and the table below."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.supply_voltage import VoltageStandard
from kilovatt.office.console.dated import day_spans
from kilovatt.office.console.voltage_drawn import drawn, instants_of
from kilovatt.office.documents.figures import NO_BREAK_SPACE, language_of, short_date_text, time_text, volts_text
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.operations.standing.voltages import (
    Disturbance,
    PhaseVoltages,
    VoltageDay,
    VoltagePicture,
    VoltagePoint,
    voltages,
)
from kilovatt.office.pages.words import event_sentence
from kilovatt.quantities.periods import local_date

VIEWS = {"day": 1, "week": 7, "month": 30}
"""So many days each of them shows; the last is the chosen one."""
DEFAULT_VIEW = "week"
LINES_MAX = 100
_PHASES = "ABC"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which days: a view and its last day."""

    view: str
    on: date
    today_on: date

    @property
    def first_on(self) -> date:
        """The first day."""
        return self.on - timedelta(days=VIEWS[self.view] - 1)

    def at(self, view: str, on: date) -> str:
        """Return another choice as an address says it."""
        return urlencode({"voltage": view, "on": min(on, self.today_on).isoformat()})

    @property
    def earlier(self) -> str:
        """The days before, as an address says them."""
        return self.at(self.view, self.first_on - _ONE_DAY)

    @property
    def later(self) -> str:
        """The days after, as an address says them; empty where none has come yet."""
        if self.on >= self.today_on:
            return ""
        return self.at(self.view, self.on + timedelta(days=VIEWS[self.view]))


@dataclass(frozen=True, slots=True)
class ViewOffer:
    """A view that can be chosen."""

    name: str
    query: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PhaseKey:
    """A phase below the picture: its number, its name, and its lowest and highest voltage."""

    number: int
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class VoltageCell:
    """What a phase had on a day or at an instant; `is_off` is beyond the limits."""

    says: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class VoltageLine:
    """A row of the table: a day or an instant, a cell for each phase, and the frame of an instant."""

    when: str
    cells: tuple[VoltageCell, ...]
    frame: FrameKey | None


@dataclass(frozen=True, slots=True)
class ShownDisturbance:
    """Something that a journal tells of the supply."""

    sentence: str
    is_outage: bool
    session_id: object
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownVoltage:
    """The voltage over some days as texts. `drawn` is for the browser."""

    title: str
    offers: tuple[ViewOffer, ...]
    earlier: str
    later: str
    summary: str
    limits: str
    phases: tuple[PhaseKey, ...]
    notes: tuple[str, ...]
    disturbances: tuple[ShownDisturbance, ...]
    has_outages: bool
    has_others: bool
    is_by_day: bool
    lines: tuple[VoltageLine, ...]
    left_out: int
    drawn: dict[str, Any]


def shown_voltage(row: BoardRow, asked: QueryDict, *, now: datetime) -> ShownVoltage | None:
    """Return the voltage of a meter on the days that are asked for; None for one that never tells of it."""
    choice = _choice(asked, today_on=local_date(now, row.zone))
    picture = voltages(row.meter_id, first_on=choice.first_on, until_on=choice.on + _ONE_DAY, zone=row.zone, now=now)
    if not row.model.instant_values and not picture.phases and not picture.disturbances:
        return None
    is_by_day = choice.view != "day"
    lines = tuple(_day_lines(picture) if is_by_day else _point_lines(picture, row))
    return ShownVoltage(
        title=_title(choice),
        offers=_offers(choice),
        earlier=choice.earlier,
        later=choice.later,
        summary=_summary(picture),
        limits=_("Within {low}–{high} V it is as {source} has it.").format(
            low=_volts(picture.standard.lowest_mv),
            high=_volts(picture.standard.highest_mv),
            source=picture.standard.source,
        ),
        phases=tuple(PhaseKey(one.phase, _phase_name(one, picture), _extremes(one)) for one in picture.phases),
        notes=tuple(_notes(picture)),
        disturbances=tuple(_shown(one, row) for one in picture.disturbances),
        has_outages=any(one.is_outage for one in picture.disturbances),
        has_others=any(not one.is_outage for one in picture.disturbances),
        is_by_day=is_by_day,
        lines=lines[:LINES_MAX],
        left_out=max(0, len(lines) - LINES_MAX),
        drawn=drawn(picture, row, names=[_phase_name(one, picture) for one in picture.phases]),
    )


def _choice(asked: QueryDict, *, today_on: date) -> Choice:
    view = asked.get("voltage", "")
    try:
        on = min(date.fromisoformat(asked.get("on", "")), today_on)
    except ValueError:
        on = today_on
    # A year that no calendar reaches back from is none that anybody asks for.
    on = max(on, date(2000, 1, 1))
    return Choice(view if view in VIEWS else DEFAULT_VIEW, on, today_on)


def _offers(choice: Choice) -> tuple[ViewOffer, ...]:
    names = {"day": _("Day"), "week": _("Week"), "month": _("30 days")}
    return tuple(ViewOffer(names[view], choice.at(view, choice.on), view == choice.view) for view in VIEWS)


def _title(choice: Choice) -> str:
    language = language_of(get_language())
    last = short_date_text(choice.on, language)
    if choice.view == "day":
        return _("Voltage, {days}").format(days=last)
    return _("Voltage, {days}").format(days=f"{short_date_text(choice.first_on, language)} – {last}")


# ── In words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _volts(voltage_mv: int) -> str:
    return volts_text(voltage_mv, language_of(get_language()))


def _phase_name(phase: PhaseVoltages, picture: VoltagePicture) -> str:
    if len(picture.phases) == 1:
        return _("voltage")
    return _("phase {which}").format(which=_PHASES[phase.phase - 1])


def _extremes(phase: PhaseVoltages) -> str:
    lowest, highest = phase.lowest.voltage_mv, phase.highest.voltage_mv
    if lowest == highest:
        return f"{_volts(lowest)}{NO_BREAK_SPACE}" + _("V")
    return f"{_volts(lowest)}–{_volts(highest)}{NO_BREAK_SPACE}" + _("V")


def _summary(picture: VoltagePicture) -> str:
    if not picture.phases:
        return _("No voltage was heard on these days.")
    said = [f"{_phase_name(one, picture)}: {_extremes(one)}" for one in picture.phases]
    words = "; ".join(said)
    samples = sum(len(one.points) for one in picture.phases)
    off = sum(one.off for one in picture.phases)
    tail = (
        ngettext("{off} of {n} sample is beyond the limits.", "{off} of {n} samples are beyond the limits.", samples)
        if off
        else ngettext("The one sample is within the limits.", "All {n} samples are within the limits.", samples)
    )
    return f"{words[:1].upper()}{words[1:]}. {tail.format(off=off, n=samples)}"


def _notes(picture: VoltagePicture) -> Iterator[str]:
    empty = [day.on for day in picture.days if not day.phases]
    if empty and picture.phases:
        words = ngettext("Not heard on {n} day: {days}.", "Not heard on {n} days: {days}.", len(empty))
        yield words.format(n=len(empty), days=day_spans(empty))


def _shown(disturbance: Disturbance, row: BoardRow) -> ShownDisturbance:
    sentence = event_sentence(disturbance.event, row.zone)
    return ShownDisturbance(sentence, disturbance.is_outage, disturbance.session_id, disturbance.exchange)


# ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _day_lines(picture: VoltagePicture) -> Iterator[VoltageLine]:
    language = language_of(get_language())
    for day in reversed(picture.days):
        cells = [_day_cell(day, number) for number in range(1, len(picture.phases) + 1)]
        yield VoltageLine(short_date_text(day.on, language), tuple(cells), None)


def _day_cell(day: VoltageDay, number: int) -> VoltageCell:
    told = next((phase for phase in day.phases if phase.phase == number), None)
    if told is None:
        return VoltageCell("—", is_off=False)
    if not told.off:
        return VoltageCell(_extremes(told), is_off=False)
    words = ngettext("{volts}, {n} beyond the limits", "{volts}, {n} beyond the limits", told.off)
    return VoltageCell(words.format(volts=_extremes(told), n=told.off), is_off=True)


def _point_lines(picture: VoltagePicture, row: BoardRow) -> Iterator[VoltageLine]:
    by_phase = [{point.taken_at: point for point in phase.points} for phase in picture.phases]
    for at in reversed(instants_of(picture)):
        points = [points.get(at) for points in by_phase]
        frame = next(point.frame for point in points if point is not None)
        cells = tuple(_point_cell(point, picture.standard) for point in points)
        yield VoltageLine(time_text(at, row.zone), cells, frame)


def _point_cell(point: VoltagePoint | None, standard: VoltageStandard) -> VoltageCell:
    if point is None:
        return VoltageCell("—", is_off=False)
    volts = f"{_volts(point.voltage_mv)}{NO_BREAK_SPACE}" + _("V")
    if not point.is_off:
        return VoltageCell(volts, is_off=False)
    words = _("{volts}, too low") if point.voltage_mv < standard.lowest_mv else _("{volts}, too high")
    return VoltageCell(words.format(volts=volts), is_off=True)
