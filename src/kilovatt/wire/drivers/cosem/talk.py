"""What one session with a СПОДЭС meter knows of it by now: who it is, its clock, scalers and columns."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from kilovatt.measure.metering.catalogue.cosem import CosemDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import (
    Answer,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ask,
    ask_or_refusal,
    refused,
)
from kilovatt.wire.drivers.cosem.alike import scaler_in
from kilovatt.wire.drivers.cosem.texts import day_of, text_of
from kilovatt.wire.drivers.midnights import midnight, whole_second
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.relay import decode_output_state
from kilovatt.wire.protocols.dlms.objects.units import ScalerUnit
from kilovatt.wire.protocols.dlms.values import decode
from kilovatt.wire.protocols.dlms.values.stamps import DeviationSense, decode_stamp
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

_NONE = timedelta(0)
DATA, REGISTER, PROFILE, CLOCK_CLASS, RELAY = 1, 3, 7, 8, 70
VALUE, SCALER_UNIT = 2, 3
CLOCK = Descriptor(CLOCK_CLASS, Obis.parse("0.0.1.0.0.255"), VALUE)
_CLOCK = GetAttribute(CLOCK)
_SERIAL, _TYPE, _FIRMWARE, _MADE_ON, _VERSION = (Obis.parse(f"0.0.96.1.{name}.255") for name in (0, 1, 2, 4, 6))
_NOT_THERE = frozenset(
    {
        AccessResult.ACCESS_DENIED,
        AccessResult.OBJECT_UNDEFINED,
        AccessResult.CLASS_INCONSISTENT,
        AccessResult.OBJECT_UNAVAILABLE,
    }
)


def deviation_sense(dialect: CosemDialect) -> DeviationSense:
    """Return what the maker takes a deviation for."""
    if dialect.stamps_ahead_of_utc:
        return DeviationSense.LOCAL_IS_UTC_PLUS_DEVIATION
    return DeviationSense.UTC_IS_LOCAL_PLUS_DEVIATION


class Talk:
    """The first conversations of a session, and what the later ones need of them."""

    def __init__(self, meter: MeterAddress) -> None:
        dialect = meter.model.dialect
        assert isinstance(dialect, CosemDialect), "a row of this language has its dialect"
        self.meter = meter
        self.dialect = dialect
        self.clock_reading: ClockReading | None = None
        self._scalers: dict[bytes, ScalerUnit] = {}
        self.columns: dict[Obis, tuple[Any, ...]] = {}
        """What each profile captures, as far as it has been asked."""
        self.collected_scalers: dict[Obis, dict[Obis, ScalerUnit]] = {}
        """Scalers of a profile's columns from the profile that collects them."""

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self.meter.model

    def value_of(
        self, class_id: int, obis: Obis, attribute: int = VALUE, read: Callable[[bytes], Any] = decode
    ) -> Conversation[Answer[Any] | None]:
        """Return an attribute, or None where the meter has no such object or does not show it to a reader.

        `read` makes it of its bytes: `bytes` leaves them to whoever knows them (see `alike`).
        Raises MeterRefusedError where it has one and cannot tell it now: that is no proof of anything missing.
        """
        request = _asking(class_id, obis, attribute, read)
        answer = yield from ask_or_refusal(request)
        if not isinstance(answer.value, Refusal):
            return answer
        if answer.value.reason is RefusalReason.CHANNEL_CLOSED or answer.value.code not in _NOT_THERE:
            raise refused(request, answer.value)
        return None

    def scaler_of(self, obis: Obis) -> Conversation[ScalerUnit | None]:
        """Return the scaler and unit of a register, asked once a session; None where it has none."""
        known = self._scalers.get(obis)
        if known is None:
            answer = yield from self.value_of(REGISTER, obis, SCALER_UNIT, bytes)
            if answer is None:
                return None
            known = self._scalers[obis] = scaler_in(answer.value)
        return known

    def identity(self) -> Conversation[Learnt]:
        """Read who it is. Raises MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        answer = yield from ask(_asking(DATA, _SERIAL, VALUE, decode))
        serial = self._text(answer.value)
        self.check_serial(serial)
        made = yield from self.value_of(DATA, _MADE_ON)
        firmware = yield from self._told(_FIRMWARE)
        kind = yield from self._told(_TYPE)
        version = yield from self._told(_VERSION)
        return Learnt(
            identity=Identity(
                serial=serial,
                made_on=None if made is None else day_of(made.value, self.dialect.text_encoding),
                firmware=firmware,
                variant=", ".join(text for text in (kind, version and f"СПОДЭС {version}") if text) or None,
                exchange=answer.exchange,
            )
        )

    def check_serial(self, serial: str) -> None:
        """Raise MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        check_serial(self.meter, serial)

    def _told(self, obis: Obis) -> Conversation[str | None]:
        answer = yield from self.value_of(DATA, obis)
        return None if answer is None else self._text(answer.value)

    def _text(self, value: object) -> str:
        return text_of(value, self.dialect.text_encoding)

    def clock(self) -> Conversation[Learnt]:
        """Read the clock."""
        answer = yield from ask(_CLOCK)
        shown = decode_stamp(answer.value if isinstance(answer.value, bytes) else b"")
        self.clock_reading = ClockReading(
            taken_at=shown.instant(self.meter.zone), heard_at=answer.heard_at, exchange=answer.exchange
        )
        return Learnt(clock=self.clock_reading)

    def by_its_clock(self, heard_at: datetime) -> datetime:
        """Return what the meter's clock showed when we heard something, as far as it has been read [UTC]."""
        deviation = self.clock_reading.deviation if self.clock_reading is not None else _NONE
        return whole_second(heard_at + deviation)

    def midnight(self, day_on: date) -> datetime:
        """Return when a local day of the meter begins [UTC]."""
        return midnight(day_on, self.meter.zone)

    def instant(self) -> Conversation[Learnt]:
        """Read what flows now: power, voltages, currents, frequency, and whether the relay is closed."""
        single = self.model.phases == 1
        power = yield from self._measured("1.0.1.7.0.255", of=0)
        voltages = yield from self._by_phase(("12",) if single else ("32", "52", "72"))
        currents = yield from self._by_phase(("11",) if single else ("31", "51", "71"))
        frequency = yield from self._measured("1.0.14.7.0.255", of=3)
        relay_closed: bool | None = None
        if self.model.relay:
            relay = yield from self.value_of(RELAY, _named(self.dialect.relay_obis))
            relay_closed = decode_output_state(relay.value) if relay is not None else None
        told = [answer for answer in (power, *voltages, *currents, frequency) if answer is not None]
        if not told:
            return Learnt()
        return Learnt(
            instant=InstantValues(
                taken_at=self.by_its_clock(told[0].heard_at),
                power_w=None if power is None else power.value,
                voltages_mv=tuple(answer.value for answer in voltages if answer is not None),
                currents_ma=tuple(answer.value for answer in currents if answer is not None),
                frequency_mhz=None if frequency is None else frequency.value,
                relay_closed=relay_closed,
                exchange=told[0].exchange,
            )
        )

    def _by_phase(self, names: tuple[str, ...]) -> Conversation[list[Answer[int] | None]]:
        told: list[Answer[int] | None] = []
        for name in names:
            answer = yield from self._measured(f"1.0.{name}.7.0.255", of=3)
            told.append(answer)
        return told

    def _measured(self, name: str, *, of: int) -> Conversation[Answer[int] | None]:
        obis = _named(name)
        answer = yield from self.value_of(REGISTER, obis)
        if answer is None or not isinstance(answer.value, int):
            return None
        scale = yield from self.scaler_of(obis)
        if scale is None:
            return None
        return Answer(scale.whole(int(answer.value), of=of), answer.exchange, answer.heard_at)


@lru_cache(maxsize=1024)
def _asking(class_id: int, obis: Obis, attribute: int, read: Callable[[bytes], Any]) -> GetAttribute:
    return GetAttribute(Descriptor(class_id, obis, attribute), None, read)


_named = lru_cache(maxsize=64)(Obis.parse)


def check_serial(meter: MeterAddress, serial: str) -> None:
    """Raise MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
    if meter.serial is not None and _bare(meter.serial) != _bare(serial):
        message = f"meter {meter.serial} was asked, and meter {serial} answered"
        raise MeterRefusedError(Outcome.ANOTHER_METER, message)


def _bare(serial: str) -> str:
    return serial.strip().lstrip("0")
