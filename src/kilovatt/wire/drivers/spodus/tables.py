"""The tables of a concentrator (СТО 34.01-5.1-013-2023, 10.2 to 10.9 and 8.5.10) as values of DLMS, taken apart.

Objects and columns are as a public program has them (gvtret/spodes-rs); columns are found by their names, in any order,
and one that is not there leaves open what it would have told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.concentrators import ExchangeStatus
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import CaptureObject
from kilovatt.wire.protocols.dlms.objects.shapes import elements, integer, refused
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, Structure
from kilovatt.wire.protocols.dlms.values.stamps import STAMP_BYTES, decode_stamp

SAP_LIST: Final = Obis.parse("0.0.41.0.0.255")
METERS, DIRECT_CHANNELS, INTERFACES, STATUSES, EXCHANGES, EVENTS, TIME_DELTA = (
    Obis.parse(f"0.0.94.7.{number}.255") for number in (128, 129, 130, 134, 135, 140, 141)
)
METER_COLUMN: Final = Obis.parse("0.0.94.7.128.10")
HEARD_COLUMN, TRIED_COLUMN, CLOCK_COLUMN = (Obis.parse(f"0.0.94.7.134.{number}") for number in (1, 2, 6))
STARTED_COLUMN, STATUS_COLUMN, ATTEMPTS_COLUMN = (Obis.parse(f"0.0.94.7.135.{number}") for number in (2, 3, 5))
TOLD_COLUMN, HAPPENED_COLUMN, JOURNAL_COLUMN, CODE_COLUMN = (
    Obis.parse(f"0.0.94.7.140.{number}") for number in (3, 4, 5, 6)
)
CHANNEL_COLUMN, INTERFACE_COLUMN = (Obis.parse(f"0.0.94.7.130.{number}") for number in (1, 2))
_STATUSES: Final = (
    ExchangeStatus.DONE,
    ExchangeStatus.WAITING,
    ExchangeStatus.ACCESS_DENIED,
    ExchangeStatus.NOT_SUPPORTED,
    ExchangeStatus.PARTIAL,
    ExchangeStatus.NOT_FOUND,
    ExchangeStatus.NO_RESPONSE,
    ExchangeStatus.BAD_LINK,
)
_OCTET: Final = 0xFF
_WORD: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class ListedMeter:
    """A row of the list of meters: who it is, and by which of the concentrator's channels it is reached."""

    name: bytes
    model: str
    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DirectChannel:
    """By which address a meter is asked through the concentrator."""

    address: int
    name: bytes


def decode_devices(value: DlmsValue, encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the logical devices of a SAP list (class 17, attribute 2). Raises MalformedError."""
    for row in elements(value, "a list of logical devices"):
        address, name = _fields(row, 2, "a logical device")
        yield integer(address, "an address", 0, _WORD), text_of(_octets(name, "a logical device's name"), encoding)


def decode_meters(value: DlmsValue, encoding: str) -> Iterator[ListedMeter]:
    """Yield the rows of the list of meters. Raises MalformedError."""
    for row in elements(value, "a list of meters"):
        name, model, channels = _fields(row, 3, "a meter of the list")
        numbers = [_fields(one, 2, "a channel of a meter")[0] for one in elements(channels, "channels of a meter")]
        yield ListedMeter(
            name_of(name),
            text_of(_octets(model, "a model"), encoding),
            tuple(integer(number, "a channel", 0, _OCTET) for number in numbers),
        )


def decode_direct_channels(value: DlmsValue) -> Iterator[DirectChannel]:
    """Yield the rows of the table of direct channels. Raises MalformedError."""
    for row in elements(value, "a table of direct channels"):
        address, name, _channel = _fields(row, 3, "a direct channel")
        yield DirectChannel(integer(address, "an address", 0, _WORD), name_of(name))


def decode_table(value: DlmsValue, columns: Sequence[CaptureObject]) -> Iterator[Mapping[Obis, Any]]:
    """Yield the rows of a table by the names of its columns. Raises MalformedError for a row of another width."""
    for row in elements(value, "rows of a table"):
        yield dict(zip((one.obis for one in columns), _fields(row, len(columns), "a row of a table"), strict=True))


def name_of(value: object) -> bytes:
    """Return the name of a meter without what pads it. Raises MalformedError."""
    return _octets(value, "the name of a meter").rstrip(b"\x00 ")


def instant_of(value: object, zone: ZoneInfo) -> datetime | None:
    """Return the instant [UTC] of a stamp; None where there is none, as for what has never been."""
    if not isinstance(value, bytes) or len(value) != STAMP_BYTES:
        return None
    try:
        return decode_stamp(value).instant(zone)
    except MalformedError:
        return None


def status_of(value: object) -> ExchangeStatus | None:
    """Return how a task went (10.9, table 8); None where nothing tells."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return _STATUSES[value] if 0 <= value < len(_STATUSES) else ExchangeStatus.OTHER


def _fields(value: object, count: int, wanted: str) -> tuple[Any, ...]:
    if not isinstance(value, Structure) or len(value) != count:
        raise refused(f"{wanted}, a structure of {count}", value)  # type: ignore[arg-type]  # whatever came
    return value


def _octets(value: object, wanted: str) -> bytes:
    if not isinstance(value, bytes):
        raise refused(wanted, value)  # type: ignore[arg-type]  # whatever came
    return bytes(value)
