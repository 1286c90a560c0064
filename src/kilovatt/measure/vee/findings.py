"""Findings: what the judgement doubts, as columns for millions and as values for one page.

A finding says which rule, which meter, which local day, perhaps which slot, and its figures as whole numbers. The
edge puts it into words; nothing here changes data.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kilovatt.measure.metering.columns import Column, ColumnType
from kilovatt.measure.metering.matrices import DAY, Days, Int64s


class Rule(StrEnum):
    """The rules. The names stand in the database, in JSON and on the board."""

    GAP = "gap"
    """Slots that are past and not known."""
    NEGATIVE = "negative"
    """A register went down."""
    SPIKE = "spike"
    """A slot above what the connection carries, or far above the meter's own recent days."""
    REGISTER_MISMATCH = "register_mismatch"
    """The difference of two registers is not the sum of the intervals between them."""
    TARIFF_SUM = "tariff_sum"
    """The meter's total is not the sum of its tariffs."""
    CLOCK_WRONG = "clock_wrong"
    """The meter's clock is off, or stands in the year 2000 as after a dead battery."""
    FUTURE = "future"
    """Slots that had not ended when they were heard."""


FIGURES: dict[Rule, tuple[str, ...]] = {
    Rule.GAP: ("missing_slots", "slots_of_day", "step_s"),
    Rule.NEGATIVE: ("tariff", "earlier_wh", "later_wh"),
    Rule.SPIKE: ("power_w", "connection_limit_w", "recent_limit_w"),
    Rule.REGISTER_MISMATCH: ("register_wh", "intervals_wh", "tolerance_wh", "intervals"),
    Rule.TARIFF_SUM: ("total_wh", "tariffs_wh", "tolerance_wh"),
    Rule.CLOCK_WRONG: ("deviation_s", "limit_s"),
    Rule.FUTURE: ("future_slots", "ahead_s", "limit_s"),
}
"""The names of each rule's figures, in the order in which the columns hold them."""

FIGURE_COLUMNS = 4
NO_SLOT = -1
"""Stands in the column of slots where a finding is about the whole day."""

FINDING_COLUMNS: tuple[Column, ...] = (
    Column(name="rule", holds=ColumnType.TEXT),
    Column(name="meter_id", holds=ColumnType.INT64),
    Column(name="day_on", holds=ColumnType.DAY),
    Column(name="slot", holds=ColumnType.INT16),
    *(Column(name=f"figure_{number}", holds=ColumnType.INT64) for number in range(1, FIGURE_COLUMNS + 1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt. `figures` are whole numbers by name with units; `slot` is None where the day as a whole is meant."""

    rule: Rule
    meter_id: int
    day_on: date
    slot: int | None
    figures: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """n findings as columns: `rules` (text), `meter_ids`, `day_ons`, `slots` (NO_SLOT: the day), `figures` (n, 4)."""

    rules: NDArray[np.str_]
    meter_ids: Int64s
    day_ons: Days
    slots: Int64s
    figures: Int64s

    def __len__(self) -> int:
        return len(self.meter_ids)

    def __iter__(self) -> Iterator[Finding]:
        for row in range(len(self)):
            rule = Rule(str(self.rules[row]))
            slot = int(self.slots[row])
            names = FIGURES[rule]
            yield Finding(
                rule=rule,
                meter_id=int(self.meter_ids[row]),
                day_on=self.day_ons[row].astype(DAY).item(),
                slot=None if slot == NO_SLOT else slot,
                figures=tuple((name, int(self.figures[row, place])) for place, name in enumerate(names)),
            )

    @classmethod
    def of_rule(
        cls, rule: Rule, *, meter_ids: Int64s, day_ons: Days, slots: Int64s | None, figures: Sequence[Int64s]
    ) -> "Findings":
        """Return findings of one rule; `figures` are its columns in the order of FIGURES."""
        rows = len(meter_ids)
        columns = np.zeros((rows, FIGURE_COLUMNS), dtype=np.int64)
        for place, column in enumerate(figures):
            columns[:, place] = column
        return cls(
            rules=np.full(rows, rule.value),
            meter_ids=meter_ids,
            day_ons=day_ons,
            slots=np.full(rows, NO_SLOT, dtype=np.int64) if slots is None else slots,
            figures=columns,
        )

    @classmethod
    def together(cls, several: Sequence["Findings"]) -> "Findings":
        """Return all findings of several rules, one after the other. Raises ValueError for none at all."""
        return cls(
            rules=np.concatenate([one.rules for one in several]),
            meter_ids=np.concatenate([one.meter_ids for one in several]),
            day_ons=np.concatenate([one.day_ons for one in several]),
            slots=np.concatenate([one.slots for one in several]),
            figures=np.concatenate([one.figures for one in several]),
        )
