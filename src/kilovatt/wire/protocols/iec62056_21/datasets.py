"""Data sets: a name (an address, an OBIS code) and what stands in brackets behind it, once or several times.

ET0PE(68.42) CR LF (45.54) CR LF (22.88) CR LF        three values of one name
1.8.0(0001234.567*kWh) CR LF                          a value with its unit
0.1.0*12(26-11-01 00:00) CR LF                        the twelfth of the past
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINE_END = "\r\n"
_NAME_MAX = 32
_VALUE_MAX = 128
_SETS_MAX = 4096
_NAME = r"[A-Za-z0-9._:*&#@\- ]"
_GROUP = re.compile(rf"(?P<name>{_NAME}{{0,{_NAME_MAX}}})\((?P<value>[^()\r\n]{{0,{_VALUE_MAX}}})\)(?:\r\n)*")
_NUMBER = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,12}))?")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A name and the values in brackets behind it; no name where there is none."""

    name: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return self.name + "".join(f"({value})" for value in self.values)


def data_sets_of(text: str) -> tuple[DataSet, ...]:
    """Return the data sets of a text, those of one name that follow each other as one.

    Raises ValueError, with the place, for what is none. The text of a readout ends with "!", which is taken.
    """
    sets: list[DataSet] = []
    for name, value in _groups(text):
        if sets and name in {"", sets[-1].name}:
            sets[-1] = DataSet(sets[-1].name, (*sets[-1].values, value))
        else:
            sets.append(DataSet(name, (value,)))
        if len(sets) > _SETS_MAX:
            raise ValueError(f"more than {_SETS_MAX} data sets")
    return tuple(sets)


def _groups(text: str) -> Iterator[tuple[str, str]]:
    end = len(text)
    if text.endswith("!" + LINE_END):
        end -= len("!" + LINE_END)
    place = 0
    while place < end:
        found = _GROUP.match(text, place, end)
        if found is None:
            raise ValueError(f"at character {place} a name and a value in brackets are wanted")
        yield found["name"], found["value"]
        place = found.end()


def text_of(sets: Sequence[DataSet], *, named_once: bool = False, line_ends: bool = True) -> str:
    """Return data sets as they are sent, each value with its name before it, or only the first of a name."""
    end = LINE_END if line_ends else ""
    return "".join(
        f"{one.name if place == 0 or not named_once else ''}({value}){end}"
        for one in sets
        for place, value in enumerate(one.values)
    )


def floored(text: str, decimals: int) -> int:
    """Return a decimal number in units of its `decimals`-th place, floored. Raises ValueError for what is none.

    `floored("1.2349", 3)` is 1234: what is finer is left away, as a register shows it.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"a decimal number is wanted, got {text!r}")
    sign, whole, fraction = found[1], found[2], found[3] or ""
    kept = int(whole + fraction[:decimals].ljust(decimals, "0"))
    if not sign:
        return kept
    return -kept - bool(fraction[decimals:].strip("0"))


def value_and_unit(text: str) -> tuple[str, str]:
    """Return what stands before and behind the asterisk of a value; no unit where there is none."""
    value, _, unit = text.partition("*")
    return value, unit
