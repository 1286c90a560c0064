"""From a push as it was heard to what the office keeps: which meter it is of, opened with its keys, understood."""

from dataclasses import dataclass

from kilovatt.measure.metering.pushes import MeterPush, PushTrouble
from kilovatt.office.operations import vault
from kilovatt.office.operations.intake.callers import PushingMeter, Why, meters_of_line, meters_of_serial, which_pushed
from kilovatt.wire.drivers.conversation import CLIENT_TITLE
from kilovatt.wire.drivers.spodes.pushed import Pushed, read_push
from kilovatt.wire.headend.call_in.happenings import PushCame
from kilovatt.wire.protocols.dlms.apdu.ciphered import SEALED_TAGS
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.association.pushes import pushed
from kilovatt.wire.protocols.dlms.security.sealing import Protection, Sealer
from kilovatt.wire.protocols.dlms.security.slots import ENCRYPTION, KeyBundle, UnusableKeysError, key_bundle
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError

_LATE_ANSWERS = frozenset({0x08, 0x0C, 0x0D, 0x0E, 0x28, 0x61, 0x63, 0xC4, 0xC5, 0xC7, 0xCC, 0xCD, 0xCF, 0xD8, 0xDA})
"""Tags of what a meter says when it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSaid:
    """A push of a meter on record. `key_generation` is that of the key which opened it, where it was sealed."""

    meter_id: int
    push: MeterPush
    key_generation: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangerSaid:
    """A push of nobody on record."""

    why: Why
    serial: str = ""


def is_late_answer(came: PushCame) -> bool:
    """Whether it is no push, but what somebody had asked for and did not wait for any more."""
    return came.said is None and bool(came.name) and came.message[:1] != b"" and came.message[0] in _LATE_ANSWERS


def taken(came: PushCame, line_id: int | None) -> MeterSaid | StrangerSaid:
    """Return what a push says and of which meter it is. `line_id`: the line of its caller, where it has one.

    A push in the clear is as sure as the network it came by: nothing in it proves its sender.
    """
    plain = None if came.said is None else read_push(came.said)
    meter = _meter(came, line_id, plain)
    if isinstance(meter, Why):
        return StrangerSaid(why=meter, serial="" if plain is None else plain.serial)
    if came.message[:1] and came.message[0] in SEALED_TAGS:
        return _opened(came, meter)
    if plain is None:
        return MeterSaid(meter_id=meter.meter_id, push=_troubled(came, PushTrouble.NOT_UNDERSTOOD))
    return MeterSaid(meter_id=meter.meter_id, push=_push(came, plain, meter))


def _meter(came: PushCame, line_id: int | None, plain: Pushed | None) -> PushingMeter | Why:
    serial = "" if plain is None else plain.serial
    if line_id is not None:
        return which_pushed(meters_of_line(line_id), serial=serial, source=came.source)
    found = meters_of_serial(serial)
    if len(found) == 1:
        return found[0]
    return Why.NO_LINE if came.name or serial else Why.NO_NAME


def _opened(came: PushCame, meter: PushingMeter) -> MeterSaid:
    bundle, generation = _keys(meter)
    if bundle.keys is None:
        return MeterSaid(meter_id=meter.meter_id, push=_troubled(came, PushTrouble.NO_KEYS))
    sealer = Sealer(bundle.keys, title=CLIENT_TITLE, counter=0)
    try:
        # That it is authenticated is what must be: some meters do not encipher what they push.
        said = pushed(came.message, Ciphering(sealer, Protection.AUTHENTICATED))
    except RemoteProtocolError:
        return MeterSaid(meter_id=meter.meter_id, push=_troubled(came, PushTrouble.NOT_AUTHENTIC))
    found = read_push(said)
    if found.serial and isinstance(which_pushed((meter,), serial=found.serial, source=came.source), Why):
        return MeterSaid(meter_id=meter.meter_id, push=_troubled(came, PushTrouble.NOT_AUTHENTIC))
    push = _push(came, found, meter, counter=sealer.peer_counter)
    return MeterSaid(meter_id=meter.meter_id, push=push, key_generation=generation)


def _keys(meter: PushingMeter) -> tuple[KeyBundle, int | None]:
    generations = {key.slot: key.generation for key in meter.keys_sealed}
    try:
        bundle = key_bundle(
            {
                key.slot: vault.unseal_key(
                    key.sealed, meter_name=meter.vault_name, slot=key.slot, generation=key.generation
                )
                for key in meter.keys_sealed
            }
        )
    except (vault.SealBrokenError, UnusableKeysError):
        return KeyBundle(), None
    return bundle, generations.get(ENCRYPTION)


def _push(came: PushCame, found: Pushed, meter: PushingMeter, *, counter: int | None = None) -> MeterPush:
    return MeterPush(
        heard_at=came.at,
        wire=came.frame,
        at=found.at(meter.zone),
        codes=found.codes(meter.zone),
        flags=found.flags,
        trouble=None if found.is_understood else PushTrouble.NOT_UNDERSTOOD,
        counter=counter,
    )


def _troubled(came: PushCame, trouble: PushTrouble) -> MeterPush:
    return MeterPush(heard_at=came.at, wire=came.frame, trouble=trouble)
