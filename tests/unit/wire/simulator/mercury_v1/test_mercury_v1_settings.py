"""A simulated Mercury V1: what is written into it, its relay, and its journals."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.measure.metering.catalogue import MODELS
from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import (
    MeterClock,
    Parametrisation,
    RingRecord,
    TariffMark,
)
from kilovatt.wire.protocols.mercury_v1.archive import (
    ReadHalfHours,
)
from kilovatt.wire.protocols.mercury_v1.parameters import (
    RELAY_CLOSED,
    RELAY_OPEN,
    ReadApparentPower,
    ReadRelayState,
)
from kilovatt.wire.protocols.mercury_v1.requests import TariffDay
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy
from simulated_v1 import ENERGY, GROUP, MOSCOW, NOW, counted, meter, said

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
