"""What is wrong with a meter and what to do, in sentences: from the outcome, its duration and the rest of the line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.vee import Rule
from kilovatt.office.documents.figures import instant_text, language_of, short_date_text
from kilovatt.office.operations.board import BoardRow, NoticedEvent
from kilovatt.office.operations.meter_file import Doubt


class Weight(StrEnum):
    """How much a sentence matters; also the colour of its dot, which never stands alone."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to know about a meter."""

    weight: Weight
    text: str


def sentences(row: BoardRow, *, now: datetime) -> tuple[Sentence, ...]:
    """Return what to say of a meter, the worst first; one calm sentence when all is well."""
    said = tuple(_all(row, now))
    return said or (Sentence(Weight.GOOD, _("All is well.")),)


def _all(row: BoardRow, now: datetime) -> Iterator[Sentence]:
    if row.outcome is None:
        yield Sentence(Weight.WARN, _("Not read yet."))
    elif row.outcome is not Outcome.OK:
        text = f"{_since(row, now)} {_reason(row.outcome, row)}".strip()
        yield Sentence(Weight.BAD if row.read_at is None or not _read_today(row, now) else Weight.WARN, text)
    for event in row.tampering[:2]:
        yield Sentence(Weight.WARN, event_sentence(event, row))
    if row.is_clock_wrong:
        yield Sentence(Weight.WARN, _clock(row))
    if row.is_incomplete and not row.is_silent:
        holes = sum(day is None or not day.is_complete for day in row.days)
        words = ngettext(
            "{n} day has holes; they are asked for again by themselves.",
            "{n} days have holes; they are asked for again by themselves.",
            holes,
        )
        yield Sentence(Weight.WARN, words.format(n=holes))
    if row.unbilled_reason:
        yield Sentence(Weight.BAD, unbilled_sentence(row.unbilled_reason))


def _read_today(row: BoardRow, now: datetime) -> bool:
    return row.read_at is not None and now - row.read_at < timedelta(days=1)


def _since(row: BoardRow, now: datetime) -> str:
    days = (now - row.silent_since_at).days + 1 if row.silent_since_at is not None else 1
    if days < 2:
        return ""
    return ngettext("For {n} day now.", "For {n} days now.", days).format(n=days)


def _others(row: BoardRow) -> str:
    """What the rest of the line says about where to look."""
    others = row.line.meters - 1
    if others == 0:
        return ""
    if row.line.answering == 0:
        return _(
            "Nothing on line {line} answers: look at the gateway, the interface's power and the bus itself."
        ).format(line=row.line.name)
    words = ngettext(
        "On line {line} {n} other answers: it is this meter itself or its branch. Call an electrician.",
        "On line {line} {n} others answer: it is this meter itself or its branch. Call an electrician.",
        row.line.answering,
    )
    return words.format(line=row.line.name, n=row.line.answering)


def _reason(outcome: Outcome, row: BoardRow) -> str:
    if outcome is Outcome.SILENCE:
        return f"{_('It does not answer.')} {_others(row)}".strip()
    return {
        Outcome.NO_ROUTE: _("Line {line} cannot be reached. Check the gateway's power, its address and the network."),
        Outcome.ECHO: _(
            "Line {line} only repeats what we send. Switch the adapter's echo off and check that the bus is connected."
        ),
        Outcome.NOISE: _(
            "Its answers come damaged. Check the speed, the cable, its termination and the common wire of the bus."
        ),
        Outcome.WRONG_PASSWORD: _(
            "The password does not fit: it was changed at the meter. "
            "Look at its journal of reprogramming, then enter the right one."
        ),
        Outcome.CHANNEL_CLOSED: _(
            "It closes the channel although it was opened. Check that no other program reads it at the same time."
        ),
        Outcome.REFUSED: _("It refuses what it is asked. It may be another model than the one on record."),
        Outcome.ANOTHER_METER: _(
            "Another meter answers at its address. Check its serial number: it may have been exchanged."
        ),
    }[outcome].format(line=row.line.name)


def _clock(row: BoardRow) -> str:
    seconds = row.clock_deviation_s or 0
    length = duration(timedelta(seconds=abs(seconds)))
    if seconds > 0:
        return _("Its clock is {length} ahead.").format(length=length)
    return _("Its clock is {length} behind.").format(length=length)


def event_sentence(event: NoticedEvent, row: BoardRow) -> str:
    """Return an event in a sentence with its local time and how long it went on."""
    began = local_time(event.began_at, row)
    name = event_name(event.kind)
    if event.ended_at is None:
        return _("{event} since {began}, not over yet.").format(event=name, began=began)
    length = duration(event.ended_at - event.began_at)
    return _("{event} {began}, for {length}.").format(event=name, began=began, length=length)


def event_name(kind: EventKind) -> str:
    """Return the name of a kind of event, as the beginning of a sentence."""
    return {
        EventKind.POWER_OFF: pgettext("event", "No supply"),
        EventKind.CLOCK_SET: pgettext("event", "Clock set"),
        EventKind.CASE_OPENED: pgettext("event", "Case opened"),
        EventKind.TERMINAL_COVER_OPENED: pgettext("event", "Terminal cover opened"),
        EventKind.MAGNETIC_FIELD: pgettext("event", "Magnetic field"),
        EventKind.REPROGRAMMED: pgettext("event", "Reprogrammed"),
        EventKind.TARIFF_TABLE_CHANGED: pgettext("event", "Tariff table changed"),
        EventKind.RELAY_OPENED: pgettext("event", "Relay opened"),
        EventKind.RELAY_CLOSED: pgettext("event", "Relay closed"),
        EventKind.RELAY_PERMITTED: pgettext("event", "Relay permitted"),
        EventKind.POWER_LIMIT_EXCEEDED: pgettext("event", "Power limit exceeded"),
        EventKind.PHASE_LOST: pgettext("event", "Phase lost"),
        EventKind.CURRENT_REVERSED: pgettext("event", "Current reversed"),
        EventKind.VOLTAGE_OUT_OF_LIMITS: pgettext("event", "Voltage out of limits"),
        EventKind.ENERGY_RESET: pgettext("event", "Energy reset"),
        EventKind.PROFILE_RESTARTED: pgettext("event", "Load profile restarted"),
        EventKind.METER_FAULT: pgettext("event", "Fault of the meter"),
    }[kind]


def unbilled_sentence(reason: str) -> str:
    """Return why there is no bill for the last month."""
    known = {
        "missing_register": _("No bill for the last month: a register at its first or last midnight is missing."),
        "register_went_down": _("No bill for the last month: a register went down."),
        "zone_not_counted": _("No bill for the last month: the meter does not count a zone of the tariff plan."),
        "tariff_without_zone": _("No bill for the last month: the meter counted in a tariff that has no zone."),
        "no_meter": _("No bill for the last month: no meter stood there for some of it."),
        "no_price": _("No bill for the last month: the account has no tariff plan with prices for it."),
    }
    return known.get(reason, _("No bill for the last month."))


def local_time(at: datetime, row: BoardRow) -> str:
    """Return an instant where the meter is, to the minute."""
    return instant_text(at, row.zone, language_of(get_language()))


def duration(length: timedelta) -> str:
    """Return a length of time in the two largest units that matter."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = []
    if days:
        parts.append(_("{n} d").format(n=days))
    if hours:
        parts.append(_("{n} h").format(n=hours))
    if minutes and not days:
        parts.append(_("{n} min").format(n=minutes))
    if not days and not hours and (seconds or not minutes):
        parts.append(_("{n} s").format(n=seconds))
    return " ".join(parts)


def doubt_sentence(doubt: Doubt) -> str:
    """Return a finding of the judgement in a sentence with its figures."""
    words = {
        Rule.GAP: _("{day}: {missing_slots} of {slots_of_day} intervals are missing."),
        Rule.NEGATIVE: _("{day}: the register of tariff {tariff} went down, from {earlier_wh} to {later_wh} Wh."),
        Rule.SPIKE: _("{day}: {power_w} W in one interval, far above what the days before make believable."),
        Rule.REGISTER_MISMATCH: _(
            "From {day} on: the registers counted {register_wh} Wh, the intervals {intervals_wh} Wh "
            "(tolerance {tolerance_wh} Wh)."
        ),
        Rule.TARIFF_SUM: _("{day}: the total shows {total_wh} Wh, the tariffs together {tariffs_wh} Wh."),
        Rule.CLOCK_WRONG: _("{day}: the clock is off by {deviation_s} s (limit {limit_s} s)."),
        Rule.FUTURE: _("{day}: {future_slots} intervals had not ended when they were read."),
    }[doubt.rule]
    return words.format(day=short_date_text(doubt.day_on, language_of(get_language())), **doubt.figures)
