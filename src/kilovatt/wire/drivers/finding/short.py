"""Finding Меркурий of the second language and meters of НЗиФ: one request for the serial number serves both.

Меркурий tells it to anybody; asked at address 0 it answers from 0, and tells its own address when asked for that. НЗиФ
wants an open channel first, and says so, from its own address. What each makes of the seven bytes that come tells the
two apart, and the variant word where it is told.
"""

from dataclasses import replace
from typing import Any

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Conversation, SendOnce, ask
from kilovatt.wire.drivers.finding.probes import (
    Acquaintance,
    Lesson,
    PasswordState,
    Place,
    PlainConnection,
    Probe,
    Say,
    Sighting,
    Told,
    Trait,
    yes_or_no,
)
from kilovatt.wire.protocols.framing.connection import Outgoing
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, append_crc, crc_is_right
from kilovatt.wire.protocols.framing.status_language import STATUS_MASK
from kilovatt.wire.protocols.mercury_v2 import parameters as mercury
from kilovatt.wire.protocols.mercury_v2 import session as mercury_session
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.variant import Variant as MercuryVariant
from kilovatt.wire.protocols.nzif import parameters as nzif
from kilovatt.wire.protocols.nzif import session as nzif_session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.parameters import TYPES
from kilovatt.wire.protocols.nzif.parameters import Variant as NzifVariant
from kilovatt.wire.protocols.nzif.request import Status

ADDRESSES = range(1, 241)
ANYBODY = 0
_SERIAL = mercury.ReadSerial.prefix
_VARIANT = mercury.ReadVariant.prefix
_OWN_ADDRESS = mercury.ReadAddress.prefix
_SERIAL_SIZE, _STATUS_SIZE, _OWN_ADDRESS_SIZE = 7, 1, 2
_MERCURY_VARIANTS, _NZIF_VARIANT = (6, 12), 3
_WRONG = frozenset({Status.UNKNOWN_REQUEST, Status.ACCESS_DENIED, Status.CHANNEL_CLOSED})
"""What a wrong password is answered with; another status than these is no word on the password."""
_READING = 1
_FACTORY_MERCURY, _FACTORY_NZIF = "111111", "000000"
_BOTH = (Language.MERCURY_V2, Language.NZIF)


def short_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return the request for the serial number, at an address of one byte or at 0."""
    address = ANYBODY if place.address is None else place.address
    return Probe(
        place=place,
        data=append_crc(bytes([address]) + _SERIAL),
        recognise=lambda came: _recognised(place, came),
        patience_s=patience_s,
        quiet_s=quiet_s,
    )


def _recognised(place: Place, came: bytes) -> Sighting | None:
    if len(came) < 1 + _STATUS_SIZE + CRC_SIZE or not crc_is_right(came):
        return None
    source, said = came[0], came[1:-CRC_SIZE]
    asked = ANYBODY if place.address is None else place.address
    if asked not in (ANYBODY, source):
        return None
    # From another address than 0 only НЗиФ answers what was sent to 0.
    possible: tuple[Language, ...] = (Language.NZIF,) if source != asked else _BOTH
    address = source or None
    if len(said) == _STATUS_SIZE and said[0] & STATUS_MASK:
        is_closed = said[0] & STATUS_MASK == Status.CHANNEL_CLOSED
        languages = (Language.NZIF,) if is_closed else possible
        return Sighting(place=place, languages=languages, address=address)
    if len(said) != _SERIAL_SIZE:
        return None
    # Four bytes that are all below 100 are hardly anything else than the decimal pairs of Меркурий.
    for language in possible:
        told = _serial_of(language, said)
        if told is not None:
            return Sighting(place=place, languages=(language,), address=address, told=told)
    return None


def _serial_of(language: Language, said: bytes) -> dict[Told, str] | None:
    """Return what seven bytes say in a language; None where they are no serial number and day of it."""
    layouts: Any = mercury.ReadSerial().says if language is Language.MERCURY_V2 else nzif.ReadSerial().says
    try:
        shown = layouts[0].decode(said)
    except ValueError:
        return None
    return {Told.SERIAL: str(shown.serial), Told.MADE_ON: shown.made_on.isoformat()}


def short_acquaintance(sighting: Sighting, *, factory_password: bool) -> Acquaintance:
    """Return how a meter is asked for its address and variant; with the factory's password, where that is allowed."""
    talk = _Talk(sighting.place)
    lessons: tuple[Lesson, ...] = (talk.own_address, talk.variant)
    if factory_password:
        lessons += (talk.password, talk.serial, talk.own_address, talk.variant)
    return Acquaintance(PlainConnection(), lessons, talk.leave)


class _Talk:
    """What is asked of one meter, at the address where it answered."""

    def __init__(self, place: Place) -> None:
        self._asked = ANYBODY if place.address is None else place.address
        self._is_open = False

    def own_address(self, seen: Sighting) -> Conversation[Sighting]:
        if seen.address is not None or Language.MERCURY_V2 not in seen.languages:
            return seen
        said = yield from self._said(_OWN_ADDRESS)
        if len(said) != _OWN_ADDRESS_SIZE or said[-1] not in ADDRESSES:
            return seen
        return replace(seen, address=said[-1], languages=(Language.MERCURY_V2,))

    def variant(self, seen: Sighting) -> Conversation[Sighting]:
        if Told.VARIANT in seen.told:
            return seen
        said = yield from self._said(_VARIANT)
        if len(said) in _MERCURY_VARIANTS and Language.MERCURY_V2 in seen.languages:
            word = said[: _MERCURY_VARIANTS[0]]
            known = replace(seen, languages=(Language.MERCURY_V2,))
            return known.with_told({Told.VARIANT: word.hex()}, _mercury_traits(MercuryVariant(word)))
        if len(said) == _NZIF_VARIANT and Language.NZIF in seen.languages:
            code = NzifVariant(said).type_code
            told = {Told.VARIANT: said.hex()} | ({Told.TYPE: TYPES[code]} if code in TYPES else {})
            return replace(seen, languages=(Language.NZIF,)).with_told(told, {Trait.CODE: str(code)})
        return seen

    def password(self, seen: Sighting) -> Conversation[Sighting]:
        if len(seen.languages) > 1:
            # Whose password it is to be, nothing tells: a wrong one is not tried.
            return seen
        opening = self._opening(seen.languages[0])
        answer = yield SendOnce(Say(opening.data, self._body_of, secret_spans=opening.secret_spans))
        said: bytes = answer.value
        self._is_open = not said[0] & STATUS_MASK
        if self._is_open:
            return replace(seen, password=PasswordState.FACTORY)
        is_wrong = said[0] & STATUS_MASK in _WRONG
        return replace(seen, password=PasswordState.OTHER if is_wrong else PasswordState.BARRED)

    def serial(self, seen: Sighting) -> Conversation[Sighting]:
        if seen.serial is not None or not self._is_open:
            return seen
        told = _serial_of(seen.languages[0], (yield from self._said(_SERIAL)))
        return seen if told is None else seen.with_told(told)

    def leave(self) -> Conversation[None]:
        if self._is_open:
            yield from self._said(mercury_session.CloseChannel.prefix)

    def _opening(self, language: Language) -> Outgoing:
        if language is Language.MERCURY_V2:
            password = mercury_session.password_as_digits(_FACTORY_MERCURY)
            return MercuryV2Connection(self._asked).send(mercury_session.OpenChannel(_READING, password))
        return NzifConnection(self._asked).send(nzif_session.OpenChannel(nzif_session.password_bytes(_FACTORY_NZIF)))

    def _said(self, body: bytes) -> Conversation[bytes]:
        answer = yield from ask(Say(append_crc(bytes([self._asked]) + body), self._body_of))
        said: bytes = answer.value
        return said

    def _body_of(self, came: bytes) -> bytes | None:
        if len(came) < 1 + _STATUS_SIZE + CRC_SIZE or not crc_is_right(came):
            return None
        return came[1:-CRC_SIZE] if self._asked in (ANYBODY, came[0]) else None


def _mercury_traits(variant: MercuryVariant) -> dict[Trait, str]:
    return {
        Trait.PHASES: "1" if variant.is_single_phase else "3",
        Trait.RELAY: yes_or_no(is_so=variant.has_relay),
        Trait.DAYS_KEPT: yes_or_no(is_so=variant.has_extended_arrays),
    }
