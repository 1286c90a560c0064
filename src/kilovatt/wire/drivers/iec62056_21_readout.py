"""Landis+Gyr by the readout: one long answer, kept for the session, out of which everything is taken.

History stands behind an asterisk: `1.8.0*12` is the register at the reset 12, and `0.1.0*12` says when that was. Only
resets at a midnight that begins a month are taken.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import Identity, Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError, ask
from kilovatt.wire.drivers.iec62056_21_talk import Knowledge, wall_time
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime
from kilovatt.wire.protocols.iec62056_21.datasets import value_and_unit
from kilovatt.wire.protocols.iec62056_21.requests import ReadOut as ReadItOut
from kilovatt.wire.protocols.iec62056_21.requests import Readout

_QUANTITIES = {"1": Quantity.A_PLUS, "2": Quantity.A_MINUS, "3": Quantity.R_PLUS, "4": Quantity.R_MINUS}
_REGISTER = re.compile(r"(?:1-1:)?([1-4])\.8\.([0-4])(?:[*&](\d{1,2}))?")
_RESET = re.compile(r"(?:1-1:)?0\.1\.0[*&](\d{1,2})")
_DAY = re.compile(r"(\d{2}|\d{4})-(\d{2})-(\d{2})")
_STAMP = re.compile(r"(\d{2,4}-\d{2}-\d{2})[ ,](\d{2}:\d{2}(?::\d{2})?)")
_SERIALS = ("C.1.0", "0.0.0")


class ReadOut:
    """A session with one meter: what it said of itself."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known
        self._said: Answer[Readout] | None = None

    def identity(self) -> Conversation[Learnt]:
        """Take who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        said = yield from self._everything()
        serial = next((self._texts(said)[name] for name in _SERIALS if name in self._texts(said)), None)
        if serial is None:
            raise MeterRefusedError(Outcome.REFUSED, "the readout has no serial number")
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
        texts = self._texts(said)
        if "0.9.1" not in texts or "0.9.2" not in texts:
            raise MeterRefusedError(Outcome.REFUSED, "the readout has no clock")
        return Learnt(clock=self.known.clock_shown(_shown(texts["0.9.2"], texts["0.9.1"]), said))

    def registers_now(self) -> Conversation[Learnt]:
        """Take the running registers."""
        said = yield from self._everything()
        at = self.known.by_its_clock(said.heard_at)
        return Learnt(registers=tuple(self._registers(said, None, RegisterMoment.NOW, at)))

    def months(self, months: Sequence[date]) -> Conversation[Learnt]:
        """Take the registers at those beginnings of months at which the meter was reset."""
        said = yield from self._everything()
        readings: list[RegisterReading] = []
        wanted = {month.replace(day=1) for month in months}
        for name, text in self._texts(said).items():
            reset, stamp = _RESET.fullmatch(name), _STAMP.fullmatch(text)
            if reset is None or stamp is None:
                continue
            shown = _shown(stamp[1], stamp[2])
            if shown.day_on in wanted and (shown.hour, shown.minute) == (0, 0):
                begins_at = self.known.midnight(shown.day_on)
                readings += self._registers(said, reset[1], RegisterMoment.MONTH_START, begins_at)
        return Learnt(registers=tuple(readings))

    def _everything(self) -> Conversation[Answer[Readout]]:
        if self._said is None:
            self._said = yield from ask(ReadItOut())
        return self._said

    def _texts(self, said: Answer[Readout]) -> dict[str, str]:
        return {one.name: one.values[0] for one in said.value.data_sets}

    def _registers(
        self, said: Answer[Readout], reset: str | None, moment: RegisterMoment, at: datetime
    ) -> Iterator[RegisterReading]:
        for one in said.value.data_sets:
            found = _REGISTER.fullmatch(one.name)
            if found is not None and found[3] == reset:
                number, _ = value_and_unit(one.values[0])
                quantity, tariff = _QUANTITIES[found[1]], int(found[2])
                yield self.known.reading(said, number, moment, at, quantity=quantity, tariff=tariff)


def _shown(day: str, at: str) -> WallTime:
    """Return a day in either form, and a time. Raises ValueError for other texts."""
    found = _DAY.fullmatch(day)
    if found is None:
        raise ValueError(f"no date: {day!r}")
    year = int(found[1]) + (CENTURY if len(found[1]) == 2 else 0)
    return wall_time(year, (int(found[2]), int(found[3])), time.fromisoformat(at))
