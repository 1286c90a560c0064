"""The object list of an association by short names (class 12, attribute 2; Blue Book, 4.4.3): what there is, and where.

Attributes of an object stand eight apart from its base name on: the first, the logical name, at the base name itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.shapes import elements, fields, integer, logical_name
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, Long, LongUnsigned, OctetString, Structure, Unsigned
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

ASSOCIATION_CLASS = 12
_ROW_FIELDS = 4
_STEP = 8
_NAMES, _HALF = 1 << 16, 1 << 15


@dataclass(frozen=True, slots=True)
class ShortListedObject:
    """An object that a client sees, and its base name (0 to FFFFh)."""

    base_name: int
    class_id: int
    version: int
    obis: Obis

    def encode(self) -> Structure:
        """Return it as a row of the list, where base names are signed."""
        signed = self.base_name - _NAMES if self.base_name >= _HALF else self.base_name
        return Structure((Long(signed), LongUnsigned(self.class_id), Unsigned(self.version), OctetString(self.obis)))


def attribute_name(base_name: int, attribute: int) -> int:
    """Return the short name of an attribute. Raises LocalProtocolError for one beyond the last name there is."""
    name = base_name + _STEP * (attribute - 1)
    if not 0 <= name < _NAMES or attribute < 1:
        raise LocalProtocolError(f"attribute {attribute} at {base_name:04X}h has no short name")
    return name


def decode_short_list(value: DlmsValue) -> tuple[ShortListedObject, ...]:
    """Return the rows of an object list. Raises MalformedError."""
    return tuple(map(_listed, elements(value, "an object list")))


def encode_short_list(objects: Iterable[ShortListedObject]) -> Array:
    """Return an object list as a value."""
    return Array(one.encode() for one in objects)


def _listed(value: DlmsValue) -> ShortListedObject:
    base_name, class_id, version, name = fields(value, _ROW_FIELDS, "a row of an object list")
    return ShortListedObject(
        # Some send it unsigned.
        integer(base_name, "a base name", -_HALF, _NAMES - 1) % _NAMES,
        integer(class_id, "a class", 0, 0xFFFF),
        integer(version, "a version", 0, 0xFF),
        logical_name(name, "a logical name"),
    )
