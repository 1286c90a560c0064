"""What one session in IEC 62056-21 knows by now, and how its texts become numbers."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import ClockReading
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, MeterRefusedError
from kilovatt.wire.protocols.framing.wall_time import WallTime

THOUSANDTHS = 3
"""Wh in a kWh, mV in a V: what is said has its decimals."""
_MONTHS_OF_A_YEAR = 12
_ONE_DAY = timedelta(days=1)


class Knowledge:
    """What is known of the meter, and how readings are made of its texts."""

    def __init__(self, meter: MeterAddress) -> None:
        dialect = meter.model.dialect
        assert isinstance(dialect, EnergomeraIecDialect | LandisGyrDialect), "every row has its dialect"
        self.meter = meter
        self.dialect = dialect
        self.clock: ClockReading | None = None

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self.meter.model

    def check_serial(self, serial: str) -> None:
        """Raise MeterRefusedError(ANOTHER_METER) where another serial number was expected."""
        if not self.is_expected(serial):
            message = f"meter {self.meter.serial} was asked, and meter {serial} answered"
            raise MeterRefusedError(Outcome.ANOTHER_METER, message)

    def is_expected(self, serial: str) -> bool:
        """Whether a serial number is the expected one, or none is."""
        expected = self.meter.serial
        return expected is None or expected.lstrip("0") == serial.lstrip("0")

    def clock_shown(self, shown: WallTime, answer: Answer[Any]) -> ClockReading:
        """Keep what its clock showed, and return it."""
        self.clock = ClockReading(
            taken_at=shown.instant(self.meter.zone), heard_at=answer.heard_at, exchange=answer.exchange
        )
        return self.clock

    def by_its_clock(self, heard_at: datetime) -> datetime:
        """Return what the meter's clock showed when we heard something, as far as it has been read [UTC]."""
        deviation = self.clock.deviation if self.clock is not None else timedelta(0)
        return (heard_at + deviation).replace(microsecond=0)

    def midnight(self, day_on: date) -> datetime:
        """Return when a local day of the meter begins [UTC]."""
        return datetime.combine(day_on, time.min, self.meter.zone).astimezone(UTC)

    def keeps(self, month: date, at: datetime) -> bool:
        """Whether the meter may keep the registers of a month's beginning: it has begun, not too long ago."""
        return 0 <= self.months_since(month, at) <= self.model.month_register_depth_months

    def months_since(self, month: date, at: datetime) -> int:
        """Return how many months lie between a month and that of our instant by the meter's clock."""
        today = self.by_its_clock(at).astimezone(self.meter.zone)
        return (today.year - month.year) * _MONTHS_OF_A_YEAR + today.month - month.month

    def reading(
        self,
        answer: Answer[Any],
        value_wh: int,
        moment: RegisterMoment,
        taken_at: datetime,
        *,
        quantity: Quantity = Quantity.A_PLUS,
        tariff: int,
    ) -> RegisterReading:
        """Return a register [Wh, varh], floored to the step of the row."""
        return RegisterReading(
            quantity=quantity,
            tariff=tariff,
            value=value_wh - value_wh % self.model.register_step_wh,
            moment=moment,
            taken_at=taken_at,
            heard_at=answer.heard_at,
            exchange=answer.exchange,
        )


def month_before(month: date) -> date:
    """Return a day of the month before."""
    return month.replace(day=1) - _ONE_DAY
