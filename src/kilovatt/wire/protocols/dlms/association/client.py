"""The asking end of an association: the house's `Connection`, over any link.

Segments, blocks, ciphering and the four passes of HLS all happen within one exchange.
"""

from typing import Any

from kilovatt.wire.protocols.dlms.apdu.acse import AARE, RLRE
from kilovatt.wire.protocols.dlms.apdu.general_block import GENERAL_BLOCK
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.notifications import DATA, EVENT
from kilovatt.wire.protocols.dlms.apdu.results import CONFIRMED_SERVICE_ERROR, EXCEPTION, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.associating import CURRENT_ASSOCIATION
from kilovatt.wire.protocols.dlms.association.beginning import AT_ANY_TIME, is_asked, started
from kilovatt.wire.protocols.dlms.association.block_transfer import BlockTransfer, Whole
from kilovatt.wire.protocols.dlms.association.hls import Signing
from kilovatt.wire.protocols.dlms.association.lateness import is_late
from kilovatt.wire.protocols.dlms.association.outgoing import joined, nothing_secret, occurrences
from kilovatt.wire.protocols.dlms.association.requests import DlmsRequest
from kilovatt.wire.protocols.dlms.association.session import Session
from kilovatt.wire.protocols.dlms.association.steps import Close, Exchange, Open, Say, Step
from kilovatt.wire.protocols.dlms.security.sealing import Protection, ReplayError, Sealer
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    NumbersAnswers,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.links import Link, LinkEvent, LinkOpened, MessageReceived, WriteMore
from kilovatt.wire.protocols.framing.wrapper import WrapperLink

__all__ = ["CURRENT_ASSOCIATION", "DlmsConnection"]
_CHECKSUM_BYTES = 3
_REFUSALS = frozenset({EXCEPTION, CONFIRMED_SERVICE_ERROR})
_UNASKED = frozenset({DATA, EVENT})
"""What a meter may send in the clear in a ciphered association; no value is taken from it."""
_IN_CLEAR = _REFUSALS | _UNASKED
_AGREEMENTS = frozenset({AARE, RLRE})
_UNASKED_MAX = 32
_WINDOW = 8


class DlmsConnection(NumbersAnswers):
    """One client of one meter. `sealer` ciphers where the context is ciphered, and serves HLS with GMAC.

    `general_ciphering`: messages go as general ciphering (DBh). `public_link` is that of the public client, for
    meters that tell it our invocation counter. `signing` has the keys of mechanism 7.
    After an exchange on an HDLC link was given up, its frames' numbers are in doubt: what is asked next closes the link
    and is refused (CHANNEL_CLOSED), so that it is opened anew.
    """

    def __init__(
        self,
        link: Link,
        *,
        sealer: Sealer | None = None,
        general_ciphering: bool = False,
        protection: Protection = Protection.BOTH,
        public_link: Link | None = None,
        signing: Signing | None = None,
    ) -> None:
        self._own_link = self._link = link
        self._public_link = public_link
        if isinstance(link, WrapperLink) and isinstance(public_link, WrapperLink):
            link.beside, public_link.beside = frozenset({public_link.client}), frozenset({link.client})
        self._session = Session(sealer=sealer, general=general_ciphering, protection=protection, signing=signing)
        self._request: DlmsRequest[Any] | None = None
        self._number = 0
        """The invoke-id before the request."""
        self._exchange: Exchange[Any] | None = None
        self._is_open = False
        """Whether an answer is awaited."""
        self._is_in_doubt = False
        """Whether an exchange was given up on the link since it was opened."""
        self._has_gone_on = False
        """Whether the exchange has got beyond its first message."""
        self._step: Step | None = None
        self._transfer: BlockTransfer | None = None
        """The blocks of this step, once there are any."""
        self._is_told = False
        """Whether the secret of this step has been written whole."""
        self._heard: list[bytes] = []
        self._sealed = b""
        """The latest message that could be opened."""
        self._unasked = 0
        self._is_aside = False
        """Whether what came last was set aside."""
        self._nothing: StopIteration | None = None
        """How an exchange ended for which nothing need be written: said at the next silence."""
        self._outgoing = Outgoing(b"")
        self.counter_wanted: int | None = None
        """The invocation counter that the meter has asked for when it refused ours. Nobody vouches for it."""

    @property
    def conformance(self) -> Conformance:
        """The services that were agreed upon."""
        return self._session.conformance

    # ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange, or try the one that failed again.

        Raises LocalProtocolError while another is open, for a request of another language, and for one that cannot
        be asked as things are.
        """
        if self._is_open:
            raise LocalProtocolError("an exchange is under way")
        if not isinstance(request, DlmsRequest) or not is_asked(request):
            raise LocalProtocolError(f"{type(request).__name__} is no request of DLMS")
        is_retry = request is self._request
        self._heard.clear()
        self._unasked, self._is_aside = 0, False
        if self._exchange is not None and not is_retry:
            self._is_in_doubt |= isinstance(self._link, HdlcLink)
        if is_retry and self._can_go_on:
            self._outgoing = self._repeated()
        else:
            self._begin(request, is_retry=is_retry)
        self._is_open = True
        return self._outgoing

    @property
    def _can_go_on(self) -> bool:
        # By the numbers of its frames an HDLC meter knows what it has had; on other links all begins anew, with the
        # same invoke-id, so that a late answer answers too; with another, once a part of an answer has come.
        link = self._link
        return (
            self._exchange is not None and isinstance(link, HdlcLink) and link.is_open and isinstance(self._step, Say)
        )

    def _begin(self, request: DlmsRequest[Any], *, is_retry: bool) -> None:
        if is_retry and not self._has_gone_on:
            self._session.number = self._number
        self._number = self._session.number
        self._nothing = None
        self._link = self._own_link
        self._request = request
        self._has_gone_on = False
        self._exchange = started(request, self._session, is_in_doubt=self._is_in_doubt)
        try:
            self._outgoing = self._following(next(self._exchange))
        except LocalProtocolError:
            self._exchange = self._request = None
            raise

    def _repeated(self) -> Outgoing:
        wire = self._link.resend()
        return self._outgoing if wire == self._outgoing.data else self._marked(wire)

    def _following(self, step: Step) -> Outgoing:
        """Return what to write for a step; links that need no opening or closing are passed over."""
        assert self._exchange is not None
        while True:
            outgoing = self._written(step)
            if outgoing.data or not isinstance(step, Open | Close):
                return outgoing
            self._link = self._own_link if isinstance(step, Close) else self._link
            try:
                step = self._exchange.send(b"")
            except StopIteration as stop:
                self._nothing = stop
                return outgoing

    def _written(self, step: Step) -> Outgoing:
        self._step = step
        match step:
            case Say():
                return self._said(step)
            case Open():
                if step.public:
                    if self._public_link is None:
                        raise LocalProtocolError("no link of the public client was given")
                    self._link = self._public_link
                return self._marked(self._link.open())
            case _:
                return self._marked(self._link.close())

    def _said(self, step: Say) -> Outgoing:
        message, ciphering = step.message, self._session.ciphering
        if ciphering is not None and not step.in_clear:
            message = ciphering.seal(message)
        self._transfer, self._is_told = None, False
        if len(message) > self._session.message_bytes_max:
            if Conformance.GENERAL_BLOCK_TRANSFER not in self._session.conformance:
                longest = self._session.message_bytes_max
                raise LocalProtocolError(f"a message of {len(message)} bytes, and the meter takes {longest}")
            message = self._blocks().begin(message, self._session.message_bytes_max)
        return self._marked(self._link.send(message))

    def _blocks(self) -> BlockTransfer:
        if self._transfer is None:
            self._transfer = BlockTransfer(window=_WINDOW)
        return self._transfer

    def _marked(self, wire: bytes) -> Outgoing:
        return self._going_on(wire).outgoing

    def _going_on(self, wire: bytes) -> SendMore:
        spans, speed = self._secret_spans(wire), self._link.speed
        return SendMore(Outgoing(wire, spans, speed=speed)) if spans or speed else nothing_secret(wire)

    def _secret_spans(self, wire: bytes) -> tuple[tuple[int, int], ...]:
        step = self._step
        if not isinstance(step, Say) or not (step.secret or step.is_secret):
            return ()
        spans = occurrences(step.secret, wire) if step.secret and not step.is_secret else []
        if not spans:
            # Cut by a border of frames, or secret as a whole: nothing of it may be kept.
            return () if self._is_told else ((0, len(wire)),)
        self._is_told = True
        # Sixteen bits of checksum would betray much of a short password.
        end = spans[-1][1]
        return (*spans, (max(end, len(wire) - _CHECKSUM_BYTES), len(wire)))

    # ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces. Raises RemoteProtocolError; the exchange is then over and may be tried again."""
        if not self._is_open:
            raise LocalProtocolError("nothing was asked")
        self._heard.append(data)
        try:
            events = self._link.receive(data)
        except RemoteProtocolError:
            # Noise of the line: the exchange itself can go on, unless the meter has rejected a frame.
            self._is_open = False
            if isinstance(self._link, HdlcLink) and isinstance(self._step, Say):
                self._is_in_doubt |= not self._link.is_open
            raise
        try:
            return self._told(events)
        except (RemoteProtocolError, LocalProtocolError):
            self._is_open, self._exchange = False, None
            raise

    def quiet(self) -> Event:
        """Say that the line fell silent. Raises RemoteProtocolError, but for links that need silence, or no opening."""
        if not self._is_open:
            raise LocalProtocolError("nothing was asked")
        heard = b"".join(self._heard)
        if self._nothing is not None:
            return self._over(self._nothing.value)
        following = self._link.after_silence()
        if following:
            self._outgoing = self._marked(following)
            return SendMore(self._outgoing)
        self._is_open = False
        if not heard:
            raise RemoteProtocolError(LineFault.SILENCE, "nothing came", b"")
        if heard == self._outgoing.data:
            raise RemoteProtocolError(LineFault.ECHO, "only our own frame came back", heard)
        what = "an answer that is cut short" if self._link.has_part else "no whole answer"
        raise RemoteProtocolError(LineFault.NOISE, what, heard)

    def _told(self, events: list[LinkEvent]) -> Event | None:
        if len(events) == 1:
            return self._happened(events[0])
        more: list[Outgoing] = []
        for event in events:
            came = self._happened(event)
            if isinstance(came, Answered):
                return came
            if came is not None:
                more.append(came.outgoing)
        return SendMore(joined(more)) if more else None

    def _happened(self, event: LinkEvent) -> Event | None:
        # What comes most stands first.
        if isinstance(event, WriteMore):
            going_on = self._going_on(event.data)
            self._outgoing = going_on.outgoing
            return going_on
        if isinstance(event, MessageReceived):
            if event.message and not event.unasked:
                return self._hear(event.message)
            self._set_aside(event.message)
            return None
        if isinstance(event, LinkOpened):
            return self._go_on(b"")
        if isinstance(self._step, Close):
            self._link = self._own_link
            return self._go_on(b"")
        self._session.begin()
        return self._over(Refusal(RefusalReason.CHANNEL_CLOSED, 0))

    def _hear(self, message: bytes) -> Event | None:
        if not isinstance(self._step, Say):
            self._set_aside(message)
            return None
        if message[0] != GENERAL_BLOCK:
            return self._heard_whole(message, self._step)
        came = self._blocks().hear(message)
        if isinstance(came, Whole):
            return self._heard_whole(came.message, self._step)
        return None if came is None else SendMore(self._marked(self._link.send(came)))

    def _heard_whole(self, message: bytes, step: Say) -> Event | None:
        opened = self._opened(message, step)
        tag = opened[0] if opened else None
        if opened is not None and tag in _REFUSALS and not self._is_refused_twice(opened):
            return self._refused(opened)
        if opened is None or tag in _UNASKED or tag in _REFUSALS or self._is_late(opened, step):
            self._set_aside(message)
            return None
        return self._go_on(opened)

    def _is_refused_twice(self, message: bytes) -> bool:
        """Whether it refuses a datagram of ours that came twice: it wants no more than the counter of the latest."""
        sealer = self._session.sealer
        if sealer is None or not isinstance(self._link, WrapperLink):
            return False
        said = decode_message(message)
        return isinstance(said, ExceptionResponse) and said.counter is not None and said.counter <= sealer.counter

    def _opened(self, message: bytes, step: Say) -> bytes | None:
        """Return a message in the clear; None for one that was opened before."""
        ciphering = self._session.ciphering
        if ciphering is None or step.in_clear or message[0] in _IN_CLEAR:
            return message
        if message[0] in _AGREEMENTS and isinstance(self._link, WrapperLink):
            # Of the association's own answers, which go in the clear, none answers this.
            return None
        try:
            opened = ciphering.open(message)
        except ReplayError:
            # A datagram may come twice; any other message of before is a replay.
            if message != self._sealed:
                raise
            return None
        self._sealed = message
        return opened

    def _is_late(self, message: bytes, step: Say) -> bool:
        # By the numbers of its frames HDLC lets no answer through that is late.
        return isinstance(self._link, WrapperLink) and is_late(message, step.message)

    @property
    def awaits_beginning(self) -> bool:
        """Whether all that has come since the latest question was set aside: its answer has not begun."""
        return self._is_open and self._is_aside and not self._link.has_part

    def _go_on(self, message: bytes) -> Event:
        assert self._exchange is not None
        try:
            step = self._exchange.send(message)
        except StopIteration as stop:
            return self._over(stop.value)
        self._has_gone_on, self._is_aside = True, False
        self._outgoing = self._following(step)
        return SendMore(self._outgoing) if self._nothing is None else self._over(self._nothing.value)

    def _refused(self, message: bytes) -> Answered:
        said = decode_message(message)
        if not isinstance(said, ExceptionResponse):
            return self._over(Refusal(RefusalReason.OTHER, said.code))
        self.counter_wanted = said.counter
        return self._over(Refusal(RefusalReason.OTHER, said.service_error))

    def _set_aside(self, message: bytes) -> None:
        self._unasked += 1
        self._is_aside = True
        if self._unasked > _UNASKED_MAX:
            raise RemoteProtocolError(LineFault.NOISE, "messages that nobody asked for, and no answer", message)

    def _over(self, value: object) -> Answered:
        self._is_open = False
        self._is_in_doubt &= not isinstance(self._request, AT_ANY_TIME)
        self._request = self._exchange = None
        self._link = self._own_link
        return Answered(value, b"".join(self._heard))
