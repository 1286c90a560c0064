"""Codes of the journal of programming (table Д.4), those of СТО 34.01-5.1-006-2021 from 87 on."""

from collections.abc import Iterator

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, Source, Table, gettext_noop

_FIRST_OF_STO = 87
_ONE_BY_ONE: dict[int, str] = {
    3: gettext_noop("Time set"),
    4: gettext_noop("Summer time rules changed"),
    5: gettext_noop("Tariff table changed: seasons"),
    6: gettext_noop("Tariff table changed: weeks"),
    7: gettext_noop("Tariff table changed: days"),
    8: gettext_noop("Activation date of a tariff table changed"),
    9: gettext_noop("Tariff table activated"),
    10: gettext_noop("Billing day and hour changed"),
    11: gettext_noop("What the display shows changed"),
    12: gettext_noop("How the display scrolls changed"),
    13: gettext_noop("Password for reading changed"),
    14: gettext_noop("Password for configuring changed"),
    15: gettext_noop("Text of the metering point changed"),
    16: gettext_noop("Ratio of current transformers changed"),
    17: gettext_noop("Ratio of voltage transformers changed"),
    18: gettext_noop("Line parameters for losses changed"),
    19: gettext_noop("Power limit for disconnection changed"),
    20: gettext_noop("Delay of disconnection by power changed"),
    21: gettext_noop("Delay of disconnection by current changed"),
    22: gettext_noop("Delay of disconnection by voltage changed"),
    23: gettext_noop("Delay of disconnection by magnetic field changed"),
    24: gettext_noop("Threshold of voltage interruptions changed"),
    25: gettext_noop("Threshold of overvoltage changed"),
    26: gettext_noop("Threshold of voltage dips changed"),
    27: gettext_noop("Threshold of the reactive power factor changed"),
    28: gettext_noop("Threshold of voltage unbalance changed"),
    29: gettext_noop("Agreed voltage changed"),
    30: gettext_noop("Integration interval of peak power changed"),
    33: gettext_noop("Backlight of the display changed"),
    35: gettext_noop("Monthly profile cleared"),
    36: gettext_noop("Daily profile cleared"),
    37: gettext_noop("Journal of voltages cleared"),
    38: gettext_noop("Journal of currents cleared"),
    39: gettext_noop("Journal of switching cleared"),
    40: gettext_noop("Journal of external influence cleared"),
    41: gettext_noop("Journal of communication cleared"),
    42: gettext_noop("Journal of access cleared"),
    43: gettext_noop("Journal of power quality cleared"),
    44: gettext_noop("Journal of the reactive power factor cleared"),
    45: gettext_noop("Journal of inputs and outputs cleared"),
    49: gettext_noop("Special days changed"),
    50: gettext_noop("Mode of the relay changed"),
    51: gettext_noop("Registers captured into the monthly profile"),
    52: gettext_noop("Mode of pushes changed"),
    53: gettext_noop("Unicast key for reading changed"),
    54: gettext_noop("Broadcast key for reading changed"),
    55: gettext_noop("Unicast key for configuring changed"),
    56: gettext_noop("Broadcast key for configuring changed"),
    57: gettext_noop("Authentication key for configuring changed"),
    58: gettext_noop("Master key changed"),
    59: gettext_noop("Security level for reading changed"),
    60: gettext_noop("Security level for configuring changed"),
    61: gettext_noop("Number of the remote display changed"),
    62: gettext_noop("Metering by direction or by magnitude changed"),
    63: gettext_noop("Time set by satellites"),
    64: gettext_noop("Disconnection by a broken neutral changed"),
    65: gettext_noop("Firmware updated"),
    66: gettext_noop("Disconnection by unbalance of currents changed"),
    67: gettext_noop("Disconnection by temperature changed"),
    68: gettext_noop("Time corrected"),
    69: gettext_noop("Authentication key for reading changed"),
    70: gettext_noop("Push flags cleared"),
    71: gettext_noop("Timeout of HDLC changed"),
    72: gettext_noop("Hours of peak load changed"),
    73: gettext_noop("Hours of maximum control changed"),
    74: gettext_noop("Wiring scheme changed"),
    78: gettext_noop("Disconnection by an opened cover or case changed"),
    79: gettext_noop("Communication profile of the ports changed"),
    80: gettext_noop("Monthly journal of power quality cleared"),
    81: gettext_noop("Integration interval of network values changed"),
    82: gettext_noop("Time threshold of the reactive power factor changed"),
    83: gettext_noop("Time threshold of the differential current changed"),
    84: gettext_noop("Time threshold of voltage unbalance changed"),
    87: gettext_noop("Filter of disconnecting events changed"),
    88: gettext_noop("Monitor of relay events changed"),
    89: gettext_noop("Metering of energy set up anew"),
    90: gettext_noop("Threshold of frequency changed"),
    91: gettext_noop("Threshold of power over an interval changed"),
    92: gettext_noop("Threshold of power in peak hours changed"),
    93: gettext_noop("Time of the snapshot changed"),
    94: gettext_noop("Monitor of relay events"),
    99: gettext_noop("Arbitrator of the relay changed"),
    112: gettext_noop("Contact of the signal relay changed"),
    117: gettext_noop("Journal of the reactive power factor by intervals cleared"),
    118: gettext_noop("Journal of time corrections cleared"),
    119: gettext_noop("Journal of years cleared"),
    121: gettext_noop("Journal of power control cleared"),
    122: gettext_noop("Journal of the battery cleared"),
    123: gettext_noop("Journal of the relay lock cleared"),
    124: gettext_noop("Journal of temperature cleared"),
    131: gettext_noop("Journal of overvoltage cleared"),
    132: gettext_noop("Journal of voltage interruptions cleared"),
    133: gettext_noop("Journal of signals cleared"),
    134: gettext_noop("Journal of network emergencies cleared"),
    135: gettext_noop("Network emergency: time of the zero-sequence threshold changed"),
    136: gettext_noop("Network emergency: push delay of zero sequence changed"),
    137: gettext_noop("Network emergency: lowest voltage changed"),
    138: gettext_noop("Network emergency: time of the lowest voltage changed"),
    139: gettext_noop("Network emergency: push delay of voltage changed"),
    140: gettext_noop("Network emergency: negative-sequence threshold changed"),
    141: gettext_noop("Network emergency: time of the negative-sequence threshold changed"),
    142: gettext_noop("Network emergency: push delay of negative sequence changed"),
    143: gettext_noop("Electronic seals set"),
    144: gettext_noop("Marks of magnetic or radio-frequency fields cleared"),
    145: gettext_noop("Time zone changed"),
    146: gettext_noop("Order of the scrolling display changed"),
    147: gettext_noop("Order of the display by button changed"),
    148: gettext_noop("Current limit changed"),
    149: gettext_noop("Voltage limit changed"),
    150: gettext_noop("Emergency tariff changed"),
    1024: gettext_noop("Configuration of the meter changed"),
}
_OF_SEVERAL: tuple[tuple[str, dict[int, str]], ...] = (
    (gettext_noop("Address or speed of port {which} changed"), {1: "RS-485-1", 2: "RS-485-2", 85: "P1", 86: "P4"}),
    (gettext_noop("Capture period of load profile {which} changed"), {31: "1", 32: "2"}),
    (gettext_noop("Load profile {which} cleared"), {46: "1", 47: "2", 48: "3"}),
    (gettext_noop("Telemetry output {which} changed"), {34: "1", 75: "2", 76: "3", 77: "4"}),
    (gettext_noop("Monitor of events of signal relay {which}"), {95: "1", 96: "2", 97: "3", 98: "4"}),
    (gettext_noop("Arbitrator of signal relay {which} changed"), {100: "1", 101: "2", 102: "3", 103: "4"}),
    (gettext_noop("Filter of events of signal relay {which} changed"), {104: "1", 105: "2", 106: "3", 107: "4"}),
    (gettext_noop("Mode of signal relay {which} changed"), {108: "1", 109: "2", 110: "3", 111: "4"}),
    (gettext_noop("Timeout of TCP/UDP of port {which} changed"), {113: "P1", 114: "P2", 115: "P3", 116: "P4"}),
    (
        gettext_noop("Journal of deviations of voltage {which} cleared"),
        {125: "A", 126: "B", 127: "C", 128: "AB", 129: "BC", 130: "CA"},
    ),
)
_KINDS: dict[EventKind, frozenset[int]] = {
    EventKind.CLOCK_SET: frozenset({3, 63, 68, 145}),
    EventKind.TARIFF_TABLE_CHANGED: frozenset({5, 6, 7, 8, 9, 49}),
    EventKind.PROFILE_RESTARTED: frozenset({31, 32, 46, 47, 48}),
    EventKind.JOURNAL_CLEARED: frozenset({35, 36, *range(37, 46), 80, *range(117, 120), *range(121, 135), 144}),
    EventKind.FIRMWARE_UPDATED: frozenset({65}),
    # A reading that someone asked to be kept changes nothing; a seal that was set is no interference.
    EventKind.OTHER: frozenset({51, 70, 93, 94, 95, 96, 97, 98, 143}),
}


def _kind(number: int) -> EventKind:
    return next((kind for kind, numbers in _KINDS.items() if number in numbers), EventKind.REPROGRAMMED)


def _codes() -> Iterator[EventCode]:
    table = Table(Journal.PROGRAMMING)
    named = [(number, text, "") for number, text in _ONE_BY_ONE.items()]
    named += [(number, text, which) for text, numbers in _OF_SEVERAL for number, which in numbers.items()]
    for number, text, which in sorted(named):
        source = Source.STO_2021 if number >= _FIRST_OF_STO else Source.GOST
        yield table.moment(number, text, _kind(number), which=which, source=source)


PROGRAMMING: tuple[EventCode, ...] = tuple(_codes())
