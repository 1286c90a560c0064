"""A bench for the head-end: virtual time, scripted lines, and a small language as treacherous as Mercury V2.

Of the small language: a request is `address code check`, an answer `address value value check`; nothing in an
answer says which request it belongs to, and the check is a sum. A one-byte value is a status.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import MODELS
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import (
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask,
)
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.record import SessionRecord
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Connection,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)

ResultT = TypeVar("ResultT")
Delivery = tuple[float, bytes]
Script = Callable[[int, bytes], list[Delivery]]
"""What comes back for the n-th request (from 1) on a line: seconds after it, and bytes."""

BEGINNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ADDRESS = 7


# ── Virtual time ────────────────────────────────────────────────────────────────────────────────────────────────────


class _Leaping(selectors.DefaultSelector):
    """Instead of waiting, moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits for something that will never come")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in which waiting takes no time."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def run(job: Coroutine[Any, Any, ResultT]) -> ResultT:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(job)


class VirtualClock:
    """Goes with the loop, from 24 November 2026, 03:00 UTC."""

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())


# ── The small language ──────────────────────────────────────────────────────────────────────────────────────────────


def framed(*content: int) -> bytes:
    return bytes([*content, sum(content) & 0xFF])


@dataclass(frozen=True, slots=True)
class Read(Request[int]):
    """Asks for the value of a code."""

    code: int


LINK_TEST = Read(0)
"""Is answered by itself, as Mercury's is."""


@dataclass(frozen=True, slots=True)
class Open(Request[int]):
    """Opens the channel with a password of two bytes."""

    password: bytes = b"\x31\x32"


@dataclass(frozen=True, slots=True)
class ReadLong(Request[int]):
    """Asks for a value whose answer comes in two blocks, the second on demand."""

    code: int


def asks(code: int, address: int = ADDRESS) -> bytes:
    return framed(address, code)


def answers(value: int, address: int = ADDRESS) -> bytes:
    return framed(address, value >> 8, value & 0xFF)


def refuses(status: int, address: int = ADDRESS) -> bytes:
    return framed(address, status)


class TreacherousConnection:
    """One side of the small language."""

    def __init__(self, address: int) -> None:
        if not 1 <= address <= 240:
            raise LocalProtocolError(f"an address is 1 to 240: got {address}")
        self._address = address
        self._request: Request[Any] | None = None
        self._sent = b""
        self._came = b""
        self._blocks = b""

    def send(self, request: Request[Any]) -> Outgoing:
        if self._request is not None:
            raise LocalProtocolError("one request at a time")
        secret: tuple[tuple[int, int], ...] = ()
        match request:
            case Read(code) | ReadLong(code) if code < 256:
                self._sent = asks(code, self._address)
            case Open(password):
                self._sent, secret = framed(self._address, 1, *password), ((2, 4),)
            case _:
                raise LocalProtocolError(f"{request} cannot be framed")
        self._request = request
        self._came = self._blocks = b""
        return Outgoing(self._sent, secret)

    def receive(self, data: bytes) -> Event | None:
        self._came += data
        if len(self._came) < 4:
            return None
        return self._whole()

    def quiet(self) -> Event:
        if not self._came:
            raise self._fault(LineFault.SILENCE, "nothing came back")
        if self._came == self._sent and self._request != LINK_TEST:
            raise self._fault(LineFault.ECHO, "the request came back")
        return self._whole()

    def _whole(self) -> Event:
        came = self._came
        if len(came) not in {3, 4} or framed(*came[:-1]) != came:
            raise self._fault(LineFault.NOISE, "the check does not fit")
        if came[0] != self._address:
            raise self._fault(LineFault.ANOTHER_METER, f"wanted {self._address}, got {came[0]}")
        if isinstance(self._request, ReadLong) and not self._blocks:
            self._blocks, self._came = came, b""
            return SendMore(Outgoing(asks(0xFE, self._address)))
        self._request = None
        whole = self._blocks + came
        if len(came) == 3:
            reason = {5: RefusalReason.CHANNEL_CLOSED, 0: RefusalReason.OTHER}.get(came[1], RefusalReason.ACCESS_DENIED)
            return Answered(came[1] if came[1] == 0 else Refusal(reason, came[1]), whole)
        return Answered(int.from_bytes(came[1:3]), whole)

    def _fault(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._request = None
        return RemoteProtocolError(fault, message, self._came)


# ── Lines that follow a script ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class ScriptedChannel(Channel):
    """Answers by a script and remembers what it heard, with the time."""

    script: Script
    written: list[tuple[float, bytes]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.written.append((loop.time(), data))
        for delay_s, came in self.script(len(self.written), data):
            loop.call_later(delay_s, self.feed, came)

    async def close(self) -> None:
        self.closed = True
        self.lost_because = self.lost_because or "closed"

    @property
    def requests(self) -> list[bytes]:
        return [data for _, data in self.written]


class Bench:
    """A carrier over one scripted line."""

    def __init__(self, script: Script, spec: LineSpec | None = None, /, **settings: float) -> None:
        self.channel = ScriptedChannel(script)
        # mypy: a number of tries is whole, the other settings are seconds.
        self.spec = replace(spec or LineSpec(line_id=1, url="tcp://gateway:4001"), **settings)  # type: ignore[arg-type]
        self.clock = VirtualClock()
        self.carrier = Carrier(self.spec, self.clock, self._open)
        self.record = SessionRecord()
        self.connection: Connection = TreacherousConnection(ADDRESS)

    async def _open(self, spec: LineSpec) -> Channel:
        return self.channel

    async def carry(self, conversation: Conversation[ResultT]) -> ResultT:
        await self.carrier.open()
        return await self.carrier.carry(conversation, self.connection, self.record)


def read_codes(*codes: int) -> Conversation[list[int]]:
    """Ask for codes one after another and return their values."""
    values: list[int] = []
    for code in codes:
        answer = yield from ask(Read(code))
        values.append(answer.value)
    return values


def value_of(code: int) -> int:
    """Return what an honest meter answers: each code has its own value."""
    return 0x1100 + code


def honest(_: int, request: bytes) -> list[Delivery]:
    """Answer every request after 5 ms."""
    return [(0.005, answers(value_of(request[1]), request[0]))]


# ── A meter family ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class TreacherousDriver:
    """Speaks the small language; what a session does is told by its parts: names and codes."""

    parts_of: tuple[tuple[SessionPart, tuple[int, ...]], ...] = (
        (SessionPart.IDENTITY, (10,)),
        (SessionPart.REGISTERS, (20, 21)),
        (SessionPart.PROFILE, (30, 31)),
    )
    opens: bool = False
    serial: int | None = None

    def connection(self, meter: MeterAddress) -> TreacherousConnection:
        return TreacherousConnection(meter.address)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        if self.opens:
            answer = yield from ask(Open())
            if answer.value != 0:
                raise MeterRefusedError(Outcome.WRONG_PASSWORD, f"status {answer.value}")

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        for part, codes in self.parts_of:
            yield PlannedPart(part, self._learn(part, codes))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        yield from ()

    def _learn(self, part: SessionPart, codes: tuple[int, ...]) -> Conversation[Learnt]:
        learnt = Learnt()
        for code in codes:
            answer = yield from ask(Read(code))
            if part is SessionPart.IDENTITY and self.serial not in {None, answer.value}:
                raise MeterRefusedError(Outcome.ANOTHER_METER, f"wanted {self.serial}, got {answer.value}")
            if answer.value == 0xDEAD:
                raise ValueError("no such date")
            if answer.value == 0xDEAF:
                raise RemoteProtocolError(LineFault.NOISE, "no such month", b"")
            learnt += Learnt(registers=(reading(code, answer.value, answer.exchange, answer.heard_at),))
        return learnt


def reading(code: int, value: int, exchange: int, heard_at: datetime) -> RegisterReading:
    return RegisterReading(
        quantity=Quantity.A_PLUS,
        tariff=0,
        value=value,
        moment=RegisterMoment.NOW,
        # The code of the request hides in the instant, so that a test can tell what the value was meant to be.
        taken_at=BEGINNING + timedelta(days=code),
        heard_at=heard_at,
        exchange=exchange,
    )


def code_of(register: RegisterReading) -> int:
    return (register.taken_at - BEGINNING).days


def meter_address(address: int = ADDRESS) -> MeterAddress:
    return MeterAddress(model=MODELS[0], address=address, password="12", zone=ZoneInfo("Europe/Moscow"))


TASK = ReadingTask(register_days=(date(2026, 11, 1),))
