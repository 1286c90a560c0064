"""Validation: rules that yield findings and never change data."""

from kilovatt.measure.vee.day_rules import UNKNOWN_W, future_slots, gaps, spikes
from kilovatt.measure.vee.findings import (
    FIGURE_COLUMNS,
    FIGURES,
    FINDING_COLUMNS,
    NO_SLOT,
    Finding,
    Findings,
    Rule,
)
from kilovatt.measure.vee.judgement import judge
from kilovatt.measure.vee.limits import LIMITS, Limits, NoLimitsError, limits_on
from kilovatt.measure.vee.register_rules import (
    NO_LIMIT,
    RegisterColumns,
    RegisterSpanColumns,
    negatives,
    register_mismatches,
    tariff_sums,
    wrong_clocks,
)
from kilovatt.measure.vee.spans import spans_between_midnights

__all__ = [
    "FIGURES",
    "FIGURE_COLUMNS",
    "FINDING_COLUMNS",
    "LIMITS",
    "NO_LIMIT",
    "NO_SLOT",
    "UNKNOWN_W",
    "Finding",
    "Findings",
    "Limits",
    "NoLimitsError",
    "RegisterColumns",
    "RegisterSpanColumns",
    "Rule",
    "future_slots",
    "gaps",
    "judge",
    "limits_on",
    "negatives",
    "register_mismatches",
    "spans_between_midnights",
    "spikes",
    "tariff_sums",
    "wrong_clocks",
]
