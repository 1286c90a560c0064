"""Every code of the journals of СПОДЭС, and the words of bits: quality, inputs and outputs, pushes."""

from collections.abc import Iterator, Mapping

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.spodes import meter_codes, power_codes, programming_codes
from kilovatt.measure.metering.spodes.event_code import PREFIX, EventCode, Flags, Journal, gettext_noop

_ALL: tuple[EventCode, ...] = (
    *power_codes.VOLTAGE,
    *power_codes.CURRENT,
    *power_codes.SWITCHING,
    *programming_codes.PROGRAMMING,
    *meter_codes.EXTERNAL_INFLUENCE,
    *meter_codes.COMMUNICATION,
    *meter_codes.ACCESS,
    *meter_codes.SELF_DIAGNOSTICS,
    *power_codes.REACTIVE_FACTOR,
)
EVENT_CODES: Mapping[tuple[Journal, int], EventCode] = {(Journal(one.journal), one.number): one for one in _ALL}
_BY_KEY: Mapping[str, EventCode] = {one.key: one for one in _ALL}
JOURNAL_OBIS: Mapping[Journal, str] = {journal: f"0.0.99.98.{journal.value}.255" for journal in Journal}
KINDS: frozenset[EventKind] = frozenset(one.kind for one in _ALL) | {EventKind.OTHER}
"""What the journals may tell of; a code that no table has is other."""
JOURNAL_WORDS: Mapping[Journal, str] = {
    Journal.VOLTAGE: gettext_noop("Voltages"),
    Journal.CURRENT: gettext_noop("Currents"),
    Journal.SWITCHING: gettext_noop("Supply and relay"),
    Journal.PROGRAMMING: gettext_noop("Programming"),
    Journal.EXTERNAL_INFLUENCE: gettext_noop("External influence"),
    Journal.COMMUNICATION: gettext_noop("Communication"),
    Journal.ACCESS: gettext_noop("Access"),
    Journal.SELF_DIAGNOSTICS: gettext_noop("Self-diagnostics"),
    Journal.REACTIVE_FACTOR: gettext_noop("Reactive power factor"),
    Journal.QUALITY: gettext_noop("Power quality"),
}

QUALITY_BITS: Mapping[int, str] = {
    0x01: gettext_noop("Voltage more than 10 % below the agreed"),
    0x08: gettext_noop("Voltage more than 10 % above the agreed"),
    0x10: gettext_noop("Frequency more than 0.4 Hz too low"),
    0x20: gettext_noop("Frequency more than 0.2 Hz too low"),
    0x40: gettext_noop("Frequency more than 0.2 Hz too high"),
    0x80: gettext_noop("Frequency more than 0.4 Hz too high"),
}
"""The word of power quality, 0.0.96.5.4.255."""
_VOLTAGE_BITS = 0x09
QUALITY_CODES: Mapping[int, EventCode] = {
    bit: EventCode(
        journal=Journal.QUALITY,
        number=bit,
        text=text,
        kind=EventKind.VOLTAGE_OUT_OF_LIMITS if bit & _VOLTAGE_BITS else EventKind.OTHER,
        ended_by=0,
    )
    for bit, text in QUALITY_BITS.items()
}
"""The bits of that word as codes of their journal, each ended by a word without it."""
DAILY_QUALITY_BITS: Mapping[int, str] = {
    0x01: gettext_noop("Voltage was off that day by more than 10 %"),
    0x02: gettext_noop("Frequency was more than 0.4 Hz off that day"),
}
"""The word of a day in the daily profile, 0.0.96.5.1.255."""
INPUT_BITS: Mapping[int, int] = {1 << place: place + 1 for place in range(4)}
"""The inputs of the word 0.0.96.3.0.255 by bit, from 1."""
OUTPUT_BITS: Mapping[int, int] = {0x100 << place: place + 1 for place in range(4)}
"""The outputs of the same word."""
PUSH_FLAGS: tuple[str, ...] = (
    gettext_noop("Self-diagnostics"),
    gettext_noop("Supply interrupted"),
    gettext_noop("Power quality"),
    gettext_noop("Magnetic field"),
    gettext_noop("Terminal cover opened"),
    gettext_noop("Case opened"),
    gettext_noop("Power limit exceeded"),
    gettext_noop("Relay opened: maximum current"),
    gettext_noop("Relay opened: magnetic field"),
    gettext_noop("Relay opened: overvoltage"),
    gettext_noop("Relay opened: unbalance of currents"),
    gettext_noop("Relay opened: temperature"),
    gettext_noop("An input changed"),
    gettext_noop("Programming"),
    gettext_noop("Unbalance limit exceeded"),
)
"""What the bits of 0.0.97.98.0.255 say, the lowest first."""
_SAME_AS: Mapping[int, tuple[Journal, int]] = {
    1: (Journal.SWITCHING, 1),
    3: (Journal.EXTERNAL_INFLUENCE, 1),
    4: (Journal.EXTERNAL_INFLUENCE, 3),
    5: (Journal.EXTERNAL_INFLUENCE, 4),
    7: (Journal.SWITCHING, 9),
    8: (Journal.SWITCHING, 10),
    9: (Journal.SWITCHING, 11),
    10: (Journal.SWITCHING, 14),
    11: (Journal.SWITCHING, 15),
}
"""Flags that say what one code of a journal does: with both told, it is one event."""
_OWN_KINDS: Mapping[int, EventKind] = {
    0: EventKind.METER_FAULT,
    6: EventKind.POWER_LIMIT_EXCEEDED,
    13: EventKind.REPROGRAMMED,
}
PUSH_CODES: tuple[EventCode, ...] = tuple(
    EVENT_CODES[_SAME_AS[bit]]
    if bit in _SAME_AS
    else EventCode(journal=Flags.PUSH, number=bit, text=text, kind=_OWN_KINDS.get(bit, EventKind.OTHER))
    for bit, text in enumerate(PUSH_FLAGS)
)
"""The flags of a push as codes, the lowest bit first: those of journals, or codes of their own."""


_OTHERS_BY_KEY: Mapping[str, EventCode] = {one.key: one for one in (*QUALITY_CODES.values(), *PUSH_CODES)}


def event_code(key: str) -> EventCode | None:
    """Return the code of a stable name (`spodes:voltage:13`), or None for one of no table."""
    return _BY_KEY.get(key) or _OTHERS_BY_KEY.get(key)


def is_spodes(key: str) -> bool:
    """Whether a name is that of a code of СПОДЭС, be it in a table or not."""
    return key.startswith(f"{PREFIX}:")


def push_flags(word: int) -> Iterator[str]:
    """Return the English sources of what the flags of a push say, unknown bits left out."""
    return (text for place, text in enumerate(PUSH_FLAGS) if word >> place & 1)


def quality_words(word: int) -> Iterator[str]:
    """Return the English sources of what a word of power quality says."""
    return (text for bit, text in QUALITY_BITS.items() if word & bit)
