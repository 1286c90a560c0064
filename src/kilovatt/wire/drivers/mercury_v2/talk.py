"""What one session with a Mercury V2 knows of its meter by now: who it is, what it can, how its clock goes."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ValueT,
    ask,
    ask_or_refusal,
    refused,
)
from kilovatt.wire.drivers.midnights import midnight, whole_second
from kilovatt.wire.drivers.tariff_sums import TariffSums
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity, ReadEverything, ReadInstants, Value
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.parameters import (
    LOAD_IS_OFF,
    ReadFirmware,
    ReadLoadControl,
    ReadSerial,
    ReadTariffState,
    ReadVariant,
)
from kilovatt.wire.protocols.mercury_v2.profile import ProfileRecords
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import Variant

_NONE = timedelta(0)


def ask_if_known(request: MercuryV2Request[ValueT]) -> Conversation[Answer[ValueT] | None]:
    """Ask, and return the value, or None where the meter does not know the request or what it is about.

    Raises MeterRefusedError for any other refusal.
    """
    answer = yield from ask_or_refusal(request)
    if not isinstance(answer.value, Refusal):
        return Answer(answer.value, answer.exchange, answer.heard_at)
    if answer.value.reason is not RefusalReason.UNKNOWN_REQUEST:
        raise refused(request, answer.value)
    return None


class Talk:
    """The first conversations of a session, and what the later ones need of them."""

    def __init__(self, meter: MeterAddress) -> None:
        self.meter = meter
        self.sums = TariffSums()
        self._clock: ClockReading | None = None
        self._variant: Variant | None = None
        self._variant_asked = False
        self.way_of_reading: Callable[[int], Conversation[Answer[ProfileRecords] | None]] | None = None
        """How its load profile is read, once that is found out."""

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self.meter.model

    @property
    def known_variant(self) -> Variant | None:
        """The variant word, if it has been asked and told."""
        return self._variant

    def identity(self) -> Conversation[Learnt]:
        """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        answer = yield from ask(ReadSerial())
        serial, expected = answer.value.serial, self.meter.serial
        if expected is not None and int(expected) != int(serial):
            message = f"meter {expected} was asked, and meter {serial} answered"
            raise MeterRefusedError(Outcome.ANOTHER_METER, message)
        firmware = yield from ask_if_known(ReadFirmware())
        variant = yield from self.variant()
        return Learnt(
            identity=Identity(
                serial=serial,
                made_on=answer.value.made_on,
                firmware=None if firmware is None else firmware.value,
                variant=None if variant is None else variant.word.hex(),
                exchange=answer.exchange,
            )
        )

    def variant(self) -> Conversation[Variant | None]:
        """Return the variant word, asked once; None where the meter will not tell."""
        if not self._variant_asked:
            answer = yield from ask_if_known(ReadVariant())
            self._variant = None if answer is None else answer.value
            self._variant_asked = True
        return self._variant

    def is_newer(self) -> Conversation[bool]:
        """Return whether its firmware is of the generation with extended arrays and relative reading."""
        variant = yield from self.variant()
        return variant.has_extended_arrays if variant is not None else self.model.day_register_depth_days > 0

    def clock(self) -> Conversation[Learnt]:
        """Read the clock."""
        answer = yield from ask(ReadClock())
        shown = answer.value
        self._clock = ClockReading(
            taken_at=shown.time.instant(self.meter.zone, winter=shown.is_winter),
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
        """Read what flows now."""
        flow = yield from self._flow()
        tariff = yield from ask_if_known(ReadTariffState())
        relay_closed: bool | None = None
        if self.model.relay:
            load = yield from ask(ReadLoadControl())
            relay_closed = LOAD_IS_OFF not in load.value
        power, voltages, currents, frequency_mhz = flow.value
        return Learnt(
            instant=InstantValues(
                taken_at=self.by_its_clock(flow.heard_at),
                power_w=_watts(power),
                voltages_mv=self._by_phase(voltages),
                currents_ma=self._by_phase(currents),
                frequency_mhz=frequency_mhz,
                tariff=None if tariff is None else tariff.value.tariff,
                relay_closed=relay_closed,
                exchange=flow.exchange,
            )
        )

    def _flow(self) -> Conversation[Answer[tuple[Value, tuple[Value, ...], tuple[Value, ...], int | None]]]:
        if (yield from self.is_newer()):
            answer = yield from ask_if_known(ReadEverything())
            if answer is not None:
                it = answer.value
                value = (it.active_mw[0], it.voltages_mv, it.currents_ma, it.frequency_mhz)
                return Answer(value, answer.exchange, answer.heard_at)
        power = yield from ask(ReadInstants(Measured(Quantity.POWER)))
        voltages = yield from ask(ReadInstants(Measured(Quantity.VOLTAGE, phase=1)))
        currents = yield from ask(ReadInstants(Measured(Quantity.CURRENT, phase=1)))
        frequency = yield from ask(ReadInstants(Measured(Quantity.FREQUENCY, phase=1)))
        (shown,) = frequency.value
        assert not isinstance(shown, Directed)
        return Answer((power.value[0], voltages.value, currents.value, shown), power.exchange, power.heard_at)

    def _by_phase(self, values: tuple[Value, ...]) -> tuple[int, ...]:
        return tuple(value for value in values[: self.model.phases] if isinstance(value, int))


def _watts(power: Value) -> int | None:
    if not isinstance(power, Directed):
        return None
    watts = power.magnitude // 1000
    return -watts if power.active_reversed else watts
