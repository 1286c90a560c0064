"""Finding Меркурий of the first language, Энергомера in its own, and counters over Modbus.

Меркурий of the first language answers to its whole number only: who does not know the number cannot find it. Энергомера
has an address for everybody; its requests bear a password each, and that is zero here unless the factory's is allowed.
"""

from dataclasses import replace

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Conversation, SendOnce, ask, ask_or_refusal
from kilovatt.wire.drivers.finding.probes import (
    Acquaintance,
    Lesson,
    PasswordState,
    Place,
    Probe,
    Sighting,
    Told,
    Trait,
    nothing_to_say,
    yes_or_no,
)
from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.frames import (
    BROADCAST,
    READER,
    ReplyFrame,
    RequestFrame,
    reply_from_body,
)
from kilovatt.wire.protocols.energomera.requests import Ping, ReadVersion
from kilovatt.wire.protocols.energomera.requests import ReadSerial as ReadSerialHalf
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.connection import Refusal
from kilovatt.wire.protocols.mercury_v1.connection import MercuryV1Connection
from kilovatt.wire.protocols.mercury_v1.frames import frame_from_bytes as v1_frame_from_bytes
from kilovatt.wire.protocols.mercury_v1.parameters import ReadModelCode
from kilovatt.wire.protocols.mercury_v1.requests import ReadFirmware, ReadSerial
from kilovatt.wire.protocols.modbus.frames import IS_ERROR, Frame, frame_from_bytes
from kilovatt.wire.protocols.modbus.frames import ErrorCode as ModbusError
from kilovatt.wire.protocols.modbus.requests import ReadRegisters, Table

FACTORY_PASSWORD = 777_777
_NO_PASSWORD = 0
_STAMPED_KERNEL = 10
_TRANSACTION = 0x4B56
_SERIAL_SHOWN = 8
_NOBODY_THERE = (bytes([ModbusError.GATEWAY_PATH]), bytes([ModbusError.GATEWAY_SILENCE]))
_COUNTS = ReadRegisters(Table.HOLDING, 0, 2)
_V1_SERIAL_SIZE = 4


def v1_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return the request for the serial number of the meter with a number."""
    assert place.address is not None, "nobody answers but the meter with the number"
    outgoing = MercuryV1Connection(place.address).send(ReadSerial())

    def recognised(came: bytes) -> Sighting | None:
        frame = v1_frame_from_bytes(came)
        if frame is None or (frame.address, frame.code) != (place.address, ReadSerial.code):
            return None
        if len(frame.data) != _V1_SERIAL_SIZE:
            return None
        serial = int.from_bytes(frame.data, "big")
        return Sighting(
            place=place,
            languages=(Language.MERCURY_V1,),
            address=place.address,
            told={Told.SERIAL: f"{serial:0{_SERIAL_SHOWN}}"},
            password=PasswordState.NOT_NEEDED,
        )

    return Probe(place=place, data=outgoing.data, recognise=recognised, patience_s=patience_s, quiet_s=quiet_s)


def v1_acquaintance(sighting: Sighting) -> Acquaintance:
    """Return how it is asked for its firmware and its model; the second only some know."""
    assert sighting.address is not None, "it answered at its number"
    return Acquaintance(MercuryV1Connection(sighting.address), (_v1_firmware, _v1_model), nothing_to_say)


def _v1_firmware(seen: Sighting) -> Conversation[Sighting]:
    answer = yield from ask(ReadFirmware())
    return seen.with_told({Told.FIRMWARE: str(answer.value)})


def _v1_model(seen: Sighting) -> Conversation[Sighting]:
    answer = yield from ask(ReadModelCode())
    return seen.with_told({}, {Trait.CODE: str(answer.value.model)})


def energomera_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return a question whether somebody is there, without a password, at an address or at that of everybody."""
    asked = BROADCAST if place.address is None else place.address
    body = RequestFrame(meter=asked, reader=READER, password=_NO_PASSWORD, command=Ping.code, data=b"").body()

    def recognised(came: bytes) -> Sighting | None:
        frame = _reply_of(came)
        if frame is None or frame.reader != READER or asked not in (BROADCAST, frame.meter):
            return None
        wants_one = frame.is_error and frame.data[:1] == bytes([ErrorCode.ACCESS_LEVEL])
        return Sighting(
            place=place,
            languages=(Language.ENERGOMERA,),
            address=frame.meter,
            password=PasswordState.NOT_TRIED if wants_one else PasswordState.NOT_NEEDED,
        )

    return Probe(place=place, data=slip.framed(body), recognise=recognised, patience_s=patience_s, quiet_s=quiet_s)


def _reply_of(came: bytes) -> ReplyFrame | None:
    if len(came) < 2 or came[0] != slip.END or came[-1] != slip.END:
        return None
    try:
        return reply_from_body(slip.unescape(came[1:-1]))
    except ValueError:
        return None


def energomera_acquaintance(sighting: Sighting, *, factory_password: bool) -> Acquaintance | None:
    """Return how it is asked for its number and firmware; None where it wants a password that may not be tried."""
    wants_one = sighting.password is PasswordState.NOT_TRIED
    if sighting.address is None or sighting.address >= BROADCAST or (wants_one and not factory_password):
        return None
    connection = EnergomeraConnection(sighting.address, FACTORY_PASSWORD if wants_one else _NO_PASSWORD)
    lessons: tuple[Lesson, ...] = (_energomera_serial, _energomera_version)
    return Acquaintance(connection, lessons, nothing_to_say)


def _energomera_serial(seen: Sighting) -> Conversation[Sighting]:
    low = yield SendOnce(ReadSerialHalf(0))
    if isinstance(low.value, Refusal):
        if seen.password is PasswordState.NOT_NEEDED:
            return seen
        is_wrong = low.value.code == ErrorCode.ACCESS_LEVEL
        return replace(seen, password=PasswordState.OTHER if is_wrong else PasswordState.BARRED)
    if seen.password is PasswordState.NOT_TRIED:
        seen = replace(seen, password=PasswordState.FACTORY)
    high = yield from ask(ReadSerialHalf(1))
    serial = (high.value + low.value).lstrip("0").zfill(_SERIAL_SHOWN)
    return seen.with_told({Told.SERIAL: serial})


def _energomera_version(seen: Sighting) -> Conversation[Sighting]:
    if seen.password not in (PasswordState.FACTORY, PasswordState.NOT_NEEDED):
        # It was asked once, and is not asked again with a password that it did not take.
        return seen
    answer = yield from ask_or_refusal(ReadVersion())
    if isinstance(answer.value, Refusal):
        return seen
    stamped = yes_or_no(is_so=answer.value.kernel >= _STAMPED_KERNEL)
    return seen.with_told({Told.FIRMWARE: str(answer.value)}, {Trait.STAMPED: stamped})


def modbus_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return a request for the first two registers of a unit: counts there, or a refusal, is a device."""
    unit = 1 if place.address is None else place.address
    asked = Frame(transaction=_TRANSACTION, unit=unit, function=_COUNTS.table, data=_COUNTS.payload())

    def recognised(came: bytes) -> Sighting | None:
        try:
            frame = frame_from_bytes(came)
        except ValueError:
            return None
        functions = (_COUNTS.table, _COUNTS.table | IS_ERROR)
        if (frame.transaction, frame.unit) != (_TRANSACTION, unit) or frame.function not in functions:
            return None
        is_nobody = frame.function & IS_ERROR and frame.data[:1] in _NOBODY_THERE
        return Sighting(
            place=replace(place, address=unit),
            languages=() if is_nobody else (Language.MODBUS,),
            address=unit,
            password=PasswordState.NOT_NEEDED,
        )

    return Probe(place=place, data=asked.encode(), recognise=recognised, patience_s=patience_s, quiet_s=quiet_s)
