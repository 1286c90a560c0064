"""Being associated as an exchange: the offer, the answer, the two passes of proof; release; the meter's counter."""

from collections.abc import Generator
from typing import Any

from kilovatt.wire.protocols.dlms.apdu import action, get
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationRequest,
    AssociationResponse,
    AssociationResult,
    Context,
    Diagnostic,
    decode_association_response,
    decode_release,
    encode_release,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import InitiateRequest, decode_initiate_response
from kilovatt.wire.protocols.dlms.apdu.results import CONFIRMED_SERVICE_ERROR, AccessResult
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.association.hls import (
    CHALLENGE_BYTES_MIN,
    LOW_MECHANISMS,
    SECRET_MECHANISMS,
    Credentials,
    Side,
    check_credentials,
    is_proved,
    proof,
)
from kilovatt.wire.protocols.dlms.association.requests import Associate, Associated, ReadInvocationCounter, Release
from kilovatt.wire.protocols.dlms.association.session import MESSAGE_BYTES_MAX, Session, refusal, understood
from kilovatt.wire.protocols.dlms.association.steps import Close, Exchange, Open, Say
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security.sealing import SecurityError
from kilovatt.wire.protocols.dlms.values import MalformedError, OctetString, decode
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason

CURRENT_ASSOCIATION = Obis.parse("0.0.40.0.0.255")
REPLY_TO_HLS = Descriptor(15, CURRENT_ASSOCIATION, 1)
CIPHERED_CONTEXTS = frozenset({Context.LOGICAL_NAMES_CIPHERED, Context.SHORT_NAMES_CIPHERED})
_LOGICAL_NAME_CONTEXTS = frozenset({Context.LOGICAL_NAMES, Context.LOGICAL_NAMES_CIPHERED})
_COUNTER_MAX = (1 << 32) - 1


def associating(asked: Associate, session: Session) -> Exchange[Associated | Refusal]:
    """Be associated, and prove one another where the mechanism wants it; what is denied has its diagnostic as code."""
    credentials = Credentials(secret=asked.secret, sealer=session.sealer, signing=session.signing)
    _check(asked, credentials)
    session.begin()
    ciphering = _ciphering(asked, session)
    request = _offer(asked, session, ciphering)
    message = yield Say(request.encode(), in_clear=True, secret=_unkept(asked))
    said = decode_association_response(message)
    if said.result is not AssociationResult.ACCEPTED:
        return Refusal(RefusalReason.ACCESS_DENIED, said.diagnostic)
    if said.context is not asked.context:
        raise MalformedError(f"context {said.context.name}, and {asked.context.name} is wanted", message, 0)
    if session.sealer is not None and said.server_title is not None:
        session.sealer.peer_title = said.server_title
    agreed = _agreement(said, ciphering, message)
    session.ciphering = ciphering
    session.conformance = agreed.conformance
    session.message_bytes_max = agreed.message_bytes_max or MESSAGE_BYTES_MAX
    if said.diagnostic == Diagnostic.AUTHENTICATION_REQUIRED:
        if asked.mechanism in LOW_MECHANISMS or said.challenge is None:
            raise MalformedError("the meter wants a proof that was not offered", message, 0)
        if said.mechanism not in (None, asked.mechanism):
            raise MalformedError(f"the meter has another mechanism than {asked.mechanism.name}", message, 0)
        refused = yield from _proving(asked, session, credentials, request, said)
        return agreed if refused is None else refused
    if asked.mechanism not in LOW_MECHANISMS:
        raise SecurityError("the meter does not prove itself as it was asked to", message)
    return agreed


def _unkept(asked: Associate) -> bytes | None:
    """Return what may not be kept of a request to be associated.

    Whoever has a challenge and the proof of a secret can try secrets out: our challenge is not kept, nor our proof.
    """
    if asked.mechanism in SECRET_MECHANISMS:
        return asked.challenge
    return asked.secret if asked.mechanism in LOW_MECHANISMS else None


def releasing(_asked: Release, session: Session) -> Exchange[None]:
    """End the association."""
    offer = None
    if session.ciphering is not None:
        offer = session.ciphering.seal_globally(InitiateRequest(session.conformance, MESSAGE_BYTES_MAX).encode())
    message = yield Say(encode_release(is_request=True, initiate=offer), in_clear=True)
    decode_release(message, is_request=False)
    session.begin()


def reading_counter(asked: ReadInvocationCounter, session: Session) -> Exchange[int | Refusal]:
    """Ask for our counter as the public client, and go on above it."""
    sealer = session.sealing()
    yield Open(public=True)
    agreed = yield from associating(Associate(), session)
    if isinstance(agreed, Refusal):
        yield Close()
        return agreed
    invoke = session.turn()
    message = yield Say(get.GetRequest(invoke, asked.counter).encode())
    said = understood(message, (get.GetResponse,), invoke)
    yield Close()
    session.begin()
    if isinstance(said.result, AccessResult):
        return refusal(said.result)
    counter = decode(said.result)
    if not isinstance(counter, int) or not 0 <= counter <= _COUNTER_MAX:
        raise MalformedError(f"{counter!r} is no invocation counter", message, 4)
    # Never down: whoever answers as public client is not authenticated, and a counter used twice gives the key away.
    sealer.counter = max(sealer.counter, counter + 1)
    return int(counter)


def _check(asked: Associate, credentials: Credentials) -> None:
    check_credentials(asked.mechanism, credentials)
    if asked.mechanism not in LOW_MECHANISMS and len(asked.challenge or b"") < CHALLENGE_BYTES_MIN:
        raise LocalProtocolError(
            f"a challenge of {CHALLENGE_BYTES_MIN} bytes at least is wanted for {asked.mechanism.name}"
        )
    if asked.mechanism not in LOW_MECHANISMS and asked.context not in _LOGICAL_NAME_CONTEXTS:
        raise LocalProtocolError("high-level security with short names is not built")
    if asked.dedicated_key is not None and asked.context not in CIPHERED_CONTEXTS:
        raise LocalProtocolError("a dedicated key would go in the clear")


def _ciphering(asked: Associate, session: Session) -> Ciphering | None:
    if asked.context not in CIPHERED_CONTEXTS:
        return None
    return Ciphering(session.sealing(), session.protection, general=session.general)


def _offer(asked: Associate, session: Session, ciphering: Ciphering | None) -> AssociationRequest:
    initiate = InitiateRequest(asked.conformance, asked.message_bytes_max, asked.dedicated_key).encode()
    if ciphering is not None:
        initiate = ciphering.seal_globally(initiate)
        if asked.dedicated_key is not None:
            ciphering.dedicated = ciphering.sealer.with_key(asked.dedicated_key)
    title = session.sealer.title if session.sealer is not None else asked.title
    return AssociationRequest(
        context=asked.context,
        mechanism=asked.mechanism,
        client_title=title,
        secret=asked.secret if asked.mechanism in LOW_MECHANISMS else asked.challenge,
        initiate=initiate,
    )


def _agreement(said: AssociationResponse, ciphering: Ciphering | None, message: bytes) -> Associated:
    initiate = said.initiate
    if initiate is None:
        raise MalformedError("an association without an agreement", message, 0)
    if ciphering is not None:
        initiate = ciphering.open(initiate)
        if ciphering.dedicated is not None:
            ciphering.dedicated.peer_title = ciphering.sealer.peer_title
    elif initiate[:1] == bytes((CONFIRMED_SERVICE_ERROR,)):
        raise MalformedError("an association with an error for an agreement", message, 0)
    agreed = decode_initiate_response(initiate)
    return Associated(agreed.conformance, agreed.message_bytes_max, agreed.vaa_name, said.server_title)


def _proving(
    asked: Associate,
    session: Session,
    credentials: Credentials,
    request: AssociationRequest,
    said: AssociationResponse,
) -> Generator[Say, bytes, Refusal | None]:
    ours = Side(request.client_title or b"", asked.challenge or b"")
    theirs = Side(said.server_title or b"", said.challenge or b"")
    if theirs.challenge == ours.challenge:
        raise SecurityError("the meter sets our own challenge: its proof would be ours", theirs.challenge)
    answer = proof(asked.mechanism, credentials, prover=ours, other=theirs)
    invoke = session.turn()
    is_told = asked.mechanism in SECRET_MECHANISMS and session.ciphering is None
    request_of_proof = action.ActionRequest(invoke, REPLY_TO_HLS, OctetString(answer)).encode()
    message = yield Say(request_of_proof, secret=answer if is_told else None)
    ended = understood(message, (action.ActionResponse,), invoke)
    if ended.result is not AccessResult.SUCCESS or not isinstance(ended.returned, bytes):
        return Refusal(RefusalReason.ACCESS_DENIED, Diagnostic.AUTHENTICATION_FAILED)
    proved: Any = decode(ended.returned)
    right = isinstance(proved, bytes) and is_proved(
        asked.mechanism, credentials, bytes(proved), prover=theirs, other=ours
    )
    if not right:
        raise SecurityError("the meter's proof is wrong: it does not know the key", message)
    return None
