"""All rules over what is known of some meters: the same for one account's page and for the night's partition."""

from kilovatt.measure.metering.matrices import Int64s, MeterDayMatrix
from kilovatt.measure.vee.day_rules import future_slots, gaps, spikes
from kilovatt.measure.vee.findings import Findings
from kilovatt.measure.vee.limits import Limits
from kilovatt.measure.vee.register_rules import (
    RegisterColumns,
    negatives,
    register_mismatches,
    tariff_sums,
    wrong_clocks,
)
from kilovatt.measure.vee.spans import spans_between_midnights


def judge(matrix: MeterDayMatrix, registers: RegisterColumns, *, connection_w: Int64s, limits: Limits) -> Findings:
    """Return the findings of every rule, rule by rule.

    `matrix` holds effective days, each meter's date once; `connection_w` [W], shape of its rows, is the agreed power at
    the meter's terminals, or UNKNOWN_W. Nothing is changed, and the order of rows does not matter.
    """
    return Findings.together(
        [
            gaps(matrix),
            future_slots(matrix, limits=limits),
            spikes(matrix, connection_w=connection_w, limits=limits),
            negatives(registers),
            tariff_sums(registers),
            register_mismatches(spans_between_midnights(registers, matrix)),
            wrong_clocks(registers, limits=limits),
        ]
    )
