"""A small DLMS meter and a client of it, joined without a line, for tests of associations."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationResponse,
    AssociationResult,
    Context,
    Diagnostic,
    Mechanism,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance, InitiateResponse
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.hls import Signing
from kilovatt.wire.protocols.dlms.association.requests import COUNTER_OF_KEYS, Associate, DlmsRequest, OpenLink
from kilovatt.wire.protocols.dlms.association.server import AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security import Keys, Protection, Sealer
from kilovatt.wire.protocols.dlms.values import DlmsValue, OctetString
from kilovatt.wire.protocols.framing.connection import Answered, SendMore
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from kilovatt.wire.protocols.framing.links import Link, ServerLink
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, WrapperServerLink, wrapped

EVERYTHING = Conformance(0x7FFFFF)
NO_SERVICE_BLOCKS = EVERYTHING & ~(Conformance.BLOCK_GET | Conformance.BLOCK_SET | Conformance.BLOCK_ACTION)
NO_GENERAL_BLOCKS = EVERYTHING & ~Conformance.GENERAL_BLOCK_TRANSFER
OBJECT = Obis.parse("1.0.99.1.0.255")
LONG = Descriptor(7, OBJECT, 2)
KEPT = Descriptor(1, OBJECT, 3)
SECRETIVE = Descriptor(1, OBJECT, 4)
ECHO = Descriptor(7, OBJECT, 1)
COUNTER = COUNTER_OF_KEYS
UNKNOWN = Descriptor(1, Obis.parse("0.0.96.1.0.255"), 2)
LONG_VALUE = OctetString(bytes(range(256)) * 5)
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
CLIENT_TITLE, METER_TITLE = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
CLIENT, PUBLIC = 48, 16
SECRET = b"0000000100000001"
OUR_CHALLENGE, METER_CHALLENGE = b"K56iVagY", b"P6wRJ21F"
METER_ADDRESS = server_address(1, 17, 2)


@dataclass
class Objects:
    """What the meter holds: one long attribute, one that is kept as it is set, a method that returns its parameter."""

    kept: DlmsValue = None
    counter: DlmsValue = None
    done: list[str] = field(default_factory=list)

    def get(self, _client: int, attribute: Descriptor, selection: Selection | None) -> DlmsValue | AccessResult:
        if attribute == LONG:
            return LONG_VALUE if selection is None else OctetString(LONG_VALUE[: selection.selector])
        if attribute == KEPT:
            return self.kept
        if attribute == COUNTER and self.counter is not None:
            return self.counter
        return AccessResult.ACCESS_DENIED if attribute == SECRETIVE else AccessResult.OBJECT_UNDEFINED

    def set(self, _client: int, attribute: Descriptor, value: DlmsValue) -> AccessResult:
        self.done.append("set")
        if attribute != KEPT:
            return AccessResult.ACCESS_DENIED
        self.kept = value
        return AccessResult.SUCCESS

    def act(self, _client: int, method: Descriptor, parameter: DlmsValue) -> tuple[AccessResult, DlmsValue]:
        self.done.append("act")
        return (AccessResult.SUCCESS, parameter) if method == ECHO else (AccessResult.OBJECT_UNDEFINED, None)


@dataclass
class Pair:
    """A client and a meter. `seen` is every message on the wire, with who sent it."""

    connection: DlmsConnection
    meter: ServerLink
    server: AssociationServer
    objects: Objects
    sealer: Sealer | None
    change: Callable[[bytes], bytes] = field(default=lambda data: data)
    """What the line does to what the meter says."""
    seen: list[tuple[str, bytes]] = field(default_factory=list)

    def ask(self, request: DlmsRequest[Any]) -> Any:  # noqa: ANN401  # whatever the request brings
        """Carry an exchange to its end and return what it brought."""
        outgoing = self.connection.send(request)
        for _ in range(3000):
            self.seen.append(("client", outgoing.data))
            said = self.meter.hear(outgoing.data) if outgoing.data else None
            if said is None:
                event = self.connection.quiet()
            else:
                self.seen.append(("meter", said))
                changed = self.change(said)
                event = self.connection.receive(changed) or self.connection.quiet()
            if isinstance(event, Answered):
                return event.value
            assert isinstance(event, SendMore)
            outgoing = event.outgoing
        raise AssertionError("an exchange without end")


def over_hdlc(server: AssociationServer, client: int = CLIENT) -> tuple[Link, ServerLink]:
    """Return both ends of an HDLC link."""
    return HdlcLink(METER_ADDRESS, client), HdlcServerLink(frozenset({METER_ADDRESS}), server)


def over_wrapper(server: AssociationServer, client: int = CLIENT) -> tuple[Link, ServerLink]:
    """Return both ends of a wrapper link."""
    return WrapperLink(client=client), WrapperServerLink(server)


def joined(  # what makes a pair
    profile: ClientProfile,
    *,
    link: Callable[[AssociationServer], tuple[Link, ServerLink]] = over_wrapper,
    meter_takes: int = 1024,
    general: bool = False,
    counter: int = 1,
    keys: Keys | None = None,
    signing: Signing | None = None,
) -> Pair:
    """Return a client of a meter that knows it by a profile, with its link open."""
    objects = Objects()
    server = AssociationServer(
        objects,
        {CLIENT: profile, PUBLIC: ClientProfile()},
        title=METER_TITLE,
        challenge=lambda: METER_CHALLENGE,
        message_bytes_max=meter_takes,
    )
    ours, theirs = link(server)
    known = keys or profile.keys
    sealer = Sealer(known, title=CLIENT_TITLE, counter=counter) if known is not None else None
    connection = DlmsConnection(
        ours, sealer=sealer, general_ciphering=general, protection=profile.protection, signing=signing
    )
    pair = Pair(connection, theirs, server, objects, sealer)
    pair.ask(OpenLink())
    return pair


def asked_by(
    profile: ClientProfile,
    *,
    conformance: Conformance = EVERYTHING,
    message_bytes_max: int = 0xFFFF,
    dedicated_key: bytes | None = None,
) -> Associate:
    """Return the request of a client that has what its profile wants."""
    return Associate(
        mechanism=profile.mechanism,
        context=profile.context,
        secret=profile.secret,
        challenge=OUR_CHALLENGE if profile.is_high else None,
        title=CLIENT_TITLE,
        conformance=conformance,
        message_bytes_max=message_bytes_max,
        dedicated_key=dedicated_key,
    )


def ciphered_profile(
    protection: Protection = Protection.BOTH,
    *,
    mechanism: Mechanism = Mechanism.HLS_GMAC,
    remembers_counters: bool = True,
    secret: bytes | None = None,
    keys: Keys = KEYS,
) -> ClientProfile:
    """Return a client that is ciphered and proves itself by GMAC."""
    return ClientProfile(
        mechanism=mechanism,
        context=Context.LOGICAL_NAMES_CIPHERED,
        keys=keys,
        secret=secret,
        protection=protection,
        conformance=EVERYTHING,
        remembers_counters=remembers_counters,
    )


def associated(profile: ClientProfile, *, general: bool = False, dedicated_key: bytes | None = None) -> Pair:
    """Return a client that is associated over the wrapper."""
    pair = joined(profile, general=general)
    pair.ask(asked_by(profile, dedicated_key=dedicated_key))
    return pair


def told(connection: DlmsConnection, request: DlmsRequest[Any], *answers: bytes) -> Any:  # noqa: ANN401  # as asked
    """Ask over the wrapper as client 48, and hear these messages in turn; return what the exchange brought."""
    connection.send(request)
    for answer in answers:
        event = connection.receive(wrapped(answer, source=1, destination=CLIENT))
        if isinstance(event, Answered):
            return event.value
    raise AssertionError("the exchange goes on")


def agreement(
    conformance: Conformance = EVERYTHING,
    message_bytes_max: int = 0xFFFF,
    **said: Any,  # noqa: ANN401  # fields of the answer
) -> bytes:
    """Return the answer of a meter that accepts an association."""
    named: dict[str, Any] = {
        "context": Context.LOGICAL_NAMES,
        "result": AssociationResult.ACCEPTED,
        "diagnostic": Diagnostic.NONE,
        "initiate": InitiateResponse(conformance, message_bytes_max).encode(),
    }
    return AssociationResponse(**(named | said)).encode()


def alone(*, sealer: Sealer | None = None, public_link: Link | None = None, general: bool = False) -> DlmsConnection:
    """Return a client over the wrapper whose meter is a script."""
    link = WrapperLink(client=CLIENT)
    return DlmsConnection(link, sealer=sealer, public_link=public_link, general_ciphering=general)
