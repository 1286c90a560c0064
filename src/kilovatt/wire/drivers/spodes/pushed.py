"""What is in a push of a СПОДЭС meter, taken apart: who it is of, its time, codes of journals, flags.

By the standard (ГОСТ Р 58940-2020, table 9.5) a push carries one value, the flags of 0.0.97.98.0.255. Makers put more
into it: a real Энергомера sends the list of what it carries as the first of its values, and a journal with a code among
them. A message that brings no such list is taken by the standard, and by the shapes of its values; EventNotification
names its object. What is none of these is left, and the push says so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias, TypeGuard
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.pushes import ToldCode
from kilovatt.measure.metering.spodes.event_code import Flags, Journal
from kilovatt.measure.metering.spodes.vocabulary import JOURNAL_OBIS
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import decode_push_list
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, Enumerate, MalformedError, OctetString, Structure
from kilovatt.wire.protocols.dlms.values.stamps import STAMP_BYTES, Stamp, decode_stamp

_DEVICE, _SERIAL = Obis.parse("0.0.42.0.0.255"), Obis.parse("0.0.96.1.0.255")
_CLOCK: Final = Obis.parse("0.0.1.0.0.255")
_FLAGS: Final = Obis.parse(Flags.PUSH.value)
_SAYS_NOTHING: Final = frozenset(
    map(Obis.parse, ("0.0.25.9.0.255", "0.0.97.98.10.255", "0.0.97.98.20.255", "0.0.96.5.3.255"))
)
"""The push set-up itself, the filter of its flags, the flags to clear, the port."""
_EVENT_OF_CONCENTRATOR: Final = Obis.parse("0.0.96.50.0.255")
"""Of a concentrator (СПОДУС), as a public program has it: its own name, the meter, its model, time, journal, code."""
_EVENT_FIELDS: Final = 6
_JOURNALS = {Obis.parse(name): journal for journal, name in JOURNAL_OBIS.items()}
_CODES = {Obis.parse(f"0.0.96.11.{one.value}.255"): one for one in Journal if one is not Journal.QUALITY}
_BY_NUMBER = {journal.value: journal for journal in Journal}
_NAME_BYTES: Final = 6
_FLAGS_MAX: Final = 0xFFFF_FFFF
_CODES_MAX: Final = 64
"""Of one push; a journal that is pushed whole has more, and is read."""
_NUMBER_MAX: Final = 0xFFFF
"""No table has a code near it; what a stranger may say has an end too."""
_ENCODING: Final = "utf-8"
DEVICE_NAME = re.compile(rb"([A-Z]{3}[0-9A-Za-z]{5,13})\0*")
"""The name of a logical device (IEC 62056-6-2): three letters of the maker, and at most thirteen characters."""
_Placed: TypeAlias = tuple[Obis | None, DlmsValue]


@dataclass(frozen=True, slots=True)
class _Told:
    journal: Journal
    number: int
    stamp: Stamp | None


@dataclass(slots=True)
class Pushed:
    """What a push says."""

    device: str = ""
    """The name of its logical device."""
    serial: str = ""
    flags: int | None = None
    stamp: Stamp | None = None
    unread: int = 0
    """So many of its values say nothing to us."""
    _told: list[_Told] = field(default_factory=list)

    @property
    def is_understood(self) -> bool:
        """Whether it tells of an event, or has nothing in it that we do not know."""
        return bool(self._told) or self.flags is not None or not self.unread

    def at(self, zone: ZoneInfo) -> datetime | None:
        """Return when it was made by a clock in a zone [UTC]."""
        return None if self.stamp is None else self.stamp.instant(zone)

    def codes(self, zone: ZoneInfo) -> tuple[ToldCode, ...]:
        """Return the codes of journals in it."""
        return tuple(
            ToldCode(journal=one.journal, number=one.number, at=None if one.stamp is None else one.stamp.instant(zone))
            for one in self._told
        )

    def tell(self, journal: Journal, number: int, stamp: Stamp | None = None) -> None:
        """Note the code of a journal."""
        if len(self._told) < _CODES_MAX:
            self._told.append(_Told(journal, number, stamp))


def read_push(said: DataNotification | EventNotification) -> Pushed:
    """Return what a push says."""
    pushed = Pushed(stamp=_stamp(said.stamp))
    placed = _of_event(said) if isinstance(said, EventNotification) else _placed(said.body)
    for name, value in placed:
        if not (_known(pushed, name, value) or _by_shape(pushed, value)):
            pushed.unread += 1
    return pushed


def _of_event(said: EventNotification) -> Iterator[_Placed]:
    yield said.attribute.obis, said.value


def _placed(body: DlmsValue) -> Iterator[_Placed]:
    """Yield values by the names of their objects, None where nothing names them."""
    if not isinstance(body, Structure | Array):
        yield (_FLAGS if _is_whole(body) else None), body
        return
    listed = _listed(body)
    if listed is not None:
        yield from zip(listed, body, strict=True)
    elif len(body) == 1 and _is_whole(body[0]):
        yield _FLAGS, body[0]
    else:
        yield from ((None, value) for value in body)


def _listed(body: Sequence[DlmsValue]) -> list[Obis] | None:
    if not body:
        return None
    try:
        listed = [one.captured.obis for one in decode_push_list(body[0])]
    except MalformedError:
        return None
    return listed if len(listed) == len(body) else None


def _known(pushed: Pushed, name: Obis | None, value: DlmsValue) -> bool:
    """Take a value for what its object says it is; return whether it is that."""
    if name is None:
        return False
    if name in _SAYS_NOTHING:
        return True
    if name == _FLAGS:
        return _take_flags(pushed, value)
    if name in _CODES:
        return _take_code(pushed, _CODES[name], value)
    if name in _JOURNALS:
        return _take_rows(pushed, _JOURNALS[name], value)
    if name == _CLOCK:
        return _take_clock(pushed, value)
    if name == _EVENT_OF_CONCENTRATOR:
        return _take_event(pushed, value)
    return _take_name(pushed, name, value)


def _take_flags(pushed: Pushed, value: DlmsValue) -> bool:
    if not _is_whole(value) or not 0 <= int(value) <= _FLAGS_MAX:
        return False
    pushed.flags = int(value)
    return True


def _take_code(pushed: Pushed, journal: Journal, value: DlmsValue) -> bool:
    if not _is_code(value):
        return False
    pushed.tell(journal, int(value))
    return True


def _take_rows(pushed: Pushed, journal: Journal, value: DlmsValue) -> bool:
    """Take rows of a journal: a stamp and a code in each. The words of quality are no codes."""
    if not isinstance(value, Array) or journal is Journal.QUALITY:
        return False
    rows = [_row(row) for row in value]
    for row in rows:
        if row is not None:
            pushed.tell(journal, *row)
    return bool(rows) and None not in rows


def _row(value: DlmsValue) -> tuple[int, Stamp] | None:
    cells = list(value) if isinstance(value, Structure) else []
    stamp = next((found for cell in cells if (found := _stamp_in(cell)) is not None), None)
    code = next((int(cell) for cell in cells if _is_code(cell)), None)
    return None if stamp is None or code is None else (code, stamp)


def _take_clock(pushed: Pushed, value: DlmsValue) -> bool:
    stamp = _stamp_in(value)
    pushed.stamp = pushed.stamp or stamp
    return stamp is not None


def _take_name(pushed: Pushed, name: Obis, value: DlmsValue) -> bool:
    if name not in (_DEVICE, _SERIAL) or not (isinstance(value, bytes) or _is_whole(value)):
        return False
    text = text_of(value, _ENCODING)
    if name == _DEVICE:
        pushed.device = text
    else:
        pushed.serial = text
    return True


def _take_event(pushed: Pushed, value: DlmsValue) -> bool:
    """Take an event of a concentrator: of it, or of a meter behind it."""
    if not isinstance(value, Structure) or len(value) != _EVENT_FIELDS:
        return False
    device, meter, _, at, number, code = value
    journal = _BY_NUMBER.get(int(number)) if _is_whole(number) else None
    if not isinstance(meter, bytes) or journal is None or not _is_code(code):
        return False
    pushed.device = text_of(device, _ENCODING) if isinstance(device, bytes) else ""
    pushed.serial = text_of(meter, _ENCODING)
    pushed.tell(journal, int(code), _stamp_in(at))
    return True


def _by_shape(pushed: Pushed, value: DlmsValue) -> bool:
    """Take a value for what its shape shows: a journal by its name and a code of it, a device's name, a stamp."""
    if isinstance(value, bytes):
        return _take_bytes(pushed, bytes(value))
    if not isinstance(value, Structure) or len(value) != 2:
        return False
    name, code = value
    if not isinstance(name, bytes) or len(name) != _NAME_BYTES or not _is_code(code):
        return False
    journal = _JOURNALS.get(Obis(bytes(name)))
    if journal is None or journal is Journal.QUALITY:
        return False
    pushed.tell(journal, int(code))
    return True


def _take_bytes(pushed: Pushed, value: bytes) -> bool:
    found = DEVICE_NAME.fullmatch(value)
    if found:
        pushed.device = pushed.device or found[1].decode("ascii")
        return True
    stamp = _stamp(value)
    pushed.stamp = pushed.stamp or stamp
    return stamp is not None


def _stamp_in(value: DlmsValue) -> Stamp | None:
    return _stamp(bytes(value)) if isinstance(value, OctetString) and len(value) == STAMP_BYTES else None


def _stamp(data: bytes | None) -> Stamp | None:
    if not data or len(data) != STAMP_BYTES:
        return None
    try:
        return decode_stamp(data)
    except MalformedError:
        return None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool | Enumerate)


def _is_code(value: object) -> TypeGuard[int]:
    return _is_whole(value) and 0 <= int(value) <= _NUMBER_MAX
