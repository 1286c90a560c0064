"""Names of parameters of Энергомера's meters, and what stands in their brackets.

ET0PE() the energy since the meter was made: all tariffs together, T1, T2 …; ENMPE(04.22) the same as it was when April
2022 ended (captured: with the energy of the month in progress it adds up to ET0PE); ENM01() the same by how many ends
of months lie back. Energies in kWh, POWEP in kW, VOLTA in V and CURRE in A by phase, FREQU in Hz; TIME_ hh:mm:ss;
DATE_ the weekday in one digit or two, or none, and dd.mm.yy.
"""

import re
from datetime import date, time

from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime

ENERGY = "ET0PE"
MONTH_END = "ENMPE"
POWER = "POWEP"
VOLTAGE = "VOLTA"
CURRENT = "CURRE"
FREQUENCY = "FREQU"
SERIAL = "SNUMB"
TIME = "TIME_"
DATE = "DATE_"
VOLTAGE_NUMBER = 0x4001
CURRENT_NUMBER = 0x4002
POWER_NUMBER = 0x4003
FREQUENCY_NUMBER = 0x400D
SERIAL_NUMBER = 0x5003
POWER_PLACE = 4
"""In a group, the power of all phases is the fourth value, behind those of each."""
MONTHS_BACK_MAX = 99
_DATE = re.compile(r"(?:\d{1,2}\.)?(\d{2})\.(\d{2})\.(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2}):(\d{2})")
_MONTH = re.compile(r"(\d{2})\.(\d{2})")
_BACK = re.compile(r"ENM(\d{2})")


def month_argument(month_on: date) -> str:
    """Return how a month is written: mm.yy."""
    return f"{month_on.month:02}.{month_on.year % 100:02}"


def month_of(argument: str) -> date:
    """Return the first day of the month that is written. Raises ValueError for none."""
    found = _MONTH.fullmatch(argument)
    if found is None:
        raise ValueError(f"mm.yy is wanted, got {argument!r}")
    return date(CENTURY + int(found[2]), int(found[1]), 1)


def months_back_name(months: int) -> str:
    """Return the name of the registers at the end of the month so many ends back. Raises ValueError for too many."""
    if not 1 <= months <= MONTHS_BACK_MAX:
        raise ValueError(f"1 to {MONTHS_BACK_MAX} ends of months back: got {months}")
    return f"ENM{months:02}"


def months_back_of(name: str) -> int | None:
    """Return how many ends of months back a name means; None for another name."""
    found = _BACK.fullmatch(name)
    return int(found[1]) if found and int(found[1]) else None


def shown_at(date_text: str, time_text: str) -> WallTime:
    """Return what a clock shows by its two values. Raises ValueError for what none shows."""
    day, clock = _DATE.fullmatch(date_text), _TIME.fullmatch(time_text)
    if day is None or clock is None:
        raise ValueError(f"w.dd.mm.yy and hh:mm:ss are wanted, got {date_text!r} and {time_text!r}")
    hour, minute, second = (int(part) for part in clock.groups())
    return WallTime(CENTURY + int(day[3]), int(day[2]), int(day[1]), hour, minute, second)


def date_text(shown: WallTime) -> str:
    """Return the date as СЕ301 writes it, weekday 00 for Sunday."""
    return f"{shown.day_on.isoweekday() % 7:02}.{shown.day:02}.{shown.month:02}.{shown.year % 100:02}"


def time_text(shown: WallTime) -> str:
    """Return the time as it is written."""
    return time(shown.hour, shown.minute, shown.second).isoformat()
