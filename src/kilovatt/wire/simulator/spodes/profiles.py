"""Profiles of a simulated СПОДЭС meter (class 7): rows at instants, columns that anything may be."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, DoubleLongUnsigned, Enumerate, Structure
from kilovatt.wire.simulator.spodes.objects import CosemObject

CLASS_ID = 7
CLOCK_CLASS_ID = 8
CLOCK = Obis.parse("0.0.1.0.0.255")
_FIRST_IN_FIRST_OUT = 1


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One capture: when, by true time, and in a journal which code."""

    at: datetime
    code: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One capture object, and what it holds in a row."""

    class_id: int
    obis: Obis
    attribute: int
    value: Callable[[Row], DlmsValue]

    def described(self) -> Structure:
        """Return it as attribute 3 lists it."""
        return CaptureObject(self.class_id, self.obis, self.attribute).encode()


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile. `rows(now)` are its rows, the oldest first."""

    obis: Obis
    columns: tuple[Column, ...]
    rows: Callable[[datetime], Sequence[Row]]
    period_s: int
    capacity: int

    def buffer(self, rows: Sequence[Row], columns: Sequence[Column]) -> Array:
        """Return rows as attribute 2 shows them."""
        return Array(Structure(column.value(row) for column in columns) for row in rows)

    def between(self, since: datetime, until: datetime, now: datetime) -> Sequence[Row]:
        """Return the rows captured in [since, until], both ends included (Blue Book 4.3.6.2.2)."""
        rows = self.rows(now)
        return rows[bisect_left(rows, since, key=_at) : bisect_right(rows, until, key=_at)]

    def entries(self, first: int, last: int, now: datetime) -> Sequence[Row]:
        """Return rows by number, from 1; a last of 0 is the newest."""
        rows = self.rows(now)
        return rows[max(0, first - 1) : last or len(rows)]

    def as_object(self) -> CosemObject:
        """Return the object that shows it."""
        return CosemObject(
            class_id=CLASS_ID,
            version=1,
            obis=self.obis,
            attributes={
                2: lambda now: self.buffer(self.rows(now), self.columns),
                3: lambda _: Array(column.described() for column in self.columns),
                4: lambda _: DoubleLongUnsigned(self.period_s),
                5: lambda _: Enumerate(_FIRST_IN_FIRST_OUT),
                6: lambda _: self._sorted_by(),
                7: lambda now: DoubleLongUnsigned(len(self.rows(now))),
                8: lambda _: DoubleLongUnsigned(self.capacity),
            },
        )

    def _sorted_by(self) -> Structure:
        clock = next((column for column in self.columns if column.class_id == CLOCK_CLASS_ID), self.columns[0])
        return clock.described()


def _at(row: Row) -> datetime:
    return row.at
