"""Starting a town in a process of its own, and ending it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.town import HOST

_STOP_S = 5.0
_COMPLAINTS_BYTES_MAX = 65_536


class TownStartError(Exception):
    """A town did not start. Its text is the sentence in which the town said why.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class TownAddresses:
    """Where the lines of a town listen."""

    host: str
    ports: Mapping[str, int]


class TownProcess:
    """A town that lives as long as this object is not stopped, and never longer than this process.

        with TownProcess(plan) as town:
            port = town.addresses.ports["line-01"]

    The constructor returns when every line listens. `host`: where; `within`: what starts it elsewhere, in a network
    of its own for instance. Raises TownStartError.
    """

    def __init__(self, plan: TownPlan, *, host: str = HOST, within: Sequence[str] = ()) -> None:
        # A file, not a pipe: nobody reads it while the town runs, and a full pipe would stop the town.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop()
        self.complaints = ""
        """What the town had written to standard error when it was stopped: nothing, if all was well."""
        # The plan goes in by standard input, which then stays open: when this process dies, however it dies,
        # the town sees its input end.
        self._process = subprocess.Popen(  # noqa: S603 - `within` is its caller's own word
            [*within, sys.executable, "-m", "kilovatt.wire.simulator.town", "-", host],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        try:
            self.addresses = TownAddresses(host=host, ports=self._started(plan))
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The town's process."""
        return self._process.pid

    def stop(self) -> None:
        """End the town; again is no harm."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if not self._stderr.closed:
            self.complaints = self._said()
            self._stderr.close()
        for pipe in (self._process.stdin, self._process.stdout):
            # A town that ended early has not taken all that was written to it.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _started(self, plan: TownPlan) -> Mapping[str, int]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # A town that ended before it read the plan says why below.
        with suppress(BrokenPipeError):
            self._process.stdin.write(plan.to_json().encode() + b"\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(_STOP_S)
            said = self._said().strip()
            if said:
                raise TownStartError("%(said)s", said=said)
            raise TownStartError(gettext_noop("The town of simulated meters ended without a word."))
        heard = json.loads(line)
        if "refusal" in heard:
            raise TownStartError(heard["refusal"], **heard["values"])
        ports: Mapping[str, int] = heard["ports"]
        return ports

    def _said(self) -> str:
        # Read in place: the town writes where the common position of the file is.
        return os.pread(self._stderr.fileno(), _COMPLAINTS_BYTES_MAX, 0).decode(errors="replace")
