"""Seven bits with parity on ports that only know eight: real terminals of the system are such ports."""

import asyncio
import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.lines import SerialAddress
from kilovatt.wire.headend.serial_port import open_serial
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.framing.seven_bits import with_parity

CALL, ANSWER = b"/?!\r\n", b"/LGZ5\\2ZMG405000b.P07\r\n"
SLOW, FAST = LineSpeed(300, data_bits=7, parity="E"), LineSpeed(9600)
ODD = LineSpeed(9600, data_bits=7, parity="O")


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """The meter's end of a terminal, and the path of the other."""
    meters_end, readers_end = os.openpty()
    tty.setraw(readers_end)
    try:
        yield meters_end, os.ttyname(readers_end)
    finally:
        os.close(meters_end)
        os.close(readers_end)


async def heard(meters_end: int, size: int) -> bytes:
    """What the meter hears, so many bytes of it."""
    loop, came = asyncio.get_running_loop(), b""
    while len(came) < size:
        came += await loop.run_in_executor(None, os.read, meters_end, size - len(came))
    return came


def test_parity_is_added_and_taken_away_as_long_as_seven_bits_are_meant() -> None:
    async def job() -> None:
        with terminal() as (meters_end, path):
            channel = await open_serial(SerialAddress(path, 300, 7, "E", 1))
            came: asyncio.Queue[bytes] = asyncio.Queue()
            channel.on_bytes = came.put_nowait
            try:
                channel.write(CALL)
                assert await heard(meters_end, len(CALL)) == with_parity(CALL)
                os.write(meters_end, with_parity(ANSWER))
                assert await asyncio.wait_for(came.get(), 5) == ANSWER

                channel.go_at(FAST)
                channel.write(b"\x7e\xa0")
                assert await heard(meters_end, 2) == b"\x7e\xa0"
                os.write(meters_end, b"\x93\xff")
                assert await asyncio.wait_for(came.get(), 5) == b"\x93\xff"

                channel.go_at(SLOW)
                channel.write(CALL)
                assert await heard(meters_end, len(CALL)) == with_parity(CALL)
            finally:
                await channel.close()

    asyncio.run(job())


def test_what_a_port_does_not_know_and_cannot_be_carried_otherwise_is_no_way() -> None:
    async def job() -> None:
        with terminal() as (_, path), pytest.raises(NoRouteError, match="cannot be opened: Invalid argument"):
            await open_serial(SerialAddress(path, 9600, 7, "O", 1))

    asyncio.run(job())


def test_a_port_that_does_not_go_at_a_speed_is_lost() -> None:
    async def job() -> str | None:
        with terminal() as (_, path):
            channel = await open_serial(SerialAddress(path))
            channel.go_at(ODD)
            because = channel.lost_because
            await channel.close()
            return because

    assert asyncio.run(job()) == "the port does not go at 9600 baud: Invalid argument"
