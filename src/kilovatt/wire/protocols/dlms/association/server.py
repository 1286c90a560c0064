"""The answering end of associations: one logical device and the clients it knows.

Limits: a client's long value of 1 MiB, blocks of general block transfer one by one, methods in lists not in blocks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

from kilovatt.wire.protocols.dlms.apdu import acse, action
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationRequest,
    AssociationResponse,
    AssociationResult,
    Diagnostic,
    Mechanism,
)
from kilovatt.wire.protocols.dlms.apdu.ciphered import GENERAL_DEDICATED, GENERAL_GLOBAL, SEALED_TAGS
from kilovatt.wire.protocols.dlms.apdu.general_block import FIRST_BLOCK, GENERAL_BLOCK
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    LOGICAL_NAMES,
    SHORT_NAMES,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
)
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import INVOCATION_COUNTER_ERROR, AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.association.associating import REPLY_TO_HLS
from kilovatt.wire.protocols.dlms.association.block_transfer import BlockTransfer, Whole
from kilovatt.wire.protocols.dlms.association.ciphering import OVERHEAD_BYTES, Ciphering
from kilovatt.wire.protocols.dlms.association.hls import (
    CHALLENGE_BYTES_MAX,
    CHALLENGE_BYTES_MIN,
    Credentials,
    Side,
    is_proved,
    proof,
)
from kilovatt.wire.protocols.dlms.association.profiles import CONFORMANCE, ClientProfile
from kilovatt.wire.protocols.dlms.association.services import (
    OPERATION_NOT_POSSIBLE,
    SERVICE_NOT_SUPPORTED,
    STATE_SERVICE_NOT_ALLOWED,
    STATE_SERVICE_UNKNOWN,
    ObjectModel,
    Services,
)
from kilovatt.wire.protocols.dlms.association.variables import Variables
from kilovatt.wire.protocols.dlms.security.sealing import (
    TITLE_BYTES,
    InvocationCounter,
    Keys,
    ReplayError,
    Sealer,
)
from kilovatt.wire.protocols.dlms.values import OctetString, encode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, RemoteProtocolError

__all__ = ["CONFORMANCE", "AssociationServer", "ClientProfile", "ObjectModel"]
_DECIPHERING_ERROR = 5
_MESSAGE_BYTES_MAX = 0xFFFF


@dataclass(slots=True)
class _Association:
    profile: ClientProfile
    services: Services | Variables
    message_bytes_max: int = _MESSAGE_BYTES_MAX
    """The longest message that the client takes."""
    has_general_blocks: bool = False
    ciphering: Ciphering | None = field(default=None, repr=False)
    credentials: Credentials = field(default_factory=Credentials)
    ours: Side = Side(b"", b"")  # noqa: RUF009  # frozen
    theirs: Side = Side(b"", b"")  # noqa: RUF009  # frozen
    is_proved: bool = True
    offer: bytes = b""
    agreement: bytes = field(default=b"", repr=False)
    """What was answered to the offer."""
    transfer: BlockTransfer = field(default_factory=BlockTransfer)


class AssociationServer:
    """Serves the messages of all clients of one logical device.

    `challenge` brings new challenges: chance belongs to whoever makes the server. `counter` is the next invocation
    counter of what we seal; it goes on from association to association. `short_names` are the attributes of clients
    that refer to objects so.
    """

    def __init__(
        self,
        model: ObjectModel,
        profiles: Mapping[int, ClientProfile],
        *,
        title: bytes,
        challenge: Callable[[], bytes],
        message_bytes_max: int = 1024,
        counter: InvocationCounter | None = None,
        short_names: Mapping[int, Descriptor] | None = None,
    ) -> None:
        self._model = model
        self._profiles = profiles
        self._title = title
        self._challenge = challenge
        self._message_bytes_max = message_bytes_max
        self._associations: dict[int, _Association] = {}
        self._sealers: dict[int, Sealer] = {}
        self._sealed_with: dict[int, Keys] = {}
        self._short_names = short_names or {}
        self.counter = counter or InvocationCounter(1)
        self.refused: list[int] = []
        """Clients that failed to prove themselves, the latest last."""

    def opened(self, client: int) -> None:
        """Forget a client's association: its link begins afresh."""
        self._associations.pop(client, None)

    def heard_counter(self, client: int) -> int:
        """Return the highest invocation counter that a client has used with its key; 0 if none."""
        sealer = self._sealers.get(client)
        return 0 if sealer is None else max(0, sealer.peer_counter)

    def answer(self, client: int, message: bytes) -> bytes | None:
        """Return the answer to a message, or None to keep silent."""
        if not message:
            return None
        if message[0] == acse.AARQ:
            return self._associate(client, message)
        if message[0] == acse.RLRQ:
            self._associations.pop(client, None)
            return acse.encode_release(is_request=False)
        association = self._associations.get(client) or self._from_the_start(client)
        if association is None:
            return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE).encode()
        if message[0] == GENERAL_BLOCK and association.has_general_blocks:
            return self._by_blocks(client, association, message)
        association.transfer = BlockTransfer()
        return self._cut(association, self._serve(client, association, message))

    # ── Associations ────────────────────────────────────────────────────────────────────────────────────────────────

    def _from_the_start(self, client: int) -> _Association | None:
        profile = self._profiles.get(client)
        if profile is None or not profile.is_associated:
            return None
        made = _Association(profile, self._serving(client, profile, profile.conformance, _MESSAGE_BYTES_MAX))
        self._associations[client] = made
        return made

    def _serving(
        self, client: int, profile: ClientProfile, conformance: Conformance, room: int
    ) -> Services | Variables:
        if profile.has_short_names:
            return Variables(self._model, client, conformance=conformance, room=room, names=self._short_names)
        return Services(self._model, client, conformance=conformance, room=room)

    def _associate(self, client: int, message: bytes) -> bytes | None:
        standing = self._associations.pop(client, None)
        if standing is not None and standing.offer == message:
            # A datagram that came twice is one offer: what was answered and proved since holds.
            self._associations[client] = standing
            return standing.agreement
        answer = self._offered(client, message)
        made = self._associations.get(client)
        if made is not None:
            made.offer, made.agreement = message, answer or b""
        elif standing is not None and standing.ciphering is not None:
            # What nobody vouches for ends nothing.
            self._associations[client] = standing
        return answer

    def _offered(self, client: int, message: bytes) -> bytes | None:
        try:
            asked = acse.decode_association_request(message)
        except RemoteProtocolError:
            return None
        profile = self._profiles.get(client)
        if profile is None:
            return self._rejected(asked, Diagnostic.NO_REASON)
        wrong = self._wrong(asked, profile)
        if wrong is not None:
            if wrong is Diagnostic.AUTHENTICATION_FAILED:
                self.refused.append(client)
            return self._rejected(asked, wrong)
        return self._accepted(client, asked, profile)

    def _wrong(self, asked: AssociationRequest, profile: ClientProfile) -> Diagnostic | None:
        if asked.context is not profile.context:
            return Diagnostic.CONTEXT_NOT_SUPPORTED
        if asked.mechanism is not profile.mechanism:
            is_missing = asked.mechanism is Mechanism.NONE
            return Diagnostic.AUTHENTICATION_REQUIRED if is_missing else Diagnostic.MECHANISM_NOT_RECOGNISED
        if profile.mechanism is Mechanism.LLS:
            right = compare_digest(asked.secret or b"", profile.secret or b"")
            return None if right else Diagnostic.AUTHENTICATION_FAILED
        if profile.is_high and not CHALLENGE_BYTES_MIN <= len(asked.secret or b"") <= CHALLENGE_BYTES_MAX:
            return Diagnostic.AUTHENTICATION_FAILED
        if profile.keys is not None and len(asked.client_title or b"") != TITLE_BYTES:
            return Diagnostic.NO_REASON
        return None

    def _accepted(self, client: int, asked: AssociationRequest, profile: ClientProfile) -> bytes:
        sealer = self._sealer(client, asked, profile)
        ciphering = Ciphering(sealer, profile.protection) if sealer is not None and profile.is_ciphered else None
        try:
            offered = decode_initiate_request(ciphering.open(asked.initiate) if ciphering else asked.initiate)
            if ciphering is not None and offered.dedicated_key is not None:
                ciphering.dedicated = ciphering.sealer.with_key(offered.dedicated_key)
        except (RemoteProtocolError, LocalProtocolError):
            return self._rejected(asked, Diagnostic.NO_REASON)
        return self._agreed(client, asked, offered, profile, sealer, ciphering)

    def _agreed(  # noqa: PLR0917  # what was offered and what was made of it
        self,
        client: int,
        asked: AssociationRequest,
        offered: InitiateRequest,
        profile: ClientProfile,
        sealer: Sealer | None,
        ciphering: Ciphering | None,
    ) -> bytes:
        conformance = offered.conformance & profile.conformance
        longest = offered.message_bytes_max or _MESSAGE_BYTES_MAX
        room = longest - (OVERHEAD_BYTES if ciphering is not None else 0)
        challenge = self._challenge() if profile.is_high else b""
        self._associations[client] = _Association(
            profile=profile,
            services=self._serving(client, profile, conformance, room),
            message_bytes_max=longest,
            has_general_blocks=Conformance.GENERAL_BLOCK_TRANSFER in conformance,
            ciphering=ciphering,
            credentials=Credentials(secret=profile.secret, sealer=sealer, signing=profile.signing),
            ours=Side(self._title, challenge),
            theirs=Side(asked.client_title or b"", asked.secret or b""),
            is_proved=not profile.is_high,
        )
        name = SHORT_NAMES if profile.has_short_names else LOGICAL_NAMES
        agreement = InitiateResponse(conformance, self._message_bytes_max, name).encode()
        return AssociationResponse(
            context=asked.context,
            result=AssociationResult.ACCEPTED,
            diagnostic=Diagnostic.AUTHENTICATION_REQUIRED if profile.is_high else Diagnostic.NONE,
            mechanism=profile.mechanism if profile.is_high else None,
            server_title=self._title if sealer is not None or profile.is_high else None,
            challenge=challenge or None,
            initiate=agreement if ciphering is None else ciphering.seal_globally(agreement),
        ).encode()

    def _sealer(self, client: int, asked: AssociationRequest, profile: ClientProfile) -> Sealer | None:
        if profile.keys is None:
            return None
        sealer = self._sealers.get(client)
        # A new key has had no counter yet.
        if sealer is None or not profile.remembers_counters or self._sealed_with.get(client) != profile.keys:
            self._sealed_with[client] = profile.keys
            sealer = self._sealers[client] = Sealer(profile.keys, title=self._title, counter=self.counter)
        sealer.peer_title = asked.client_title
        return sealer

    def _rejected(self, asked: AssociationRequest, diagnostic: Diagnostic) -> bytes:
        return AssociationResponse(
            context=asked.context, result=AssociationResult.REJECTED, diagnostic=diagnostic
        ).encode()

    # ── Messages ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _by_blocks(self, client: int, association: _Association, message: bytes) -> bytes | None:
        if message[2:6] == FIRST_BLOCK:
            association.transfer = BlockTransfer()
        try:
            came = association.transfer.hear(message)
        except RemoteProtocolError:
            association.transfer = BlockTransfer()
            return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE).encode()
        if not isinstance(came, Whole):
            return came
        answer = self._serve(client, association, came.message)
        return None if answer is None else association.transfer.begin(answer, association.message_bytes_max)

    def _cut(self, association: _Association, answer: bytes | None) -> bytes | None:
        if answer is None or len(answer) <= association.message_bytes_max or not association.has_general_blocks:
            return answer
        return association.transfer.begin(answer, association.message_bytes_max)

    def _serve(self, client: int, association: _Association, message: bytes) -> bytes | None:
        ciphering = association.ciphering
        if (message[:1] != b"" and message[0] in SEALED_TAGS) != (ciphering is not None):
            return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE).encode()
        if ciphering is not None:
            ciphering.general = message[0] in (GENERAL_GLOBAL, GENERAL_DEDICATED)
            try:
                message = ciphering.open(message)
            except ReplayError as error:
                wanted = error.wanted
                return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, INVOCATION_COUNTER_ERROR, wanted).encode()
            except RemoteProtocolError:
                return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, _DECIPHERING_ERROR).encode()
        said = self._said(client, association, message)
        return said if ciphering is None else ciphering.seal(said)

    def _said(self, client: int, association: _Association, message: bytes) -> bytes:
        try:
            asked = decode_message(message)
        except RemoteProtocolError:
            return ExceptionResponse(STATE_SERVICE_UNKNOWN, SERVICE_NOT_SUPPORTED).encode()
        if not association.is_proved:
            return self._proved(client, association, asked)
        return association.services.serve(asked)

    def _proved(self, client: int, association: _Association, asked: object) -> bytes:
        if not isinstance(asked, action.ActionRequest) or asked.method != REPLY_TO_HLS:
            return ExceptionResponse(STATE_SERVICE_NOT_ALLOWED, OPERATION_NOT_POSSIBLE).encode()
        mechanism, credentials = association.profile.mechanism, association.credentials
        ours, theirs = association.ours, association.theirs
        given = bytes(asked.parameter) if isinstance(asked.parameter, bytes) else b""
        if not is_proved(mechanism, credentials, given, prover=theirs, other=ours):
            self.refused.append(client)
            self._associations.pop(client, None)
            return action.ActionResponse(asked.invoke, AccessResult.ACCESS_DENIED).encode()
        association.is_proved = True
        answer = encode(OctetString(proof(mechanism, credentials, prover=ours, other=theirs)))
        return action.ActionResponse(asked.invoke, AccessResult.SUCCESS, answer).encode()
