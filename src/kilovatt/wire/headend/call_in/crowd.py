"""Callers in the order in which they were last heard, in all and by address: who is longest silent is found at once."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class HasAddress(Protocol):
    """Comes from an address of the network."""

    host: str


CallerT = TypeVar("CallerT", bound=HasAddress)


class Crowd(Generic[CallerT]):
    """Callers, the longest silent first."""

    def __init__(self) -> None:
        self._all: OrderedDict[CallerT, None] = OrderedDict()
        self._by_host: dict[str, OrderedDict[CallerT, None]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all)

    def __contains__(self, caller: CallerT) -> bool:
        """Whether one is among them."""
        return caller in self._all

    def __iter__(self) -> Iterator[CallerT]:
        """All of them, the longest silent first."""
        return iter(tuple(self._all))

    def add(self, caller: CallerT) -> None:
        """Add one, or note that it was heard just now."""
        self._all[caller] = None
        self._all.move_to_end(caller)
        mine = self._by_host.setdefault(caller.host, OrderedDict())
        mine[caller] = None
        mine.move_to_end(caller)

    def discard(self, caller: CallerT) -> None:
        """Take one away if it is there."""
        if caller not in self._all:
            return
        del self._all[caller]
        mine = self._by_host[caller.host]
        del mine[caller]
        if not mine:
            del self._by_host[caller.host]

    def longest_silent(self, host: str | None = None) -> CallerT | None:
        """Return who was not heard for longest, in all or of one address."""
        some = self._all if host is None else self._by_host.get(host, ())
        return next(iter(some), None)

    def count_of(self, host: str) -> int:
        """How many come from an address."""
        return len(self._by_host.get(host, ()))
