"""The load profile: a ring of records of mean powers, each with its own stamp (sections 4.4.17, 4.5, 4.6).

Energy of an interval is count ÷ (2 × meter constant) kWh. A record's stamp is the end of its interval: "09:00" of a
half-hour meter is 08:30 to 09:00. The maker's text does not say so outright. It calls the record at 09:00 the last
that was formed, and the record is written when its time comes (section 3.3, note 1).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import ClassVar, NamedTuple, Self, assert_never, overload

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, pairs_from_bcd
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, fixed
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime
from kilovatt.wire.protocols.mercury_v2.fields import high_first, is_empty, low_first, small
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request

COUNT_MASKED = 0xFFFF
RECORD_SIZE = 15
RECORDS_MAX = 17
RING_STEP = 0x10
"""Addresses of records are multiples of this."""
RING_SIZE = 0x1_0000
LARGE_RING_SIZE = 0x2_0000


class Memory(IntEnum):
    """Which memory is read."""

    MAIN_PROFILE = 3
    EXTRA_PROFILE = 5


@dataclass(frozen=True, slots=True)
class RecordState:
    """The status byte of a record (figure 4.38): what happened within it, and which tariff (1..4) counted."""

    is_overflowed: bool = False
    is_incomplete: bool = False
    is_starting: bool = False
    """The memory is being initialised: the record does not count."""
    is_winter: bool = False
    is_extra: bool = False
    tariff: int = 1


def _state_from(data: bytes) -> RecordState:
    byte = data[0]
    return RecordState(
        is_overflowed=bool(byte & 0x01),
        is_incomplete=bool(byte & 0x02),
        is_starting=bool(byte & 0x04),
        is_winter=bool(byte & 0x08),
        is_extra=bool(byte & 0x10),
        tariff=(byte >> 5 & 0b11) + 1,
    )


def _state_to(state: RecordState) -> bytes:
    flags = (state.is_overflowed, state.is_incomplete, state.is_starting, state.is_winter, state.is_extra)
    return bytes([sum(flag << bit for bit, flag in enumerate(flags)) | (state.tariff - 1) << 5])


def _stamp_from(data: bytes) -> WallTime | None:
    if is_empty(data):
        return None
    hour, minute, day, month, year = pairs_from_bcd(data)
    return WallTime(CENTURY + year, month, day, hour, minute, 0)


def _stamp_to(stamp: WallTime | None) -> bytes:
    if stamp is None:
        return bytes(5)
    return bytes(_BYTES[part] for part in (stamp.hour, stamp.minute, stamp.day, stamp.month, stamp.year - CENTURY))


STATE = Field(size=1, read=_state_from, write=_state_to)
STAMP = Field(size=5, read=_stamp_from, write=_stamp_to)


def _count_from(data: bytes) -> int | None:
    count = int.from_bytes(data, "little")
    return None if count == COUNT_MASKED else count


COUNT = Field(
    size=2,
    read=_count_from,
    write=lambda count: (COUNT_MASKED if count is None else count).to_bytes(2, "little"),
)


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """One interval: its stamp (None where nothing was ever written), its length, and the counts in it."""

    state: RecordState
    stamp: WallTime | None
    period_minutes: int
    a_plus: int | None
    a_minus: int | None
    r_plus: int | None
    r_minus: int | None


PROFILE_RECORD: Layout[ProfileRecord] = Record(
    ProfileRecord,
    {
        "state": STATE,
        "stamp": STAMP,
        "period_minutes": low_first(1),
        "a_plus": COUNT,
        "a_minus": COUNT,
        "r_plus": COUNT,
        "r_minus": COUNT,
    },
)
_PLAN = struct.Struct("<B5sB4H")
_BYTES = b"".join(bcd_from_int(number, 1) for number in range(100))
_HEAD_SIZE = 7


class RecordHead(NamedTuple):
    """What heads a record: all but its counts."""

    state: RecordState
    stamp: WallTime | None
    period_minutes: int


@lru_cache(maxsize=4096)
def head_from(head: bytes) -> RecordHead:
    """Return what the seven bytes say that head a record. Raises ValueError for a stamp that no clock shows."""
    return RecordHead(_state_from(head[:1]), _stamp_from(head[1:6]), head[6])


@lru_cache(maxsize=512)
def _known(heads: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return these heads if they can be: all meters of a town stamp the same half-hours."""
    for head in heads:
        head_from(head)
    return heads


class ProfileRecords(Sequence[ProfileRecord]):
    """Records in a row, the oldest first, as columns: thousands are read, and a record is made when it is asked for.

    `heads` are bytes (see `head_from`): the same from meter to meter, so that what follows from them is reckoned once.
    """

    __slots__ = ("a_minus", "a_plus", "heads", "r_minus", "r_plus")

    def __init__(self, heads: tuple[bytes, ...], counts: Sequence[tuple[int | None, ...]]) -> None:
        self.heads = heads
        self.a_plus, self.a_minus, self.r_plus, self.r_minus = counts

    @classmethod
    def of(cls, records: Sequence[ProfileRecord]) -> Self:
        """Return the records of a sequence. Raises ValueError for a count that does not fit."""
        return cls.cut(b"".join(_record_to(record) for record in records), len(records))

    @classmethod
    def cut(cls, data: bytes, count: int) -> Self:
        """Return the records that these bytes are.

        Raises ValueError for a stamp that no clock shows, struct.error where these are not so many records.
        """
        flat = _plan_of(count).unpack(data)
        return cls(_known(flat[::5]), [_unmasked(flat[place::5]) for place in range(1, 5)])

    def __len__(self) -> int:
        return len(self.heads)

    @overload
    def __getitem__(self, place: int) -> ProfileRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    def __getitem__(self, place: int | slice) -> ProfileRecord | Self:
        counts = (self.a_plus, self.a_minus, self.r_plus, self.r_minus)
        if isinstance(place, slice):
            return type(self)(self.heads[place], [column[place] for column in counts])
        return ProfileRecord(*head_from(self.heads[place]), *(column[place] for column in counts))

    def __eq__(self, other: object) -> bool:
        """Whether it has the same records, in whatever sequence they are."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"ProfileRecords.of({list(self)!r})"


@lru_cache(maxsize=RECORDS_MAX)
def _plan_of(count: int) -> struct.Struct:
    return struct.Struct("<" + f"{_HEAD_SIZE}s4H" * count)


def _unmasked(counts: tuple[int, ...]) -> tuple[int | None, ...]:
    if COUNT_MASKED not in counts:
        return counts
    return tuple([None if count == COUNT_MASKED else count for count in counts])


def _record_to(record: ProfileRecord) -> bytes:
    counts = (record.a_plus, record.a_minus, record.r_plus, record.r_minus)
    try:
        return _PLAN.pack(
            _state_to(record.state)[0],
            _stamp_to(record.stamp),
            record.period_minutes,
            *(COUNT_MASKED if count is None else count for count in counts),
        )
    except struct.error as error:
        raise ValueError(f"{record} does not fit: {error}") from error


RECORD = Field(size=RECORD_SIZE, read=PROFILE_RECORD.decode, write=_record_to, parts=PROFILE_RECORD.fields)


class _Records:
    """The layout of records in a row: cut by one plan. What cannot be is named at leisure, field by field."""

    __slots__ = ("_row", "fields", "size")

    def __init__(self, count: int) -> None:
        self._row: Row[ProfileRecord] = Row("record", RECORD, count)
        self.size = self._row.size
        self.fields = self._row.fields

    def decode(self, data: bytes) -> ProfileRecords:
        try:
            return ProfileRecords.cut(data, self._row.count)
        except (ValueError, struct.error):
            return ProfileRecords.of(self._row.decode(data))

    def encode(self, value: Sequence[ProfileRecord]) -> bytes:
        return self._row.encode(tuple(value))


_records = lru_cache(maxsize=RECORDS_MAX)(_Records)


@dataclass(frozen=True, slots=True)
class LatestRecord:
    """Where the newest record stands in the ring, and what heads it.

    `address` is the two bytes as they came, read the high byte first; what they mean is not established.
    """

    address: int
    state: RecordState
    stamp: WallTime | None
    period_minutes: int

    @property
    def possible_addresses(self) -> tuple[int, ...]:
        """The addresses it may mean, the likeliest first; the record at the right one has the same stamp.

        Low byte first is what real meters were seen to send, high byte first is the maker's figure, and the
        maker's example fits neither but the number of the record.
        """
        swapped = int.from_bytes(self.address.to_bytes(2, "little"), "big")
        meant = (swapped, self.address, self.address * RING_STEP % LARGE_RING_SIZE)
        with_high_bit = (address + RING_SIZE for address in meant[:2])
        return tuple(dict.fromkeys(address for address in (*meant, *with_high_bit) if address % RING_STEP == 0))


class AddressOrder(StrEnum):
    """What the two bytes of the newest record's address may be."""

    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"
    NUMBER = "number"


def address_as_sent(address: int, order: AddressOrder) -> int:
    """Return what a meter puts into the two bytes, read the high byte first."""
    low = address % RING_SIZE
    match order:
        case AddressOrder.LOW_FIRST:
            return int.from_bytes(low.to_bytes(2, "little"), "big")
        case AddressOrder.HIGH_FIRST:
            return low
        case AddressOrder.NUMBER:
            return address // RING_STEP
        case _:
            assert_never(order)


_LATEST: Layout[LatestRecord] = Record(
    LatestRecord,
    {"address": high_first(2), "state": STATE, "stamp": STAMP, "period_minutes": low_first(1)},
)


@dataclass(frozen=True, slots=True)
class ReadLatestRecord(MercuryV2Request[LatestRecord]):
    """The newest record of the main profile."""

    prefix = b"\x08\x13"

    @property
    def says(self) -> tuple[Layout[LatestRecord], ...]:
        return (_LATEST,)


@dataclass(frozen=True, slots=True)
class ReadLatestExtraRecord(MercuryV2Request[LatestRecord]):
    """The newest record of the additional profile."""

    prefix = b"\x08\x15"

    @property
    def says(self) -> tuple[Layout[LatestRecord], ...]:
        return (_LATEST,)


_MEMORY = Field(size=1, read=lambda data: Memory(data[0]), write=lambda memory: bytes([memory]))


@dataclass(frozen=True, slots=True)
class ReadRecords(MercuryV2Request[ProfileRecords]):
    """So many records, the newest of them `offset` back from the newest of all; they come the oldest first."""

    offset: int
    count: int
    memory: Memory = Memory.MAIN_PROFILE
    prefix = b"\x16"
    asks: ClassVar[Mapping[str, Field]] = {
        "memory": _MEMORY,
        "offset": high_first(2),
        "count": small(1, RECORDS_MAX),
    }

    @property
    def says(self) -> tuple[Layout[ProfileRecords], ...]:
        return (_records(self.count),)


@dataclass(frozen=True, slots=True)
class RingAddress:
    """Where a record stands: the memory, and an address of 17 bits."""

    address: int
    memory: Memory = Memory.MAIN_PROFILE

    def __post_init__(self) -> None:
        if not 0 <= self.address < LARGE_RING_SIZE or self.address % RING_STEP:
            raise ValueError(f"records stand at multiples of 10h below 20000h: got {self.address:X}h")


def _ring_address_from(data: bytes) -> RingAddress:
    if data[0] & 0x70:
        raise ValueError("one kind of energy is not read here")
    return RingAddress((data[0] >> 7) << 16 | int.from_bytes(data[1:], "big"), Memory(data[0] & 0x0F))


def _ring_address_to(place: RingAddress) -> bytes:
    high, low = divmod(place.address, RING_SIZE)
    return bytes([high << 7 | place.memory]) + low.to_bytes(2, "big")


_PLACE = Field(size=3, read=_ring_address_from, write=_ring_address_to)


@dataclass(frozen=True, slots=True)
class ReadRecordAt(MercuryV2Request[ProfileRecord]):
    """The record at an address."""

    place: RingAddress
    prefix = b"\x06"
    asks: ClassVar[Mapping[str, Field]] = {"place": _PLACE, "size": fixed(bytes([RECORD_SIZE]))}

    @property
    def says(self) -> tuple[Layout[ProfileRecord], ...]:
        return (PROFILE_RECORD,)


@dataclass(frozen=True, slots=True)
class ReadRecordsFrom(MercuryV2Request[ProfileRecords]):
    """Seventeen records from an address on."""

    place: RingAddress
    prefix = b"\x06"
    asks: ClassVar[Mapping[str, Field]] = {"place": _PLACE, "size": fixed(b"\xff")}

    @property
    def says(self) -> tuple[Layout[ProfileRecords], ...]:
        return (_records(RECORDS_MAX),)
