"""The registers of Mercury V2: running, and as they stood at midnights.

Each tariff is asked by itself, so that each register has a frame of its own: five short answers of 19 bytes take
about as long as the one of 83 that has them all, and one lost byte costs a fifth.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial

from kilovatt.measure.metering.registers import AnsweredRegisters, Quantity, RegisterMoment, Registers
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, ask
from kilovatt.wire.drivers.mercury_v2.talk import Talk, ask_if_known
from kilovatt.wire.drivers.tariff_sums import RUNNING_WITHIN_WH, STORED_WITHIN_WH
from kilovatt.wire.protocols.mercury_v2.energy import (
    EnergyArray,
    EnergyPeriod,
    EnergyTotals,
    ReadEnergy,
    ReadStoredEnergy,
    StoredMoment,
)

_TARIFFS = range(5)
_QUANTITIES = (Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS, Quantity.R_MINUS)
_NAMES = tuple([(quantity, tariff) for quantity in _QUANTITIES] for tariff in _TARIFFS)
_MONTHS_OF_A_YEAR = 12
_ONE_DAY = timedelta(days=1)
_MIDNIGHT_MARGIN = timedelta(seconds=2)
"""The meter's clock was read to the second, and its answer took its time."""


def read_now(talk: Talk) -> Conversation[Learnt]:
    """Read the running registers: the sum and T1..T4."""
    answered = yield from talk.sums.checked(partial(_read_running, talk), within_wh=RUNNING_WITHIN_WH)
    return Learnt(registers=Registers(answered))


def _read_running(talk: Talk) -> Conversation[list[AnsweredRegisters]]:
    answered: list[AnsweredRegisters] = []
    for tariff, request in enumerate(_of_tariffs(EnergyArray.SINCE_RESET)):
        answer = yield from ask(request)
        answered.append(_answered(talk, answer, tariff, RegisterMoment.NOW, talk.by_its_clock(answer.heard_at)))
    return answered


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at 00:00 of local days that the meter still keeps: today, yesterday, and more where it can.

    What means today and yesterday moves on at midnight: near it they are left for later.
    """
    now_at = yield from talk.its_time()
    keeps_days = yield from talk.is_newer()
    today = now_at.astimezone(talk.meter.zone).date()
    answered: list[AnsweredRegisters] = []
    for day_on in days:
        age = (today - day_on).days
        if age in (0, 1):
            array = EnergyArray.AT_START_OF_YESTERDAY if age else EnergyArray.AT_START_OF_DAY
            read = partial(_read_moving, talk, array, day_on, RegisterMoment.DAY_START)
            answered += yield from talk.sums.checked(read, within_wh=STORED_WITHIN_WH)
        elif keeps_days and 1 < age <= talk.model.day_register_depth_days:
            read = partial(_read_stored, talk, StoredMoment.DAY, day_on, RegisterMoment.DAY_START)
            answered += yield from talk.sums.checked(read, within_wh=STORED_WITHIN_WH)
    return Learnt(registers=Registers(answered))


def read_months(talk: Talk, months: Sequence[date]) -> Conversation[Learnt]:
    """Read the registers at the beginnings of months that the meter still keeps."""
    now_at = yield from talk.its_time()
    keeps_months = yield from talk.is_newer()
    today = now_at.astimezone(talk.meter.zone).date()
    answered: list[AnsweredRegisters] = []
    for month in months:
        month_on = month.replace(day=1)
        age = (today.year - month_on.year) * _MONTHS_OF_A_YEAR + today.month - month_on.month
        if not 0 <= age <= talk.model.month_register_depth_months:
            continue
        if age < _MONTHS_OF_A_YEAR:
            array = EnergyArray.AT_START_OF_MONTH
            read = partial(_read_moving, talk, array, month_on, RegisterMoment.MONTH_START)
            answered += yield from talk.sums.checked(read, within_wh=STORED_WITHIN_WH)
        elif keeps_months:
            read = partial(_read_stored, talk, StoredMoment.MONTH, month_on, RegisterMoment.MONTH_START)
            answered += yield from talk.sums.checked(read, within_wh=STORED_WITHIN_WH)
    return Learnt(registers=Registers(answered))


def _read_moving(
    talk: Talk, array: EnergyArray, begins_on: date, moment: RegisterMoment
) -> Conversation[list[AnsweredRegisters]]:
    """Read an array whose meaning moves on with the calendar; nothing near the midnights at which it does."""
    month = begins_on.month if array is EnergyArray.AT_START_OF_MONTH else None
    since_on, until_on = _means_it(array, begins_on)
    # By our clock, since that is by which answers are heard.
    earliest = talk.midnight(since_on) + _MIDNIGHT_MARGIN - talk.deviation
    latest = talk.midnight(until_on) - _MIDNIGHT_MARGIN - talk.deviation
    begins_at = talk.midnight(begins_on)
    answered: list[AnsweredRegisters] = []
    for tariff, request in enumerate(_of_tariffs(array, month)):
        answer = yield from ask(request)
        if not earliest <= answer.heard_at <= latest:
            return []
        answered.append(_answered(talk, answer, tariff, moment, begins_at))
    return answered


@cache
def _of_tariffs(array: EnergyArray, month: int | None = None) -> tuple[ReadEnergy, ...]:
    period = EnergyPeriod(array, month)
    return tuple(ReadEnergy(period, tariff) for tariff in _TARIFFS)


def _means_it(array: EnergyArray, begins_on: date) -> tuple[date, date]:
    """Return from which midnight until which other an array holds the registers at the beginning of a day."""
    if array is EnergyArray.AT_START_OF_MONTH:
        return begins_on, begins_on.replace(year=begins_on.year + 1)
    since_on = begins_on + _ONE_DAY if array is EnergyArray.AT_START_OF_YESTERDAY else begins_on
    return since_on, since_on + _ONE_DAY


def _read_stored(
    talk: Talk, stored: StoredMoment, begins_on: date, moment: RegisterMoment
) -> Conversation[list[AnsweredRegisters]]:
    answered: list[AnsweredRegisters] = []
    for tariff in _TARIFFS:
        answer = yield from ask_if_known(ReadStoredEnergy(stored, begins_on, tariff))
        if answer is None:
            # It does not keep that day, or has no such arrays after all.
            return []
        answered.append(_answered(talk, answer, tariff, moment, talk.midnight(begins_on)))
    return answered


def _answered(
    talk: Talk, answer: Answer[EnergyTotals], tariff: int, moment: RegisterMoment, taken_at: datetime
) -> AnsweredRegisters:
    it, measured = answer.value, talk.model.quantities
    told = zip(_NAMES[tariff], (it.a_plus_wh, it.a_minus_wh, it.r_plus_varh, it.r_minus_varh), strict=True)
    counted = [(name, value) for name, value in told if value is not None and name[0] in measured]
    return AnsweredRegisters(
        names=tuple([name for name, _ in counted]),
        values=tuple([value for _, value in counted]),
        moment=moment,
        taken_at=taken_at,
        heard_at=answer.heard_at,
        exchange=answer.exchange,
    )
