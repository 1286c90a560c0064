"""Late answers are the trap: what a line may still owe us, and until when we must not ask anything else.

An answer of Mercury V2 does not say what it answers, so the answer to an earlier request could be taken for
a later one. Assumed of a line: a meter answers a request at most once, answers come in the order of the
requests, and within `answer_timeout_s` + `late_window_s` of the request or never. From these follows:

- A retry repeats the same request, so whichever try is answered, the value answers the question.
- Before a *different* request every answer still owed must have come or be overdue: the line is drained.
  What was heard ends the wait early only if it is the answer we know, whole or with a few bytes damaged.
- An answer later than that, against the assumption, would shift all the answers after it by one, and leave
  one too many at the end. So where an answer never came, the session listens once more before its end, and
  one byte that nobody asked for takes back every value since (`SessionRecord.doubtful`). A second such answer,
  or one lost soon after, could hide the first: a line is to be given the patience it needs, and one that was
  caught being late is given more by itself.
"""

LATEST_S = 120.0
"""No line is waited for longer, however late it has been."""


class Debts:
    """The answers one line may still owe."""

    __slots__ = ("_answer", "_heard", "_latest_s", "_since", "owed", "until")

    def __init__(self) -> None:
        self.owed = 0
        self._since = 0.0
        self._latest_s = 0.0
        self.until = 0.0
        """Loop time from which the line owes nothing any more."""
        self._answer = b""
        self._heard = b""

    def owe(self, owed: int, *, since: float, until: float, answer: bytes = b"") -> None:
        """Note that answers to requests sent since an instant are owed until another.

        `answer` is what they would look like, where known. A line that has been later than that before is
        given a quarter more than its latest.
        """
        self.owed = owed
        self._since = since
        self.until = max(until, since + min(self._latest_s * 1.25, LATEST_S))
        self._answer = answer
        self._heard = b""

    def receive(self, data: bytes, *, now: float, quiet_s: float) -> None:
        """Take what came while nothing was asked; the line must be quiet for `quiet_s` from now on."""
        if self.owed and self._answer:
            # An answer may come in pieces.
            self._heard = (self._heard + data)[-len(self._answer) :]
            if resembles(self._heard, self._answer):
                self._heard = b""
                self.owed -= 1
                self._latest_s = max(self._latest_s, now - self._since)
                if not self.owed:
                    self.until = now
        self.until = max(self.until, now + quiet_s)


def resembles(burst: bytes, answer: bytes) -> bool:
    """Tell whether a burst is that answer, perhaps damaged: of its length, and three of four bytes the same."""
    if len(burst) != len(answer):
        return False
    same = sum(ours == theirs for ours, theirs in zip(burst, answer, strict=True))
    return same * 4 >= len(answer) * 3
