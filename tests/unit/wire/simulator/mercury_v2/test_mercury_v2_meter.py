"""A simulated Mercury V2: what it answers, when it refuses, and when it keeps silent."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.connection import Refusal
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod, StoredMoment
from kilovatt.wire.protocols.mercury_v2.hearing import REQUESTS, frame
from kilovatt.wire.protocols.mercury_v2.instants import Measured, PowerKind, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule, ScheduleSelection
from kilovatt.wire.simulator.mercury_v2.replies import REPLIES
from simulated_v2 import (
    ADDRESS,
    ASKED,
    DIGITS,
    ENERGY_NOW,
    M230,
    M234,
    M234_R,
    MOSCOW,
    NOW,
    SINCE_RESET,
    V2_MODELS,
    counted,
    heard,
    meter,
    refused,
    said,
    silent_meter,
)


@pytest.mark.parametrize(
    "bytes_on_the_line",
    [
        b"",
        b"\x43",
        ASKED[:-1],
        ASKED[:-1] + b"\x00",
        ASKED + b"\x00",
        frame(ADDRESS + 1, ENERGY_NOW.body()),
        frame(ADDRESS, b"\x7f"),
        frame(ADDRESS, b"\x05\x00"),
        frame(ADDRESS, b"\x08\x11"),
        frame(ADDRESS, b"\x03"),
        bytes.fromhex("00 06 47 5E 63 EC D4"),  # Mercury V1
    ],
)
def test_a_meter_is_silent_at_what_is_no_question_to_it(bytes_on_the_line: bytes) -> None:
    assert meter().hear(bytes_on_the_line, NOW) is None


@pytest.mark.parametrize(
    "request_asked",
    [
        energy.ReadStoredEnergy(StoredMoment.DAY, date(2026, 11, 20), 0),
        profile.ReadRecords(offset=0, count=1),
        instants.ReadEverything(),
        parameters.ReadFullVariant(),
    ],
)
def test_older_firmware_is_silent_at_what_it_does_not_know(request_asked: MercuryV2Request[Any]) -> None:
    older = meter(model=M230)
    assert older.hear(frame(ADDRESS, request_asked.body()), NOW) is None
    assert said(older, parameters.ReadFirmware()) == "2.3.5"
    assert said(meter(), parameters.ReadFirmware()) == "9.0.0"


def test_the_universal_address_is_answered_but_not_written_to() -> None:
    it = meter(level=2)
    assert heard(it, parameters.ReadAddress(), address=0) == ADDRESS
    limit = writes.SetPowerLimit(5_000)
    assert it.hear(frame(0, limit.body()), NOW) is None
    assert said(it, parameters.ReadPowerLimit()) != 5_000


def test_a_meter_whose_own_address_is_the_universal_one_is_written_to_there() -> None:
    it = silent_meter(address=0)
    assert heard(it, session.OpenChannel(2, DIGITS[2]), address=0) is None
    assert heard(it, writes.SetPowerLimit(5_000), address=0) is None
    assert heard(it, parameters.ReadPowerLimit(), address=0) == 5_000


def test_what_is_broadcast_is_obeyed_and_not_answered() -> None:
    it = meter()
    assert it.hear(frame(0xFE, writes.Freeze().body()), NOW) is None
    frozen = said(it, instants.ReadFrozenClock())
    assert frozen.time == WallTime(2026, 11, 24, 12, 10, 11)


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_channel_tells_only_who_the_meter_is() -> None:
    it = silent_meter()
    assert said(it, session.CheckLink()) is None
    assert said(it, parameters.ReadSerial()).serial == "41906467"
    assert said(it, writes.Freeze()) is None
    assert refused(it, ENERGY_NOW) == 5


def test_a_channel_lives_for_240_seconds_after_the_latest_right_request() -> None:
    it = meter()
    later = NOW + timedelta(seconds=239)
    assert said(it, ENERGY_NOW, later).a_minus_wh == 0
    assert said(it, ENERGY_NOW, later + timedelta(seconds=239)).a_minus_wh == 0
    assert refused(it, ENERGY_NOW, later + timedelta(seconds=239 + 240)) == 5


def test_a_channel_can_be_closed() -> None:
    it = meter()
    assert said(it, session.CloseChannel()) is None
    assert refused(it, ENERGY_NOW) == 5


def test_a_wrong_password_opens_nothing() -> None:
    it = silent_meter()
    assert refused(it, session.OpenChannel(1, DIGITS[2])) == 5
    assert refused(it, session.OpenChannel(1, b"111111")) == 5
    assert refused(it, ENERGY_NOW) == 5


def test_each_model_takes_its_own_form_of_password() -> None:
    by_letters = silent_meter(model=M234_R)
    assert refused(by_letters, session.OpenChannel(1, DIGITS[1])) == 5
    assert said(by_letters, session.OpenChannel(1, b"111111")) is None


def test_writing_wants_the_second_level() -> None:
    it = meter()
    assert refused(it, writes.SetPowerLimit(5_000)) == 3
    it = meter(level=2)
    assert said(it, writes.SetPowerLimit(5_000)) is None
    assert said(it, parameters.ReadPowerLimit()) == 5_000


def test_a_password_can_be_changed_by_who_knows_the_old_one() -> None:
    it = meter(level=2)
    assert refused(it, writes.ChangePassword(1, DIGITS[2], b"\x03" * 6)) == 1
    assert said(it, writes.ChangePassword(1, DIGITS[1], b"\x03" * 6)) is None
    assert refused(it, session.OpenChannel(1, DIGITS[1])) == 5
    assert said(it, session.OpenChannel(1, b"\x03" * 6)) is None


def test_a_parameter_it_does_not_know_is_refused_and_never_obeyed() -> None:
    it = meter(level=2)
    for body in ("03 21", "03 00 1E 01", "03 07 02"):
        answer = it.hear(frame(ADDRESS, bytes.fromhex(body)), NOW)
        assert answer == frame(ADDRESS, b"\x01")
    assert refused(it, energy.ReadPeakPowers(EnergyPeriod(EnergyArray.MONTH, 11), 0)) == 1
    assert refused(it, profile.ReadLatestExtraRecord()) == 1


# ── What it is ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("model", V2_MODELS, ids=lambda model: model.key)
def test_the_variant_word_says_what_the_catalogue_says(model: MeterModel) -> None:
    it = said(meter(model=model), parameters.ReadVariant())
    assert it.impulses_per_kwh == model.impulses_per_kwh
    assert it.has_profile is model.has_profile
    assert it.has_relay is model.relay
    assert it.is_one_directional is (Measurand.A_MINUS not in model.quantities)
    assert it.has_extended_arrays is (model.day_register_depth_days > 0)
    assert it.has_large_memory is (model.profile_depth_days > 86)
    assert it.has_gsm is ("gsm" in model.channels)
    assert it.has_optical_port is ("optical" in model.channels)
    assert it.has_case_seal is (EventKind.CASE_OPENED in model.journals)


def test_passports_agree_with_each_other() -> None:
    it = meter()
    short, full = said(it, parameters.ReadPassport()), said(it, parameters.ReadFullPassport())
    assert (short.serial, short.made_on, short.firmware) == (full.serial, full.made_on, full.firmware)
    assert short.variant == full.variant == said(it, parameters.ReadVariant())
    assert said(it, parameters.ReadFullVariant()).variant == short.variant
    assert said(it, parameters.ReadSerial()).made_on == short.made_on
    assert said(it, parameters.ReadRatios()) == parameters.Ratios(voltage_ratio=1, current_ratio=20)


def test_a_meter_can_be_given_another_address() -> None:
    it = meter()
    assert heard(it, writes.SetAddress(99)) is None
    assert it.hear(ASKED, NOW) is None
    assert heard(it, parameters.ReadAddress(), address=99) == 99


@pytest.mark.parametrize("model", [M234, M234_R, M230], ids=lambda model: model.key)
def test_every_request_that_it_knows_is_answered_or_refused(model: MeterModel) -> None:
    day = ScheduleSelection(frozenset({11}), frozenset({2}), 1)
    known: list[MercuryV2Request[Any]] = [
        ENERGY_NOW,
        energy.ReadEnergyOfTariffs(SINCE_RESET),
        energy.ReadEnergyOfPhases(0),
        energy.ReadQuadrants(SINCE_RESET, 0),
        parameters.ReadExtraTimeout(),
        parameters.ReadMainTimeout(),
        parameters.ReadErrors(),
        parameters.ReadTariffState(),
        parameters.ReadLoadControl(),
        parameters.ReadEnergyLimit(1),
        parameters.ReadQualityLimits(),
        ReadTariffSchedule(day),
        ReadHolidays(1),
        ReadClock(),
        *(journals.ReadJournal(journal, 9) for journal in Journal),
        *(journals.ReadNewestRecord(journal) for journal in Journal if journal is not Journal.CASE),
        *(journals.ReadWholeJournal(journal) for journal in Journal if not journal.is_of_quality),
        journals.ReadJournalBlock(Journal.SAGS_1, 4),
        journals.ReadSagStatistics(Journal.SAGS_1, 0),
        *(instants.ReadInstant(Measured(quantity, 1)) for quantity in Quantity),
        *(instants.ReadInstants(Measured(Quantity.POWER, power=power)) for power in PowerKind),
    ]
    it = meter(model=model)
    for request in known:
        value = heard(it, request)
        if isinstance(value, Refusal):
            assert request.body()[1] in (Journal.MAGNETIC_FIELD, Journal.LOAD_CONTROL)


def test_every_question_has_a_reply_but_those_for_what_it_does_not_keep() -> None:
    kept = {kind for kind in REQUESTS if kind.prefix[0] >= 0x04}
    assert kept - set(REPLIES) == {energy.ReadPeakPowers, profile.ReadLatestExtraRecord}


# ── Energy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_registers_are_the_energy_that_has_flowed_in_whole_watt_hours() -> None:
    it = meter()
    for tariff in range(5):
        totals = said(it, energy.ReadEnergy(SINCE_RESET, tariff))
        assert totals.a_plus_wh == counted(tariff, NOW)
        assert totals.a_minus_wh == 0
        assert totals.r_plus_varh == counted(tariff, NOW, Measurand.R_PLUS)
    assert said(it, energy.ReadEnergyOfTariffs(SINCE_RESET)) == tuple(
        said(it, energy.ReadEnergy(SINCE_RESET, tariff)) for tariff in (1, 2, 3, 4, 0)
    )


def test_what_a_model_does_not_measure_is_masked() -> None:
    totals = said(meter(model=M230), ENERGY_NOW)
    assert (totals.a_minus_wh, totals.r_minus_varh) == (None, None)
    assert totals.r_plus_varh == counted(0, NOW, Measurand.R_PLUS)


@pytest.mark.parametrize(
    ("array", "month", "local"),
    [
        (EnergyArray.AT_START_OF_DAY, None, datetime(2026, 11, 24, tzinfo=MOSCOW)),
        (EnergyArray.AT_START_OF_YESTERDAY, None, datetime(2026, 11, 23, tzinfo=MOSCOW)),
        (EnergyArray.AT_START_OF_MONTH, 11, datetime(2026, 11, 1, tzinfo=MOSCOW)),
        (EnergyArray.AT_START_OF_MONTH, 12, datetime(2025, 12, 1, tzinfo=MOSCOW)),
        (EnergyArray.AT_START_OF_YEAR, None, datetime(2026, 1, 1, tzinfo=MOSCOW)),
        (EnergyArray.AT_START_OF_LAST_YEAR, None, datetime(2025, 1, 1, tzinfo=MOSCOW)),
    ],
)
def test_registers_at_midnights_are_those_of_local_midnights(
    array: EnergyArray, month: int | None, local: datetime
) -> None:
    totals = said(meter(), energy.ReadEnergy(EnergyPeriod(array, month), 2))
    assert totals.a_plus_wh == counted(2, local.astimezone(UTC))


@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        (EnergyPeriod(EnergyArray.TODAY), datetime(2026, 11, 23, 21, tzinfo=UTC), NOW),
        (
            EnergyPeriod(EnergyArray.YESTERDAY),
            datetime(2026, 11, 22, 21, tzinfo=UTC),
            datetime(2026, 11, 23, 21, tzinfo=UTC),
        ),
        (EnergyPeriod(EnergyArray.MONTH, 11), datetime(2026, 10, 31, 21, tzinfo=UTC), NOW),
        (
            EnergyPeriod(EnergyArray.MONTH, 10),
            datetime(2026, 9, 30, 21, tzinfo=UTC),
            datetime(2026, 10, 31, 21, tzinfo=UTC),
        ),
        (EnergyPeriod(EnergyArray.THIS_YEAR), datetime(2025, 12, 31, 21, tzinfo=UTC), NOW),
        (
            EnergyPeriod(EnergyArray.LAST_YEAR),
            datetime(2024, 12, 31, 21, tzinfo=UTC),
            datetime(2025, 12, 31, 21, tzinfo=UTC),
        ),
    ],
)
def test_energy_of_a_period_is_the_difference_of_registers(
    period: EnergyPeriod, since: datetime, until: datetime
) -> None:
    totals = said(meter(), energy.ReadEnergy(period, 1))
    assert totals.a_plus_wh == counted(1, until) - counted(1, since)
    assert said(meter(model=M230), energy.ReadEnergy(period, 1)).a_minus_wh is None


def test_stored_registers_are_kept_for_123_days_and_36_months() -> None:
    it = meter()
    for day_on in (date(2026, 11, 24), date(2026, 11, 1), date(2026, 7, 24)):
        totals = said(it, energy.ReadStoredEnergy(StoredMoment.DAY, day_on, 1))
        midnight = datetime.combine(day_on, time.min, MOSCOW).astimezone(UTC)
        assert totals.a_plus_wh == counted(1, midnight)
    for day_on in (date(2026, 7, 23), date(2026, 11, 25)):
        assert refused(it, energy.ReadStoredEnergy(StoredMoment.DAY, day_on, 1)) == 1
    month = said(it, energy.ReadStoredEnergy(StoredMoment.MONTH, date(2023, 11, 17), 0))
    assert month.a_plus_wh == counted(0, datetime(2023, 10, 31, 21, tzinfo=UTC))
    assert refused(it, energy.ReadStoredEnergy(StoredMoment.MONTH, date(2023, 10, 1), 0)) == 1


def test_reactive_energy_by_quadrants_is_that_of_the_registers() -> None:
    it = meter()
    totals = said(it, ENERGY_NOW)
    quadrants = said(it, energy.ReadQuadrants(SINCE_RESET, 0))
    assert (quadrants.r1_varh, quadrants.r4_varh) == (totals.r_plus_varh, totals.r_minus_varh)
    assert refused(it, energy.ReadQuadrants(SINCE_RESET, 1)) == 1
    stored = said(it, energy.ReadStoredQuadrants(StoredMoment.DAY, date(2026, 11, 20), 0))
    assert stored.r2_varh == 0


def test_losses_are_not_counted_and_phases_add_up() -> None:
    it = meter()
    assert refused(it, energy.ReadEnergy(SINCE_RESET, energy.LOSSES_TARIFF)) == 1
    phases = said(it, energy.ReadEnergyOfPhases(0))
    assert sum(phase or 0 for phase in phases) == counted(0, NOW)


# ── The load profile ─────────────────────────────────────────────────────────────────────────────────────────────────
