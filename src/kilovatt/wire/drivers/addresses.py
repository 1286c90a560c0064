"""What an address on a line is in each language: how large, whose, and whether there is one for whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass

from kilovatt.measure.metering.catalogue.cosem import CosemDialect
from kilovatt.measure.metering.catalogue.spodus import is_behind, is_concentrator
from kilovatt.measure.metering.models import Language, MeterModel


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRule:
    """The addresses of a language. `anybody`: the address to which a meter alone on its line answers, if any."""

    maximum: int
    anybody: int | None
    of_serial: Callable[[int], int]
    """The address a meter with this serial number leaves the factory with."""
    leading_bytes: int = 0
    """How many bytes of address, big-endian, a frame begins with; 0 where it stands elsewhere."""
    serial_max: int = 99_999_999
    """The highest serial number that its meters can tell."""
    takes_its_own_number: bool = False
    """Whether address and serial number are one number."""
    alone: bool = False
    """Whether nothing tells meters on one line apart, so that each has a line of its own."""
    is_assigned: bool = False
    """Whether something before the meter gives addresses out, so that its serial number does not tell a real one."""


def _last_three_digits_or_two(serial: int) -> int:
    tail = serial % 1000
    return (tail if tail <= 239 else tail % 100) or 1


def _last_five_digits_or_four(serial: int) -> int:
    tail = serial % 100_000
    return (tail if tail <= 65_534 else tail % 10_000) or 1


ADDRESS_RULES: dict[Language, AddressRule] = {
    Language.MERCURY_V1: AddressRule(
        maximum=99_999_999,
        anybody=None,
        of_serial=lambda serial: serial,
        leading_bytes=4,
        takes_its_own_number=True,
    ),
    Language.MERCURY_V2: AddressRule(maximum=240, anybody=0, of_serial=_last_three_digits_or_two, leading_bytes=1),
    # Larger numbers are said in another form, with the serial number; no meter is set to one.
    Language.NZIF: AddressRule(
        maximum=239, anybody=0, of_serial=_last_three_digits_or_two, leading_bytes=1, serial_max=0xFFFF_FFFF
    ),
    # FFFFh is everybody, who must not answer at once.
    Language.ENERGOMERA: AddressRule(maximum=65_534, anybody=None, of_serial=_last_five_digits_or_four),
    # Энергомера's are the last nine digits of the serial number; a call without an address is for whichever is alone.
    Language.IEC62056_21: AddressRule(
        maximum=999_999_999,
        anybody=0,
        of_serial=lambda serial: serial % 1_000_000_000 or 1,
        serial_max=999_999_999_999_999,
    ),
    # The number of an input: a counter does not know whose pulses it counts, so it is the first, unless stated.
    Language.MODBUS: AddressRule(maximum=32_768, anybody=1, of_serial=lambda _: 1),
    # The lower part of an HDLC address; the last four digits and 16 is a maker's way, which no standard names.
    Language.SPODES: AddressRule(maximum=16_381, anybody=None, of_serial=lambda serial: serial % 10_000 + 16),
    # It stands on no line of ours; its serial number is what its file knows it by.
    Language.FILE: AddressRule(maximum=99_999_999, anybody=None, of_serial=lambda serial: serial, alone=True),
}
_SHORT_HDLC = AddressRule(maximum=125, anybody=None, of_serial=lambda serial: serial % 100 + 16)
"""Half of two bytes; 126 and 127 are reserved (IEC 62056-46)."""
_SHORT_HDLC_BYTES = 2
_LOGICAL_ONLY = AddressRule(maximum=16_381, anybody=1, of_serial=lambda _: 1, alone=True)
"""One byte of HDLC names a logical device, and no meter: there is one at an optical head."""
_WRAPPER = AddressRule(maximum=65_535, anybody=1, of_serial=lambda _: 1, alone=True)
"""A message in a wrapper names a logical device, and no meter: that is told by the TCP port."""
DIRECT_CHANNELS = range(200, 16_382)
"""The addresses of meters in a concentrator (СТО 34.01-5.1-013-2023, 8.3.5)."""
_BEHIND = AddressRule(
    maximum=DIRECT_CHANNELS[-1],
    anybody=None,
    of_serial=lambda serial: DIRECT_CHANNELS[serial % 10_000],
    is_assigned=True,
)
"""Which channel is whose, the concentrator's own table says (`kilovatt read --model spodus-uspd` shows it): the one by
serial number is what simulated concentrators take."""
_CONCENTRATOR = AddressRule(maximum=DIRECT_CHANNELS[0] - 1, anybody=1, of_serial=lambda _: 1, alone=True)
"""The logical device in which a concentrator is managed."""


def address_rule(model: MeterModel) -> AddressRule:
    """Return the rule of a model's language, and of its form of addresses where it has several."""
    dialect = model.dialect
    if is_concentrator(model):
        return _CONCENTRATOR
    if is_behind(model):
        return _BEHIND
    if isinstance(dialect, CosemDialect) and dialect.over_wrapper:
        return _WRAPPER
    if isinstance(dialect, CosemDialect) and dialect.address_bytes <= _SHORT_HDLC_BYTES:
        return _SHORT_HDLC if dialect.address_bytes == _SHORT_HDLC_BYTES else _LOGICAL_ONLY
    return ADDRESS_RULES[model.language]


def factory_address(model: MeterModel, serial: int) -> int:
    """Return the address a meter with this serial number leaves the factory with."""
    return address_rule(model).of_serial(serial)
