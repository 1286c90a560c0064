"""Who opens a session with a DLMS meter: a reader with his password, or a configurator who proves that he has keys.

Invocation counters. A key and a counter used twice give the key away, so the next counter comes from outside and only
grows: `MeterAddress.counter` is one object for all sessions of whoever keeps it, begun at a stored number or at one
made from the clock (`measure.metering.invocation_counters`). Where its row says so, the meter is asked through the
public client which counter it has had last: that answer is not authenticated, and may raise ours, never lower it.
Challenges are made from key and counter: what is used once makes what is new each time, and no chance is needed here.
"""

import hmac
from typing import Any

from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof, CosemDialect
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ask,
    ask_or_refusal,
)
from kilovatt.wire.drivers.cosem.links import link_to
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Diagnostic, Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, OpenLink, ReadInvocationCounter
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Sealer
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason

READING_LEVEL = 1
_CONFIGURING_LEVEL = 2
_WRONG_SECRET = frozenset({Diagnostic.AUTHENTICATION_FAILED, Diagnostic.AUTHENTICATION_REQUIRED})
_CHALLENGE_BYTES = 16
_DATA, _VALUE = 1, 2


def is_configurator(meter: MeterAddress) -> bool:
    """Whether a session with this address is a configurator's: with keys, or above the level of reading."""
    return meter.keys is not None or meter.hls_secret is not None or meter.access_level > READING_LEVEL


def open_connection(meter: MeterAddress, dialect: CosemDialect) -> DlmsConnection:
    """Return a fresh connection.

    Raises LocalProtocolError for an address that no meter can have, and for a configurator without his keys.
    """
    if not is_configurator(meter):
        return DlmsConnection(link_to(meter, dialect, dialect.reader_sap))
    link = link_to(meter, dialect, dialect.configurator_sap)
    if meter.keys is None:
        if dialect.configurator_proof is ConfiguratorProof.GMAC:
            raise LocalProtocolError("a configurator of this meter needs its keys")
        _counter(meter)
        return DlmsConnection(link)
    return DlmsConnection(
        link,
        sealer=Sealer(meter.keys, title=meter.client_title, counter=_counter(meter)),
        general_ciphering=dialect.general_ciphering,
        public_link=link_to(meter, dialect, dialect.public_sap),
    )


def open_session(meter: MeterAddress, dialect: CosemDialect) -> Conversation[None]:
    """Open the link and be associated. Raises MeterRefusedError(WRONG_PASSWORD, REFUSED, CHANNEL_CLOSED)."""
    if meter.keys is not None and dialect.counter_obis is not None:
        yield from _learn_counter(Obis.parse(dialect.counter_obis))
    if not dialect.over_wrapper:
        yield from ask(OpenLink())
    association = _as_configurator(meter, dialect) if is_configurator(meter) else _as_reader(meter)
    check_association((yield from ask_or_refusal(association)))


def check_association(answer: Answer[Any]) -> None:
    """Raise MeterRefusedError(WRONG_PASSWORD, REFUSED, CHANNEL_CLOSED) where an association was refused."""
    if isinstance(answer.value, Refusal):
        closed = answer.value.reason is RefusalReason.CHANNEL_CLOSED
        wrong = answer.value.code in _WRONG_SECRET
        outcome = Outcome.CHANNEL_CLOSED if closed else Outcome.WRONG_PASSWORD if wrong else Outcome.REFUSED
        message = f"the association was refused (diagnostic {answer.value.code})"
        raise MeterRefusedError(outcome, message, reason=answer.value.reason)


def _learn_counter(name: Obis) -> Conversation[None]:
    answer = yield from ask_or_refusal(ReadInvocationCounter(Descriptor(_DATA, name, _VALUE)))
    # A meter that does not tell is taken by the counter we have.
    if isinstance(answer.value, Refusal) and answer.value.reason is RefusalReason.CHANNEL_CLOSED:
        message = "the link was closed while the invocation counter was asked"
        raise MeterRefusedError(Outcome.CHANNEL_CLOSED, message, reason=answer.value.reason)


def _as_reader(meter: MeterAddress) -> Associate:
    password = meter.password or meter.model.factory_passwords[READING_LEVEL]
    return Associate(mechanism=Mechanism.LLS, secret=password.encode())


def _as_configurator(meter: MeterAddress, dialect: CosemDialect) -> Associate:
    is_ciphered = meter.keys is not None
    context = Context.LOGICAL_NAMES_CIPHERED if is_ciphered else Context.LOGICAL_NAMES
    if dialect.configurator_proof is ConfiguratorProof.GMAC:
        return Associate(mechanism=Mechanism.HLS_GMAC, context=context, challenge=_challenge(meter, None))
    secret = meter.hls_secret or _password(meter).encode()
    return Associate(mechanism=Mechanism.HLS_AES, context=context, secret=secret, challenge=_challenge(meter, secret))


def _password(meter: MeterAddress) -> str:
    return meter.password or meter.model.factory_passwords.get(_CONFIGURING_LEVEL, "")


def _challenge(meter: MeterAddress, secret: bytes | None) -> bytes:
    counter = _counter(meter)
    used, counter.next = counter.next, counter.next + 1
    key = (meter.keys.authentication if meter.keys is not None else b"") + (secret or b"")
    return hmac.digest(key, b"challenge" + meter.client_title + used.to_bytes(8, "big"), "sha256")[:_CHALLENGE_BYTES]


def _counter(meter: MeterAddress) -> InvocationCounter:
    if meter.counter is None:
        raise LocalProtocolError("keys want an invocation counter that was never used: none was given")
    return meter.counter
