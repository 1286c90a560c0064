"""Meters of IEC 62056-21 as they behave on a line: a session begins with the sign-on, and ends by silence.

Whatever is noise, for another meter, or outside a session, is met by silence. A sign-on begins afresh, whether or not
a session is open: that all makes do so is assumed. A wrong password is met by the end of the session, as in the
standard's figures.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.sign_on import ACK, Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.iec62056_21 import names
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet, data_sets_of, text_of
from kilovatt.wire.protocols.iec62056_21.errors import ErrorNumber, error_text
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, Command, answer_frame
from kilovatt.wire.protocols.iec62056_21.hearing import Call, Heard, heard
from kilovatt.wire.protocols.iec62056_21.requests import BREAK, GROUP, PASSWORD, PASSWORD_REQUEST, READ
from kilovatt.wire.simulator.iec62056_21.counting import Counting
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

READOUT_END = "!\r\n"
_UNKNOWN = f"({error_text(ErrorNumber.UNKNOWN_PARAMETER)})\r\n"
_NOT_KEPT = f"({error_text(ErrorNumber.NOT_KEPT)})\r\n"
_NOT_IN_THE_GROUP = "E12"
"""How a value of a group is refused, as captured."""
_HERTZ = "50.00"
_GROUP = re.compile(rf"{GROUP}\(((?:[0-9A-F]{{4}}\([0-9A-F]{{1,4}}\))+)\)")
_GROUP_MEMBER = re.compile(r"([0-9A-F]{4})\(([0-9A-F]{1,4})\)")
_CODES = {Quantity.A_PLUS: 1, Quantity.A_MINUS: 2, Quantity.R_PLUS: 3, Quantity.R_MINUS: 4}
_RESETS = 100
_TARIFFS = 5
_TOTAL_ALONE = 1


class _State(Enum):
    IDLE = auto()
    SIGNED_ON = auto()
    ASKED_FOR_PASSWORD = auto()
    PROGRAMMING = auto()


class Iec62056Meter:
    """One meter on a bus."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, EnergomeraIecDialect | LandisGyrDialect), "every row has its dialect"
        self.plan = plan
        self._dialect = dialect
        self._check = (
            BlockCheck.SUM if isinstance(dialect, EnergomeraIecDialect) and dialect.check_is_sum else BlockCheck.XOR
        )
        life_ms = dialect.patience_ms if isinstance(dialect, LandisGyrDialect) else dialect.session_life_ms
        self._life = timedelta(milliseconds=life_ms)
        self._counting = Counting(plan)
        self._state = _State.IDLE
        self._heard_at: datetime | None = None
        self._is_called = False

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        messages = heard(frame, self._check)
        if messages is None:
            return None
        if self._heard_at is not None and now - self._heard_at > self._life:
            self._state = _State.IDLE
        said: bytes | None = None
        for place, message in enumerate(messages):
            is_behind_a_call = place > 0 and isinstance(messages[place - 1], Call)
            said = self._grouped(message, now) if is_behind_a_call else self._said(message, now)
        self._heard_at = now
        return with_parity(said) if said is not None and self._dialect.parity_bits else said

    def _said(self, message: Heard, now: datetime) -> bytes | None:
        match message:
            case Call():
                return self._called(message)
            case OptionSelect():
                return self._selected(message, now)
            case Command():
                return self._commanded(message, now)

    def _called(self, call: Call) -> bytes | None:
        # It hears when another is spoken to, and then keeps silent.
        self._state = _State.IDLE
        self._is_called = not call.address or call.address == str(self.plan.address)
        if call.goes_on or not self._is_called:
            return None
        self._state = _State.SIGNED_ON
        if isinstance(self._dialect, LandisGyrDialect):
            return Identification("LGZ", "5", self._dialect.type_name, "2").encode()
        return Identification("EKT", "5", self._dialect.type_name).encode()

    def _grouped(self, message: Heard, now: datetime) -> bytes | None:
        """Answer a group of parameters that stands right behind a call."""
        is_read = isinstance(message, Command) and message.code == READ
        if not is_read or not self._is_called or isinstance(self._dialect, LandisGyrDialect):
            return None
        assert isinstance(message, Command), "it is read"
        group = _GROUP.fullmatch(message.text or "")
        if group is None:
            return answer_frame(_UNKNOWN, self._check)
        members = _GROUP_MEMBER.findall(group[1])
        numbered = self._numbered(now)
        sets = [DataSet(number, _chosen(numbered.get(int(number, 16), ()), int(mask, 16))) for number, mask in members]
        return answer_frame(text_of(sets, named_once=True, line_ends=False), self._check)

    def _numbered(self, now: datetime) -> Mapping[int, tuple[str, ...]]:
        named, counting = self._values(), self._counting
        return {
            names.VOLTAGE_NUMBER: named[names.VOLTAGE](now),
            names.CURRENT_NUMBER: named[names.CURRENT](now),
            names.POWER_NUMBER: tuple(map(_decimal, (*counting.powers_of_phases_w(now), counting.power_w(now)))),
            names.FREQUENCY_NUMBER: named[names.FREQUENCY](now),
            names.SERIAL_NUMBER: named[names.SERIAL](now),
        }

    def _selected(self, chosen: OptionSelect, now: datetime) -> bytes | None:
        wanted = Mode.READ_OUT if isinstance(self._dialect, LandisGyrDialect) else Mode.PROGRAMMING
        is_normal = chosen.mode is wanted and chosen.procedure is Procedure.NORMAL
        if self._state is not _State.SIGNED_ON or not is_normal:
            return None
        if isinstance(self._dialect, LandisGyrDialect):
            self._state = _State.IDLE
            return answer_frame(text_of(self._everything(now)) + READOUT_END, self._check)
        self._state = _State.ASKED_FOR_PASSWORD
        return Command(PASSWORD_REQUEST, f"({self.plan.serial})").encode(self._check)

    def _commanded(self, command: Command, now: datetime) -> bytes | None:
        if command.code == BREAK:
            self._state = _State.IDLE
            return None
        if command.code == PASSWORD and self._state is _State.ASKED_FOR_PASSWORD:
            if command.text != f"({self.plan.passwords[1]})":
                self._state = _State.IDLE
                return Command(BREAK).encode(self._check)
            self._state = _State.PROGRAMMING
            return ACK
        if command.code != READ or self._state is not _State.PROGRAMMING:
            return None
        return answer_frame(self._parameter(command.text or "", now), self._check)

    def _parameter(self, text: str, now: datetime) -> str:
        try:
            sets = data_sets_of(text)
        except ValueError:
            return _UNKNOWN
        if len(sets) != 1:
            return _UNKNOWN
        name, argument = sets[0].name, sets[0].values[0]
        ends = self._ends_of_months(name, now)
        if ends is not None:
            at = ends.get(argument)
            return _NOT_KEPT if at is None else self._lines(name, self._registers(at))
        values = self._values().get(name)
        return _UNKNOWN if values is None else self._lines(name, values(now))

    def _ends_of_months(self, name: str, now: datetime) -> Mapping[str, datetime] | None:
        """Return, by the argument, when the months ended that a name means; None for another name."""
        assert isinstance(self._dialect, EnergomeraIecDialect), "it is asked by names"
        if not self._dialect.months_by_depth:
            return self._counting.ends_of_months(now) if name == names.MONTH_END else None
        back = names.months_back_of(name)
        if back is None:
            return None
        months = self._counting.months(now)
        return {"": self._counting.midnight(months[back - 1])} if back <= len(months) else {}

    def _values(self) -> Mapping[str, Callable[[datetime], tuple[str, ...]]]:
        counting = self._counting
        return {
            names.SERIAL: lambda _: (f"{self.plan.serial:09}",),
            names.DATE: lambda now: (names.date_text(counting.shows(now)),),
            names.TIME: lambda now: (names.time_text(counting.shows(now)),),
            names.ENERGY: self._registers,
            names.VOLTAGE: lambda now: tuple(map(_decimal, counting.voltages_mv(now))),
            names.CURRENT: lambda now: tuple(map(_decimal, counting.currents_ma(now))),
            names.POWER: lambda now: (_decimal(counting.power_w(now)),),
            names.FREQUENCY: lambda _: (_HERTZ,),
        }

    def _registers(self, at: datetime) -> tuple[str, ...]:
        # A fifth tariff that nobody uses.
        registers = self._counting.registers(Quantity.A_PLUS, at)
        return (*registers, "0.00")

    def _lines(self, name: str, values: tuple[str, ...]) -> str:
        assert isinstance(self._dialect, EnergomeraIecDialect), "it is asked by names"
        return text_of([DataSet(name, values)], named_once=self._dialect.names_once)

    def _everything(self, now: datetime) -> list[DataSet]:
        shown, resets = self._counting.shows(now), self._resets(now)
        said = {
            "F.F": "00000000",
            "0.0.0": f"{self.plan.serial:08}",
            "C.1.0": f"{self.plan.serial:08}",
            "0.9.1": str(shown).split()[1],
            "0.9.2": self._day(shown.day_on.isoformat()),
            "1.7.0": f"{_decimal(self._counting.power_w(now))}*kW",
            "0.1.0": f"{next(iter(resets)):02}",
            **{f"0.1.0*{number:02}": f"{self._day(day)} 00:00" for number, (day, _) in resets.items()},
        }
        for quantity, code in _CODES.items():
            unit = "kWh" if quantity in (Quantity.A_PLUS, Quantity.A_MINUS) else "kvarh"
            for tariff, value in enumerate(self._counting.registers(quantity, now)):
                said[f"{code}.8.{tariff}"] = f"{value}*{unit}"
            # What is frozen leaves its unit to the running register; of what nobody bills, the total is enough.
            frozen_tariffs = _TARIFFS if quantity is Quantity.A_PLUS else _TOTAL_ALONE
            for number, (_, at) in resets.items():
                for tariff, value in enumerate(self._counting.registers(quantity, at)[:frozen_tariffs]):
                    said[f"{code}.8.{tariff}*{number:02}"] = value
        return [DataSet(name, (value,)) for name, value in said.items()]

    def _resets(self, now: datetime) -> dict[int, tuple[str, datetime]]:
        """Return the days and instants of past resets by their numbers, which go round."""
        days = self._counting.months(now)
        return {(day.year * 12 + day.month) % _RESETS: (day.isoformat(), self._counting.midnight(day)) for day in days}

    def _day(self, iso: str) -> str:
        return iso if isinstance(self._dialect, LandisGyrDialect) and self._dialect.long_years else iso[2:]


def _decimal(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


def _chosen(values: tuple[str, ...], mask: int) -> tuple[str, ...]:
    """Return the values whose bits are set in a mask, and a refusal for each that there is not."""
    wanted = [place for place in range(mask.bit_length()) if mask >> place & 1]
    return tuple(values[place] if place < len(values) else _NOT_IN_THE_GROUP for place in wanted)


def iec62056_meter(plan: SimulatedMeterPlan) -> Iec62056Meter:
    """Return a meter made from a plan."""
    return Iec62056Meter(plan)
