"""Which driver speaks to which model."""

from typing import assert_never

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect
from kilovatt.measure.metering.catalogue.spodus import is_behind, is_concentrator
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.wire.drivers.conversation import Driver
from kilovatt.wire.drivers.energomera.driver import EnergomeraDriver
from kilovatt.wire.drivers.iec62056_21.driver import Iec62056Driver
from kilovatt.wire.drivers.landis_gyr.driver import LandisGyrDriver
from kilovatt.wire.drivers.mercury_v1.driver import MercuryV1Driver
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.drivers.nzif.driver import NzifDriver
from kilovatt.wire.drivers.pulse_counter import PulseCounterDriver
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.drivers.spodus.driver import ConcentratorDriver, ThroughConcentratorDriver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError


def driver_for(model: MeterModel) -> Driver:  # noqa: C901  # a case for each language
    """Return the driver that speaks the language of a model. Raises LocalProtocolError where nobody does."""
    match model.language:
        case Language.MERCURY_V1:
            return MercuryV1Driver()
        case Language.MERCURY_V2:
            return MercuryV2Driver()
        case Language.NZIF:
            return NzifDriver()
        case Language.ENERGOMERA:
            return EnergomeraDriver()
        case Language.IEC62056_21:
            return Iec62056Driver()
        case Language.MODBUS:
            return PulseCounterDriver()
        case Language.SPODES:
            return _of_dlms(model)
        case Language.FILE:
            raise LocalProtocolError(f"{model.title} is not asked: its readings come in files (kilovatt import)")
        case _:
            assert_never(model.language)


def _of_dlms(model: MeterModel) -> Driver:
    if isinstance(model.dialect, LandisGyrCosemDialect):
        return LandisGyrDriver()
    if is_concentrator(model):
        return ConcentratorDriver()
    return ThroughConcentratorDriver() if is_behind(model) else SpodesDriver()
