"""The zones of the day by meaning, and the schemes that split a day into them.

A zone is never named by the number of a meter's tariff: on Moscow three-zone bills T1 is the peak, T2 the night
and T3 the half-peak, elsewhere it may be otherwise.
"""

from enum import StrEnum


class Zone(StrEnum):
    """What an energy is priced by. The names stand in the database, in JSON and on bills."""

    TOTAL = "total"
    DAY = "day"
    NIGHT = "night"
    PEAK = "peak"
    HALF_PEAK = "half_peak"

    def includes(self, other: "Zone") -> bool:
        """Whether all energy of `other` is energy of this zone: the day is the peak and the half-peak together."""
        return other in _INCLUDED[self]


class ZoneScheme(StrEnum):
    """Into how many zones a tariff plan splits the day."""

    ONE = "one"
    TWO = "two"
    THREE = "three"

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones of the scheme, in the order of a bill."""
        return _ZONES[self]


_INCLUDED: dict[Zone, frozenset[Zone]] = {
    Zone.TOTAL: frozenset(Zone),
    Zone.DAY: frozenset({Zone.DAY, Zone.PEAK, Zone.HALF_PEAK}),
    Zone.NIGHT: frozenset({Zone.NIGHT}),
    Zone.PEAK: frozenset({Zone.PEAK}),
    Zone.HALF_PEAK: frozenset({Zone.HALF_PEAK}),
}
_ZONES: dict[ZoneScheme, tuple[Zone, ...]] = {
    ZoneScheme.ONE: (Zone.TOTAL,),
    ZoneScheme.TWO: (Zone.DAY, Zone.NIGHT),
    ZoneScheme.THREE: (Zone.PEAK, Zone.HALF_PEAK, Zone.NIGHT),
}
