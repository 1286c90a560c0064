"""The logical device in which a simulated concentrator is managed: its objects, read whole, by entries or by range."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.objects.listed import AttributeAccess, ListedObject, encode_object_list
from kilovatt.wire.protocols.dlms.objects.selecting import (
    CLOCK_TIME,
    EntrySelection,
    RangeSelection,
    decode_selection,
)
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
)
from kilovatt.wire.protocols.dlms.values.stamps import decode_stamp

DATA, PROFILE, CLOCK, ASSOCIATION, SAP_ASSIGNMENT = 1, 7, 8, 15, 17
CURRENT_ASSOCIATION = bytes((0, 0, 40, 0, 0, 255))
_BUFFER = 2
Reads: TypeAlias = Callable[[datetime], DlmsValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One object. `is_public`: whether anybody may read it, or only who is associated as a reader."""

    class_id: int
    obis: Obis
    attributes: Mapping[int, Reads]
    version: int = 0
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: its values, and when it was captured; None for rows of no time."""

    values: tuple[DlmsValue, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A profile (class 7) whose columns are named objects of class 1, or the clock. `rows` are the oldest first."""

    obis: Obis
    columns: tuple[tuple[int, Obis], ...]
    rows: Callable[[datetime], Sequence[TableRow]]
    capacity: int

    def buffer(self, rows: Iterable[TableRow]) -> Array:
        """Return rows as attribute 2 shows them."""
        return Array(Structure(row.values) for row in rows)

    def held(self) -> Held:
        """Return the object that shows it."""
        columns = Array(
            Structure((LongUnsigned(class_id), OctetString(bytes(name)), Integer(2), LongUnsigned(0)))
            for class_id, name in self.columns
        )
        return Held(
            class_id=PROFILE,
            version=1,
            obis=self.obis,
            attributes={
                2: lambda now: self.buffer(self.rows(now)),
                3: lambda _: columns,
                4: lambda _: DoubleLongUnsigned(0),
                5: lambda _: Enumerate(1),
                7: lambda now: DoubleLongUnsigned(len(self.rows(now))),
                8: lambda _: DoubleLongUnsigned(self.capacity),
            },
        )


class Management:
    """Answers what clients ask of the objects. `now` is the town's clock at the message that is being heard."""

    def __init__(self, objects: Iterable[Held], tables: Iterable[Table], *, zone: ZoneInfo, public_sap: int) -> None:
        self._tables = {bytes(table.obis): table for table in tables}
        held = [*objects, *(table.held() for table in self._tables.values())]
        self._held = {(one.class_id, bytes(one.obis)): one for one in held}
        self._zone = zone
        self._public_sap = public_sap
        self.now: datetime

    def get(self, client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        """Return an attribute's value, or why there is none."""
        if (attribute.class_id, bytes(attribute.obis)) == (ASSOCIATION, CURRENT_ASSOCIATION):
            return self._association(client, attribute.number)
        found = self._held.get((attribute.class_id, bytes(attribute.obis)))
        if found is None:
            return AccessResult.OBJECT_UNDEFINED
        if not self._may(client, found):
            return AccessResult.ACCESS_DENIED
        if attribute.number == 1:
            return OctetString(bytes(found.obis))
        if selection is not None:
            return self._selected(attribute, selection)
        read = found.attributes.get(attribute.number)
        return AccessResult.OBJECT_UNAVAILABLE if read is None else read(self.now)

    def set(self, client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        """Refuse: nothing can be set in a simulated concentrator."""
        del client, attribute, value
        return AccessResult.ACCESS_DENIED

    def act(self, client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        """Refuse: a simulated concentrator runs nothing."""
        del client, method, parameter
        return AccessResult.ACCESS_DENIED, None

    def _may(self, client: int, one: Held) -> bool:
        return one.is_public or client != self._public_sap

    def _association(self, client: int, number: int) -> DlmsValue | AccessResult:
        if number == 1:
            return OctetString(CURRENT_ASSOCIATION)
        if number != 2:  # its object list
            return AccessResult.OBJECT_UNAVAILABLE
        return encode_object_list(
            ListedObject(
                one.class_id,
                one.version,
                one.obis,
                tuple(AttributeAccess(number, 1) for number in (1, *sorted(one.attributes))),
            )
            for one in self._held.values()
            if self._may(client, one)
        )

    def _selected(self, attribute: Descriptor, selection: Selection) -> DlmsValue | AccessResult:
        table = self._tables.get(bytes(attribute.obis))
        if table is None or attribute.class_id != PROFILE or attribute.number != _BUFFER:
            return AccessResult.SCOPE_VIOLATED
        rows = table.rows(self.now)
        try:
            match decode_selection(selection.selector, selection.parameters):
                case EntrySelection(first=first, last=last):
                    return table.buffer(rows[max(0, first - 1) : last or len(rows)])
                case RangeSelection(first=bytes(first), last=bytes(last), restricting=restricting):
                    return self._by_range(table, rows, restricting, (bytes(first), bytes(last)))
        except MalformedError:
            return AccessResult.TYPE_UNMATCHED
        return AccessResult.SCOPE_VIOLATED

    def _by_range(
        self, table: Table, rows: Sequence[TableRow], restricting: CaptureObject, ends: tuple[bytes, bytes]
    ) -> DlmsValue | AccessResult:
        if restricting != CLOCK_TIME or (CLOCK, CLOCK_TIME.obis) not in table.columns:
            return AccessResult.SCOPE_VIOLATED
        since, until = (decode_stamp(end).instant(self._zone) for end in ends)
        return table.buffer(row for row in rows if row.at is not None and since <= row.at <= until)
