"""The meter's side: which request a frame is."""

from dataclasses import dataclass
from typing import Any

from kilovatt.wire.protocols.mercury_v1 import archive, parameters, requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.frames import Frame, frame_from_bytes
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request

REQUESTS: tuple[type[MercuryV1Request[Any]], ...] = (
    requests.ReadGroupAddress,
    requests.ReadClock,
    requests.ReadPowerLimit,
    requests.ReadMonthEnergyLimit,
    requests.ReadPower,
    requests.ReadRegisters,
    requests.ReadFirmware,
    requests.ReadBattery,
    requests.ReadDisplayMask,
    requests.ReadLatestPowerOff,
    requests.ReadLatestPowerOn,
    requests.ReadPulseOutput,
    requests.ReadTariffCount,
    requests.ReadSerial,
    requests.ReadHolidays,
    requests.ReadTariffTable,
    requests.ReadMonthRegisters,
    requests.ReadReactiveMonthRegisters,
    requests.ReadMaximum,
    requests.ReadTariff,
    requests.ReadLatestCaseOpened,
    requests.ReadLatestCaseClosed,
    requests.ReadPhaseValues,
    requests.ReadVariant,
    requests.ReadMadeOn,
    requests.ReadRunningTime,
    requests.ReadRelayMode,
    requests.ReadEnergyLimits,
    requests.ReadNetworkValues,
    requests.ReadReactiveRegisters,
    rings.ReadSupplyRing,
    rings.ReadCaseRing,
    rings.ReadParametrisationRing,
    rings.ReadQualityRing,
    rings.ReadRelayRing,
    archive.ReadHalfHours,
    archive.ReadDaySlice,
    archive.ReadMonthSlice,
    parameters.ReadReactivePower,
    parameters.ReadRelayState,
    parameters.ReadApparentPower,
    parameters.ReadReclosing,
    parameters.ReadModelCode,
    writes.SetGroupAddress,
    writes.SetClock,
    writes.SetPowerLimit,
    writes.SetTariffTable,
    writes.SetRelayMode,
)
"""Every request of the language that is spoken here."""

_BY_CODE = {(request.code, selector): request for request in REQUESTS for selector in (request.selector or (None,))}


@dataclass(frozen=True, slots=True)
class Heard:
    """A request, and the address it was sent to."""

    address: int
    request: MercuryV1Request[Any]

    def answer(self, value: object) -> bytes:
        """Return the frame that answers it."""
        return Frame(address=self.address, code=self.request.code, data=self.request.encode(value)).encode()


def heard(data: bytes) -> Heard | None:
    """Return the request that these bytes are, or None where a meter would keep silent.

    That is: noise, an unknown command, a parameter of a wrong size or of no meaning.
    """
    frame = frame_from_bytes(data)
    if frame is None:
        return None
    request = request_from_frame(frame)
    return None if request is None else Heard(address=frame.address, request=request)


def request_from_frame(frame: Frame) -> MercuryV1Request[Any] | None:
    """Return the request that a frame is, or None where it is no request of this language."""
    selected = _BY_CODE.get((frame.code, None)) or _BY_CODE.get((frame.code, frame.data[0] if frame.data else None))
    try:
        return None if selected is None else selected.parse(frame.data)
    except ValueError:
        return None
