"""A line of meters behind a UDP port: each datagram is heard as it is, and answered to whoever sent it."""

import asyncio
from typing import Any, cast

from kilovatt.wire.simulator.gateway import Line, ListenError, listen_sentence


class DatagramGateway:
    """One line behind one UDP port."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._transport: asyncio.DatagramTransport | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin to take datagrams and return the port (0 asks for any). Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Taker(self), local_addr=(host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ListenError(listen_sentence(error), host=host, port=port, reason=reason) from error
        self._transport = transport
        return cast("int", transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.abort()

    def received(self, data: bytes, sender: Any) -> None:  # noqa: ANN401  # a socket's address
        """Put a datagram on the line; what comes back goes to its sender."""
        self._line.put(data, lambda answer: self._answer(answer, sender))

    def _answer(self, answer: bytes, sender: Any) -> None:  # noqa: ANN401  # a socket's address
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, sender)


class _Taker(asyncio.DatagramProtocol):
    def __init__(self, gateway: DatagramGateway) -> None:
        self._gateway = gateway

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._gateway.received(data, addr)
