"""How often an exchange is tried before it is given up."""

from kilovatt.wire.protocols.framing.connection import LineFault

MORE_TRIES = 2
"""A meter that has answered in this session is there, and gets so many tries more."""
MORE_NOISY_TRIES = 7
"""Those that bring noise cost little time: of 258 bytes on a line that changes one in a thousand, each fourth is."""
TRIES_WITH_GAIN_MAX = 60
"""A long answer comes in parts: a try that brought one does not count, up to so many."""


class Tries:
    """What came of the tries of one exchange so far."""

    __slots__ = ("_brings_gain", "_in_vain", "_with_gain", "is_fresh")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin with another exchange."""
        self.is_fresh = True
        self._brings_gain = False
        self._in_vain = self._with_gain = 0

    def gain(self) -> None:
        """Note that the try in hand has brought a part of a longer answer."""
        self.is_fresh = False
        self._brings_gain = True

    def are_over(self, fault: LineFault, *, made: int, allowed: int, is_there: bool) -> bool:
        """Note that a try has failed; tell whether it was the last.

        `made` are those so far, `allowed` as many as the line is given, `is_there` whether the meter has answered in
        this session.
        """
        self.is_fresh = False
        self._with_gain += self._brings_gain
        self._brings_gain = False
        allowed += min(self._with_gain, TRIES_WITH_GAIN_MAX)
        if not is_there:
            return made >= allowed
        self._in_vain += fault is not LineFault.NOISE
        return self._in_vain >= allowed + MORE_TRIES or made >= allowed + MORE_NOISY_TRIES
