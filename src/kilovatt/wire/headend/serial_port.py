"""Lines on a serial port of this machine: RS-485, an optical head."""

import asyncio
import errno
import os

import serial

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import SerialAddress
from kilovatt.wire.protocols.framing.connection import LineSpeed

_READ_BYTES = 4096
_LOOK_AGAIN_S = 0.005
"""A meter thinks 20 ms at least before it answers at another speed."""


class SerialChannel(Channel):
    """A serial port, read when the loop says that there is something."""

    def __init__(self, port: serial.Serial) -> None:
        super().__init__()
        self._port = port
        self._fd = port.fileno()
        self._loop = asyncio.get_running_loop()
        self._unsent = b""
        self._own = self._speed = LineSpeed(port.baudrate, port.bytesize, port.parity, int(port.stopbits))
        self._written_bytes = 0
        self._changing: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send bytes; what the port does not take now goes when it can."""
        if self.lost_because is not None:
            return
        self._written_bytes = len(data)
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
            self._port.apply_settings(
                {
                    "baudrate": speed.baud,
                    "bytesize": speed.data_bits,
                    "parity": speed.parity,
                    "stopbits": speed.stop_bits,
                }
            )
        except (OSError, ValueError) as error:
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
            self.feed(data)
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
    try:
        port = serial.Serial(
            port=address.path,
            baudrate=address.baud,
            bytesize=address.data_bits,
            parity=address.parity,
            stopbits=address.stop_bits,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError) as error:
        raise NoRouteError(f"{address} cannot be opened: {_reason(error)}") from error
    port.reset_input_buffer()
    return SerialChannel(port)


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number is None:
        return str(error)
    # The lock of a port that somebody holds says "try again".
    return "another program uses it" if number in {errno.EAGAIN, errno.EBUSY} else os.strerror(number)
