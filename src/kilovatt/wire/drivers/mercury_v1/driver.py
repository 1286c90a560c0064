"""Mercury 200, 201, 203 (but for the 203.2TD) and 206: no session, no password, four registers and no total.

These meters keep no total register; whoever wants one adds T1..T4. They keep no registers at midnights but those
at the beginnings of months.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from kilovatt.measure.metering.commands import Command, ReadBack
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import AnsweredRegisters, Quantity, RegisterMoment, Registers
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    PlannedPart,
    ReadingTask,
    ask,
)
from kilovatt.wire.drivers.mercury_v1 import commands, events, profile
from kilovatt.wire.drivers.midnights import whole_second
from kilovatt.wire.protocols.framing.connection import Connection
from kilovatt.wire.protocols.mercury_v1.answers import ByTariff
from kilovatt.wire.protocols.mercury_v1.archive import ANY_LAYOUT, HalfHourLayout
from kilovatt.wire.protocols.mercury_v1.connection import MercuryV1Connection
from kilovatt.wire.protocols.mercury_v1.parameters import RELAY_CLOSED, ReadRelayState
from kilovatt.wire.protocols.mercury_v1.requests import (
    MercuryV1Request,
    ReadClock,
    ReadFirmware,
    ReadMadeOn,
    ReadMonthRegisters,
    ReadNetworkValues,
    ReadPhaseValues,
    ReadReactiveMonthRegisters,
    ReadReactiveRegisters,
    ReadRegisters,
    ReadSerial,
    ReadTariff,
    ReadVariant,
)

_DAYS_OF_A_PART = 7


class MercuryV1Driver:
    """What the family offers to the head-end.

    `half_hour_layouts` are the layouts of half-hours that are taken for right: the maker's text leaves three
    open (see HalfHourLayout), and the length of an answer and its checksums tell them apart, so all three are.
    """

    def __init__(self, *, half_hour_layouts: frozenset[HalfHourLayout] = ANY_LAYOUT) -> None:
        self._half_hour_layouts = half_hour_layouts

    def connection(self, meter: MeterAddress) -> Connection:
        """Return a fresh connection. Raises LocalProtocolError for an address that no meter can have."""
        return MercuryV1Connection(meter.address)

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """Say nothing: there are no sessions."""
        del meter
        yield from ()

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """Return the conversations that do the task, the profile by weeks, the journals one by one."""
        talk = _Talk(meter)
        single: tuple[tuple[bool, SessionPart, Callable[[], Conversation[Learnt]]], ...] = (
            (task.identity, SessionPart.IDENTITY, talk.identity),
            (task.clock, SessionPart.CLOCK, talk.clock),
            (task.instant, SessionPart.INSTANT, talk.instant),
            (task.registers_now, SessionPart.REGISTERS, talk.registers_now),
        )
        for wanted, part, conversation in single:
            if wanted:
                yield PlannedPart(part, conversation())
        if task.register_months and meter.model.month_register_depth_months:
            yield PlannedPart(SessionPart.REGISTERS, talk.registers_at_months(task.register_months))
        if meter.model.has_profile:
            for days in _weeks(task.profile_days):
                half_hours = profile.read_days(meter, days, layouts=self._half_hour_layouts)
                yield PlannedPart(SessionPart.PROFILE, half_hours)
        if task.events:
            for journal in events.journals(meter, since=task.events_since):
                yield PlannedPart(SessionPart.EVENTS, journal)

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        """Ask what must be known, then tell the meter, once. Raises CommandNotSentError."""
        del now
        yield from commands.carry_out(meter, command)

    def read_back(self, meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
        """Read what proves a command."""
        return (yield from commands.prove(meter, command))

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """Ask for what no half-hour can be taken for: an answer too many that a gateway brought comes to light so."""
        del meter
        yield from ask(ReadSerial())


def _weeks(days: Sequence[date]) -> Iterator[tuple[date, ...]]:
    for start in range(0, len(days), _DAYS_OF_A_PART):
        yield tuple(days[start : start + _DAYS_OF_A_PART])


class _Talk:
    """The conversations of one session, and what they know of the meter's clock by now."""

    def __init__(self, meter: MeterAddress) -> None:
        self._meter = meter
        self._clock: ClockReading | None = None

    def identity(self) -> Conversation[Learnt]:
        serial = yield from ask(ReadSerial())
        expected = self._meter.serial
        if expected is not None and expected.lstrip("0") != str(serial.value):
            message = f"meter {expected} was asked, and meter {serial.value:08} answered"
            raise MeterRefusedError(Outcome.ANOTHER_METER, message)
        firmware = yield from ask(ReadFirmware())
        made = yield from ask(ReadMadeOn())
        variant = yield from ask(ReadVariant())
        return Learnt(
            identity=Identity(
                serial=f"{serial.value:08}",
                made_on=made.value,
                firmware=str(firmware.value),
                variant=variant.value.hex(),
                exchange=serial.exchange,
            )
        )

    def clock(self) -> Conversation[Learnt]:
        answer = yield from ask(ReadClock())
        if answer.value.time is None:
            raise MeterRefusedError(Outcome.REFUSED, "the meter's clock was never set")
        self._clock = ClockReading(
            taken_at=answer.value.time.instant(self._meter.zone), heard_at=answer.heard_at, exchange=answer.exchange
        )
        return Learnt(clock=self._clock)

    def instant(self) -> Conversation[Learnt]:
        model = self._meter.model
        phase = yield from ask(ReadPhaseValues())
        frequency_mhz: int | None = None
        # What counts reactive energy is new enough to know the commands from 81h on.
        if Quantity.R_PLUS in model.quantities:
            network = yield from ask(ReadNetworkValues())
            frequency_mhz, tariff = network.value.frequency_mhz, network.value.tariff
        else:
            tariff = (yield from ask(ReadTariff())).value
        relay_closed: bool | None = None
        if model.relay:
            relay = yield from ask(ReadRelayState())
            relay_closed = relay.value == RELAY_CLOSED
        return Learnt(
            instant=InstantValues(
                taken_at=self._by_its_clock(phase.heard_at),
                power_w=phase.value.power_w,
                voltages_mv=(phase.value.voltage_mv,),
                currents_ma=(phase.value.current_ma,),
                frequency_mhz=frequency_mhz,
                tariff=tariff,
                relay_closed=relay_closed,
                exchange=phase.exchange,
            )
        )

    def registers_now(self) -> Conversation[Learnt]:
        answered: list[AnsweredRegisters] = []
        for quantity, request in self._asked(ReadRegisters(), ReadReactiveRegisters()):
            answer = yield from ask(request)
            taken_at = self._by_its_clock(answer.heard_at)
            answered.append(_answered(answer, quantity, RegisterMoment.NOW, taken_at))
        return Learnt(registers=Registers(answered))

    def registers_at_months(self, months: Sequence[date]) -> Conversation[Learnt]:
        """Read the beginnings of months that the meter still keeps.

        A place is for a month of any year, and holds the latest beginning that the meter's clock has passed.
        """
        if self._clock is None:
            yield from self.clock()
        answered: list[AnsweredRegisters] = []
        told: dict[Quantity, ByTariff] = {}
        for month in months:
            if not self._is_kept(month):
                continue
            taken_at = datetime(month.year, month.month, 1, tzinfo=self._meter.zone).astimezone(UTC)
            for quantity, request in self._asked(
                ReadMonthRegisters(month.month), ReadReactiveMonthRegisters(month.month)
            ):
                answer = yield from ask(request)
                if answer.value == told.get(quantity):
                    # Nothing used for a month, or the answer before it once more: nothing in it says of which it is.
                    answer = yield from ask(request)
                told[quantity] = answer.value
                answered.append(_answered(answer, quantity, RegisterMoment.MONTH_START, taken_at))
        return Learnt(registers=Registers(answered))

    def _asked(
        self, active: MercuryV1Request[ByTariff], reactive: MercuryV1Request[ByTariff]
    ) -> Iterator[tuple[Quantity, MercuryV1Request[ByTariff]]]:
        yield Quantity.A_PLUS, active
        if Quantity.R_PLUS in self._meter.model.quantities:
            yield Quantity.R_PLUS, reactive

    def _is_kept(self, month: date) -> bool:
        assert self._clock is not None
        today = self._clock.taken_at.astimezone(self._meter.zone)
        age = (today.year - month.year) * 12 + today.month - month.month
        return 0 <= age <= self._meter.model.month_register_depth_months

    def _by_its_clock(self, heard_at: datetime) -> datetime:
        deviation = self._clock.deviation if self._clock is not None else timedelta(0)
        return whole_second(heard_at + deviation)


def _answered(
    answer: Answer[ByTariff], quantity: Quantity, moment: RegisterMoment, taken_at: datetime
) -> AnsweredRegisters:
    counted = [(tariff, value) for tariff, value in enumerate(answer.value, start=1) if value is not None]
    return AnsweredRegisters(
        names=tuple([(quantity, tariff) for tariff, _ in counted]),
        values=tuple([value for _, value in counted]),
        moment=moment,
        taken_at=taken_at,
        heard_at=answer.heard_at,
        exchange=answer.exchange,
    )
