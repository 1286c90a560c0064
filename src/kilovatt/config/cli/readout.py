"""What a meter said, on the screen and as JSON."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from kilovatt.config.cli import concentrators
from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import SessionReport

QUANTITY_WORDS = {
    Quantity.A_PLUS: _("A+ taken"),
    Quantity.A_MINUS: _("A− given"),
    Quantity.R_PLUS: _("R+ reactive"),
    Quantity.R_MINUS: _("R− reactive"),
}
_MOMENTS = {
    RegisterMoment.NOW: _("now"),
    RegisterMoment.DAY_START: _("start of the day"),
    RegisterMoment.MONTH_START: _("start of the month"),
}
EVENT_WORDS = {
    EventKind.POWER_OFF: _("no supply"),
    EventKind.CLOCK_SET: _("clock set"),
    EventKind.CASE_OPENED: _("case opened"),
    EventKind.TERMINAL_COVER_OPENED: _("terminal cover opened"),
    EventKind.MAGNETIC_FIELD: _("magnetic field"),
    EventKind.REPROGRAMMED: _("reprogrammed"),
    EventKind.TARIFF_TABLE_CHANGED: _("tariff table changed"),
    EventKind.RELAY_OPENED: _("relay opened"),
    EventKind.RELAY_CLOSED: _("relay closed"),
    EventKind.RELAY_PERMITTED: _("relay permitted"),
    EventKind.LOAD_WITH_RELAY_OPEN: _("load with the relay open"),
    EventKind.CLOCK_WRONG: _("clock wrong"),
    EventKind.POWER_LIMIT_EXCEEDED: _("power limit exceeded"),
    EventKind.PHASE_LOST: _("phase lost"),
    EventKind.CURRENT_REVERSED: _("current reversed"),
    EventKind.VOLTAGE_OUT_OF_LIMITS: _("voltage out of limits"),
    EventKind.ENERGY_RESET: _("energy reset"),
    EventKind.PROFILE_RESTARTED: _("load profile restarted"),
    EventKind.METER_FAULT: _("fault of the meter"),
    EventKind.OVERCURRENT: _("overcurrent"),
    EventKind.CURRENT_CIRCUIT_FAULT: _("fault of the current circuits"),
    EventKind.REACTIVE_FACTOR_EXCEEDED: _("reactive power factor exceeded"),
    EventKind.ACCESS_REFUSED: _("access refused"),
    EventKind.FIRMWARE_UPDATED: _("firmware updated"),
    EventKind.JOURNAL_CLEARED: _("journal cleared"),
    EventKind.OTHER: _("another event"),
}
_UWH_PER_WH = 1_000_000


def as_json(report: SessionReport, model: MeterModel, zone: ZoneInfo) -> dict[str, Any]:
    """Return a session for a program: energy in Wh, instants in ISO with the zone of the meter."""
    learnt = report.learnt
    identity, clock, instant = learnt.identity, learnt.clock, learnt.instant
    return {
        "model": model.key,
        "outcome": report.outcome,
        "detail": report.detail,
        "serial": identity and identity.serial,
        "firmware": identity and identity.firmware,
        "made_on": identity and identity.made_on and identity.made_on.isoformat(),
        "variant": identity and identity.variant,
        "clock": clock
        and {"meter": _iso(clock.taken_at, zone), "deviation_s": round(clock.deviation.total_seconds(), 1)},
        "instant": instant
        and {
            "power_w": instant.power_w,
            "voltages_mv": list(instant.voltages_mv),
            "currents_ma": list(instant.currents_ma),
            "frequency_mhz": instant.frequency_mhz,
            "tariff": instant.tariff,
            "relay_closed": instant.relay_closed,
        },
        "registers": [
            {
                "quantity": register.quantity,
                "tariff": register.tariff,
                "value_wh"
                if register.quantity in {Quantity.A_PLUS, Quantity.A_MINUS}
                else "value_varh": register.value,
                "at": _iso(register.taken_at, zone),
                "moment": register.moment,
            }
            for register in learnt.registers
        ],
        "profile": [slot for day in learnt.meter_days for slot in _slots(day, zone)],
        "events": [
            {
                "kind": event.kind,
                "code": event.code or None,
                "began_at": _iso(event.began_at, zone),
                "ended_at": event.ended_at and _iso(event.ended_at, zone),
                "detail": event.detail,
            }
            for event in learnt.events
        ],
        "concentrator": learnt.concentrator and concentrators.as_json(learnt.concentrator, zone),
        "exchanges": report.exchanges_made,
        "retries": report.retries,
    }


def show(report: SessionReport, model: MeterModel, zone: ZoneInfo) -> None:
    """Print a session for a person."""
    learnt = report.learnt
    if learnt.identity is not None:
        facts = [f"{model.title} № {learnt.identity.serial}"]
        if learnt.identity.firmware:
            facts.append(_("firmware {version}").format(version=learnt.identity.firmware))
        if learnt.identity.made_on:
            facts.append(_("made {day}").format(day=learnt.identity.made_on.strftime("%d.%m.%Y")))
        out.print("[bold]" + ", ".join(facts) + "[/]")
    if learnt.clock is not None:
        deviation = round(learnt.clock.deviation.total_seconds())
        out.print(
            _("Its clock: {at} ({deviation:+d} s)").format(at=_local(learnt.clock.taken_at, zone), deviation=deviation)
        )
    _show_instant(report)
    _show_registers(report, zone)
    _show_profile(report, zone)
    _show_events(report, zone)
    if learnt.concentrator is not None:
        concentrators.show(learnt.concentrator, zone, EVENT_WORDS)


def _show_instant(report: SessionReport) -> None:
    instant = report.learnt.instant
    if instant is None:
        return
    facts = [] if instant.power_w is None else [_("{power} W").format(power=instant.power_w)]
    facts += [_("{voltage:.1f} V").format(voltage=mv / 1000) for mv in instant.voltages_mv]
    facts += [_("{current:.2f} A").format(current=ma / 1000) for ma in instant.currents_ma]
    if instant.frequency_mhz is not None:
        facts.append(_("{frequency:.2f} Hz").format(frequency=instant.frequency_mhz / 1000))
    if instant.relay_closed is not None:
        facts.append(_("relay closed") if instant.relay_closed else _("relay open"))
    out.print(_("Now: ") + ", ".join(facts))


def _show_registers(report: SessionReport, zone: ZoneInfo) -> None:
    if not report.learnt.registers:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_("When"))
    table.add_column(_("Which"))
    table.add_column(_("Quantity"))
    table.add_column(_("Tariff"))
    table.add_column(_("kWh, kvarh"), justify="right")
    for register in report.learnt.registers:
        tariff = _("total") if register.tariff == 0 else f"T{register.tariff}"
        when = _local(register.taken_at, zone)
        value = f"{register.value / 1000:,.3f}".replace(",", " ")
        table.add_row(when, _MOMENTS[register.moment], QUANTITY_WORDS[register.quantity], tariff, value)
    out.print(table)


def _show_profile(report: SessionReport, zone: ZoneInfo) -> None:
    for day in report.learnt.meter_days:
        known = [slot for slot in _slots(day, zone) if slot["a_plus_wh"] is not None]
        total = sum(slot["a_plus_wh"] for slot in known)
        missing = len(day.qualities) - len(known)
        words = ngettext("{n} interval missing", "{n} intervals missing", missing).format(n=missing) if missing else ""
        unit = _("kWh")
        energy = f"{total / 1000:8.3f} {unit}"
        out.print(f"{day.day_on:%d.%m.%Y}  {energy}  {_sparkline(known)}  [dim]{words}[/]", soft_wrap=True)


def _sparkline(slots: list[dict[str, Any]]) -> str:
    top = max((slot["a_plus_wh"] for slot in slots), default=0) or 1
    return "".join("▁▂▃▄▅▆▇█"[min(7, int(slot["a_plus_wh"] * 8 / top))] for slot in slots)


def _show_events(report: SessionReport, zone: ZoneInfo) -> None:
    for event in report.learnt.events:
        until = "" if event.ended_at is None else f" – {_local(event.ended_at, zone)}"
        out.print(f"{_local(event.began_at, zone)}{until}  {EVENT_WORDS[event.kind]}  [dim]{event.detail}[/]")


def _slots(day: MeterDay, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for number, quality in enumerate(day.qualities):
        known = bool(quality & RANK_MASK)
        start_at = day.starts_at + timedelta(seconds=number * day.step_s)
        yield {
            "start_at": _iso(start_at, zone),
            "step_s": day.step_s,
            "a_plus_wh": day.a_plus[number] * day.uwh_per_count / _UWH_PER_WH if known else None,
            "r_plus_varh": day.r_plus[number] * day.uwh_per_count / _UWH_PER_WH if known and day.r_plus else None,
        }


def _iso(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")
