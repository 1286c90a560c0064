"""From the layouts that read and write frames to fields in words: one walk for all languages with layouts."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.explain.fields import ExplainedField, FieldValue
from kilovatt.wire.protocols.framing.layout import Field

Show: TypeAlias = Callable[[object], FieldValue]
"""How a language shows a field's value."""

_UNITS = {
    "wh": "Wh",
    "varh": "varh",
    "w": "W",
    "var": "var",
    "va": "VA",
    "mv": "mV",
    "ma": "mA",
    "ua": "µA",
    "mhz": "mHz",
    "h": "h",
    "minutes": "min",
    "permille": "‰",
    "mw": "mW",
    "mvar": "mvar",
    "mva": "mVA",
    "mdeg": "m°",
    "permyriad": "‱",
    "c": "°C",
    "s": "s",
    "cs": "cs",
}
_NUMBERED = re.compile(r"(?P<code>.+)_(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """Some fields in a row; `is_possible` is False where one of them says what cannot be (its bytes are shown)."""

    fields: tuple[ExplainedField, ...]
    is_possible: bool


def explain_layout(layout: Mapping[str, Field], data: bytes, *, start: int, show: Show) -> ExplainedPart:
    """Return what bytes of a layout's size say; `start` is where they stand in their frame.

    The code of a field is its name, without the number where several are alike (`energy_wh_1`); its unit is the
    end of its name.
    """
    places = tuple(_places(layout, data, start, None))
    values = [_value(place, show) for place in places]
    fields = (
        ExplainedField(
            start=place.start,
            end=place.start + len(place.part),
            code=place.code,
            value=place.part.hex(" ") if isinstance(value, _Impossible) else value,
            unit=None if isinstance(value, _Impossible) else _UNITS.get(place.code.rpartition("_")[2]),
            number=place.number,
        )
        for place, value in zip(places, values, strict=True)
    )
    return ExplainedPart(tuple(fields), is_possible=not any(isinstance(value, _Impossible) for value in values))


@dataclass(frozen=True, slots=True)
class _Place:
    code: str
    number: int | None
    field: Field
    start: int
    part: bytes


class _Impossible:
    pass


def _places(layout: Mapping[str, Field], data: bytes, start: int, number: int | None) -> Iterator[_Place]:
    for name, field in layout.items():
        numbered = _NUMBERED.fullmatch(name)
        code, which = (numbered["code"], int(numbered["number"])) if numbered else (name, number)
        part, data = data[: field.size], data[field.size :]
        if field.parts is not None:
            yield from _places(field.parts, part, start, which)
        else:
            yield _Place(code=code, number=which, field=field, start=start, part=part)
        start += field.size


def _value(place: _Place, show: Show) -> FieldValue | _Impossible:
    field = place.field
    if field.fixed is None:
        try:
            return show(field.read(place.part))
        except ValueError:
            return _Impossible()
    return _Impossible() if field.checked and place.part != field.fixed else place.part.hex(" ")
