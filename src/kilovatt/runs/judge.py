"""Judge a partition: meter-days and registers in, findings out."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from kilovatt.measure.metering.matrices import DAY
from kilovatt.measure.vee import FIGURE_COLUMNS, Finding, Findings, Limits, judge
from kilovatt.runs.columns import FINDINGS
from kilovatt.runs.partitions import connections_of, effective_matrix, register_columns


def judge_partition(
    days: pl.DataFrame,
    registers: pl.DataFrame,
    meters: pl.DataFrame,
    *,
    zone_name: str,
    limits: Limits,
    since_on: date | None = None,
) -> pl.DataFrame:
    """Return the findings (rows of FINDINGS) of all rules over one partition.

    `days` are rows of METER_DAYS as they were heard, `registers` of REGISTERS, `meters` of METERS; all meters have
    their local time in `zone_name`. The days before `since_on` are only what the others are compared with: nothing is
    found on them. Raises UnknownMetersError for a row whose meter is not in `meters`.
    """
    matrix = effective_matrix(days)
    columns = register_columns(registers, meters, zone_name=zone_name)
    findings = judge(matrix, columns, connection_w=connections_of(matrix, meters), limits=limits)
    frame = rows_of_findings(findings)
    return frame if since_on is None else frame.filter(pl.col("day_on") >= since_on)


def rows_of_findings(findings: Findings) -> pl.DataFrame:
    """Return findings as rows of FINDINGS."""
    figures = {f"figure_{number + 1}": findings.figures[:, number] for number in range(FIGURE_COLUMNS)}
    columns = {
        "rule": findings.rules,
        "meter_id": findings.meter_ids,
        "day_on": findings.day_ons.astype(DAY),
        "slot": findings.slots,
        **figures,
    }
    return pl.DataFrame(columns).cast(FINDINGS)


def findings_of(rows: pl.DataFrame) -> Iterator[Finding]:
    """Yield rows of FINDINGS as values."""
    figures = [rows[f"figure_{number + 1}"].to_numpy().astype(np.int64) for number in range(FIGURE_COLUMNS)]
    yield from Findings(
        rules=np.array(rows["rule"].to_list(), dtype=np.str_),
        meter_ids=rows["meter_id"].to_numpy().astype(np.int64),
        day_ons=rows["day_on"].to_numpy().astype(DAY),
        slots=rows["slot"].to_numpy().astype(np.int64),
        figures=np.stack(figures, axis=1),
    )
