"""Sessions as bytes: recorded from a simulated meter, played by a server that costs nothing but its sockets."""

import asyncio
import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.session import Errand, read_meter

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 24),),
    register_months=(date(2026, 11, 1),),
    profile_days=(date(2026, 11, 23),),
    events=False,
)
"""What a meter is asked every day: who it is, its clock, what flows, its registers, and yesterday's half-hours."""
HOST = "127.0.0.1"
BACKLOG = 1024
_SERIAL = 41_906_467
_RECEIVE_BYTES = 65_536


@dataclass(frozen=True)
class Recorded:
    """A session as bytes: each request with its answer, in order."""

    exchanges: tuple[tuple[bytes, bytes], ...]

    def answers(self) -> dict[bytes, bytes]:
        """Return the answers by their requests."""
        return dict(self.exchanges)


class Standstill:
    """A clock that shows the instant of the record, so that every session asks the same; reading it costs as much."""

    def now(self) -> datetime:
        """Return the instant of the record."""
        datetime.now(UTC)  # noqa: TID251 - what a real clock costs
        return NOW


def address_of(model: MeterModel) -> MeterAddress:
    """Return where the recorded meter is, as it came from its factory."""
    password = "111111" if model.language is Language.MERCURY_V2 else None
    zone = ZoneInfo("Europe/Moscow")
    return MeterAddress(model=model, address=factory_address(model, _SERIAL), password=password, zone=zone)


async def record(model: MeterModel) -> Recorded:
    """Record the day session of a simulated meter."""
    # The simulator and its numbers: a head-end has none of them, and its memory is measured.
    from kilovatt.wire.simulator.single import plan_single  # noqa: PLC0415
    from kilovatt.wire.simulator.town import build_meter, homes_of  # noqa: PLC0415

    plan = plan_single(model, now=NOW, port=0, serial=_SERIAL)
    meter = build_meter(plan.meters[0], plan, homes_of(plan))
    exchanges: list[tuple[bytes, bytes]] = []

    class Tape(Channel):
        """Plays the meter without a socket, and records what was said."""

        def write(self, data: bytes) -> None:
            answer = meter.hear(data, NOW)
            assert answer is not None, f"the simulated meter keeps silent about {data.hex(' ')}"
            exchanges.append((data, answer))
            asyncio.get_running_loop().call_soon(self.feed, answer)

        async def close(self) -> None:
            self.lost_because = "closed"

    async def opened(_: LineSpec) -> Channel:
        return Tape()

    carrier = Carrier(LineSpec(line_id=0, url="tcp://tape:1"), Standstill(), opened)
    report = await read_meter(Errand(0, address_of(model), DAY), carrier, Standstill(), driver_for(model))
    await carrier.close()
    assert report.outcome is Outcome.OK, report
    return Recorded(tuple(exchanges))


def record_into(model_key: str, pipe: Pipe) -> None:
    """Record in a process of its own, which is gone afterwards with all it needed."""
    pipe.send(asyncio.run(record(model_by_key(model_key))))


def recorded(model_key: str) -> Recorded:
    """Return the day session of a model, recorded in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=record_into, args=(model_key, there))
    process.start()
    # So that its end is ours to see, should it fail.
    there.close()
    tape: Recorded = here.recv()
    process.join()
    return tape


class _Player:
    """Answers from the record, each answer `delay_s` after its request; a request comes in one piece."""

    def __init__(self, answers: Mapping[bytes, bytes], delay_s: float) -> None:
        self.listener = socket.create_server((HOST, 0), backlog=BACKLOG)
        self._listening = self.listener.fileno()
        self._answers = answers
        self._delay_s = delay_s
        self._poll = select.epoll()
        self._poll.register(self.listener, select.EPOLLIN)
        self._clients: dict[int, socket.socket] = {}
        self._due: deque[tuple[float, socket.socket, bytes]] = deque()

    def play(self) -> None:
        """Play until killed."""
        while True:
            for number, _ in self._poll.poll(self._until_due_s()):
                if number == self._listening:
                    self._accept()
                else:
                    self._hear(number)
            while self._due and self._due[0][0] <= time.monotonic():
                _, client, answer = self._due.popleft()
                # Whoever hung up hears no more.
                if client.fileno() >= 0:
                    client.send(answer)

    def _until_due_s(self) -> float | None:
        if not self._delay_s:
            # A record that never sleeps: to wake it, on another core, would cost who asks it as much as to ask.
            return 0.0
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _accept(self) -> None:
        client, _address = self.listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client.fileno()] = client
        self._poll.register(client, select.EPOLLIN)

    def _hear(self, number: int) -> None:
        client = self._clients[number]
        try:
            request = client.recv(_RECEIVE_BYTES)
        except ConnectionError:
            request = b""
        if not request:
            self._poll.unregister(number)
            self._clients.pop(number).close()
        elif self._delay_s:
            self._due.append((time.monotonic() + self._delay_s, client, self._answers[request]))
        else:
            client.send(self._answers[request])


def play(answers: Mapping[bytes, bytes], delay_s: float, pipe: Pipe) -> None:
    """Answer from the record on one port until killed; the port goes into the pipe."""
    player = _Player(answers, delay_s)
    pipe.send(player.listener.getsockname()[1])
    player.play()


@contextmanager
def played(tape: Recorded, *, delay_s: float = 0.0) -> Iterator[int]:
    """A process that plays a record; its port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=play, args=(tape.answers(), delay_s, there), daemon=True
    )
    process.start()
    try:
        yield here.recv()
    finally:
        process.kill()
        process.join()


def peak_mb() -> float:
    """Return the most memory that this process has had resident [MB, 10⁶ bytes]."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6
