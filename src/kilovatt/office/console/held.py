"""What is held apart of a meter, as texts: why, what its stamps say, and what can become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.clock_faults import ClockFault
from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay
from kilovatt.measure.metering.registers import TOTAL_TARIFF, RegisterMoment, RegisterReading
from kilovatt.office.console.clock_shown import ahead
from kilovatt.office.console.shown import quantity_name
from kilovatt.office.documents.figures import instant_text, kwh_text, language_of
from kilovatt.office.operations.clocks.held_apart import HeldValue
from kilovatt.office.operations.clocks.held_file import Decision, HeldGroup, Settlement
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.pages.words import code_name, duration, event_name

_UWH_PER_WH = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHeld:
    """A value held apart as texts. `moved`: of which instant it is if it is moved by what its clock was off."""

    held_id: int
    what: str
    stamped: str
    moved: str
    frame: FrameKey | None


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """Something that can be decided: its stable name, what it is called, and what it does."""

    name: str
    title: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """What one session brought that is held apart, as texts."""

    key: str
    title: str
    why: str
    stamps: str
    values: tuple[ShownHeld, ...]
    decisions: tuple[ShownDecision, ...]
    is_moved: bool
    """Whether a correction is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSettlement:
    """A decision as texts."""

    at: str
    by: str
    what: str
    because: str
    is_released: bool


def shown_group(group: HeldGroup, row: BoardRow) -> ShownGroup:
    """Return a group as texts."""
    words = _("Read {heard}; its clock then showed {showed}: {off}.")
    is_moved = Decision.BY_ITS_CLOCK in group.decisions
    return ShownGroup(
        key=group.key,
        title=words.format(
            heard=_instant(group.heard_at, row), showed=_instant(group.showed_at, row), off=ahead(group.clock_ahead_s)
        ),
        why=fault_words(group.fault),
        stamps=stamps_words(group),
        values=tuple(_shown(value, row, is_moved=is_moved) for value in group.values),
        decisions=tuple(shown_decision(decision, group.clock_ahead_s) for decision in group.decisions),
        is_moved=is_moved,
    )


def fault_words(fault: ClockFault) -> str:
    """Return in which way a clock is wrong and what to do about it, in sentences."""
    return {
        ClockFault.STARTED_ANEW: _(
            "That is the year its calendar starts with: it was without any power, and its battery is empty. "
            "Have the battery replaced and the clock set."
        ),
        ClockFault.STOOD_STILL: _(
            "Between two readings it stood still: no one correction fits all that it has stamped. "
            "Have the meter replaced."
        ),
        ClockFault.OTHER_ZONE: _(
            "It is whole hours off: it was set by the time of another zone, or by summer time. Have the clock set."
        ),
        ClockFault.AHEAD: _("It was set wrongly, or it is broken: have the clock set, and see whether it keeps time."),
        ClockFault.BEHIND: _("It was set wrongly, or it is broken: have the clock set, and see whether it keeps time."),
    }[fault]


def stamps_words(group: HeldGroup) -> str:
    """Return whether the stamps may be right, in sentences."""
    if group.may_be_right:
        return _(
            "These stamps lie between the meter's installation and this reading. "
            "If the clock went wrong only after them, they are right as they are."
        )
    return _("These stamps cannot be right: the meter did not stand there then, or the time was still to come.")


def shown_decision(decision: Decision, clock_ahead_s: int) -> ShownDecision:
    """Return something that can be decided, as texts."""
    if decision is Decision.DISCARD:
        does = _("It is never billed. It stays on record with the reason, and is not held apart again.")
        return ShownDecision(decision.value, _("Discard"), does)
    if decision is Decision.AS_STAMPED:
        title = _("Accept as it is stamped")
    else:
        length = duration(timedelta(seconds=abs(clock_ahead_s)))
        later = _("Accept, moved {length} later") if clock_ahead_s < 0 else _("Accept, moved {length} earlier")
        title = later.format(length=length)
    does = _("From then on it counts as any other reading, and bills are made of it; it is marked as edited by hand.")
    return ShownDecision(decision.value, title, does)


def _shown(value: HeldValue, row: BoardRow, *, is_moved: bool) -> ShownHeld:
    return ShownHeld(
        held_id=value.held_id,
        what=value_words(value),
        stamped=_instant(value.stamped_at, row),
        moved=_moved_text(value, row) if is_moved else "",
        frame=value.frame,
    )


def _moved_text(value: HeldValue, row: BoardRow) -> str:
    return _("in the future") if value.moved_at is None else _instant(value.moved_at, row)


def value_words(value: HeldValue) -> str:
    """Return what was held apart, in words."""
    language = language_of(get_language())
    match value.value:
        case RegisterReading() as register:
            tariff = _("total") if register.tariff == TOTAL_TARIFF else f"T{register.tariff}"
            words = _("{quantity} {tariff}: {kwh} kWh {moment}")
            return words.format(
                quantity=quantity_name(register.quantity),
                tariff=tariff,
                kwh=kwh_text(register.value, language, decimals=3),
                moment=_moments()[register.moment],
            ).strip()
        case MeterDay() as day:
            known = sum(quality & RANK_MASK > 0 for quality in day.qualities)
            words = ngettext("load profile: {n} interval, {kwh} kWh", "load profile: {n} intervals, {kwh} kWh", known)
            return words.format(n=known, kwh=kwh_text(sum(day.a_plus) * day.uwh_per_count // _UWH_PER_WH, language))
        case MeterEvent() as event:
            return _("event: {name}").format(name=code_name(event.code) or event_name(event.kind))


def _moments() -> Mapping[RegisterMoment, str]:
    return {
        RegisterMoment.NOW: "",
        RegisterMoment.DAY_START: _("at the start of the day"),
        RegisterMoment.MONTH_START: _("at the start of the month"),
    }


def counted(values: int) -> str:
    """Return so many values."""
    return ngettext("{n} value", "{n} values", values).format(n=values)


def shown_settlement(settlement: Settlement, row: BoardRow) -> ShownSettlement:
    """Return a decision as texts."""
    if not settlement.is_released:
        what = _("{values} discarded").format(values=counted(settlement.values))
    elif settlement.moved_by_s == 0:
        what = _("{values} accepted as stamped").format(values=counted(settlement.values))
    else:
        length = duration(timedelta(seconds=abs(settlement.moved_by_s)))
        later = (
            _("{values} accepted, moved {length} later")
            if settlement.moved_by_s > 0
            else _("{values} accepted, moved {length} earlier")
        )
        what = later.format(values=counted(settlement.values), length=length)
    return ShownSettlement(
        at=_instant(settlement.settled_at, row),
        by=settlement.by or "—",
        what=what,
        because=settlement.because,
        is_released=settlement.is_released,
    )


def _instant(at: datetime, row: BoardRow) -> str:
    return instant_text(at, row.zone, language_of(get_language()))
