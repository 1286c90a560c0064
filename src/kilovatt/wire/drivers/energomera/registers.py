"""The registers of Энергомера's meters: running, and as they stood at midnights, by how far these lie back.

Each register has a frame of its own. What a depth means moves on at midnight: near it, depths are left for later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import (
    TOTAL_TARIFF,
    AnsweredRegisters,
    Quantity,
    RegisterMoment,
    Registers,
)
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError
from kilovatt.wire.drivers.energomera.talk import Talk
from kilovatt.wire.drivers.tariff_sums import RUNNING_WITHIN_WH, STORED_WITHIN_WH
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp
from kilovatt.wire.protocols.energomera.requests import (
    UNUSED_COUNT,
    ReadStampedRegister,
    ReadTariffDayRegister,
    ReadTariffRegister,
    ReadTotalDayRegister,
    ReadTotalRegister,
)

_TARIFFS = range(5)
_MONTHS_OF_A_YEAR = 12
_ONE_DAY = timedelta(days=1)
_MIDNIGHT_MARGIN = timedelta(seconds=2)
"""The meter's clock was read to the second, and its answer took its time."""
_YESTERDAYS_END = 1
"""The depth of the registers at today's midnight."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Registers of a midnight, where they stand, and until which midnight they stand there."""

    moment: RegisterMoment
    begins_on: date
    depth: int
    since_on: date
    until_on: date


def read_now(talk: Talk) -> Conversation[Learnt]:
    """Read the running registers: the total and T1..T4."""
    step_wh = yield from talk.step_wh()
    read, within_wh = partial(_read_running, talk, step_wh), RUNNING_WITHIN_WH + _cut_off(step_wh)
    return Learnt(registers=Registers((yield from talk.sums.checked(read, within_wh=within_wh))))


def _read_running(talk: Talk, step_wh: int) -> Conversation[list[AnsweredRegisters]]:
    answered: list[AnsweredRegisters] = []
    for tariff in _TARIFFS:
        answer = yield from _count(talk, tariff, 0)
        if answer is not None:
            taken_at = talk.by_its_clock(answer.heard_at)
            answered += _answered(answer, tariff, step_wh, RegisterMoment.NOW, taken_at)
    return answered


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at 00:00 of local days that the meter still keeps."""
    today = yield from talk.its_today()
    answered: list[AnsweredRegisters] = []
    for day_on in days:
        age = (today - day_on).days
        if 0 <= age < talk.model.day_register_depth_days:
            depth = age + _YESTERDAYS_END
            kept = _Kept(RegisterMoment.DAY_START, day_on, depth, today, today + _ONE_DAY)
            answered += yield from _read_kept(talk, kept)
    return Learnt(registers=Registers(answered))


def read_months(talk: Talk, months: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at the beginnings of months that the meter still keeps.

    Raises MeterRefusedError where the archive says that what it gave is of another month than was meant.
    """
    today = yield from talk.its_today()
    this_month, next_month = today.replace(day=1), _month_after(today)
    answered: list[AnsweredRegisters] = []
    for month in months:
        month_on = month.replace(day=1)
        age = (today.year - month.year) * _MONTHS_OF_A_YEAR + today.month - month.month
        if 0 <= age <= talk.model.month_register_depth_months:
            depth = age + talk.dialect.month_start_depth
            kept = _Kept(RegisterMoment.MONTH_START, month_on, depth, this_month, next_month)
            answered += yield from _read_kept(talk, kept)
    return Learnt(registers=Registers(answered))


def _read_kept(talk: Talk, kept: _Kept) -> Conversation[list[AnsweredRegisters]]:
    step_wh = yield from talk.step_wh()
    read, within_wh = partial(_read_at_depth, talk, kept, step_wh), STORED_WITHIN_WH + _cut_off(step_wh)
    return (yield from talk.sums.checked(read, within_wh=within_wh))


def _cut_off(step_wh: int) -> int:
    """Return how much may be missing from registers that are each cut off at a step [Wh]."""
    return step_wh * len(_TARIFFS)


def _read_at_depth(talk: Talk, kept: _Kept, step_wh: int) -> Conversation[list[AnsweredRegisters]]:
    earliest, latest = talk.midnight(kept.since_on) + _MIDNIGHT_MARGIN, talk.midnight(kept.until_on) - _MIDNIGHT_MARGIN
    answered: list[AnsweredRegisters] = []
    for tariff in _TARIFFS:
        is_day = kept.moment is RegisterMoment.DAY_START
        answer = yield from (_day_count(talk, tariff, kept.depth) if is_day else _month_count(talk, tariff, kept))
        if answer is None:
            continue
        if not earliest <= talk.by_its_clock(answer.heard_at) <= latest:
            return []
        answered += _answered(answer, tariff, step_wh, kept.moment, talk.midnight(kept.begins_on))
    return answered


def _count(talk: Talk, tariff: int, depth: int) -> Conversation[Answer[int] | None]:
    if not talk.dialect.stamped_registers:
        is_total = tariff == TOTAL_TARIFF
        answer = yield from talk.ask_if_known(
            ReadTotalRegister(depth) if is_total else ReadTariffRegister(tariff, depth)
        )
        return answer
    stamped = yield from talk.ask_if_known(ReadStampedRegister(depth, tariff))
    return None if stamped is None else Answer(stamped.value.count, stamped.exchange, stamped.heard_at)


def _day_count(talk: Talk, tariff: int, depth: int) -> Conversation[Answer[int] | None]:
    is_total = tariff == TOTAL_TARIFF
    answer = yield from talk.ask_if_known(
        ReadTotalDayRegister(depth) if is_total else ReadTariffDayRegister(tariff, depth)
    )
    return answer


def _month_count(talk: Talk, tariff: int, kept: _Kept) -> Conversation[Answer[int] | None]:
    if not talk.dialect.stamped_registers:
        answer = yield from _count(talk, tariff, kept.depth)
        return answer
    stamped = yield from talk.ask_if_known(ReadStampedRegister(kept.depth, tariff))
    if stamped is None:
        return None
    ended_on = kept.begins_on - _ONE_DAY
    stamp, wanted = stamped.value.stamp, ArchiveStamp(ended_on.year, ended_on.month, 0)
    if (stamp.year, stamp.month) != (wanted.year, wanted.month):
        message = f"depth {kept.depth} of the archive of months was to be {wanted}, and is {stamp}"
        raise MeterRefusedError(Outcome.REFUSED, message)
    return Answer(stamped.value.count, stamped.exchange, stamped.heard_at)


def _answered(
    answer: Answer[int], tariff: int, step_wh: int, moment: RegisterMoment, taken_at: datetime
) -> list[AnsweredRegisters]:
    if answer.value == UNUSED_COUNT:
        return []
    found = AnsweredRegisters(
        names=((Quantity.A_PLUS, tariff),),
        values=(answer.value * step_wh,),
        moment=moment,
        taken_at=taken_at,
        heard_at=answer.heard_at,
        exchange=answer.exchange,
    )
    return [found]


def _month_after(day_on: date) -> date:
    return (day_on.replace(day=28) + timedelta(days=4)).replace(day=1)
