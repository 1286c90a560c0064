"""Within which limits the voltage of a supply has to be, by the standards in force on a day."""

from dataclasses import dataclass
from datetime import date

_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageStandard:
    """The standard voltage of a phase against neutral, and by how much it may be off either way, from a day on."""

    valid_from: date
    nominal_mv: int
    off_by_percent: int
    source: str

    @property
    def lowest_mv(self) -> int:
        """The lowest voltage within the limits."""
        return self.nominal_mv - self.nominal_mv * self.off_by_percent // _PERCENT

    @property
    def highest_mv(self) -> int:
        """The highest voltage within the limits."""
        return self.nominal_mv + self.nominal_mv * self.off_by_percent // _PERCENT


STANDARDS: tuple[VoltageStandard, ...] = (
    VoltageStandard(
        valid_from=date(2014, 7, 1), nominal_mv=220_000, off_by_percent=10, source="ГОСТ 32144-2013 (4.2.2)"
    ),
    VoltageStandard(
        valid_from=date(2015, 10, 1),
        nominal_mv=230_000,
        off_by_percent=10,
        source="ГОСТ 29322-2014, ГОСТ 32144-2013 (4.2.2)",
    ),
)
"""The oldest first. Each holds until the next comes into force; the first for what was before it too."""


def voltage_standard(on: date) -> VoltageStandard:
    """Return what the voltage of a low-voltage supply has to be on a day, where nothing else was agreed."""
    in_force = [standard for standard in STANDARDS if standard.valid_from <= on]
    return in_force[-1] if in_force else STANDARDS[0]
