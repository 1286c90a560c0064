"""What a simulated meter answers to each question: a value, or the status of a refusal."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.request import NzifRequest, Status
from kilovatt.wire.simulator.nzif.clockwork import shows_whole
from kilovatt.wire.simulator.nzif.journals import JOURNAL_OF
from kilovatt.wire.simulator.nzif.works import Works

_TEMPERATURE_C = 24
_UNITS_PER_NAMED = 1_000
_TARIFFS = 4
PASSWORD_REFUSED = Status.ACCESS_DENIED
"""What programs hear of a wrong password."""


def _open(works: Works, request: session.OpenChannel, now: datetime) -> object:
    return None if works.channel.open(request.password, now) else PASSWORD_REFUSED


def _close(works: Works, _request: session.CloseChannel, _now: datetime) -> object:
    works.channel.close()
    return None


def _serial(works: Works, _request: parameters.ReadSerial, _now: datetime) -> object:
    serial = works.plan.serial
    return parameters.SerialNumber(serial=serial, made_on=date(2012 + serial % 9, serial % 12 + 1, serial % 28 + 1))


def _energy(works: Works, request: energy.ReadEnergy, now: datetime) -> object:
    if request.tariff > _TARIFFS:
        return Status.UNKNOWN_REQUEST
    return works.counting.of_period(request.period, request.tariff, now)


def _stored(works: Works, request: energy.ReadStored, now: datetime) -> object:
    if request.tariff > _TARIFFS:
        return Status.UNKNOWN_REQUEST
    return works.counting.stored(request.beginning, request.tariff, now)


def _record(works: Works, request: journals.ReadRecord, now: datetime) -> object:
    return _of_journal(works, request.place.journal, request.place.place, now)


def _record_extended(works: Works, request: journals.ReadRecordExtended, now: datetime) -> object:
    return _of_journal(works, request.journal, request.place, now)


def _of_journal(works: Works, journal: journals.Journal, place: int, now: datetime) -> object:
    if not any(JOURNAL_OF.get(kind) is journal for kind in works.plan.model.journals):
        return Status.UNKNOWN_REQUEST
    return works.journals.record(journal, place, now)


def _instant(works: Works, request: instants.ReadInstant, now: datetime) -> object:
    value = works.flow.measured(request.measured, now)
    return Status.UNKNOWN_REQUEST if value is None else value


def _instants(works: Works, request: instants.ReadInstants, now: datetime) -> object:
    base = request.measured.code & ~0b11
    values = [works.flow.measured(instants.Measured(base + phase), now) for phase in range(4)]
    return Status.UNKNOWN_REQUEST if None in values else tuple(values)


def _real(works: Works, request: instants.ReadReal, now: datetime) -> object:
    value = works.flow.measured(request.measured, now)
    return Status.UNKNOWN_REQUEST if value is None else value.active / _units(request.measured)


def _reals(works: Works, request: instants.ReadReals, now: datetime) -> object:
    base = request.measured.code & ~0b11
    values = [works.flow.measured(instants.Measured(base + phase), now) for phase in range(4)]
    told = [value.active for value in values if value is not None]
    if len(told) < len(values):
        return Status.UNKNOWN_REQUEST
    return tuple(value / _units(request.measured) for value in told)


def _units(measured: instants.Measured) -> int:
    return _UNITS_PER_NAMED**2 if measured.name.endswith("_ua") else _UNITS_PER_NAMED


def _find(works: Works, request: profile.FindHour, now: datetime) -> object:
    if request.period_minutes != works.ring.period_minutes:
        works.searching.fail(profile.SearchState.WRONG_PERIOD)
    else:
        works.searching.begin(works.ring.find(request.day_on, request.hour, now))
    return None


def _memory(works: Works, request: profile.ReadMemory | profile.ReadMemoryIndexed, now: datetime) -> object:
    is_too_much = request.size > works.dialect.read_bytes_max
    if is_too_much or request.memory is not profile.Memory.PROFILE:
        return Status.UNKNOWN_REQUEST
    read = works.ring.read(request.memory_address, request.size, now)
    return Status.UNKNOWN_REQUEST if read is None else read


REPLIES: Mapping[type[NzifRequest[Any]], Callable[[Works, Any, datetime], object]] = {
    session.CheckLink: lambda *_: None,
    session.OpenChannel: _open,
    session.CloseChannel: _close,
    ReadClock: lambda works, _, now: shows_whole(works.clockwork, now),
    journals.ReadRecord: _record,
    journals.ReadRecordExtended: _record_extended,
    energy.ReadEnergy: _energy,
    energy.ReadStored: _stored,
    parameters.ReadSerial: _serial,
    parameters.ReadTemperature: lambda *_: _TEMPERATURE_C,
    parameters.ReadRatios: lambda works, *_: parameters.Ratios(voltage_ratio=1, current_ratio=works.plan.ratio),
    parameters.ReadVariant: lambda works, *_: works.variant,
    instants.ReadInstant: _instant,
    instants.ReadInstants: _instants,
    instants.ReadReal: _real,
    instants.ReadReals: _reals,
    profile.FindHour: _find,
    profile.ReadSearch: lambda works, *_: works.searching.state(),
    profile.ReadPointer: lambda works, _, now: works.ring.pointer(now),
    profile.ReadMemory: _memory,
    profile.ReadMemoryIndexed: _memory,
}
"""Every request of the language."""

NEED_NO_CHANNEL = frozenset({session.CheckLink, session.OpenChannel, session.CloseChannel})
