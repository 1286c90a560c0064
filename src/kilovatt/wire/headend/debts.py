"""Late answers are the trap: what a line may still owe us, and until when we must not ask anything else.

An answer of Mercury V2 does not say what it answers, so the answer to an earlier request could be taken for
a later one. Assumed of a line: a meter answers a request at most once, answers come in the order of the
requests, and within `answer_timeout_s` + `late_window_s` of the request or never. From these follows:

- A retry repeats the same request, so whichever try is answered, the value answers the question.
- Before a *different* request every answer still owed must have come or be overdue: the line is drained.
  What was heard ends the wait early only if it is the answer we know, whole or with a few bytes damaged.
- An answer later than that, against the assumption, would shift all the answers after it by one, and leave
  one too many at the end. So where an answer never came, the session listens once more before its end, and
  one byte that nobody asked for takes back every value since (`SessionRecord.doubtful`). Only a second such
  answer in the same session, or one lost just then, could hide the first.
"""


class Debts:
    """The answers one line may still owe."""

    __slots__ = ("_answer", "_heard", "owed", "until")

    def __init__(self) -> None:
        self.owed = 0
        self.until = 0.0
        """Loop time from which the line owes nothing any more."""
        self._answer = b""
        self._heard = b""

    def owe(self, owed: int, *, until: float, answer: bytes = b"") -> None:
        """Note that answers are owed until an instant; `answer` is what they would look like, where known."""
        self.owed = owed
        self.until = until
        self._answer = answer
        self._heard = b""

    def receive(self, data: bytes, *, quiet_until: float) -> None:
        """Take what came while nothing was asked. The line must be quiet until `quiet_until` now."""
        if self.owed and self._answer:
            # An answer may come in pieces.
            self._heard = (self._heard + data)[-len(self._answer) :]
            if resembles(self._heard, self._answer):
                self._heard = b""
                self.owed -= 1
                if not self.owed:
                    self.until = quiet_until
        self.until = max(self.until, quiet_until)


def resembles(burst: bytes, answer: bytes) -> bool:
    """Tell whether a burst is that answer, perhaps damaged: of its length, and three of four bytes the same."""
    if len(burst) != len(answer):
        return False
    same = sum(ours == theirs for ours, theirs in zip(burst, answer, strict=True))
    return same * 4 >= len(answer) * 3
