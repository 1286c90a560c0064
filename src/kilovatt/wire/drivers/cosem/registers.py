"""The registers of СПОДЭС meters: running, and as the monthly and daily profiles have kept them."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TypeAlias

from kilovatt.measure.metering.registers import (
    TARIFF_MAX,
    TOTAL_TARIFF,
    AnsweredRegisters,
    Quantity,
    RegisterMoment,
    Registers,
)
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.cosem.profile import Column, read_buffer
from kilovatt.wire.drivers.cosem.talk import REGISTER, VALUE, Talk
from kilovatt.wire.protocols.dlms.obis import Obis

MONTHLY, DAILY = Obis.parse("1.0.98.1.0.255"), Obis.parse("1.0.98.2.0.255")
_GROUPS = {1: Quantity.A_PLUS, 2: Quantity.A_MINUS, 3: Quantity.R_PLUS, 4: Quantity.R_MINUS}
_SINCE_MAKING = 8
_ELECTRICITY = 1
_TARIFFS = range(5)
_SHORTEST_DAY, _SHORTEST_MONTH = timedelta(hours=23), timedelta(days=28)
_Name: TypeAlias = tuple[Quantity, int]


def read_now(talk: Talk) -> Conversation[Learnt]:
    """Read the running registers: the sum and T1..T4 of what the model counts."""
    answered: list[AnsweredRegisters] = []
    for group, quantity in _GROUPS.items():
        if quantity not in talk.model.quantities:
            continue
        scale = yield from talk.scaler_of(_name(group, TOTAL_TARIFF))
        for tariff in _TARIFFS:
            answer = yield from talk.value_of(REGISTER, _name(group, tariff))
            if answer is None or scale is None or not isinstance(answer.value, int) or answer.value < 0:
                continue
            register = AnsweredRegisters(
                names=((quantity, tariff),),
                values=(scale.whole(int(answer.value)),),
                moment=RegisterMoment.NOW,
                taken_at=talk.by_its_clock(answer.heard_at),
                heard_at=answer.heard_at,
                exchange=answer.exchange,
            )
            answered.append(register)
    return Learnt(registers=Registers(answered))


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at 00:00 of local days from the daily profile."""
    return (yield from _read_kept(talk, DAILY, days, RegisterMoment.DAY_START, _SHORTEST_DAY))


def read_months(talk: Talk, months: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at the beginnings of months from the monthly profile."""
    firsts = [month.replace(day=1) for month in months]
    return (yield from _read_kept(talk, MONTHLY, firsts, RegisterMoment.MONTH_START, _SHORTEST_MONTH))


def _read_kept(
    talk: Talk, profile: Obis, days: Sequence[date], moment: RegisterMoment, spacing: timedelta
) -> Conversation[Learnt]:
    wanted = {talk.midnight(day_on) for day_on in days}
    until = max(wanted) + timedelta(hours=1)
    buffer = yield from read_buffer(talk, profile, since=min(wanted), until=until, spacing=spacing)
    if buffer is None:
        return Learnt()
    places = [place for place, at in enumerate(buffer.stamps) if at in wanted]
    told: dict[int, list[tuple[_Name, int]]] = {place: [] for place in places}
    for column in buffer.columns:
        name = _register_of(column)
        if name is None:
            continue
        scale = buffer.scalers.get(column.obis) or (yield from talk.scaler_of(column.obis))
        if scale is None:
            continue
        for place in places:
            value = column.values[place]
            if isinstance(value, int) and value >= 0:
                told[place].append((name, scale.whole(int(value))))
    answer = buffer.answer
    return Learnt(
        registers=Registers(
            AnsweredRegisters(
                names=tuple([name for name, _ in registers]),
                values=tuple([value for _, value in registers]),
                moment=moment,
                taken_at=buffer.stamps[place],
                heard_at=answer.heard_at,
                exchange=answer.exchange,
            )
            for place, registers in told.items()
        )
    )


def _register_of(column: Column) -> _Name | None:
    captured = column.captured
    return _named(captured.obis) if captured.class_id == REGISTER and captured.attribute == VALUE else None


@lru_cache(maxsize=1024)
def _named(obis: Obis) -> _Name | None:
    medium, _, group, kind, tariff, _ = obis
    if medium != _ELECTRICITY or kind != _SINCE_MAKING or group not in _GROUPS or tariff > TARIFF_MAX:
        return None
    return _GROUPS[group], tariff


@cache
def _name(group: int, tariff: int) -> Obis:
    return Obis(bytes((1, 0, group, _SINCE_MAKING, tariff, 255)))
