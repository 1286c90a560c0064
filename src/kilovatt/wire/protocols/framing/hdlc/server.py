"""The answering end of HDLC links: one meter, several clients (the secondary of normal response mode)."""

from dataclasses import dataclass, field

from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, FrameReader, Kind, client_address, sap_of
from kilovatt.wire.protocols.framing.hdlc.link import COMMAND_LLC, MESSAGE_BYTES_MAX, RESPONSE_LLC
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits, decode_limits
from kilovatt.wire.protocols.framing.links import MessageServer

_MODULO = 8
_CLIENTS_MAX = 16


@dataclass(slots=True)
class _Served:
    """The link to one client. `out` are the parts of an answer that are not acknowledged, the oldest first."""

    limits: LinkLimits
    send_number: int = 0
    """N(S) of the first part in `out`."""
    receive_number: int = 0
    heard: bytearray = field(default_factory=bytearray)
    out: list[bytes] = field(default_factory=list)


class HdlcServerLink:
    """The links of one meter. `addresses` are those it answers to; what is not for it goes unheard."""

    def __init__(self, addresses: frozenset[bytes], server: MessageServer, limits: LinkLimits | None = None) -> None:
        self._addresses = addresses
        self._server = server
        self._limits = limits or LinkLimits()
        self._links: dict[tuple[bytes, bytes], _Served] = {}
        """By client and by the address it speaks to: each logical device has numbers of its own."""

    def hear(self, data: bytes) -> bytes | None:
        """Answer every whole frame in what came; keep silent about noise, as meters do."""
        # On a line of many meters most frames are for others, and not worth their checksums.
        if not any(address in data for address in self._addresses):
            return None
        reader = FrameReader()
        reader.feed(data)
        said = b""
        try:
            while (frame := reader.next_frame()) is not None:
                if frame.destination in self._addresses:
                    said += self._answer(frame)
        except RemoteProtocolError:
            return said or None
        return said or None

    @property
    def is_linked(self) -> bool:
        """Whether a client has a link."""
        return bool(self._links)

    def connected(self) -> None:
        """Nothing: a link of HDLC outlasts the connection that carries it, as it does behind a gateway."""

    def push(self, client: int, message: bytes, source: bytes) -> bytes:
        """Return a message that nobody asked for, as an unnumbered frame."""
        return Frame(
            destination=client_address(client),
            source=source,
            kind=Kind.UI,
            final=True,
            information=RESPONSE_LLC + message,
        ).encode()

    def _answer(self, frame: Frame) -> bytes:
        if frame.kind is Kind.SNRM:
            return self._opened(frame)
        link = self._links.get(_between(frame))
        if frame.kind is Kind.DISC:
            if self._links.pop(_between(frame), None) is None:
                return self._said(frame, Kind.DM)
            self._server.opened(sap_of(frame.source))
            return self._said(frame, Kind.UA)
        if link is None:
            return self._said(frame, Kind.DM) if frame.final else b""
        if frame.kind is Kind.I:
            return self._information(link, frame)
        if frame.kind is Kind.RR:
            self._acknowledged(link, frame)
            return self._parts(link, frame) or self._said(frame, Kind.RR, link.receive_number)
        return b""

    def _opened(self, frame: Frame) -> bytes:
        try:
            asked = decode_limits(frame.information)
        except RemoteProtocolError:
            return b""
        if _between(frame) not in self._links and len(self._links) >= _CLIENTS_MAX:
            return self._said(frame, Kind.DM)
        agreed = self._limits.agreed_with(asked)
        self._links[_between(frame)] = _Served(agreed)
        self._server.opened(sap_of(frame.source))
        return Frame(
            destination=frame.source,
            source=frame.destination,
            kind=Kind.UA,
            final=True,
            information=agreed.encode(),
        ).encode()

    def _information(self, link: _Served, frame: Frame) -> bytes:
        self._acknowledged(link, frame)
        if len(frame.information) > link.limits.receive_info:
            del self._links[_between(frame)]
            return self._said(frame, Kind.FRMR)
        if frame.send_number != link.receive_number:
            # Heard before: its answer was lost, and goes out again. Or too early: the number tells what is missing.
            again = self._parts(link, frame) if frame.final else b""
            return again or (self._said(frame, Kind.RR, link.receive_number) if frame.final else b"")
        link.receive_number = (link.receive_number + 1) % _MODULO
        link.heard += frame.information
        if len(link.heard) > MESSAGE_BYTES_MAX:
            del self._links[_between(frame)]
            return self._said(frame, Kind.FRMR)
        if frame.segmented:
            return self._said(frame, Kind.RR, link.receive_number) if frame.final else b""
        message = bytes(link.heard)
        link.heard.clear()
        if message[:3] != COMMAND_LLC:
            return b""
        answer = self._server.answer(sap_of(frame.source), message[3:])
        if answer is None:
            return b""
        whole, size = RESPONSE_LLC + answer, link.limits.transmit_info
        # A client that asks anew does not want what is left of an answer.
        link.out = [whole[at : at + size] for at in range(0, len(whole), size)]
        return self._parts(link, frame)

    def _acknowledged(self, link: _Served, frame: Frame) -> None:
        count = (frame.receive_number - link.send_number) % _MODULO
        if count <= min(len(link.out), link.limits.transmit_window):
            del link.out[:count]
            link.send_number = frame.receive_number

    def _parts(self, link: _Served, frame: Frame) -> bytes:
        window = link.out[: link.limits.transmit_window]
        said = bytearray()
        for place, part in enumerate(window):
            said += Frame(
                destination=frame.source,
                source=frame.destination,
                kind=Kind.I,
                final=place == len(window) - 1,
                information=part,
                segmented=len(link.out) > place + 1,
                send_number=(link.send_number + place) % _MODULO,
                receive_number=link.receive_number,
            ).encode()
        return bytes(said)

    def _said(self, frame: Frame, kind: Kind, receive_number: int = 0) -> bytes:
        return Frame(
            destination=frame.source, source=frame.destination, kind=kind, final=True, receive_number=receive_number
        ).encode()


def _between(frame: Frame) -> tuple[bytes, bytes]:
    return frame.source, frame.destination
