"""What is wrong with a meter and what to do, in sentences: from the outcome, its duration and the rest of the line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise

from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.measure.vee import Rule
from kilovatt.office.documents.figures import language_of, short_date_text
from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.operations.standing.meter_file import Doubt
from kilovatt.office.pages.outcomes import ADVICE, Place
from kilovatt.office.pages.words import duration, event_sentence, unbilled_sentence


class Weight(StrEnum):
    """How much a sentence matters; also the colour of its dot, which never stands alone."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to know about a meter, and the page where something is done about it: its address and what is there."""

    weight: Weight
    text: str
    url: str = ""
    link: str = ""


def sentences(row: BoardRow, *, now: datetime) -> tuple[Sentence, ...]:
    """Return what to say of a meter, the worst first; one calm sentence when all is well."""
    said = tuple(_all(row, now))
    return said or (Sentence(Weight.GOOD, _("All is well.")),)


def _all(row: BoardRow, now: datetime) -> Iterator[Sentence]:
    if row.reason is Condition.NO_LINE or (row.reason is Condition.NOT_VISITED and row.outcome is not None):
        advice = ADVICE[row.reason]
        yield Sentence(Weight.BAD, f"{gettext(advice.means)} {gettext(advice.first)}")
    if row.outcome is None:
        yield Sentence(Weight.WARN, _("Not read yet."))
    elif row.outcome is not Outcome.OK:
        text = f"{_since(row, now)} {_reason(row.outcome, row)}".strip()
        yield Sentence(Weight.BAD if row.read_at is None or not _read_today(row, now) else Weight.WARN, text)
    for event in row.tampering[:2]:
        yield Sentence(Weight.WARN, event_sentence(event, row.zone))
    yield from _of_its_clock(row)
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
    """What the rest of the line says about where to look; nothing where it says nothing."""
    others = row.line.meters - 1
    if others == 0:
        return ""
    if row.line.answering == 0:
        return _(
            "Nothing on line {line} answers: look at the gateway, the interface's power and the bus itself."
        ).format(line=row.line.name)
    words = ngettext(
        "{n} other on line {line} answers: it is this meter itself or its branch. Call an electrician.",
        "{n} others on line {line} answer: it is this meter itself or its branch. Call an electrician.",
        row.line.answering,
    )
    return words.format(line=row.line.name, n=row.line.answering)


def _reason(outcome: Outcome, row: BoardRow) -> str:
    advice = ADVICE[outcome]
    means = gettext(advice.means)
    if advice.place is Place.LINE:
        means = _("Line {line}: {means}").format(line=row.line.name, means=means)
    # Of silence the rest of the line knows more than any rule.
    first = (_others(row) if outcome is Outcome.SILENCE else "") or gettext(advice.first)
    return f"{means} {first}"


def _of_its_clock(row: BoardRow) -> Iterator[Sentence]:
    if row.is_clock_wrong:
        yield Sentence(Weight.WARN, _clock(row))
    if row.held_apart:
        words = ngettext(
            "{n} value is held apart: a wrong clock has stamped it.",
            "{n} values are held apart: a wrong clock has stamped them.",
            row.held_apart,
        )
        page = reverse("held", args=[row.meter_id])
        yield Sentence(Weight.WARN, words.format(n=row.held_apart), page, _("Look and decide"))


def _clock(row: BoardRow) -> str:
    seconds = row.clock_deviation_s or 0
    length = duration(timedelta(seconds=abs(seconds)))
    if seconds > 0:
        return _("Its clock is {length} ahead.").format(length=length)
    return _("Its clock is {length} behind.").format(length=length)


def doubt_sentences(doubts: Sequence[Doubt]) -> list[str]:
    """Return the findings of the judgement, the newest first; days of which nothing is known are told as one span."""
    said: list[str] = []
    for is_empty, group in groupby(doubts, key=_is_empty_day):
        members = list(group)
        if is_empty and len(members) > 1:
            said += [_empty_days(span) for span in _spans(members)]
        else:
            said += [_doubt_sentence(doubt) for doubt in members]
    return said


def _is_empty_day(doubt: Doubt) -> bool:
    return doubt.rule is Rule.GAP and doubt.figures["missing_slots"] == doubt.figures["slots_of_day"]


def _spans(doubts: Sequence[Doubt]) -> list[list[Doubt]]:
    """Split days, the newest first, where they do not follow one another."""
    spans: list[list[Doubt]] = [[doubts[0]]]
    for later, earlier in pairwise(doubts):
        if later.day_on - earlier.day_on != timedelta(days=1):
            spans.append([])
        spans[-1].append(earlier)
    return spans


def _empty_days(span: Sequence[Doubt]) -> str:
    if len(span) == 1:
        return _doubt_sentence(span[0])
    language = language_of(get_language())
    words = ngettext(
        "{first} to {last}: nothing is known of {n} day.", "{first} to {last}: nothing is known of {n} days.", len(span)
    )
    first, last = (short_date_text(doubt.day_on, language) for doubt in (span[-1], span[0]))
    return words.format(first=first, last=last, n=len(span))


def _doubt_sentence(doubt: Doubt) -> str:
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
