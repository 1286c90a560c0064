"""Finding meters of IEC 62056-21: called without an address, whichever is alone on its line says who it is.

A meter that was called and is left without a choice reads itself out at the speed of the call, so each is told how to
go on: Энергомера tells its number when it asks for a password, which is not given; others read themselves out.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Conversation, ask
from kilovatt.wire.drivers.finding.probes import (
    Acquaintance,
    PasswordState,
    Place,
    PlainConnection,
    Probe,
    Say,
    Sighting,
    Told,
    Trait,
)
from kilovatt.wire.protocols.framing import seven_bits, sign_on
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.framing.sign_on import Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.iec62056_21 import readout
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet, data_sets_of
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, Command, answer_of, command_of
from kilovatt.wire.protocols.iec62056_21.requests import BREAK, PASSWORD_REQUEST, Readout

CALL_SPEED = LineSpeed(300, data_bits=7, parity="E")
USUAL_SPEED = LineSpeed(9600, data_bits=7, parity="E")
ENERGOMERA = "EKT"
NAME_STEM = 5
"""So many characters of what a meter calls itself tell its model; a version stands behind."""
_DIGITS = 9
_SEVEN_BITS = 0x7F
ASKS_FOR_PASSWORD = frozenset({ENERGOMERA})
"""Makers whose meters tell their number to whoever chooses the mode of programming."""

ValueT = TypeVar("ValueT")


def iec_probe(place: Place, *, patience_s: float, quiet_s: float) -> Probe:
    """Return a call for the meter at an address, or for whichever is alone."""
    address = "" if place.address is None else str(place.address).zfill(_DIGITS)
    call = sign_on.request_message(address)
    return Probe(
        place=place,
        data=seven_bits.with_parity(call) if place.parity_bits else call,
        recognise=lambda came: _recognised(place, came),
        patience_s=patience_s,
        quiet_s=quiet_s,
    )


def _recognised(place: Place, came: bytes) -> Sighting | None:
    try:
        meter = sign_on.identification_of(seven_bits.without_parity(came))
    except ValueError:
        return None
    languages = (Language.IEC62056_21, Language.SPODES) if meter.speaks_dlms else (Language.IEC62056_21,)
    needs_none = meter.maker.upper() not in ASKS_FOR_PASSWORD
    return Sighting(
        # What carries the characters adds their parity where none came.
        place=replace(place, parity_bits=any(byte > _SEVEN_BITS for byte in came)),
        languages=languages,
        address=place.address,
        told={Told.MAKER: meter.maker, Told.TYPE: meter.type_name, Told.SPEED_LETTER: meter.baud_letter},
        traits={Trait.NAME: meter.type_name[:NAME_STEM]},
        password=PasswordState.NOT_NEEDED if needs_none else PasswordState.NOT_TRIED,
    )


def iec_acquaintance(sighting: Sighting) -> Acquaintance:
    """Return how it is told to go on, and asked for its number."""
    talk = _Talk(sighting)
    asks = sighting.told[Told.MAKER].upper() in ASKS_FOR_PASSWORD
    return Acquaintance(PlainConnection(), (talk.number_before_password if asks else talk.read_out,), talk.leave)


class _Talk:
    def __init__(self, seen: Sighting) -> None:
        self._place = seen.place
        self._identification = Identification(seen.told[Told.MAKER], seen.told[Told.SPEED_LETTER], seen.told[Told.TYPE])
        self._speed: LineSpeed | None = None
        self._check: BlockCheck | None = None
        """How checks are made, once a session has shown it."""

    def number_before_password(self, seen: Sighting) -> Conversation[Sighting]:
        asked = yield from self._chosen(Mode.PROGRAMMING, self._asked_for_password)
        number = (asked.text or "").strip("()")
        return seen.with_told({Told.SERIAL: number}) if number.isdigit() else seen

    def read_out(self, seen: Sighting) -> Conversation[Sighting]:
        sets = yield from self._chosen(Mode.READ_OUT, _sets_of)
        numbers = readout.device_numbers_of(Readout(self._identification, sets))
        return seen.with_told({Told.SERIAL: numbers[0]}) if numbers else seen

    def leave(self) -> Conversation[None]:
        """End a session that was begun; a meter that has read itself out has ended its own."""
        if self._check is not None:
            end = self._carried(Command(BREAK).encode(self._check))
            yield from ask(Say(end, _nothing, speed=self._speed, awaits_answer=False))

    def _chosen(self, mode: Mode, understood: Callable[[bytes], ValueT | None]) -> Conversation[ValueT]:
        choice = OptionSelect(Procedure.NORMAL, self._identification.baud_letter, mode)
        self._speed = choice.speed

        def recognised(came: bytes) -> ValueT | None:
            try:
                return understood(seven_bits.without_parity(came))
            except ValueError:
                return None

        answer = yield from ask(Say(self._carried(choice.encode()), recognised, answer_speed=choice.speed))
        value: ValueT = answer.value
        return value

    def _asked_for_password(self, frame: bytes) -> Command | None:
        for check in BlockCheck:
            try:
                command = command_of(frame, check)
            except ValueError:
                continue
            self._check = check
            return command if command.code == PASSWORD_REQUEST else None
        return None

    def _carried(self, message: bytes) -> bytes:
        return seven_bits.with_parity(message) if self._place.parity_bits else message


def _nothing(_: bytes) -> None:
    return None


def _sets_of(frame: bytes) -> tuple[DataSet, ...] | None:
    for check in BlockCheck:
        try:
            return data_sets_of(answer_of(frame, check))
        except ValueError:
            continue
    return None
