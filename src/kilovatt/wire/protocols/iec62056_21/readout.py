"""What the lines of a readout say: who, when, and what was counted, by the codes of OBIS (IEC 62056-61).

0.0.0(10903526)              the number of the device
0.9.1(14:35:12)              the clock, and 0.9.2(26-11-24) or 0.9.2(2026-11-24) its date
0.1.0(73)                    how often the registers have been frozen
0.1.0*73(26-11-01 00:00)     when that was the 73rd time, by some meters as 0.1.2*73
1.8.1(0012345.67*kWh)        a register: of a quantity (1 to 4), of a tariff (0 all together)
1.8.1*73(0012001.10*kWh)     the same as it was frozen the 73rd time, with its unit or without
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime
from kilovatt.wire.protocols.iec62056_21.datasets import floored, value_and_unit
from kilovatt.wire.protocols.iec62056_21.requests import Readout

DEVICE_NUMBERS = ("0.0.0", "C.1.0", "0.0.1", "C.90.1")
"""Where the number of the device may stand, the likeliest first."""
TIME = "0.9.1"
DATE = "0.9.2"
_QUANTITIES = (1, 2, 3, 4)
_CODE = re.compile(r"(?:\d{1,3}-\d{1,3}:)?(\d{1,3})\.8\.(\d{1,2})(?:[*&](\d{1,3}))?")
_FREEZE = re.compile(r"(?:\d{1,3}-\d{1,3}:)?(0\.1\.[02])[*&](\d{1,3})")
_DATE = re.compile(r"(\d{2}|\d{4})-(\d{2})-(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?")
_DECIMALS = {"Wh": 0, "kWh": 3, "MWh": 6, "varh": 0, "kvarh": 3, "Mvarh": 6}
"""How many decimals of a unit are a watt-hour or a var-hour."""
_PLACES = {"W": 0, "kW": 3}
POWER = "1.7.0"


@dataclass(frozen=True, slots=True)
class ObisRegister:
    """A register as it is read out. `energy` is in [Wh] or [varh]; `frozen` says which time, None for now.

    `quantity`: 1 and 2 active energy taken and given, 3 and 4 reactive.
    """

    quantity: int
    tariff: int
    frozen: int | None
    energy: int


def registers_of(readout: Readout) -> tuple[ObisRegister, ...]:
    """Return the registers of energy. Raises ValueError for one that says what cannot be."""
    return tuple(_registers(readout))


def _registers(readout: Readout) -> Iterator[ObisRegister]:
    units: dict[tuple[int, int], str] = {}
    for one in readout.data_sets:
        found = _CODE.fullmatch(one.name)
        if found is None or int(found[1]) not in _QUANTITIES:
            continue
        quantity, tariff = int(found[1]), int(found[2])
        value, unit = value_and_unit(one.values[0])
        # A frozen register may leave the unit to the running one before it.
        unit = unit or units.get((quantity, tariff), "")
        if unit not in _DECIMALS:
            raise ValueError(f"{one.name} is in {unit!r}, which is no unit of energy")
        units[quantity, tariff] = unit
        yield ObisRegister(quantity, tariff, int(found[3]) if found[3] else None, floored(value, _DECIMALS[unit]))


def freezes_of(readout: Readout) -> Mapping[int, WallTime]:
    """Return when the registers were frozen, by the number of the time. Raises ValueError for what cannot be."""
    freezes: dict[int, WallTime] = {}
    for one in readout.data_sets:
        found = _FREEZE.fullmatch(one.name)
        if found is not None:
            freezes.setdefault(int(found[2]), moment_of(one.values[0]))
    return freezes


def clock_of(readout: Readout) -> WallTime | None:
    """Return what the clock shows; None where it is not read out. Raises ValueError for what no clock shows."""
    times, dates = readout.values(TIME), readout.values(DATE)
    return moment_of(f"{dates[0]} {times[0]}") if times and dates else None


def device_numbers_of(readout: Readout) -> tuple[str, ...]:
    """Return the numbers by which the device calls itself, the likeliest first."""
    return tuple(values[0].strip() for name in DEVICE_NUMBERS if (values := readout.values(name)))


def power_of(readout: Readout) -> int | None:
    """Return the active power [W]; None where it is not read out. Raises ValueError for what cannot be."""
    values = readout.values(POWER)
    if not values:
        return None
    value, unit = value_and_unit(values[0])
    if unit not in _PLACES:
        raise ValueError(f"{POWER} is in {unit!r}, which is no unit of power")
    return floored(value, _PLACES[unit])


def moment_of(text: str) -> WallTime:
    """Return the local time a text shows, its year of two digits or of four. Raises ValueError for none."""
    day, _, clock = text.partition(" ")
    date, time = _DATE.fullmatch(day), _TIME.fullmatch(clock)
    if date is None or time is None:
        raise ValueError(f"YY-MM-DD hh:mm is wanted, got {text!r}")
    year = int(date[1])
    return WallTime(
        year if year >= CENTURY else year + CENTURY,
        int(date[2]),
        int(date[3]),
        int(time[1]),
        int(time[2]),
        int(time[3] or 0),
    )
