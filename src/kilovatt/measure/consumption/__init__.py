"""Registers and meter-days become energy by zone and period; exchanges, ratios and turned registers included."""

from kilovatt.measure.consumption.by_intervals import (
    DayPartSums,
    IntervalEnergy,
    day_part_sums,
    interval_energies,
    slot_energies_wh,
)
from kilovatt.measure.consumption.by_registers import zone_energies
from kilovatt.measure.consumption.local_slots import (
    NO_PLACE,
    SlotCrossesBorderError,
    minutes_of_slots,
    parts_of_slots,
    zones_of_slots,
)
from kilovatt.measure.consumption.registers import (
    Gap,
    GapReason,
    InstallationSpan,
    Leg,
    MissingRegister,
    NoMeter,
    RegisterAt,
    RegisterWentDown,
    TariffWithoutZone,
    ZoneEnergy,
    ZoneNotCounted,
)
from kilovatt.measure.consumption.rollover import (
    ROLLOVER_SHARE,
    RegisterDifference,
    register_difference,
)

__all__ = [
    "NO_PLACE",
    "ROLLOVER_SHARE",
    "DayPartSums",
    "Gap",
    "GapReason",
    "InstallationSpan",
    "IntervalEnergy",
    "Leg",
    "MissingRegister",
    "NoMeter",
    "RegisterAt",
    "RegisterDifference",
    "RegisterWentDown",
    "SlotCrossesBorderError",
    "TariffWithoutZone",
    "ZoneEnergy",
    "ZoneNotCounted",
    "day_part_sums",
    "interval_energies",
    "minutes_of_slots",
    "parts_of_slots",
    "register_difference",
    "slot_energies_wh",
    "zone_energies",
    "zones_of_slots",
]
