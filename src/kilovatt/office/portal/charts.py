"""The chart of an account as texts and whole Wh: what the browser draws, and what stands in the table beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.zones import Zone
from kilovatt.office.documents.figures import (
    DASH,
    NO_BREAK_SPACE,
    Language,
    date_text,
    kwh_text,
    language_of,
    month_text,
    short_date_text,
    time_text,
    zone_text,
)
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.operations.standing.profile import DayProfile, Slot, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: `label` names it under the axis, `says` when it is pointed at. Energies [Wh] by place in the zones."""

    label: str
    name: str
    says: str
    measured_wh: tuple[int, ...]
    estimated_wh: tuple[int, ...]
    total: str
    state: str
    earlier_wh: int | None = None
    earlier: str = ""
    zone: str = ""
    frame: FrameKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTotal:
    """The sum of a zone over the bars."""

    zone: str
    name: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars with their title, sums, and sentences on what is estimated or missing."""

    view: str
    on: date
    title: str
    zones: tuple[ZoneTotal, ...]
    bars: tuple[Bar, ...]
    total: str
    summary: str
    notes: tuple[str, ...]
    has_estimates: bool
    has_gaps: bool
    has_earlier: bool
    earlier_name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is anything to draw."""
        return any(bar.state != "missing" for bar in self.bars)

    def for_browser(self) -> dict[str, Any]:
        """Return what the browser draws."""
        return {
            "view": self.view,
            "title": self.title,
            "zones": [asdict(zone) for zone in self.zones],
            "bars": [
                {
                    "label": bar.label,
                    "says": bar.says,
                    "measured": bar.measured_wh,
                    "estimated": bar.estimated_wh,
                    "earlier": bar.earlier_wh,
                    "state": bar.state,
                }
                for bar in self.bars
            ],
            "summary": self.summary,
            "notes": self.notes,
            "hasEstimates": self.has_estimates,
            "hasGaps": self.has_gaps,
            "hasEarlier": self.has_earlier,
            "earlierName": self.earlier_name,
            "isKnown": self.is_known,
        }


def day_chart(profile: DayProfile, zones: Sequence[Zone], zone: ZoneInfo) -> Chart:
    """Return the chart of the intervals of a day."""
    language = language_of(get_language())
    bars = tuple(_slot_bar(slot, profile.slots, zones, zone, language) for slot in profile.slots)
    earlier_on = profile.on - timedelta(days=7)
    return Chart(
        view="day",
        on=profile.on,
        title=f"{_weekday(profile.on)}, {date_text(profile.on, language)}",
        zones=_zone_totals(zones, bars, language),
        bars=bars,
        total=kwh_text(_sum(bars), language),
        summary=_summary(bars, zones, language),
        notes=_day_notes(profile.slots, zone),
        has_estimates=any(slot.is_estimated for slot in profile.slots),
        has_gaps=any(slot.energy_wh is None for slot in profile.slots),
        has_earlier=any(slot.earlier_wh is not None for slot in profile.slots),
        earlier_name=short_date_text(earlier_on, language),
    )


def days_chart(first_on: date, days: Sequence[Stretch], zones: Sequence[Zone]) -> Chart:
    """Return the chart of the days of a month."""
    language = language_of(get_language())
    named = {day.first_on: (str(day.first_on.day), short_date_text(day.first_on, language)) for day in days}
    title = month_text(first_on, language)
    return _stretch_chart(view="days", on=first_on, title=title, stretches=days, zones=zones, named=named)


def months_chart(until_on: date, months: Sequence[Stretch], zones: Sequence[Zone]) -> Chart:
    """Return the chart of the last months."""
    language = language_of(get_language())
    names = {month.first_on: month_text(month.first_on, language) for month in months}
    named = {on: (name.split(NO_BREAK_SPACE)[0][:3], name) for on, name in names.items()}
    return _stretch_chart(view="months", on=until_on, title=_("Months"), stretches=months, zones=zones, named=named)


def _stretch_chart(
    *,
    view: str,
    on: date,
    title: str,
    stretches: Sequence[Stretch],
    zones: Sequence[Zone],
    named: Mapping[date, tuple[str, str]],
) -> Chart:
    language = language_of(get_language())
    bars = tuple(_stretch_bar(stretch, zones, named[stretch.first_on], language) for stretch in stretches)
    return Chart(
        view=view,
        on=on,
        title=title[:1].upper() + title[1:],
        zones=_zone_totals(zones, bars, language),
        bars=bars,
        total=kwh_text(_sum(bars), language),
        summary=_summary(bars, zones, language),
        notes=_stretch_notes(view, stretches),
        has_estimates=any(any(bar.estimated_wh) for bar in bars),
        has_gaps=any(bar.state in {"missing", "partial"} for bar in bars),
        has_earlier=False,
    )


def _slot_bar(slot: Slot, slots: Sequence[Slot], zones: Sequence[Zone], zone: ZoneInfo, language: Language) -> Bar:
    label = time_text(slot.starts_at, zone)
    name = f"{label}–{time_text(_ends_at(slot, slots), zone)}"
    energy_wh = slot.energy_wh or 0
    here = tuple(energy_wh if one is slot.zone else 0 for one in zones)
    nothing = (0,) * len(zones)
    return Bar(
        label=label,
        name=name,
        says=f"{name}: {_slot_words(slot, language)}",
        measured_wh=nothing if slot.is_estimated else here,
        estimated_wh=here if slot.is_estimated else nothing,
        total="" if slot.energy_wh is None else kwh_text(slot.energy_wh, language, decimals=3),
        state="missing" if slot.energy_wh is None else "estimated" if slot.is_estimated else "measured",
        earlier_wh=slot.earlier_wh,
        earlier="" if slot.earlier_wh is None else kwh_text(slot.earlier_wh, language, decimals=3),
        zone=zone_text(slot.zone, language),
        frame=slot.frame,
    )


def _slot_words(slot: Slot, language: Language) -> str:
    if slot.energy_wh is None:
        return _("nothing is known")
    words = _("{energy} kWh, {zone}").format(
        energy=kwh_text(slot.energy_wh, language, decimals=3), zone=zone_text(slot.zone, language)
    )
    if slot.is_estimated:
        words = _("{words}, estimated").format(words=words)
    if slot.earlier_wh is not None:
        earlier = kwh_text(slot.earlier_wh, language, decimals=3)
        words = _("{words}; a week before {energy}").format(words=words, energy=earlier)
    return words


def _ends_at(slot: Slot, slots: Sequence[Slot]) -> datetime:
    step = slots[1].starts_at - slots[0].starts_at if len(slots) > 1 else timedelta(minutes=30)
    return slot.starts_at + step


def _stretch_bar(stretch: Stretch, zones: Sequence[Zone], named: tuple[str, str], language: Language) -> Bar:
    label, name = named
    measured = tuple(stretch.measured_wh.get(zone, 0) for zone in zones)
    estimated = tuple(stretch.estimated_wh.get(zone, 0) for zone in zones)
    total = kwh_text(sum(measured) + sum(estimated), language)
    if not stretch.is_known:
        state, says = "missing", _("nothing is known")
    else:
        state = "partial" if stretch.missing else "measured"
        by_zone = [
            f"{zone_text(zone, language)} {kwh_text(first + second, language)}"
            for zone, first, second in zip(zones, measured, estimated, strict=True)
        ]
        says = _("{energy} kWh").format(energy=total)
        if len(by_zone) > 1:
            says = f"{says} ({', '.join(by_zone)})"
        if any(estimated):
            says = _("{words}, of it {energy} estimated").format(words=says, energy=kwh_text(sum(estimated), language))
        if stretch.missing:
            words = ngettext("{n} interval is missing", "{n} intervals are missing", stretch.missing)
            says = f"{says}; {words.format(n=stretch.missing)}"
    return Bar(
        label=label,
        name=name,
        says=f"{name}: {says}",
        measured_wh=measured,
        estimated_wh=estimated,
        total=total if stretch.is_known else "",
        state=state,
    )


def _zone_totals(zones: Sequence[Zone], bars: Sequence[Bar], language: Language) -> tuple[ZoneTotal, ...]:
    return tuple(
        ZoneTotal(
            zone=zone.value,
            name=zone_text(zone, language),
            # Nothing known is no zero.
            total=kwh_text(sum(bar.measured_wh[place] + bar.estimated_wh[place] for bar in bars), language)
            if any(bar.state != "missing" for bar in bars)
            else DASH,
        )
        for place, zone in enumerate(zones)
    )


def _sum(bars: Sequence[Bar]) -> int:
    return sum(sum(bar.measured_wh) + sum(bar.estimated_wh) for bar in bars)


def _summary(bars: Sequence[Bar], zones: Sequence[Zone], language: Language) -> str:
    known = [bar for bar in bars if bar.state != "missing"]
    if not known:
        return _("Nothing is known of this time.")
    words = [_("{energy} kWh in all.").format(energy=kwh_text(_sum(bars), language))]
    if len(zones) > 1:
        totals = _zone_totals(zones, bars, language)
        words.append(", ".join(f"{zone.name} {zone.total}" for zone in totals) + ".")
    most = max(known, key=lambda bar: sum(bar.measured_wh) + sum(bar.estimated_wh))
    words.append(_("Most: {name}, {energy} kWh.").format(name=most.name, energy=most.total))
    return " ".join(words)


def _day_notes(slots: Sequence[Slot], zone: ZoneInfo) -> tuple[str, ...]:
    notes = []
    estimated = _ranges([slot for slot in slots if slot.is_estimated], slots, zone)
    if estimated:
        notes.append(
            _(
                "Hatched: estimated, because the meter was not heard ({times}). "
                "When it answers, measured values take their place."
            ).format(times=estimated)
        )
    missing = _ranges([slot for slot in slots if slot.energy_wh is None], slots, zone)
    if missing:
        notes.append(_("Empty: nothing is known of {times}. It is no zero, and it is asked for.").format(times=missing))
    return tuple(notes)


def _ranges(chosen: Sequence[Slot], slots: Sequence[Slot], zone: ZoneInfo) -> str:
    """Return stretches of slots without a break between them: `14:00–15:30, 18:00–18:30`."""
    runs: list[tuple[datetime, datetime]] = []
    for slot in chosen:
        ends_at = _ends_at(slot, slots)
        if runs and runs[-1][1] == slot.starts_at:
            runs[-1] = (runs[-1][0], ends_at)
        else:
            runs.append((slot.starts_at, ends_at))
    return ", ".join(f"{time_text(first, zone)}–{time_text(last, zone)}" for first, last in runs)


def _stretch_notes(view: str, stretches: Sequence[Stretch]) -> tuple[str, ...]:
    notes = []
    if any(stretch.estimated_wh for stretch in stretches):
        notes.append(_("Hatched: estimated. When the meter answers, measured values take their place."))
    empty = sum(not stretch.is_known for stretch in stretches)
    if empty and view == "days":
        words = ngettext("Nothing is known of {n} day.", "Nothing is known of {n} days.", empty)
        notes.append(words.format(n=empty))
    if empty and view == "months":
        words = ngettext("Nothing is known of {n} month.", "Nothing is known of {n} months.", empty)
        notes.append(words.format(n=empty))
    holes = sum(stretch.is_known and bool(stretch.missing) for stretch in stretches)
    if holes:
        words = ngettext(
            "{n} day has holes: its bar shows only what is known.",
            "{n} days have holes: their bars show only what is known.",
            holes,
        )
        notes.append(words.format(n=holes))
    return tuple(notes)


def _weekday(on: date) -> str:
    names = (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )
    return names[on.weekday()]
