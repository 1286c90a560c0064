"""Meters of IEC 62056-21 as they behave on a line: a session begins with the sign-on, and ends by silence.

Whatever is noise, for another meter, or outside a session, is met by silence. A sign-on begins afresh, whether or not
a session is open: that all makes do so is assumed. A wrong password is met by the end of the session, as in the
standard's figures.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from kilovatt.measure.metering.catalogue.energomera_iec import Iec62056Dialect
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing import sign_on
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.sign_on import Identification, Mode, Procedure
from kilovatt.wire.protocols.iec62056_21.blocks import (
    ACK,
    BREAK,
    READOUT_END,
    Command,
    DataSet,
    command_block,
    command_of,
    data_block,
    lines_of,
    sets_of,
)
from kilovatt.wire.protocols.iec62056_21.characters import BlockCheck, stripped
from kilovatt.wire.simulator.iec62056_21.counting import Counting
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

SILENCE_MAX = timedelta(seconds=3)
"""After so long a silence a session is over (meters of others: 1.5 to 3 s)."""
_UNKNOWN = "(ERR12)\r\n"
_NAMES = {"energomera-ce102m": "CE102Mv01", "energomera-ce301": "CE301v12", "energomera-ce303": "CE303v12"}
_READ_OUT_NAME = "ZMG405000b.P07"
_CODES = {Quantity.A_PLUS: 1, Quantity.A_MINUS: 2, Quantity.R_PLUS: 3, Quantity.R_MINUS: 4}
_RESETS = 100


class _State(Enum):
    IDLE = auto()
    SIGNED_ON = auto()
    ASKED_FOR_PASSWORD = auto()
    PROGRAMMING = auto()


class Iec62056Meter:
    """One meter on a bus."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, Iec62056Dialect), "every row of this language has its dialect"
        self.plan = plan
        self._dialect = dialect
        self._check = BlockCheck.SUM if dialect.check_is_sum else BlockCheck.XOR
        self._counting = Counting(plan)
        self._state = _State.IDLE
        self._heard_at: datetime | None = None

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        said = self._said(stripped(frame), now)
        if said is None:
            return None
        self._heard_at = now
        return with_parity(said) if self._dialect.sends_parity else said

    def _said(self, frame: bytes, now: datetime) -> bytes | None:
        if self._heard_at is not None and now - self._heard_at > SILENCE_MAX:
            self._state = _State.IDLE
        try:
            return self._sign_on(sign_on.address_called(frame))
        except ValueError:
            return self._in_session(frame, now)

    def _in_session(self, frame: bytes, now: datetime) -> bytes | None:
        if self._state is _State.SIGNED_ON:
            return self._selected(frame, now)
        if self._state is _State.IDLE:
            return None
        try:
            command = command_of(frame, self._check)
        except ValueError:
            return None
        return self._commanded(command, now)

    def _sign_on(self, address: str) -> bytes | None:
        if address and address != str(self.plan.address):
            # It hears that another is spoken to.
            self._state = _State.IDLE
            return None
        self._state = _State.SIGNED_ON
        if self._dialect.reads_out:
            return Identification("LGZ", "5", _READ_OUT_NAME, "2").encode()
        return Identification("EKT", "5", _NAMES[self.plan.model.key]).encode()

    def _selected(self, frame: bytes, now: datetime) -> bytes | None:
        try:
            chosen = sign_on.option_select_of(frame)
        except ValueError:
            return None
        wanted = Mode.READ_OUT if self._dialect.reads_out else Mode.PROGRAMMING
        if chosen.mode is not wanted or chosen.procedure is not Procedure.NORMAL:
            return None
        if self._dialect.reads_out:
            self._state = _State.IDLE
            return data_block(lines_of(self._everything(now)) + READOUT_END + "\r\n", self._check)
        self._state = _State.ASKED_FOR_PASSWORD
        return command_block(Command("P0", f"({self.plan.serial})"), self._check)

    def _commanded(self, command: Command, now: datetime) -> bytes | None:
        if command.code == BREAK:
            self._state = _State.IDLE
            return None
        if command.code == "P1" and self._state is _State.ASKED_FOR_PASSWORD:
            if command.text != f"({self.plan.passwords[1]})":
                self._state = _State.IDLE
                return command_block(Command(BREAK, None), self._check)
            self._state = _State.PROGRAMMING
            return bytes([ACK])
        if command.code != "R1" or self._state is not _State.PROGRAMMING:
            return None
        return data_block(self._parameter(command.text or "", now), self._check)

    def _parameter(self, text: str, now: datetime) -> str:
        try:
            sets = sets_of(text)
        except ValueError:
            return _UNKNOWN
        if len(sets) != 1:
            return _UNKNOWN
        name, argument = sets[0].name, sets[0].values[0]
        if name == "ENMPE":
            at = self._counting.ends_of_months(now).get(argument)
            return _UNKNOWN if at is None else self._lines(name, self._registers(at))
        values = self._values().get(name)
        return _UNKNOWN if values is None else self._lines(name, values(now))

    def _values(self) -> Mapping[str, Callable[[datetime], tuple[str, ...]]]:
        counting = self._counting
        return {
            "SNUMB": lambda _: (f"{self.plan.serial:09}",),
            "DATE_": lambda now: (_date(counting, now),),
            "TIME_": lambda now: (str(counting.shows(now)).split()[1],),
            "ET0PE": self._registers,
            "VOLTA": lambda now: tuple(map(_decimal, counting.voltages_mv(now))),
            "CURRE": lambda now: tuple(map(_decimal, counting.currents_ma(now))),
            "POWEP": lambda now: (_decimal(counting.power_w(now)),),
        }

    def _registers(self, at: datetime) -> tuple[str, ...]:
        # A fifth tariff that nobody uses.
        registers = self._counting.registers(Quantity.A_PLUS, at)
        return (*registers, "0.00")

    def _lines(self, name: str, values: tuple[str, ...]) -> str:
        return lines_of(DataSet(name, (value,)) for value in values)

    def _everything(self, now: datetime) -> list[DataSet]:
        shown, resets = self._counting.shows(now), self._resets(now)
        said = {
            "F.F": "00000000",
            "0.0.0": f"{self.plan.serial:08}",
            "C.1.0": f"{self.plan.serial:08}",
            "0.9.1": str(shown).split()[1],
            "0.9.2": self._day(shown.day_on.isoformat()),
            "0.1.0": f"{max(resets)}",
            **{f"0.1.0*{number:02}": f"{self._day(day)} 00:00" for number, (day, _) in resets.items()},
        }
        for quantity, code in _CODES.items():
            unit = "kWh" if quantity in (Quantity.A_PLUS, Quantity.A_MINUS) else "kvarh"
            moments = {"": now} | {f"*{number:02}": at for number, (_, at) in resets.items()}
            for tail, at in moments.items():
                for tariff, value in enumerate(self._counting.registers(quantity, at)):
                    said[f"{code}.8.{tariff}{tail}"] = f"{value}*{unit}"
        return [DataSet(name, (value,)) for name, value in said.items()]

    def _resets(self, now: datetime) -> dict[int, tuple[str, datetime]]:
        """Return the days and instants of past resets by their numbers, which go round."""
        days = [self._counting.month_on(age, now) for age in range(self.plan.model.month_register_depth_months)]
        return {(day.year * 12 + day.month) % _RESETS: (day.isoformat(), self._counting.midnight(day)) for day in days}

    def _day(self, iso: str) -> str:
        return iso[-6 - self._dialect.year_digits :]


def _decimal(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


def _date(counting: Counting, now: datetime) -> str:
    day = counting.shows(now).day_on
    return f"{day.isoweekday() % 7:02}.{day:%d.%m.%y}"
