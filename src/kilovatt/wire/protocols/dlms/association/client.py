"""The asking end of an association: the house's `Connection`, over any link.

Segments, blocks, ciphering and the four passes of HLS all happen within one exchange.
"""

from hmac import compare_digest
from typing import Any

from kilovatt.wire.protocols.dlms.apdu import action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationRequest,
    AssociationResponse,
    AssociationResult,
    Context,
    Diagnostic,
    Mechanism,
    decode_association_response,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import InitiateRequest, decode_initiate_response
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ConfirmedServiceError, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.ciphering import ciphered, deciphered
from kilovatt.wire.protocols.dlms.association.hls import proof
from kilovatt.wire.protocols.dlms.association.requests import (
    Associate,
    Associated,
    CloseLink,
    DlmsRequest,
    GetAttribute,
    GetAttributes,
    OpenLink,
    RunMethod,
    SetAttribute,
)
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security.suite_0 import Sealer
from kilovatt.wire.protocols.dlms.values import MalformedError, OctetString, decode
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.links import Link, LinkClosed, LinkOpened, MessageReceived, WriteMore

CURRENT_ASSOCIATION = Obis.parse("0.0.40.0.0.255")
VALUE_BYTES_MAX = 1 << 22
"""A value that is longer in all its blocks is none."""
_ASSOCIATION_CLASS, _REPLY_TO_HLS = 15, 1
_CONFIRMED, _HIGH_PRIORITY, _INVOKE_MASK = 0x40, 0x80, 0x0F
_CHECKSUM_BYTES = 3
_RELEASES_MAX = 64
_REASONS = {
    AccessResult.ACCESS_DENIED: RefusalReason.ACCESS_DENIED,
    AccessResult.SCOPE_VIOLATED: RefusalReason.ACCESS_DENIED,
    AccessResult.OBJECT_UNDEFINED: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.OBJECT_UNAVAILABLE: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.CLASS_INCONSISTENT: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.HARDWARE_FAULT: RefusalReason.INTERNAL_ERROR,
    AccessResult.TEMPORARY_FAILURE: RefusalReason.INTERNAL_ERROR,
}


class DlmsConnection:
    """One client of one meter. `sealer` ciphers where the context is ciphered, and serves HLS with GMAC."""

    def __init__(self, link: Link, *, sealer: Sealer | None = None, general_ciphering: bool = False) -> None:
        self._link = link
        self._sealer = sealer
        self._general = general_ciphering
        self._is_ciphered = False
        self._message_bytes_max = 0xFFFF
        self._invoke = 0
        self._request: DlmsRequest[Any] | None = None
        self._is_open = False
        """Whether an exchange is under way."""
        self._heard = bytearray()
        self._outgoing = Outgoing(b"")
        self._value = bytearray()
        self._block = 0
        self._proved = False
        self._agreed: Associated | None = None

    # ── Asking ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange, or try the one that failed again.

        Raises LocalProtocolError while another is open or for a request of another language.
        """
        if self._is_open:
            raise LocalProtocolError("an exchange is under way")
        if not isinstance(request, DlmsRequest):
            raise LocalProtocolError(f"{type(request).__name__} is no request of DLMS")
        is_retry = request is self._request and not isinstance(request, OpenLink | CloseLink)
        self._request = request
        self._heard.clear()
        if is_retry:
            self._outgoing = self._marked(self._link.resend())
        else:
            self._value.clear()
            self._block = 0
            self._outgoing = self._begun(request)
        self._is_open = True
        return self._outgoing

    def _begun(self, request: DlmsRequest[Any]) -> Outgoing:
        match request:
            case OpenLink():
                self._is_ciphered = False
                return Outgoing(self._link.open())
            case CloseLink():
                return Outgoing(self._link.close())
            case Associate():
                return self._association(request)
            case _:
                self._invoke = (self._invoke + 1) & _INVOKE_MASK
                return self._message(_service(request, self._invoke_byte))

    @property
    def _invoke_byte(self) -> int:
        return _HIGH_PRIORITY | _CONFIRMED | self._invoke

    def _association(self, request: Associate) -> Outgoing:
        self._is_ciphered = request.context in (Context.LOGICAL_NAMES_CIPHERED, Context.SHORT_NAMES_CIPHERED)
        self._proved = False
        initiate = InitiateRequest(request.conformance, request.message_bytes_max).encode()
        if self._is_ciphered:
            initiate = ciphered(initiate, self._sealing(), general=False)
        is_lls = request.mechanism is Mechanism.LLS
        if request.mechanism not in (Mechanism.NONE, Mechanism.LLS) and not request.challenge:
            raise LocalProtocolError("a challenge is wanted for high-level security")
        asked = AssociationRequest(
            context=request.context,
            mechanism=request.mechanism,
            client_title=self._sealer.title if self._sealer is not None else None,
            secret=request.secret if is_lls else request.challenge,
            initiate=initiate,
        )
        return self._marked(self._link.send(asked.encode()))

    def _sealing(self) -> Sealer:
        if self._sealer is None:
            raise LocalProtocolError("a ciphered association needs keys")
        return self._sealer

    def _message(self, message: bytes) -> Outgoing:
        if self._is_ciphered:
            message = ciphered(message, self._sealing(), general=self._general)
        return Outgoing(self._link.send(message))

    def _marked(self, wire: bytes) -> Outgoing:
        request = self._request
        secret = request.secret if isinstance(request, Associate) and request.mechanism is Mechanism.LLS else None
        if not secret:
            return Outgoing(wire)
        at = wire.find(secret)
        if at < 0:
            # Cut by a border of frames: nothing of it may be kept.
            return Outgoing(wire, ((0, len(wire)),))
        # Sixteen bits of checksum would betray much of a short password.
        return Outgoing(wire, ((at, at + len(secret)), (len(wire) - _CHECKSUM_BYTES, len(wire))))

    # ── Hearing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces. Raises RemoteProtocolError; the exchange is then over and may be tried again."""
        self._heard += data
        try:
            for event in self._link.receive(data):
                answer = self._happened(event)
                if answer is not None:
                    return answer
        except RemoteProtocolError:
            self._is_open = False
            raise
        return None

    def quiet(self) -> Event:
        """Say that the line fell silent. Raises RemoteProtocolError."""
        self._is_open = False
        heard = bytes(self._heard)
        if not heard:
            raise RemoteProtocolError(LineFault.SILENCE, "nothing came", b"")
        if heard == self._outgoing.data:
            raise RemoteProtocolError(LineFault.ECHO, "only our own frame came back", heard)
        what = "an answer that is cut short" if self._link.has_part else "no whole answer"
        raise RemoteProtocolError(LineFault.NOISE, what, heard)

    def _happened(self, event: object) -> Event | None:
        match event:
            case MessageReceived(message, unasked=False):
                return self._answered_by(message)
            case WriteMore(data):
                return SendMore(Outgoing(data))
            case LinkOpened() if isinstance(self._request, OpenLink):
                return self._over(None)
            case LinkClosed():
                if isinstance(self._request, CloseLink):
                    return self._over(None)
                return self._over(Refusal(RefusalReason.CHANNEL_CLOSED, 0))
            case _:
                return None

    def _over(self, value: object) -> Answered:
        self._is_open = False
        self._request = None
        return Answered(value, bytes(self._heard))

    def _answered_by(self, message: bytes) -> Event | None:
        request = self._request
        if isinstance(request, Associate) and not self._proved:
            return self._associated_by(request, message)
        if self._is_ciphered and message[:1] not in (b"\xd8", b"\x0e"):
            message = deciphered(message, self._sealing())
        said = decode_message(message)
        match said:
            case ExceptionResponse():
                return self._over(Refusal(RefusalReason.OTHER, said.service_error))
            case ConfirmedServiceError():
                return self._over(Refusal(RefusalReason.OTHER, said.code))
            case _:
                return self._service_answered(said, message)

    def _service_answered(self, said: Any, message: bytes) -> Event | None:  # noqa: ANN401  # any message
        invoke = getattr(said, "invoke", None)
        if invoke is None or invoke & _INVOKE_MASK != self._invoke:
            raise MalformedError(f"an answer to invoke-id {invoke}, and {self._invoke} is wanted", message, 2)
        match said:
            case get.GetResponse() if isinstance(self._request, GetAttribute):
                return self._got(said.result)
            case get.GetBlock() if isinstance(self._request, GetAttribute | GetAttributes):
                return self._got_block(said, message)
            case get.GetListResponse() if isinstance(self._request, GetAttributes):
                return self._got_several(said.results)
            case setting.SetResponse() if isinstance(self._request, SetAttribute):
                return self._over(None if said.result is AccessResult.SUCCESS else _refusal(said.result))
            case action.ActionResponse():
                return self._acted(said)
            case _:
                raise MalformedError(f"a {type(said).__name__} is no answer to what was asked", message, 0)

    def _got(self, result: bytes | AccessResult) -> Event:
        assert isinstance(self._request, GetAttribute)
        if isinstance(result, AccessResult):
            return self._over(_refusal(result))
        return self._over(self._request.read(result))

    def _got_several(self, answers: tuple[bytes | AccessResult, ...]) -> Event:
        assert isinstance(self._request, GetAttributes)
        wanted = len(self._request.attributes)
        if len(answers) != wanted:
            raise MalformedError(f"{len(answers)} values, and {wanted} are wanted", b"", 0)
        return self._over(tuple(one if isinstance(one, AccessResult) else decode(one) for one in answers))

    def _got_block(self, said: get.GetBlock, message: bytes) -> Event:
        if said.block != self._block + 1:
            raise MalformedError(f"block {said.block}, and {self._block + 1} is wanted", message, 4)
        if isinstance(said.result, AccessResult):
            return self._over(_refusal(said.result))
        self._block = said.block
        self._value += said.result
        if len(self._value) > VALUE_BYTES_MAX:
            raise MalformedError(f"a value of more than {VALUE_BYTES_MAX} bytes", message, 0)
        if not said.is_last:
            return SendMore(self._message(get.GetNextBlock(self._invoke_byte, self._block).encode()))
        whole = bytes(self._value)
        if isinstance(self._request, GetAttributes):
            return self._got_several(get.decode_results(whole))
        return self._got(whole)

    def _acted(self, said: action.ActionResponse) -> Event:
        if isinstance(self._request, Associate):
            return self._proved_by(self._request, said)
        if not isinstance(self._request, RunMethod):
            raise MalformedError("the end of a method that was not run", said.encode(), 0)
        if said.result is not AccessResult.SUCCESS:
            return self._over(_refusal(said.result))
        if isinstance(said.returned, AccessResult):
            return self._over(None if said.returned is AccessResult.SUCCESS else _refusal(said.returned))
        return self._over(None if said.returned is None else decode(said.returned))

    # ── Being associated ────────────────────────────────────────────────────────────────────────────────────────────

    def _associated_by(self, request: Associate, message: bytes) -> Event:
        if message[:1] == b"\xd8":
            return self._over(Refusal(RefusalReason.OTHER, decode_message(message).service_error))
        said = decode_association_response(message)
        if said.result is not AssociationResult.ACCEPTED:
            return self._over(Refusal(RefusalReason.ACCESS_DENIED, said.diagnostic))
        if said.context is not request.context:
            raise MalformedError(f"context {said.context.name}, and {request.context.name} is wanted", message, 0)
        if self._sealer is not None and said.server_title is not None:
            self._sealer.peer_title = said.server_title
        self._agreed = self._agreement(said, message)
        if said.diagnostic != Diagnostic.AUTHENTICATION_REQUIRED:
            if request.mechanism not in (Mechanism.NONE, Mechanism.LLS):
                raise MalformedError("the meter does not prove itself as it was asked to", message, 0)
            return self._over(self._agreed)
        if request.mechanism in (Mechanism.NONE, Mechanism.LLS) or said.challenge is None:
            raise MalformedError("the meter wants a proof that was not offered", message, 0)
        return self._prove(request, said.challenge)

    def _agreement(self, said: AssociationResponse, message: bytes) -> Associated:
        initiate = said.initiate
        if initiate is None:
            raise MalformedError("an association without an agreement", message, 0)
        if self._is_ciphered:
            initiate = deciphered(initiate, self._sealing())
        elif initiate[:1] == b"\x0e":
            raise MalformedError("an association with an error for an agreement", message, 0)
        agreed = decode_initiate_response(initiate)
        self._message_bytes_max = agreed.message_bytes_max or 0xFFFF
        return Associated(agreed.conformance, agreed.message_bytes_max, agreed.vaa_name, said.server_title)

    def _prove(self, request: Associate, challenge: bytes) -> Event:
        self._proved = True
        answer = proof(request.mechanism, challenge, secret=request.secret, sealer=self._sealer)
        self._invoke = (self._invoke + 1) & _INVOKE_MASK
        method = Descriptor(_ASSOCIATION_CLASS, CURRENT_ASSOCIATION, _REPLY_TO_HLS)
        message = action.ActionRequest(self._invoke_byte, method, OctetString(answer)).encode()
        return SendMore(self._message(message))

    def _proved_by(self, request: Associate, said: action.ActionResponse) -> Event:
        if said.result is not AccessResult.SUCCESS or not isinstance(said.returned, bytes):
            return self._over(Refusal(RefusalReason.ACCESS_DENIED, int(said.result)))
        answer, challenge = decode(said.returned), request.challenge or b""
        if not isinstance(answer, bytes) or not self._is_right(request, bytes(answer), challenge):
            raise MalformedError("the meter's proof is wrong: it does not know the key", said.encode(), 0)
        return self._over(self._agreed)

    def _is_right(self, request: Associate, answer: bytes, challenge: bytes) -> bool:
        if request.mechanism is Mechanism.HLS_GMAC:
            return self._sealing().proves(answer, challenge)
        return compare_digest(answer, proof(request.mechanism, challenge, secret=request.secret, sealer=self._sealer))


def _service(request: DlmsRequest[Any], invoke: int) -> bytes:
    match request:
        case GetAttribute():
            return get.GetRequest(invoke, request.attribute, request.selection).encode()
        case GetAttributes():
            return get.GetListRequest(invoke, tuple((one, None) for one in request.attributes)).encode()
        case SetAttribute():
            return setting.SetRequest(invoke, request.attribute, request.value).encode()
        case RunMethod():
            return action.ActionRequest(invoke, request.method, request.parameter).encode()
        case _:
            raise LocalProtocolError(f"{type(request).__name__} cannot be asked")


def _refusal(result: AccessResult) -> Refusal:
    return Refusal(_REASONS.get(result, RefusalReason.OTHER), int(result))
