"""Values of НЗиФ: what fits, what does not, and that nothing is lost between value and bytes."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.fields import REAL, STAMP, Directed, directed, maskable, number, small
from kilovatt.wire.protocols.nzif.hearing import REQUESTS, body_of, frame, heard, request_from_body
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Journal, Place
from kilovatt.wire.protocols.nzif.meter_clock import CLOCK, MeterClock, ReadClock
from kilovatt.wire.protocols.nzif.parameters import IMPULSES_PER_KWH, Variant
from kilovatt.wire.protocols.nzif.profile import (
    HourHeader,
    IntervalCounts,
    Memory,
    Pointer,
    Search,
    SearchState,
    counts_from,
    counts_line,
    header_from,
    header_line,
    line_from,
    lines_of_hour,
)
from kilovatt.wire.protocols.nzif.request import NzifRequest

OF_EACH_KIND: tuple[NzifRequest[Any], ...] = (
    session.CheckLink(),
    session.OpenChannel(b"000000"),
    session.CloseChannel(),
    ReadClock(),
    *(journals.read_record(journal, 9) for journal in Journal),
    energy.ReadEnergy(EnergyPeriod(EnergyArray.MONTH, 12), 8),
    energy.ReadStored(Beginning(StoredArray.DAY_START, 31), 4),
    parameters.ReadSerial(),
    parameters.ReadTemperature(),
    parameters.ReadRatios(),
    parameters.ReadVariant(),
    instants.ReadInstant(instants.voltage(2)),
    instants.ReadInstants(Measured(0x30)),
    instants.ReadReal(instants.current(3)),
    instants.ReadReals(Measured(0x08)),
    profile.FindHour(date(2026, 11, 24), None, 30),
    profile.FindHour(date(2026, 11, 24), 23, 60),
    profile.ReadSearch(),
    profile.ReadPointer(),
    profile.ReadMemory(0xFFE8, 24, Memory.PROFILE_2),
    profile.ReadMemoryIndexed(255, 0, 133),
)


@pytest.mark.parametrize("request_asked", OF_EACH_KIND, ids=lambda it: type(it).__name__)
def test_a_request_is_heard_as_it_was_asked(request_asked: NzifRequest[Any]) -> None:
    assert request_from_body(request_asked.body()) == request_asked


@given(st.sampled_from(OF_EACH_KIND), st.data())
def test_what_was_read_is_written_as_it_was(request_asked: NzifRequest[Any], data: st.DataObject) -> None:
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
def test_whatever_is_asked_is_a_request_or_none(kind: type[NzifRequest[Any]], rest: bytes) -> None:
    request = request_from_body(kind.prefix + rest)
    if request is not None:
        assert request_from_body(request.body()) == request


@given(st.one_of(st.binary(max_size=30), st.binary(max_size=8).map(lambda body: frame(252, body))))
def test_noise_is_no_request_and_never_an_exception(noise: bytes) -> None:
    found = heard(noise)
    assert found is None or found.request.body() == body_of(noise)


def test_a_frame_with_the_mark_of_a_long_address_and_no_address_is_no_request() -> None:
    assert heard(bytes.fromhex("FC 00")) is None
    assert heard(b"") is None
    assert heard(frame(83, b"\x77")) is None


def test_every_request_is_among_those_tried() -> None:
    assert {type(it) for it in OF_EACH_KIND} == set(REQUESTS)


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_have_their_highest_byte_first_and_reals_their_lowest() -> None:
    assert number(4).write(805_181_783) == bytes.fromhex("2F FE 19 57")
    assert REAL.write(230.5) == bytes.fromhex("00 80 66 43")
    assert REAL.read(bytes.fromhex("00 80 66 43")) == 230.5


def test_a_measured_value_is_finite() -> None:
    for said in ("00 00 80 7F", "00 00 C0 7F"):
        with pytest.raises(ValueError, match="a measured value is finite"):
            REAL.read(bytes.fromhex(said))
    with pytest.raises(ValueError, match="does not fit into four bytes"):
        REAL.write(1e300)


def test_a_password_is_six_characters() -> None:
    assert session.password_bytes("000000") == b"000000"


def test_the_two_highest_bits_of_three_bytes_are_directions() -> None:
    field = directed(step=10)
    assert field.read(bytes.fromhex("C0 5A 32")) == Directed(230_900, active_reversed=True, reactive_reversed=True)
    assert field.read(bytes.fromhex("80 00 01")).active == -10
    assert field.read(bytes.fromhex("40 00 01")).active == 10
    assert field.write(Directed(230_900, reactive_reversed=True)) == bytes.fromhex("40 5A 32")


def test_a_register_that_is_not_kept_is_none_and_never_a_number() -> None:
    assert energy.COUNTS.decode(b"\xff" * 16).a_plus is None
    assert maskable(number(2)).write(None) == b"\xff\xff"


def test_the_meter_constant_comes_from_its_code() -> None:
    told = {Variant(bytes([0, code, 0])).impulses_per_kwh for code in IMPULSES_PER_KWH}
    assert told == {5000, 25000, 1250, 6250, 500, 250, 6400}
    assert Variant(bytes([0, 7, 0])).impulses_per_kwh is None
    one_phase = Variant(bytes([0x03, 0x96, 0x20]))
    assert (one_phase.phases, one_phase.is_one_way, one_phase.nominal_current_a) == (1, True, None)
    assert Variant(bytes([0, 0x20, 0])).phases is None


def test_a_temperature_may_be_below_zero() -> None:
    (layout,) = parameters.ReadTemperature().says
    assert layout.decode(bytes.fromhex("00 F6")) == -10
    assert layout.encode(-10) == bytes.fromhex("00 F6")


def test_a_stamp_that_was_never_written_is_none() -> None:
    for nothing in (bytes(7), b"\xff" * 7):
        assert STAMP.read(nothing) is None
    assert STAMP.write(None) == bytes(7)
    assert STAMP.write(WallTime(2026, 11, 24, 9, 8, 7)) == bytes.fromhex("07 08 09 02 24 11 26")


def test_measured_values_are_named_with_their_units() -> None:
    assert [str(Measured(code)) for code in (0x00, 0x05, 0x12, 0x40)] == [
        "power phase=0",
        "power phase=1",
        "voltage phase=2",
        "frequency phase=0",
    ]
    assert Measured(0x16).name == "line_voltage_mv"


# ── The load profile ─────────────────────────────────────────────────────────────────────────────────────────────────

NINE = HourHeader(date(2026, 11, 24), 9, is_winter=True, period_minutes=30)


def test_a_header_has_the_sum_of_its_bytes_behind_them() -> None:
    # 09 + 24 + 11 + 26 + 01 + 1E, as bytes, is 83h.
    assert header_line(NINE) == bytes.fromhex("09 24 11 26 01 1E 83 00")
    assert header_from(bytes.fromhex("09 24 11 26 01 1E 83 FF")) == NINE
    assert str(NINE) == "2026-11-24 09:00 winter period_minutes=30"


@pytest.mark.parametrize(
    "line",
    [
        "09 24 11 26 01 1E 84 00",  # another sum
        "24 24 11 26 01 1E 9E 00",  # an hour of 24
        "0A 24 11 26 01 1E 84 00",  # an hour that is no digits
        "09 31 11 26 01 1E 90 00",  # the 31st of November
        "09 24 11 26 01 07 6C 00",  # intervals of 7 minutes
        "00 00 00 00 00 00 00 00",
        "FF FF FF FF FF FF FF FF",
    ],
)
def test_what_is_no_header_is_not_taken_for_one(line: str) -> None:
    assert header_from(bytes.fromhex(line)) is None
    assert isinstance(line_from(bytes.fromhex(line)), IntervalCounts)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 23), st.booleans(), st.sampled_from([30, 60, 5]))
def test_every_hour_has_a_header_that_says_it(day_on: date, hour: int, is_winter: bool, period_minutes: int) -> None:
    header = HourHeader(day_on, hour, is_winter, period_minutes)
    assert header_from(header_line(header)) == header
    assert line_from(header_line(header)) == header


@given(st.binary(min_size=8, max_size=8))
def test_any_line_is_a_header_or_counts(line: bytes) -> None:
    told = line_from(line)
    if isinstance(told, IntervalCounts):
        assert told == counts_from(line)
        assert counts_from(counts_line(told)) == told


def test_the_sixteenth_bit_of_a_count_says_that_the_interval_is_incomplete() -> None:
    assert counts_from(bytes.fromhex("80 10 00 00 00 03 00 00")) == IntervalCounts(16, 0, 3, 0, is_incomplete=True)
    assert counts_line(IntervalCounts(16, 0, 3, 0)) == bytes.fromhex("00 10 00 00 00 03 00 00")
    assert str(IntervalCounts(16, 0, 3, 0)) == "16 0 3 0"
    assert str(IntervalCounts(16, 0, 3, 0, is_incomplete=True)) == "16 0 3 0 incomplete=1"


def test_2730_hours_have_room_in_the_memory() -> None:
    assert 8192 // lines_of_hour(30) == 2730
    assert lines_of_hour(60) == 2


def test_where_the_search_has_come_is_in_its_last_two_bytes() -> None:
    (layout,) = profile.ReadSearch().says
    assert layout.decode(bytes.fromhex("00 00 00 12 30")) == Search(SearchState.FOUND, 0x1230)
    assert layout.decode(bytes.fromhex("01 00 00 FF FF")).state is SearchState.SEARCHING
    with pytest.raises(ValueError, match="state is 0b"):
        layout.decode(bytes.fromhex("0B 00 00 00 00"))


def test_the_pointer_says_when_and_where_and_whether_the_ring_went_round() -> None:
    (layout,) = profile.ReadPointer().says
    pointer = Pointer(is_full=True, stamp=WallTime(2026, 11, 24, 9, 30, 0), address=0x1238)
    assert layout.encode(pointer) == bytes.fromhex("B0 09 24 11 26 12 38")
    assert layout.decode(bytes.fromhex("B0 09 24 11 26 12 38")) == pointer
    assert layout.decode(bytes.fromhex("30 09 24 11 26 12 38")).is_full is False


# ── What cannot be ───────────────────────────────────────────────────────────────────────────────────────────────────

IMPOSSIBLE: dict[str, Callable[[], object]] = {
    "a month is 1 to 12: got None": lambda: EnergyPeriod(EnergyArray.MONTH),
    "a month is 1 to 12: got 13": lambda: EnergyPeriod(EnergyArray.MONTH, 13),
    "TODAY has no month: got 3": lambda: EnergyPeriod(EnergyArray.TODAY, 3),
    "MONTH_START has numbers up to 12: got 0": lambda: Beginning(StoredArray.MONTH_START),
    "DAY_START has numbers up to 31: got 32": lambda: Beginning(StoredArray.DAY_START, 32),
    "NOW has numbers up to 0: got 1": lambda: Beginning(StoredArray.NOW, 1),
    "CASE is read by the extended request only": lambda: Place(Journal.CASE, 0),
    "a place is 0 to 9: got 10": lambda: Place(Journal.POWER, 10),
    "nothing that is known is measured under 70h": lambda: Measured(0x70),
    "a variant has 3 bytes: got 2": lambda: Variant(b"\x00\x00"),
    "a password has six characters of ASCII": lambda: session.password_bytes("00000"),
    "70000 does not fit into 2 bytes": lambda: number(2).write(70_000),
    "9 is not in 0 to 8": lambda: small(0, 8).write(9),
    "is no whole number of steps of 10": lambda: directed(step=10).write(Directed(5)),
    "in 22 bits": lambda: directed(step=1).write(Directed(1 << 22)),
    "a count is 0 to 32767": lambda: counts_line(IntervalCounts(0x8000, 0, 0, 0)),
    "a season is 0 summer or 1 winter: got 2": lambda: CLOCK.decode(bytes.fromhex("43 14 16 03 27 02 08 02")),
}


@pytest.mark.parametrize("words", IMPOSSIBLE)
def test_what_cannot_be_is_refused_with_a_sentence(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        IMPOSSIBLE[words]()


def test_periods_and_beginnings_are_told_in_words() -> None:
    assert str(EnergyPeriod(EnergyArray.MONTH, 3)) == "month 3"
    assert str(EnergyPeriod(EnergyArray.TODAY)) == "today"
    assert str(Beginning(StoredArray.DAY_START, 9)) == "day_start 9"
    assert str(Beginning(StoredArray.NOW)) == "now"
    assert str(Place(Journal.TERMINAL_COVER, 9)) == "terminal_cover 9"
    assert MeterClock(WallTime(2026, 1, 1, 0, 0, 0), None).is_winter is None
