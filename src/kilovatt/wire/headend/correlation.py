"""Which session is in hand: the word by which all that is logged of it is found again, from opening to accepting.

Tasks and threads carry it as Python's own context does: whoever goes on with a session elsewhere says so anew.
"""

from contextvars import ContextVar, Token
from uuid import UUID

_IN_HAND: ContextVar[UUID | None] = ContextVar("session_in_hand", default=None)


def session_in_hand() -> UUID | None:
    """Return the session that is being worked on here, if any."""
    return _IN_HAND.get()


class in_hand:  # noqa: N801 - reads as the function that it was; a generator for each of ten thousand is dear
    """Within this, what is logged belongs to a session."""

    __slots__ = ("_before", "_session_id")

    def __init__(self, session_id: UUID) -> None:
        self._session_id = session_id
        self._before: Token[UUID | None]

    def __enter__(self) -> None:
        """Begin."""
        self._before = _IN_HAND.set(self._session_id)

    def __exit__(self, *_: object) -> None:
        """End."""
        _IN_HAND.reset(self._before)
