"""How the profiles of СПОДЭС meters become registers and meter-days, whatever columns they have."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from asked_spodes import (
    CLOCK,
    CLOCK_NAME,
    DATA,
    EXTENDED,
    NOW,
    PROFILE,
    REGISTER,
    AskedMeter,
    address,
    count,
    read,
    stamp,
    unit,
)
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.meter_days import MeterDay, SlotRank
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.wire.drivers.conversation import MeterAddress, MeterRefusedError
from kilovatt.wire.protocols.dlms.apdu.access import Selection
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    DoubleLongUnsigned,
    OctetString,
    Structure,
    Unsigned,
    decode,
)
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason

NOVOSIBIRSK = ZoneInfo("Asia/Novosibirsk")
MONTHLY, DAILY, LOAD = "1.0.98.1.0.255", "1.0.98.2.0.255", "1.0.99.1.0.255"
A_PLUS, R_PLUS = "1.0.1.29.0.255", "1.0.3.29.0.255"
MONDAY = date(2026, 11, 23)
MONDAY_AT = datetime(2026, 11, 22, 21, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)

SEGMENTS = (
    (
        "7EA88A6102217447AFE6E700C401810001030213090C07DE0101050000000001A4000600000000060000000006000000000600000000"
        "060000000006000000000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DD"
        "0C01050000000001A4000600000000060000000006000000270213090C8D637E"
    ),
    (
        "7EA88A61022176558C07DE0201050000000001A400060000000006000000000600000000060000000006000000000600000000060000"
        "0000060000000006000000000600000000060000000006000000000600000000060000002C090C07DE0101050000000001A400060000"
        "0000060000000006000000270213090C07DE0301050000000001A4000631847E"
    ),
    (
        "7EA06C610221780D54000000000600000000060000000006000000000600000000060000000006000000000600000000060000000006"
        "00000000060000000006000000000600000000060000002C090C07DE0201050000000001A40006000000000600000000060000002731"
        "7A7E"
    ),
)
"""The reply to GET 1.0.98.1.0.255 of ГОСТ Р 58940-2020, chapter 13, in frames of HDLC."""


def sample_rows() -> DlmsValue:
    information = b"".join(bytes.fromhex(frame)[9:-3] for frame in SEGMENTS)
    return decode(information[len(bytes.fromhex("E6E700C4018100")) :])


def sample_columns() -> list[tuple[int, str, int]]:
    """Columns in the order of table Б.1, as many as the sample's rows have."""
    rest = ["1.0.3.8.0.255", "1.0.4.8.0.255", "1.0.9.8.0.255", "1.0.2.8.0.255"]
    return [
        (CLOCK, CLOCK_NAME, 2),
        *((REGISTER, f"1.0.1.8.{tariff}.255", 2) for tariff in range(9)),
        *((REGISTER, name, 2) for name in rest),
        (EXTENDED, "1.0.1.6.0.255", 2),
        (EXTENDED, "1.0.1.6.0.255", 5),
        (REGISTER, "1.0.88.8.0.255", 2),
        (REGISTER, "1.0.89.8.0.255", 2),
        (DATA, "0.0.96.8.0.255", 2),
    ]


def half_hours(values: dict[int, int]) -> list[list[DlmsValue]]:
    """Rows of the load profile by half-hours of Monday: a stamp at the end of each, and a count."""
    return [[stamp(MONDAY_AT + HALF_HOUR * (slot + 1)), count(value)] for slot, value in values.items()]


def profile_meter(rows: list[list[DlmsValue]], columns: tuple[str, ...] = (A_PLUS,)) -> AskedMeter:
    meter = AskedMeter({(PROFILE, LOAD, 4): count(1800)})
    meter.show_profile(LOAD, [(CLOCK, CLOCK_NAME, 2), *((REGISTER, name, 2) for name in columns)], rows)
    for name in columns:
        meter.show(REGISTER, name, 3, unit(0))
    return meter


def only_day(meter: AskedMeter, at: MeterAddress | None = None) -> MeterDay:
    (day,) = read(meter, at, profile_days=(MONDAY,)).meter_days
    return day


def entries_of(rows: list[list[DlmsValue]]) -> Callable[[Selection | None], DlmsValue | AccessResult]:
    """Rows that are shown by number only."""

    def show(selection: Selection | None) -> DlmsValue | AccessResult:
        if selection is None or selection.selector != 2:
            return AccessResult.SCOPE_VIOLATED
        first, last, _, _ = selection.parameters  # type: ignore[misc]  # a structure of four
        return Array(Structure(row) for row in rows[int(first) - 1 : int(last) or len(rows)])  # type: ignore[arg-type]

    return show


def test_the_sample_of_the_standard_becomes_registers_at_three_beginnings_of_months() -> None:
    meter = AskedMeter({(REGISTER, f"1.0.{group}.8.0.255", 3): unit(0) for group in (1, 2, 3, 4)})
    for tariff in range(9):
        meter.show(REGISTER, f"1.0.1.8.{tariff}.255", 3, unit(0))
    meter.show_profile(MONTHLY, sample_columns(), [])
    meter.show(PROFILE, MONTHLY, 2, sample_rows())
    months = (date(2014, 1, 1), date(2014, 2, 1), date(2014, 3, 1))

    readings = read(meter, address(zone=NOVOSIBIRSK), register_months=months).registers

    assert {reading.taken_at for reading in readings} == {
        datetime(2013, 12, 31, 17, tzinfo=UTC),
        datetime(2014, 1, 31, 17, tzinfo=UTC),
        datetime(2014, 2, 28, 17, tzinfo=UTC),
    }
    assert {(reading.quantity, reading.tariff) for reading in readings} == {
        *((Quantity.A_PLUS, tariff) for tariff in range(9)),
        (Quantity.A_MINUS, 0),
        (Quantity.R_PLUS, 0),
        (Quantity.R_MINUS, 0),
    }
    assert {(reading.value, reading.moment) for reading in readings} == {(0, RegisterMoment.MONTH_START)}
    assert len(readings) == 3 * 12


def test_registers_follow_their_columns_wherever_these_stand() -> None:
    meter = AskedMeter({(REGISTER, f"1.0.1.8.{tariff}.255", 3): unit(1) for tariff in (0, 1)})
    columns = [(REGISTER, "1.0.1.8.1.255", 2), (DATA, "0.0.96.8.1.255", 2), (CLOCK, CLOCK_NAME, 2)]
    row = [count(5), Unsigned(7), stamp(MONDAY_AT), count(12)]
    meter.show_profile(DAILY, [*columns, (REGISTER, "1.0.1.8.0.255", 2)], [row])

    readings = read(meter, register_days=(MONDAY,)).registers

    assert [(one.tariff, one.value, one.taken_at) for one in readings] == [(1, 50, MONDAY_AT), (0, 120, MONDAY_AT)]


def test_scalers_are_taken_from_their_own_profile() -> None:
    meter = AskedMeter()
    meter.show_profile(DAILY, [(CLOCK, CLOCK_NAME, 2), (REGISTER, "1.0.1.8.0.255", 2)], [[stamp(MONDAY_AT), count(4)]])
    meter.show_profile("1.0.94.7.2.255", [(REGISTER, "1.0.1.8.0.255", 3)], [[unit(3)]])

    (reading,) = read(meter, register_days=(MONDAY,)).registers

    assert reading.value == 4000


def test_rows_out_of_order_and_twice_are_put_right() -> None:
    rows = half_hours({slot: slot for slot in range(48)})
    again = [rows[10][0], count(99)]
    day = only_day(profile_meter([*rows[30:], *rows[:30], again]))
    assert day.a_plus == tuple(99 if slot == 10 else slot for slot in range(48))


def test_an_interval_without_a_row_is_missing_and_not_zero() -> None:
    day = only_day(profile_meter(half_hours({slot: 7 for slot in range(48) if slot not in {3, 4}})))
    missing = [slot for slot, rank in enumerate(day.qualities) if rank == SlotRank.MISSING]
    assert missing == [3, 4]
    assert (day.uwh_per_count, day.step_s) == (1_000_000, 1800)


def test_a_row_whose_clock_or_count_says_nothing_is_missing() -> None:
    rows = half_hours(dict.fromkeys(range(48), 7))
    rows[5][0] = OctetString(b"\xff" * 12)
    rows[6][1] = None
    day = only_day(profile_meter(rows))
    assert [slot for slot, rank in enumerate(day.qualities) if rank == SlotRank.MISSING] == [5, 6]


def test_quantities_of_different_scalers_are_counted_in_the_finest() -> None:
    rows = [[*row, count(2)] for row in half_hours(dict.fromkeys(range(48), 7))]
    rows[0][1] = None
    meter = profile_meter(rows, (A_PLUS, R_PLUS))
    meter.show(REGISTER, A_PLUS, 3, unit(1))
    meter.show(REGISTER, R_PLUS, 3, unit(-1))
    day = only_day(meter)
    assert day.uwh_per_count == 100_000
    assert day.a_plus[:2] == (0, 700)
    assert day.r_plus is not None
    assert day.r_plus[1] == 2


@pytest.mark.parametrize("scaler", [-7, 7])
def test_counts_that_no_meter_makes_are_refused(scaler: int) -> None:
    meter = profile_meter(half_hours({0: 1}))
    meter.show(REGISTER, A_PLUS, 3, unit(scaler))
    with pytest.raises(MeterRefusedError, match=f"counts of 10\\^{scaler if scaler < 0 else 7} Wh") as caught:
        only_day(meter)
    assert caught.value.outcome is Outcome.NOISE


def test_a_profile_without_active_energy_or_without_scaler_brings_no_day() -> None:
    of_reactive = profile_meter([], (R_PLUS,))
    without_scaler = profile_meter(half_hours({0: 1}))
    without_scaler.show(REGISTER, A_PLUS, 3, AccessResult.OBJECT_UNDEFINED)
    for meter in (of_reactive, without_scaler, AskedMeter()):
        assert read(meter, profile_days=(MONDAY,)).meter_days == ()


def test_columns_that_are_no_energy_of_intervals_are_skipped() -> None:
    columns = (A_PLUS, "1.0.1.29.1.255", "1.0.32.27.0.255", "0.0.96.5.1.255")
    rows = [[*row, count(1), count(230), Unsigned(4)] for row in half_hours(dict.fromkeys(range(48), 7))]
    day = only_day(profile_meter(rows, columns))
    assert (day.a_plus, day.r_plus, day.a_minus) == ((7,) * 48, None, None)


def test_the_period_of_the_meter_counts_and_not_that_of_its_row() -> None:
    rows: list[list[DlmsValue]] = [[stamp(MONDAY_AT + timedelta(hours=hour + 1)), count(hour)] for hour in range(24)]
    meter = profile_meter(rows)
    meter.show(PROFILE, LOAD, 4, count(3600))
    assert (only_day(meter).step_s, only_day(meter).a_plus) == (3600, tuple(range(24)))


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest first", "newest first"])
def test_a_meter_without_ranges_is_read_by_entries_as_far_back_as_needed(*, newest_first: bool) -> None:
    slots = range(-2000, 66)
    rows: list[list[DlmsValue]] = [[stamp(MONDAY_AT + HALF_HOUR * (slot + 1)), count(slot + 3000)] for slot in slots]
    shown = rows[::-1] if newest_first else rows
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, entries_of(shown))
    meter.show(PROFILE, LOAD, 7, DoubleLongUnsigned(len(rows)))
    row = model_by_key("spodes-3ph")
    dialect = SpodesDialect(takes_ranges=False, has_scaler_profiles=False)

    day = only_day(meter, address(replace(row, dialect=dialect)))

    assert day.a_plus == tuple(range(3000, 3048))
    buffers = [one for one in meter.asked if isinstance(one, GetAttribute) and one.selection is not None]
    assert len(buffers) == (2 if newest_first else 1)


@pytest.mark.parametrize(("read_clock", "entries"), [(True, 66), (False, 400)])
def test_a_meter_whose_clock_was_read_is_asked_for_no_more_entries_than_are_wanted(
    *, read_clock: bool, entries: int
) -> None:
    # From the half-hour that ends at 00:30 on Monday to the newest are 65; one more may come while it is asked.
    now_at = MONDAY_AT + HALF_HOUR * 65 + timedelta(minutes=10)
    rows: list[list[DlmsValue]] = [[stamp(MONDAY_AT + HALF_HOUR * (slot + 1)), count(7)] for slot in range(-900, 65)]
    meter = profile_meter([])
    meter.show(CLOCK, CLOCK_NAME, 2, stamp(now_at))
    meter.show(PROFILE, LOAD, 2, entries_of(rows))
    meter.show(PROFILE, LOAD, 7, DoubleLongUnsigned(len(rows)))
    row = replace(model_by_key("spodes-3ph"), dialect=SpodesDialect(takes_ranges=False, has_scaler_profiles=False))

    (day,) = read(meter, address(row), clock=read_clock, profile_days=(MONDAY,)).meter_days

    assert day.a_plus == (7,) * 48
    (buffer,) = [one for one in meter.asked if isinstance(one, GetAttribute) and one.selection is not None]
    assert buffer.selection is not None
    first, last, _, _ = buffer.selection.parameters  # type: ignore[misc]  # a structure of four
    assert (int(last) - int(first) + 1, int(last)) == (entries, len(rows))  # type: ignore[arg-type]  # as above


def test_where_a_range_is_refused_entries_are_asked_all_of_them_where_their_number_is_not_told() -> None:
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, entries_of(half_hours({slot: slot for slot in range(48)})))
    assert only_day(meter).a_plus == tuple(range(48))


def test_all_entries_are_read_where_none_reaches_back_far_enough() -> None:
    rows = half_hours({slot: slot for slot in range(20, 48)})
    late: list[list[DlmsValue]] = [[stamp(MONDAY_AT + HALF_HOUR * slot), count(0)] for slot in range(60, 900)]
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, entries_of(rows + late))
    meter.show(PROFILE, LOAD, 7, DoubleLongUnsigned(len(rows + late)))
    assert only_day(meter).a_plus[20:] == tuple(range(20, 48))


def test_a_meter_that_shows_no_entries_either_refuses_the_part() -> None:
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, AccessResult.ACCESS_DENIED)
    with pytest.raises(MeterRefusedError, match="GetAttribute was refused") as caught:
        only_day(meter)
    assert caught.value.outcome is Outcome.REFUSED


def test_a_closed_link_is_not_taken_for_a_meter_without_ranges() -> None:
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, Refusal(RefusalReason.CHANNEL_CLOSED, 0))
    with pytest.raises(MeterRefusedError) as caught:
        only_day(meter)
    assert caught.value.outcome is Outcome.CHANNEL_CLOSED


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (Array((Structure((Unsigned(1),)),)), Array(()), "a capture object is wanted"),
        (count(5), Array(()), "a list of capture objects, an array"),
        (Array(()), Array(()), "does not capture its clock"),
        (None, Array((Structure((stamp(NOW), count(1), count(2))),)), "rows of 3 columns, and 2 are captured"),
    ],
)
def test_a_profile_that_contradicts_itself_loses_this_part_only(
    columns: DlmsValue, rows: DlmsValue, message: str
) -> None:
    meter = profile_meter([])
    if columns is not None:
        meter.show(PROFILE, LOAD, 3, columns)
    meter.show(PROFILE, LOAD, 2, rows)
    with pytest.raises(MeterRefusedError, match=message) as caught:
        only_day(meter)
    assert caught.value.outcome is Outcome.NOISE


def test_entries_of_different_widths_are_refused() -> None:
    meter = profile_meter([])
    wide: list[list[DlmsValue]] = [[stamp(MONDAY_AT), count(1), count(1)]] * 400
    meter.show(PROFILE, LOAD, 2, entries_of(wide + half_hours(dict.fromkeys(range(40), 1)) * 10))
    meter.show(PROFILE, LOAD, 7, DoubleLongUnsigned(800))
    row = replace(model_by_key("spodes-3ph"), dialect=SpodesDialect(takes_ranges=False))
    at = address(row)
    with pytest.raises(MeterRefusedError, match="different widths"):
        read(meter, at, profile_days=(date(2026, 11, 20),))


def test_a_scaler_profile_without_rows_leaves_the_scalers_to_be_asked_one_by_one() -> None:
    meter = profile_meter(half_hours(dict.fromkeys(range(48), 7)))
    meter.show_profile("1.0.94.7.4.255", [(REGISTER, A_PLUS, 3)], [])
    assert only_day(meter).uwh_per_count == 1_000_000


def test_no_rows_make_a_day_of_missing_intervals() -> None:
    assert set(only_day(profile_meter([])).qualities) == {SlotRank.MISSING}


def test_a_day_of_which_only_another_stamps_its_beginnings_is_read_by_them() -> None:
    rows: list[list[DlmsValue]] = [[stamp(MONDAY_AT + HALF_HOUR * slot), count(slot)] for slot in range(48)]
    row = replace(model_by_key("spodes-3ph"), dialect=SpodesDialect(stamps_end_intervals=False))
    assert only_day(profile_meter(rows), address(row)).a_plus == tuple(range(48))


def test_days_of_an_hour_more_have_their_slots() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    began_at = datetime(2026, 10, 24, 22, tzinfo=UTC)
    rows: list[list[DlmsValue]] = [[stamp(began_at + HALF_HOUR * (n + 1), berlin), count(n)] for n in range(50)]
    (day,) = read(profile_meter(rows), address(zone=berlin), profile_days=(date(2026, 10, 25),)).meter_days
    assert day.a_plus == tuple(range(50))


def test_weeks_in_one_session_ask_columns_and_scalers_once() -> None:
    meter = profile_meter(half_hours(dict.fromkeys(range(48), 7)))
    meter.show_profile("1.0.94.7.4.255", [(REGISTER, A_PLUS, 3)], [[unit(0)]])
    days = tuple(MONDAY - timedelta(days=back) for back in reversed(range(10)))
    found = read(meter, profile_days=days).meter_days
    assert [day.day_on for day in found] == list(days)
    names = [
        bytes(it.attribute.obis) for it in meter.asked if isinstance(it, GetAttribute) and it.attribute.number == 3
    ]
    assert len(names) == len(set(names)) == 2


def test_a_meter_without_entries_has_none_to_show() -> None:
    meter = profile_meter([])
    meter.show(PROFILE, LOAD, 2, entries_of([]))
    assert set(only_day(meter).qualities) == {SlotRank.MISSING}
