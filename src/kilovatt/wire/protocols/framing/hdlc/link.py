"""The asking end of an HDLC link (IEC 62056-46: normal response mode, the client is the primary)."""

from kilovatt.wire.protocols.framing.connection import LineFault, LineSpeed, LocalProtocolError, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import (
    Frame,
    FrameReader,
    Kind,
    client_address,
    information_control,
    is_calling,
    is_segmented,
)
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits, decode_limits
from kilovatt.wire.protocols.framing.links import LinkClosed, LinkEvent, LinkOpened, MessageReceived, WriteMore

COMMAND_LLC, RESPONSE_LLC = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
MESSAGE_BYTES_MAX = 1 << 20
"""A message that is longer in all its segments is none."""
_MODULO = 8
_STALE_FRAMES_MAX = 32
_POLLS_MAX = 32
_CONTROLS = tuple(
    tuple(bytes((information_control(sent, acknowledged),)) for acknowledged in range(_MODULO))
    for sent in range(_MODULO)
)
"""Of the meter's information, by N(S) and N(R): the last frame of a window."""


class HdlcLink:
    """A link from one client to one meter. `limits` are what this end can; the meter may agree to less."""

    def __init__(self, server: bytes, client: int, limits: LinkLimits | None = None) -> None:
        self._server = server
        self._client = client_address(client)
        self._between = self._client + server
        self._offered = limits or LinkLimits()
        self._reader = FrameReader()
        self._fault: RemoteProtocolError | None = None
        self.limits = LinkLimits()
        self._to_send: list[bytes] = []
        self._unacknowledged: list[bytes] = []
        self._ready_frames: dict[int, WriteMore] = {}
        """Acknowledgements by their N(R): the same eight all day."""
        self._begin()

    def open(self) -> bytes:
        """Return the frame that asks for a link (SNRM)."""
        self._begin()
        self._is_opening = True
        self._last = self._frame(Kind.SNRM, information=self._offered.encode())
        return self._last

    def close(self) -> bytes:
        """Return the frame that ends the link (DISC)."""
        self._begin()
        self._is_closing = True
        self._last = self._frame(Kind.DISC)
        return self._last

    def send(self, message: bytes) -> bytes:
        """Return the first frames of a message. Raises LocalProtocolError without a link."""
        if not self.is_open:
            raise LocalProtocolError("an HDLC link must be opened before a message is sent")
        self._forget_heard()
        self._received.clear()
        self._stale = self._polls = 0
        whole, size = COMMAND_LLC + message, self.limits.transmit_info
        self._to_send = [whole[at : at + size] for at in range(0, len(whole), size)]
        self._unacknowledged = []
        return self._next_window()

    def resend(self) -> bytes:
        """Return the frames that were written last: the meter knows by their numbers what it has had."""
        self._forget_heard()
        return self._last

    def receive(self, data: bytes) -> list[LinkEvent]:
        """Take bytes, and return what whole frames among them bring. Raises RemoteProtocolError.

        What came before an error is returned first; the error is raised when more is taken.
        """
        if self.is_open and self._fault is None:
            awaited = self._between + _CONTROLS[self._receive_number][self._send_number]
            part = self._reader.taken_alone(data, awaited)
            if part and len(part) <= self.limits.receive_info:
                return self._took(part, is_segmented=is_segmented(data), final=True)
        self._reader.feed(data)
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        events: list[LinkEvent] = []
        try:
            while (frame := self._reader.next_frame()) is not None:
                events += self._heard(frame)
        except RemoteProtocolError as error:
            if not events:
                raise
            self._fault = error
        return events

    @property
    def has_part(self) -> bool:
        """Whether a part of a frame has come."""
        return not self._reader.is_empty

    @property
    def speed(self) -> LineSpeed | None:
        """At which speed frames go: the line's own, where they are not preceded by a call."""
        return None

    def after_silence(self) -> bytes:
        """Return what is to be written only once the line is silent: nothing."""
        return b""

    def _begin(self) -> None:
        self.is_open = False
        self._is_opening = self._is_closing = False
        self._forget_heard()
        self._send_number = self._receive_number = 0
        self._received = bytearray()
        self._to_send = []
        self._unacknowledged = []
        self._last = b""
        self._stale = self._polls = 0

    def _forget_heard(self) -> None:
        self._reader.clear()
        self._fault = None

    # ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _heard(self, frame: Frame) -> list[LinkEvent]:
        if frame.destination == self._server and frame.source == self._client:
            # Our own frame: the line echoes. Who carries the bytes takes echoes away; a late one is no answer.
            return self._unwanted("our own frame came back", frame, LineFault.ECHO)
        if frame.kind is Kind.UI:
            return self._pushed(frame)
        if frame.source != self._server or frame.destination != self._client:
            words = f"a frame from {frame.source.hex()} to {frame.destination.hex()}"
            wanted = f"{self._server.hex()} to {self._client.hex()} is wanted"
            raise RemoteProtocolError(LineFault.ANOTHER_METER, f"{words}, and {wanted}", frame.encode())
        match frame.kind:
            case Kind.UA:
                return self._agreed(frame)
            case Kind.DM:
                self._begin()
                return [LinkClosed()]
            case Kind.I:
                return self._information(frame)
            case Kind.RR | Kind.RNR:
                return self._acknowledged(frame)
            case _:
                self._begin()
                raise _noise(f"the meter answers {frame.kind.name}: it rejects what was sent", frame)

    def _pushed(self, frame: Frame) -> list[LinkEvent]:
        if frame.source != self._server and not is_calling(frame.source):
            return self._unwanted("another meter's unasked frame", frame, LineFault.ANOTHER_METER)
        return [MessageReceived(_without_llc(frame.information), unasked=True)]

    def _agreed(self, frame: Frame) -> list[LinkEvent]:
        if self._is_closing:
            self._begin()
            return [LinkClosed()]
        if not self._is_opening:
            return self._unwanted("an agreement (UA) nobody asked for", frame, LineFault.NOISE)
        self.limits = self._offered.agreed_with(decode_limits(frame.information))
        self._is_opening = False
        self.is_open = True
        return [LinkOpened()]

    def _information(self, frame: Frame) -> list[LinkEvent]:
        if not self.is_open:
            return self._unwanted("information without a link", frame, LineFault.NOISE)
        if not 0 < len(frame.information) <= self.limits.receive_info:
            raise _missized(frame, self.limits.receive_info)
        if frame.send_number != self._receive_number:
            if (self._receive_number - frame.send_number) % _MODULO <= self.limits.receive_window:
                return self._unwanted("a frame for the second time", frame, LineFault.NOISE)
            raise _noise(f"frame number {frame.send_number}, and {self._receive_number} is wanted", frame)
        self._acknowledge(frame)
        if self._unacknowledged:
            # A meter answers what it has heard: this one had not heard what was asked last.
            return self._unwanted("an answer to what was asked before", frame, LineFault.NOISE)
        return self._took(frame.information, is_segmented=frame.segmented, final=frame.final)

    def _took(self, part: bytes, *, is_segmented: bool, final: bool) -> list[LinkEvent]:
        """Take the next part of a message; whatever was sent is acknowledged by it."""
        if self._unacknowledged:
            self._unacknowledged = []
            self._polls = 0
        self._receive_number = (self._receive_number + 1) % _MODULO
        self._stale = 0
        received = self._received
        received += part
        if len(received) > MESSAGE_BYTES_MAX:
            received.clear()
            raise RemoteProtocolError(LineFault.NOISE, f"a message of more than {MESSAGE_BYTES_MAX} bytes", part)
        if is_segmented:
            return [self._ready()] if final else []
        whole = bytes(received)
        received.clear()
        return [MessageReceived(_without_llc(whole))]

    def _acknowledged(self, frame: Frame) -> list[LinkEvent]:
        if not self.is_open:
            return self._unwanted("an acknowledgement without a link", frame, LineFault.NOISE)
        self._acknowledge(frame)
        self._polls += 1
        if self._polls > _POLLS_MAX:
            raise _noise(f"the meter put us off {_POLLS_MAX} times", frame)
        if self._unacknowledged and frame.kind is Kind.RR:
            self._to_send = self._unacknowledged + self._to_send
            self._send_number = (self._send_number - len(self._unacknowledged)) % _MODULO
            self._unacknowledged = []
        if self._to_send and frame.kind is Kind.RR:
            return [WriteMore(self._next_window())]
        # It is there and has nothing to say yet: ask again.
        return [self._ready()]

    def _acknowledge(self, frame: Frame) -> None:
        sent = len(self._unacknowledged)
        if not sent and frame.receive_number == self._send_number:
            return
        still_out = (self._send_number - frame.receive_number) % _MODULO
        if still_out > sent:
            raise _noise(f"an acknowledgement of frame {frame.receive_number}, which was not sent", frame)
        if still_out < sent:
            del self._unacknowledged[: sent - still_out]
            self._polls = 0

    def _unwanted(self, words: str, frame: Frame, fault: LineFault) -> list[LinkEvent]:
        self._stale += 1
        if self._stale > _STALE_FRAMES_MAX:
            raise RemoteProtocolError(fault, f"{words}, again and again", frame.encode())
        return []

    # ── Sending ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _next_window(self) -> bytes:
        window = self._to_send[: self.limits.transmit_window]
        del self._to_send[: len(window)]
        written = bytearray()
        for place, information in enumerate(window):
            is_last = place == len(window) - 1
            written += Frame(
                destination=self._server,
                source=self._client,
                kind=Kind.I,
                final=is_last,
                information=information,
                segmented=bool(self._to_send) or not is_last,
                send_number=self._send_number,
                receive_number=self._receive_number,
            ).encode()
            self._send_number = (self._send_number + 1) % _MODULO
        self._unacknowledged = list(window)
        self._last = bytes(written)
        return self._last

    def _frame(self, kind: Kind, information: bytes = b"", receive_number: int = 0) -> bytes:
        return Frame(
            destination=self._server,
            source=self._client,
            kind=kind,
            final=True,
            information=information,
            receive_number=receive_number,
        ).encode()

    def _ready(self) -> WriteMore:
        number = self._receive_number
        ready = self._ready_frames.get(number)
        if ready is None:
            ready = self._ready_frames[number] = WriteMore(self._frame(Kind.RR, receive_number=number))
        self._last = ready.data
        return ready


def _without_llc(message: bytes) -> bytes:
    if message[:3] not in (RESPONSE_LLC, COMMAND_LLC):
        words = f"a message begins {message[:3].hex(' ')}, and {RESPONSE_LLC.hex(' ')} is wanted"
        raise RemoteProtocolError(LineFault.NOISE, words, message)
    return message[3:]


def _missized(frame: Frame, agreed: int) -> RemoteProtocolError:
    if not frame.information:
        # Such frames could come without end.
        return _noise("a part of a message that is empty", frame)
    return _noise(f"{len(frame.information)} bytes of information, and {agreed} were agreed upon", frame)


def _noise(message: str, frame: Frame) -> RemoteProtocolError:
    return RemoteProtocolError(LineFault.NOISE, message, frame.encode())
