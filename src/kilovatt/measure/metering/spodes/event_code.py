"""What one code of a journal of СПОДЭС is: its words, the house's kind of event, what it begins or ends."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum

from kilovatt.measure.metering.events import EventKind, RelayCause

PREFIX = "spodes"


class Source(StrEnum):
    """Which text has a code."""

    GOST = "ГОСТ Р 58940-2020"
    STO_2021 = "СТО 34.01-5.1-006-2021"


class Journal(Enum):
    """The journals that are read, by the fifth group of 0.0.99.98.x.255.

    The rows of all have a code (tables Д.1 to Д.9), but for those of quality: they have a word of bits.
    """

    VOLTAGE = 0
    CURRENT = 1
    SWITCHING = 2
    PROGRAMMING = 3
    EXTERNAL_INFLUENCE = 4
    COMMUNICATION = 5
    ACCESS = 6
    SELF_DIAGNOSTICS = 7
    REACTIVE_FACTOR = 8
    QUALITY = 9

    @property
    def key(self) -> str:
        """Its name in stable codes."""
        return self.name.lower()


class Flags(Enum):
    """Words of flags whose bits are told as codes of journals are, by the object that holds the word."""

    PUSH = "0.0.97.98.0.255"

    @property
    def key(self) -> str:
        """Its name in stable codes."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCode:
    """One code. `text` is an English source of gettext; `{which}` in it stands for `which`: a phase, a port, a profile.

    `ends` is the code that began what this one ends; `ended_by` the code that will end what this one begins. With
    neither, it is of a moment.
    """

    journal: Journal | Flags
    number: int
    text: str
    which: str = ""
    kind: EventKind = EventKind.OTHER
    cause: RelayCause | None = None
    ends: int | None = None
    ended_by: int | None = None
    source: Source = Source.GOST

    @property
    def key(self) -> str:
        """A name that never changes: `spodes:voltage:13`."""
        return code_key(self.journal, self.number)


def code_key(journal: Journal | Flags, number: int) -> str:
    """Return the stable name of a code, known or not."""
    return f"{PREFIX}:{journal.key}:{number}"


def gettext_noop(text: str) -> str:
    """Return the text; its name marks an English string for the catalogue of translations."""
    return text


@dataclass(frozen=True, slots=True)
class Table:
    """Writes the codes of one journal."""

    journal: Journal

    def moment(
        self,
        number: int,
        text: str,
        kind: EventKind = EventKind.OTHER,
        *,
        which: str = "",
        cause: RelayCause | None = None,
        source: Source = Source.GOST,
    ) -> EventCode:
        """Return a code of a moment."""
        return EventCode(
            journal=self.journal, number=number, text=text, which=which, kind=kind, cause=cause, source=source
        )

    def span(
        self,
        numbers: tuple[int, int],
        texts: tuple[str, str],
        kind: EventKind = EventKind.OTHER,
        *,
        which: str = "",
        source: Source = Source.GOST,
    ) -> Iterator[EventCode]:
        """Return the two codes of what goes on for a time: its beginning, and its end."""
        began, ended = numbers
        yield EventCode(
            journal=self.journal,
            number=began,
            text=texts[0],
            which=which,
            kind=kind,
            ended_by=ended,
            source=source,
        )
        yield EventCode(
            journal=self.journal, number=ended, text=texts[1], which=which, kind=kind, ends=began, source=source
        )

    def by_phase(self, first: int, texts: tuple[str, str], kind: EventKind = EventKind.OTHER) -> Iterator[EventCode]:
        """Return the six codes of what begins and ends in each phase."""
        for place, phase in enumerate("ABC"):
            yield from self.span((first + 2 * place, first + 2 * place + 1), texts, kind, which=phase)
