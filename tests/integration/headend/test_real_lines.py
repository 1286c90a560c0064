"""The head-end over real sockets and a real terminal, against small servers of this file's own."""

import asyncio
import errno
import os
import socket
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.record import ExchangeFailedError, SessionRecord
from kilovatt.wire.headend.session import Errand
from unit.wire.headend.bench import (
    TASK,
    TreacherousConnection,
    TreacherousDriver,
    answers,
    meter_address,
    read_codes,
    value_of,
)

Answer = Callable[[bytes], Awaitable[list[bytes]]]


async def at_once(request: bytes) -> list[bytes]:
    return [answers(value_of(request[1]), request[0])]


@asynccontextmanager
async def gateway(answer: Answer = at_once, *, port: int = 0) -> AsyncIterator[int]:
    """A gateway with a meter behind it that answers each request of three bytes; yields its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                for piece in await answer(await reader.readexactly(3)):
                    writer.write(piece)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def spec(port: int, **settings: float) -> LineSpec:
    line = {"answer_timeout_s": 0.3, "quiet_s": 0.05, "late_window_s": 0.2} | settings
    return LineSpec(line_id=1, url=f"tcp://127.0.0.1:{port}", **line)  # type: ignore[arg-type]  # tries is whole


async def carried(line: LineSpec, *codes: int) -> list[int]:
    carrier = Carrier(line, MachineClock(), open_channel)
    try:
        await carrier.open()
        return await carrier.carry(read_codes(*codes), TreacherousConnection(7), SessionRecord())
    finally:
        await carrier.close()


def test_a_conversation_is_carried_over_a_tcp_gateway() -> None:
    async def job() -> list[int]:
        async with gateway() as port:
            return await carried(spec(port), *range(1, 100))

    assert asyncio.run(job()) == [value_of(code) for code in range(1, 100)]


def test_an_answer_in_pieces_over_tcp_is_one_answer() -> None:
    async def slowly(request: bytes) -> list[bytes]:
        (whole,) = await at_once(request)
        await asyncio.sleep(0.01)
        return [whole[:1], whole[1:3], whole[3:]]

    async def job() -> list[int]:
        async with gateway(slowly) as port:
            return await carried(spec(port), 1, 2)

    assert asyncio.run(job()) == [value_of(1), value_of(2)]


def test_a_late_answer_over_tcp_is_not_taken_for_the_next() -> None:
    heard = 0

    async def once_late(request: bytes) -> list[bytes]:
        nonlocal heard
        heard += 1
        if heard == 1:
            await asyncio.sleep(0.4)
        return await at_once(request)

    async def job() -> list[int]:
        async with gateway(once_late) as port:
            return await carried(spec(port), 1, 2, 3)

    assert asyncio.run(job()) == [value_of(1), value_of(2), value_of(3)]


def test_a_gateway_that_takes_the_call_and_says_nothing_is_silence() -> None:
    async def never(request: bytes) -> list[bytes]:
        return []

    async def job() -> None:
        async with gateway(never) as port:
            await carried(spec(port, answer_timeout_s=0.05, tries=2), 1)

    with pytest.raises(ExchangeFailedError) as failed:
        asyncio.run(job())
    assert failed.value.outcome is Outcome.SILENCE


def test_a_gateway_that_hangs_up_is_noticed_at_once() -> None:
    async def hang_up(request: bytes) -> list[bytes]:
        raise ConnectionError

    async def job() -> float:
        async with gateway(hang_up) as port:
            began = asyncio.get_running_loop().time()
            with pytest.raises(NoRouteError, match="the gateway closed the connection"):
                await carried(spec(port, answer_timeout_s=20.0), 1)
            return asyncio.get_running_loop().time() - began

    assert asyncio.run(job()) < 5.0


def test_a_port_where_nobody_listens_is_no_route() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NoRouteError, match=rf"127.0.0.1:{port} cannot be reached: .*refused"):
        asyncio.run(carried(spec(port), 1))


def test_a_host_that_is_nowhere_is_no_route() -> None:
    line = LineSpec(line_id=1, url="tcp://no-such-host.invalid:4001")
    with pytest.raises(NoRouteError, match=r"no-such-host\.invalid:4001 cannot be reached: "):
        asyncio.run(carried(line, 1))


def test_a_call_that_is_not_taken_ends_after_its_time() -> None:
    # A full backlog of one: the system lets further calls ring.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        callers = [socket.socket() for _ in range(3)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        with pytest.raises(NoRouteError, match=r"did not take the call within 0\.2 s"):
            asyncio.run(carried(spec(port, connect_timeout_s=0.2), 1))
        for caller in callers:
            caller.close()


def test_many_lines_are_read_at_once_over_tcp() -> None:
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    async def job() -> None:
        async with gateway() as first, gateway() as second:
            lines = [
                (spec(port), [Errand(number, meter_address(number % 200 + 1), TASK) for number in range(100)])
                for port in (first, second)
            ]
            await Headend(MachineClock(), drivers=lambda _: TreacherousDriver()).read(lines, sink)

    asyncio.run(job())
    assert len(reports) == 200
    assert {report.outcome for report in reports} == {Outcome.OK}


# ── Serial ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def terminal(answer: Answer = at_once) -> AsyncIterator[tuple[str, Callable[[], None]]]:
    """A terminal with a meter at its other end; yields its path, and what pulls the plug."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    path = os.ttyname(theirs)
    loop = asyncio.get_running_loop()
    open_ends = {ours, theirs}

    async def respond(request: bytes) -> None:
        for piece in await answer(request):
            os.write(ours, piece)

    def readable() -> None:
        request = os.read(ours, 100)
        answering.append(loop.create_task(respond(request)))

    def unplug() -> None:
        loop.remove_reader(ours)
        for end in open_ends:
            os.close(end)
        open_ends.clear()

    answering: list[asyncio.Task[None]] = []
    loop.add_reader(ours, readable)
    try:
        yield path, unplug
    finally:
        unplug()


def serial_spec(path: str) -> LineSpec:
    url = f"serial://{path}?baud=9600&format=8N1"
    return LineSpec(line_id=1, url=url, answer_timeout_s=0.3, quiet_s=0.05, late_window_s=0.2)


def test_a_conversation_is_carried_over_a_serial_port() -> None:
    async def job() -> list[int]:
        async with terminal() as (path, _):
            return await carried(serial_spec(path), 1, 2, 3)

    assert asyncio.run(job()) == [value_of(1), value_of(2), value_of(3)]


def test_a_serial_port_is_held_by_one_program_alone_and_let_go_afterwards() -> None:
    async def job() -> list[int]:
        async with terminal() as (path, _):
            holder = await open_channel(serial_spec(path))
            with pytest.raises(NoRouteError, match=f"{path} cannot be opened: another program uses it"):
                await carried(serial_spec(path), 1)
            await holder.close()
            return await carried(serial_spec(path), 1)

    assert asyncio.run(job()) == [value_of(1)]


def test_a_serial_port_that_is_not_there_is_no_route() -> None:
    with pytest.raises(NoRouteError, match="/dev/ttyUSB99 cannot be opened: No such file or directory"):
        asyncio.run(carried(serial_spec("/dev/ttyUSB99"), 1))


def test_a_file_is_no_serial_port() -> None:
    with pytest.raises(NoRouteError, match="/dev/null cannot be opened: "):
        asyncio.run(carried(serial_spec("/dev/null"), 1))


def test_an_adapter_that_is_pulled_out_is_noticed_at_once() -> None:
    async def never(request: bytes) -> list[bytes]:
        return []

    async def job() -> None:
        async with terminal(never) as (path, unplug):
            asyncio.get_running_loop().call_later(0.05, unplug)
            await carried(LineSpec(line_id=1, url=f"serial://{path}", answer_timeout_s=20.0), 1)

    with pytest.raises(NoRouteError, match="the port was lost"):
        asyncio.run(job())


def test_bytes_a_port_cannot_take_at_once_are_sent_when_it_can() -> None:
    flood = bytes(range(256)) * 400

    async def job() -> bytes:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        channel = await open_channel(serial_spec(os.ttyname(theirs)))
        try:
            channel.write(flood[:50_000])
            channel.write(flood[50_000:])
            came = bytearray()
            while len(came) < len(flood):
                came += await asyncio.to_thread(os.read, ours, 65_536)
            return bytes(came)
        finally:
            await channel.close()
            os.close(ours)
            os.close(theirs)

    assert asyncio.run(job()) == flood


@pytest.mark.parametrize("fails", ["read", "write"])
def test_a_port_that_fails_is_named_with_what_the_system_says(fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = {"read": os.read, "write": os.write}[fails]

    def broken(fd: int, what: Any) -> object:  # noqa: ANN401 - a size or bytes
        # The other end of the terminal is in this process too, and is sound.
        if what in {4096, b"\x07\x01\x08"}:
            raise OSError(errno.EIO, "Input/output error")
        return sound(fd, what)  # type: ignore[operator]

    async def job() -> str | None:
        async with terminal() as (path, _):
            channel = await open_channel(serial_spec(path))
            with monkeypatch.context() as patched:
                patched.setattr(f"kilovatt.wire.headend.serial_port.os.{fails}", broken)
                channel.write(b"\x07\x01\x08")
                await asyncio.sleep(0.05)
                channel.write(b"\x07\x01\x08")
            await channel.close()
            return channel.lost_because

    assert asyncio.run(job()) == "the port was lost: Input/output error"


def test_a_port_that_has_nothing_yet_or_takes_nothing_yet_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.read, os.write
    refusals = {"read": 2, "write": 2}

    def reluctant_read(fd: int, size: int) -> bytes:
        if size == 4096 and refusals["read"]:
            refusals["read"] -= 1
            raise BlockingIOError
        return read(fd, size)

    def reluctant_write(fd: int, data: bytes) -> int:
        if len(data) == 3 and refusals["write"]:
            refusals["write"] -= 1
            raise BlockingIOError
        return write(fd, data)

    async def job() -> list[int]:
        async with terminal() as (path, _):
            monkeypatch.setattr("kilovatt.wire.headend.serial_port.os.read", reluctant_read)
            monkeypatch.setattr("kilovatt.wire.headend.serial_port.os.write", reluctant_write)
            return await carried(serial_spec(path), 1, 2)

    assert asyncio.run(job()) == [value_of(1), value_of(2)]
    assert refusals == {"read": 0, "write": 0}
