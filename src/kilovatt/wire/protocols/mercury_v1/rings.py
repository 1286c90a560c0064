"""The journals: rings of sixty-four places, place 0 the newest record."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from kilovatt.wire.protocols.framing.connection import AnswerT
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.mercury_v1 import answers
from kilovatt.wire.protocols.mercury_v1.answers import Parametrisation, RingRecord
from kilovatt.wire.protocols.mercury_v1.fields import binary
from kilovatt.wire.protocols.mercury_v1.requests import RING_PLACES, MercuryV1Request


class SupplyCode(IntEnum):
    """What a record of 34h says."""

    ON = 0
    OFF = 1


class CaseCode(IntEnum):
    """What a record of 35h says. The maker's text has "2?3?" after these two, with no word of what they are."""

    OPENED = 0
    CLOSED = 1


class RelayCode(IntEnum):
    """What a record of 3Ah says."""

    OPENED_BY_POWER_LIMIT = 0
    OPENED_BY_ENERGY_LIMIT = 1
    OPENED_BY_OVERCURRENT = 2
    """More than 65 A for 5 s."""
    OPENED_BY_COMMAND = 3
    CLOSED_BY_BUTTON = 4
    CLOSED_BY_COMMAND = 5
    CLOSED_BY_ITSELF = 6


@dataclass(frozen=True, slots=True)
class RingRequest(MercuryV1Request[AnswerT]):
    """The record at a place of a journal."""

    place: int
    asks: ClassVar[Mapping[str, Field]] = {"place": binary(1)}

    def __post_init__(self) -> None:
        if not 0 <= self.place < RING_PLACES:
            raise ValueError(f"a journal has places 0 to {RING_PLACES - 1}: got {self.place}")


@dataclass(frozen=True, slots=True)
class ReadSupplyRing(RingRequest[RingRecord]):
    """Voltage off and on: SupplyCode."""

    code = 0x34
    says = answers.RING_RECORD


@dataclass(frozen=True, slots=True)
class ReadCaseRing(RingRequest[RingRecord]):
    """The case opened and closed: CaseCode."""

    code = 0x35
    says = answers.RING_RECORD


@dataclass(frozen=True, slots=True)
class ReadParametrisationRing(RingRequest[Parametrisation]):
    """Which settings were written."""

    code = 0x36
    says = answers.PARAMETRISATION


@dataclass(frozen=True, slots=True)
class ReadQualityRing(RingRequest[RingRecord]):
    """Thresholds of quality passed (code 2) and passed back (code 1). What `kind` numbers the maker does not say."""

    kind: int
    code = 0x39
    asks: ClassVar[Mapping[str, Field]] = {"kind": binary(1), "place": binary(1)}
    says = answers.CROSSING


@dataclass(frozen=True, slots=True)
class ReadRelayRing(RingRequest[RingRecord]):
    """The relay opened and closed: RelayCode."""

    code = 0x3A
    says = answers.RING_RECORD
