"""Calls through an AT modem: from a modem in whatever state to a connected call, and back (ITU-T V.250, 3GPP 27.007).

    dialogue = dialling("+79161234567", bearer="71,0,1", wait_s=60)
    step = dialogue.begin()          write `step.data`, then wait `step.wait_s` at most for what it brings
    step = dialogue.receive(bytes)   the next step, Connected, or None while more must come
    step = dialogue.elapsed()        the same, when the time is over

A modem may echo what it is told, may have been left in the middle of a call, and may say nothing at all.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

GUARD_S = 1.1
"""Silence before and after the three plus signs: a second by S12, and a little."""
ANSWER_S = 2.0
"""How long a modem thinks about a command."""
HANG_UP_S = 5.0
_ESCAPE = b"+++"
_WAKE = "ATQ0V1E0"
_HANG_UP = "ATH"
_TRIES = 2
_LINE_BYTES_MAX = 256
_LOST = b"\r\nNO CARRIER\r\n"
_REGISTRATION = re.compile(r"\+CREG: *\d,(\d)")
_UNREGISTERED = frozenset("023")
"""Not looking, looking, denied."""


class CallFailure(StrEnum):
    """Why there is no call."""

    NO_CARRIER = "no_carrier"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_DIALTONE = "no_dialtone"
    REFUSED = "refused"
    """The modem does not take a command."""
    NOT_REGISTERED = "not_registered"
    """The modem is not in the network."""
    MODEM_SILENT = "modem_silent"
    """The modem does not answer commands."""
    NOT_CONNECTED = "not_connected"
    """The call was not connected in its time."""


class CallFailedError(Exception):
    """There is no call. `said` are the modem's own words, or the command it did not take."""

    def __init__(self, failure: CallFailure, said: str = "") -> None:
        super().__init__(f"{failure.value}: {said}" if said else failure.value)
        self.failure = failure
        self.said = said


@dataclass(frozen=True, slots=True)
class Step:
    """Write these bytes, if any, and wait so long at most [s]."""

    data: bytes
    wait_s: float


@dataclass(frozen=True, slots=True)
class Done:
    """The dialogue is over: the modem's last words, and what came behind them."""

    said: str
    rest: bytes


_Talk: TypeAlias = Generator[Step, "str | None", str]
_FAILURES = {
    "NO CARRIER": CallFailure.NO_CARRIER,
    "BUSY": CallFailure.BUSY,
    "NO ANSWER": CallFailure.NO_ANSWER,
    "NO DIALTONE": CallFailure.NO_DIALTONE,
    "NO DIAL TONE": CallFailure.NO_DIALTONE,
    "ERROR": CallFailure.REFUSED,
    "DELAYED": CallFailure.REFUSED,
    "BLACKLISTED": CallFailure.REFUSED,
    "OK": CallFailure.REFUSED,
}
"""OK is no answer to a dialled number: such a modem made a call of another kind."""
_ERRORS = ("+CME ERROR", "+CMS ERROR")
_CONNECT = "CONNECT"


class ModemDialogue:
    """One talk with a modem in its command state."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self._heard = b""

    def begin(self) -> Step | Done:
        """Return the first step."""
        return self._next(None)

    def receive(self, data: bytes) -> Step | Done | None:
        """Take bytes in any pieces. Raises CallFailedError."""
        self._heard += data
        latest: Step | None = None
        while b"\n" in self._heard:
            line, _, self._heard = self._heard.partition(b"\n")
            step = self._told(line[-_LINE_BYTES_MAX:])
            if isinstance(step, Done) or (step is not None and step.data):
                return step
            latest = step or latest
        self._heard = self._heard[-_LINE_BYTES_MAX:]
        return latest

    def elapsed(self) -> Step | Done:
        """Say that the time of the step is over. Raises CallFailedError."""
        return self._next(None)

    def _told(self, line: bytes) -> Step | Done | None:
        words = line.decode("ascii", "replace").strip()
        return self._next(words) if _is_result(words) or _REGISTRATION.match(words) else None

    def _next(self, words: str | None) -> Step | Done:
        try:
            step = self._talk.send(words)
        except StopIteration as over:
            said: str = over.value
            return Done(said, self._heard)
        if step.data:
            # What was said before is no answer to this.
            self._heard = b""
        return step


def dialling(number: str, *, bearer: str | None, wait_s: float) -> ModemDialogue:
    """Return the talk that ends with a connected call; `bearer` is for AT+CBST, None for a modem that is not GSM."""
    return ModemDialogue(_dial(number, bearer, wait_s))


def hanging_up() -> ModemDialogue:
    """Return the talk that ends a call, if the modem still listens."""
    return ModemDialogue(_hang_up())


def not_dialling() -> ModemDialogue:
    """Return the talk that stops a call that is not connected yet."""
    return ModemDialogue(_stop())


class CallWatch:
    """Watches what comes over a call for the modem's word that it was broken off."""

    def __init__(self) -> None:
        self._end = b""

    def is_broken_by(self, data: bytes) -> bool:
        """Take bytes in any pieces; return whether the call is over."""
        self._end = (self._end + data)[-len(_LOST) :]
        return self._end == _LOST


def _is_result(words: str) -> bool:
    return words in _FAILURES or words.startswith((*_ERRORS, _CONNECT))


def _dial(number: str, bearer: str | None, wait_s: float) -> _Talk:
    yield from _wake()
    yield from _command(_HANG_UP, HANG_UP_S)
    if bearer is not None:
        yield from _taken(f"AT+CBST={bearer}")
        yield from _registered()
    said = yield from _command(f"ATD{number}", wait_s)
    if said is None:
        raise CallFailedError(CallFailure.NOT_CONNECTED)
    if not said.startswith(_CONNECT):
        raise CallFailedError(_FAILURES.get(said, CallFailure.REFUSED), said)
    return said


def _wake() -> Generator[Step, "str | None", None]:
    for _ in range(_TRIES):
        if (yield from _command(_WAKE, ANSWER_S)) == "OK":
            return
    # Somebody may have left it in the middle of a call.
    yield from _escape()
    yield from _command(_HANG_UP, HANG_UP_S)
    for _ in range(_TRIES):
        if (yield from _command(_WAKE, ANSWER_S)) == "OK":
            return
    raise CallFailedError(CallFailure.MODEM_SILENT)


def _taken(command: str) -> Generator[Step, "str | None", None]:
    said = yield from _command(command, ANSWER_S)
    if said is None:
        raise CallFailedError(CallFailure.MODEM_SILENT, command)
    if said != "OK":
        raise CallFailedError(CallFailure.REFUSED, f"{command}: {said}")


def _registered() -> Generator[Step, "str | None", None]:
    said = yield from _command("AT+CREG?", ANSWER_S)
    told = _REGISTRATION.match(said or "")
    if told is None:
        # A modem that does not tell is tried.
        return
    if told[1] in _UNREGISTERED:
        raise CallFailedError(CallFailure.NOT_REGISTERED, said or "")
    yield Step(b"", ANSWER_S)


def _hang_up() -> _Talk:
    yield from _escape()
    said = yield from _command(_HANG_UP, HANG_UP_S)
    return said or ""


def _stop() -> _Talk:
    # Any character stops it; the command behind makes sure.
    yield Step(b"\r", ANSWER_S)
    said = yield from _command(_HANG_UP, HANG_UP_S)
    return said or ""


def _escape() -> Generator[Step, "str | None", None]:
    # What comes meanwhile is a meter's, or its late answer: the silence that counts is ours.
    yield from _rest(GUARD_S)
    yield Step(_ESCAPE, GUARD_S + ANSWER_S)


def _rest(seconds: float) -> Generator[Step, "str | None", None]:
    while (yield Step(b"", seconds)) is not None:
        pass


def _command(command: str, wait_s: float) -> Generator[Step, "str | None", "str | None"]:
    return (yield Step(command.encode("ascii") + b"\r", wait_s))
