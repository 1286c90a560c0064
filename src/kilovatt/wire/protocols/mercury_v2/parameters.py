"""Parameters: what a meter is and how it is set (section 4.4, requests 08h)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Single, fixed, raw, reserved
from kilovatt.wire.protocols.framing.wall_time import CENTURY
from kilovatt.wire.protocols.mercury_v2.fields import (
    bits,
    bits_of_numbers,
    high_first,
    low_first,
    numbers_of_bits,
    small,
    three_bytes,
    word_swapped,
)
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import VARIANT_SIZE, Variant

ERRORS = 48


def _serial_from(data: bytes) -> str:
    if max(data) > 99:
        raise ValueError("each byte of a serial number is two decimal digits")
    return "".join(f"{pair:02}" for pair in data)


SERIAL = Field(
    size=4,
    read=_serial_from,
    write=lambda serial: bytes(int(f"{int(serial):08}"[i : i + 2]) for i in range(0, 8, 2)),
)
_MADE_ON = Field(
    size=3,
    read=lambda data: date(CENTURY + data[2], data[1], data[0]),
    write=lambda made_on: bytes([made_on.day, made_on.month, made_on.year - CENTURY]),
)
_FIRMWARE = Field(
    size=3,
    read=lambda data: ".".join(str(part) for part in data),
    write=lambda version: bytes(int(part) for part in version.split(".")),
)
VARIANT = Field(size=VARIANT_SIZE, read=Variant, write=lambda variant: variant.word)
_ZERO = fixed(b"\x00")


def _numbered_from_one(size: int) -> Field:
    # The word of errors lies as words do; its lowest bit is error 1.
    word = word_swapped(size)
    return Field(
        size=size,
        read=lambda data: frozenset(number + 1 for number in numbers_of_bits(word.read(data))),
        write=lambda errors: word.write(bits_of_numbers(frozenset(error - 1 for error in errors), size)),
    )


@dataclass(frozen=True, slots=True)
class SerialNumber:
    """The serial number, eight digits, and the day it was made."""

    serial: str
    made_on: date


@dataclass(frozen=True, slots=True)
class Passport:
    """What a meter is, in one answer."""

    serial: str
    made_on: date
    firmware: str
    variant: Variant


@dataclass(frozen=True, slots=True)
class FullPassport:
    """What a meter is, in one answer, with the newer words."""

    serial: str
    made_on: date
    firmware: str
    variant: Variant
    firmware_checksum: bytes
    variant_code: bytes
    variant_byte_7: int
    variant_byte_8: int


@dataclass(frozen=True, slots=True)
class FullVariant:
    """The variant word with its newer bytes. Bit 3 of byte 7: sags and swells; bit 2: quadrants by tariff."""

    variant: Variant
    variant_code: bytes
    variant_byte_7: int
    variant_byte_8: int


@dataclass(frozen=True, slots=True)
class Ratios:
    """The transformer ratios that were written into the meter; it does not apply them."""

    voltage_ratio: int
    current_ratio: int


@dataclass(frozen=True, slots=True)
class TariffState:
    """The tariff that counts now (1..4), and whether the meter is set to one tariff."""

    tariff: int
    is_single: bool


@dataclass(frozen=True, slots=True)
class RelayContacts:
    """Which phases are closed, and on which there is no voltage behind the relay (phases 1..3)."""

    closed: frozenset[int]
    without_voltage: frozenset[int]


_IDENTITY: Mapping[str, Field] = {"serial": SERIAL, "made_on": _MADE_ON}
_PASSPORT: Mapping[str, Field] = {**_IDENTITY, "firmware": _FIRMWARE, "variant": VARIANT}
_NEWER: Mapping[str, Field] = {
    "variant_code": raw(2),
    "variant_byte_7": low_first(1),
    "variant_byte_8": low_first(1),
    "reserved": reserved(2),
}
_TARIFF_STATE = Field(
    size=1,
    read=lambda data: TariffState(tariff=(data[0] >> 1 & 0b111) + 1, is_single=bool(data[0] & 1)),
    write=lambda state: bytes([(state.tariff - 1) << 1 | state.is_single]),
)
_CONTACTS = Field(
    size=1,
    read=lambda data: RelayContacts(
        closed=frozenset(phase for phase in (1, 2, 3) if data[0] >> (phase - 1) & 1),
        without_voltage=frozenset(phase for phase in (1, 2, 3) if data[0] >> (phase + 2) & 1),
    ),
    write=lambda contacts: bytes(
        [sum(1 << phase - 1 for phase in contacts.closed) | sum(1 << phase + 2 for phase in contacts.without_voltage)]
    ),
)


@dataclass(frozen=True, slots=True)
class ReadSerial(MercuryV2Request[SerialNumber]):
    """The serial number and the day of making."""

    prefix = b"\x08\x00"
    level = 0

    @property
    def says(self) -> tuple[Layout[SerialNumber], ...]:
        return (Record(SerialNumber, _IDENTITY),)


@dataclass(frozen=True, slots=True)
class ReadPassport(MercuryV2Request[Passport]):
    """What the meter is."""

    prefix = b"\x08\x01"

    @property
    def says(self) -> tuple[Layout[Passport], ...]:
        return (Record(Passport, _PASSPORT),)


@dataclass(frozen=True, slots=True)
class ReadFullPassport(MercuryV2Request[FullPassport]):
    """What the meter is, with the newer words."""

    prefix = b"\x08\x01\x00"

    @property
    def says(self) -> tuple[Layout[FullPassport], ...]:
        return (Record(FullPassport, {**_PASSPORT, "firmware_checksum": raw(2), **_NEWER}),)


@dataclass(frozen=True, slots=True)
class ReadRatios(MercuryV2Request[Ratios]):
    """The transformer ratios."""

    prefix = b"\x08\x02"

    @property
    def says(self) -> tuple[Layout[Ratios], ...]:
        return (Record(Ratios, {"voltage_ratio": high_first(2), "current_ratio": high_first(2)}),)


@dataclass(frozen=True, slots=True)
class ReadFirmware(MercuryV2Request[str]):
    """The version of the firmware."""

    prefix = b"\x08\x03"

    @property
    def says(self) -> tuple[Layout[str], ...]:
        return (Single({"firmware": _FIRMWARE}),)


class _ReadByte(MercuryV2Request[int]):
    __slots__ = ()
    name: ClassVar[str]

    @property
    def says(self) -> tuple[Layout[int], ...]:
        return (Single({"zero": _ZERO, self.name: low_first(1)}),)


@dataclass(frozen=True, slots=True)
class ReadExtraTimeout(_ReadByte):
    """How many times longer than usual the extra interface waits."""

    prefix = b"\x08\x04"
    name = "timeout_multiplier"


@dataclass(frozen=True, slots=True)
class ReadMainTimeout(_ReadByte):
    """How many times longer than usual the main interface waits."""

    prefix = b"\x08\x1d"
    name = "timeout_multiplier"


@dataclass(frozen=True, slots=True)
class ReadAddress(_ReadByte):
    """The address, which a single meter tells at the universal one."""

    prefix = b"\x08\x05"
    name = "own_address"


@dataclass(frozen=True, slots=True)
class ReadErrors(MercuryV2Request[frozenset[int]]):
    """The errors E-01 to E-48 that the meter has found in itself (Appendix А)."""

    prefix = b"\x08\x0a"

    @property
    def says(self) -> tuple[Layout[frozenset[int]], ...]:
        return (Single({"errors": _numbered_from_one(ERRORS // 8)}),)


@dataclass(frozen=True, slots=True)
class ReadVariant(MercuryV2Request[Variant]):
    """The variant word."""

    prefix = b"\x08\x12"

    @property
    def says(self) -> tuple[Layout[Variant], ...]:
        return (Single({"variant": VARIANT}),)


@dataclass(frozen=True, slots=True)
class ReadFullVariant(MercuryV2Request[FullVariant]):
    """The variant word with its newer bytes."""

    prefix = b"\x08\x12\x00"

    @property
    def says(self) -> tuple[Layout[FullVariant], ...]:
        return (Record(FullVariant, {"variant": VARIANT, **_NEWER}),)


@dataclass(frozen=True, slots=True)
class ReadTariffState(MercuryV2Request[TariffState]):
    """The tariff that counts now."""

    prefix = b"\x08\x17"

    @property
    def says(self) -> tuple[Layout[TariffState], ...]:
        return (Single({"zero": _ZERO, "tariff_state": _TARIFF_STATE}),)


LOAD_OFF_BY_COMMAND = 3
LOAD_IS_OFF = 9
POWER_LIMIT_CONTROLLED = 1
ENERGY_LIMIT_CONTROLLED = 2


@dataclass(frozen=True, slots=True)
class ReadLoadControl(MercuryV2Request[frozenset[int]]):
    """How the load is controlled: bits 1 by power limit, 2 by energy limit, 3 off by command, 9 off now."""

    prefix = b"\x08\x18"

    @property
    def says(self) -> tuple[Layout[frozenset[int]], ...]:
        return (Single({"load_bits": bits(2)}),)


@dataclass(frozen=True, slots=True)
class ReadPowerLimit(MercuryV2Request[int]):
    """The limit of active power [mW]."""

    prefix = b"\x08\x19"

    @property
    def says(self) -> tuple[Layout[int], ...]:
        return (Single({"limit_mw": three_bytes(step=10)}),)


@dataclass(frozen=True, slots=True)
class ReadEnergyLimit(MercuryV2Request[int]):
    """The limit of active energy of a tariff [Wh]."""

    tariff: int
    prefix = b"\x08\x1a"
    asks: ClassVar[Mapping[str, Field]] = {"tariff": small(1, 4)}

    @property
    def says(self) -> tuple[Layout[int], ...]:
        return (Single({"limit_wh": word_swapped()}),)


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """The limits of voltage [mV] and frequency [mHz] beyond which the journals of quality note it."""

    voltage_permitted_min_mv: int
    voltage_normal_min_mv: int
    voltage_normal_max_mv: int
    voltage_permitted_max_mv: int
    frequency_permitted_min_mhz: int
    frequency_normal_min_mhz: int
    frequency_normal_max_mhz: int
    frequency_permitted_max_mhz: int


_HUNDREDTHS = low_first(2, step=10)


@dataclass(frozen=True, slots=True)
class ReadQualityLimits(MercuryV2Request[QualityLimits]):
    """The limits of voltage and frequency."""

    prefix = b"\x08\x20"

    @property
    def says(self) -> tuple[Layout[QualityLimits], ...]:
        return (Record(QualityLimits, dict.fromkeys(QualityLimits.__slots__, _HUNDREDTHS)),)


@dataclass(frozen=True, slots=True)
class ReadRelayContacts(MercuryV2Request[RelayContacts]):
    """Which contacts of the relay are closed."""

    prefix = b"\x08\x2e\x06"

    @property
    def says(self) -> tuple[Layout[RelayContacts], ...]:
        return (Single({"zero": _ZERO, "contacts": _CONTACTS}),)


_FLAGS = word_swapped()


@dataclass(frozen=True, slots=True)
class ReadEventFlags(MercuryV2Request[frozenset[int]]):
    """What has happened since the flags were last reset, by bits: 3 magnetic field, 4 terminal cover, 5 case cover."""

    prefix = b"\x08\x2f\x00"

    @property
    def says(self) -> tuple[Layout[frozenset[int]], ...]:
        flags = Field(
            size=4,
            read=lambda data: numbers_of_bits(_FLAGS.read(data)),
            write=lambda numbers: _FLAGS.write(bits_of_numbers(numbers, 4)),
        )
        return (Single({"event_flags": flags, "reserved": reserved(12)}),)
