"""A search for meters over a line: what is wished for, how it stands, and what is foreseen of it.

Ways of looking, verdicts and signs are those of `wire.drivers.finding`; here, and in the office, they are their names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

ADDRESSES_MAX = 10_000
"""More addresses are not asked one by one."""
PROBES_MAX = 5_000
"""So many questions are asked at most over a line that is read meanwhile."""
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


class ScanState(StrEnum):
    """How a search stands."""

    WANTED = "wanted"
    """Nobody has begun it yet."""
    RUNNING = "running"
    OVER = "over"
    STOPPED = "stopped"
    """Somebody ended it; what was found by then is kept."""
    BROKEN = "broken"
    """It ended by a fault of ours."""

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self not in {ScanState.WANTED, ScanState.RUNNING}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanWishes:
    """Where and how far is to be looked. No ways: all of them; no speeds: the line's own."""

    ways: tuple[str, ...] = ()
    addresses: str = ""
    """As people write them: 1-240 or 17,41,100-120."""
    serials: tuple[int, ...] = ()
    speeds: tuple[str, ...] = ()
    """Of a serial port, such as 9600 8N1."""
    timeout_ms: int | None = None
    """How long a silent address is waited for; None: as the line wants it."""
    thorough: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanForesight:
    """What a search will be, as far as can be said: questions, and how long they take if nobody answers [s]."""

    questions: int
    seconds: int
    speeds: tuple[str, ...]
    """The speeds that can be chosen; none where the line keeps its own, as a gateway does."""
    own_speed: str = ""


class NoAddressesError(ValueError):
    """A text that names no addresses."""

    def __init__(self, text: str) -> None:
        super().__init__(f"no addresses: {text!r}")
        self.text = text


class TooManyAddressesError(ValueError):
    """More addresses than are asked one by one."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} addresses are more than {ADDRESSES_MAX}")
        self.count = count


def addresses_listed(text: str) -> tuple[int, ...]:
    """Return the addresses of a text such as 17,41,100-120, each once.

    Raises NoAddressesError and TooManyAddressesError.
    """
    return tuple(dict.fromkeys(_listed(text)))


def _listed(text: str) -> Iterator[int]:
    count = 0
    for part in text.split(","):
        found = _RANGE.fullmatch(part.strip())
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise NoAddressesError(text)
        first, last = int(found[1]), int(found[2] or found[1])
        count += last - first + 1
        if count > ADDRESSES_MAX:
            raise TooManyAddressesError(count)
        yield from range(first, last + 1)
