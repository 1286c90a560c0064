"""The logical device of a simulated СПОДЭС meter: who may see which of its objects, and which rows of a profile."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.objects.listed import (
    AttributeAccess,
    AttributeRight,
    ListedObject,
    MethodAccess,
    encode_object_list,
)
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection, RangeSelection, decode_selection
from kilovatt.wire.protocols.dlms.objects.shapes import octets
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, OctetString
from kilovatt.wire.protocols.dlms.values.patterns import DATE_TIME_BYTES
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.spodes.objects import CannotBeSetError, CosemObject, Objects
from kilovatt.wire.simulator.spodes.profiles import CLASS_ID, Profile
from kilovatt.wire.simulator.spodes.stamps import instant_of

ASSOCIATION_CLASS = 15
ASSOCIATION = bytes((0, 0, 40, 0, 0, 255))
_LOGICAL_NAME, _BUFFER = 1, 2
_OBJECT_LIST = 2


class Device:
    """Answers what clients ask of the objects. `now` is the town's clock at the frame that is being heard.

    `roles` are those of clients by their address, `takes_ranges` is whether its profiles can be asked by range: there
    are meters that only know entries.
    """

    def __init__(
        self,
        objects: Objects,
        profiles: Iterable[Profile],
        clockwork: Clockwork,
        *,
        roles: Mapping[int, int],
        takes_ranges: bool,
    ) -> None:
        self._roles = roles
        self._objects = objects
        self._profiles = {bytes(profile.obis): profile for profile in profiles}
        self._clockwork = clockwork
        self._takes_ranges = takes_ranges
        self.now: datetime

    def get(self, client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        """Return an attribute's value, or why there is none."""
        if (attribute.class_id, bytes(attribute.obis)) == (ASSOCIATION_CLASS, ASSOCIATION):
            return self._association(self._roles[client], attribute.number)
        found = self._objects.find(attribute.class_id, attribute.obis)
        if found is None:
            return AccessResult.OBJECT_UNDEFINED
        if self._roles[client] not in found.readers:
            return AccessResult.ACCESS_DENIED
        if attribute.number == _LOGICAL_NAME:
            return OctetString(bytes(found.obis))
        if selection is not None:
            return self._selected(attribute, selection)
        read = found.attributes.get(attribute.number)
        return AccessResult.OBJECT_UNAVAILABLE if read is None else read(self.now)

    def set(self, client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        """Give an attribute a value."""
        found = self._objects.find(attribute.class_id, attribute.obis)
        if found is None:
            return AccessResult.OBJECT_UNDEFINED
        write = found.writes.get(attribute.number)
        if write is None or self._roles[client] not in found.setters:
            return AccessResult.ACCESS_DENIED
        try:
            write(value, self.now)
        except CannotBeSetError as error:
            return error.result
        return AccessResult.SUCCESS

    def act(self, client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        """Run a method; those of these meters return nothing."""
        found = self._objects.find(method.class_id, method.obis)
        if found is None:
            return AccessResult.OBJECT_UNDEFINED, None
        run = found.methods.get(method.number)
        if run is None or self._roles[client] not in found.actors:
            return AccessResult.ACCESS_DENIED, None
        try:
            run(parameter, self.now)
        except CannotBeSetError as error:
            return error.result, None
        return AccessResult.SUCCESS, None

    def _selected(self, attribute: Descriptor, selection: Selection) -> DlmsValue | AccessResult:
        profile = self._profiles.get(bytes(attribute.obis))
        if attribute.class_id != CLASS_ID or attribute.number != _BUFFER or profile is None:
            return AccessResult.SCOPE_VIOLATED
        try:
            wanted = decode_selection(selection.selector, selection.parameters)
            if isinstance(wanted, RangeSelection) and self._takes_ranges:
                return self._by_range(profile, wanted)
            if isinstance(wanted, EntrySelection):
                return self._by_entries(profile, wanted)
        except (MalformedError, ValueError):
            return AccessResult.TYPE_UNMATCHED
        return AccessResult.SCOPE_VIOLATED

    def _by_range(self, profile: Profile, wanted: RangeSelection) -> DlmsValue:
        zone = self._clockwork.zone
        ends = (octets(stamp, "a date and time", DATE_TIME_BYTES) for stamp in (wanted.first, wanted.last))
        first, last = (self._clockwork.true_instant(instant_of(stamp, zone)) for stamp in ends)
        named = {(one.class_id, bytes(one.obis), one.attribute) for one in wanted.columns}
        columns = [
            column
            for column in profile.columns
            if not named or (column.class_id, bytes(column.obis), column.attribute) in named
        ]
        return profile.buffer(profile.between(first, last, self.now), columns)

    def _by_entries(self, profile: Profile, wanted: EntrySelection) -> DlmsValue:
        columns = profile.columns[max(0, wanted.first_column - 1) : wanted.last_column or len(profile.columns)]
        return profile.buffer(profile.entries(wanted.first, wanted.last, self.now), columns)

    def _association(self, role: int, number: int) -> DlmsValue | AccessResult:
        if number == _LOGICAL_NAME:
            return OctetString(ASSOCIATION)
        if number == _OBJECT_LIST:
            return encode_object_list(_listed(one, role) for one in self._objects if role in one.readers)
        return AccessResult.OBJECT_UNAVAILABLE


def _listed(one: CosemObject, role: int) -> ListedObject:
    return ListedObject(
        one.class_id,
        one.version,
        one.obis,
        tuple(
            AttributeAccess(number, _right(one, role, number))
            for number in (_LOGICAL_NAME, *sorted({*one.attributes, *one.writes}))
        ),
        tuple(MethodAccess(number, int(role in one.actors)) for number in sorted(one.methods)),
    )


def _right(one: CosemObject, role: int, number: int) -> AttributeRight:
    can_read = number == _LOGICAL_NAME or number in one.attributes
    can_write = number in one.writes and role in one.setters
    return AttributeRight((AttributeRight.READ if can_read else 0) | (AttributeRight.WRITE if can_write else 0))
