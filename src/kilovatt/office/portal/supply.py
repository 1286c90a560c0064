"""How the supply of a place was over the last days, in sentences for whoever lives there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kilovatt.measure.metering.events import EventKind
from kilovatt.office.documents.figures import volts_text
from kilovatt.office.operations.standing.account_page import AccountPage, StandingMeter
from kilovatt.office.operations.standing.voltages import VoltagePicture, voltages
from kilovatt.office.pages.words import duration, event_sentence
from kilovatt.office.portal.shown import speech
from kilovatt.quantities.periods import local_date

DAYS = 30
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShownSupply:
    """How the supply was; `is_good`: it was never off, and never sampled beyond the limits."""

    title: str
    sentences: tuple[str, ...]
    is_good: bool


def shown_supply(page: AccountPage, *, now: datetime) -> ShownSupply | None:
    """Return how the supply was since the account was opened; None where nothing tells of it."""
    if page.meter is None or page.closed_on is not None:
        return None
    today_on = local_date(now, page.zone)
    first_on = max(page.opened_on, today_on - timedelta(days=DAYS - 1))
    picture = voltages(page.meter.meter_id, first_on=first_on, until_on=today_on + _ONE_DAY, zone=page.zone, now=now)
    said = (*_outages(page, page.meter, picture), *_voltage(picture))
    if not said:
        return None
    days = len(picture.days)
    title = ngettext("Your supply, {n} day", "Your supply, {n} days", days).format(n=days)
    is_good = not picture.disturbances and not any(phase.off for phase in picture.phases)
    return ShownSupply(title, said, is_good)


def _outages(page: AccountPage, meter: StandingMeter, picture: VoltagePicture) -> Iterator[str]:
    events = [one.event for one in picture.disturbances if one.event.kind is EventKind.POWER_OFF]
    if events:
        lengths = [
            min(event.ended_at or picture.until, picture.until) - max(event.began_at, picture.since) for event in events
        ]
        words = ngettext("Off {n} time, for {length}.", "Off {n} times, for {length} together.", len(events))
        yield words.format(n=len(events), length=duration(sum(lengths, timedelta(0))))
        yield _("The last: {event}").format(event=event_sentence(events[-1], page.zone))
    elif EventKind.POWER_OFF in meter.model.journals:
        yield _("It was never off.")


def _voltage(picture: VoltagePicture) -> Iterator[str]:
    if not picture.phases:
        return
    language, standard = speech(), picture.standard
    lowest = min(phase.lowest.voltage_mv for phase in picture.phases)
    highest = max(phase.highest.voltage_mv for phase in picture.phases)
    yield _("Voltage from {lowest} to {highest} V; {low} to {high} V are permitted ({source}).").format(
        lowest=volts_text(lowest, language),
        highest=volts_text(highest, language),
        low=volts_text(standard.lowest_mv, language),
        high=volts_text(standard.highest_mv, language),
        source=standard.source,
    )
    off = sum(phase.off for phase in picture.phases)
    if off:
        samples = sum(len(phase.points) for phase in picture.phases)
        words = ngettext(
            "{off} of {n} sample was beyond them. If it goes on, tell those who send the bill.",
            "{off} of {n} samples were beyond them. If it goes on, tell those who send the bill.",
            samples,
        )
        yield words.format(off=off, n=samples)
