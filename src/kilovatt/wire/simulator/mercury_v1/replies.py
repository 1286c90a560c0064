"""What a simulated meter answers to each request, by what its model has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import answers, archive, parameters, requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import MeterClock, RingRecord
from kilovatt.wire.protocols.mercury_v1.requests import RUNNING, MercuryV1Request
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.mercury_v1.counting import TARIFFS, Counting
from kilovatt.wire.simulator.mercury_v1.flow import Flow
from kilovatt.wire.simulator.mercury_v1.journals import Journals, Ring
from kilovatt.wire.simulator.mercury_v1.settings import FIRMWARE, Settings
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

Reply: TypeAlias = Callable[[Any, datetime], object]
Replies: TypeAlias = Mapping[type[MercuryV1Request[Any]], Reply]

NEVER_CHANGES = (requests.ReadSerial, requests.ReadFirmware, requests.ReadMadeOn, requests.ReadVariant)
"""Answers to these may be kept as bytes."""

_WEEK = 7
_HOUR = timedelta(hours=1)
_HOLIDAYS_OF_A_HALF = 8
_BATTERY_MV = 3050
_NO_LIMIT = answers.EnergyLimit(limit=0, flag=0)
_NO_RECLOSING = answers.Reclosing(tries=0, pause_minutes=0, success_after_minutes=0)
_NEVER = MeterClock(weekday=0, time=None)
_NO_RECORD = RingRecord(code=0, at=None)
_NO_PARAMETRISATION = answers.Parametrisation(0, 0, 0, None)
_SHOWS_ALL = 0xFF
_GREATEST = {0: 2450, 1: 3100, 2: 680}
"""The greatest voltage [0.1 V], current [0.01 A] and power [0.01 kW] it has seen."""


@dataclass(frozen=True, slots=True)
class Works:
    """The parts of one simulated meter."""

    plan: SimulatedMeterPlan
    clockwork: Clockwork
    switched: SwitchedEnergy
    counting: Counting
    journals: Journals
    flow: Flow
    settings: Settings


def replies(works: Works) -> Replies:
    """Return what a meter answers to each request that its model has."""
    model = works.plan.model
    table = _measured(works) | _written(works) | _journals(works) | _settable(works)
    if Quantity.R_PLUS in model.quantities:
        table |= _reactive(works)
    if model.has_profile:
        table |= _archive(works)
    if model.relay:
        table |= _relay(works)
    return table


def _measured(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    flow, counting = works.flow, works.counting

    def month(request: requests.ReadMonthRegisters, now: datetime) -> answers.ByTariff:
        if request.month == RUNNING:
            return counting.registers(Quantity.A_PLUS, now)
        return counting.registers_at_month(Quantity.A_PLUS, request.month, now)

    def maximum(request: requests.ReadMaximum) -> answers.Maximum:
        at, value = works.clockwork.shows(_made_at(works)), _GREATEST[request.quantity]
        return answers.Maximum(value=value, at=at, value_since_reset=value, at_since_reset=at)

    def running_time(now: datetime) -> answers.RunningTime:
        return answers.RunningTime(powered_h=(now - _made_at(works)) // _HOUR, unpowered_h=0)

    return {
        requests.ReadClock: _at(lambda now: _clock(works.clockwork.shows(now))),
        requests.ReadPower: _at(lambda now: flow.power_w(now) // 10 * 10),
        requests.ReadRegisters: _at(lambda now: counting.registers(Quantity.A_PLUS, now)),
        requests.ReadMonthRegisters: month,
        requests.ReadBattery: _always(_BATTERY_MV),
        requests.ReadTariff: _at(works.plan.energy.tariff_at),
        requests.ReadPhaseValues: _at(flow.phase_values),
        requests.ReadMaximum: _asked(maximum),
        requests.ReadRunningTime: _at(running_time),
    }


def _written(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    settings, plan = works.settings, works.plan
    return {
        requests.ReadGroupAddress: _at(lambda _: settings.group_address),
        requests.ReadPowerLimit: _at(lambda _: settings.power_limit_w),
        requests.ReadMonthEnergyLimit: _always(0),
        requests.ReadFirmware: _always(FIRMWARE),
        requests.ReadDisplayMask: _always(_SHOWS_ALL),
        requests.ReadPulseOutput: _always(0),
        requests.ReadTariffCount: _at(lambda now: max(tariff for _, tariff in plan.energy.tariff_table(now))),
        requests.ReadSerial: _always(plan.serial),
        requests.ReadHolidays: _always((None,) * _HOLIDAYS_OF_A_HALF),
        requests.ReadTariffTable: lambda request, now: settings.tariff_table(request.tariff_day, now),
        requests.ReadVariant: _always(settings.variant),
        requests.ReadMadeOn: _always(settings.made_on),
        requests.ReadEnergyLimits: _always((_NO_LIMIT,) * len(TARIFFS)),
        parameters.ReadModelCode: _always(settings.model_code),
    }


def _journals(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    journals = works.journals

    def latest(ring: Ring[RingRecord], code: int) -> Reply:
        def clock(now: datetime) -> MeterClock:
            newest = ring.newest(now, lambda record: record.code == code)
            return _clock(newest.at) if newest is not None and newest.at is not None else _NEVER

        return _at(clock)

    return {
        requests.ReadLatestPowerOff: latest(journals.supply, rings.SupplyCode.OFF),
        requests.ReadLatestPowerOn: latest(journals.supply, rings.SupplyCode.ON),
        requests.ReadLatestCaseOpened: latest(journals.case, rings.CaseCode.OPENED),
        requests.ReadLatestCaseClosed: latest(journals.case, rings.CaseCode.CLOSED),
        rings.ReadSupplyRing: lambda request, now: journals.supply.at_place(request.place, now) or _NO_RECORD,
        rings.ReadCaseRing: lambda request, now: journals.case.at_place(request.place, now) or _NO_RECORD,
        rings.ReadParametrisationRing: lambda request, now: (
            journals.parametrisation.at_place(request.place, now) or _NO_PARAMETRISATION
        ),
        rings.ReadQualityRing: _always(_NO_RECORD),
    }


def _settable(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    settings, journals = works.settings, works.journals

    def set_clock(request: writes.SetClock, now: datetime) -> None:
        works.clockwork.step_to(request.time.instant(works.clockwork.zone), now)
        journals.reprogrammed(now, request.code)

    def set_group_address(request: writes.SetGroupAddress, now: datetime) -> None:
        settings.group_address = request.group_address
        journals.reprogrammed(now, request.code)

    def set_power_limit(request: writes.SetPowerLimit, now: datetime) -> None:
        settings.power_limit_w = request.power_w
        journals.reprogrammed(now, request.code)

    def set_tariff_table(request: writes.SetTariffTable, now: datetime) -> None:
        settings.tariff_tables[request.tariff_day] = request.marks
        journals.reprogrammed(now, request.code)

    return {
        writes.SetGroupAddress: set_group_address,
        writes.SetClock: set_clock,
        writes.SetPowerLimit: set_power_limit,
        writes.SetTariffTable: set_tariff_table,
    }


def _reactive(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    flow, counting = works.flow, works.counting

    def month(request: requests.ReadReactiveMonthRegisters, now: datetime) -> answers.ByTariff:
        if request.month == RUNNING:
            return counting.registers(Quantity.R_PLUS, now)
        return counting.registers_at_month(Quantity.R_PLUS, request.month, now)

    return {
        requests.ReadReactiveRegisters: _at(lambda now: counting.registers(Quantity.R_PLUS, now)),
        requests.ReadReactiveMonthRegisters: month,
        requests.ReadNetworkValues: _at(
            lambda now: answers.NetworkValues(
                frequency_mhz=flow.frequency_mhz(now), tariff=works.plan.energy.tariff_at(now), flags=0
            )
        ),
        parameters.ReadReactivePower: _at(flow.power_var),
        parameters.ReadApparentPower: _at(flow.apparent_power),
    }


def _archive(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    counting = works.counting

    def kept(day_on: date) -> answers.ArchiveSlice:
        t1, t2, t3, t4 = counting.registers_at_midnight(Quantity.A_PLUS, day_on)
        return answers.ArchiveSlice(t1, t2, t3, t4, slice_on=day_on, checksum=0)

    return {
        archive.ReadHalfHours: lambda request, now: counting.half_hours(request.day_on, request.group, now),
        archive.ReadDaySlice: _asked(lambda request: kept(request.day_on)),
        archive.ReadMonthSlice: _asked(lambda request: kept(request.day_on.replace(day=1))),
    }


def _relay(works: Works) -> dict[type[MercuryV1Request[Any]], Reply]:
    settings, journals = works.settings, works.journals

    def state(now: datetime) -> int:
        return parameters.RELAY_OPEN if journals.relay_is_open(now) else parameters.RELAY_CLOSED

    def set_mode(request: writes.SetRelayMode, now: datetime) -> None:
        settings.relay_mode = request.mode
        if request.mode == writes.RelayMode.OFF and not journals.relay_is_open(now):
            works.switched.open_relay(now)
            journals.relay_switched(now, rings.RelayCode.OPENED_BY_COMMAND)
        elif request.mode != writes.RelayMode.OFF and journals.relay_is_open(now):
            works.switched.close_relay(now)
            by_hand = request.mode == writes.RelayMode.BUTTON
            code = rings.RelayCode.CLOSED_BY_BUTTON if by_hand else rings.RelayCode.CLOSED_BY_COMMAND
            journals.relay_switched(now, code)

    return {
        rings.ReadRelayRing: lambda request, now: journals.relay.at_place(request.place, now) or _NO_RECORD,
        requests.ReadRelayMode: _at(lambda _: settings.relay_mode),
        parameters.ReadRelayState: _at(state),
        parameters.ReadReclosing: _always(_NO_RECLOSING),
        writes.SetRelayMode: set_mode,
    }


def _always(value: object) -> Reply:
    return lambda *_: value


def _at(value: Callable[[datetime], object]) -> Reply:
    return lambda _, now: value(now)


def _asked(value: Callable[[Any], object]) -> Reply:
    return lambda request, _: value(request)


def _clock(shown: WallTime) -> MeterClock:
    return MeterClock(weekday=shown.day_on.isoweekday() % _WEEK, time=shown)


def _made_at(works: Works) -> datetime:
    return datetime.combine(works.settings.made_on, time(12), UTC)
