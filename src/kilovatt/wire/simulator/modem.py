"""A simulated GSM modem: understands AT commands, and reaches lines of meters by their numbers.

modem = SimulatedModem({"+79161234567": Subscriber(line)}, clock)
SerialLine(modem).path            open it as a serial port
LineGateway(modem).listen(…)      or over TCP
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line

GUARD_S = 1.0
"""The silence around the escape sequence (register S12 is 50 fiftieths of a second)."""
_COMMAND_BYTES_MAX = 128
_SETTINGS = re.compile(r"(?:E[01]|Q[01]|V[01]|X[0-4]|Z0?|H0?|&[A-Z][0-9]?|S[0-9]{1,2}=[0-9]{1,3})*")
_BEARERS = frozenset({"7,0,1", "71,0,1"})
_NUMERIC = {"OK": "0", "CONNECT 9600": "1", "NO CARRIER": "3", "ERROR": "4", "BUSY": "7", "NO ANSWER": "8"}


class PicksUp(StrEnum):
    """What comes of a call."""

    ANSWERS = "CONNECT 9600"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    NO_CARRIER = "NO CARRIER"
    NO_DIALTONE = "NO DIALTONE"
    RINGS_FOR_EVER = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is at a number: a line of meters, and how it takes calls.

    `drops_after_bytes` of its answers the call breaks off, the first time that happens.
    """

    line: Line | None = None
    picks_up: PicksUp = PicksUp.ANSWERS
    connect_s: float = 0.0
    drops_after_bytes: int | None = None


@dataclass(slots=True)
class ModemState:
    """In what state a modem is found."""

    echoes: bool = True
    is_quiet: bool = False
    says_numbers: bool = False
    is_hung: bool = False
    registration: int = 1
    in_call_with: str | None = None
    """A number that somebody left it connected to."""


@dataclass(slots=True)
class _Call:
    subscriber: Subscriber
    bytes_left: int | None
    answers: int = field(default=0)


class SimulatedModem(Line):
    """A modem; to whoever talks to it over a port it is a line like any other."""

    def __init__(self, phone_book: Mapping[str, Subscriber], clock: TownClock, state: ModemState | None = None) -> None:
        super().__init__(Bus(()), clock)
        self.dialled: list[str] = []
        """Every number that was called."""
        self.state = state or ModemState()
        self._phone_book = dict(phone_book)
        self._deliver: Callable[[bytes], None] = _unheard
        self._command = bytearray()
        self._dialling: asyncio.TimerHandle | None = None
        self._call: _Call | None = None
        self._is_online = False
        """Whether bytes go to the call and not to the modem."""
        self._quiet_since = float("-inf")
        self._pluses = 0
        self._escaping: asyncio.TimerHandle | None = None
        if self.state.in_call_with is not None:
            self._connected(self._phone_book[self.state.in_call_with])

    @property
    def is_in_call(self) -> bool:
        """Whether a call is up."""
        return self._call is not None

    def put(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """Hear bytes from the port."""
        self._deliver = deliver
        if self.state.is_hung:
            return
        if self._is_online:
            self._heard_online(data)
        elif self._dialling is not None:
            # Any character stops a call that is not connected yet.
            self._dialling.cancel()
            self._dialling = None
            self._say("NO CARRIER")
        else:
            self._heard_command(data)

    def break_off(self) -> None:
        """Have the network end the call."""
        if self._call is not None:
            self._call, self._is_online = None, False
            self._say("NO CARRIER")

    # ── In a call ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _heard_online(self, data: bytes) -> None:
        now = self._loop.time()
        if self._escaping is not None:
            self._escaping.cancel()
            self._escaping = None
        begins = now - self._quiet_since >= GUARD_S
        self._quiet_since = now
        is_plus = not data.strip(b"+")
        self._pluses = self._pluses + len(data) if is_plus and (begins or self._pluses) else 0
        if self._pluses == 3:
            self._escaping = self._loop.call_later(GUARD_S, self._escaped)
        call = self._call
        assert call is not None, "online is in a call"
        if call.subscriber.line is not None:
            call.subscriber.line.put(data, lambda answer: self._answered(call, answer))

    def _escaped(self) -> None:
        self._escaping = None
        self._pluses = 0
        self._is_online = False
        self._say("OK")

    def _answered(self, call: _Call, data: bytes) -> None:
        if call is not self._call or not self._is_online:
            return
        if call.bytes_left is None:
            self._deliver(data)
            return
        self._deliver(data[: call.bytes_left])
        call.bytes_left -= len(data)
        if call.bytes_left <= 0:
            self._phone_book = {
                number: Subscriber(one.line, one.picks_up, one.connect_s) if one is call.subscriber else one
                for number, one in self._phone_book.items()
            }
            self.break_off()

    def _connected(self, subscriber: Subscriber) -> None:
        self._call = _Call(subscriber, subscriber.drops_after_bytes)
        self._is_online = True
        self._pluses = 0
        self._quiet_since = self._loop.time()
        if subscriber.line is not None:
            subscriber.line.bus.connected()

    # ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _heard_command(self, data: bytes) -> None:
        for byte in data:
            if self.state.echoes:
                self._deliver(bytes((byte,)))
            if byte == 0x0D:
                command = self._command.decode("ascii", "replace").strip().upper()
                self._command.clear()
                self._obey(command)
            elif len(self._command) < _COMMAND_BYTES_MAX:
                self._command.append(byte)

    def _obey(self, command: str) -> None:
        if not command.startswith("AT"):
            return
        what = command.removeprefix("AT")
        if what.startswith("D"):
            self._dial(what.removeprefix("D").removeprefix("T"))
        elif what == "+CREG?":
            self._deliver(f"\r\n+CREG: 0,{self.state.registration}\r\n".encode())
            self._say("OK")
        elif what.startswith("+CBST="):
            self._say("OK" if what.removeprefix("+CBST=") in _BEARERS else "ERROR")
        elif _SETTINGS.fullmatch(what):
            self._set(what)
            self._say("OK")
        else:
            self._say("ERROR")

    def _set(self, what: str) -> None:
        for letter, value in re.findall(r"(&?[A-Z])([0-9]?)", what):
            match letter:
                case "E":
                    self.state.echoes = value == "1"
                case "Q":
                    self.state.is_quiet = value == "1"
                case "V":
                    self.state.says_numbers = value == "0"
                case "H" | "Z":
                    self._call, self._is_online = None, False

    def _dial(self, number: str) -> None:
        self.dialled.append(number)
        subscriber = self._phone_book.get(number, Subscriber(picks_up=PicksUp.NO_CARRIER))
        if subscriber.picks_up is PicksUp.RINGS_FOR_EVER:
            self._dialling = self._loop.call_later(3600, self._taken, subscriber)
        else:
            self._dialling = self._loop.call_later(subscriber.connect_s, self._taken, subscriber)

    def _taken(self, subscriber: Subscriber) -> None:
        self._dialling = None
        self._say(subscriber.picks_up.value)
        if subscriber.picks_up is PicksUp.ANSWERS:
            self._connected(subscriber)

    def _say(self, words: str) -> None:
        if self.state.is_quiet:
            return
        text = f"{_NUMERIC.get(words, words)}\r" if self.state.says_numbers else f"\r\n{words}\r\n"
        self._deliver(text.encode("ascii"))


def _unheard(data: bytes) -> None:
    del data
