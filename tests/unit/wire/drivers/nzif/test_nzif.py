"""What the driver asks a meter of НЗиФ and what it makes of the answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import Identity, InstantValues
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.nzif.driver import NzifDriver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import energy, instants, parameters, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyCounts, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.fields import Directed
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.nzif.parameters import Variant
from kilovatt.wire.protocols.nzif.request import NzifRequest
from told_nzif import (
    BUSY,
    HEARD_AT,
    METER,
    MK,
    NOT_READY,
    NOTHING,
    UNKNOWN,
    Asked,
    carried,
    learnt,
    saying,
)


def counts(a_plus: int) -> EnergyCounts:
    return EnergyCounts(a_plus=a_plus, a_minus=0, r_plus=a_plus // 10, r_minus=None)


def of_tariff(total: int, tariff: int) -> EnergyCounts:
    """Registers that add up."""
    return counts((total, total - 9, 2, 3, 4)[tariff])


# ── Opening and closing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_channel_is_opened_with_the_password_given_or_the_factorys() -> None:
    asked: Asked = []
    carried(NzifDriver().opening(METER), lambda _: None, asked)
    carried(NzifDriver().opening(replace(METER, password=None)), lambda _: None, asked)
    carried(NzifDriver().opening(replace(METER, password=None, access_level=2)), lambda _: None, asked)
    assert asked == [session.OpenChannel(b"314159"), session.OpenChannel(b"000000"), session.OpenChannel(b"111111")]


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (Refusal(RefusalReason.ACCESS_DENIED, 3), Outcome.WRONG_PASSWORD),
        (Refusal(RefusalReason.CHANNEL_CLOSED, 5), Outcome.WRONG_PASSWORD),
        (Refusal(RefusalReason.INTERNAL_ERROR, 2), Outcome.REFUSED),
        (BUSY, Outcome.REFUSED),
    ],
)
def test_a_refused_password_is_a_wrong_one_unless_the_meter_says_otherwise(refusal: Refusal, outcome: Outcome) -> None:
    with pytest.raises(MeterRefusedError, match=rf"password of level 1 \(status {refusal.code}\)") as refused:
        carried(NzifDriver().opening(METER), lambda _: refusal)
    assert refused.value.outcome is outcome
    assert "314159" not in str(refused.value)


def test_a_password_that_no_meter_can_have_is_a_wrong_one() -> None:
    with pytest.raises(MeterRefusedError, match="six characters of ASCII") as refused:
        carried(NzifDriver().opening(replace(METER, password="12345")), lambda _: None)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD


def test_a_busy_meter_is_asked_five_times_at_most() -> None:
    asked: Asked = []
    said = iter([BUSY, Refusal(RefusalReason.OTHER, 6), None])
    carried(NzifDriver().opening(METER), lambda _: next(said), asked)
    assert len(asked) == 3

    asked.clear()
    with pytest.raises(MeterRefusedError, match="ReadClock was refused: other"):
        carried(next(NzifDriver().parts(METER, replace(NOTHING, clock=True))).conversation, lambda _: BUSY, asked)
    assert len(asked) == 5


def test_the_channel_is_closed_whatever_the_meter_says() -> None:
    asked: Asked = []
    carried(NzifDriver().closing(METER), lambda _: BUSY, asked)
    assert asked == [session.CloseChannel()]


@pytest.mark.parametrize(("serial", "address"), [(805_181_783, 83), (1_103_181_104, 104)])
def test_the_address_from_the_factory_is_the_end_of_the_serial_number(serial: int, address: int) -> None:
    # The captured СЭТ-4ТМ.03М answers at 53h; a program for a ПСЧ-4ТМ.05МК names the other pair.
    assert factory_address(MK, serial) == address


def test_the_connection_is_to_the_meters_address() -> None:
    assert isinstance(NzifDriver().connection(METER), NzifConnection)
    with pytest.raises(LocalProtocolError):
        NzifDriver().connection(replace(METER, address=-1))


# ── Who it is, what flows ────────────────────────────────────────────────────────────────────────────────────────────

SERIAL = parameters.SerialNumber(34_365_091, date(2018, 5, 17))


def test_identity_is_the_serial_number_the_day_of_making_and_the_variant_word() -> None:
    read = learnt(replace(NOTHING, identity=True), saying({parameters.ReadSerial(): SERIAL}))
    assert read.identity == Identity(
        serial="34365091", made_on=date(2018, 5, 17), firmware=None, variant="6442b0", exchange=1
    )


def test_another_serial_number_is_another_meter() -> None:
    with pytest.raises(MeterRefusedError, match="meter 12345678 was asked, and meter 34365091 answered") as another:
        learnt(
            replace(NOTHING, identity=True),
            saying({parameters.ReadSerial(): SERIAL}),
            meter=replace(METER, serial="12345678"),
        )
    assert another.value.outcome is Outcome.ANOTHER_METER


def test_a_meter_without_a_variant_word_is_what_its_row_says() -> None:
    said = saying(REGISTERS | {parameters.ReadSerial(): SERIAL, parameters.ReadVariant(): UNKNOWN})
    asked: Asked = []
    read = learnt(ReadingTask(clock=False), said, meter=replace(METER, serial=None), asked=asked)
    assert read.identity is not None
    assert read.identity.variant is None
    assert asked.count(parameters.ReadVariant()) == 1
    # Two counts an impulse, 1250 impulses a kilowatt-hour.
    assert read.registers[0].value == 7_990_501 * 1000 // 2500


def test_the_clock_is_told_with_how_far_it_is_ahead() -> None:
    read = learnt(replace(NOTHING, clock=True), saying({}))
    assert read.clock is not None
    assert read.clock.deviation == timedelta(seconds=7)


INSTANTS: dict[NzifRequest[Any], object] = {
    instants.ReadInstant(instants.ACTIVE_POWER): Directed(1_234_567, active_reversed=True),
    instants.ReadInstant(instants.FREQUENCY): Directed(49_980),
    **{instants.ReadInstant(instants.voltage(phase)): Directed(230_000 + phase * 10) for phase in (1, 2, 3)},
    **{instants.ReadInstant(instants.current(phase)): Directed(1_789_900 + phase * 100) for phase in (1, 2, 3)},
}


def test_what_flows_now_is_in_watts_millivolts_and_milliamperes() -> None:
    read = learnt(replace(NOTHING, clock=True, instant=True), saying(INSTANTS))
    assert read.instant == InstantValues(
        taken_at=datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC),
        power_w=-1_234,
        voltages_mv=(230_010, 230_020, 230_030),
        currents_ma=(1_790, 1_790, 1_790),
        frequency_mhz=49_980,
        exchange=1,
    )


def test_steps_of_other_types_are_multiplied() -> None:
    model = replace(MK, dialect=NzifDialect(power_multiplier=20, current_multiplier=10))
    read = learnt(replace(NOTHING, instant=True), saying(INSTANTS), meter=replace(METER, model=model))
    assert read.instant is not None
    assert (read.instant.power_w, read.instant.currents_ma) == (-24_691, (17_900, 17_901, 17_902))


def test_what_is_not_measured_yet_is_not_told() -> None:
    missing: dict[NzifRequest[Any], object] = {
        instants.ReadInstant(instants.voltage(2)): NOT_READY,
        instants.ReadInstant(instants.FREQUENCY): UNKNOWN,
    }
    read = learnt(replace(NOTHING, instant=True), saying(INSTANTS | missing))
    assert read.instant is not None
    assert (read.instant.voltages_mv, read.instant.frequency_mhz) == ((), None)
    assert read.instant.taken_at == HEARD_AT
    nothing = saying({instants.ReadInstant(instants.ACTIVE_POWER): NOT_READY})
    assert learnt(replace(NOTHING, instant=True), nothing).is_empty


# ── Registers ────────────────────────────────────────────────────────────────────────────────────────────────────────

REGISTERS: dict[NzifRequest[Any], object] = {
    energy.ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), tariff): of_tariff(7_990_501, tariff)
    for tariff in range(5)
}


def stored(beginning: Beginning, a_plus: int) -> dict[NzifRequest[Any], object]:
    return {energy.ReadStored(beginning, tariff): of_tariff(a_plus, tariff) for tariff in range(5)}


def test_running_registers_are_whole_watt_hours_floored() -> None:
    read = learnt(ReadingTask(identity=False), saying(REGISTERS))
    of_total = {reading.quantity: reading for reading in read.registers if reading.tariff == 0}
    # 7,990,501 counts of 0.4 Wh are 3,196,200.4 Wh.
    assert of_total[Quantity.A_PLUS].value == 3_196_200
    assert of_total[Quantity.R_PLUS].value == 319_620
    assert of_total.keys() == {Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS}
    assert {reading.tariff for reading in read.registers} == {0, 1, 2, 3, 4}
    assert {reading.taken_at for reading in read.registers} == {datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC)}
    assert [reading.exchange for reading in read.registers if reading.quantity is Quantity.A_PLUS] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize(("code", "wh"), [(0, 799_050), (1, 159_810), (2, 3_196_200), (5, 15_981_002), (6, 624_257)])
def test_what_a_count_is_worth_comes_from_the_meters_own_constant(code: int, wh: int) -> None:
    said = saying(REGISTERS | {parameters.ReadVariant(): Variant(bytes([0x64, code, 0xB0]))})
    assert learnt(ReadingTask(identity=False), said).registers[0].value == wh


def test_a_meter_of_no_known_constant_is_not_counted() -> None:
    meter = replace(METER, model=replace(MK, impulses_per_kwh=None))
    with pytest.raises(MeterRefusedError, match="the variant 644fb0 does not tell the meter constant"):
        learnt(
            ReadingTask(identity=False),
            saying({parameters.ReadVariant(): Variant(bytes.fromhex("64 4F B0"))}),
            meter=meter,
        )
    with pytest.raises(MeterRefusedError, match="the variant unknown does not tell"):
        learnt(ReadingTask(identity=False), saying({parameters.ReadVariant(): UNKNOWN}), meter=meter)


def test_a_day_is_asked_by_its_number_and_only_while_that_means_it() -> None:
    asked: Asked = []
    said = saying(
        stored(Beginning(StoredArray.DAY_START, 24), 1_000) | stored(Beginning(StoredArray.DAY_START, 25), 500)
    )
    days = (date(2026, 10, 24), date(2026, 10, 25), date(2026, 11, 24), date(2026, 11, 25))
    read = learnt(replace(NOTHING, register_days=days), said, asked=asked)
    # The 24th is today's, no longer October's; 25 October still is the latest 25th. Tomorrow is not yet.
    assert {(reading.taken_at, reading.moment) for reading in read.registers} == {
        (datetime(2026, 11, 23, 21, tzinfo=UTC), RegisterMoment.DAY_START),
        (datetime(2026, 10, 24, 21, tzinfo=UTC), RegisterMoment.DAY_START),
    }
    assert sum(isinstance(it, energy.ReadStored) for it in asked) == 10


def test_a_number_that_some_months_lack_waits_for_a_longer_one() -> None:
    # 31 January: February has no 31st, so until 31 March the archive holds January's.
    deep = replace(MK, day_register_depth_days=60)
    march = MeterClock(WallTime(2026, 3, 20, 8, 0, 0), is_winter=True)
    said = saying(stored(Beginning(StoredArray.DAY_START, 31), 1_000) | {ReadClock(): march})
    read = learnt(replace(NOTHING, register_days=(date(2026, 1, 31),)), said, meter=replace(METER, model=deep))
    # Heard in November by our clock, taken in January by the meter's: as far ahead as it is.
    assert {reading.taken_at for reading in read.registers} == {datetime(2026, 1, 30, 21, tzinfo=UTC)}


def test_near_the_midnight_at_which_a_place_changes_its_meaning_nothing_is_read() -> None:
    just_after = MeterClock(WallTime(2026, 11, 24, 0, 0, 1), is_winter=True)
    said = saying(stored(Beginning(StoredArray.DAY_START, 24), 1_000) | {ReadClock(): just_after})
    assert learnt(replace(NOTHING, register_days=(date(2026, 11, 24),)), said).registers == ()


def test_a_month_is_asked_by_its_number_within_a_year() -> None:
    said = saying(
        stored(Beginning(StoredArray.MONTH_START, 12), 1_000) | stored(Beginning(StoredArray.MONTH_START, 11), 2_000)
    )
    months = (date(2025, 11, 1), date(2025, 12, 1), date(2026, 11, 1), date(2026, 12, 1))
    read = learnt(replace(NOTHING, register_months=months), said)
    assert {(reading.taken_at, reading.moment) for reading in read.registers} == {
        (datetime(2025, 11, 30, 21, tzinfo=UTC), RegisterMoment.MONTH_START),
        (datetime(2026, 10, 31, 21, tzinfo=UTC), RegisterMoment.MONTH_START),
    }


def test_registers_that_do_not_add_up_are_read_once_more() -> None:
    told = stored(Beginning(StoredArray.MONTH_START, 11), 2_000)
    total = energy.ReadStored(Beginning(StoredArray.MONTH_START, 11), 0)
    asked: Asked = []

    def said(request: NzifRequest[Any]) -> object:
        # The first answer is the one before it, of a tariff at which nothing was used.
        return counts(0) if request == total and asked.count(total) == 1 else saying(told)(request)

    read = learnt(replace(NOTHING, register_months=(date(2026, 11, 1),)), said, asked=asked)
    assert [it.value for it in read.registers if it.tariff == 0 and it.quantity is Quantity.A_PLUS] == [800]
    assert asked.count(total) == 2


def test_a_meter_without_the_archive_brings_no_registers_of_midnights() -> None:
    assert learnt(replace(NOTHING, register_days=(date(2026, 11, 24),)), _without_archive).is_empty


def _without_archive(request: NzifRequest[Any]) -> object:
    return UNKNOWN if isinstance(request, energy.ReadStored) else saying({})(request)


def test_registers_refused_for_another_reason_are_an_error() -> None:
    denied = Refusal(RefusalReason.ACCESS_DENIED, 3)
    with pytest.raises(MeterRefusedError, match="ReadStored was refused"):
        learnt(
            replace(NOTHING, register_months=(date(2026, 11, 1),)),
            saying({energy.ReadStored(Beginning(StoredArray.MONTH_START, 11), 0): denied}),
        )


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_task_is_done_in_parts_the_profile_by_weeks_and_the_journals_one_by_one() -> None:
    days = tuple(date(2026, 11, 1) + timedelta(days=number) for number in range(10))
    task = ReadingTask(instant=True, register_days=days[:1], register_months=days[:1], profile_days=days, events=True)
    parts = [part.part for part in NzifDriver().parts(METER, task)]
    assert parts == [
        SessionPart.IDENTITY,
        SessionPart.CLOCK,
        SessionPart.INSTANT,
        *[SessionPart.REGISTERS] * 3,
        *[SessionPart.PROFILE] * 2,
        *[SessionPart.EVENTS] * 6,
    ]
    assert list(NzifDriver().parts(METER, NOTHING)) == []


def test_what_a_model_does_not_keep_is_not_asked() -> None:
    bare = replace(MK, uwh_per_count=None, day_register_depth_days=0)
    task = replace(NOTHING, register_days=(date(2026, 11, 1),), profile_days=(date(2026, 11, 1),))
    assert list(NzifDriver().parts(replace(METER, model=bare), task)) == []


def test_a_row_without_options_of_the_language_has_the_usual_ones() -> None:
    plain = replace(METER, model=replace(MK, dialect=None))
    assert learnt(ReadingTask(identity=False), saying(REGISTERS), meter=plain).registers


def test_an_answer_too_short_for_an_hour_of_the_profile_is_no_option() -> None:
    with pytest.raises(ValueError, match="an hour of the profile is 24 bytes, read in one: got 16"):
        NzifDialect(read_bytes_max=16)
