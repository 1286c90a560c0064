"""The meter's side: which request a frame is."""

from dataclasses import dataclass
from typing import Any

from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, append_crc, crc_is_right
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule

REQUESTS: tuple[type[MercuryV2Request[Any]], ...] = (
    session.CheckLink,
    session.OpenChannel,
    session.CloseChannel,
    writes.SetAddress,
    writes.Freeze,
    writes.SetClock,
    writes.CorrectClock,
    writes.SetTariffSchedule,
    writes.SetHolidays,
    writes.ChangePassword,
    writes.SetLimitTime,
    writes.SetReclosing,
    writes.SetPowerLimit,
    writes.ControlPowerLimit,
    writes.SetEnergyLimit,
    writes.ControlEnergyLimit,
    writes.SwitchLoad,
    ReadClock,
    journals.ReadJournal,
    journals.ReadNewestRecord,
    journals.ReadWholeJournal,
    journals.ReadJournalBlock,
    journals.ReadSagStatistics,
    energy.ReadEnergyOfPhases,
    energy.ReadEnergy,
    energy.ReadEnergyOfTariffs,
    energy.ReadQuadrants,
    energy.ReadPeakPowers,
    energy.ReadStoredEnergy,
    energy.ReadStoredQuadrants,
    parameters.ReadSerial,
    parameters.ReadPassport,
    parameters.ReadFullPassport,
    parameters.ReadRatios,
    parameters.ReadFirmware,
    parameters.ReadExtraTimeout,
    parameters.ReadAddress,
    parameters.ReadErrors,
    parameters.ReadVariant,
    parameters.ReadFullVariant,
    parameters.ReadTariffState,
    parameters.ReadLoadControl,
    parameters.ReadPowerLimit,
    parameters.ReadEnergyLimit,
    parameters.ReadMainTimeout,
    parameters.ReadQualityLimits,
    ReadTariffSchedule,
    ReadHolidays,
    parameters.ReadRelayContacts,
    parameters.ReadEventFlags,
    instants.ReadInstant,
    instants.ReadFrozenClock,
    instants.ReadFrozenEnergy,
    instants.ReadFrozen,
    instants.ReadEverything,
    instants.ReadInstants,
    profile.ReadLatestRecord,
    profile.ReadLatestExtraRecord,
    profile.ReadRecordAt,
    profile.ReadRecordsFrom,
    profile.ReadRecords,
)
"""Every request of the language that is spoken here."""

FRAME_SIZE_MIN = 1 + 1 + CRC_SIZE
CODES = frozenset(request.prefix[0] for request in REQUESTS)


@dataclass(frozen=True, slots=True)
class Heard:
    """A request, and the address it was sent to."""

    address: int
    request: MercuryV2Request[Any]


def heard(data: bytes) -> Heard | None:
    """Return the request that these bytes are, or None where they are noise or no request spoken here."""
    if len(data) < FRAME_SIZE_MIN or not crc_is_right(data):
        return None
    request = request_from_body(data[1:-CRC_SIZE])
    return None if request is None else Heard(address=data[0], request=request)


def request_from_body(body: bytes) -> MercuryV2Request[Any] | None:
    """Return the request between an address and a checksum, or None where it is none spoken here."""
    for request in REQUESTS:
        if body.startswith(request.prefix):
            try:
                return request.parse(body)
            except ValueError:
                continue
    return None


def frame(address: int, data: bytes) -> bytes:
    """Return a frame: address, data, checksum."""
    return append_crc(bytes([address]) + data)
