"""Values of Mercury V2: what fits, what does not, and that nothing is lost between value and bytes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.layout import Record
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod
from kilovatt.wire.protocols.mercury_v2.fields import (
    Directed,
    bcd,
    bits,
    directed,
    low_first,
    maskable,
    small,
    three_bytes,
    word_swapped,
)
from kilovatt.wire.protocols.mercury_v2.hearing import REQUESTS, heard, request_from_body
from kilovatt.wire.protocols.mercury_v2.instants import Measured, PowerKind, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal
from kilovatt.wire.protocols.mercury_v2.meter_clock import ReadClock
from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder, RingAddress, address_as_sent
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule, ScheduleSelection, TariffMark
from kilovatt.wire.protocols.mercury_v2.variant import Interface, Variant, impulses_code

MOSCOW = ZoneInfo("Europe/Moscow")
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)
TUESDAY = ScheduleSelection(months=frozenset({10}), days=frozenset({2}), half=1)
OF_EACH_KIND: tuple[MercuryV2Request[Any], ...] = (
    session.CheckLink(),
    energy.ReadEnergy(SINCE_RESET, 3),
    energy.ReadEnergyOfTariffs(SINCE_RESET),
    energy.ReadEnergyOfPhases(1),
    energy.ReadQuadrants(SINCE_RESET, 0),
    energy.ReadPeakPowers(EnergyPeriod(EnergyArray.MONTH, 12), 4),
    energy.ReadStoredEnergy(energy.StoredMoment.MONTH, date(2026, 1, 1), 4),
    energy.ReadStoredQuadrants(energy.StoredMoment.DAY, date(2026, 1, 31), 0),
    parameters.ReadSerial(),
    parameters.ReadPassport(),
    parameters.ReadFullPassport(),
    parameters.ReadRatios(),
    parameters.ReadFirmware(),
    parameters.ReadExtraTimeout(),
    parameters.ReadMainTimeout(),
    parameters.ReadAddress(),
    parameters.ReadErrors(),
    parameters.ReadVariant(),
    parameters.ReadFullVariant(),
    parameters.ReadTariffState(),
    parameters.ReadLoadControl(),
    parameters.ReadPowerLimit(),
    parameters.ReadEnergyLimit(4),
    parameters.ReadQualityLimits(),
    ReadTariffSchedule(TUESDAY),
    ReadHolidays(12),
    parameters.ReadRelayContacts(),
    parameters.ReadEventFlags(),
    *(instants.ReadInstant(Measured(quantity, 1)) for quantity in Quantity),
    *(instants.ReadInstants(Measured(Quantity.POWER, power=power)) for power in PowerKind),
    instants.ReadEverything(),
    instants.ReadFrozen(Measured(Quantity.POWER)),
    instants.ReadFrozen(Measured(Quantity.ANGLE)),
    instants.ReadFrozenClock(),
    instants.ReadFrozenEnergy(4),
    ReadClock(),
    *(journals.ReadJournal(journal, 0) for journal in Journal),
    journals.ReadNewestRecord(Journal.POWER),
    journals.ReadWholeJournal(Journal.LOAD_CONTROL),
    journals.ReadJournalBlock(Journal.SAGS_3, 4),
    journals.ReadSagStatistics(Journal.SAGS_2, 7),
    profile.ReadLatestRecord(),
    profile.ReadLatestExtraRecord(),
    profile.ReadRecords(offset=65_535, count=17, memory=profile.Memory.EXTRA_PROFILE),
    profile.ReadRecordAt(RingAddress(0x1_FFF0)),
    profile.ReadRecordsFrom(RingAddress(0)),
)


@pytest.mark.parametrize("request_asked", OF_EACH_KIND, ids=lambda it: type(it).__name__)
def test_a_request_is_heard_as_it_was_asked(request_asked: MercuryV2Request[Any]) -> None:
    assert request_from_body(request_asked.body()) == request_asked


@given(st.sampled_from(OF_EACH_KIND), st.data())
def test_what_was_read_is_written_as_it_was(request_asked: MercuryV2Request[Any], data: st.DataObject) -> None:
    layout = data.draw(st.sampled_from(request_asked.says))
    said = data.draw(st.binary(min_size=layout.size, max_size=layout.size))
    try:
        value = layout.decode(said)
    except ValueError:
        return
    # Reserved and ignored bits may be written otherwise; what they say is the same.
    assert layout.decode(layout.encode(value)) == value
    assert len(layout.encode(value)) == layout.size


@given(st.sampled_from(REQUESTS), st.binary(max_size=20))
def test_whatever_is_asked_is_a_request_or_none(kind: type[MercuryV2Request[Any]], rest: bytes) -> None:
    request = request_from_body(kind.prefix + rest)
    if request is not None:
        assert request_from_body(request.body()) == request


@given(st.binary(max_size=30))
def test_noise_is_no_request(noise: bytes) -> None:
    found = heard(noise)
    assert found is None or found.address == noise[0]


def test_every_request_has_an_answer_to_it() -> None:
    assert {type(it) for it in OF_EACH_KIND if it.wants_data} == {
        kind for kind in REQUESTS if kind.prefix[0] not in (0x00, 0x01, 0x02, 0x03)
    }


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_of_four_bytes_lies_as_two_words() -> None:
    assert word_swapped().write(0x0030_C528) == bytes.fromhex("30 00 28 C5")
    assert word_swapped().read(bytes.fromhex("00 00 70 0A")) == 2_672


def test_a_number_of_three_bytes_has_its_middle_byte_last() -> None:
    assert three_bytes(step=10).write(241_280) == bytes.fromhex("00 40 5E")


def test_masked_values_are_none_and_never_numbers() -> None:
    field = maskable(word_swapped())
    assert field.read(b"\xff" * 4) is None
    assert field.write(None) == b"\xff" * 4
    assert directed(3).read(b"\xff" * 3) is None
    assert directed(4).write(None) == b"\xff" * 4


def test_directions_are_masked_off_the_magnitude() -> None:
    it = directed(3, step=10).read(bytes.fromhex("C8 87 70"))
    assert it == Directed(5_530_950, active_reversed=True, reactive_reversed=True)
    assert (it.active, it.reactive) == (-5_530_950, -5_530_950)
    assert (Directed(7).active, Directed(7).reactive) == (7, 7)
    with pytest.raises(ValueError, match="leaves no place for its direction in 3 bytes"):
        directed(3).write(Directed(0x40_0000))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="256 does not fit into 1 bytes"):
        low_first(1).write(256)
    with pytest.raises(ValueError, match="-1 is no whole number of steps of 1"):
        low_first(1).write(-1)
    with pytest.raises(ValueError, match="9 is not in 0 to 8"):
        small(0, 8).read(b"\x09")
    with pytest.raises(ValueError, match=r"\[16\] do not fit into 16 bits"):
        bits(2).write(frozenset({16}))


# ── Requests that cannot be ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_array_of_months_has_a_month_and_no_other_has() -> None:
    with pytest.raises(ValueError, match="a month is 1 to 12: got None"):
        EnergyPeriod(EnergyArray.MONTH)
    with pytest.raises(ValueError, match="a month is 1 to 12: got 13"):
        EnergyPeriod(EnergyArray.AT_START_OF_MONTH, 13)
    with pytest.raises(ValueError, match="TODAY has no month: got 1"):
        EnergyPeriod(EnergyArray.TODAY, 1)
    assert [str(EnergyPeriod(EnergyArray.AT_START_OF_MONTH, 2)), str(SINCE_RESET)] == [
        "at_start_of_month 2",
        "since_reset",
    ]


def test_what_is_no_month_is_ignored_where_none_is_meant() -> None:
    assert request_from_body(bytes.fromhex("05 07 00")) == energy.ReadEnergy(SINCE_RESET, 0)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: session.password_as_digits("11111a"), "six of them"),
        (lambda: session.password_as_digits("11111"), "six of them"),
        (lambda: session.password_as_ascii("пароль"), "six characters of ASCII"),
        (lambda: session.password_as_ascii("1234567"), "six characters of ASCII"),
        (lambda: Measured(Quantity.VOLTAGE, 4), "a phase is 0 to 3"),
        (lambda: Measured(Quantity.VOLTAGE, power=PowerKind.REACTIVE), "VOLTAGE is no power"),
        (lambda: journals.ReadJournal(Journal.POWER, 10), "POWER has 10 places: got 10"),
        (lambda: journals.ReadNewestRecord(Journal.CASE), "tells no newest record"),
        (lambda: journals.ReadWholeJournal(Journal.SAGS_1), "SAGS_1 is read in blocks"),
        (lambda: journals.ReadJournalBlock(Journal.POWER, 0), "POWER has no blocks"),
        (lambda: journals.ReadJournalBlock(Journal.SAGS_1, 5), "a block is 0 to 4"),
        (lambda: journals.ReadSagStatistics(Journal.POWER, 0), "POWER has no statistics"),
        (lambda: RingAddress(0x11), "multiples of 10h"),
        (lambda: RingAddress(0x2_0000), "multiples of 10h"),
        (lambda: ScheduleSelection(frozenset({13}), frozenset({1}), 0), "months are 1 to 12"),
        (lambda: ScheduleSelection(frozenset({1}), frozenset(), 0), "kinds of day are 1 to 8"),
        (lambda: ScheduleSelection(frozenset({1}), frozenset({1}), 2), "a half is 0 or 1"),
        (lambda: TariffMark(1_441, 1), "a mark is a minute to 1440"),
        (lambda: Variant(b"\x00" * 5), "a variant word has 6 bytes, got 5"),
        (lambda: WallTime(2126, 1, 1, 0, 0, 0), "a year is 2000 to 2099"),
        (lambda: WallTime(2026, 2, 29, 0, 0, 0), "day"),
        (
            lambda: ReadTariffSchedule(ScheduleSelection(frozenset({1, 2}), frozenset({1}), 0)),
            "one month and one kind of day",
        ),
        (lambda: writes.SetTariffSchedule(TUESDAY, (TariffMark(0, 1),)).body(), "mark: 8 values are wanted, got 1"),
        (lambda: session.OpenChannel(1, b"1234567").body(), "6 bytes are wanted, got 7"),
        (lambda: writes.SetPowerLimit(167_772_160).body(), "16777216 does not fit into 3 bytes"),
        (lambda: bcd(1).write(100), "100 does not fit into 2 decimal digits"),
        (lambda: _parameters_noted(frozenset({0x38})), "do not fit"),
        (lambda: profile.ReadRecordAt.parse(bytes.fromhex("06 13 00 10 0F")), "one kind of energy is not read"),
        (lambda: instants.ReadFrozenEnergy.parse(bytes.fromhex("08 14 F5")), "frozen energy is F0h to F4h: got F5h"),
        (lambda: _mark_of(bytes([60, 0x20])), "a minute of the hour is 0 to 59"),
        (lambda: parameters.ReadSerial().says[0].decode(bytes([100] * 7)), "two decimal digits"),
        (lambda: ReadClock().says[0].decode(bytes(8)), "the clock was never set"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        make()


def _parameters_noted(numbers: frozenset[int]) -> bytes:
    record = journals.Reprogramming(day_on=None, requests=0, parameters=numbers, physical_bits=0)
    return journals.REPROGRAMMING.encode(record)


def _mark_of(data: bytes) -> object:
    return ReadTariffSchedule(TUESDAY).says[0].decode(data * 8)


def test_a_password_goes_as_digits_or_as_ascii() -> None:
    assert session.password_as_digits("271828") == bytes([2, 7, 1, 8, 2, 8])
    assert session.password_as_ascii("271828") == b"271828"


def test_erased_memory_is_as_empty_as_cleared_memory() -> None:
    for empty in (bytes(12), b"\xff" * 12):
        assert journals.PAIR.decode(empty) == journals.Pair(None, None)
    erased = profile.PROFILE_RECORD.decode(b"\xff" * 15)
    assert (erased.stamp, erased.a_plus) == (None, None)
    assert profile.PROFILE_RECORD.encode(erased)[1:6] == bytes(5)


def test_both_halves_of_a_schedule_are_told_apart_by_a_bit() -> None:
    assert ReadTariffSchedule(TUESDAY).body() == bytes.fromhex("08 22 12 00 02")
    january = ScheduleSelection(months=frozenset({1}), days=frozenset({8}), half=0)
    assert ReadTariffSchedule(january).body() == bytes.fromhex("08 22 00 01 80")


def test_the_fields_of_a_quantity_are_named_with_their_units() -> None:
    assert Measured(Quantity.POWER, power=PowerKind.APPARENT).name == "power_mva"
    assert Measured(Quantity.LINE_VOLTAGE).name == "line_voltage_mv"


# ── The variant word ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_makers_example_of_a_variant_word_says_what_the_maker_says() -> None:
    # Section 4.4.16.1: B4 E3 C2 97 DF 58
    it = Variant(bytes.fromhex("B4 E3 C2 97 DF 58"))
    assert it.impulses_per_kwh == 500
    assert (it.is_one_directional, it.has_profile, it.is_single_phase) == (True, True, False)
    assert (it.is_active_only, it.number) == (False, 2)
    assert (it.has_large_memory, it.has_gsm, it.has_optical_port) == (True, False, True)
    assert (it.interface, it.has_case_seal) == (Interface.RS485, True)
    assert (it.has_relay, it.has_cover_seal, it.counts_phases) == (True, True, True)
    assert (it.has_extended_arrays, it.has_second_profile) == (True, True)


def test_the_makers_example_of_a_single_phase_variant() -> None:
    # Section 4.4.16.2: B4 F5 C3 BD DB C8 32 44 0C 00 00 00
    full = parameters.ReadFullVariant().says[0].decode(bytes.fromhex("B4 F5 C3 BD DB C8 32 44 0C 00 00 00"))
    it = full.variant
    assert (it.impulses_per_kwh, it.is_single_phase, it.has_gsm) == (250, True, True)
    assert (full.variant_code, full.variant_byte_7, full.variant_byte_8) == (b"\x32\x44", 0x0C, 0)


def test_a_meter_constant_of_no_known_code_is_not_guessed() -> None:
    assert Variant(bytes.fromhex("B4 06 C2 97 DF 58")).impulses_per_kwh is None
    assert impulses_code(1000) == 4


# ── Addresses of the profile ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", AddressOrder)
@pytest.mark.parametrize("address", [0x0000, 0x0010, 0x0A10, 0x1000, 0xFFF0, 0x1_0A10, 0x1_FFF0])
def test_the_true_address_is_among_those_that_may_be_meant(address: int, order: AddressOrder) -> None:
    latest = profile.LatestRecord(
        address=address_as_sent(address, order),
        state=profile.RecordState(),
        stamp=WallTime(2026, 11, 24, 9, 0, 0),
        period_minutes=30,
    )
    assert address in latest.possible_addresses
    assert all(it % profile.RING_STEP == 0 for it in latest.possible_addresses)


@given(st.binary(min_size=15, max_size=15) | st.from_regex(rb"[\x00-\xff][\x00-\x12]{5}[\x00-\xff]{9}", fullmatch=True))
def test_the_quick_reading_of_records_says_what_the_slow_one_says(data: bytes) -> None:
    (several,) = profile.ReadRecords(offset=0, count=2).says
    sound = bytes.fromhex("08 09 30 24 11 26 1E 01 00 02 00 03 00 FF FF")
    try:
        expected = profile.PROFILE_RECORD.decode(data)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(f"record_2 is {data.hex(' ')}: {error}")):
            several.decode(sound + data)
        return
    assert several.decode(sound + data) == (profile.PROFILE_RECORD.decode(sound), expected)
    assert profile.RECORD.write(expected) == profile.PROFILE_RECORD.encode(expected)


@given(st.lists(st.sampled_from([b"\xff" * 4]) | st.binary(min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_quick_reading_of_energies_says_what_the_slow_one_says(parts: list[bytes]) -> None:
    slow = Record(energy.EnergyTotals, energy.TOTALS.fields)
    assert energy.TOTALS.decode(b"".join(parts)) == slow.decode(b"".join(parts))


def test_energies_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes are wanted, got 15"):
        energy.TOTALS.decode(bytes(15))


def test_records_in_a_row_are_the_same_in_whatever_sequence() -> None:
    one, other = (profile.PROFILE_RECORD.decode(bytes([state]) + bytes(14)) for state in (0, 8))
    records = profile.ProfileRecords.of([one, other])
    whole: Sequence[profile.ProfileRecord] = records
    assert whole == (one, other)
    assert (whole[1], list(whole[1:])) == (other, [other])
    assert hash(records) == hash((one, other))
    assert "RecordState(" in repr(records)
    assert records != one


def test_too_few_records_are_refused() -> None:
    (several,) = profile.ReadRecords(offset=0, count=2).says
    with pytest.raises(ValueError, match="30 bytes are wanted, got 15"):
        several.decode(bytes(15))


def test_a_count_that_does_not_fit_a_record_is_refused() -> None:
    record = replace(profile.PROFILE_RECORD.decode(bytes(15)), a_plus=65_536)
    with pytest.raises(ValueError, match="does not fit"):
        profile.RECORD.write(record)


# ── Local time ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wall_time_is_an_instant_where_the_meter_is() -> None:
    shown = WallTime(2026, 11, 24, 9, 30, 15)
    assert shown.instant(MOSCOW) == datetime(2026, 11, 24, 6, 30, 15, tzinfo=UTC)
    assert WallTime.of(datetime(2026, 11, 24, 6, 30, 15, tzinfo=UTC), MOSCOW) == shown
    assert str(shown) == "2026-11-24 09:30:15"
    assert shown.day_on == date(2026, 11, 24)


def test_the_season_tells_the_two_hours_of_an_autumn_night_apart() -> None:
    # Moscow put its clocks back on 31 October 2010 at 03:00 summer time.
    shown = WallTime(2010, 10, 31, 2, 30, 0)
    assert shown.instant(MOSCOW) == datetime(2010, 10, 30, 22, 30, tzinfo=UTC)
    assert shown.instant(MOSCOW, winter=True) == datetime(2010, 10, 30, 23, 30, tzinfo=UTC)


def test_where_both_hours_are_winter_the_first_is_meant() -> None:
    # Volgograd moved its clocks back on 27 December 2020 at 02:00, from one winter time to another.
    shown = WallTime(2020, 12, 27, 1, 30, 0)
    assert shown.instant(ZoneInfo("Europe/Volgograd"), winter=True) == datetime(2020, 12, 26, 21, 30, tzinfo=UTC)


def test_writes_of_the_clock_may_be_at_level_1_but_setting_it_is_not() -> None:
    assert writes.CorrectClock.level == 1
    assert writes.SetClock.level == 2
