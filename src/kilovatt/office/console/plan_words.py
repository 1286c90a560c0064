"""What a reading plan means, in sentences: how often, in which hours, what is read, and what is then not known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.schedules import ReadingSchedule
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.reading.plan_editing import Reach
from kilovatt.office.records.models import ReadingPlan

_DAY_MINUTES, _HOUR_MINUTES = 1440, 60
_DAY_S = 86_400


class Planned(Protocol):
    """A plan, on record or as it is being filled in."""

    @property
    def every_minutes(self) -> int: ...
    @property
    def opens(self) -> time | None: ...
    @property
    def closes(self) -> time | None: ...
    @property
    def reads_registers(self) -> bool: ...
    @property
    def reads_profile(self) -> bool: ...
    @property
    def reads_samples(self) -> bool: ...
    @property
    def reads_journals(self) -> bool: ...
    @property
    def reads_quality(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class PlanSaid:
    """One sentence about a plan, and the colour of its dot."""

    text: str
    dot: str = ""


def how_often(plan: Planned) -> str:
    """Return how often and in which hours each meter is visited."""
    every = _every(plan.every_minutes)
    if plan.opens is None or plan.closes is None:
        return _("Each meter is visited {every}.").format(every=every)
    hours = {"opens": plan.opens.strftime("%H:%M"), "closes": plan.closes.strftime("%H:%M")}
    if plan.every_minutes * 60 < _window_s(plan):
        words = _("Each meter is visited {every} between {opens} and {closes}, by its local time.")
        return words.format(every=every, **hours)
    days = max(1, -(-plan.every_minutes // _DAY_MINUTES))
    words = ngettext(
        "Each meter is visited once a day, between {opens} and {closes} by its local time.",
        "Each meter is visited once in {n} days, between {opens} and {closes} by its local time.",
        days,
    )
    return words.format(n=days, **hours)


def _every(minutes: int) -> str:
    if minutes % _DAY_MINUTES == 0:
        days = minutes // _DAY_MINUTES
        return ngettext("every day", "every {n} days", days).format(n=days)
    if minutes % _HOUR_MINUTES == 0:
        hours = minutes // _HOUR_MINUTES
        return ngettext("every hour", "every {n} hours", hours).format(n=hours)
    return ngettext("every minute", "every {n} minutes", minutes).format(n=minutes)


def _window_s(plan: Planned) -> int:
    return ReadingSchedule(opens=plan.opens, closes=plan.closes).window_s()


def visits_a_day(plan: Planned, meters: int) -> int:
    """Return about how many visits a day some meters take by a plan."""
    each_s = plan.every_minutes * 60
    if plan.opens is None:
        return meters * _DAY_S // each_s
    window_s = _window_s(plan)
    return meters * (-(-window_s // each_s)) if each_s < window_s else meters * _DAY_S // max(each_s, _DAY_S)


def what_is_read(plan: Planned) -> str:
    """Return what a visit reads."""
    names = {
        "reads_registers": _("registers"),
        "reads_profile": _("load profile"),
        "reads_samples": _("voltages, currents and power"),
        "reads_journals": _("journals"),
        "reads_quality": _("journals of quality"),
    }
    return _("Read are: {parts}.").format(parts=", ".join(name for key, name in names.items() if getattr(plan, key)))


def consequences(plan: Planned, reach: Reach | None, *, zone: ZoneInfo) -> list[PlanSaid]:
    """Return what follows from a plan; `reach` where it is known for whom it holds."""
    return [PlanSaid(how_often(plan), "good"), *_rest(plan, reach, zone)]


def _rest(plan: Planned, reach: Reach | None, zone: ZoneInfo) -> Iterator[PlanSaid]:
    if reach is not None and reach.meters:
        visits = visits_a_day(plan, reach.meters)
        words = ngettext(
            "{n} meter: about {visits} visits a day.", "{n} meters: about {visits} visits a day.", reach.meters
        )
        yield PlanSaid(words.format(n=reach.meters, visits=visits))
        if reach.next_at is not None:
            at = instant_text(reach.next_at, zone, language_of(get_language()))
            yield PlanSaid(_("The next visit: {at}.").format(at=at))
    yield PlanSaid(what_is_read(plan))
    if plan.opens is not None:
        yield PlanSaid(
            _(
                "Who does not answer is tried again after 5 minutes and then ever later, within these hours only. "
                "A new meter is visited at once, and whoever waits for a reading has it at any hour."
            )
        )
    for text in _unknown(plan):
        yield PlanSaid(text, "warn")


def _unknown(plan: Planned) -> Iterator[str]:
    if not plan.reads_registers:
        yield _("Registers are not read: nothing can be billed from these visits.")
    if not plan.reads_profile:
        yield _("The load profile is not read: its days stay missing, and the board says so.")
    if not plan.reads_samples:
        yield _("Voltages are not read: those of the past cannot be had later from any meter.")
    if not plan.reads_journals:
        yield _("Journals are not read: an opened cover becomes known late, or never where the meter forgets it.")
    if not plan.reads_quality:
        yield _("Journals of quality are not read: what the meter forgets of them is lost.")


# ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return which fields of a plan were changed, from what to what."""
    if not before:
        return _("put on record")
    names = {
        "name": _("name"),
        "is_default": _("default"),
        "every_minutes": _("every so many minutes"),
        "opens": _("not before"),
        "closes": _("not after"),
        "reads_registers": _("registers"),
        "reads_profile": _("load profile"),
        "reads_samples": _("voltages, currents and power"),
        "reads_journals": _("journals"),
        "reads_quality": _("journals of quality"),
        "priority": _("whose turn"),
        "corrects_clocks": _("clocks corrected without asking"),
        "lines": _("lines"),
        "meters": _("meters"),
    }
    changed = [key for key in names if before.get(key) != after.get(key)]
    return "; ".join(f"{names[key]}: {_value(key, before.get(key))} → {_value(key, after.get(key))}" for key in changed)


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return str(len(value))
    if key == "priority" and isinstance(value, int):
        return str(ReadingPlan.Priority(value).label)
    return "—" if value in {None, ""} else str(value)


def at_text(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people write it."""
    return instant_text(at, zone, language_of(get_language()))
