"""What the driver asks a meter of Энергомера and what it makes of the answers."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterRefusedError
from kilovatt.wire.drivers.energomera.driver import EnergomeraDriver
from kilovatt.wire.protocols.energomera.errors import ErrorCode, refusal_of
from kilovatt.wire.protocols.energomera.requests import (
    ByteOrder,
    EnergomeraRequest,
    Ping,
    ReadClock,
    ReadConfiguration,
    ReadCurrents,
    ReadPower,
    ReadSerial,
    ReadVersion,
    ReadVoltages,
    Version,
)
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from told_energomera import (
    CLOCK,
    HEARD_AT,
    HUNDREDTHS,
    NOTHING,
    PLAIN,
    STAMPED,
    UNKNOWN,
    Asked,
    carried,
    learnt,
    opened,
)


def test_a_meter_is_asked_whether_it_is_there_and_at_the_end_again() -> None:
    assert opened(PLAIN, {Ping(): 6467}) == [Ping()]
    asked: Asked = []
    carried(EnergomeraDriver().closing(PLAIN), {Ping(): 6467}, asked, HEARD_AT)
    assert asked == [Ping()]


def test_the_password_is_a_number_and_travels_in_each_request() -> None:
    connection = EnergomeraDriver().connection(replace(PLAIN, password="000123"))
    assert connection.send(Ping()).data[6:10] == bytes.fromhex("7B 00 00 00")
    factory = EnergomeraDriver().connection(PLAIN)
    assert factory.send(Ping()).data[6:10] == bytes.fromhex("31 DE 0B 00")


@pytest.mark.parametrize("password", ["secret", "4294967296", "١٢٣"])
def test_a_password_that_is_no_such_number_is_not_tried(password: str) -> None:
    meter = replace(PLAIN, password=password)
    EnergomeraDriver().connection(meter)
    with pytest.raises(MeterRefusedError, match="a number of at most four bytes") as refused:
        opened(meter, {})
    assert refused.value.outcome is Outcome.WRONG_PASSWORD
    assert password not in str(refused.value)


@pytest.mark.parametrize("code", [ErrorCode.ACCESS_LEVEL, ErrorCode.ACCESS_BUTTON])
def test_a_refused_password_is_named_wherever_it_is_refused(code: ErrorCode) -> None:
    with pytest.raises(MeterRefusedError, match="Ping was refused with this password") as at_the_opening:
        opened(PLAIN, {Ping(): refusal_of(code)})
    with pytest.raises(MeterRefusedError, match="ReadClock was refused with this password") as later:
        learnt(replace(NOTHING, clock=True), {ReadClock(): refusal_of(code)})
    assert at_the_opening.value.outcome is later.value.outcome is Outcome.WRONG_PASSWORD


def test_a_meter_that_does_not_know_a_ping_is_there_all_the_same() -> None:
    assert opened(PLAIN, {Ping(): UNKNOWN}) == [Ping()]


@pytest.mark.parametrize("address", [0xFFFF, -1])
def test_nobody_is_asked_at_the_broadcast_address(address: int) -> None:
    with pytest.raises(LocalProtocolError):
        EnergomeraDriver().connection(replace(PLAIN, address=address))


@pytest.mark.parametrize(("serial", "address"), [(41_906_467, 6467), (9_146_950, 46_950), (12_300_000, 1)])
def test_the_address_is_the_end_of_the_serial_number(serial: int, address: int) -> None:
    assert factory_address(PLAIN.model, serial) == address


IDENTITY: dict[EnergomeraRequest[Any], object] = {
    ReadSerial(0): "41906467",
    ReadSerial(1): "00000000",
    ReadVersion(): Version(1, 23, 4, date(2017, 3, 14)),
}
IDENTITY_TASK = replace(NOTHING, identity=True)


@pytest.mark.parametrize("serial", ["41906467", "0041906467", None])
def test_a_meter_says_who_it_is(serial: str | None) -> None:
    found = learnt(IDENTITY_TASK, IDENTITY, meter=replace(PLAIN, serial=serial))
    assert found.identity == Identity(serial="41906467", made_on=None, firmware="1.23.4", variant=None, exchange=1)


def test_a_long_serial_number_is_told_whole_and_a_short_one_with_its_zeros() -> None:
    said = IDENTITY | {ReadSerial(1): "00911413", ReadVersion(): UNKNOWN}
    found = learnt(IDENTITY_TASK, said, meter=replace(PLAIN, serial=None)).identity
    assert found is not None
    assert (found.serial, found.firmware) == ("91141341906467", None)
    short = learnt(IDENTITY_TASK, IDENTITY | {ReadSerial(0): "00000012"}, meter=replace(PLAIN, serial="12")).identity
    assert short is not None
    assert short.serial == "00000012"


def test_a_meter_with_another_serial_number_is_another_meter() -> None:
    with pytest.raises(MeterRefusedError, match="meter 12345678 was asked, and meter 41906467 answered") as refused:
        learnt(IDENTITY_TASK, IDENTITY, meter=replace(PLAIN, serial="12345678"))
    assert refused.value.outcome is Outcome.ANOTHER_METER


def test_the_clock_is_local_time() -> None:
    clock = learnt(replace(NOTHING, clock=True), {ReadClock(): CLOCK}).clock
    assert clock == ClockReading(taken_at=HEARD_AT + timedelta(seconds=7), heard_at=HEARD_AT, exchange=1)


def test_a_ce102_shows_its_power_in_the_decimals_of_its_registers() -> None:
    said = {ReadConfiguration(): HUNDREDTHS, ReadPower(): 97}
    found = learnt(replace(NOTHING, instant=True), said).instant
    assert found == InstantValues(taken_at=HEARD_AT, power_w=970, exchange=2)


def test_a_meter_that_shows_nothing_of_what_flows_brings_nothing() -> None:
    task = replace(NOTHING, instant=True)
    assert learnt(task, {ReadConfiguration(): HUNDREDTHS, ReadPower(): UNKNOWN}).is_empty
    assert learnt(task, {ReadVoltages(): UNKNOWN, ReadCurrents(): UNKNOWN}, meter=STAMPED).is_empty


def test_an_r5_1_shows_its_voltage_and_current_and_which_of_them_it_knows() -> None:
    task = replace(NOTHING, instant=True)
    both = learnt(task, {ReadVoltages(): (23_000,), ReadCurrents(): (2_640,)}, meter=STAMPED).instant
    assert both == InstantValues(
        taken_at=HEARD_AT, power_w=None, voltages_mv=(230_000,), currents_ma=(2_640,), exchange=1
    )
    only = learnt(task, {ReadVoltages(): UNKNOWN, ReadCurrents(): (2_640,)}, meter=STAMPED).instant
    assert only == InstantValues(taken_at=HEARD_AT, power_w=None, currents_ma=(2_640,), exchange=2)
    other = learnt(task, {ReadVoltages(): (23_000,), ReadCurrents(): UNKNOWN}, meter=STAMPED).instant
    assert other == InstantValues(taken_at=HEARD_AT, power_w=None, voltages_mv=(230_000,), exchange=1)


def test_the_order_of_bytes_and_the_step_of_the_current_are_those_of_the_row() -> None:
    dialect = EnergomeraDialect(stamped_registers=True, instants_low_first=False, current_step_ma=10)
    meter = replace(STAMPED, model=replace(model_by_key("energomera-ce307-r33"), dialect=dialect))
    order = ByteOrder.HIGH_FIRST
    said = {ReadVoltages(3, order): (23_000, 23_010, 22_990), ReadCurrents(3, order): (1, 2, 3)}
    found = learnt(replace(NOTHING, instant=True), said, meter=meter).instant
    assert found is not None
    assert found.voltages_mv == (230_000, 230_100, 229_900)
    assert found.currents_ma == (10, 20, 30)
