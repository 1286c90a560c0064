"""One call that came in: a connection that is understood, and a line over it while somebody has it open."""

import asyncio
import socket
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Protocol, cast

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.call_in.pushes import Unasked, UnaskedFrames
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.protocols.dlms.apdu.notifications import DATA, EVENT
from kilovatt.wire.protocols.framing.call_in import (
    Call,
    CallEvent,
    HelloPattern,
    Introduced,
    Payload,
    WrappedMessage,
)
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.wrapper import wrapped

HELLO_QUIET_S = 1.0
"""A hello without an end is over when nothing came for so long: over a mobile network it may come in pieces."""
HELD_S = 0.05
"""So long the beginning of what may be a heartbeat is held back; a line is quiet for longer at the end of an answer."""
UNSENT_BYTES_MAX = 65_536
"""A caller that does not read is lost beyond this."""
_HEARD_BYTES = 64


class Host(Protocol):
    """Who receives callers."""

    buffer: bytearray
    """What is read into, by one caller after another."""

    def patterns(self) -> tuple[HelloPattern, ...]:
        """Return the hello lines that are known."""

    def arrived(self, caller: "Caller") -> None:
        """Hear that somebody calls."""

    def heard(self, caller: "Caller") -> None:
        """Hear that a caller said something."""

    def introduced(self, caller: "Caller", who: Introduced) -> None:
        """Hear who a caller is."""

    def pushed(self, caller: "Caller", unasked: Unasked) -> None:
        """Take a message that no line waits for."""

    def broke_rules(self, caller: "Caller", fault: RemoteProtocolError) -> None:
        """Hear that a caller says what no caller says."""

    def set_free(self, caller: "Caller") -> None:
        """Hear that no line goes over a call any more."""

    def left(self, caller: "Caller", because: str) -> None:
        """Hear that a call is over."""


class Caller(asyncio.BufferedProtocol):
    """A connection that was made to us."""

    def __init__(self, host: Host) -> None:
        self.host = ""
        """The address it comes from."""
        self.peer = ""
        self.arrived_at_s = self.heard_at_s = 0.0
        self.who: Introduced | None = None
        self.name = ""
        self.beginning = b""
        self.channel: CallInChannel | None = None
        self.is_wanted = True
        self._host = host
        self._call = Call(host.patterns())
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._quiet: asyncio.TimerHandle | None = None
        self._unasked = UnaskedFrames()

    @property
    def password(self) -> str:
        """Return what it gave as its password, nothing where it has none."""
        return "" if self.who is None else self.who.password

    # ── The connection ──────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where it comes from."""
        # uvloop's transports are none by descent.
        self._transport = cast("asyncio.Transport", transport)
        where = transport.get_extra_info("peername") or ("", 0)
        self.host, self.peer = where[0], f"{where[0]}:{where[1]}"
        connected = transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self.arrived_at_s = self.heard_at_s = self._loop.time()
        self._host.arrived(self)

    def get_buffer(self, sizehint: int) -> bytearray:
        """Return the buffer to read into."""
        del sizehint
        return self._host.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Understand what was read."""
        if not self.is_wanted:
            return
        data = bytes(self._host.buffer[:nbytes])
        self.heard_at_s = self._loop.time()
        if self.who is None:
            self.beginning = (self.beginning + data)[:_HEARD_BYTES]
        self._host.heard(self)
        try:
            self._happened(self._call.receive(data))
        except RemoteProtocolError as fault:
            self._host.broke_rules(self, fault)
        else:
            self._await_quiet()

    def eof_received(self) -> None:
        """The transport closes itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the call is over."""
        self.hang_up(f"the connection was lost: {exc}" if exc else "the modem closed the connection")

    def hang_up(self, because: str) -> None:
        """End the call, once."""
        if not self.is_wanted:
            return
        self.is_wanted = False
        if self._quiet is not None:
            self._quiet.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._host.left(self, because)
        if self.channel is not None:
            self.channel.lose(because)

    def say(self, data: bytes) -> None:
        """Send bytes to the caller itself."""
        if self._transport is None or not self.is_wanted:
            return
        if self._transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self.hang_up("the modem takes nothing")
        else:
            self._transport.write(data)

    def say_to_meters(self, data: bytes) -> None:
        """Send bytes to the meters behind the caller."""
        self.say(self._call.outgoing(data))

    def welcome(self, now: datetime) -> None:
        """Say what the caller waits for after its hello."""
        self.say(self._call.welcome(now))

    def line(self) -> "CallInChannel":
        """Return a line over this call."""
        self.channel = CallInChannel(self)
        return self.channel

    def let_go(self, channel: "CallInChannel") -> None:
        """Leave the call to the next line."""
        if self.channel is channel:
            self.channel = None
            self._host.set_free(self)

    # ── What it says ────────────────────────────────────────────────────────────────────────────────────────────────

    def _happened(self, events: list[CallEvent]) -> None:
        for event in events:
            if not self.is_wanted:
                return
            match event:
                case Introduced():
                    self._host.introduced(self, event)
                case Payload(data):
                    self._to_line(data)
                case WrappedMessage(source, destination, message):
                    frame = wrapped(message, source=source, destination=destination)
                    if self.channel is None or message[:1] in (bytes((DATA,)), bytes((EVENT,))):
                        self._host.pushed(self, Unasked(event, frame))
                    else:
                        self._to_line(frame)
                case _:
                    # It is there: that was noted already.
                    pass

    def _to_line(self, data: bytes) -> None:
        # What nobody asked for, a late answer perhaps, is nobody's; but meters push in frames of a kind of their own.
        for unasked in self._unasked.hear(data):
            self._host.pushed(self, unasked)
        if self.channel is not None:
            self.channel.feed(data)

    def _await_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        if self.is_wanted and self._call.awaits_quiet:
            wait_s = HELLO_QUIET_S if self.who is None else HELD_S
            self._quiet = self._loop.call_later(wait_s, self._fell_quiet)

    def _fell_quiet(self) -> None:
        self._quiet = None
        try:
            self._happened(self._call.quiet())
        except RemoteProtocolError as fault:
            self._host.broke_rules(self, fault)


class CallInChannel(Channel):
    """A line over a call. Closing it leaves the call as it is, for the next line."""

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self.lost_outcome = Outcome.MODEM_OFFLINE
        self._caller = caller
        self.keeps: AsyncExitStack | None = None
        """What the line needs as long as it is open."""

    def write(self, data: bytes) -> None:
        """Send bytes to the meters."""
        if self.lost_because is None:
            self._caller.say_to_meters(data)

    async def close(self) -> None:
        """Leave the call to the next line."""
        self.lost_because = self.lost_because or "closed"
        self._caller.let_go(self)
        keeps, self.keeps = self.keeps, None
        if keeps is not None:
            await keeps.aclose()
