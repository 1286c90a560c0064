"""A line of meters behind a serial port: a pseudo-terminal, for whoever reads through one.

The speed that its reader sets is known here, and meters that change theirs hear nothing at another. Bits and parity are
not: such a terminal always carries eight bits.
"""

import asyncio
import os
import termios
import tty

from kilovatt.wire.simulator.gateway import RECEIVE_BYTES, Line

_OUTPUT_SPEED = 5
_BAUDS = {
    getattr(termios, f"B{baud}"): baud for baud in (300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)
}


class SerialLine:
    """One line behind one terminal; open `path` as a serial port."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._meters_end, self._readers_end = os.openpty()
        # The reader's end stays open here as well: else the line would hang up when its reader closes the port.
        tty.setraw(self._readers_end)
        os.set_blocking(self._meters_end, False)
        self.path = os.ttyname(self._readers_end)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._meters_end, self._received)
        self._open = True

    def close(self) -> None:
        """Take the terminal away."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._meters_end)
            os.close(self._meters_end)
            os.close(self._readers_end)

    def _received(self) -> None:
        data = os.read(self._meters_end, RECEIVE_BYTES)
        speed = termios.tcgetattr(self._readers_end)[_OUTPUT_SPEED]
        self._line.bus.baud = _BAUDS.get(speed)
        self._line.put(data, self._deliver)

    def _deliver(self, data: bytes) -> None:
        if self._open:
            os.write(self._meters_end, data)
