"""What one session with a meter of Энергомера knows by now: how its clock goes, and how its registers are scaled."""

from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ValueT,
    ask_or_refusal,
    refused,
)
from kilovatt.wire.drivers.tariff_sums import TariffSums
from kilovatt.wire.protocols.energomera.frames import PASSWORD_MAX
from kilovatt.wire.protocols.energomera.requests import (
    ByteOrder,
    EnergomeraRequest,
    ReadClock,
    ReadConfiguration,
    ReadCurrents,
    ReadPower,
    ReadSerial,
    ReadVersion,
    ReadVoltages,
)
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

_MV_PER_STEP = 10
_SERIAL_SHOWN = 8


def password_number(meter: MeterAddress) -> int | None:
    """Return the password as the number it travels as; None for what is no such number."""
    password = meter.password or meter.model.factory_passwords[1]
    number = int(password) if password.isascii() and password.isdigit() else None
    return number if number is not None and number <= PASSWORD_MAX else None


def ask_with_password(
    meter: MeterAddress, request: EnergomeraRequest[ValueT]
) -> Conversation[Answer[ValueT | Refusal]]:
    """Ask, and return the answer or a refusal. Raises MeterRefusedError(WRONG_PASSWORD) for the password's refusal."""
    if password_number(meter) is None:
        raise MeterRefusedError(Outcome.WRONG_PASSWORD, "a password of these meters is a number of at most four bytes")
    answer = yield from ask_or_refusal(request)
    if isinstance(answer.value, Refusal) and answer.value.reason is RefusalReason.ACCESS_DENIED:
        message = f"{type(request).__name__} was refused with this password (status {answer.value.code})"
        raise MeterRefusedError(Outcome.WRONG_PASSWORD, message, reason=answer.value.reason)
    return answer


class Talk:
    """The first conversations of a session, and what the later ones need of them."""

    def __init__(self, meter: MeterAddress) -> None:
        assert isinstance(meter.model.dialect, EnergomeraDialect), "every row of this language has its dialect"
        self.sums = TariffSums()
        self.meter = meter
        self.dialect = meter.model.dialect
        self._clock: ClockReading | None = None
        self._step_wh: int | None = None
        self.interval_minutes: int | None = None
        """By how many minutes it gathers energy, if it has been asked and told."""

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self.meter.model

    def ask(self, request: EnergomeraRequest[ValueT]) -> Conversation[Answer[ValueT]]:
        """Ask, and return the value. Raises MeterRefusedError for any refusal."""
        answer = yield from ask_with_password(self.meter, request)
        if isinstance(answer.value, Refusal):
            raise refused(request, answer.value)
        return Answer(answer.value, answer.exchange, answer.heard_at)

    def ask_if_known(self, request: EnergomeraRequest[ValueT]) -> Conversation[Answer[ValueT] | None]:
        """Ask, and return the value, or None where the meter does not have it. Raises MeterRefusedError otherwise."""
        answer = yield from ask_with_password(self.meter, request)
        if not isinstance(answer.value, Refusal):
            return Answer(answer.value, answer.exchange, answer.heard_at)
        if answer.value.reason is not RefusalReason.UNKNOWN_REQUEST:
            raise refused(request, answer.value)
        return None

    def identity(self) -> Conversation[Learnt]:
        """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        low = yield from self.ask(ReadSerial(0))
        high = yield from self.ask(ReadSerial(1))
        serial, expected = (high.value + low.value).lstrip("0"), self.meter.serial
        if expected is not None and expected.lstrip("0") != serial:
            message = f"meter {expected} was asked, and meter {serial.zfill(_SERIAL_SHOWN)} answered"
            raise MeterRefusedError(Outcome.ANOTHER_METER, message)
        version = yield from self.ask_if_known(ReadVersion())
        return Learnt(
            identity=Identity(
                serial=serial.zfill(_SERIAL_SHOWN),
                made_on=None,
                firmware=None if version is None else str(version.value),
                variant=None,
                exchange=low.exchange,
            )
        )

    def clock(self) -> Conversation[Learnt]:
        """Read the clock."""
        answer = yield from self.ask(ReadClock())
        self._clock = ClockReading(
            taken_at=answer.value.time.instant(self.meter.zone), heard_at=answer.heard_at, exchange=answer.exchange
        )
        return Learnt(clock=self._clock)

    def its_today(self) -> Conversation[date]:
        """Return the local day its clock showed when it was read, reading it if it was not."""
        if self._clock is None:
            yield from self.clock()
        assert self._clock is not None
        return self._clock.taken_at.astimezone(self.meter.zone).date()

    def by_its_clock(self, heard_at: datetime) -> datetime:
        """Return what the meter's clock showed when we heard something, as far as it has been read [UTC]."""
        deviation = self._clock.deviation if self._clock is not None else timedelta(0)
        return (heard_at + deviation).replace(microsecond=0)

    def midnight(self, day_on: date) -> datetime:
        """Return when a local day of the meter begins [UTC]."""
        return datetime.combine(day_on, time.min, self.meter.zone).astimezone(UTC)

    def step_wh(self) -> Conversation[int]:
        """Return how much a count of its registers is [Wh], and of its power [W]."""
        if self._step_wh is None:
            self._step_wh = self.model.register_step_wh
            if not self.dialect.stamped_registers:
                answer = yield from self.ask_if_known(ReadConfiguration())
                if answer is not None:
                    self._step_wh = 10 ** (3 - answer.value.decimals)
                    self.interval_minutes = answer.value.interval_minutes
        return self._step_wh

    def instant(self) -> Conversation[Learnt]:
        """Read what flows now: СЕ102 shows its power, R5.1 and СЕ307 are asked for what programs agree they show."""
        values = yield from (self._flow_of_phases() if self.dialect.stamped_registers else self._mean_power())
        return Learnt(instant=values)

    def _mean_power(self) -> Conversation[InstantValues | None]:
        step_w = yield from self.step_wh()
        power = yield from self.ask_if_known(ReadPower())
        if power is None:
            return None
        return InstantValues(
            taken_at=self.by_its_clock(power.heard_at), power_w=power.value * step_w, exchange=power.exchange
        )

    def _flow_of_phases(self) -> Conversation[InstantValues | None]:
        order = ByteOrder.LOW_FIRST if self.dialect.instants_low_first else ByteOrder.HIGH_FIRST
        voltages = yield from self.ask_if_known(ReadVoltages(self.model.phases, order))
        currents = yield from self.ask_if_known(ReadCurrents(self.model.phases, order))
        shown = voltages or currents
        if shown is None:
            return None
        return InstantValues(
            taken_at=self.by_its_clock(shown.heard_at),
            power_w=None,
            voltages_mv=() if voltages is None else tuple(count * _MV_PER_STEP for count in voltages.value),
            currents_ma=()
            if currents is None
            else tuple(count * self.dialect.current_step_ma for count in currents.value),
            exchange=shown.exchange,
        )
