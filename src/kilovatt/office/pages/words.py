"""What a meter noticed and why a bill is missing, in sentences: the same for owners and operators."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.events import MOMENTS, EventKind, RelayCause, relay_cause
from kilovatt.measure.metering.pushes import PushTrouble
from kilovatt.measure.metering.spodes.vocabulary import event_code
from kilovatt.office.documents.figures import NO_BREAK_SPACE, instant_text, language_of
from kilovatt.office.operations.standing.board import NoticedEvent


def event_sentence(event: NoticedEvent, zone: ZoneInfo) -> str:
    """Return an event in a sentence with its local time and how long it went on."""
    began = instant_text(event.began_at, zone, language_of(get_language()))
    known = event_code(event.code)
    name = code_name(event.code) or trouble_name(event.code) or _with_cause(event)
    is_of_a_moment = known.ended_by is None if known is not None else event.kind in MOMENTS
    if event.ended_at is None and is_of_a_moment:
        return _("{event} {began}.").format(event=name, began=began)
    if event.ended_at is None:
        return _("{event} since {began}, not over yet.").format(event=name, began=began)
    length = duration(event.ended_at - event.began_at)
    return _("{event} {began}, for {length}.").format(event=name, began=began, length=length)


def _with_cause(event: NoticedEvent) -> str:
    cause = relay_cause(event.detail)
    if cause is None:
        return event_name(event.kind)
    return _("{event}: {cause}").format(event=event_name(event.kind), cause=cause_name(cause))


def cause_name(cause: RelayCause) -> str:
    """Return why a relay switched, behind a colon."""
    return {
        RelayCause.COMMAND: _("by command"),
        RelayCause.BY_HAND: _("by hand"),
        RelayCause.POWER_LIMIT: _("power limit"),
        RelayCause.ENERGY_LIMIT: _("energy limit"),
        RelayCause.OVERCURRENT: _("maximum current"),
        RelayCause.OVERVOLTAGE: _("overvoltage"),
        RelayCause.MAGNETIC_FIELD: _("magnetic field"),
        RelayCause.TEMPERATURE: _("temperature"),
        RelayCause.SEAL: _("cover or case opened"),
        RelayCause.UNBALANCE: _("unbalance of currents"),
        RelayCause.CURRENT_WITHOUT_VOLTAGE: _("current without voltage"),
        RelayCause.ARBITRATOR: _("by the arbitrator"),
        RelayCause.AUTOMATIC: _("by itself"),
        RelayCause.UNKNOWN: _("cause not told"),
    }[cause]


def trouble_name(code: str) -> str | None:
    """Return why what a meter pushed was not taken for true; None for the code of anything else."""
    return {
        f"push:{PushTrouble.NOT_UNDERSTOOD}": _("It pushed what is not understood"),
        f"push:{PushTrouble.NO_KEYS}": _("A sealed push, and no keys on record to open it"),
        f"push:{PushTrouble.NOT_AUTHENTIC}": _("A sealed push that its keys do not open"),
        f"push:{PushTrouble.IN_THE_CLEAR}": _("A push in the clear, of a meter that seals what it pushes"),
        f"push:{PushTrouble.REPLAY}": _("A sealed push that had been sent before was refused"),
    }.get(code)


def event_name(kind: EventKind) -> str:
    """Return the name of a kind of event, as the beginning of a sentence."""
    return {
        EventKind.POWER_OFF: pgettext("event", "No supply"),
        EventKind.CLOCK_SET: pgettext("event", "Clock set"),
        EventKind.CLOCK_WRONG: pgettext("event", "Clock wrong"),
        EventKind.CASE_OPENED: pgettext("event", "Case opened"),
        EventKind.TERMINAL_COVER_OPENED: pgettext("event", "Terminal cover opened"),
        EventKind.MAGNETIC_FIELD: pgettext("event", "Magnetic field"),
        EventKind.REPROGRAMMED: pgettext("event", "Reprogrammed"),
        EventKind.TARIFF_TABLE_CHANGED: pgettext("event", "Tariff table changed"),
        EventKind.RELAY_OPENED: pgettext("event", "Relay opened"),
        EventKind.RELAY_CLOSED: pgettext("event", "Relay closed"),
        EventKind.RELAY_PERMITTED: pgettext("event", "Relay permitted"),
        EventKind.LOAD_WITH_RELAY_OPEN: pgettext("event", "Load with the relay open"),
        EventKind.POWER_LIMIT_EXCEEDED: pgettext("event", "Power limit exceeded"),
        EventKind.PHASE_LOST: pgettext("event", "Phase lost"),
        EventKind.CURRENT_REVERSED: pgettext("event", "Current reversed"),
        EventKind.VOLTAGE_OUT_OF_LIMITS: pgettext("event", "Voltage out of limits"),
        EventKind.ENERGY_RESET: pgettext("event", "Energy reset"),
        EventKind.PROFILE_RESTARTED: pgettext("event", "Load profile restarted"),
        EventKind.METER_FAULT: pgettext("event", "Fault of the meter"),
        EventKind.OVERCURRENT: pgettext("event", "Overcurrent"),
        EventKind.CURRENT_CIRCUIT_FAULT: pgettext("event", "Fault of the current circuits"),
        EventKind.REACTIVE_FACTOR_EXCEEDED: pgettext("event", "Reactive power factor exceeded"),
        EventKind.ACCESS_REFUSED: pgettext("event", "Access refused"),
        EventKind.FIRMWARE_UPDATED: pgettext("event", "Firmware updated"),
        EventKind.JOURNAL_CLEARED: pgettext("event", "Journal cleared"),
        EventKind.UNKNOWN_PUSH: _("It pushed what is not understood"),
        EventKind.SEALED_PUSH: _("A sealed push was not opened"),
        EventKind.OTHER: pgettext("event", "Another event"),
    }[kind]


def code_name(code: str) -> str | None:
    """Return what the code of an event says in its language's own words; None for a code of no table."""
    known = event_code(code)
    return None if known is None else _(known.text).format(which=known.which)


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
    return " ".join(part.replace(" ", NO_BREAK_SPACE) for part in parts)
