"""The short names of a simulated meter: a base name for each object, and an association that lists them."""

from collections.abc import Iterable

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.services import ObjectModel
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.short_listed import (
    ASSOCIATION_CLASS,
    ShortListedObject,
    attribute_name,
    encode_short_list,
)
from kilovatt.wire.protocols.dlms.values import DlmsValue, OctetString
from kilovatt.wire.simulator.spodes.objects import CosemObject

ASSOCIATION = Obis.parse("0.0.40.0.0.255")
_LOGICAL_NAME, _OBJECT_LIST = 1, 2
_FIRST_BASE, _ROOM = 0x0100, 0x0100
"""Where the base names begin, and how far they are apart: no class has so many attributes and methods."""


class NamedObjects:
    """A model of objects with an association by short names before it, which stands at `base`."""

    def __init__(self, model: ObjectModel, objects: Iterable[CosemObject], *, base: int) -> None:
        self._model = model
        self._listed = [ShortListedObject(base, ASSOCIATION_CLASS, 0, ASSOCIATION)]
        self.names: dict[int, Descriptor] = {
            attribute_name(base, number): Descriptor(ASSOCIATION_CLASS, ASSOCIATION, number)
            for number in (_LOGICAL_NAME, _OBJECT_LIST)
        }
        """Which attribute each short name is."""
        for place, one in enumerate(objects):
            self._name(_FIRST_BASE + place * _ROOM, one)

    def get(self, client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        """Return an attribute's value, or why there is none."""
        if attribute.class_id != ASSOCIATION_CLASS:
            return self._model.get(client, attribute, selection)
        if attribute.number == _LOGICAL_NAME:
            return OctetString(bytes(ASSOCIATION))
        return encode_short_list(self._listed)

    def set(self, client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        """Give an attribute a value, where the model takes one."""
        return self._model.set(client, attribute, value)

    def act(self, client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        """Run a method, where the model has one."""
        return self._model.act(client, method, parameter)

    def _name(self, base: int, one: CosemObject) -> None:
        self._listed.append(ShortListedObject(base, one.class_id, one.version, one.obis))
        for number in (_LOGICAL_NAME, *one.attributes):
            self.names[attribute_name(base, number)] = Descriptor(one.class_id, one.obis, number)
