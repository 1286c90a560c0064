"""What an exchange does next: a message to say, a link to open or to close. Each exchange is a generator of steps.

def read(session: Session) -> Exchange[int]:
    said = yield Say(question)          # the answer, in the clear
    return meaning_of(said)
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

ResultT = TypeVar("ResultT")


@dataclass(slots=True)
class Say:
    """A message, whose answer is sent back in. `in_clear`: neither it nor its answer is ciphered as a whole.

    `secret` is what may not be kept of it; `is_secret` keeps nothing of it.
    Not frozen: one is made of every question, and those that are take three times as long to make.
    """

    message: bytes
    in_clear: bool = False
    secret: bytes | None = field(default=None, repr=False)
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """Open the link afresh: our own, or that of the public client."""

    public: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Close the link that is open; what follows is for our own link."""


Step: TypeAlias = Say | Open | Close
Exchange: TypeAlias = Generator[Step, bytes, ResultT]
