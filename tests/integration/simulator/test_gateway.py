"""Lines behind real TCP ports and a real terminal, with Mercury V1 meters, which need no session."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import serial

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.gateway import UNSENT_BYTES_MAX, Line, LineGateway, ListenError, Pace
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.serial_line import SerialLine

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
HOST = "127.0.0.1"
ResultT = TypeVar("ResultT")

ADDRESS = 10_925_856
ANSWER_SIZE = 4 + 1 + 16 + 2


def crc16(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def request(address: int, command: int) -> bytes:
    body = address.to_bytes(4, "big") + bytes([command])
    return body + crc16(body)


def meter(address: int = ADDRESS) -> MercuryV1Meter:
    table = tariff_table_for(2)
    return MercuryV1Meter(
        SimulatedMeterPlan(
            model=model_by_key("mercury-206-prlsno"),
            serial=address,
            address=address,
            zone=MOSCOW,
            energy=MeterEnergy(
                curve=place_curve(np.full(4000, 150, dtype=np.int64), NOW, MOSCOW),
                zone=MOSCOW,
                table=table,
                past=past_of_serial(address, step_wh=10, table=table),
            ),
        )
    )


def line(*kinds: FaultKind, pace: Pace | None = None, late_by_s: float = 0.2) -> Line:
    faults = LineFaults(kinds=frozenset(kinds), late_by_s=late_by_s)
    return Line(Bus([meter(), meter(ADDRESS + 1)], faults), TownClock(NOW), pace=pace)


async def listening(on: Line) -> tuple[LineGateway, int]:
    gateway = LineGateway(on)
    return gateway, await gateway.listen(HOST, 0)


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    return asyncio.run(work)


def test_meters_answer_over_tcp() -> None:
    async def conversation() -> bytes:
        gateway, port = await listening(line())
        reader, writer = await asyncio.open_connection(HOST, port)
        answers = b""
        for address in (ADDRESS, ADDRESS + 1):
            writer.write(request(address, 0x27))
            answers += await reader.readexactly(ANSWER_SIZE)
        writer.close()
        await gateway.close()
        return answers

    answers = run(conversation())

    for number, answer in enumerate((answers[:ANSWER_SIZE], answers[ANSWER_SIZE:])):
        assert answer[:4] == (ADDRESS + number).to_bytes(4, "big")
        assert answer[4] == 0x27
        assert crc16(answer[:-2]) == answer[-2:]


def test_a_request_may_come_byte_by_byte() -> None:
    async def conversation() -> bytes:
        gateway, port = await listening(line())
        reader, writer = await asyncio.open_connection(HOST, port)
        for byte in request(ADDRESS, 0x27):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.001)
        answer = await reader.readexactly(ANSWER_SIZE)
        writer.close()
        await gateway.close()
        return answer

    assert run(conversation())[:4] == ADDRESS.to_bytes(4, "big")


def test_a_new_connection_takes_the_place_of_the_old() -> None:
    async def conversation() -> tuple[bytes, bytes]:
        gateway, port = await listening(line())
        first_reader, first_writer = await asyncio.open_connection(HOST, port)
        first_writer.write(request(ADDRESS, 0x27))
        await first_reader.readexactly(ANSWER_SIZE)
        second_reader, second_writer = await asyncio.open_connection(HOST, port)
        second_writer.write(request(ADDRESS, 0x27))
        answer = await second_reader.readexactly(ANSWER_SIZE)
        try:
            hung_up = await first_reader.read()
        except ConnectionResetError:
            hung_up = b""
        first_writer.close()
        second_writer.close()
        await gateway.close()
        return hung_up, answer

    hung_up, answer = run(conversation())

    assert hung_up == b""
    assert answer[:4] == ADDRESS.to_bytes(4, "big")


def test_a_late_answer_comes_when_its_reader_has_given_up_even_into_the_next_connection() -> None:
    async def conversation() -> tuple[float, int]:
        gateway, port = await listening(line(FaultKind.LATE))
        asked = 0
        while True:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(request(ADDRESS, 0x27))
            asked += 1
            try:
                await asyncio.wait_for(reader.readexactly(ANSWER_SIZE), 0.1)
            except TimeoutError:
                break
            writer.close()
        began_s = time.monotonic()
        writer.close()
        reader, writer = await asyncio.open_connection(HOST, port)
        await asyncio.wait_for(reader.readexactly(ANSWER_SIZE), 1)
        writer.close()
        await gateway.close()
        return time.monotonic() - began_s, asked

    waited_s, asked = run(conversation())

    assert asked <= 12
    assert waited_s < 1


def test_an_unreachable_line_refuses_and_keeps_its_port() -> None:
    async def conversation() -> None:
        gateway, port = await listening(line(FaultKind.UNREACHABLE))
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, port)
        with pytest.raises(ListenError):
            await LineGateway(line()).listen(HOST, port)
        await gateway.close()

    run(conversation())


def test_a_dead_line_accepts_and_says_nothing() -> None:
    async def conversation() -> bytes:
        gateway, port = await listening(line(FaultKind.DEAD))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(request(ADDRESS, 0x27))
        try:
            return await asyncio.wait_for(reader.read(1), 0.1)
        except TimeoutError:
            return b"silence"
        finally:
            writer.close()
            await gateway.close()

    assert run(conversation()) == b"silence"


def test_an_echoing_line_sends_the_request_and_then_the_answer() -> None:
    async def conversation() -> bytes:
        gateway, port = await listening(line(FaultKind.ECHO))
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(request(ADDRESS, 0x27))
        heard = await reader.readexactly(7 + ANSWER_SIZE)
        writer.close()
        await gateway.close()
        return heard

    heard = run(conversation())

    assert heard[:7] == request(ADDRESS, 0x27)
    assert heard[7:12] == request(ADDRESS, 0x27)[:5]


def test_a_slow_line_takes_its_time() -> None:
    async def conversation() -> float:
        gateway, port = await listening(line(pace=Pace(baud=4800, think_s=0.05)))
        reader, writer = await asyncio.open_connection(HOST, port)
        began_s = time.monotonic()
        writer.write(request(ADDRESS, 0x27))
        await reader.readexactly(ANSWER_SIZE)
        took_s = time.monotonic() - began_s
        writer.close()
        await gateway.close()
        return took_s

    # 30 characters of ten bits at 4800 bit/s are 62.5 ms, and 50 ms of thought.
    assert run(conversation()) >= 0.112


def test_a_taken_port_is_refused_in_a_sentence() -> None:
    async def conversation() -> None:
        gateway, port = await listening(line())
        with pytest.raises(ListenError, match=rf"Port {port} of 127\.0\.0\.1 is taken .* choose another port\."):
            await LineGateway(line()).listen(HOST, port)
        await gateway.close()

    run(conversation())


@pytest.mark.parametrize(
    ("host", "sentence"),
    [("192.0.2.1", "is not an address of this machine"), ("no.such.host.invalid", "cannot be listened on")],
)
def test_an_address_that_is_not_ours_is_refused_in_a_sentence(host: str, sentence: str) -> None:
    async def conversation() -> None:
        with pytest.raises(ListenError, match=sentence):
            await LineGateway(line()).listen(host, 0)

    run(conversation())


def test_a_client_that_hangs_up_leaves_the_line_to_the_next() -> None:
    async def conversation() -> bytes:
        gateway, port = await listening(line())
        with socket.create_connection((HOST, port)) as client:
            client.sendall(request(ADDRESS, 0x27))
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(request(ADDRESS, 0x27))
        answer = await reader.readexactly(ANSWER_SIZE)
        writer.close()
        await gateway.close()
        return answer

    assert len(run(conversation())) == ANSWER_SIZE


class DeafClient(asyncio.Transport):
    """Asks, and reads nothing: what is sent to it stays in its buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = b""

    def get_write_buffer_size(self) -> int:
        return len(self.unread)

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        self.unread += bytes(data)


def test_a_client_that_does_not_read_loses_answers_instead_of_filling_the_memory() -> None:
    async def conversation() -> int:
        gateway = LineGateway(line())
        client = DeafClient()
        gateway.connected(client)
        for _ in range(10 * UNSENT_BYTES_MAX // ANSWER_SIZE):
            gateway.received(client, request(ADDRESS, 0x27))
        gateway.received(DeafClient(), request(ADDRESS, 0x27))
        return len(client.unread)

    assert UNSENT_BYTES_MAX < run(conversation()) <= UNSENT_BYTES_MAX + ANSWER_SIZE


def test_an_answer_to_a_line_that_is_gone_goes_nowhere() -> None:
    async def conversation() -> None:
        on = SerialLine(line(FaultKind.LATE, late_by_s=0.01))
        with serial.Serial(on.path, 9600) as port:
            for _ in range(12):
                port.write(request(ADDRESS, 0x27))
                await asyncio.sleep(0.002)
        on.close()
        await asyncio.sleep(0.05)

    run(conversation())


def test_meters_answer_over_a_serial_port() -> None:
    def read_through(path: str) -> bytes:
        with serial.Serial(path, 9600, timeout=2) as port:
            port.write(request(ADDRESS, 0x27))
            return bytes(port.read(ANSWER_SIZE))

    async def conversation() -> list[bytes]:
        on = SerialLine(line())
        answers = [await asyncio.to_thread(read_through, on.path) for _ in range(2)]
        on.close()
        on.close()
        return answers

    for answer in run(conversation()):
        assert answer[:5] == request(ADDRESS, 0x27)[:5]
        assert crc16(answer[:-2]) == answer[-2:]
