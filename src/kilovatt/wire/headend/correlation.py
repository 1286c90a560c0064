"""Which session is in hand: the word by which all that is logged of it is found again, from opening to accepting.

Tasks and threads carry it as Python's own context does: whoever goes on with a session elsewhere says so anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_IN_HAND: ContextVar[UUID | None] = ContextVar("session_in_hand", default=None)


def session_in_hand() -> UUID | None:
    """Return the session that is being worked on here, if any."""
    return _IN_HAND.get()


@contextmanager
def in_hand(session_id: UUID) -> Iterator[None]:
    """Within this, what is logged belongs to a session."""
    before = _IN_HAND.set(session_id)
    try:
        yield
    finally:
        _IN_HAND.reset(before)
