"""What a carrier is at."""

from enum import Enum, auto


class Phase(Enum):
    """What a line is doing now."""

    IDLE = auto()
    """Nothing is asked; what comes is dropped."""
    SETTLING = auto()
    """A request waits until the line owes nothing and is quiet."""
    AWAITING = auto()
    """A request is out."""
    LISTENING = auto()
    """The session is over, and the line must stay quiet."""
