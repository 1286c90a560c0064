"""Meters of IEC 62056-21 as they behave on a line: a session begins with the sign-on, and ends by silence.

Whatever is noise, for another meter, or outside a session, is met by silence. A sign-on begins afresh, whether or not
a session is open: that all makes do so is assumed. A wrong password is met by the end of the session, as in the
standard's figures.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.sign_on import ACK, Identification, Mode, OptionSelect, Procedure
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet, data_sets_of, text_of
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, Command, answer_frame
from kilovatt.wire.protocols.iec62056_21.hearing import Call, Heard, heard
from kilovatt.wire.protocols.iec62056_21.requests import BREAK, PASSWORD, PASSWORD_REQUEST, READ
from kilovatt.wire.simulator.iec62056_21.counting import Counting
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

SILENCE_MAX = timedelta(seconds=3)
"""After so long a silence a session is over (meters of others: 1.5 to 3 s)."""
READOUT_END = "!\r\n"
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
        assert isinstance(dialect, EnergomeraIecDialect | LandisGyrDialect), (
            "every row has its dialect"
        )
        self.plan = plan
        self._dialect = dialect
        self._check = (
            BlockCheck.SUM if isinstance(dialect, EnergomeraIecDialect) and dialect.check_is_sum else BlockCheck.XOR
        )
        self._counting = Counting(plan)
        self._state = _State.IDLE
        self._heard_at: datetime | None = None

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        messages = heard(frame, self._check)
        if messages is None:
            return None
        if self._heard_at is not None and now - self._heard_at > SILENCE_MAX:
            self._state = _State.IDLE
        said: bytes | None = None
        for message in messages:
            said = self._said(message, now)
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
        self._state = _State.IDLE
        if call.goes_on or (call.address and call.address != str(self.plan.address)):
            # It hears that another is spoken to; to a group without a session it does not answer.
            return None
        self._state = _State.SIGNED_ON
        if isinstance(self._dialect, LandisGyrDialect):
            return Identification("LGZ", "5", _READ_OUT_NAME, "2").encode()
        return Identification("EKT", "5", _NAMES[self.plan.model.key]).encode()

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
        return text_of([DataSet(name, values)])

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
        return iso if isinstance(self._dialect, LandisGyrDialect) and self._dialect.long_years else iso[2:]


def _decimal(thousandths: int) -> str:
    return f"{thousandths // 1000}.{thousandths % 1000:03}"


def _date(counting: Counting, now: datetime) -> str:
    day = counting.shows(now).day_on
    return f"{day.isoweekday() % 7:02}.{day:%d.%m.%y}"


def iec62056_meter(plan: SimulatedMeterPlan) -> Iec62056Meter:
    """Return a meter made from a plan."""
    return Iec62056Meter(plan)
