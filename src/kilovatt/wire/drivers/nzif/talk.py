"""What one session with a meter of НЗиФ knows of it by now: who it is, what a count is worth, how its clock goes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from kilovatt.measure.metering.catalogue.nzif import NzifDialect
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
from kilovatt.wire.drivers.midnights import midnight, whole_second
from kilovatt.wire.drivers.tariff_sums import TariffSums
from kilovatt.wire.protocols.framing.connection import Refusal
from kilovatt.wire.protocols.nzif import instants
from kilovatt.wire.protocols.nzif.fields import Directed
from kilovatt.wire.protocols.nzif.instants import Measured, ReadInstant
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.parameters import ReadSerial, ReadVariant, Variant
from kilovatt.wire.protocols.nzif.request import NzifRequest, Status

_NONE = timedelta(0)
_UWH_PER_KWH = 1_000_000_000
_TRIES = 5
_NOT_NOW = frozenset({Status.ASK_AGAIN, Status.BUSY})
_NOT_THERE = frozenset({Status.UNKNOWN_REQUEST, Status.NOT_READY})


def ask_again(request: NzifRequest[ValueT]) -> Conversation[Answer[ValueT | Refusal]]:
    """Ask, and again while the meter says that it is busy, five times at most."""
    answer = yield from ask_or_refusal(request)
    for _ in range(_TRIES - 1):
        if not isinstance(answer.value, Refusal) or answer.value.code not in _NOT_NOW:
            break
        answer = yield from ask_or_refusal(request)
    return answer


def ask(request: NzifRequest[ValueT]) -> Conversation[Answer[ValueT]]:
    """Ask, and return the value. Raises MeterRefusedError if the meter answers no."""
    answer = yield from ask_again(request)
    if isinstance(answer.value, Refusal):
        raise refused(request, answer.value)
    return Answer(answer.value, answer.exchange, answer.heard_at)


def ask_if_there(request: NzifRequest[ValueT]) -> Conversation[Answer[ValueT] | None]:
    """Ask, and return the value, or None where the meter does not know the request or has nothing measured yet.

    Raises MeterRefusedError for any other refusal.
    """
    answer = yield from ask_again(request)
    if not isinstance(answer.value, Refusal):
        return Answer(answer.value, answer.exchange, answer.heard_at)
    if answer.value.code not in _NOT_THERE:
        raise refused(request, answer.value)
    return None


class Talk:
    """The first conversations of a session, and what the later ones need of them."""

    def __init__(self, meter: MeterAddress) -> None:
        self.meter = meter
        self.sums = TariffSums()
        dialect = meter.model.dialect
        self.dialect = dialect if isinstance(dialect, NzifDialect) else NzifDialect()
        self._clock: ClockReading | None = None
        self._variant: Variant | None = None
        self._variant_asked = False
        self._index = 0
        self.echoes_index = True
        """Whether it knows readings of memory with an index that comes back, as far as has been found out."""

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self.meter.model

    def next_index(self) -> int:
        """Return the index of the next reading of memory, 1 to 255 in turn."""
        self._index = self._index % 0xFF + 1
        return self._index

    def identity(self) -> Conversation[Learnt]:
        """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        answer = yield from ask(ReadSerial())
        serial, expected = answer.value.serial, self.meter.serial
        if expected is not None and int(expected) != serial:
            message = f"meter {expected} was asked, and meter {serial} answered"
            raise MeterRefusedError(Outcome.ANOTHER_METER, message)
        variant = yield from self.variant()
        return Learnt(
            identity=Identity(
                serial=str(serial),
                made_on=answer.value.made_on,
                firmware=None,
                variant=None if variant is None else variant.word.hex(),
                exchange=answer.exchange,
            )
        )

    def variant(self) -> Conversation[Variant | None]:
        """Return the variant word, asked once; None where the meter will not tell."""
        if not self._variant_asked:
            answer = yield from ask_if_there(ReadVariant())
            self._variant = None if answer is None else answer.value
            self._variant_asked = True
        return self._variant

    def uwh_per_count(self) -> Conversation[int]:
        """Return what a count is worth [µWh], by the meter's own word or, where it has none, by its row."""
        variant = yield from self.variant()
        constant = (variant.impulses_per_kwh if variant is not None else None) or self.model.impulses_per_kwh
        if constant is None:
            message = f"the variant {variant.word.hex() if variant else 'unknown'} does not tell the meter constant"
            raise MeterRefusedError(Outcome.REFUSED, message)
        return _UWH_PER_KWH // (2 * constant)

    def clock(self) -> Conversation[Learnt]:
        """Read the clock."""
        answer = yield from ask(ReadClock())
        shown = answer.value
        self._clock = ClockReading(
            taken_at=shown.time.instant(self.meter.zone, winter=bool(shown.is_winter)),
            heard_at=answer.heard_at,
            exchange=answer.exchange,
        )
        return Learnt(clock=self._clock)

    def by_its_clock(self, heard_at: datetime) -> datetime:
        """Return what the meter's clock showed when we heard something, as far as it has been read [UTC]."""
        return whole_second(heard_at + self.deviation)

    @property
    def deviation(self) -> timedelta:
        """How far its clock is ahead of ours, as far as it has been read."""
        return self._clock.deviation if self._clock is not None else _NONE

    def its_time(self) -> Conversation[datetime]:
        """Return what its clock showed when it was read, reading it if it was not [UTC]."""
        if self._clock is None:
            yield from self.clock()
        assert self._clock is not None
        return self._clock.taken_at

    def midnight(self, day_on: date) -> datetime:
        """Return when a local day of the meter begins [UTC]."""
        return midnight(day_on, self.meter.zone)

    def instant(self) -> Conversation[Learnt]:
        """Read what flows now; which tariff counts, the language as far as it is known does not tell."""
        power = yield from ask_if_there(ReadInstant(instants.ACTIVE_POWER))
        if power is None:
            return Learnt()
        voltages = yield from self._by_phase(instants.voltage)
        currents = yield from self._by_phase(instants.current)
        frequency = yield from ask_if_there(ReadInstant(instants.FREQUENCY))
        return Learnt(
            instant=InstantValues(
                taken_at=self.by_its_clock(power.heard_at),
                power_w=self._watts(power.value),
                voltages_mv=tuple(voltages),
                currents_ma=tuple(ua * self.dialect.current_multiplier // 1000 for ua in currents),
                frequency_mhz=None if frequency is None else frequency.value.magnitude,
                exchange=power.exchange,
            )
        )

    def _by_phase(self, quantity: Callable[[int], Measured]) -> Conversation[list[int]]:
        """Read a quantity of each phase; nothing where the meter lacks one."""
        values: list[int] = []
        for phase in range(1, self.model.phases + 1):
            answer = yield from ask_if_there(ReadInstant(quantity(phase)))
            if answer is None:
                return []
            values.append(answer.value.magnitude)
        return values

    def _watts(self, power: Directed) -> int:
        watts = power.magnitude * self.dialect.power_multiplier // 1000
        return -watts if power.active_reversed else watts
