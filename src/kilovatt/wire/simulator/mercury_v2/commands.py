"""What a simulated meter does when it is told to: sessions and writes. None says that it is done."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import parameters, session, writes
from kilovatt.wire.protocols.mercury_v2.journals import LoadEvent
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.simulator.mercury_v2.clockwork import AlreadyCorrectedError, CorrectionTooLargeError
from kilovatt.wire.simulator.mercury_v2.works import WRONG_PASSWORD, Status, Works


def _open_channel(works: Works, request: session.OpenChannel, now: datetime) -> Status | None:
    return None if works.channel.open(request.access_level, request.password, now) else WRONG_PASSWORD


def _close_channel(works: Works, _request: session.CloseChannel, _now: datetime) -> None:
    works.channel.close()


def _set_address(works: Works, request: writes.SetAddress, now: datetime) -> None:
    works.settings.address = request.new_address
    works.journals.reprogrammed(0x05, now)


def _freeze(works: Works, _request: writes.Freeze, now: datetime) -> None:
    works.settings.frozen_at = now


def _set_clock(works: Works, request: writes.SetClock, now: datetime) -> None:
    before = works.clockwork.shows(now)
    works.clockwork.set(request.clock, now)
    works.ring.forget()
    works.journals.clock_moved(before, request.clock.time, now)
    works.journals.reprogrammed(0x0C, now)


def _correct_clock(works: Works, request: writes.CorrectClock, now: datetime) -> Status | None:
    before = works.clockwork.shown_at(now)
    try:
        works.clockwork.correct(request.shown, now)
    except CorrectionTooLargeError:
        return Status.UNKNOWN
    except AlreadyCorrectedError:
        return Status.CLOCK_ALREADY_CORRECTED
    shift = works.clockwork.ahead_at(now + timedelta(hours=1)) - works.clockwork.ahead_at(now)
    works.ring.forget()
    zone = works.clockwork.zone
    works.journals.clock_moved(WallTime.of(before, zone), WallTime.of(before + shift, zone), now)
    works.journals.reprogrammed(0x0D, now)
    return None


def _set_schedule(works: Works, request: writes.SetTariffSchedule, now: datetime) -> None:
    works.settings.write_marks(request.selection, request.marks)
    works.journals.schedule_changed(now)
    works.journals.reprogrammed(0x1D, now)


def _set_holidays(works: Works, request: writes.SetHolidays, now: datetime) -> None:
    works.settings.holidays[request.month] = request.holidays
    works.journals.reprogrammed(0x1E, now)


def _change_password(works: Works, request: writes.ChangePassword, now: datetime) -> Status | None:
    if not works.channel.change_password(request.access_level, request.old, request.new):
        return Status.UNKNOWN
    works.journals.reprogrammed(0x1F, now)
    return None


def _set_power_limit(works: Works, request: writes.SetPowerLimit, now: datetime) -> None:
    works.settings.power_limit_mw = request.limit_mw
    works.journals.reprogrammed(0x2C, now)


def _control_power_limit(works: Works, request: writes.ControlPowerLimit, now: datetime) -> None:
    works.settings.set_load_bit(parameters.POWER_LIMIT_CONTROLLED, is_on=request.is_on)
    works.journals.reprogrammed(0x2D, now)


def _set_energy_limit(works: Works, request: writes.SetEnergyLimit, now: datetime) -> None:
    works.settings.limits_wh[request.tariff] = request.limit_wh
    works.journals.reprogrammed(0x2E, now)


def _control_energy_limit(works: Works, request: writes.ControlEnergyLimit, now: datetime) -> None:
    works.settings.set_load_bit(parameters.ENERGY_LIMIT_CONTROLLED, is_on=request.is_on)
    works.journals.reprogrammed(0x2F, now)


def _switch_load(works: Works, request: writes.SwitchLoad, now: datetime) -> Status | None:
    if not works.plan.model.relay:
        return Status.UNKNOWN
    (works.switched.open_relay if request.is_off else works.switched.close_relay)(now)
    works.settings.set_load_bit(parameters.LOAD_OFF_BY_COMMAND, is_on=request.is_off)
    works.settings.set_load_bit(parameters.LOAD_IS_OFF, is_on=request.is_off)
    works.journals.load_switched(LoadEvent.OFF_BY_COMMAND if request.is_off else LoadEvent.ON_BY_COMMAND, now)
    works.journals.reprogrammed(0x31, now)
    return None


def _done(_works: Works, _request: MercuryV2Request[Any], _now: datetime) -> Status | None:
    return None


COMMANDS: Mapping[type[MercuryV2Request[Any]], Callable[[Works, Any, datetime], Status | None]] = {
    session.CheckLink: _done,
    session.OpenChannel: _open_channel,
    session.CloseChannel: _close_channel,
    writes.SetAddress: _set_address,
    writes.Freeze: _freeze,
    writes.SetClock: _set_clock,
    writes.CorrectClock: _correct_clock,
    writes.SetTariffSchedule: _set_schedule,
    writes.SetHolidays: _set_holidays,
    writes.ChangePassword: _change_password,
    writes.SetLimitTime: _done,
    writes.SetReclosing: _done,
    writes.SetPowerLimit: _set_power_limit,
    writes.ControlPowerLimit: _control_power_limit,
    writes.SetEnergyLimit: _set_energy_limit,
    writes.ControlEnergyLimit: _control_energy_limit,
    writes.SwitchLoad: _switch_load,
}
