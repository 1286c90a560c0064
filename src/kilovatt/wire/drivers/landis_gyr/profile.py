"""The load profile of Landis+Gyr meters as meter-days, whatever its columns hold: energies, registers or mean powers.

What is no energy of an interval is made one, exactly: a register by the difference to the row before, which must be one
interval older, a mean power by the length of the interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.cosem.profile import LOAD, Buffer, Column, days_of, read_buffer, read_step
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit, decode_scaler_unit

_GROUPS = range(1, 5)
_ELECTRICITY = 1
_MEAN_POWER, _REGISTER, _OF_INTERVAL = 5, 8, 29
_FORMS = (_OF_INTERVAL, _REGISTER, _MEAN_POWER)
"""Of one quantity in several forms the first counts."""
_DEMAND_CLASS = 5
_SCALER_OF = {_DEMAND_CLASS: 4}
_SCALER = 3
_HOUR_S = 3600
_FINER_MAX = 4


@dataclass(frozen=True, slots=True)
class _Energies:
    scale: ScalerUnit
    values: list[Any]


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read local days of the load profile, all in a row. An interval the meter has no row of is missing, not zero."""
    step = yield from read_step(talk)
    first, end = talk.midnight(days[0]), talk.midnight(days[-1] + timedelta(days=1))
    if not talk.dialect.stamps_end_intervals:
        first, end = first - step, end - step
    # One row before the first as well, from which a register is counted.
    buffer = yield from read_buffer(talk, LOAD, since=first, until=end, with_scalers=False)
    if buffer is None:
        return Learnt()
    return (yield from days_of(talk, days, step, (yield from _in_energies(talk, buffer, step))))


def _in_energies(talk: Talk, buffer: Buffer, step: timedelta) -> Conversation[Buffer]:
    columns: list[Column] = []
    scalers: dict[Obis, ScalerUnit] = {}
    for group in _GROUPS:
        column = _best(buffer, group)
        scale = None if column is None else (yield from _scale(talk, column))
        if column is None or scale is None:
            continue
        energies = _energies(column, scale, buffer.stamps, step)
        if energies is not None:
            name = Obis(bytes((_ELECTRICITY, 0, group, _OF_INTERVAL, 0, 255)))
            columns.append(Column(replace(column.captured, obis=name), energies.values))
            scalers[name] = energies.scale
    return replace(buffer, columns=tuple(columns), scalers=scalers)


def _best(buffer: Buffer, group: int) -> Column | None:
    found = {(column.obis[0], *column.obis[2:5]): column for column in reversed(buffer.columns)}
    wanted = ((_ELECTRICITY, group, form, 0) for form in _FORMS)
    return next((found[name] for name in wanted if name in found), None)


def _scale(talk: Talk, column: Column) -> Conversation[ScalerUnit | None]:
    answer = yield from talk.value_of(column.class_id, column.obis, _SCALER_OF.get(column.class_id, _SCALER))
    return None if answer is None else decode_scaler_unit(answer.value)


def _energies(column: Column, scale: ScalerUnit, stamps: list[datetime], step: timedelta) -> _Energies | None:
    form = column.obis[3]
    if form == _OF_INTERVAL:
        return _Energies(scale, column.values)
    if form == _REGISTER:
        return _Energies(scale, _differences(column.values, stamps, step))
    return _of_mean_power(column.values, scale, int(step.total_seconds()))


def _differences(values: list[Any], stamps: list[datetime], step: timedelta) -> list[Any]:
    def since_before(place: int) -> int | None:
        if place == 0 or stamps[place] - stamps[place - 1] != step:
            return None
        before, now = values[place - 1], values[place]
        return int(now) - int(before) if _is_number(before) and _is_number(now) else None

    return [since_before(place) for place in range(len(values))]


def _of_mean_power(values: list[Any], scale: ScalerUnit, step_s: int) -> _Energies | None:
    """Return energies in parts of the unit's hour so fine that they are whole; None where none are."""
    for finer in range(_FINER_MAX + 1):
        factor, rest = divmod(step_s * 10**finer, _HOUR_S)
        if not rest:
            counted = [int(value) * factor if _is_number(value) else None for value in values]
            return _Energies(replace(scale, scaler=scale.scaler - finer), counted)
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
