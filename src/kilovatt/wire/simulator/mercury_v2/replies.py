"""What a simulated meter answers to each question: a value, the bytes of one, or a status of refusal."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile
from kilovatt.wire.protocols.mercury_v2.journals import Journal
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule
from kilovatt.wire.simulator.mercury_v2.variant import made_on
from kilovatt.wire.simulator.mercury_v2.works import Status, Works

_CORRECTION_RUNS = 47
_TIMEOUT_MULTIPLIER = 1
_VOLTAGE_LIMITS_MV = (207_000, 218_500, 241_500, 253_000)
_FREQUENCY_LIMITS_MHZ = (49_600, 49_800, 50_200, 50_400)
SILENT_ON_OLDER = frozenset(
    {
        energy.ReadStoredEnergy,
        energy.ReadStoredQuadrants,
        profile.ReadRecords,
        parameters.ReadFullPassport,
        parameters.ReadFullVariant,
        parameters.ReadRelayContacts,
        parameters.ReadEventFlags,
        instants.ReadEverything,
    }
)
"""What older firmware does not know, and is silent about."""


# ── Energy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _energy(works: Works, request: energy.ReadEnergy, now: datetime) -> object:
    if request.tariff == energy.LOSSES_TARIFF:
        return Status.UNKNOWN
    return works.counting.of_period(request.period, request.tariff, now)


def _energy_of_tariffs(works: Works, request: energy.ReadEnergyOfTariffs, now: datetime) -> object:
    return tuple(works.counting.of_period(request.period, tariff, now) for tariff in (1, 2, 3, 4, 0))


def _energy_of_phases(works: Works, request: energy.ReadEnergyOfPhases, now: datetime) -> object:
    return works.counting.phases_wh(request.tariff, now)


def _quadrants(works: Works, request: energy.ReadQuadrants, now: datetime) -> object:
    if request.tariff:
        return Status.UNKNOWN
    return works.counting.quadrants(works.counting.of_period(request.period, 0, now))


def _stored(works: Works, request: energy.ReadStoredEnergy | energy.ReadStoredQuadrants, now: datetime) -> object:
    today, model = works.clockwork.today(now), works.plan.model
    if request.moment is energy.StoredMoment.DAY:
        begins_on = request.day_on
        is_kept = 0 <= (today - begins_on).days <= model.day_register_depth_days
    else:
        begins_on = request.day_on.replace(day=1)
        age = (today.year - begins_on.year) * 12 + today.month - begins_on.month
        is_kept = 0 <= age <= model.month_register_depth_months
    if not is_kept:
        return Status.UNKNOWN
    totals = works.counting.at_midnight(begins_on, request.tariff)
    return works.counting.quadrants(totals) if isinstance(request, energy.ReadStoredQuadrants) else totals


# ── What the meter is ────────────────────────────────────────────────────────────────────────────────────────────────


def _serial(works: Works) -> str:
    return f"{works.plan.serial:08}"


def _serial_number(works: Works, _request: parameters.ReadSerial, _now: datetime) -> object:
    return parameters.SerialNumber(serial=_serial(works), made_on=made_on(works.plan.serial))


def _passport(works: Works, _request: parameters.ReadPassport, _now: datetime) -> object:
    return parameters.Passport(
        serial=_serial(works), made_on=made_on(works.plan.serial), firmware=works.firmware, variant=works.variant
    )


def _full_passport(works: Works, _request: parameters.ReadFullPassport, _now: datetime) -> object:
    return parameters.FullPassport(
        serial=_serial(works),
        made_on=made_on(works.plan.serial),
        firmware=works.firmware,
        variant=works.variant,
        firmware_checksum=b"\x7e\xf5",
        variant_code=b"\x32\x3a",
        variant_byte_7=0,
        variant_byte_8=0,
    )


def _full_variant(works: Works, _request: parameters.ReadFullVariant, _now: datetime) -> object:
    return parameters.FullVariant(variant=works.variant, variant_code=b"\x32\x3a", variant_byte_7=0, variant_byte_8=0)


def _errors(works: Works, _request: parameters.ReadErrors, now: datetime) -> object:
    return frozenset({_CORRECTION_RUNS} if works.clockwork.is_slewing(now) else ())


def _tariff_state(works: Works, _request: parameters.ReadTariffState, now: datetime) -> object:
    table = works.plan.energy.tariff_table(now)
    return parameters.TariffState(tariff=works.plan.energy.tariff_at(now), is_single=len(table) == 1)


def _relay_contacts(works: Works, _request: parameters.ReadRelayContacts, _now: datetime) -> object:
    if not works.plan.model.relay:
        return Status.UNKNOWN
    phases = frozenset(range(1, works.plan.model.phases + 1))
    is_off = parameters.LOAD_IS_OFF in works.settings.load_bits
    return parameters.RelayContacts(
        closed=frozenset() if is_off else phases, without_voltage=phases if is_off else frozenset()
    )


def _event_flags(works: Works, _request: parameters.ReadEventFlags, _now: datetime) -> object:
    flags = {
        EventKind.POWER_OFF: 1,
        EventKind.MAGNETIC_FIELD: 3,
        EventKind.TERMINAL_COVER_OPENED: 4,
        EventKind.CASE_OPENED: 5,
        EventKind.POWER_LIMIT_EXCEEDED: 6,
        EventKind.REPROGRAMMED: 13,
    }
    return frozenset(flags[event.kind] for event in works.plan.past_events if event.kind in flags)


# ── What flows ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _frozen(works: Works, request: instants.ReadFrozen, _now: datetime) -> object:
    at = works.settings.frozen_at
    return Status.UNKNOWN if at is None else works.flow.measured(request.measured, at)


def _frozen_clock(works: Works, _request: instants.ReadFrozenClock, _now: datetime) -> object:
    at = works.settings.frozen_at
    return Status.UNKNOWN if at is None else works.clockwork.shows_whole(at)


def _frozen_energy(works: Works, request: instants.ReadFrozenEnergy, _now: datetime) -> object:
    at = works.settings.frozen_at
    return Status.UNKNOWN if at is None else works.counting.totals(request.tariff, at)


# ── The load profile ─────────────────────────────────────────────────────────────────────────────────────────────────


def _latest_record(works: Works, _request: profile.ReadLatestRecord, now: datetime) -> object:
    number = works.ring.newest(now)
    newest = profile.PROFILE_RECORD.decode(works.ring.record(number))
    return profile.LatestRecord(
        address=profile.address_as_sent(works.ring.address_of(number), works.address_order),
        state=newest.state,
        stamp=newest.stamp,
        period_minutes=works.ring.period_minutes,
    )


def _records_back(works: Works, request: profile.ReadRecords, now: datetime) -> object:
    if request.memory is not profile.Memory.MAIN_PROFILE or request.offset + request.count > works.ring.places:
        return Status.UNKNOWN
    last = works.ring.newest(now) - request.offset
    return b"".join(works.ring.record(number) for number in range(last - request.count + 1, last + 1))


def _record_at(works: Works, request: profile.ReadRecordAt, now: datetime) -> object:
    return _records_from(works, request.place, 1, now)


def _seventeen_from(works: Works, request: profile.ReadRecordsFrom, now: datetime) -> object:
    return _records_from(works, request.place, profile.RECORDS_MAX, now)


def _records_from(works: Works, place: profile.RingAddress, count: int, now: datetime) -> object:
    if place.memory is not profile.Memory.MAIN_PROFILE or place.address >= works.ring.size:
        return Status.UNKNOWN
    addresses = range(place.address, place.address + count * profile.RING_STEP, profile.RING_STEP)
    return b"".join(works.ring.record(works.ring.number_at(it % works.ring.size, now)) for it in addresses)


# ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _has_journal(works: Works, journal: Journal) -> bool:
    model = works.plan.model
    if journal is Journal.LOAD_CONTROL:
        return model.relay
    return journal is not Journal.MAGNETIC_FIELD or EventKind.MAGNETIC_FIELD in model.journals


def _journal_record(works: Works, request: journals.ReadJournal, now: datetime) -> object:
    if not _has_journal(works, request.journal):
        return Status.UNKNOWN
    return works.journals.ring(request.journal, now)[request.place]


def _newest_record(works: Works, request: journals.ReadNewestRecord, now: datetime) -> object:
    if not _has_journal(works, request.journal):
        return Status.UNKNOWN
    place = works.journals.newest_place(request.journal, now)
    return journals.NewestRecord(record=works.journals.ring(request.journal, now)[place], place=place)


def _whole_journal(works: Works, request: journals.ReadWholeJournal, now: datetime) -> object:
    if not _has_journal(works, request.journal):
        return Status.UNKNOWN
    return works.journals.ring(request.journal, now)


def _journal_block(works: Works, request: journals.ReadJournalBlock, now: datetime) -> object:
    first = request.block * journals.BLOCK
    return works.journals.ring(request.journal, now)[first : first + journals.BLOCK]


REPLIES: Mapping[type[MercuryV2Request[Any]], Callable[[Works, Any, datetime], object]] = {
    ReadClock: lambda works, _, now: works.clockwork.shows_whole(now),
    journals.ReadJournal: _journal_record,
    journals.ReadNewestRecord: _newest_record,
    journals.ReadWholeJournal: _whole_journal,
    journals.ReadJournalBlock: _journal_block,
    journals.ReadSagStatistics: lambda *_: (0,) * 8,
    energy.ReadEnergy: _energy,
    energy.ReadEnergyOfTariffs: _energy_of_tariffs,
    energy.ReadEnergyOfPhases: _energy_of_phases,
    energy.ReadQuadrants: _quadrants,
    energy.ReadStoredEnergy: _stored,
    energy.ReadStoredQuadrants: _stored,
    parameters.ReadSerial: _serial_number,
    parameters.ReadPassport: _passport,
    parameters.ReadFullPassport: _full_passport,
    parameters.ReadRatios: lambda works, *_: parameters.Ratios(voltage_ratio=1, current_ratio=works.plan.ratio),
    parameters.ReadFirmware: lambda works, *_: works.firmware,
    parameters.ReadExtraTimeout: lambda *_: _TIMEOUT_MULTIPLIER,
    parameters.ReadMainTimeout: lambda *_: _TIMEOUT_MULTIPLIER,
    parameters.ReadAddress: lambda works, *_: works.settings.address,
    parameters.ReadErrors: _errors,
    parameters.ReadVariant: lambda works, *_: works.variant,
    parameters.ReadFullVariant: _full_variant,
    parameters.ReadTariffState: _tariff_state,
    parameters.ReadLoadControl: lambda works, *_: works.settings.load_bits,
    parameters.ReadPowerLimit: lambda works, *_: works.settings.power_limit_mw,
    parameters.ReadEnergyLimit: lambda works, request, _: works.settings.limits_wh[request.tariff],
    parameters.ReadQualityLimits: lambda *_: parameters.QualityLimits(*_VOLTAGE_LIMITS_MV, *_FREQUENCY_LIMITS_MHZ),
    ReadTariffSchedule: lambda works, request, now: works.settings.marks(request.selection, works.plan.energy, now),
    ReadHolidays: lambda works, request, _: works.settings.holidays.get(request.month, frozenset()),
    parameters.ReadRelayContacts: _relay_contacts,
    parameters.ReadEventFlags: _event_flags,
    instants.ReadInstant: lambda works, request, now: works.flow.one(request.measured, now),
    instants.ReadInstants: lambda works, request, now: works.flow.measured(request.measured, now),
    instants.ReadEverything: lambda works, _, now: works.flow.everything(now),
    instants.ReadFrozen: _frozen,
    instants.ReadFrozenClock: _frozen_clock,
    instants.ReadFrozenEnergy: _frozen_energy,
    profile.ReadLatestRecord: _latest_record,
    profile.ReadRecordAt: _record_at,
    profile.ReadRecordsFrom: _seventeen_from,
    profile.ReadRecords: _records_back,
}
"""Requests that are not here are answered as unknown."""
