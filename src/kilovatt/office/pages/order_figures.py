"""What an order tells a meter and what the meter showed, as people write it: watts, hours, seconds."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.documents.figures import MINUS, NO_BREAK_SPACE, grouped_text, instant_text, language_of

_READING_LEVEL = 1
_W_PER_KW, _MW_PER_W = 1000, 1000


def exactly(kind: CommandKind, facts: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return what exactly a command says, besides its name; nothing where the name says all."""
    match kind:
        case CommandKind.SET_POWER_LIMIT:
            return power_text(facts["power_w"])
        case CommandKind.SET_TARIFF_TABLE:
            marks = marks_text(facts["marks"])
            if facts["activate_at"] is None:
                return marks
            return _("{marks}; from {at} on").format(marks=marks, at=_instant(facts["activate_at"], zone))
        case CommandKind.SHIFT_CLOCK:
            return seconds_text(facts["seconds"])
        case CommandKind.SET_CLOCK:
            return _("to our time")
        case CommandKind.CHANGE_PASSWORD:
            return level_text(facts["level"])
        case CommandKind.CHANGE_KEYS:
            return ", ".join(_key_text(name) for name in facts["keys"])
        case _:
            return ""


def _key_text(name: str) -> str:
    return {"encryption": _("encryption key"), "authentication": _("authentication key")}.get(name, name)


def level_text(level: int) -> str:
    """Return what a level of access is for."""
    return _("for reading") if level == _READING_LEVEL else _("for commanding")


def power_text(power_w: int) -> str:
    """Return a power in kW, or in W where it is no whole number of tenths."""
    language = language_of(get_language())
    if power_w % 100:
        return _("{power} W").format(power=grouped_text(power_w, language))
    whole, tenths = divmod(power_w // 100, 10)
    point = "." if language == "en" else ","
    kilowatts = grouped_text(whole, language) + (f"{point}{tenths}" if tenths else "")
    return f"{kilowatts}{NO_BREAK_SPACE}" + _("kW")


def seconds_text(seconds: int) -> str:
    """Return by how many seconds a clock is moved, with its sign."""
    return (MINUS if seconds < 0 else "+") + _("{n} s").format(n=abs(seconds))


def marks_text(marks: Iterable[Iterable[int]]) -> str:
    """Return the marks of a tariff table: from when which tariff counts."""
    return ", ".join(
        _("from {time} T{tariff}").format(time=f"{minute // 60:02}:{minute % 60:02}", tariff=tariff)
        for minute, tariff in marks
    )


def shown_text(shown: str) -> str:
    """Return what a meter showed when it was read back; words that are not known stay as they are."""
    pairs = [word.partition("=")[::2] for word in shown.split(",") if word]
    return _thresholds(dict(pairs)) or ", ".join(_worded(name, value) or f"{name}={value}" for name, value in pairs)


def _thresholds(shown: Mapping[str, str]) -> str:
    """What the limiter of a DLMS meter showed: its thresholds in counts, and the power of ten they are scaled by."""
    if shown.keys() != {"normal", "active", "scaler"}:
        return ""
    try:
        scaler = int(shown["scaler"])
        normal, active = (
            int(shown[name]) * 10 ** max(scaler, 0) // 10 ** max(-scaler, 0) for name in ("normal", "active")
        )
    except ValueError:
        return ""
    return _("limit {power}, in force {active}").format(power=power_text(normal), active=power_text(active))


def _worded(name: str, value: str) -> str:
    known: dict[str, Callable[[str], str]] = {
        "off": lambda value: _("the load is off") if value == "true" else _("the load is on"),
        "by_command": lambda value: _("by command") if value == "true" else _("not by command"),
        "closed": lambda value: _("the relay is closed") if value == "true" else _("the relay is open"),
        "state": lambda value: {
            "disconnected": _("disconnected"),
            "connected": _("connected"),
            "ready_for_reconnection": _("ready to be switched on"),
        }.get(value, ""),
        "limit_mw": lambda value: _("limit {power}").format(power=power_text(int(value) // _MW_PER_W)),
        "watched": lambda value: _("the limit is watched") if value == "true" else _("the limit is not watched"),
        "ahead_s": lambda value: _("the clock is {seconds} from ours").format(seconds=seconds_text(int(value))),
        "slewing": lambda _value: _("the correction is still going on"),
        "session": lambda value: {
            "opened_with_old": _("a session was opened with the old one"),
        }.get(value, _("a session was opened with it")),
        "load_w": lambda value: _("{power} flow all the same").format(power=power_text(int(value))),
        "relay": lambda value: _("the relay says {value}").format(value=value),
        "clock": lambda _value: _("the clock was never set"),
        "table": lambda value: _("the table in use") if value == "active" else _("the table in waiting"),
        "marks": _shown_marks,
    }
    try:
        return known[name](value) if name in known else ""
    except ValueError:
        return ""


def _shown_marks(value: str) -> str:
    if value == "several":
        return _("not the same each day")
    return marks_text([int(part) for part in mark.split(":")] for mark in value.split("/"))


def _instant(text: str, zone: ZoneInfo) -> str:
    return instant_text(datetime.fromisoformat(text), zone, language_of(get_language()))
