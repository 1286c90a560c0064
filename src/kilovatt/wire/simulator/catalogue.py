"""Which simulated meter behaves as which model."""

from typing import assert_never

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect
from kilovatt.measure.metering.catalogue.spodus import is_concentrator
from kilovatt.measure.metering.models import Language
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.energomera import EnergomeraMeter
from kilovatt.wire.simulator.iec62056_21 import iec62056_meter
from kilovatt.wire.simulator.landis_gyr import LandisGyrMeter
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from kilovatt.wire.simulator.mercury_v2 import MercuryV2Meter
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.nzif import NzifMeter
from kilovatt.wire.simulator.pulse_counter import PulseCounterInput
from kilovatt.wire.simulator.spodes import SpodesMeter
from kilovatt.wire.simulator.spodus import SpodusConcentrator


def simulated_meter(plan: SimulatedMeterPlan) -> SimulatedMeter:  # noqa: C901  # a case for each language
    """Return a meter made from a plan, in the language of its model."""
    match plan.model.language:
        case Language.MERCURY_V1:
            return MercuryV1Meter(plan)
        case Language.MERCURY_V2:
            return MercuryV2Meter(plan)
        case Language.NZIF:
            return NzifMeter(plan)
        case Language.ENERGOMERA:
            return EnergomeraMeter(plan)
        case Language.IEC62056_21:
            return iec62056_meter(plan)
        case Language.MODBUS:
            return PulseCounterInput(plan)
        case Language.SPODES:
            return _of_dlms(plan)
        case Language.FILE:
            raise LocalProtocolError(f"{plan.model.title} cannot be simulated: nobody knows what it speaks")
        case _:
            assert_never(plan.model.language)


def _of_dlms(plan: SimulatedMeterPlan) -> SimulatedMeter:
    if isinstance(plan.model.dialect, LandisGyrCosemDialect):
        return LandisGyrMeter(plan)
    return SpodusConcentrator(plan) if is_concentrator(plan.model) else SpodesMeter(plan)
