"""The variant word of a simulated meter: what its row of the catalogue says, in bits."""

from datetime import date

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v2.variant import Interface, Variant, impulses_code

_DAYS_OF_SMALL_RING = 86
_VARIANT_NUMBERS = {5000: 1, 500: 2, 250: 3, 1000: 4}
_CLASS_AND_NOMINALS = 0b1011_0100


def variant_of(model: MeterModel) -> Variant:
    """Return the variant word of a model."""
    assert model.impulses_per_kwh is not None
    two_way = Quantity.A_MINUS in model.quantities
    journals, channels = model.journals, model.channels
    interface = Interface.CAN if "can" in channels else Interface.RS485 if "rs485" in channels else Interface.NONE
    return Variant(
        bytes(
            [
                _CLASS_AND_NOMINALS,
                _bits(b7=not two_way, b6=True, b5=model.has_profile, b4=model.phases == 1)
                | impulses_code(model.impulses_per_kwh),
                _bits(b7=True, b6=True) | _VARIANT_NUMBERS.get(model.impulses_per_kwh, 1),
                _bits(
                    b7=model.profile_depth_days > _DAYS_OF_SMALL_RING,
                    b6="plc" in channels,
                    b5="gsm" in channels,
                    b4="optical" in channels,
                    b1=True,
                    b0=EventKind.CASE_OPENED in journals,
                )
                | interface << 2,
                _bits(b7=model.relay, b6=True, b4=EventKind.TERMINAL_COVER_OPENED in journals, b1=True, b0=True),
                _bits(b6=model.day_register_depth_days > 0),
            ]
        )
    )


def made_on(serial: int) -> date:
    """Return the day a meter was made: always the same for a serial number."""
    return date(2012 + serial % 9, serial % 12 + 1, serial % 28 + 1)


def _bits(**flags: bool) -> int:
    return sum(flag << int(name[1:]) for name, flag in flags.items())
