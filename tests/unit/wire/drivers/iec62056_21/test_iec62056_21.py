"""What the driver asks a meter of IEC 62056-21 and what it makes of the answers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.iec62056_21.driver import Iec62056Driver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason, SendMore
from kilovatt.wire.protocols.framing.sign_on import Identification
from kilovatt.wire.protocols.iec62056_21.datasets import data_sets_of
from kilovatt.wire.protocols.iec62056_21.errors import ErrorNumber, error_text, refusal_in
from kilovatt.wire.protocols.iec62056_21.requests import (
    Break,
    Iec62056Request,
    ReadGroup,
    ReadOut,
    Readout,
    ReadParameter,
    SignOn,
)

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
NOVEMBER_AT = datetime(2026, 10, 31, 21, tzinfo=UTC)
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)
SERIAL = "009114135064195"
CE301 = MeterAddress(model=model_by_key("energomera-ce301"), address=135_064_195, serial=SERIAL, zone=MOSCOW)
CE102M = replace(CE301, model=model_by_key("energomera-ce102m"))
ZMG = MeterAddress(model=model_by_key("landis-gyr-zmg405"), address=38_030_255, serial="38030255", zone=MOSCOW)
# Seven seconds ahead of ours.
CLOCK: dict[Any, tuple[str, ...]] = {ReadParameter("DATE_"): ("02.24.11.26",), ReadParameter("TIME_"): ("08:32:37",)}
ENERGY = ("16907.9477764", "11504.3875082", "3628.2698795", "1775.2903887", "0.0", "0.0")
# hostcc's capture of a СЕ301.
MONTH = ("16550.0972645", "11295.733509", "3521.2929754", "1733.0707801", "0.0", "0.0")

Asked = list[Iec62056Request[Any]]
ResultT = TypeVar("ResultT")


def refused_for(number: ErrorNumber) -> Refusal:
    refusal = refusal_in(error_text(number))
    assert refusal is not None
    return refusal


UNKNOWN, DENIED = refused_for(ErrorNumber.UNKNOWN_PARAMETER), refused_for(ErrorNumber.ACCESS_DENIED)


def carried(
    conversation: Conversation[ResultT],
    said: Mapping[Any, object],
    asked: Asked | None = None,
    heard_at: datetime = HEARD_AT,
) -> ResultT:
    """What a conversation returns when the meter says this; of a list, one after another."""
    asked = [] if asked is None else asked
    left = {request: list(values) for request, values in said.items() if isinstance(values, list)}
    answer: Answer[Any] | None = None
    try:
        while True:
            request: Any = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
            asked.append(request)
            value = left[request].pop(0) if request in left else said[request]
            answer = Answer(value, len(asked), heard_at)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result


def learnt(
    meter: MeterAddress,
    task: ReadingTask,
    said: Mapping[Any, object],
    asked: Asked | None = None,
    heard_at: datetime = HEARD_AT,
) -> Learnt:
    total, asked = Learnt(), [] if asked is None else asked
    for part in Iec62056Driver().parts(meter, task):
        total += carried(part.conversation, said, asked, heard_at)
    return total


def varied(model: MeterModel, **options: bool | str) -> MeterModel:
    assert isinstance(model.dialect, EnergomeraIecDialect | LandisGyrDialect)
    # mypy: each option is of its own type.
    return replace(model, dialect=replace(model.dialect, **options))  # type: ignore[arg-type]


# ── Sessions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_begun_and_ended_by_those_that_have_one() -> None:
    driver, asked = Iec62056Driver(), Asked()
    said = {SignOn(): Identification("EKT", "5", "CE301v12"), Break(): None}
    carried(driver.opening(CE301), said, asked)
    carried(driver.closing(CE301), said, asked)
    assert asked == [SignOn(), Break()]
    carried(driver.opening(ZMG), {}, asked)
    carried(driver.closing(ZMG), {}, asked)
    assert len(asked) == 2


def test_a_refused_password_is_named() -> None:
    refusal = Refusal(RefusalReason.ACCESS_DENIED, 0)
    with pytest.raises(MeterRefusedError, match="the password was refused") as refused:
        carried(Iec62056Driver().opening(CE301), {SignOn(): refusal})
    assert refused.value.outcome is Outcome.WRONG_PASSWORD


@pytest.mark.parametrize(
    ("meter", "call"),
    [
        (CE301, b"/?135064195!\r\n"),
        (replace(CE301, address=211), b"/?000000211!\r\n"),
        (replace(CE301, address=0), b"/?!\r\n"),
        (ZMG, b"/?38030255!\r\n"),
        (replace(ZMG, address=7), b"/?00000007!\r\n"),
    ],
)
def test_an_address_is_called_with_its_zeros(meter: MeterAddress, call: bytes) -> None:
    assert Iec62056Driver().connection(meter).send(ReadOut()).data == call


def test_the_password_is_the_owners_or_the_factorys_and_must_be_one() -> None:
    driver = Iec62056Driver()
    assert driver.connection(CE301) is not None
    with pytest.raises(LocalProtocolError):
        driver.connection(replace(CE301, password="1)"))


# ── By names ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_meter_says_who_it_is() -> None:
    said = learnt(CE301, replace(NOTHING, identity=True), {ReadParameter("SNUMB"): (SERIAL,)})
    assert said.identity is not None
    assert said.identity.serial == SERIAL
    anybody = replace(CE301, serial=None)
    assert learnt(anybody, replace(NOTHING, identity=True), {ReadParameter("SNUMB"): ("7",)}).identity is not None


def test_another_meter_is_taken_leave_of_before_it_is_named() -> None:
    asked = Asked()
    with pytest.raises(MeterRefusedError, match=f"meter {SERIAL} was asked, and meter 7 answered") as refused:
        learnt(CE301, replace(NOTHING, identity=True), {ReadParameter("SNUMB"): ("7",), Break(): None}, asked)
    assert refused.value.outcome is Outcome.ANOTHER_METER
    assert asked == [ReadParameter("SNUMB"), Break()]


def test_what_every_meter_has_must_be_there() -> None:
    with pytest.raises(MeterRefusedError, match="does not know SNUMB") as refused:
        learnt(CE301, replace(NOTHING, identity=True), {ReadParameter("SNUMB"): UNKNOWN})
    assert refused.value.outcome is Outcome.REFUSED
    with pytest.raises(MeterRefusedError, match="access_denied"):
        learnt(CE301, replace(NOTHING, identity=True), {ReadParameter("SNUMB"): DENIED})


def test_the_clock_is_ahead_by_what_it_shows() -> None:
    said = learnt(CE301, replace(NOTHING, clock=True), CLOCK)
    assert said.clock is not None
    assert said.clock.deviation == timedelta(seconds=7)


def test_the_day_is_asked_for_anew_after_a_midnight() -> None:
    asked = Asked()
    said = learnt(
        CE301,
        replace(NOTHING, clock=True),
        {ReadParameter("DATE_"): [("01.23.11.26",), ("02.24.11.26",)], ReadParameter("TIME_"): ("00:00:01",)},
        asked,
    )
    assert said.clock is not None
    assert said.clock.taken_at == datetime(2026, 11, 23, 21, 0, 1, tzinfo=UTC)
    assert len(asked) == 3


def test_running_registers_are_in_whole_watt_hours() -> None:
    said = learnt(CE301, replace(NOTHING, registers_now=True), {ReadParameter("ET0PE"): ENERGY})
    values = {reading.tariff: reading.value for reading in said.registers}
    assert values == {0: 16_907_947, 1: 11_504_387, 2: 3_628_269, 3: 1_775_290, 4: 0}
    # The capture of wb-mqtt-serial, by hundredths of a kWh.
    said = learnt(CE102M, replace(NOTHING, registers_now=True), {ReadParameter("ET0PE"): ("68.42", "45.54", "22.88")})
    assert [reading.value for reading in said.registers] == [68_420, 45_540, 22_880]


def test_the_beginning_of_a_month_is_the_end_of_the_one_before() -> None:
    asked = Asked()
    task = replace(NOTHING, register_months=(date(2026, 11, 1),))
    said = learnt(CE301, task, CLOCK | {ReadParameter("ENMPE", "10.26"): MONTH}, asked)
    assert asked[-1] == ReadParameter("ENMPE", "10.26")
    first = said.registers[0]
    assert (first.taken_at, first.value, first.moment) == (NOVEMBER_AT, 16_550_097, RegisterMoment.MONTH_START)


def test_a_meter_that_counts_months_back_is_asked_so() -> None:
    asked = Asked()
    task = replace(NOTHING, clock=True, register_months=(date(2026, 11, 1), date(2026, 9, 1)))
    said = learnt(CE102M, task, CLOCK | {ReadParameter("ENM01"): ("5.00",), ReadParameter("ENM03"): ("4.00",)}, asked)
    assert [request for request in asked if request not in CLOCK] == [ReadParameter("ENM01"), ReadParameter("ENM03")]
    assert {reading.taken_at: reading.value for reading in said.registers} == {
        NOVEMBER_AT: 5_000,
        datetime(2026, 8, 31, 21, tzinfo=UTC): 4_000,
    }


def test_months_that_are_not_kept_are_not_asked_for_and_those_refused_are_left_out() -> None:
    asked = Asked()
    task = replace(NOTHING, clock=True, register_months=(date(2025, 11, 1), date(2026, 12, 1), date(2026, 10, 1)))
    said = learnt(CE301, task, CLOCK | {ReadParameter("ENMPE", "09.26"): UNKNOWN}, asked)
    assert asked[2:] == [ReadParameter("ENMPE", "09.26")]
    assert said.registers == ()
    october = replace(task, register_months=(date(2026, 10, 1),))
    assert learnt(CE102M, october, CLOCK | {ReadParameter("ENM02"): UNKNOWN}).registers == ()


@pytest.mark.parametrize("meter", [CE301, CE102M])
def test_a_month_is_left_for_later_near_its_beginning(meter: MeterAddress) -> None:
    just_after = datetime(2026, 11, 30, 21, 0, 5, tzinfo=UTC)
    clock: dict[Any, tuple[str, ...]] = {
        ReadParameter("DATE_"): ("02.01.12.26",),
        ReadParameter("TIME_"): ("00:00:05",),
    }
    task = replace(NOTHING, clock=True, register_months=(date(2026, 12, 1),))
    answers: dict[Any, tuple[str, ...]] = {ReadParameter("ENMPE", "11.26"): MONTH, ReadParameter("ENM01"): MONTH}
    assert learnt(meter, task, clock | answers, heard_at=just_after).registers == ()


def test_months_back_are_left_for_later_when_a_month_is_about_to_end() -> None:
    just_before = datetime(2026, 11, 30, 20, 59, 55, tzinfo=UTC)
    clock: dict[Any, tuple[str, ...]] = {
        ReadParameter("DATE_"): ("01.30.11.26",),
        ReadParameter("TIME_"): ("23:59:55",),
    }
    task = replace(NOTHING, clock=True, register_months=(date(2026, 11, 1),))
    assert learnt(CE102M, task, clock | {ReadParameter("ENM01"): MONTH}, heard_at=just_before).registers == ()
    by_name: dict[Any, tuple[str, ...]] = {ReadParameter("ENMPE", "10.26"): MONTH}
    assert learnt(CE301, task, clock | by_name, heard_at=just_before).registers != ()


FLOW = {
    ReadParameter("VOLTA"): ("233.751", "235.418", "234.796"),
    ReadParameter("CURRE"): ("1.479", "2.8716", "0.782"),
    ReadParameter("POWEP"): ("0.5266",),
    ReadParameter("FREQU"): ("49.96",),
}


def test_what_flows_is_in_whole_thousandths() -> None:
    said = learnt(CE301, replace(NOTHING, instant=True), FLOW)
    assert said.instant is not None
    assert (said.instant.power_w, said.instant.frequency_mhz) == (526, 49_960)
    assert said.instant.voltages_mv == (233_751, 235_418, 234_796)
    assert said.instant.currents_ma == (1_479, 2_871, 782)


def test_what_a_meter_does_not_show_is_left_out() -> None:
    said = learnt(CE301, replace(NOTHING, instant=True), dict.fromkeys(FLOW, UNKNOWN))
    assert said.instant is None
    said = learnt(
        CE301, replace(NOTHING, instant=True), dict.fromkeys(FLOW, UNKNOWN) | {ReadParameter("FREQU"): ("50",)}
    )
    assert said.instant is not None
    assert (said.instant.power_w, said.instant.voltages_mv, said.instant.frequency_mhz) == (None, (), 50_000)


def test_a_group_is_asked_at_once_and_a_value_it_has_not_is_left_out() -> None:
    grouped = replace(CE301, model=varied(CE301.model, group_reads=True))
    request = ReadGroup(((0x4001, 7), (0x4002, 7), (0x4003, 8), (0x400D, 1)))
    sets = data_sets_of("4001(230.1)(229.9)(230)4002(E12)(1.0)(1.0)4003(0.690)400D(50.01)")
    said = learnt(grouped, replace(NOTHING, instant=True), {request: sets})
    assert said.instant is not None
    assert said.instant.voltages_mv == (230_100, 229_900, 230_000)
    assert (said.instant.currents_ma, said.instant.power_w, said.instant.frequency_mhz) == ((), 690, 50_010)


# ── By the readout ──────────────────────────────────────────────────────────────────────────────────────────────────

LINES = (
    "F.F(00000000)",
    "0.0.0(38030255)",
    "0.9.1(08:32:37)",
    "0.9.2(2026-11-24)",
    "1.7.0(1.234*kW)",
    "0.1.0(12)",
    "0.1.0*12(26-11-01 00:00)",
    "0.1.0*11(26-10-15 10:20)",
    "1.8.0(0001234.56*kWh)",
    "1.8.0*12(0001200.00)",
    "1.8.0*11(0001100.00)",
    "1.8.9(1*kWh)",
    "3.8.1(0.05*Mvarh)",
)


def told(*lines: str) -> dict[object, object]:
    sets = data_sets_of("".join(f"{line}\r\n" for line in lines))
    return {ReadOut(): Readout(Identification("LGZ", "5", "ZMG405000b.P07", "2"), sets)}


def test_everything_is_taken_out_of_one_readout() -> None:
    asked = Asked()
    task = ReadingTask(instant=True, register_months=(date(2026, 11, 1), date(2026, 10, 1)))
    said = learnt(ZMG, task, told(*LINES), asked)
    assert asked == [ReadOut()]
    assert said.identity is not None
    assert (said.identity.serial, said.identity.firmware) == ("38030255", "ZMG405000b.P07")
    assert said.clock is not None
    assert said.clock.deviation == timedelta(seconds=7)
    assert said.instant is not None
    assert said.instant.power_w == 1_234
    now = HEARD_AT + timedelta(seconds=7)
    assert [(it.quantity, it.tariff, it.value, it.moment, it.taken_at) for it in said.registers] == [
        (Quantity.A_PLUS, 0, 1_234_560, RegisterMoment.NOW, now),
        (Quantity.R_PLUS, 1, 50_000, RegisterMoment.NOW, now),
        # What was frozen in the middle of October is no beginning of a month.
        (Quantity.A_PLUS, 0, 1_200_000, RegisterMoment.MONTH_START, NOVEMBER_AT),
    ]


def test_one_of_the_numbers_of_a_device_must_be_the_expected_one() -> None:
    identity = replace(NOTHING, identity=True)
    assert learnt(ZMG, identity, told("0.0.0(20000)", "C.1.0(38030255)")).identity is not None
    with pytest.raises(MeterRefusedError, match="meter 38030255 was asked, and meter 20000 answered") as refused:
        learnt(ZMG, identity, told("0.0.0(20000)", "C.1.0(20001)"))
    assert refused.value.outcome is Outcome.ANOTHER_METER
    with pytest.raises(MeterRefusedError, match="no serial number"):
        learnt(ZMG, identity, told("F.F(0)"))


def test_what_is_not_read_out_is_refused_or_left_out() -> None:
    with pytest.raises(MeterRefusedError, match="no clock"):
        learnt(ZMG, replace(NOTHING, clock=True), told("0.0.0(1)"))
    assert learnt(ZMG, replace(NOTHING, instant=True), told("0.0.0(1)")).instant is None
    assert learnt(ZMG, replace(NOTHING, register_months=(date(2026, 11, 1),)), told("0.0.0(1)")).registers == ()


def test_only_what_is_wanted_is_planned() -> None:
    parts = [part.part for part in Iec62056Driver().parts(CE301, replace(NOTHING, clock=True))]
    assert parts == [SessionPart.CLOCK]
    assert not list(Iec62056Driver().parts(ZMG, NOTHING))


def test_the_speed_of_a_readout_may_be_chosen() -> None:
    slow = replace(ZMG, model=varied(ZMG.model, baud_letter="0"))
    connection = Iec62056Driver().connection(slow)
    connection.send(ReadOut())
    event = connection.receive(b"/LGZ5X\r\n")
    assert isinstance(event, SendMore)
    assert event.outgoing.data == b"\x06000\r\n"
