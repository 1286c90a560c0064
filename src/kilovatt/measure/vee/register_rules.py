"""Rules about registers: gone down, tariffs against the total, registers against intervals, and the clock."""

from dataclasses import dataclass

import numpy as np

from kilovatt.measure.consumption.rollover import ROLLOVER_SHARE
from kilovatt.measure.metering.matrices import Bools, Days, Indexes, Instants, Int64s
from kilovatt.measure.metering.registers import TOTAL_TARIFF
from kilovatt.measure.vee.findings import Findings, Rule
from kilovatt.measure.vee.limits import Limits
from kilovatt.quantities.energy import UWH_PER_WH, ExactArray

NO_LIMIT = 0
"""Stands where a register does not begin again at zero, or nobody knows where."""

TARIFFS = 4
_YEAR_2001 = np.datetime64("2001-01-01", "us")
_SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegisterColumns:
    """n registers of active energy, shape (n) each.

    `day_ons`: the local days of `taken_at`; `limits_wh`: where a register begins again at zero, or NO_LIMIT;
    `is_running`: read as it ran, not frozen at a midnight.
    """

    meter_ids: Int64s
    day_ons: Days
    tariffs: Int64s
    taken_at: Instants
    heard_at: Instants
    values_wh: Int64s
    steps_wh: Int64s
    limits_wh: Int64s
    is_running: Bools

    def __len__(self) -> int:
        return len(self.meter_ids)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegisterSpanColumns:
    """n spans between two readings with the intervals that lie in them, shape (n) each.

    `counted_wh`: the difference of the registers; `steps_wh`: their step (of several registers, the sum of their
    steps); `intervals_uwh`: the exact sum of the known intervals; `intervals`: how many there are; `missing`: how many
    are not known; `uwh_per_count`: their resolution. `day_ons` is the first day of each span.
    """

    meter_ids: Int64s
    day_ons: Days
    counted_wh: Int64s
    steps_wh: Int64s
    intervals_uwh: ExactArray
    intervals: Int64s
    missing: Int64s
    uwh_per_count: Int64s


def negatives(registers: RegisterColumns) -> Findings:
    """Return a finding for each register that is below the one before it of the same meter and tariff.

    A register that passed its top is not doubted: what it then counted is at most a tenth of its capacity.
    """
    keys = (registers.values_wh, registers.taken_at, registers.tariffs, registers.meter_ids)
    order = np.lexsort(keys)
    earlier, later = order[:-1], order[1:]
    same = registers.meter_ids[earlier] == registers.meter_ids[later]
    same &= registers.tariffs[earlier] == registers.tariffs[later]
    values = registers.values_wh
    over_the_top = values[later] + registers.limits_wh[later] - values[earlier]
    turned = (over_the_top >= 0) & (over_the_top <= registers.limits_wh[later] // ROLLOVER_SHARE)
    turned &= registers.limits_wh[later] != NO_LIMIT
    found = same & (values[later] < values[earlier]) & ~turned
    earlier, later = earlier[found], later[found]
    return _findings(Rule.NEGATIVE, registers, later, [registers.tariffs[later], values[earlier], values[later]])


def tariff_sums(registers: RegisterColumns) -> Findings:
    """Return a finding for each instant at which a meter's total differs from T1+…+T4 by more than a step per tariff.

    Judged where the total and all four tariffs are of one instant; a register read twice counts once.
    """
    stamps = np.stack([registers.meter_ids, registers.taken_at.astype(np.int64), registers.tariffs], axis=1)
    once = np.unique(stamps, axis=0, return_index=True)[1]
    _, instant_of = np.unique(stamps[once, :2], axis=0, return_inverse=True)
    tariffs, values = registers.tariffs[once], registers.values_wh[once]
    is_total = tariffs == TOTAL_TARIFF
    # Tariffs above T4 belong to no sum here.
    is_part = ~is_total & (tariffs <= TARIFFS)
    instants = int(instant_of.max(initial=-1)) + 1
    totals, sums, totals_known, parts_known, row_of = (np.zeros(instants, dtype=np.int64) for _ in range(5))
    np.add.at(totals, instant_of[is_total], values[is_total])
    np.add.at(sums, instant_of[is_part], values[is_part])
    np.add.at(totals_known, instant_of, is_total)
    np.add.at(parts_known, instant_of, is_part)
    row_of[instant_of] = once
    tolerances = registers.steps_wh[row_of] * TARIFFS
    whole = (totals_known == 1) & (parts_known == TARIFFS)
    found = whole & (np.abs(totals - sums) > tolerances)
    return _findings(Rule.TARIFF_SUM, registers, row_of[found], [totals[found], sums[found], tolerances[found]])


def register_mismatches(spans: RegisterSpanColumns) -> Findings:
    """Return a finding for each span whose registers and intervals disagree.

    The tolerance is two register steps and the resolution of each interval. A span with missing intervals is not
    judged: the gap is its own finding.
    """
    tolerances_uwh = 2 * spans.steps_wh * UWH_PER_WH + spans.intervals * spans.uwh_per_count
    apart = np.abs(spans.counted_wh * UWH_PER_WH - spans.intervals_uwh) > tolerances_uwh
    found = np.flatnonzero((spans.missing == 0) & (spans.intervals > 0) & apart.astype(np.bool_))
    return Findings.of_rule(
        Rule.REGISTER_MISMATCH,
        meter_ids=spans.meter_ids[found],
        day_ons=spans.day_ons[found],
        slots=None,
        figures=[
            spans.counted_wh[found],
            (spans.intervals_uwh[found] // UWH_PER_WH).astype(np.int64),
            tolerances_uwh[found] // UWH_PER_WH,
            spans.intervals[found],
        ],
    )


def wrong_clocks(registers: RegisterColumns, *, limits: Limits) -> Findings:
    """Return a finding for each register whose instant cannot be right.

    A running register is stamped by the meter's clock when it was heard: it is doubted beyond the limit either way. A
    frozen one is older, but never of the future; and none is of the year 2000, where a clock begins when its battery
    has died. The worst of a meter's day is the finding.
    """
    deviation_s = (registers.taken_at - registers.heard_at) // _SECOND
    off = np.where(registers.is_running, np.abs(deviation_s), deviation_s) > limits.clock_limit_s
    found = np.flatnonzero(off | (registers.taken_at < _YEAR_2001))
    order = found[np.lexsort((-np.abs(deviation_s[found]), registers.day_ons[found], registers.meter_ids[found]))]
    stamps = np.stack([registers.meter_ids[order], registers.day_ons[order].astype(np.int64)], axis=1)
    first = np.sort(np.unique(stamps, axis=0, return_index=True)[1])
    rows = order[first]
    limit_s = np.full(len(rows), limits.clock_limit_s, dtype=np.int64)
    return _findings(Rule.CLOCK_WRONG, registers, rows, [deviation_s[rows], limit_s])


def _findings(rule: Rule, registers: RegisterColumns, rows: Indexes, figures: list[Int64s]) -> Findings:
    return Findings.of_rule(
        rule, meter_ids=registers.meter_ids[rows], day_ons=registers.day_ons[rows], slots=None, figures=figures
    )
