"""The registers of СПОДЭС meters: running, and as the monthly and daily profiles have kept them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation
from kilovatt.wire.drivers.cosem.profile import Buffer, Column, read_buffer
from kilovatt.wire.drivers.cosem.talk import REGISTER, VALUE, Talk
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit

MONTHLY, DAILY = Obis.parse("1.0.98.1.0.255"), Obis.parse("1.0.98.2.0.255")
_GROUPS = {1: Quantity.A_PLUS, 2: Quantity.A_MINUS, 3: Quantity.R_PLUS, 4: Quantity.R_MINUS}
_SINCE_MAKING = 8
_TARIFFS = range(5)
_TARIFF_MAX = 8


@dataclass(frozen=True, slots=True)
class _Register:
    quantity: Quantity
    tariff: int
    scale: ScalerUnit

    def reading(self, value: int, moment: RegisterMoment, taken_at: datetime, answer: Answer[Any]) -> RegisterReading:
        return RegisterReading(
            quantity=self.quantity,
            tariff=self.tariff,
            value=self.scale.whole(int(value)),
            moment=moment,
            taken_at=taken_at,
            heard_at=answer.heard_at,
            exchange=answer.exchange,
        )


def read_now(talk: Talk) -> Conversation[Learnt]:
    """Read the running registers: the sum and T1..T4 of what the model counts."""
    readings: list[RegisterReading] = []
    for group, quantity in _GROUPS.items():
        if quantity not in talk.model.quantities:
            continue
        scale = yield from talk.scaler_of(_name(group, TOTAL_TARIFF))
        for tariff in _TARIFFS:
            answer = yield from talk.value_of(REGISTER, _name(group, tariff))
            if answer is None or scale is None or not isinstance(answer.value, int) or answer.value < 0:
                continue
            taken_at = talk.by_its_clock(answer.heard_at)
            register = _Register(quantity, tariff, scale)
            readings.append(register.reading(answer.value, RegisterMoment.NOW, taken_at, answer))
    return Learnt(registers=tuple(readings))


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at 00:00 of local days from the daily profile."""
    return (yield from _read_kept(talk, DAILY, days, RegisterMoment.DAY_START))


def read_months(talk: Talk, months: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at the beginnings of months from the monthly profile."""
    firsts = [month.replace(day=1) for month in months]
    return (yield from _read_kept(talk, MONTHLY, firsts, RegisterMoment.MONTH_START))


def _read_kept(talk: Talk, profile: Obis, days: Sequence[date], moment: RegisterMoment) -> Conversation[Learnt]:
    wanted = {talk.midnight(day_on) for day_on in days}
    buffer = yield from read_buffer(talk, profile, since=min(wanted), until=max(wanted) + timedelta(hours=1))
    if buffer is None:
        return Learnt()
    readings: list[RegisterReading] = []
    for column in buffer.columns:
        register = yield from _register_of(talk, buffer, column)
        if register is None:
            continue
        for at, value in zip(buffer.stamps, column.values, strict=True):
            if at in wanted and isinstance(value, int) and value >= 0:
                readings.append(register.reading(value, moment, at, buffer.answer))
    return Learnt(registers=tuple(readings))


def _register_of(talk: Talk, buffer: Buffer, column: Column) -> Conversation[_Register | None]:
    medium, _, group, kind, tariff, _ = column.obis
    is_register = column.class_id == REGISTER and column.attribute == VALUE and medium == 1
    if not is_register or kind != _SINCE_MAKING or group not in _GROUPS or tariff > _TARIFF_MAX:
        return None
    scale = buffer.scalers.get(column.obis) or (yield from talk.scaler_of(column.obis))
    return None if scale is None else _Register(_GROUPS[group], tariff, scale)


def _name(group: int, tariff: int) -> Obis:
    return Obis(bytes((1, 0, group, _SINCE_MAKING, tariff, 255)))
