"""A simulated meter of НЗиФ: what it answers, when it refuses, and when it keeps silent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.framing.connection import Answered, Refusal
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.hearing import REQUESTS, frame
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Journal, Moment, Pair, read_record
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.nzif.profile import SearchState, counts_from, header_from
from kilovatt.wire.protocols.nzif.request import NzifRequest
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan
from kilovatt.wire.simulator.nzif import NzifMeter
from kilovatt.wire.simulator.nzif.replies import REPLIES

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
ADDRESS, SERIAL = 91, 34_365_091
UWH_PER_COUNT = 400_000
RING_SIZE = 2730 * 24
T = TypeVar("T")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 150, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_567, 2: 654_321}, inductive_permille=200, capacitive_permille=10),
    ratio=20,
)
YOUNG = MeterEnergy(
    curve=place_curve(np.arange(48 * 3, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(1),
    past=MeterPast(starting_wh={1: 0}, inductive_permille=0, capacitive_permille=500),
)
MK = model_by_key("psch-4tm-05mk-16-02")
SET = model_by_key("set-4tm-03m")
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)
ENERGY_NOW = energy.ReadEnergy(SINCE_RESET, TOTAL_TARIFF)
ASKED = frame(ADDRESS, ENERGY_NOW.body())


def silent_meter(
    *events: PastEvent,
    model: MeterModel = MK,
    ahead: timedelta = timedelta(0),
    source: MeterEnergy = ENERGY,
    serial: int = SERIAL,
) -> NzifMeter:
    """A meter whose channel nobody has opened."""
    return NzifMeter(
        SimulatedMeterPlan(
            model=model,
            serial=serial,
            address=ADDRESS,
            zone=MOSCOW,
            energy=source,
            past_events=events,
            clock_ahead=ahead,
            ratio=20,
        )
    )


def meter(
    *events: PastEvent,
    model: MeterModel = MK,
    ahead: timedelta = timedelta(0),
    source: MeterEnergy = ENERGY,
    now: datetime = NOW,
) -> NzifMeter:
    """A meter whose channel is open."""
    made = silent_meter(*events, model=model, ahead=ahead, source=source)
    assert said(made, session.OpenChannel(b"000000"), now) is None
    return made


def heard(to: NzifMeter, request: NzifRequest[Any], now: datetime = NOW, address: int = ADDRESS) -> object:
    """What a client makes of the answer: a value or a refusal."""
    connection = NzifConnection(address)
    answer = to.hear(connection.send(request).data, now)
    assert answer is not None, f"silent at {request}"
    event = connection.receive(answer) or connection.quiet()
    assert isinstance(event, Answered)
    return event.value


def said(to: NzifMeter, request: NzifRequest[T], now: datetime = NOW) -> T:
    value = heard(to, request, now)
    assert not isinstance(value, Refusal), value
    return cast("T", value)


def refused(to: NzifMeter, request: NzifRequest[Any], now: datetime = NOW) -> int:
    """The status of the refusal."""
    value = heard(to, request, now)
    assert isinstance(value, Refusal), value
    return value.code


def counted(tariff: int, at: datetime, quantity: Quantity = Quantity.A_PLUS) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // UWH_PER_COUNT


# ── Silence, refusals, the channel ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "bytes_on_the_line",
    [
        b"",
        b"\x5b",
        ASKED[:-1],
        ASKED[:-1] + b"\x00",
        frame(ADDRESS + 1, ENERGY_NOW.body()),
        frame(SERIAL + 1, ENERGY_NOW.body()),
        bytes.fromhex("FC 02"),
        bytes.fromhex("01 06 47 5E 63 EC D4"),  # Mercury V1
    ],
)
def test_a_meter_is_silent_at_what_is_no_frame_for_it(bytes_on_the_line: bytes) -> None:
    assert meter().hear(bytes_on_the_line, NOW) is None


@pytest.mark.parametrize("body", [b"\x77", b"\x08\x77", b"\x05\x00", b"\x0a\x87\x01\x00\x0f\x00", b"\x08\x11\x70"])
def test_what_a_meter_does_not_understand_it_refuses(body: bytes) -> None:
    assert meter().hear(frame(ADDRESS, body), NOW) == frame(ADDRESS, b"\x01")


def test_asked_at_address_0_it_answers_from_its_own() -> None:
    assert silent_meter().hear(frame(0, session.CheckLink().body()), NOW) == frame(ADDRESS, b"\x00")


def test_asked_by_its_serial_number_it_answers_by_it() -> None:
    told = meter().hear(frame(SERIAL, parameters.ReadVariant().body()), NOW)
    assert told == frame(SERIAL, bytes.fromhex("64 42 B0"))
    short = silent_meter(serial=93)
    assert short.hear(frame(93, session.CheckLink().body()), NOW) is None


def test_without_an_open_channel_nothing_but_the_link_is_answered() -> None:
    closed = silent_meter()
    assert said(closed, session.CheckLink()) is None
    assert refused(closed, ENERGY_NOW) == 5
    assert refused(closed, parameters.ReadSerial()) == 5


def test_any_of_its_passwords_opens_the_channel_and_no_other() -> None:
    for password in (b"000000", b"111111"):
        it = silent_meter()
        assert said(it, session.OpenChannel(password)) is None
        assert said(it, ENERGY_NOW).a_plus
    it = silent_meter()
    assert refused(it, session.OpenChannel(b"314159")) == 3
    assert refused(it, ENERGY_NOW) == 5


def test_the_channel_closes_when_told_and_after_a_silence() -> None:
    it = meter()
    assert said(it, session.CloseChannel()) is None
    assert refused(it, ENERGY_NOW) == 5

    it = meter()
    life = timedelta(seconds=NzifDialect().channel_life_s)
    assert said(it, ENERGY_NOW, NOW + life).a_plus
    assert said(it, ENERGY_NOW, NOW + 2 * life).a_plus
    assert refused(it, ENERGY_NOW, NOW + 3 * life + timedelta(seconds=1)) == 5


def test_every_request_of_the_language_has_a_reply() -> None:
    assert set(REPLIES) == set(REQUESTS)


# ── What it is, what time it is, what flows ──────────────────────────────────────────────────────────────────────────


def test_it_says_what_its_row_says() -> None:
    it = meter()
    assert said(it, parameters.ReadSerial()).serial == SERIAL
    variant = said(it, parameters.ReadVariant())
    assert (variant.impulses_per_kwh, variant.type_code, variant.phases) == (1250, 11, 3)
    assert said(meter(model=SET), parameters.ReadVariant()).word == bytes.fromhex("64 42 80")
    other = said(meter(model=replace(MK, key="another", phases=1)), parameters.ReadVariant())
    assert (other.phases, other.type_code) == (1, 0)
    assert said(it, parameters.ReadRatios()) == parameters.Ratios(voltage_ratio=1, current_ratio=20)
    assert said(it, parameters.ReadTemperature()) == 24


def test_its_clock_shows_local_time_and_season() -> None:
    shown = MeterClock(WallTime(2026, 11, 24, 12, 10, 11), is_winter=True)
    assert said(meter(), ReadClock()) == shown
    ahead = said(meter(ahead=timedelta(minutes=11)), ReadClock())
    assert ahead.time == WallTime(2026, 11, 24, 12, 21, 11)


def test_powers_voltages_and_currents_fit_together() -> None:
    it = meter()
    power = said(it, instants.ReadInstant(instants.ACTIVE_POWER))
    assert abs(power.magnitude - ENERGY.power_w(Quantity.A_PLUS, NOW) * 1000) < 3
    each = said(it, instants.ReadInstants(Measured(0x08)))
    for phase in (1, 2, 3):
        voltage = said(it, instants.ReadInstant(instants.voltage(phase))).magnitude
        current = said(it, instants.ReadInstant(instants.current(phase))).magnitude
        assert 225_000 <= voltage <= 235_000
        assert abs(current * voltage // 1_000_000 - each[phase].magnitude) <= voltage // 10_000
    assert 49_000 < said(it, instants.ReadInstant(instants.FREQUENCY)).magnitude < 51_000
    factor = said(it, instants.ReadInstant(Measured(0x30))).magnitude
    assert 900 <= factor <= 1000


def test_floating_values_are_the_same_in_whole_units() -> None:
    it = meter()
    whole = said(it, instants.ReadInstant(instants.voltage(1)))
    assert said(it, instants.ReadReal(instants.voltage(1))) == pytest.approx(whole.magnitude / 1000)
    currents = said(it, instants.ReadReals(Measured(0x20)))
    whole_current = said(it, instants.ReadInstant(instants.current(1)))
    assert currents[1] == pytest.approx(whole_current.magnitude / 1_000_000)


def test_what_is_not_measured_is_refused() -> None:
    it = meter()
    for request in (
        instants.ReadInstant(Measured(0x41)),
        instants.ReadInstants(Measured(0x40)),
        instants.ReadReal(Measured(0x41)),
        instants.ReadReals(Measured(0x40)),
    ):
        assert refused(it, request) == 1


def test_a_meter_that_draws_nothing_has_a_power_factor_of_one_and_no_current() -> None:
    before = NOW - timedelta(days=300)
    it = meter(now=before, model=replace(MK, phases=1))
    assert said(it, instants.ReadInstant(Measured(0x30)), before).magnitude == 1000
    assert said(it, instants.ReadInstant(instants.current(2)), before).magnitude == 0


def test_a_capacitive_load_reverses_the_reactive_direction() -> None:
    it = meter(source=YOUNG)
    assert said(it, instants.ReadInstant(Measured(0x04))).reactive_reversed


# ── Registers ────────────────────────────────────────────────────────────────────────────────────────────────────────

MIDNIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC)


@pytest.mark.parametrize("tariff", [0, 1, 2])
def test_registers_are_counts_of_what_flowed(tariff: int) -> None:
    told = said(meter(), energy.ReadEnergy(SINCE_RESET, tariff))
    assert told.a_plus == counted(tariff, NOW)
    assert told.r_plus == counted(tariff, NOW, Quantity.R_PLUS)
    assert told.a_minus == 0


@pytest.mark.parametrize(
    ("beginning", "at"),
    [
        (Beginning(StoredArray.NOW), NOW),
        (Beginning(StoredArray.TODAY_START), MIDNIGHT),
        (Beginning(StoredArray.YESTERDAY_START), MIDNIGHT - timedelta(days=1)),
        (Beginning(StoredArray.DAY_START, 24), MIDNIGHT),
        (Beginning(StoredArray.DAY_START, 25), datetime(2026, 10, 24, 21, tzinfo=UTC)),
        (Beginning(StoredArray.DAY_START, 31), datetime(2026, 10, 30, 21, tzinfo=UTC)),
        (Beginning(StoredArray.MONTH_START, 11), datetime(2026, 10, 31, 21, tzinfo=UTC)),
        (Beginning(StoredArray.MONTH_START, 12), datetime(2025, 11, 30, 21, tzinfo=UTC)),
    ],
    ids=str,
)
def test_archives_hold_registers_as_they_stood(beginning: Beginning, at: datetime) -> None:
    assert said(meter(), energy.ReadStored(beginning, 0)).a_plus == counted(0, at)


@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        (EnergyPeriod(EnergyArray.TODAY), MIDNIGHT, NOW),
        (EnergyPeriod(EnergyArray.YESTERDAY), MIDNIGHT - timedelta(days=1), MIDNIGHT),
        (EnergyPeriod(EnergyArray.MONTH, 11), datetime(2026, 10, 31, 21, tzinfo=UTC), NOW),
        (
            EnergyPeriod(EnergyArray.MONTH, 10),
            datetime(2026, 9, 30, 21, tzinfo=UTC),
            datetime(2026, 10, 31, 21, tzinfo=UTC),
        ),
        (
            EnergyPeriod(EnergyArray.MONTH, 12),
            datetime(2025, 11, 30, 21, tzinfo=UTC),
            datetime(2025, 12, 31, 21, tzinfo=UTC),
        ),
    ],
    ids=str,
)
def test_energies_of_periods_are_what_registers_grew_by(period: EnergyPeriod, since: datetime, until: datetime) -> None:
    assert said(meter(), energy.ReadEnergy(period, 0)).a_plus == counted(0, until) - counted(0, since)


def test_a_meter_closes_its_days_by_its_own_clock() -> None:
    ahead = timedelta(minutes=11)
    told = said(meter(ahead=ahead), energy.ReadStored(Beginning(StoredArray.DAY_START, 24), 0))
    assert told.a_plus == counted(0, MIDNIGHT - ahead)


def test_a_tariff_that_it_does_not_have_is_refused_and_what_it_does_not_count_is_masked() -> None:
    it = meter(model=replace(MK, quantities=frozenset({Quantity.A_PLUS})))
    assert refused(it, energy.ReadEnergy(SINCE_RESET, 5)) == 1
    assert refused(it, energy.ReadStored(Beginning(StoredArray.NOW), 8)) == 1
    assert said(it, energy.ReadEnergy(EnergyPeriod(EnergyArray.TODAY), 1)).r_plus is None


# ── The load profile ─────────────────────────────────────────────────────────────────────────────────────────────────


def found(it: NzifMeter, day_on: date, hour: int | None = None, now: datetime = NOW) -> profile.Search:
    said(it, profile.FindHour(day_on, hour, 30), now)
    assert said(it, profile.ReadSearch(), now).state is SearchState.SEARCHING
    return said(it, profile.ReadSearch(), now)


def hour_at(it: NzifMeter, address: int, now: datetime = NOW) -> bytes:
    return said(it, profile.ReadMemoryIndexed(1, address, 24), now)


def test_a_day_is_found_where_its_first_hour_stands() -> None:
    it = meter()
    search = found(it, date(2026, 11, 23))
    assert search.state is SearchState.FOUND
    record = hour_at(it, search.memory_address)
    header = header_from(record[:8])
    assert header == profile.HourHeader(date(2026, 11, 23), 0, is_winter=True, period_minutes=30)
    began_at = datetime(2026, 11, 22, 21, tzinfo=UTC)
    for half in (0, 1):
        since = began_at + timedelta(minutes=30 * half)
        counts = counts_from(record[8 + 8 * half : 16 + 8 * half])
        assert counts.a_plus == counted(0, since + timedelta(minutes=30)) - counted(0, since)
        assert not counts.is_incomplete


def test_an_hour_is_found_by_its_hour() -> None:
    it = meter()
    header = header_from(hour_at(it, found(it, date(2026, 11, 23), 14).memory_address)[:8])
    assert header is not None
    assert (header.day_on, header.hour) == (date(2026, 11, 23), 14)


def test_what_the_ring_no_longer_has_or_not_yet_is_not_found() -> None:
    it = meter()
    assert said(it, profile.ReadSearch()).state is SearchState.NOT_FOUND
    assert found(it, date(2026, 7, 1)).state is SearchState.NOT_FOUND
    assert found(it, date(2026, 11, 25)).state is SearchState.NOT_FOUND
    # 2730 hours are 113 days and 18 hours.
    assert found(it, date(2026, 8, 4)).state is SearchState.FOUND
    assert found(it, date(2026, 8, 1)).state is SearchState.NOT_FOUND


def test_a_search_for_other_intervals_is_told_to_be_wrong_at_once() -> None:
    it = meter()
    said(it, profile.FindHour(date(2026, 11, 23), None, 60))
    assert said(it, profile.ReadSearch()).state is SearchState.WRONG_PERIOD


def test_the_pointer_follows_the_intervals_that_have_ended() -> None:
    it = meter()
    pointer = said(it, profile.ReadPointer())
    assert (pointer.is_full, pointer.stamp) == (True, WallTime(2026, 11, 24, 12, 0, 0))
    header = header_from(hour_at(it, pointer.address // 24 * 24)[:8])
    assert header is not None
    assert (header.day_on, header.hour) == (date(2026, 11, 24), 12)
    later = NOW + timedelta(minutes=25)
    assert said(meter(now=later), profile.ReadPointer(), later).address == pointer.address + 8
    assert said(meter(source=YOUNG), profile.ReadPointer()).is_full is False


def test_of_the_hour_that_runs_only_the_header_and_what_has_ended_is_written() -> None:
    it = meter()
    address = said(it, profile.ReadPointer()).address // 24 * 24
    assert hour_at(it, address)[8:] == b"\xff" * 16
    later = NOW + timedelta(minutes=25)
    it = meter(now=later)
    assert hour_at(it, address, later)[16:] == b"\xff" * 8
    assert hour_at(it, address, later)[8:16] != b"\xff" * 8


def test_a_ring_that_has_not_gone_round_is_empty_behind_its_newest_hour() -> None:
    it = meter(source=YOUNG)
    first = found(it, date(2026, 11, 21))
    assert first.memory_address == 0
    assert hour_at(it, RING_SIZE - 24) == b"\xff" * 24


def test_memory_is_read_from_any_address_up_to_the_end_and_not_beyond() -> None:
    it = meter()
    whole = said(it, profile.ReadMemory(0, 120))
    assert said(it, profile.ReadMemory(7, 20)) == whole[7:27]
    assert len(said(it, profile.ReadMemory(RING_SIZE - 2, 2))) == 2
    assert refused(it, profile.ReadMemory(RING_SIZE - 2, 3)) == 1
    assert refused(it, profile.ReadMemory(0, 24, profile.Memory.PROFILE_2)) == 1
    assert refused(meter(model=SET), profile.ReadMemory(0, 94)) == 1


def test_hours_wholly_without_supply_are_missing_and_broken_intervals_are_marked() -> None:
    # Off by Moscow from 10:10 to 13:40 on the 22nd.
    off = PastEvent(
        kind=EventKind.POWER_OFF,
        began_at=datetime(2026, 11, 22, 7, 10, tzinfo=UTC),
        ended_at=datetime(2026, 11, 22, 10, 40, tzinfo=UTC),
    )
    it = meter(off)
    start = found(it, date(2026, 11, 22), 10).memory_address
    shown = []
    for place in range(3):
        record = hour_at(it, (start + 24 * place) % RING_SIZE)
        header = header_from(record[:8])
        assert header is not None
        shown.append((header.hour, *(counts_from(record[at : at + 8]).is_incomplete for at in (8, 16))))
    assert shown == [(10, True, True), (13, True, True), (14, False, False)]
    assert found(it, date(2026, 11, 22), 11).state is SearchState.NOT_FOUND


def test_a_meter_that_is_still_without_supply_is_not_asked_where_its_hours_end() -> None:
    it = meter(PastEvent(kind=EventKind.POWER_OFF, began_at=NOW - timedelta(days=1)))
    record = hour_at(it, found(it, date(2026, 11, 24)).memory_address)
    assert counts_from(record[8:16]).is_incomplete


def test_hours_are_remembered_but_not_too_many() -> None:
    it = meter()
    before = [hour_at(it, place * 24) for place in range(0, 2730, 5)]
    assert [hour_at(it, place * 24) for place in range(0, 2730, 5)] == before


# ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def event(kind: EventKind, hours_ago: int, lasts_minutes: int | None = 30) -> PastEvent:
    began_at = NOW - timedelta(hours=hours_ago)
    return PastEvent(
        kind=kind,
        began_at=began_at,
        ended_at=None if lasts_minutes is None else began_at + timedelta(minutes=lasts_minutes),
    )


def test_the_newest_record_is_in_the_last_place() -> None:
    it = meter(event(EventKind.TERMINAL_COVER_OPENED, 5), event(EventKind.TERMINAL_COVER_OPENED, 2, None))
    records = [said(it, read_record(Journal.TERMINAL_COVER, place)) for place in range(journals.PLACES)]
    assert records[:8] == [Pair(None, None)] * 8
    assert records[8] == Pair(WallTime(2026, 11, 24, 7, 10, 11), WallTime(2026, 11, 24, 7, 40, 11))
    assert records[9] == Pair(WallTime(2026, 11, 24, 10, 10, 11), None)


def test_ten_records_are_kept_and_what_is_to_come_is_not_told() -> None:
    it = meter(*(event(EventKind.CASE_OPENED, hours) for hours in range(-1, 13)))
    newest, oldest = (said(it, read_record(Journal.CASE, place)) for place in (9, 0))
    assert newest == Pair(WallTime(2026, 11, 24, 12, 10, 11), None)
    assert oldest == Pair(WallTime(2026, 11, 24, 3, 10, 11), WallTime(2026, 11, 24, 3, 40, 11))


def test_corrections_have_the_clock_before_and_after_and_tariffs_a_moment() -> None:
    it = meter(event(EventKind.CLOCK_SET, 3), event(EventKind.TARIFF_TABLE_CHANGED, 4))
    assert said(it, read_record(Journal.CLOCK, 9)) == Pair(
        WallTime(2026, 11, 24, 9, 10, 11), WallTime(2026, 11, 24, 9, 10, 18)
    )
    assert said(it, read_record(Journal.TARIFFS, 9)) == Moment(WallTime(2026, 11, 24, 8, 10, 11))
    assert said(it, read_record(Journal.TARIFFS, 8)) == Moment(None)


def test_a_journal_that_the_model_lacks_is_refused() -> None:
    assert refused(meter(model=SET), read_record(Journal.CASE, 9)) == 1
    assert refused(meter(model=replace(MK, journals=frozenset())), read_record(Journal.POWER, 9)) == 1


def test_a_row_without_options_of_the_language_has_the_usual_ones() -> None:
    assert said(meter(model=replace(MK, dialect=None)), ENERGY_NOW).a_plus
