"""A recorded session with a meter, played to a client, with the CPU time that the client spends on what it hears.

Used by every contestant, ours and strangers': it must run with any Python and import nothing but the standard library.
"""

import json
import statistics
import sys
import time
from pathlib import Path


class Tape:
    """Answers of a meter in the order of what is written to it.

    The stop-watch runs from the moment the request of a read is written until its values are there: making the
    request, connecting and being associated are not measured, acknowledgements between the segments are.
    """

    def __init__(self, answers):
        self._answers = iter(answers)
        self._heard = b""
        self._at = 0
        self._is_armed = False
        self._began = 0.0
        self.spent_s = 0.0

    def write(self, _request=b""):
        """Take what the client writes: the next answer can then be read."""
        self._heard, self._at = self._heard[self._at :] + next(self._answers), 0
        if self._is_armed:
            self._is_armed = False
            self._began = time.process_time()

    def read(self, count=1 << 20):
        """Return what came, so many bytes at most."""
        start = self._at
        self._at = min(start + count, len(self._heard))
        return self._heard[start : self._at]

    def read_until(self, end):
        """Return what came up to the next end, it included."""
        start, found = self._at, self._heard.find(end, self._at)
        self._at = len(self._heard) if found < 0 else found + len(end)
        return self._heard[start : self._at]

    def arm(self):
        """Begin to measure with the next request."""
        self._is_armed = True

    def stop(self):
        """Stop measuring: the values of the request are there."""
        self.spent_s += time.process_time() - self._began


def median_of(session, capture, count):
    """Return the median CPU seconds of a day in so many sessions, and the values that the last one brought."""
    answers = [bytes.fromhex(answer) for answer in capture["answers"]]
    spent_s, values = [], None
    for _ in range(count):
        tape = Tape(answers)
        values = session(capture, tape)
        spent_s.append(tape.spent_s / capture["days"])
    return statistics.median(spent_s), values


def serve(session, version):
    """Answer questions of the benchmark on standard input, a line of JSON each, until there are no more.

    `session(capture, tape)` runs one whole session and returns the rows of all profiles as text and integers.
    """
    told, sys.stdout = sys.stdout, sys.stderr
    captures = json.loads(Path(sys.argv[1]).read_text(encoding="ascii"))
    told.write(json.dumps({"version": version}) + "\n")
    told.flush()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            spent_s, values = median_of(session, captures[asked["case"]], asked["count"])
            answer = {"spent_s": spent_s, "values": values}
        except Exception as error:  # noqa: BLE001  # whatever a stranger's program raises is what is told of it
            answer = {"failed": f"{type(error).__name__}: {error}"}
        told.write(json.dumps(answer) + "\n")
        told.flush()
