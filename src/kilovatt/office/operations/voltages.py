"""The voltages of a meter over the last days, phase by phase, for a small picture, and how often they were off limits.

What was sampled is shown and nothing between: a gap in the readings is a gap in the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from kilovatt.office.operations import history
from kilovatt.office.operations.evidence import FrameKey
from kilovatt.office.operations.history import StoredSample

DAYS_SHOWN = 3
NOMINAL_MV = 230_000
"""The standard voltage of a phase (ГОСТ 29322-2014, table 1) where nothing else was agreed."""
_LIMIT_PERCENT = 10
"""By so much it may be off the agreed voltage either way (ГОСТ 32144-2013, 4.2.2)."""


@dataclass(frozen=True, slots=True)
class VoltagePoint:
    """The voltage of a phase at an instant; `is_off` is beyond the limits, `frame` leads to what carried it."""

    taken_at: datetime
    voltage_mv: int
    is_off: bool
    frame: FrameKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseVoltages:
    """One phase, numbered from 1: its points by instant, never none, the lowest and the highest."""

    phase: int
    points: tuple[VoltagePoint, ...]
    lowest: VoltagePoint
    highest: VoltagePoint

    @property
    def off(self) -> int:
        """How many of its points are beyond the limits."""
        return sum(point.is_off for point in self.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltagePicture:
    """What a picture needs: the time [since, until] and the limits [mV] that it spans, and the phases that were heard.

    `gap_after`: two points further apart are not to be joined by a line.
    """

    since: datetime
    until: datetime
    limit_low_mv: int
    limit_high_mv: int
    gap_after: timedelta
    phases: tuple[PhaseVoltages, ...]


def voltages(meter_id: int, *, now: datetime, days: int = DAYS_SHOWN, nominal_mv: int = NOMINAL_MV) -> VoltagePicture:
    """Return the voltages of a meter over the last days; no phases where none were heard.

    `nominal_mv`: the agreed voltage, from which the limits are counted.
    """
    since = now - timedelta(days=days)
    off_by_mv = nominal_mv * _LIMIT_PERCENT // 100
    low_mv, high_mv = nominal_mv - off_by_mv, nominal_mv + off_by_mv
    heard = history.samples([meter_id], since=since, until=now)
    count = max((len(sample.values.voltages_mv) for sample in heard), default=0)
    return VoltagePicture(
        since=since,
        until=now,
        limit_low_mv=low_mv,
        limit_high_mv=high_mv,
        gap_after=_gap_after(heard),
        phases=tuple(_phase(heard, phase, low_mv, high_mv) for phase in range(1, count + 1)),
    )


def _phase(heard: Sequence[StoredSample], phase: int, low_mv: int, high_mv: int) -> PhaseVoltages:
    points = tuple(
        VoltagePoint(
            taken_at=sample.values.taken_at,
            voltage_mv=sample.values.voltages_mv[phase - 1],
            is_off=not low_mv <= sample.values.voltages_mv[phase - 1] <= high_mv,
            frame=FrameKey(sample.session_id, sample.values.exchange),
        )
        for sample in heard
        if len(sample.values.voltages_mv) >= phase
    )
    by_voltage = sorted(points, key=lambda point: point.voltage_mv)
    return PhaseVoltages(phase=phase, points=points, lowest=by_voltage[0], highest=by_voltage[-1])


def _gap_after(heard: Sequence[StoredSample]) -> timedelta:
    """Half as long again as two samples in turn mostly lie apart."""
    instants = [sample.values.taken_at for sample in heard if sample.values.voltages_mv]
    apart = sorted(after - before for before, after in pairwise(instants))
    return apart[len(apart) // 2] * 3 / 2 if apart else timedelta(0)
