"""Which of a meter's tariffs (T1..T4) counts which zone, where nobody said otherwise.

Each installation keeps its own dated map; this is what a new one starts from.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from kilovatt.measure.zones.calendars import zone_marks
from kilovatt.measure.zones.names import Zone, ZoneScheme

# As meters are set up for Moscow, and as Moscow bills number them.
_DEFAULT_MAPS: dict[ZoneScheme, Mapping[int, Zone]] = {
    ZoneScheme.ONE: MappingProxyType({1: Zone.TOTAL}),
    ZoneScheme.TWO: MappingProxyType({1: Zone.DAY, 2: Zone.NIGHT}),
    ZoneScheme.THREE: MappingProxyType({1: Zone.PEAK, 2: Zone.NIGHT, 3: Zone.HALF_PEAK}),
}


def tariff_map(scheme: ZoneScheme) -> Mapping[int, Zone]:
    """Return the usual zone of each tariff of a meter."""
    return _DEFAULT_MAPS[scheme]


def tariff_marks(scheme: ZoneScheme, on: date) -> tuple[tuple[int, int], ...]:
    """Return the day's table of a meter set up the usual way: (minute of the local day, tariff 1..4).

    Raises NoCalendarError.
    """
    tariff_of = {zone: tariff for tariff, zone in _DEFAULT_MAPS[scheme].items()}
    return tuple((mark.minute, tariff_of[mark.zone]) for mark in zone_marks(scheme, on))
