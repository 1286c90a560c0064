"""The objects of a simulated СПОДЭС meter: what each of their attributes says, and who may ask."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DlmsValue

PUBLIC, READER, CONFIGURATOR = 16, 32, 48
"""Clients by their address (ГОСТ Р 58940-2020); a dialect may have others in these roles."""

Reads: TypeAlias = Callable[[datetime], DlmsValue]
Writes: TypeAlias = Callable[[DlmsValue, datetime], None]
Acts: TypeAlias = Callable[[DlmsValue, datetime], None]
_EVERYBODY_ELSE = frozenset({READER, CONFIGURATOR})


class CannotBeSetError(Exception):
    """A value or a parameter that this object does not take, or not as things are; `result` is what is answered."""

    def __init__(self, result: AccessResult = AccessResult.TYPE_UNMATCHED) -> None:
        super().__init__(result.name)
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemObject:
    """One object: an interface class under a logical name.

    Attribute 1 is the logical name and is not listed. `readers`, `setters` and `actors` are the clients that may.
    """

    class_id: int
    obis: Obis
    version: int = 0
    attributes: Mapping[int, Reads]
    writes: Mapping[int, Writes] = field(default_factory=dict)
    methods: Mapping[int, Acts] = field(default_factory=dict)
    readers: frozenset[int] = _EVERYBODY_ELSE
    setters: frozenset[int] = frozenset({CONFIGURATOR})
    actors: frozenset[int] = frozenset({CONFIGURATOR})


class Objects:
    """All objects of a meter, by class and logical name."""

    def __init__(self) -> None:
        self._by_name: dict[tuple[int, bytes], CosemObject] = {}

    def add(self, made: CosemObject) -> None:
        """Add one; a logical name stands for one object of a class."""
        key = (made.class_id, bytes(made.obis))
        assert key not in self._by_name, f"{made.class_id} {made.obis} twice"
        self._by_name[key] = made

    def find(self, class_id: int, obis: bytes) -> CosemObject | None:
        """Return an object, if there is one."""
        return self._by_name.get((class_id, bytes(obis)))

    def __iter__(self) -> Iterator[CosemObject]:
        return iter(self._by_name.values())
