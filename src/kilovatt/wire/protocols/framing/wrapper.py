"""The wrapper for TCP and UDP (IEC 62056-47): eight bytes before each message, port 4059."""

from struct import Struct

from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.framing.links import LinkEvent, MessageReceived, MessageServer

PORT = 4059
VERSION = 1
_HEADER = Struct(">HHHH")
_LENGTH_AT = 6


def wrapped(message: bytes, *, source: int, destination: int) -> bytes:
    """Return a message with its header. Raises ValueError for one that is longer than the header can say."""
    if len(message) > 0xFFFF:
        raise ValueError(f"a wrapped message has at most 65535 bytes: got {len(message)}")
    return _HEADER.pack(VERSION, source, destination, len(message)) + message


class WrapperReader:
    """Cuts a stream into messages with their ports."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.is_lost = False
        """Whether something came that was no header: nothing is taken until `clear`."""

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        if not self.is_lost:
            self._buffer += data

    def taken_alone(self, wire: bytes) -> bytes | None:
        """Return the message that came whole and by itself, its ports not looked at.

        None where it is not so: `feed` it then, and `next_message` tells what it is. The short way for what comes most.
        """
        length = int.from_bytes(wire[_LENGTH_AT : _HEADER.size], "big")
        if self._buffer or self.is_lost or len(wire) != _HEADER.size + length:
            return None
        return wire[_HEADER.size :]

    def next_message(self) -> tuple[int, int, bytes] | None:
        """Return source port, destination port and message, or None while more must come.

        Raises RemoteProtocolError for what is no header: a stream has nothing to begin anew at.
        """
        if len(self._buffer) < _HEADER.size:
            return None
        version, source, destination, length = _HEADER.unpack_from(self._buffer)
        if version != VERSION:
            wire = bytes(self._buffer)
            self._buffer.clear()
            self.is_lost = True
            raise RemoteProtocolError(LineFault.NOISE, f"wrapper version {version}, and {VERSION} is wanted", wire)
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        return source, destination, message

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a further message has come."""
        return not self._buffer

    def clear(self) -> None:
        """Forget what came."""
        self._buffer.clear()
        self.is_lost = False


class WrapperLink:
    """A link from one client to one logical device; TCP itself opens and closes it."""

    def __init__(self, *, client: int, server: int = 1) -> None:
        self.client, self._server = client, server
        self.beside: frozenset[int] = frozenset()
        """Clients of ours on the same connection: what still comes for them is left aside."""
        self._reader = WrapperReader()
        self._awaited = _HEADER.pack(VERSION, server, client, 0)[:_LENGTH_AT]
        """How a message to us begins."""
        self._last = b""
        self._fault: RemoteProtocolError | None = None
        self.is_open = True

    def open(self) -> bytes:
        """Nothing need be written."""
        self._forget_heard()
        return b""

    def send(self, message: bytes) -> bytes:
        """Return a message with its header."""
        self._last = wrapped(message, source=self.client, destination=self._server)
        if self._reader.is_lost:
            self._forget_heard()
        return self._last

    def resend(self) -> bytes:
        """Return the message again: answers are told apart by their invoke-id."""
        self._forget_heard()
        return self._last

    def receive(self, data: bytes) -> list[LinkEvent]:
        """Return the messages among what came. Raises RemoteProtocolError.

        What came before an error is returned first; the error is raised when more is taken.
        """
        if data[:_LENGTH_AT] == self._awaited and self._fault is None:
            message = self._reader.taken_alone(data)
            if message is not None:
                return [MessageReceived(message)]
        self._reader.feed(data)
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        events: list[LinkEvent] = []
        try:
            while (found := self._reader.next_message()) is not None:
                events.append(self._heard(*found))
        except RemoteProtocolError as error:
            if not events:
                raise
            self._fault = error
        return events

    def _heard(self, source: int, destination: int, message: bytes) -> MessageReceived:
        if source == self._server and destination in self.beside:
            return MessageReceived(message, unasked=True)
        if (source, destination) != (self._server, self.client):
            words = f"a message from {source} to {destination}, and {self._server} to {self.client} is wanted"
            raise RemoteProtocolError(LineFault.ANOTHER_METER, words, message)
        return MessageReceived(message)

    def _forget_heard(self) -> None:
        self._reader.clear()
        self._fault = None

    @property
    def has_part(self) -> bool:
        """Whether a part of a message has come."""
        return not self._reader.is_empty

    @property
    def speed(self) -> None:
        """The line's own."""

    def after_silence(self) -> bytes:
        """Nothing."""
        return b""

    def close(self) -> bytes:
        """Nothing need be written."""
        return b""


class WrapperServerLink:
    """The answering end of one connection. `devices` are the logical devices there are."""

    def __init__(self, server: MessageServer, devices: frozenset[int] = frozenset({1})) -> None:
        self._server = server
        self._devices = devices
        self._clients: set[int] = set()

    def connected(self) -> None:
        """Hear that a connection begins: associations of the one before ended with it (IEC 62056-47, 6.3)."""
        for client in self._clients:
            self._server.opened(client)
        self._clients.clear()

    def hear(self, data: bytes) -> bytes | None:
        """Answer every whole message in what came; keep silent about anything else."""
        reader = WrapperReader()
        reader.feed(data)
        said = b""
        try:
            while (found := reader.next_message()) is not None:
                source, destination, message = found
                if destination not in self._devices:
                    continue
                self._clients.add(source)
                answer = self._server.answer(source, message)
                if answer is not None:
                    said += wrapped(answer, source=destination, destination=source)
        except RemoteProtocolError:
            return said or None
        return said or None
