"""The answering end of associations: one logical device and the clients it knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Protocol

from kilovatt.wire.protocols.dlms.apdu import acse, action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationRequest,
    AssociationResponse,
    AssociationResult,
    Context,
    Diagnostic,
    Mechanism,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    LOGICAL_NAMES,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
)
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.ciphering import CIPHERED_TAGS, GENERAL_GLOBAL, ciphered, deciphered
from kilovatt.wire.protocols.dlms.association.client import CURRENT_ASSOCIATION
from kilovatt.wire.protocols.dlms.association.hls import CHALLENGE_BYTES_MAX, CHALLENGE_BYTES_MIN, proof
from kilovatt.wire.protocols.dlms.security.suite_0 import Keys, Sealer
from kilovatt.wire.protocols.dlms.values import DlmsValue, OctetString, encode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, RemoteProtocolError

CONFORMANCE = (
    Conformance.GENERAL_PROTECTION
    | Conformance.BLOCK_GET
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)
_REPLY_TO_HLS = (15, CURRENT_ASSOCIATION, 1)
_BLOCK_OVERHEAD = 32
_STATE_ERROR_SERVICE, _SERVICE_NOT_SUPPORTED, _OPERATION_NOT_POSSIBLE, _DECIPHERING_ERROR = 1, 2, 1, 5
_STATE_ERROR_UNKNOWN = 2


class ObjectModel(Protocol):
    """The objects of a logical device, as a client may see them."""

    def get(self, client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        """Return an attribute's value, or why there is none."""

    def set(self, client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        """Give an attribute a value."""

    def act(self, client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        """Run a method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProfile:
    """What a client must bring. `secret` is its password (LLS) or the secret of its HLS mechanism."""

    mechanism: Mechanism = Mechanism.NONE
    context: Context = Context.LOGICAL_NAMES
    secret: bytes | None = field(default=None, repr=False)
    keys: Keys | None = field(default=None, repr=False)
    conformance: Conformance = CONFORMANCE


@dataclass(slots=True)
class _Association:
    profile: ClientProfile
    message_bytes_max: int
    mechanism: Mechanism
    sealer: Sealer | None
    is_ciphered: bool
    is_proved: bool
    our_challenge: bytes = b""
    their_challenge: bytes = b""
    is_general: bool = False
    waiting: bytes = b""
    """What is left of a long answer."""
    block: int = 0


class AssociationServer:
    """Serves the messages of all clients of one logical device.

    `challenge` brings new challenges: chance belongs to whoever makes the server. Counters of what we seal go on
    from association to association.
    """

    def __init__(
        self,
        model: ObjectModel,
        profiles: Mapping[int, ClientProfile],
        *,
        title: bytes,
        challenge: Callable[[], bytes],
        message_bytes_max: int = 1024,
    ) -> None:
        self._model = model
        self._profiles = profiles
        self._title = title
        self._challenge = challenge
        self._message_bytes_max = message_bytes_max
        self._associations: dict[int, _Association] = {}
        self._counter = 1
        self.refused: list[int] = []
        """Clients that failed to prove themselves, the latest last."""

    def opened(self, client: int) -> None:
        """Forget a client's association: its link begins afresh."""
        self._associations.pop(client, None)

    def answer(self, client: int, message: bytes) -> bytes | None:
        """Return the answer to a message, or None to keep silent."""
        if not message:
            return None
        if message[0] == acse.AARQ:
            return self._associate(client, message)
        if message[0] == acse.RLRQ:
            self._associations.pop(client, None)
            return acse.encode_release(is_request=False)
        association = self._associations.get(client)
        if association is None:
            return ExceptionResponse(_STATE_ERROR_SERVICE, _OPERATION_NOT_POSSIBLE).encode()
        return self._serve(client, association, message)

    # ── Associations ────────────────────────────────────────────────────────────────────────────────────────────────

    def _associate(self, client: int, message: bytes) -> bytes | None:
        self._associations.pop(client, None)
        try:
            asked = acse.decode_association_request(message)
        except RemoteProtocolError:
            return None
        profile = self._profiles.get(client)
        if profile is None:
            return self._rejected(asked, Diagnostic.NO_REASON)
        if asked.context is not profile.context:
            return self._rejected(asked, Diagnostic.CONTEXT_NOT_SUPPORTED)
        wrong = self._wrong(asked, profile)
        if wrong is not None:
            if wrong is Diagnostic.AUTHENTICATION_FAILED:
                self.refused.append(client)
            return self._rejected(asked, wrong)
        return self._accepted(client, asked, profile)

    def _wrong(self, asked: AssociationRequest, profile: ClientProfile) -> Diagnostic | None:
        if asked.mechanism is not profile.mechanism:
            is_missing = asked.mechanism is Mechanism.NONE
            return Diagnostic.AUTHENTICATION_REQUIRED if is_missing else Diagnostic.MECHANISM_NOT_RECOGNISED
        if profile.mechanism is Mechanism.LLS:
            right = compare_digest(asked.secret or b"", profile.secret or b"")
            return None if right else Diagnostic.AUTHENTICATION_FAILED
        if profile.mechanism is Mechanism.NONE:
            return None
        length = len(asked.secret or b"")
        if not CHALLENGE_BYTES_MIN <= length <= CHALLENGE_BYTES_MAX:
            return Diagnostic.AUTHENTICATION_FAILED
        if profile.keys is not None and len(asked.client_title or b"") != len(self._title):
            return Diagnostic.NO_REASON
        return None

    def _accepted(self, client: int, asked: AssociationRequest, profile: ClientProfile) -> bytes | None:
        sealer = self._sealer(profile, asked)
        is_ciphered = asked.context in (Context.LOGICAL_NAMES_CIPHERED, Context.SHORT_NAMES_CIPHERED)
        try:
            offer = asked.initiate
            if is_ciphered:
                assert sealer is not None, "a ciphered context has keys"
                offer = deciphered(offer, sealer)
            offered = decode_initiate_request(offer)
        except RemoteProtocolError:
            return self._rejected(asked, Diagnostic.NO_REASON)
        is_high = profile.mechanism not in (Mechanism.NONE, Mechanism.LLS)
        made = _Association(
            profile=profile,
            message_bytes_max=min(offered.message_bytes_max or 0xFFFF, 0xFFFF),
            mechanism=profile.mechanism,
            sealer=sealer,
            is_ciphered=is_ciphered,
            is_proved=not is_high,
            our_challenge=self._challenge() if is_high else b"",
            their_challenge=asked.secret or b"" if is_high else b"",
        )
        self._associations[client] = made
        agreement = self._agreement(made, offered)
        return AssociationResponse(
            context=asked.context,
            result=AssociationResult.ACCEPTED,
            diagnostic=Diagnostic.AUTHENTICATION_REQUIRED if is_high else Diagnostic.NONE,
            mechanism=profile.mechanism if is_high else None,
            server_title=self._title if sealer is not None else None,
            challenge=made.our_challenge or None,
            initiate=agreement,
        ).encode()

    def _sealer(self, profile: ClientProfile, asked: AssociationRequest) -> Sealer | None:
        if profile.keys is None:
            return None
        sealer = Sealer(profile.keys, title=self._title, counter=self._counter)
        sealer.peer_title = asked.client_title
        return sealer

    def _agreement(self, made: _Association, offered: InitiateRequest) -> bytes:
        conformance = offered.conformance & made.profile.conformance
        agreement = InitiateResponse(conformance, self._message_bytes_max, LOGICAL_NAMES).encode()
        if made.is_ciphered and made.sealer is not None:
            return self._sealed(agreement, made)
        return agreement

    def _rejected(self, asked: AssociationRequest, diagnostic: Diagnostic) -> bytes:
        return AssociationResponse(
            context=asked.context, result=AssociationResult.REJECTED, diagnostic=diagnostic
        ).encode()

    # ── Services ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _serve(self, client: int, association: _Association, message: bytes) -> bytes | None:
        is_sealed = message[0] in CIPHERED_TAGS
        if is_sealed != association.is_ciphered:
            return ExceptionResponse(_STATE_ERROR_SERVICE, _OPERATION_NOT_POSSIBLE).encode()
        if association.is_ciphered:
            assert association.sealer is not None, "a ciphered context has keys"
            association.is_general = message[0] == GENERAL_GLOBAL
            try:
                message = deciphered(message, association.sealer)
            except RemoteProtocolError:
                return ExceptionResponse(_STATE_ERROR_SERVICE, _DECIPHERING_ERROR).encode()
        try:
            asked = decode_message(message)
        except RemoteProtocolError:
            return ExceptionResponse(_STATE_ERROR_UNKNOWN, _SERVICE_NOT_SUPPORTED).encode()
        said = self._served(client, association, asked)
        return self._sealed(said, association) if association.is_ciphered else said

    def _sealed(self, message: bytes, association: _Association) -> bytes:
        sealer = association.sealer
        assert sealer is not None, "a ciphered context has keys"
        sealed = ciphered(message, sealer, general=association.is_general)
        self._counter = max(self._counter, sealer.counter)
        return sealed

    def _served(self, client: int, association: _Association, asked: object) -> bytes:
        if not association.is_proved:
            return self._proved(client, association, asked)
        match asked:
            case get.GetRequest():
                result = self._got(client, asked.attribute, asked.selection)
                return self._long(association, asked.invoke, result, is_list=False)
            case get.GetListRequest():
                results = tuple(self._got(client, one, part) for one, part in asked.attributes)
                return self._long(association, asked.invoke, get.encode_results(results), is_list=True)
            case get.GetNextBlock():
                return self._next_block(association, asked)
            case setting.SetRequest():
                outcome = self._model.set(client, asked.attribute, asked.value)
                return setting.SetResponse(asked.invoke, outcome).encode()
            case action.ActionRequest():
                return self._acted(client, asked)
            case _:
                return ExceptionResponse(_STATE_ERROR_UNKNOWN, _SERVICE_NOT_SUPPORTED).encode()

    def _got(self, client: int, attribute: Descriptor, selection: Selection | None) -> bytes | AccessResult:
        value = self._model.get(client, attribute, selection)
        return value if isinstance(value, AccessResult) else encode(value)

    def _acted(self, client: int, asked: action.ActionRequest) -> bytes:
        outcome, returned = self._model.act(client, asked.method, asked.parameter)
        given = None if returned is None else encode(returned)
        return action.ActionResponse(asked.invoke, outcome, given).encode()

    def _long(self, association: _Association, invoke: int, result: bytes | AccessResult, *, is_list: bool) -> bytes:
        association.waiting, association.block = b"", 0
        if isinstance(result, AccessResult):
            return get.GetResponse(invoke, result).encode()
        if len(result) + _BLOCK_OVERHEAD > association.message_bytes_max:
            association.waiting = result
            return self._block(association, invoke)
        if is_list:
            return bytes((get.RESPONSE, 3, invoke)) + result
        return get.GetResponse(invoke, result).encode()

    def _next_block(self, association: _Association, asked: get.GetNextBlock) -> bytes:
        if not association.waiting:
            return get.GetBlock(asked.invoke, True, asked.block, AccessResult.NO_LONG_GET).encode()  # noqa: FBT003
        if asked.block != association.block:
            association.waiting = b""
            return get.GetBlock(asked.invoke, True, asked.block, AccessResult.BLOCK_NUMBER_INVALID).encode()  # noqa: FBT003
        return self._block(association, asked.invoke)

    def _block(self, association: _Association, invoke: int) -> bytes:
        size = association.message_bytes_max - _BLOCK_OVERHEAD
        part, association.waiting = association.waiting[:size], association.waiting[size:]
        association.block += 1
        return get.GetBlock(invoke, not association.waiting, association.block, part).encode()

    def _proved(self, client: int, association: _Association, asked: object) -> bytes:
        is_proof = (
            isinstance(asked, action.ActionRequest)
            and (
                asked.method.class_id,
                asked.method.obis,
                asked.method.number,
            )
            == _REPLY_TO_HLS
        )
        if not is_proof:
            return ExceptionResponse(_STATE_ERROR_SERVICE, _OPERATION_NOT_POSSIBLE).encode()
        assert isinstance(asked, action.ActionRequest)
        given = bytes(asked.parameter) if isinstance(asked.parameter, bytes) else b""
        if not self._is_right(association, given):
            self.refused.append(client)
            self._associations.pop(client, None)
            return action.ActionResponse(asked.invoke, AccessResult.ACCESS_DENIED).encode()
        association.is_proved = True
        ours = proof(
            association.mechanism,
            association.their_challenge,
            secret=association.profile.secret,
            sealer=association.sealer,
        )
        if association.sealer is not None:
            self._counter = max(self._counter, association.sealer.counter)
        return action.ActionResponse(asked.invoke, AccessResult.SUCCESS, encode(OctetString(ours))).encode()

    def _is_right(self, association: _Association, given: bytes) -> bool:
        if association.mechanism is Mechanism.HLS_GMAC:
            return association.sealer is not None and association.sealer.proves(given, association.our_challenge)
        try:
            wanted = proof(
                association.mechanism,
                association.our_challenge,
                secret=association.profile.secret,
                sealer=association.sealer,
            )
        except LocalProtocolError:
            return False
        return compare_digest(given, wanted)
