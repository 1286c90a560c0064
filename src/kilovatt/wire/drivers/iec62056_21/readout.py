"""Landis+Gyr by the readout: one long answer, kept for the session, out of which everything is taken.

What was frozen stands behind an asterisk: `1.8.0*12` is the register when the registers were frozen for the 12th time,
and `0.1.0*12` says when that was. Only what was frozen at a midnight that begins a month is taken.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError, ask
from kilovatt.wire.drivers.iec62056_21.talk import Knowledge
from kilovatt.wire.protocols.iec62056_21 import readout
from kilovatt.wire.protocols.iec62056_21 import requests as asking
from kilovatt.wire.protocols.iec62056_21.requests import Readout

_QUANTITIES = {1: Quantity.A_PLUS, 2: Quantity.A_MINUS, 3: Quantity.R_PLUS, 4: Quantity.R_MINUS}
_TARIFF_MAX = 4


class ReadOut:
    """A session with one meter: what it said of itself."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known
        self._said: Answer[Readout] | None = None

    def identity(self) -> Conversation[Learnt]:
        """Take who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        said = yield from self._everything()
        numbers = readout.device_numbers_of(said.value)
        if not numbers:
            raise MeterRefusedError(Outcome.REFUSED, "the readout has no serial number")
        # Of the numbers a meter calls itself by, one is on its face, and an owner may have set the others.
        serial = next(filter(self.known.is_expected, numbers), numbers[0])
        self.known.check_serial(serial)
        identity = Identity(
            serial=serial,
            made_on=None,
            firmware=said.value.identification.type_name,
            variant=None,
            exchange=said.exchange,
        )
        return Learnt(identity=identity)

    def clock(self) -> Conversation[Learnt]:
        """Take the clock. Raises MeterRefusedError where the readout has none."""
        said = yield from self._everything()
        shown = readout.clock_of(said.value)
        if shown is None:
            raise MeterRefusedError(Outcome.REFUSED, "the readout has no clock")
        return Learnt(clock=self.known.clock_shown(shown, said))

    def instant(self) -> Conversation[Learnt]:
        """Take the power, where it is read out."""
        said = yield from self._everything()
        power_w = readout.power_of(said.value)
        if power_w is None:
            return Learnt()
        taken_at = self.known.by_its_clock(said.heard_at)
        return Learnt(instant=InstantValues(taken_at=taken_at, power_w=power_w, exchange=said.exchange))

    def registers_now(self) -> Conversation[Learnt]:
        """Take the running registers."""
        said = yield from self._everything()
        at = self.known.by_its_clock(said.heard_at)
        return Learnt(registers=tuple(self._registers(said, None, RegisterMoment.NOW, at)))

    def months(self, months: Sequence[date]) -> Conversation[Learnt]:
        """Take the registers at those beginnings of months at which they were frozen."""
        said = yield from self._everything()
        readings: tuple[RegisterReading, ...] = ()
        wanted = {month.replace(day=1) for month in months}
        for number, shown in readout.freezes_of(said.value).items():
            if shown.day_on in wanted and (shown.hour, shown.minute, shown.second) == (0, 0, 0):
                begins_at = self.known.midnight(shown.day_on)
                readings += tuple(self._registers(said, number, RegisterMoment.MONTH_START, begins_at))
        return Learnt(registers=readings)

    def _everything(self) -> Conversation[Answer[Readout]]:
        if self._said is None:
            self._said = yield from ask(asking.ReadOut())
        return self._said

    def _registers(
        self, said: Answer[Readout], frozen: int | None, moment: RegisterMoment, at: datetime
    ) -> Iterator[RegisterReading]:
        for one in readout.registers_of(said.value):
            if one.frozen == frozen and one.tariff <= _TARIFF_MAX:
                quantity = _QUANTITIES[one.quantity]
                yield self.known.reading(said, one.energy, moment, at, quantity=quantity, tariff=one.tariff)
