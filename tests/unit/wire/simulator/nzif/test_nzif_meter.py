"""A simulated meter of НЗиФ: what it answers, when it refuses, and when it keeps silent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import energy, instants, parameters, session
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.hearing import REQUESTS, frame
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock, ReadClock
from kilovatt.wire.simulator.nzif.replies import REPLIES
from simulated_nzif import (
    ADDRESS,
    ASKED,
    ENERGY,
    ENERGY_NOW,
    MK,
    NOW,
    SERIAL,
    SET,
    SINCE_RESET,
    YOUNG,
    counted,
    meter,
    refused,
    said,
    silent_meter,
)

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
    other = said(meter(model=replace(MK, phases=1, dialect=NzifDialect(type_code=5))), parameters.ReadVariant())
    assert (other.phases, other.type_code) == (1, 5)
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


def test_a_row_without_options_of_the_language_has_the_usual_ones() -> None:
    assert said(meter(model=replace(MK, dialect=None)), ENERGY_NOW).a_plus
