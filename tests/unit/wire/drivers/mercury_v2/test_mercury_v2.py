"""What the driver asks a Mercury V2 and what it makes of the answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.measure.metering.sessions import Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, parameters, session
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod, EnergyTotals
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import Variant

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
# Seven seconds ahead of ours.
CLOCK = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 8, 32, 37), is_winter=True)
# 234: A = 5000, three phases, large memory, both seals, extended arrays.
NEWER = Variant(bytes.fromhex("B4 60 C1 97 53 40"))
# 230: A = 1000, small memory, no extended arrays.
OLDER = Variant(bytes.fromhex("B4 E4 C4 43 53 00"))
M234 = model_by_key("mercury-234-art-03")
M234_R = model_by_key("mercury-234-artm-01-pob-r")
M230 = model_by_key("mercury-230-art-01-cln")
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)
UNKNOWN = Refusal(RefusalReason.UNKNOWN_REQUEST, 1)
DENIED = Refusal(RefusalReason.ACCESS_DENIED, 3)
CLOSED = Refusal(RefusalReason.CHANNEL_CLOSED, 5)

Asked = list[MercuryV2Request[Any]]
Said = Callable[[MercuryV2Request[Any]], object]
ResultT = TypeVar("ResultT")

METER = MeterAddress(model=M234, address=67, serial="41906467", password="314159", zone=MOSCOW)
OLD_METER = replace(METER, model=M230)


def carried(conversation: Conversation[ResultT], said: Said, asked: Asked | None = None) -> ResultT:
    """What a conversation returns when the meter says this; everything is heard at one instant."""
    number = 0
    answer: Answer[Any] | None = None
    try:
        while True:
            request: Any = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            number += 1
            if asked is not None:
                asked.append(request)
            answer = Answer(said(request), number, HEARD_AT)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result


def saying(values: dict[MercuryV2Request[Any], object]) -> Said:
    """A meter that says this, and what every meter says of itself."""
    known: dict[MercuryV2Request[Any], object] = {ReadClock(): CLOCK, parameters.ReadVariant(): NEWER}
    return (known | values).__getitem__


def learnt(task: ReadingTask, said: Said, *, meter: MeterAddress = METER, asked: Asked | None = None) -> Learnt:
    """What all the parts of a task bring."""
    sum_of_parts = Learnt()
    for part in MercuryV2Driver().parts(meter, task):
        sum_of_parts += carried(part.conversation, said, asked)
    return sum_of_parts


def totals(a_plus_wh: int) -> EnergyTotals:
    return EnergyTotals(a_plus_wh=a_plus_wh, a_minus_wh=0, r_plus_varh=a_plus_wh // 10, r_minus_varh=None)


# ── Opening and closing ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_channel_is_opened_in_the_form_of_the_model() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(METER), lambda _: None, asked)
    assert asked == [session.OpenChannel(1, bytes([3, 1, 4, 1, 5, 9]))]

    asked.clear()
    carried(MercuryV2Driver().opening(replace(METER, model=M234_R, access_level=2)), lambda _: None, asked)
    assert asked == [session.OpenChannel(2, b"314159")]


def test_a_refused_form_is_followed_by_the_other() -> None:
    asked: Asked = []
    taken = session.OpenChannel(1, b"314159")
    carried(MercuryV2Driver().opening(METER), lambda it: None if it == taken else CLOSED, asked)
    assert asked == [session.OpenChannel(1, bytes([3, 1, 4, 1, 5, 9])), taken]


def test_a_password_refused_in_both_forms_is_one_wrong_password() -> None:
    with pytest.raises(MeterRefusedError, match=r"level 1 was refused in every form \(status 3, 3\)") as refused:
        carried(MercuryV2Driver().opening(METER), lambda _: DENIED)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD
    assert "314159" not in str(refused.value)


def test_an_internal_error_is_no_wrong_password() -> None:
    said = Refusal(RefusalReason.INTERNAL_ERROR, 2)
    with pytest.raises(MeterRefusedError, match="internal error instead of opening") as refused:
        carried(MercuryV2Driver().opening(METER), lambda _: said)
    assert refused.value.outcome is Outcome.REFUSED


def test_letters_are_sent_as_ascii_alone() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(replace(METER, password="secret")), lambda _: None, asked)
    assert asked == [session.OpenChannel(1, b"secret")]


def test_a_password_that_no_meter_can_have_is_a_wrong_one() -> None:
    with pytest.raises(MeterRefusedError, match="six characters of ASCII") as refused:
        carried(MercuryV2Driver().opening(replace(METER, password="12345")), lambda _: None)
    assert refused.value.outcome is Outcome.WRONG_PASSWORD


def test_without_a_password_the_factorys_is_tried() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().opening(replace(METER, password=None, access_level=2)), lambda _: None, asked)
    assert asked == [session.OpenChannel(2, bytes([2] * 6))]


def test_the_channel_is_closed_and_a_refusal_of_that_does_not_matter() -> None:
    asked: Asked = []
    carried(MercuryV2Driver().closing(METER), lambda _: CLOSED, asked)
    assert asked == [session.CloseChannel()]


def test_a_connection_is_for_the_meters_address() -> None:
    assert isinstance(MercuryV2Driver().connection(METER), MercuryV2Connection)
    with pytest.raises(LocalProtocolError, match="an address is 0 to 240"):
        MercuryV2Driver().connection(replace(METER, address=255))


# ── Identity and clock ───────────────────────────────────────────────────────────────────────────────────────────────

SERIAL = parameters.SerialNumber(serial="41906467", made_on=date(2020, 6, 22))
IDENTITY_ONLY = replace(NOTHING, identity=True)


def test_a_meter_tells_who_it_is() -> None:
    said = saying({parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): "9.0.0"})
    assert learnt(IDENTITY_ONLY, said) == Learnt(
        identity=Identity(
            serial="41906467", made_on=date(2020, 6, 22), firmware="9.0.0", variant="b460c1975340", exchange=1
        )
    )


def test_what_a_meter_does_not_know_of_itself_is_left_open() -> None:
    said = saying(
        {parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): UNKNOWN, parameters.ReadVariant(): UNKNOWN}
    )
    identity = learnt(IDENTITY_ONLY, said, meter=replace(METER, serial=None)).identity
    assert identity is not None
    assert (identity.serial, identity.firmware, identity.variant) == ("41906467", None, None)


def test_another_serial_number_is_another_meter() -> None:
    said = saying({parameters.ReadSerial(): replace(SERIAL, serial="41906468")})
    with pytest.raises(MeterRefusedError, match="meter 41906467 was asked, and meter 41906468 answered") as another:
        learnt(IDENTITY_ONLY, said)
    assert another.value.outcome is Outcome.ANOTHER_METER


def test_the_clock_is_told_with_its_deviation() -> None:
    clock = learnt(replace(NOTHING, clock=True), saying({})).clock
    assert clock is not None
    assert clock.taken_at == datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC)
    assert clock.deviation == timedelta(seconds=7)


def test_a_refusal_that_leaves_no_way_on_is_raised() -> None:
    with pytest.raises(MeterRefusedError, match="ReadFirmware was refused: channel_closed") as closed:
        learnt(IDENTITY_ONLY, saying({parameters.ReadSerial(): SERIAL, parameters.ReadFirmware(): CLOSED}))
    assert closed.value.outcome is Outcome.CHANNEL_CLOSED


# ── What flows ───────────────────────────────────────────────────────────────────────────────────────────────────────

EVERYTHING = instants.Everything(
    active_mw=(Directed(5_530_950, active_reversed=True), Directed(0), Directed(0), Directed(0)),
    reactive_mvar=(Directed(0),) * 4,
    apparent_mva=(Directed(0),) * 4,
    voltages_mv=(241_280, 240_430, None),
    angles_mdeg=(120_000,) * 3,
    currents_ma=(69, 96, 0),
    factors_permille=(Directed(1000),) * 4,
    frequency_mhz=49_990,
    distortions_permyriad=(None,) * 3,
    temperature_c=24,
)
INSTANT_ONLY = replace(NOTHING, instant=True)
TARIFF_3 = parameters.TariffState(tariff=3, is_single=False)


def measured(quantity: instants.Quantity, phase: int = 0) -> instants.ReadInstants:
    return instants.ReadInstants(instants.Measured(quantity, phase))


def test_newer_meters_tell_all_that_flows_at_once() -> None:
    said = saying({instants.ReadEverything(): EVERYTHING, parameters.ReadTariffState(): TARIFF_3})
    task = replace(INSTANT_ONLY, clock=True)
    assert learnt(task, said).instant == InstantValues(
        taken_at=datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC),
        power_w=-5_530,
        voltages_mv=(241_280, 240_430),
        currents_ma=(69, 96, 0),
        frequency_mhz=49_990,
        tariff=3,
        relay_closed=None,
        exchange=2,
    )


SEPARATE: dict[MercuryV2Request[Any], object] = {
    measured(instants.Quantity.POWER): (Directed(1_234_560), Directed(0), Directed(0), Directed(0)),
    measured(instants.Quantity.VOLTAGE, 1): (230_000, 231_000, 232_000),
    measured(instants.Quantity.CURRENT, 1): (1_000, 2_000, 3_000),
    measured(instants.Quantity.FREQUENCY, 1): (50_000,),
}


def test_older_meters_are_asked_for_one_quantity_after_another() -> None:
    asked: Asked = []
    said = saying({**SEPARATE, parameters.ReadVariant(): OLDER, parameters.ReadTariffState(): UNKNOWN})
    instant = learnt(INSTANT_ONLY, said, meter=OLD_METER, asked=asked).instant
    assert instant is not None
    assert (instant.power_w, instant.voltages_mv) == (1_234, (230_000, 231_000, 232_000))
    assert (instant.frequency_mhz, instant.tariff, instant.exchange) == (50_000, None, 2)
    # The clock was not read: ours is believed.
    assert instant.taken_at == HEARD_AT
    assert instants.ReadEverything() not in asked


def test_what_a_newer_meter_will_not_tell_at_once_is_asked_one_by_one() -> None:
    masked: dict[MercuryV2Request[Any], object] = {measured(instants.Quantity.POWER): (None,) * 4}
    said = saying({**SEPARATE, **masked, instants.ReadEverything(): UNKNOWN, parameters.ReadTariffState(): TARIFF_3})
    instant = learnt(INSTANT_ONLY, said).instant
    assert instant is not None
    assert (instant.power_w, instant.currents_ma) == (None, (1_000, 2_000, 3_000))


@pytest.mark.parametrize(("bits", "closed"), [(frozenset({0}), True), (frozenset({0, 3, 9}), False)])
def test_a_relay_tells_whether_it_is_closed(bits: frozenset[int], closed: bool) -> None:
    said = saying(
        {
            instants.ReadEverything(): EVERYTHING,
            parameters.ReadTariffState(): TARIFF_3,
            parameters.ReadLoadControl(): bits,
        }
    )
    instant = learnt(INSTANT_ONLY, said, meter=replace(METER, model=M234_R)).instant
    assert instant is not None
    assert instant.relay_closed is closed


# ── Registers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def registers(request: MercuryV2Request[Any]) -> object:
    """Each register says which tariff it is of; those at midnights are less than the running ones."""
    match request:
        case energy.ReadEnergy(period=period, tariff=tariff):
            return totals({EnergyArray.SINCE_RESET: 9_000}.get(period.array, 8_000) + tariff)
        case energy.ReadStoredEnergy(tariff=tariff):
            return totals(7_000 + tariff)
        case _:
            return saying({})(request)


def shown(found: Learnt, quantity: Measurand = Measurand.A_PLUS) -> list[tuple[date, int, int]]:
    """The local days, tariffs and values of registers at midnights."""
    return [
        (it.taken_at.astimezone(MOSCOW).date(), it.tariff, it.value)
        for it in found.registers
        if it.quantity is quantity
    ]


def test_each_running_register_has_an_exchange_of_its_own() -> None:
    found = learnt(replace(NOTHING, registers_now=True), registers)
    a_plus = [it for it in found.registers if it.quantity is Measurand.A_PLUS]
    assert [(it.tariff, it.value, it.exchange) for it in a_plus] == [
        (0, 9_000, 1),
        (1, 9_001, 2),
        (2, 9_002, 3),
        (3, 9_003, 4),
        (4, 9_004, 5),
    ]
    assert {(it.moment, it.taken_at, it.heard_at) for it in a_plus} == {(RegisterMoment.NOW, HEARD_AT, HEARD_AT)}


def test_what_is_masked_or_not_of_the_model_is_no_register() -> None:
    found = learnt(replace(NOTHING, registers_now=True), registers, meter=OLD_METER)
    # R− is masked in the answer, A− is not of this model.
    assert {it.quantity for it in found.registers} == {Measurand.A_PLUS, Measurand.R_PLUS}


def test_today_and_yesterday_are_read_from_the_arrays_that_move() -> None:
    days = (date(2026, 11, 23), date(2026, 11, 24))
    asked: Asked = []
    found = learnt(replace(NOTHING, register_days=days), registers, asked=asked)
    assert shown(found) == [(day_on, tariff, 8_000 + tariff) for day_on in days for tariff in range(5)]
    assert {it.moment for it in found.registers} == {RegisterMoment.DAY_START}
    assert [it.period for it in asked if isinstance(it, energy.ReadEnergy)] == [
        *[EnergyPeriod(EnergyArray.AT_START_OF_YESTERDAY)] * 5,
        *[EnergyPeriod(EnergyArray.AT_START_OF_DAY)] * 5,
    ]


def test_older_days_are_read_where_the_variant_keeps_them() -> None:
    # The meter keeps 123 days: from 24 July.
    days = (date(2026, 7, 23), date(2026, 7, 24), date(2026, 11, 22), date(2026, 11, 25))
    task = replace(NOTHING, register_days=days)
    assert {day_on for day_on, _, _ in shown(learnt(task, registers))} == {date(2026, 7, 24), date(2026, 11, 22)}

    def older(request: MercuryV2Request[Any]) -> object:
        return OLDER if request == parameters.ReadVariant() else registers(request)

    assert shown(learnt(task, older, meter=OLD_METER)) == []


def test_a_day_the_meter_does_not_know_is_left_out_and_the_others_are_read() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        is_unknown = isinstance(request, energy.ReadStoredEnergy) and request.day_on == date(2026, 11, 1)
        return UNKNOWN if is_unknown else registers(request)

    task = replace(NOTHING, register_days=(date(2026, 11, 1), date(2026, 11, 2)))
    assert {day_on for day_on, _, _ in shown(learnt(task, said))} == {date(2026, 11, 2)}


def test_near_midnight_what_moves_is_left_for_later() -> None:
    at_midnight = MeterClock(2, WallTime(2026, 11, 24, 8, 32, 30), is_winter=True)
    # The meter's clock is a second from midnight while ours shows the morning.
    late = replace(at_midnight, time=WallTime(2026, 11, 24, 23, 59, 59))

    def said(request: MercuryV2Request[Any]) -> object:
        return late if request == ReadClock() else registers(request)

    moving = replace(NOTHING, register_days=(date(2026, 11, 24), date(2026, 11, 23)))
    assert learnt(moving, said).registers == ()
    # The first of this month stays what it is for a year.
    named = replace(NOTHING, register_months=(date(2026, 11, 1),))
    assert learnt(named, said).registers


def test_days_are_read_by_weeks_so_that_a_failure_loses_no_more() -> None:
    days = tuple(date(2026, 11, 1) + timedelta(days=number) for number in range(15))
    parts = MercuryV2Driver().parts(METER, replace(NOTHING, register_days=days))
    assert [part.part for part in parts] == [SessionPart.REGISTERS] * 3


def test_months_are_read_as_far_as_the_meter_keeps_them() -> None:
    months = (date(2026, 12, 1), date(2026, 11, 1), date(2025, 12, 1), date(2025, 11, 1), date(2023, 10, 1))
    task = replace(NOTHING, register_months=months)
    found = learnt(task, registers)
    assert shown(found) == [
        *((date(2026, 11, 1), tariff, 8_000 + tariff) for tariff in range(5)),
        *((date(2025, 12, 1), tariff, 8_000 + tariff) for tariff in range(5)),
        *((date(2025, 11, 1), tariff, 7_000 + tariff) for tariff in range(5)),
    ]
    assert {it.moment for it in found.registers} == {RegisterMoment.MONTH_START}


def test_a_year_old_month_is_not_asked_of_a_meter_whose_variant_has_no_such_arrays() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return OLDER if request == parameters.ReadVariant() else registers(request)

    task = replace(NOTHING, register_months=(date(2025, 11, 1),))
    assert learnt(task, said).registers == ()


def test_without_a_variant_word_the_catalogue_tells_what_to_ask() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return UNKNOWN if request == parameters.ReadVariant() else registers(request)

    task = replace(NOTHING, register_days=(date(2026, 11, 1),))
    assert len(shown(learnt(task, said))) == 5
    assert shown(learnt(task, said, meter=OLD_METER)) == []


def test_a_refusal_of_registers_is_raised() -> None:
    def said(request: MercuryV2Request[Any]) -> object:
        return DENIED if isinstance(request, energy.ReadStoredEnergy) else registers(request)

    with pytest.raises(MeterRefusedError, match="ReadStoredEnergy was refused: access_denied"):
        learnt(replace(NOTHING, register_days=(date(2026, 11, 1),)), said)


# ── The plan of a session ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_parts_of_a_session_come_in_order_and_only_those_wanted() -> None:
    day = date(2026, 11, 23)
    whole = ReadingTask(
        instant=True, register_days=(day,), register_months=(date(2026, 11, 1),), profile_days=(day,), events=True
    )
    parts = [part.part for part in MercuryV2Driver().parts(METER, whole)]
    assert parts[:7] == [
        SessionPart.IDENTITY,
        SessionPart.CLOCK,
        SessionPart.INSTANT,
        SessionPart.REGISTERS,
        SessionPart.REGISTERS,
        SessionPart.REGISTERS,
        SessionPart.PROFILE,
    ]
    assert set(parts[7:]) == {SessionPart.EVENTS}
    assert list(MercuryV2Driver().parts(METER, NOTHING)) == []


def test_the_profile_is_read_by_weeks_and_not_across_gaps() -> None:
    days = (*(date(2026, 11, 1) + timedelta(days=number) for number in range(9)), date(2026, 11, 20))
    parts = MercuryV2Driver().parts(METER, replace(NOTHING, profile_days=days))
    assert [part.part for part in parts] == [SessionPart.PROFILE] * 3


def test_a_model_without_a_profile_is_not_asked_for_one() -> None:
    bare = replace(METER, model=replace(M234, uwh_per_count=None))
    assert list(MercuryV2Driver().parts(bare, replace(NOTHING, profile_days=(date(2026, 11, 23),)))) == []
