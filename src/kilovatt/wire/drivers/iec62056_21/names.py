"""Энергомера by the names of parameters: SNUMB, TIME_ and DATE_, ET0PE now, ENMPE at ends of months.

That ENMPE holds registers, and of which end, is proved by a capture: with the energy of the month since then (ECMPE)
it gives the running registers (ET0PE). A meter that does not know a name brings nothing of it.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterRefusedError,
    ask,
    ask_or_refusal,
    refused,
)
from kilovatt.wire.drivers.iec62056_21.talk import THOUSANDTHS, Knowledge, month_before
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.iec62056_21 import names
from kilovatt.wire.protocols.iec62056_21.datasets import floored
from kilovatt.wire.protocols.iec62056_21.errors import refusal_in
from kilovatt.wire.protocols.iec62056_21.requests import Break, ReadGroup, ReadParameter

_TARIFFS = 5
_MIDNIGHT_MARGIN = timedelta(seconds=10)
_FIRST = 1
_EACH_PHASE = {1: 0b1, 3: 0b111}
_POWER_OF_ALL = 1 << names.POWER_PLACE - 1
_Texts = Answer[tuple[str, ...]]


class NamedTalk:
    """A session with one meter in its programming mode."""

    def __init__(self, known: Knowledge) -> None:
        assert isinstance(known.dialect, EnergomeraIecDialect), "it is asked by names"
        self.known = known
        self._dialect = known.dialect

    def read(self, name: str, argument: str = "") -> Conversation[_Texts | None]:
        """Ask, and return the values, None where the meter has none. Raises MeterRefusedError for other refusals."""
        request = ReadParameter(name, argument)
        answer = yield from ask_or_refusal(request)
        if not isinstance(answer.value, Refusal):
            return Answer(answer.value, answer.exchange, answer.heard_at)
        if answer.value.reason is not RefusalReason.UNKNOWN_REQUEST:
            raise refused(request, answer.value)
        return None

    def needed(self, name: str) -> Conversation[_Texts]:
        """Ask for what every meter has. Raises MeterRefusedError where it does not."""
        answer = yield from self.read(name)
        if answer is None:
            raise MeterRefusedError(Outcome.REFUSED, f"the meter does not know {name}")
        return answer

    def identity(self) -> Conversation[Learnt]:
        """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        answer = yield from self.needed(names.SERIAL)
        serial = answer.value[0]
        if not self.known.is_expected(serial):
            # Its session would hear what is meant for the next meter.
            yield from ask(Break())
        self.known.check_serial(serial)
        identity = Identity(serial=serial, made_on=None, firmware=None, variant=None, exchange=answer.exchange)
        return Learnt(identity=identity)

    def clock(self) -> Conversation[Learnt]:
        """Read the clock; the day and the time are two questions, and the day is asked for anew after a midnight."""
        days = yield from self.needed(names.DATE)
        times = yield from self.needed(names.TIME)
        shown = names.shown_at(days.value[0], times.value[0])
        if (shown.hour, shown.minute) == (0, 0):
            days = yield from self.needed(names.DATE)
            shown = names.shown_at(days.value[0], times.value[0])
        return Learnt(clock=self.known.clock_shown(shown, times))

    def instant(self) -> Conversation[Learnt]:
        """Read voltages, currents, power and frequency, one by one or as a group."""
        if self._dialect.group_reads:
            return (yield from self._instant_as_a_group())
        volts = yield from self.read(names.VOLTAGE)
        amperes = yield from self.read(names.CURRENT)
        power = yield from self.read(names.POWER)
        hertz = yield from self.read(names.FREQUENCY)
        shown = volts or amperes or power or hertz
        if shown is None:
            return Learnt()
        texts = [() if answer is None else answer.value for answer in (volts, amperes, power, hertz)]
        return self._instant(shown, *texts)

    def _instant_as_a_group(self) -> Conversation[Learnt]:
        phases = _EACH_PHASE[self.known.model.phases]
        request = ReadGroup(
            (
                (names.VOLTAGE_NUMBER, phases),
                (names.CURRENT_NUMBER, phases),
                (names.POWER_NUMBER, _POWER_OF_ALL),
                (names.FREQUENCY_NUMBER, _FIRST),
            )
        )
        answer = yield from ask(request)
        texts = [() if any(map(refusal_in, one.values)) else one.values for one in answer.value]
        return self._instant(answer, *texts)

    def _instant(
        self,
        shown: Answer[Any],
        volts: tuple[str, ...],
        amperes: tuple[str, ...],
        power: tuple[str, ...],
        hertz: tuple[str, ...],
    ) -> Learnt:
        return Learnt(
            instant=InstantValues(
                taken_at=self.known.by_its_clock(shown.heard_at),
                power_w=floored(power[0], THOUSANDTHS) if power else None,
                voltages_mv=_thousandths(volts),
                currents_ma=_thousandths(amperes),
                frequency_mhz=floored(hertz[0], THOUSANDTHS) if hertz else None,
                exchange=shown.exchange,
            )
        )

    def registers_now(self) -> Conversation[Learnt]:
        """Read the running registers: the total and T1..T4."""
        answer = yield from self.needed(names.ENERGY)
        at = self.known.by_its_clock(answer.heard_at)
        return Learnt(registers=self._registers(answer, RegisterMoment.NOW, at))

    def months(self, months: Sequence[date]) -> Conversation[Learnt]:
        """Read the registers at the beginnings of months that the meter still keeps."""
        if self.known.clock is None:
            yield from self.clock()
        assert self.known.clock is not None
        readings: tuple[RegisterReading, ...] = ()
        for month in months:
            if not self.known.keeps(month, self.known.clock.heard_at):
                continue
            answer = yield from self._at_its_beginning(month)
            begins_at = self.known.midnight(month.replace(day=1))
            if answer is None or self.known.by_its_clock(answer.heard_at) < begins_at + _MIDNIGHT_MARGIN:
                continue
            readings += self._registers(answer, RegisterMoment.MONTH_START, begins_at)
        return Learnt(registers=readings)

    def _registers(self, answer: _Texts, moment: RegisterMoment, at: datetime) -> tuple[RegisterReading, ...]:
        return tuple(
            self.known.reading(answer, floored(text, THOUSANDTHS), moment, at, tariff=tariff)
            for tariff, text in enumerate(answer.value[:_TARIFFS])
        )

    def _at_its_beginning(self, month: date) -> Conversation[_Texts | None]:
        """Read the registers at the end of the month before, by its name or by how far that lies back."""
        if not self._dialect.months_by_depth:
            return (yield from self.read(names.MONTH_END, names.month_argument(month_before(month))))
        assert self.known.clock is not None
        asked_at = self.known.clock.heard_at
        back = self.known.months_since(month, asked_at) + 1
        answer = yield from self.read(names.months_back_name(back))
        # What lies so far back is another month's as soon as a month ends.
        if answer is None or self.known.months_since(month, answer.heard_at + _MIDNIGHT_MARGIN) + 1 != back:
            return None
        return answer


def _thousandths(texts: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(floored(text, THOUSANDTHS) for text in texts)
