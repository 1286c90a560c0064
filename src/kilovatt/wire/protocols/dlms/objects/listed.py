"""The object list of an association (class 15, attribute 2; Blue Book, 4.4.4): what there is, and what we may do.

Rights are numbers up to version 2 of the class, and bits since version 3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.shapes import elements, fields, integer, logical_name
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    Enumerate,
    Integer,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)

_ROW_FIELDS, _RIGHTS_FIELDS, _ATTRIBUTE_FIELDS, _METHOD_FIELDS = 4, 2, 3, 2
_BITS_SINCE_VERSION = 3


class AttributeRight(IntEnum):
    """What may be done with an attribute, up to version 2."""

    NONE = 0
    READ = 1
    WRITE = 2
    READ_AND_WRITE = 3
    AUTHENTICATED_READ = 4
    AUTHENTICATED_WRITE = 5
    AUTHENTICATED_READ_AND_WRITE = 6


class RightBits(IntFlag):
    """What may be done with an attribute, and how it must be protected, since version 3."""

    READ = 0x01
    WRITE = 0x02
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80


_READ = frozenset({1, 3, 4, 6})
_WRITE = frozenset({2, 3, 5, 6})


@dataclass(frozen=True, slots=True)
class AttributeAccess:
    """One attribute: its number, the right as it is sent, and the selectors that it takes (none: null)."""

    attribute: int
    right: int
    selectors: tuple[int, ...] = ()

    def can_read(self, association_version: int = 1) -> bool:
        """Whether it may be read."""
        bits = bool(self.right & RightBits.READ)
        return bits if association_version >= _BITS_SINCE_VERSION else self.right in _READ

    def can_write(self, association_version: int = 1) -> bool:
        """Whether it may be written."""
        bits = bool(self.right & RightBits.WRITE)
        return bits if association_version >= _BITS_SINCE_VERSION else self.right in _WRITE

    def encode(self) -> Structure:
        """Return it as an element of attribute access."""
        selectors = Array(map(Integer, self.selectors)) if self.selectors else None
        return Structure((Integer(self.attribute), Enumerate(self.right), selectors))


@dataclass(frozen=True, slots=True)
class MethodAccess:
    """One method: its number and the right as it is sent: 0 none, 1 access, 2 authenticated access."""

    method: int
    right: int

    @property
    def can_run(self) -> bool:
        """Whether it may be run."""
        return bool(self.right)

    def encode(self) -> Structure:
        """Return it as an element of method access."""
        return Structure((Integer(self.method), Enumerate(self.right)))


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object that a client sees."""

    class_id: int
    version: int
    obis: Obis
    attributes: tuple[AttributeAccess, ...]
    methods: tuple[MethodAccess, ...] = ()

    def encode(self) -> Structure:
        """Return it as a row of the list."""
        rights = Structure(
            (Array(one.encode() for one in self.attributes), Array(one.encode() for one in self.methods))
        )
        return Structure((LongUnsigned(self.class_id), Unsigned(self.version), OctetString(self.obis), rights))


def decode_object_list(value: DlmsValue) -> tuple[ListedObject, ...]:
    """Return the rows of an object list. Raises MalformedError."""
    return tuple(map(_listed, elements(value, "an object list")))


def encode_object_list(objects: Iterable[ListedObject]) -> Array:
    """Return an object list as a value."""
    return Array(one.encode() for one in objects)


def _listed(value: DlmsValue) -> ListedObject:
    class_id, version, name, rights = fields(value, _ROW_FIELDS, "a row of an object list")
    attributes, methods = fields(rights, _RIGHTS_FIELDS, "rights of access")
    return ListedObject(
        integer(class_id, "a class", 0, 0xFFFF),
        integer(version, "a version", 0, 0xFF),
        logical_name(name, "a logical name"),
        tuple(map(_attribute, elements(attributes, "attribute access"))),
        tuple(map(_method, elements(methods, "method access"))),
    )


def _attribute(value: DlmsValue) -> AttributeAccess:
    number, right, selectors = fields(value, _ATTRIBUTE_FIELDS, "access to an attribute")
    return AttributeAccess(
        integer(number, "an attribute", -128, 127),
        integer(right, "a right", 0, 0xFF),
        tuple(integer(one, "a selector", -128, 127) for one in elements(selectors, "selectors")),
    )


def _method(value: DlmsValue) -> MethodAccess:
    number, right = fields(value, _METHOD_FIELDS, "access to a method")
    if isinstance(right, bool):
        # Version 0 of the class has a boolean here.
        return MethodAccess(integer(number, "a method", -128, 127), int(right))
    return MethodAccess(integer(number, "a method", -128, 127), integer(right, "a right", 0, 0xFF))
