"""Энергомера by the names of parameters: SNUMB, TIME_ and DATE_, ET0PE now, ENMPE at ends of months.

That ENMPE holds registers, and of which end, is proved by a capture: with the energy of the month since then (ECMPE)
it gives the running registers (ET0PE). A meter that does not know a name brings nothing of it.
"""

import re
from collections.abc import Sequence
from datetime import date, time, timedelta

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterRefusedError,
    ask_or_refusal,
    refused,
)
from kilovatt.wire.drivers.iec62056_21_talk import THOUSANDTHS, Knowledge, month_before, wall_time
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import CENTURY
from kilovatt.wire.protocols.iec62056_21.datasets import floored
from kilovatt.wire.protocols.iec62056_21.requests import ReadParameter

_TARIFFS = 5
_DATE = re.compile(r"(?:\d{1,2}\.)?(\d{2})\.(\d{2})\.(\d{2})")
_MIDNIGHT_MARGIN = timedelta(seconds=10)
_Texts = Answer[tuple[str, ...]]


class NamedTalk:
    """A session with one meter in its programming mode."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known

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
        answer = yield from self.needed("SNUMB")
        serial = answer.value[0]
        self.known.check_serial(serial)
        identity = Identity(serial=serial, made_on=None, firmware=None, variant=None, exchange=answer.exchange)
        return Learnt(identity=identity)

    def clock(self) -> Conversation[Learnt]:
        """Read the clock; the day and the time are two questions, and the day is asked for anew after a midnight."""
        days = yield from self.needed("DATE_")
        times = yield from self.needed("TIME_")
        at = time.fromisoformat(times.value[0])
        if at < time(0, 1):
            days = yield from self.needed("DATE_")
        found = _DATE.fullmatch(days.value[0])
        if found is None:
            raise ValueError(f"no date: {days.value[0]!r}")
        day, month, year = map(int, found.groups())
        return Learnt(clock=self.known.clock_shown(wall_time(CENTURY + year, (month, day), at), times))

    def instant(self) -> Conversation[Learnt]:
        """Read voltages, currents and power."""
        volts = yield from self.read("VOLTA")
        amperes = yield from self.read("CURRE")
        power = yield from self.read("POWEP")
        shown = volts or amperes or power
        if shown is None:
            return Learnt()
        return Learnt(
            instant=InstantValues(
                taken_at=self.known.by_its_clock(shown.heard_at),
                power_w=None if power is None else floored(power.value[0], THOUSANDTHS),
                voltages_mv=() if volts is None else _thousandths(volts.value),
                currents_ma=() if amperes is None else _thousandths(amperes.value),
                exchange=shown.exchange,
            )
        )

    def registers_now(self) -> Conversation[Learnt]:
        """Read the running registers: the total and T1..T4."""
        answer = yield from self.needed("ET0PE")
        at = self.known.by_its_clock(answer.heard_at)
        return Learnt(
            registers=tuple(
                self.known.reading(answer, text, RegisterMoment.NOW, at, tariff=tariff)
                for tariff, text in enumerate(answer.value[:_TARIFFS])
            )
        )

    def months(self, months: Sequence[date]) -> Conversation[Learnt]:
        """Read the registers at the beginnings of months that the meter still keeps."""
        if self.known.clock is None:
            yield from self.clock()
        assert self.known.clock is not None
        readings: tuple[RegisterReading, ...] = ()
        for month in months:
            if not self.known.keeps(month, self.known.clock.heard_at):
                continue
            answer = yield from self.read("ENMPE", f"{month_before(month):%m.%y}")
            begins_at = self.known.midnight(month.replace(day=1))
            if answer is None or self.known.by_its_clock(answer.heard_at) < begins_at + _MIDNIGHT_MARGIN:
                continue
            readings += tuple(
                self.known.reading(answer, text, RegisterMoment.MONTH_START, begins_at, tariff=tariff)
                for tariff, text in enumerate(answer.value[:_TARIFFS])
            )
        return Learnt(registers=readings)


def _thousandths(texts: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(floored(text, THOUSANDTHS) for text in texts)
