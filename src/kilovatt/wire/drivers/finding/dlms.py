"""Finding meters of DLMS: over HDLC by asking for a link, in the wrapper by asking to be associated.

Both as the public client, who needs no password and may read the clock and the name of the logical device
(ГОСТ Р 58940-2020, 6.1). The physical addresses that are asked first are those of the standard's samples and what users
report of their meters: a meter may have any.
"""

from dataclasses import replace
from typing import Any

from kilovatt.measure.metering.catalogue.cosem import CosemDialect
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.wire.drivers.conversation import Conversation, SendOnce, ask, ask_or_refusal
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.drivers.finding.probes import (
    Acquaintance,
    Lesson,
    PasswordState,
    Place,
    Probe,
    Sighting,
    Told,
    Trait,
    Way,
    nothing_to_say,
)
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Diagnostic, Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, CloseLink, GetAttribute, OpenLink
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.framing.connection import Refusal, RemoteProtocolError
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address, decode_frame, server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.links import Link
from kilovatt.wire.protocols.framing.wrapper import WrapperLink, WrapperReader

PUBLIC_SAP, READER_SAP = 16, 32
LOGICAL_DEVICE = 1
BROADCASTS = {4: 0x3FFF, 2: 0x7F}
"""The address of every meter, by the bytes of an address. A meter need not answer there."""
COMMON = ((4, 16), (2, 16), (2, 17), (4, 17), (4, 1), (2, 1), (4, 20), (1, 0))
"""Bytes and lower part of addresses that meters were seen at: the standard's samples, Нартис, Меркурий; a whole address
of one byte has no lower part."""
_ANSWERS = frozenset({Kind.UA, Kind.DM})
_FLAG_SIZE = 3
_DATA, _SAP_ASSIGNMENT, _VALUE = 1, 17, 2
_DEVICE_NAME = Descriptor(_DATA, Obis.parse("0.0.42.0.0.255"), _VALUE)
_SERIAL = Descriptor(_DATA, Obis.parse("0.0.96.1.0.255"), _VALUE)
_TYPE = Descriptor(_DATA, Obis.parse("0.0.96.1.1.255"), _VALUE)
_DEVICES = Descriptor(_SAP_ASSIGNMENT, Obis.parse("0.0.41.0.0.255"), _VALUE)
_DEVICES_SHOWN = 16
_UTF8 = "utf-8"
_WRONG_SECRET = frozenset(
    {Diagnostic.AUTHENTICATION_FAILED, Diagnostic.AUTHENTICATION_REQUIRED, Diagnostic.MECHANISM_NOT_RECOGNISED}
)
"""What a wrong password is answered with; another diagnostic is no word on the password."""


def hdlc_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return a request for a link (SNRM) to a physical device, or to all of them."""
    address = server_address(LOGICAL_DEVICE, _lower(place), place.form)
    return Probe(
        place=place,
        data=HdlcLink(address, PUBLIC_SAP).open(),
        recognise=lambda came: _recognised_link(place, came),
        patience_s=patience_s,
        quiet_s=quiet_s,
    )


def _lower(place: Place) -> int:
    return BROADCASTS[place.form] if place.address is None else place.address


def _recognised_link(place: Place, came: bytes) -> Sighting | None:
    try:
        frame = decode_frame(came)
    except RemoteProtocolError:
        return None
    if frame.destination != client_address(PUBLIC_SAP) or frame.kind not in _ANSWERS:
        return None
    asked = server_address(LOGICAL_DEVICE, _lower(place), place.form)
    if place.address is not None and frame.source != asked:
        return None
    return Sighting(
        place=place,
        languages=(Language.SPODES,),
        address=_lower_of(frame, asked),
        traits={Trait.CARRIER: carrier_of(place.way, place.form)},
    )


def _lower_of(frame: Frame, asked: bytes) -> int | None:
    """Return the lower part of the answering address; None where that says nothing: it is everybody's, or short."""
    half = len(frame.source) // 2
    if not half or (frame.source == asked and asked == _everybody(len(asked))):
        return None if half else 0
    lower = 0
    for octet in frame.source[half:]:
        lower = lower << 7 | octet >> 1
    return lower


def _everybody(size: int) -> bytes | None:
    return server_address(LOGICAL_DEVICE, BROADCASTS[size], size) if size in BROADCASTS else None


def carrier_of(way: Way, form: int) -> str:
    """Return the trait of what messages travel in."""
    return Way.WRAPPER.value if way is Way.WRAPPER else f"{Way.HDLC.value}-{form}"


def wrapper_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return a request to be associated (AARQ) with a logical device, as the public client."""
    device = LOGICAL_DEVICE if place.address is None else place.address
    asked = DlmsConnection(WrapperLink(client=PUBLIC_SAP, server=device)).send(Associate())

    def recognised(came: bytes) -> Sighting | None:
        reader = WrapperReader()
        reader.feed(came)
        try:
            message = reader.next_message()
        except RemoteProtocolError:
            return None
        # The address that an answer bears tells that it is one: what it says is asked for anew.
        if message is None or message[:2] != (device, PUBLIC_SAP) or not reader.is_empty:
            return None
        return Sighting(
            place=place,
            languages=(Language.SPODES,),
            address=device,
            traits={Trait.CARRIER: carrier_of(place.way, 0)},
        )

    return Probe(place=place, data=asked.data, recognise=recognised, patience_s=patience_s, quiet_s=quiet_s)


def dlms_acquaintance(sighting: Sighting) -> Acquaintance | None:
    """Return how it is asked for its name as anybody may; None where its address is not known."""
    link = _link_to(sighting, PUBLIC_SAP)
    if link is None:
        return None
    lessons: tuple[Lesson, ...] = (_associated, _device_name)
    if sighting.place.way is Way.WRAPPER:
        return Acquaintance(DlmsConnection(link), lessons, nothing_to_say, is_one_talk=True)
    return Acquaintance(DlmsConnection(link), (_linked, *lessons), _link_left, is_one_talk=True)


def reader_acquaintance(sighting: Sighting, model: MeterModel) -> Acquaintance | None:
    """Return how it is asked, as its reader with the factory's password of a model, for number and type.

    None where its address is not known. The password is sent once, whatever comes of it.
    """
    link = _link_to(sighting, READER_SAP)
    if link is None:
        return None
    password = model.factory_passwords[1]
    dialect = model.dialect
    encoding = dialect.text_encoding if isinstance(dialect, CosemDialect) else _UTF8

    def associated(seen: Sighting) -> Conversation[Sighting]:
        answer = yield SendOnce(Associate(mechanism=Mechanism.LLS, secret=password.encode()))
        if not isinstance(answer.value, Refusal):
            return replace(seen, password=PasswordState.FACTORY)
        is_wrong = answer.value.code in _WRONG_SECRET
        return replace(seen, password=PasswordState.OTHER if is_wrong else PasswordState.BARRED)

    def told(seen: Sighting) -> Conversation[Sighting]:
        if seen.password is not PasswordState.FACTORY:
            return seen
        return (yield from _texts(seen, {Told.SERIAL: _SERIAL, Told.TYPE: _TYPE}, encoding))

    if sighting.place.way is Way.WRAPPER:
        return Acquaintance(DlmsConnection(link), (associated, told, _devices), nothing_to_say, is_one_talk=True)
    return Acquaintance(DlmsConnection(link), (_linked, associated, told), _link_left, is_one_talk=True)


def _link_to(sighting: Sighting, client: int) -> Link | None:
    if sighting.address is None:
        return None
    if sighting.place.way is Way.WRAPPER:
        return WrapperLink(client=client, server=sighting.address)
    return HdlcLink(server_address(LOGICAL_DEVICE, sighting.address, sighting.place.form), client)


def _linked(seen: Sighting) -> Conversation[Sighting]:
    yield from ask(OpenLink())
    return seen


def _associated(seen: Sighting) -> Conversation[Sighting]:
    yield from ask(Associate())
    return seen


def _device_name(seen: Sighting) -> Conversation[Sighting]:
    named = yield from _texts(seen, {Told.DEVICE_NAME: _DEVICE_NAME}, _UTF8)
    name = named.told.get(Told.DEVICE_NAME, "")
    return named.with_told({}, {Trait.FLAG: name[:_FLAG_SIZE]}) if len(name) > _FLAG_SIZE else named


def _devices(seen: Sighting) -> Conversation[Sighting]:
    if seen.password is not PasswordState.FACTORY:
        return seen
    answer = yield from ask_or_refusal(GetAttribute(_DEVICES))
    devices = [] if isinstance(answer.value, Refusal) else list(_named(answer.value))
    if len(devices) < 2:
        return seen
    return seen.with_told({Told.DEVICES: ", ".join(devices[:_DEVICES_SHOWN])})


def _named(value: Any) -> list[str]:  # noqa: ANN401  # any value of DLMS
    """Return logical devices, number and name, of a list of them; nothing for another value."""
    rows = value if isinstance(value, tuple) else ()
    return [
        f"{int(row[0])} {text_of(row[1], _UTF8)}"
        for row in rows
        if isinstance(row, tuple) and len(row) == 2 and isinstance(row[0], int)
    ]


def _texts(seen: Sighting, wanted: dict[Told, Descriptor], encoding: str) -> Conversation[Sighting]:
    for what, attribute in wanted.items():
        answer = yield from ask_or_refusal(GetAttribute(attribute))
        if not isinstance(answer.value, Refusal):
            seen = seen.with_told({what: text_of(answer.value, encoding)})
    return seen


def _link_left() -> Conversation[None]:
    yield from ask_or_refusal(CloseLink())
