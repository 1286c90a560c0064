"""The registers of НЗиФ: running, and as they stood at midnights. Each tariff is asked by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from kilovatt.measure.metering.registers import AnsweredRegisters, Quantity, RegisterMoment, Registers
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation
from kilovatt.wire.drivers.nzif.talk import Talk, ask, ask_if_there
from kilovatt.wire.drivers.tariff_sums import RUNNING_WITHIN_WH, STORED_WITHIN_WH
from kilovatt.wire.protocols.nzif.energy import (
    Beginning,
    EnergyArray,
    EnergyCounts,
    EnergyPeriod,
    ReadEnergy,
    ReadStored,
    StoredArray,
)

_TARIFFS = range(5)
_QUANTITIES = (Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS, Quantity.R_MINUS)
_MONTHS_OF_A_YEAR = 12
_UWH_PER_WH = 1_000_000
_MIDNIGHT_MARGIN = timedelta(seconds=2)
"""The meter's clock was read to the second, and its answer took its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A place in the archives, what it holds, and until which local midnight it does."""

    beginning: Beginning
    begins_on: date
    until_on: date
    moment: RegisterMoment


def read_now(talk: Talk) -> Conversation[Learnt]:
    """Read the running registers: the sum and T1..T4."""
    uwh_per_count = yield from talk.uwh_per_count()
    read = partial(_read_running, talk, uwh_per_count)
    answered = yield from talk.sums.checked(read, within_wh=RUNNING_WITHIN_WH)
    return Learnt(registers=Registers(answered))


def _read_running(talk: Talk, uwh_per_count: int) -> Conversation[list[AnsweredRegisters]]:
    answered: list[AnsweredRegisters] = []
    for tariff in _TARIFFS:
        answer = yield from ask(ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), tariff))
        answered.append(
            _answered(
                talk,
                answer,
                uwh_per_count=uwh_per_count,
                tariff=tariff,
                moment=RegisterMoment.NOW,
                taken_at=talk.by_its_clock(answer.heard_at),
            )
        )
    return answered


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at 00:00 of local days that the meter still keeps.

    The archive knows a day by its number in the month alone: what it holds under a number is the latest such day.
    """
    today = yield from _today(talk)
    wanted = [
        _Wanted(
            beginning=Beginning(StoredArray.DAY_START, day_on.day),
            begins_on=day_on,
            until_on=_same_number_again(day_on),
            moment=RegisterMoment.DAY_START,
        )
        for day_on in days
        if 0 <= (today - day_on).days <= talk.model.day_register_depth_days and today < _same_number_again(day_on)
    ]
    return (yield from _read(talk, wanted))


def read_months(talk: Talk, months: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at the beginnings of months that the meter still keeps."""
    today = yield from _today(talk)
    wanted = []
    for month in months:
        month_on = month.replace(day=1)
        age = (today.year - month_on.year) * _MONTHS_OF_A_YEAR + today.month - month_on.month
        if 0 <= age <= min(talk.model.month_register_depth_months, _MONTHS_OF_A_YEAR - 1):
            wanted.append(
                _Wanted(
                    beginning=Beginning(StoredArray.MONTH_START, month_on.month),
                    begins_on=month_on,
                    until_on=month_on.replace(year=month_on.year + 1),
                    moment=RegisterMoment.MONTH_START,
                )
            )
    return (yield from _read(talk, wanted))


def _today(talk: Talk) -> Conversation[date]:
    now_at = yield from talk.its_time()
    return now_at.astimezone(talk.meter.zone).date()


def _same_number_again(day_on: date) -> date:
    """Return the next day with the same number in its month."""
    year, month = day_on.year, day_on.month
    while True:
        year, month = (year, month + 1) if month < _MONTHS_OF_A_YEAR else (year + 1, 1)
        try:
            return date(year, month, day_on.day)
        except ValueError:
            # February has no 30th, June no 31st: the number waits for a longer month.
            continue


def _read(talk: Talk, wanted: Sequence[_Wanted]) -> Conversation[Learnt]:
    uwh_per_count = (yield from talk.uwh_per_count()) if wanted else 0
    answered: list[AnsweredRegisters] = []
    for it in wanted:
        read = partial(_read_beginning, talk, it, uwh_per_count)
        answered += yield from talk.sums.checked(read, within_wh=STORED_WITHIN_WH)
    return Learnt(registers=Registers(answered))


def _read_beginning(talk: Talk, wanted: _Wanted, uwh_per_count: int) -> Conversation[list[AnsweredRegisters]]:
    """Read the registers of a beginning; nothing near the midnights at which its place changes its meaning."""
    earliest = talk.midnight(wanted.begins_on) + _MIDNIGHT_MARGIN
    latest = talk.midnight(wanted.until_on) - _MIDNIGHT_MARGIN
    answered: list[AnsweredRegisters] = []
    for tariff in _TARIFFS:
        answer = yield from ask_if_there(ReadStored(wanted.beginning, tariff))
        if answer is None or not earliest <= talk.by_its_clock(answer.heard_at) <= latest:
            return []
        answered.append(
            _answered(
                talk,
                answer,
                uwh_per_count=uwh_per_count,
                tariff=tariff,
                moment=wanted.moment,
                taken_at=talk.midnight(wanted.begins_on),
            )
        )
    return answered


def _answered(
    talk: Talk,
    answer: Answer[EnergyCounts],
    *,
    uwh_per_count: int,
    tariff: int,
    moment: RegisterMoment,
    taken_at: datetime,
) -> AnsweredRegisters:
    it, measured = answer.value, talk.model.quantities
    told = zip(_QUANTITIES, (it.a_plus, it.a_minus, it.r_plus, it.r_minus), strict=True)
    counted = [(quantity, count) for quantity, count in told if count is not None and quantity in measured]
    return AnsweredRegisters(
        names=tuple([(quantity, tariff) for quantity, _ in counted]),
        values=tuple([count * uwh_per_count // _UWH_PER_WH for _, count in counted]),
        moment=moment,
        taken_at=taken_at,
        heard_at=answer.heard_at,
        exchange=answer.exchange,
    )
