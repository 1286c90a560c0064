"""How a meter that was found is asked who it is: as anybody first, then with the factory's password where allowed."""

from typing import assert_never

from kilovatt.wire.drivers.finding.dlms import dlms_acquaintance, reader_acquaintance
from kilovatt.wire.drivers.finding.iec import iec_acquaintance
from kilovatt.wire.drivers.finding.others import energomera_acquaintance, v1_acquaintance
from kilovatt.wire.drivers.finding.probes import Acquaintance, Sighting, Way
from kilovatt.wire.drivers.finding.rows import fitting
from kilovatt.wire.drivers.finding.short import short_acquaintance


def acquaintance(sighting: Sighting, *, factory_password: bool) -> Acquaintance | None:
    """Return how to ask it first; None where nothing more can be asked."""
    match sighting.place.way:
        case Way.SHORT:
            return short_acquaintance(sighting, factory_password=factory_password)
        case Way.MERCURY_V1:
            return v1_acquaintance(sighting)
        case Way.ENERGOMERA:
            return energomera_acquaintance(sighting, factory_password=factory_password)
        case Way.IEC62056_21:
            return iec_acquaintance(sighting)
        case Way.HDLC | Way.WRAPPER:
            return dlms_acquaintance(sighting)
        case Way.MODBUS:
            return None
        case _:
            assert_never(sighting.place.way)


def further_acquaintance(sighting: Sighting, *, factory_password: bool) -> Acquaintance | None:
    """Return how to ask it once more, when it has said who made it: a reader of DLMS has a password by its maker."""
    if not factory_password or sighting.place.way not in (Way.HDLC, Way.WRAPPER):
        return None
    rows = [row for row in fitting(sighting) if row.password is not None]
    return reader_acquaintance(sighting, rows[0]) if rows else None
