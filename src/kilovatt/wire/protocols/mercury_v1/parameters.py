"""Command 86h: several values under one command, by the number of a parameter.

The answer repeats the number before the value. The maker's text does not say so; a captured answer
(02 91 9A A8 86 00 00 01 72 F0 BA, from the history of ioBroker.mercury) and the client mercury-base do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, fixed
from kilovatt.wire.protocols.mercury_v1 import answers
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request

RELAY_CLOSED = 0x55
RELAY_OPEN = 0xAA


def _asks(parameter: int) -> Mapping[str, Field]:
    return {"parameter": fixed(bytes([parameter]))}


@dataclass(frozen=True, slots=True)
class ReadReactivePower(MercuryV1Request[int]):
    """Reactive power now [var]."""

    code = 0x86
    selector = (0,)
    asks: ClassVar[Mapping[str, Field]] = _asks(0)
    says = answers.REACTIVE_POWER


@dataclass(frozen=True, slots=True)
class ReadRelayState(MercuryV1Request[int]):
    """Whether the relay is closed (RELAY_CLOSED) or open (RELAY_OPEN); the maker adds "without guarantee"."""

    code = 0x86
    selector = (1,)
    asks: ClassVar[Mapping[str, Field]] = _asks(1)
    says = answers.RELAY_STATE


@dataclass(frozen=True, slots=True)
class ReadApparentPower(MercuryV1Request[answers.ApparentPower]):
    """Power factor and apparent power now."""

    code = 0x86
    selector = (2,)
    asks: ClassVar[Mapping[str, Field]] = _asks(2)
    says = answers.APPARENT_POWER


@dataclass(frozen=True, slots=True)
class ReadReclosing(MercuryV1Request[answers.Reclosing]):
    """How the relay closes by itself."""

    code = 0x86
    selector = (3,)
    asks: ClassVar[Mapping[str, Field]] = _asks(3)
    says = answers.RECLOSING


@dataclass(frozen=True, slots=True)
class ReadModelCode(MercuryV1Request[answers.ModelCode]):
    """Which model it is. Not in the maker's text: the client mercury-base asks it and reads the answer so."""

    code = 0x86
    selector = (0xFF,)
    asks: ClassVar[Mapping[str, Field]] = _asks(0xFF)
    says = answers.MODEL_CODE
