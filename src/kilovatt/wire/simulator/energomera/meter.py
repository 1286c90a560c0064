"""СЕ102 and its kin as they behave on a line: an answer, an error, or silence.

Silent for noise, another address and the broadcast one. It refuses another password, a command its dialect does not
have, a wrong number of parameters, and depths it does not keep.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.wire.protocols.energomera import requests
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock
from kilovatt.wire.protocols.energomera.hearing import Heard, asked_by, frame_heard
from kilovatt.wire.protocols.energomera.requests import ByteOrder, EnergomeraRequest, Generation
from kilovatt.wire.simulator.energomera.counting import TARIFFS, Counting
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

_Reply: TypeAlias = Callable[[Any, datetime], bytes | ErrorCode]
_Replies: TypeAlias = Mapping[type[EnergomeraRequest[Any]], _Reply]

_TOTAL = 0
_WEEK = 7
_SERIAL_SIZE = 16
_RELEASED_ON = date(2017, 3, 14)
_PLAIN_VERSION = requests.Version(kernel=1, kind=23, major=4, released_on=_RELEASED_ON)
_STAMPED_VERSION = requests.Version(kernel=10, kind=27, major=1, released_on=_RELEASED_ON)
_HALF_HOURS = 1


class EnergomeraMeter:
    """One meter on a bus."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        dialect = plan.model.dialect
        assert isinstance(dialect, EnergomeraDialect), "every row of this language has its dialect"
        self.plan = plan
        self._dialect = dialect
        self._generation = Generation.STAMPED if dialect.stamped_registers else Generation.PLAIN
        self._password = int(plan.passwords[1])
        self._counting = Counting(plan)
        self._replies = {
            **self._common(),
            **(self._stamped() if dialect.stamped_registers else self._plain()),
        }

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent."""
        heard = frame_heard(frame)
        if heard is None or heard.meter != self.plan.address:
            return None
        if heard.password != self._password:
            return Heard(heard, ErrorCode.ACCESS_LEVEL).refusal(ErrorCode.ACCESS_LEVEL)
        asked = asked_by(heard, self._generation)
        to = Heard(heard, asked)
        said = asked if isinstance(asked, ErrorCode) else self._said(asked, now)
        return to.refusal(said) if isinstance(said, ErrorCode) else to.answer(said)

    def _said(self, asked: EnergomeraRequest[Any], now: datetime) -> bytes | ErrorCode:
        reply = self._replies.get(type(asked))
        return ErrorCode.NO_SUCH_COMMAND if reply is None else reply(asked, now)

    def _common(self) -> _Replies:
        plan, counting = self.plan, self._counting
        serial = f"{plan.serial:0{_SERIAL_SIZE}}"
        halves = {0: serial[_SERIAL_SIZE // 2 :], 1: serial[: _SERIAL_SIZE // 2]}

        def clock(request: requests.ReadClock, now: datetime) -> bytes:
            shown = counting.shows(now)
            return request.says.encode(MeterClock(shown.day_on.isoweekday() % _WEEK, shown))

        version = _STAMPED_VERSION if self._dialect.stamped_registers else _PLAIN_VERSION
        return {
            requests.Ping: lambda request, _: request.says.encode(plan.address),
            requests.ReadVersion: lambda request, _: request.says.encode(version),
            requests.ReadSerial: lambda request, _: request.says.encode(halves[request.half]),
            requests.ReadClock: clock,
        }

    def _plain(self) -> _Replies:
        counting = self._counting
        configuration = bytes([counting.decimals, _HALF_HOURS, 0, 0, 0])
        archive: _Replies = {requests.ReadIntervals: self._intervals} if self.plan.model.has_profile else {}
        return {
            **archive,
            requests.ReadConfiguration: lambda request, _: request.says.encode(requests.Configuration(configuration)),
            requests.ReadTariffRegister: lambda request, now: self._of_month(request, request.tariff, now),
            requests.ReadTotalRegister: lambda request, now: self._of_month(request, _TOTAL, now),
            requests.ReadTariffDayRegister: lambda request, now: self._of_day(request, request.tariff, now),
            requests.ReadTotalDayRegister: lambda request, now: self._of_day(request, _TOTAL, now),
            requests.ReadPower: lambda request, now: request.says.encode(counting.power_count(now)),
        }

    def _stamped(self) -> _Replies:
        counting, phases = self._counting, self.plan.model.phases
        order = ByteOrder.LOW_FIRST if self._dialect.instants_low_first else ByteOrder.HIGH_FIRST
        step_ma = self._dialect.current_step_ma
        return {
            requests.ReadStampedRegister: self._with_its_stamp,
            requests.ReadVoltages: lambda _, now: requests.ReadVoltages(phases, order).says.encode(
                counting.voltage_counts(now)
            ),
            requests.ReadCurrents: lambda _, now: requests.ReadCurrents(phases, order).says.encode(
                counting.current_counts(now, step_ma)
            ),
        }

    def _month_count(self, tariff: int, depth: int, now: datetime) -> int | None:
        """Return a register of the archive of months; None for one it does not keep."""
        age = depth - self._dialect.month_start_depth
        if tariff not in (_TOTAL, *TARIFFS) or age > self.plan.model.month_register_depth_months:
            return None
        if depth == 0:
            return self._counting.count(tariff, now)
        return self._counting.count_at_midnight(tariff, self._counting.month_on(age, now))

    def _of_month(
        self, request: requests.ReadTariffRegister | requests.ReadTotalRegister, tariff: int, now: datetime
    ) -> bytes | ErrorCode:
        count = self._month_count(tariff, request.depth, now)
        return ErrorCode.PARAMETER if count is None else request.says.encode(count)

    def _with_its_stamp(self, request: requests.ReadStampedRegister, now: datetime) -> bytes | ErrorCode:
        count = self._month_count(request.tariff, request.depth, now)
        if count is None:
            return ErrorCode.PARAMETER
        if request.depth == 0:
            today = self._counting.shows(now)
            stamp = ArchiveStamp(today.year, today.month, 0)
        else:
            age = request.depth - self._dialect.month_start_depth
            stamp = self._counting.month_stamp(self._counting.month_on(age, now))
        return request.says.encode(requests.StampedCount(stamp, count))

    def _intervals(self, request: requests.ReadIntervals, now: datetime) -> bytes:
        counts = self._counting.interval_counts(request.day_on, request.first, request.intervals, now)
        return request.says.encode(counts)

    def _of_day(
        self, request: requests.ReadTariffDayRegister | requests.ReadTotalDayRegister, tariff: int, now: datetime
    ) -> bytes | ErrorCode:
        if tariff not in (_TOTAL, *TARIFFS) or not 0 < request.depth <= self.plan.model.day_register_depth_days:
            return ErrorCode.PARAMETER
        # The end of yesterday is today's midnight.
        day_on = self._counting.day_on(request.depth - 1, now)
        return request.says.encode(self._counting.count_at_midnight(tariff, day_on))
