"""Frames, and the meter's side: which request a frame is.

A frame is an address, a body and a checksum. The address is a byte, or FCh and the four bytes of the serial number.
"""

from dataclasses import dataclass
from typing import Any

from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, append_crc, crc_is_right
from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.request import NzifRequest

REQUESTS: tuple[type[NzifRequest[Any]], ...] = (
    session.CheckLink,
    session.OpenChannel,
    session.CloseChannel,
    ReadClock,
    journals.ReadRecord,
    journals.ReadRecordExtended,
    energy.ReadEnergy,
    energy.ReadStored,
    parameters.ReadSerial,
    parameters.ReadTemperature,
    parameters.ReadRatios,
    parameters.ReadVariant,
    instants.ReadInstant,
    instants.ReadInstants,
    instants.ReadReal,
    instants.ReadReals,
    profile.FindHour,
    profile.ReadSearch,
    profile.ReadPointer,
    profile.ReadMemory,
    profile.ReadMemoryIndexed,
)
"""Every request of the language that is spoken here."""

ADDRESS_MAX = 0xFFFF_FFFF
SHORT_ADDRESS_MAX = 0xEF
LONG_ADDRESS = 0xFC
LONG_ADDRESS_SIZE = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """A request, and the address it was sent to."""

    address: int
    request: NzifRequest[Any]


def head_size(data: bytes) -> int:
    """Return how many bytes the address of a frame takes."""
    return LONG_ADDRESS_SIZE if data[:1] == bytes([LONG_ADDRESS]) else 1


def body_of(data: bytes) -> bytes:
    """Return what stands between address and checksum: nothing where a frame is too short for a body."""
    return data[head_size(data) : -CRC_SIZE]


def address_of(data: bytes) -> int:
    """Return the address of a frame that has one whole."""
    size = head_size(data)
    return int.from_bytes(data[1:size], "big") if size > 1 else data[0]


def heard(data: bytes) -> Heard | None:
    """Return the request that these bytes are, or None where they are noise or no request spoken here."""
    if not is_whole(data):
        return None
    request = request_from_body(body_of(data))
    return None if request is None else Heard(address=address_of(data), request=request)


def is_whole(data: bytes) -> bool:
    """Whether these bytes are a frame with a body and a right checksum."""
    return len(data) > head_size(data) + CRC_SIZE and crc_is_right(data)


def request_from_body(body: bytes) -> NzifRequest[Any] | None:
    """Return the request between an address and a checksum, or None where it is none spoken here."""
    for request in REQUESTS:
        if body.startswith(request.prefix):
            try:
                return request.parse(body)
            except ValueError:
                continue
    return None


def head_of(address: int) -> bytes:
    """Return an address as it heads a frame: one byte, or from 240 on the long form with a serial number."""
    if address <= SHORT_ADDRESS_MAX:
        return bytes([address])
    return bytes([LONG_ADDRESS]) + address.to_bytes(LONG_ADDRESS_SIZE - 1, "big")


def frame(address: int, data: bytes) -> bytes:
    """Return a frame: address, data, checksum."""
    return append_crc(head_of(address) + data)
