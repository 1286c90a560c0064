"""Lines on a serial port of this machine: RS-485, an optical head.

Seven bits with even parity are as many as eight without: a port that only knows eight (some adapters, terminals of the
system) carries them too, with the parity added and taken away here.
"""

import asyncio
import errno
import os
import termios
from contextlib import suppress

import serial

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import SerialAddress
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.framing.seven_bits import taken_away, with_parity

_READ_BYTES = 4096
_LOOK_AGAIN_S = 0.005
"""A meter thinks 20 ms at least before it answers at another speed."""
_SEVEN, _EIGHT = 7, 8
_IN_USE = frozenset({errno.EAGAIN, errno.EBUSY})
"""The lock of a port that somebody holds says "try again"."""


class SerialChannel(Channel):
    """A serial port, read when the loop says that there is something."""

    def __init__(self, port: serial.Serial, own: LineSpeed, *, adds_parity: bool) -> None:
        super().__init__()
        self._port = port
        self._adds_parity = adds_parity
        """Whether the port carries eight bits where seven and a parity are meant."""
        self._fd = port.fileno()
        self._loop = asyncio.get_running_loop()
        self._unsent = b""
        self._own = self._speed = own
        self._written_bytes = 0
        self._changing: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send bytes; what the port does not take now goes when it can."""
        if self.lost_because is not None:
            return
        self._written_bytes = len(data)
        if self._adds_parity:
            data = with_parity(data)
        if self._unsent:
            self._unsent += data
            return
        self._unsent = data
        self._writable()

    def go_at(self, speed: LineSpeed | None, *, once_sent: bool = False) -> None:
        """Change the speed of the port (None: its own) at once, or once what was written last is sent."""
        if self._changing is not None:
            self._changing.cancel()
            self._changing = None
        if self.lost_because is not None:
            return
        wanted = self._own if speed is None else speed
        if once_sent:
            bits = 1 + self._speed.data_bits + (self._speed.parity != serial.PARITY_NONE) + self._speed.stop_bits
            self._change_after(bits * self._written_bytes / self._speed.baud, wanted)
        else:
            self._change(wanted)

    def _change_after(self, seconds: float, speed: LineSpeed) -> None:
        self._changing = self._loop.call_later(seconds, self._change_if_sent, speed)

    def _change_if_sent(self, speed: LineSpeed) -> None:
        # An adapter may be slower than its speed says.
        if self._unsent or self._port.out_waiting:
            self._change_after(_LOOK_AGAIN_S, speed)
        else:
            self._change(speed)

    def _change(self, speed: LineSpeed) -> None:
        if speed == self._speed:
            return
        try:
            self._adds_parity = _go_at(self._port, speed)
        except (OSError, ValueError, termios.error) as error:
            self._gone(f"the port does not go at {speed.baud} baud: {_reason(error)}")
            return
        self._speed = speed

    async def close(self) -> None:
        """Close the port and let go of it."""
        self.lost_because = self.lost_because or "closed"
        self._let_go()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._gone(f"the port was lost: {error.strerror}")
            return
        if data:
            self.feed(taken_away(data) if self._adds_parity else data)
        else:
            self._gone("the port was lost: the device hung up")

    def _writable(self) -> None:
        try:
            sent = os.write(self._fd, self._unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._gone(f"the port was lost: {error.strerror}")
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _gone(self, because: str) -> None:
        self._let_go()
        self.lose(because)

    def _let_go(self) -> None:
        if self._changing is not None:
            self._changing.cancel()
        if self._port.is_open:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._port.close()


async def open_serial(address: SerialAddress) -> SerialChannel:
    """Return an open port, held by us alone. Raises NoRouteError with what happened."""
    own = LineSpeed(address.baud, address.data_bits, address.parity, address.stop_bits)
    try:
        port = serial.Serial(port=address.path, baudrate=own.baud, timeout=0, write_timeout=0, exclusive=True)
        try:
            adds_parity = _go_at(port, own)
        except (OSError, ValueError, termios.error):
            port.close()
            raise
    except (OSError, ValueError, termios.error) as error:
        outcome = Outcome.BUSY if _number(error) in _IN_USE else Outcome.NO_ROUTE
        raise NoRouteError(f"{address} cannot be opened: {_reason(error)}", outcome) from error
    port.reset_input_buffer()
    return SerialChannel(port, own, adds_parity=adds_parity)


def _go_at(port: serial.Serial, speed: LineSpeed) -> bool:
    """Set the port; return whether it carries eight bits where seven and a parity are meant."""
    try:
        port.apply_settings(
            {
                "baudrate": speed.baud,
                "bytesize": speed.data_bits,
                "parity": speed.parity,
                "stopbits": speed.stop_bits,
            }
        )
    except termios.error:
        if not _can_be_eight(speed):
            raise
        # What was refused is remembered by the port, and would be tried again with whatever is set first.
        with suppress(termios.error):
            port.bytesize = _EIGHT
        port.parity = serial.PARITY_NONE
        port.baudrate = speed.baud
        port.stopbits = speed.stop_bits
        return True
    return False


def _can_be_eight(speed: LineSpeed) -> bool:
    return speed.data_bits == _SEVEN and speed.parity == serial.PARITY_EVEN


def _reason(error: Exception) -> str:
    number = _number(error)
    if number is None:
        return str(error)
    return "another program uses it" if number in _IN_USE else os.strerror(number)


def _number(error: Exception) -> int | None:
    number: int | None = error.args[0] if isinstance(error, termios.error) else getattr(error, "errno", None)
    return number
