"""A simulated Mercury V1: what it answers, and when it keeps silent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import (
    MeterClock,
    ModelCode,
    NetworkValues,
    Parametrisation,
    RingRecord,
    TariffMark,
)
from kilovatt.wire.protocols.mercury_v1.archive import (
    HalfHourLayout,
    ReadDaySlice,
    ReadHalfHours,
    ReadMonthSlice,
)
from kilovatt.wire.protocols.mercury_v1.frames import Frame, frame_from_bytes
from kilovatt.wire.protocols.mercury_v1.parameters import (
    RELAY_CLOSED,
    RELAY_OPEN,
    ReadApparentPower,
    ReadModelCode,
    ReadReactivePower,
    ReadReclosing,
    ReadRelayState,
)
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, TariffDay
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
SERIAL = 38_030_255
GROUP = 0x0F00_0001
T = TypeVar("T")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
M206 = model_by_key("mercury-206-prlsno")


def meter(
    *events: PastEvent,
    model: MeterModel = M206,
    ahead: timedelta = timedelta(0),
    layout: HalfHourLayout = HalfHourLayout.CRC_BY_GROUP,
) -> MercuryV1Meter:
    plan = SimulatedMeterPlan(
        model=model,
        serial=SERIAL,
        address=SERIAL,
        zone=MOSCOW,
        energy=ENERGY,
        past_events=events,
        clock_ahead=ahead,
    )
    return MercuryV1Meter(plan, half_hour_layout=layout)


def frame(request: MercuryV1Request[Any], address: int = SERIAL) -> bytes:
    return Frame(address, request.code, request.payload()).encode()


def said(to: MercuryV1Meter, request: MercuryV1Request[T], now: datetime = NOW) -> T:
    answer = to.hear(frame(request), now)
    assert answer is not None, f"silent at {request}"
    found = frame_from_bytes(answer)
    assert found is not None
    assert (found.address, found.code) == (SERIAL, request.code)
    return request.decode(found.data)


def counted(tariff: int, at: datetime, quantity: Quantity = Quantity.A_PLUS) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // 10_000_000 * 10


# ── Silence ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "heard",
    [
        b"",
        frame(requests.ReadClock())[:-1],
        frame(requests.ReadClock())[:-1] + b"\x00",
        frame(requests.ReadClock()) + b"\x00",
        frame(requests.ReadClock(), SERIAL + 1),
        Frame(SERIAL, 0x77, b"").encode(),
        Frame(SERIAL, 0x27, b"\x00").encode(),
        Frame(SERIAL, 0x32, b"\x0c").encode(),
        bytes.fromhex("30 08 00 76 0F"),  # Mercury V2
    ],
)
def test_a_meter_is_silent_at_what_is_no_question_to_it(heard: bytes) -> None:
    assert meter().hear(heard, NOW) is None


@pytest.mark.parametrize(
    "request_asked",
    [
        requests.ReadReactiveRegisters(),
        requests.ReadReactiveMonthRegisters(11),
        requests.ReadNetworkValues(),
        requests.ReadRelayMode(),
        rings.ReadRelayRing(0),
        ReadHalfHours(group=0, day_on=date(2026, 11, 22)),
        ReadDaySlice(date(2026, 11, 22)),
        ReadReactivePower(),
        ReadRelayState(),
        ReadApparentPower(),
        writes.SetRelayMode(writes.RelayMode.OFF),
    ],
)
def test_a_200_is_silent_at_what_it_does_not_have(request_asked: MercuryV1Request[Any]) -> None:
    assert meter(model=model_by_key("mercury-200-04")).hear(frame(request_asked), NOW) is None
    assert meter().hear(frame(request_asked), NOW) is not None


def test_a_group_obeys_and_says_nothing() -> None:
    grouped = meter()
    to_group = frame(writes.SetPowerLimit(5_000), GROUP)
    assert grouped.hear(to_group, NOW) is None
    assert said(grouped, requests.ReadPowerLimit()) == 99_990

    said(grouped, writes.SetGroupAddress(GROUP))
    assert said(grouped, requests.ReadGroupAddress()) == GROUP
    assert grouped.hear(to_group, NOW) is None
    assert said(grouped, requests.ReadPowerLimit()) == 5_000
    assert grouped.hear(frame(requests.ReadSerial(), GROUP), NOW) is None


def test_the_group_address_zero_is_nobodys() -> None:
    alone = meter()
    assert alone.hear(frame(writes.SetPowerLimit(5_000), 0), NOW) is None
    assert said(alone, requests.ReadPowerLimit()) == 99_990


# ── What it has counted ──────────────────────────────────────────────────────────────────────────────────────────────


def test_registers_are_floored_to_ten_watt_hours() -> None:
    assert said(meter(), requests.ReadRegisters()) == (counted(1, NOW), counted(2, NOW), 0, 0)
    assert said(meter(), requests.ReadMonthRegisters(requests.RUNNING)) == (counted(1, NOW), counted(2, NOW), 0, 0)
    reactive = (counted(1, NOW, Quantity.R_PLUS), counted(2, NOW, Quantity.R_PLUS), 0, 0)
    assert said(meter(), requests.ReadReactiveRegisters()) == reactive
    assert said(meter(), requests.ReadReactiveMonthRegisters(requests.RUNNING)) == reactive


def test_the_place_of_a_month_holds_its_latest_beginning_and_masks_what_is_not_in_use() -> None:
    november = datetime(2026, 10, 31, 21, tzinfo=UTC)
    assert said(meter(), requests.ReadMonthRegisters(11)) == (counted(1, november), counted(2, november), None, None)
    assert said(meter(), requests.ReadReactiveMonthRegisters(11)) == (
        counted(1, november, Quantity.R_PLUS),
        counted(2, november, Quantity.R_PLUS),
        None,
        None,
    )
    # Last December, before the curve began: the registers stood as they started.
    assert said(meter(), requests.ReadMonthRegisters(12)) == (1_234_560, 654_320, None, None)


def test_a_meter_that_is_ahead_closes_its_month_early() -> None:
    early = datetime(2026, 10, 31, 20, 50, tzinfo=UTC)
    ahead = meter(ahead=timedelta(minutes=10))
    assert said(ahead, requests.ReadMonthRegisters(11)) == (counted(1, early), counted(2, early), None, None)


def test_a_full_register_starts_anew_from_zero() -> None:
    full = MeterEnergy(
        curve=place_curve(np.full(48, 100, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={1: 999_999_000}, inductive_permille=0, capacitive_permille=0),
    )
    rolled = MercuryV1Meter(replace(meter().plan, energy=full))
    midnight = datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert said(rolled, requests.ReadRegisters(), midnight)[0] == 999_999_000 + 4_800 - 1_000_000_000


@pytest.mark.parametrize("layout", HalfHourLayout)
def test_half_hours_add_up_to_what_flowed(layout: HalfHourLayout) -> None:
    day_on = date(2026, 11, 22)
    archive = meter(layout=layout)
    counts = [count for group in range(6) for count in said(archive, ReadHalfHours(group, day_on, frozenset({layout})))]
    since, until = datetime(2026, 11, 21, 21, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert sum(count or 0 for count in counts) * 200_000 == ENERGY.flowed_uwh(Quantity.A_PLUS, since, until)
    assert None not in counts


def test_half_hours_that_are_not_over_or_were_never_counted_are_missing() -> None:
    # It is 12:10: the half-hour from 12:00 still runs.
    assert said(meter(), ReadHalfHours(3, date(2026, 11, 24))) == (None,) * 8
    assert said(meter(), ReadHalfHours(2, date(2026, 11, 24)))[7] is not None
    assert said(meter(), ReadHalfHours(0, date(2026, 1, 1))) == (None,) * 8


def test_no_part_of_a_count_is_lost_where_half_hours_are_no_whole_counts() -> None:
    third = MeterEnergy(
        curve=place_curve(np.full(48 * 2, 1, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={}, inductive_permille=0, capacitive_permille=0),
        ratio=3,
    )
    behind = MercuryV1Meter(replace(meter().plan, energy=third))
    counts = said(behind, ReadHalfHours(0, date(2026, 11, 22)))
    # A third of a watt-hour is 1.67 counts.
    assert counts == (1, 2, 2, 1, 2, 2, 1, 2)


def test_a_count_that_is_too_large_for_its_field_stays_at_the_top() -> None:
    heavy = MeterEnergy(
        curve=place_curve(np.full(48 * 2, 20_000, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={}, inductive_permille=0, capacitive_permille=0),
    )
    assert said(MercuryV1Meter(replace(meter().plan, energy=heavy)), ReadHalfHours(0, date(2026, 11, 22)))[0] == 0xFFFF


def test_slices_hold_the_registers_of_their_midnight() -> None:
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    kept = said(meter(), ReadDaySlice(date(2026, 11, 22)))
    assert (kept.energy_wh_1, kept.energy_wh_2, kept.energy_wh_3) == (counted(1, midnight), counted(2, midnight), None)
    month = said(meter(), ReadMonthSlice(date(2026, 11, 22)))
    assert month.slice_on == date(2026, 11, 1)


# ── What it measures ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_now_agree_with_each_other() -> None:
    shown = meter()
    phase = said(shown, requests.ReadPhaseValues())
    assert phase.power_w == ENERGY.power_w(Quantity.A_PLUS, NOW)
    assert said(shown, requests.ReadPower()) == phase.power_w // 10 * 10
    assert said(shown, ReadReactivePower()) == ENERGY.power_w(Quantity.R_PLUS, NOW)
    apparent = said(shown, ReadApparentPower())
    assert apparent.power_va**2 == pytest.approx(phase.power_w**2 + said(shown, ReadReactivePower()) ** 2, rel=0.01)
    assert abs(phase.current_ma * phase.voltage_mv // 1_000_000 - apparent.power_va) <= 3
    network = said(shown, requests.ReadNetworkValues())
    assert network == NetworkValues(frequency_mhz=network.frequency_mhz, tariff=1, flags=0)
    assert 49_800 < network.frequency_mhz < 50_200
    assert said(shown, requests.ReadTariff()) == 1
    assert said(shown, requests.ReadTariff(), NOW + timedelta(hours=12)) == 2


def test_the_factory_says_what_it_wrote() -> None:
    shown = meter()
    assert said(shown, requests.ReadSerial()) == SERIAL
    assert said(shown, requests.ReadSerial()) == SERIAL, "kept as bytes the second time"
    assert str(said(shown, requests.ReadFirmware())) == "8.3"
    assert said(shown, requests.ReadMadeOn()) == date(2012, 1, 9) + timedelta(days=SERIAL % 3000)
    assert said(shown, requests.ReadVariant()) == b"\x55\x00"
    assert said(meter(model=model_by_key("mercury-200-04")), requests.ReadVariant()) == b"\x00\x00"
    assert said(shown, ReadModelCode()) == ModelCode(model=8, features=2)
    assert said(shown, requests.ReadBattery()) == 3_050
    assert said(shown, requests.ReadTariffCount()) == 2
    assert said(shown, requests.ReadHolidays(1)) == (None,) * 8
    assert said(shown, requests.ReadMonthEnergyLimit()) == 0
    assert said(shown, requests.ReadDisplayMask()) == 0xFF
    assert said(shown, requests.ReadPulseOutput()) == 0
    assert [limit.limit for limit in said(shown, requests.ReadEnergyLimits())] == [0] * 4
    assert said(shown, ReadReclosing()).tries == 0
    made = datetime.combine(said(shown, requests.ReadMadeOn()) or date.min, datetime.min.time(), UTC)
    assert said(shown, requests.ReadRunningTime()).powered_h == (NOW - made) // timedelta(hours=1) - 12
    assert [said(shown, requests.ReadMaximum(quantity)).value for quantity in range(3)] == [2450, 3100, 680]


def test_a_model_that_nobody_gave_a_code_says_zero() -> None:
    unknown = replace(M206, key="mercury-201-8")
    assert said(meter(model=unknown), ReadModelCode()) == ModelCode(model=0, features=0)


# ── What was written into it ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_clock_is_local_and_as_wrong_as_it_was_planned() -> None:
    shown = said(meter(ahead=timedelta(minutes=3)), requests.ReadClock())
    assert shown == MeterClock(weekday=2, time=WallTime(2026, 11, 24, 12, 13, 11))


def test_setting_the_clock_holds_from_then_on_and_leaves_the_past_as_it_was_dated() -> None:
    wrong = meter(PastEvent(kind=EventKind.CASE_OPENED, began_at=NOW), ahead=timedelta(hours=1))
    later = NOW + timedelta(minutes=5)
    said(wrong, writes.SetClock(weekday=2, time=WallTime.of(later, MOSCOW)), later)
    assert said(wrong, requests.ReadClock(), later).time == WallTime.of(later, MOSCOW)
    assert said(wrong, rings.ReadCaseRing(0), later).at == WallTime.of(NOW + timedelta(hours=1), MOSCOW)
    november = datetime(2026, 10, 31, 20, tzinfo=UTC)
    assert said(wrong, requests.ReadMonthRegisters(11), later)[0] == counted(1, november)
    assert said(wrong, rings.ReadParametrisationRing(0), later).commands == (0x02,)


def test_the_tariff_table_is_the_one_that_counts_until_another_is_written() -> None:
    day = TariffDay(month=11, weekday=2)
    table = (TariffMark(0, 2), TariffMark(420, 1), TariffMark(1380, 2), *[TariffMark(1440, 2)] * 13)
    written = (TariffMark(0, 3), *[TariffMark(1440, 3)] * 15)
    shown = meter()
    assert said(shown, requests.ReadTariffTable(day)) == table
    said(shown, writes.SetTariffTable(marks=written, tariff_day=day))
    assert said(shown, requests.ReadTariffTable(day)) == written
    assert said(shown, requests.ReadTariffTable(TariffDay(12, 2))) == table
    assert said(shown, rings.ReadParametrisationRing(0)).commands == (0x11,)


def test_what_commands_wrote_is_in_the_journal() -> None:
    shown = meter()
    said(shown, writes.SetGroupAddress(GROUP))
    said(shown, writes.SetPowerLimit(5_000), NOW + timedelta(seconds=1))
    late = NOW + timedelta(seconds=2)
    assert said(shown, rings.ReadParametrisationRing(0), late).commands == (0x03,)
    assert said(shown, rings.ReadParametrisationRing(1), late).commands == (0x01,)
    assert said(shown, rings.ReadParametrisationRing(2), late) == Parametrisation(0, 0, 0, None)


# ── The relay ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_open_relay_stops_the_flow_and_a_closed_one_lets_it_go_on() -> None:
    switched = meter()
    noon, later, evening = NOW, NOW + timedelta(hours=2), NOW + timedelta(hours=6)
    said(switched, writes.SetRelayMode(writes.RelayMode.OFF), noon)
    assert said(switched, ReadRelayState(), noon) == RELAY_OPEN
    assert said(switched, requests.ReadRelayMode(), noon) == writes.RelayMode.OFF
    assert said(switched, requests.ReadPhaseValues(), noon).power_w == 0
    assert said(switched, ReadApparentPower(), noon).factor_permille == 1000
    assert said(switched, requests.ReadRegisters(), later)[0] == counted(1, noon)

    said(switched, writes.SetRelayMode(writes.RelayMode.ON), later)
    assert said(switched, ReadRelayState(), later) == RELAY_CLOSED
    lost = ENERGY.register_uwh(Quantity.A_PLUS, 1, later) - ENERGY.register_uwh(Quantity.A_PLUS, 1, noon)
    left = ENERGY.register_uwh(Quantity.A_PLUS, 1, evening) - lost
    assert said(switched, requests.ReadRegisters(), evening)[0] == left // 10_000_000 * 10
    # From 12:30 to 13:00 nothing flowed; from 15:00 to 15:30 as ever.
    counts = said(switched, ReadHalfHours(3, date(2026, 11, 24)), evening)
    assert counts[1] == 0
    assert (
        counts[6]
        == ENERGY.flowed_uwh(
            Quantity.A_PLUS, datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
        )
        // 200_000
    )
    # What was counted before stays as it was.
    before = datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert said(switched, requests.ReadRegisters(), before)[0] == counted(1, before)


def test_the_relays_journal_tells_commands_and_the_button() -> None:
    switched = meter()
    for minute, mode in enumerate((0xAA, 0xAA, 0x5A, 0x55, 0xAA, 0x00)):
        said(switched, writes.SetRelayMode(mode), NOW + timedelta(minutes=minute))
    late = NOW + timedelta(hours=1)
    codes = [said(switched, rings.ReadRelayRing(place), late).code for place in range(4)]
    assert codes == [
        rings.RelayCode.CLOSED_BY_COMMAND,
        rings.RelayCode.OPENED_BY_COMMAND,
        rings.RelayCode.CLOSED_BY_BUTTON,
        rings.RelayCode.OPENED_BY_COMMAND,
    ]
    assert said(switched, rings.ReadRelayRing(4), late).at is None


# ── What has happened to it ──────────────────────────────────────────────────────────────────────────────────────────


def ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def test_past_events_stand_in_the_rings_the_newest_first() -> None:
    told = meter(
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(50), ended_at=ago(48)),
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(5), ended_at=ago(4)),
        PastEvent(kind=EventKind.CASE_OPENED, began_at=ago(3)),
        PastEvent(kind=EventKind.REPROGRAMMED, began_at=ago(2)),
        PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=ago(2)),
    )
    supply = [said(told, rings.ReadSupplyRing(place)) for place in range(5)]
    assert supply == [
        RingRecord(0, WallTime.of(ago(4), MOSCOW)),
        RingRecord(1, WallTime.of(ago(5), MOSCOW)),
        RingRecord(0, WallTime.of(ago(48), MOSCOW)),
        RingRecord(1, WallTime.of(ago(50), MOSCOW)),
        RingRecord(0, None),
    ]
    assert said(told, rings.ReadCaseRing(0)) == RingRecord(0, WallTime.of(ago(3), MOSCOW))
    assert said(told, rings.ReadCaseRing(1)).at is None
    assert said(told, rings.ReadParametrisationRing(0)) == Parametrisation(0, 2, 0, date(2026, 11, 24))
    assert said(told, rings.ReadQualityRing(place=0, kind=0)).at is None
    assert said(told, requests.ReadLatestPowerOff()).time == WallTime.of(ago(5), MOSCOW)
    assert said(told, requests.ReadLatestPowerOn()).time == WallTime.of(ago(4), MOSCOW)
    assert said(told, requests.ReadLatestCaseOpened()).time == WallTime.of(ago(3), MOSCOW)
    assert said(told, requests.ReadLatestCaseClosed()).time is None


def test_what_has_not_happened_yet_is_in_no_ring() -> None:
    told = meter(PastEvent(kind=EventKind.CASE_OPENED, began_at=ago(3), ended_at=NOW + timedelta(hours=1)))
    assert said(told, rings.ReadCaseRing(0)).code == rings.CaseCode.OPENED
    assert said(told, rings.ReadCaseRing(0), NOW + timedelta(hours=2)).code == rings.CaseCode.CLOSED


@pytest.mark.parametrize(
    ("kind", "cause", "code"),
    [
        (EventKind.RELAY_OPENED, RelayCause.OVERCURRENT, rings.RelayCode.OPENED_BY_OVERCURRENT),
        (EventKind.RELAY_OPENED, RelayCause.MAGNETIC_FIELD, rings.RelayCode.OPENED_BY_COMMAND),
        (EventKind.RELAY_OPENED, None, rings.RelayCode.OPENED_BY_COMMAND),
        (EventKind.RELAY_CLOSED, RelayCause.AUTOMATIC, rings.RelayCode.CLOSED_BY_ITSELF),
        (EventKind.RELAY_CLOSED, None, rings.RelayCode.CLOSED_BY_COMMAND),
    ],
)
def test_the_relay_is_as_its_latest_event_left_it(
    kind: EventKind, cause: RelayCause | None, code: rings.RelayCode
) -> None:
    told = meter(PastEvent(kind=kind, began_at=ago(1), cause=cause))
    assert said(told, rings.ReadRelayRing(0)).code == code
    assert said(told, ReadRelayState()) == (RELAY_OPEN if kind is EventKind.RELAY_OPENED else RELAY_CLOSED)


def test_a_relay_that_its_past_left_open_is_closed_by_a_command() -> None:
    told = meter(PastEvent(kind=EventKind.RELAY_OPENED, began_at=ago(1), cause=RelayCause.POWER_LIMIT))
    said(told, writes.SetRelayMode(writes.RelayMode.ON))
    assert said(told, ReadRelayState()) == RELAY_CLOSED
    assert said(told, requests.ReadRegisters())[0] == counted(1, NOW)


def test_a_relay_opened_twice_is_open_since_the_first_time() -> None:
    switched = SwitchedEnergy(ENERGY)
    switched.open_relay(ago(2))
    switched.open_relay(ago(1))
    assert switched.register_uwh(Quantity.A_PLUS, 1, NOW) == ENERGY.register_uwh(Quantity.A_PLUS, 1, ago(2))


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model.language is Language.MERCURY_V1], ids=lambda model: model.key
)
def test_every_model_of_the_language_counts(model: MeterModel) -> None:
    registers = said(meter(model=model), requests.ReadRegisters())
    total = ENERGY.register_uwh(Quantity.A_PLUS, TOTAL_TARIFF, NOW) // 1_000_000
    assert 0 <= total - sum(value or 0 for value in registers) < 2 * 10
