"""A simulated СПОДЭС meter's relay, by its modes, and the limiter that opens it."""

from datetime import timedelta

import pytest

from commanded_spodes import Commanded
from kilovatt.measure.metering.commands import (
    CloseRelay,
    Command,
    NotSentReason,
    OpenRelay,
    PermitRelay,
    Proof,
    SetPowerLimit,
)
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.drivers.conversation import CommandNotSentError
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, RunMethod, SetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import DoubleLongUnsigned, Enumerate, Integer
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from simulated_spodes import ENERGY

RELAY, LIMITER = Obis.parse("0.0.96.3.10.255"), Obis.parse("0.0.17.0.0.255")
MODE, STATE = Descriptor(70, RELAY, 4), Descriptor(70, RELAY, 3)
OPENED, CLOSED, READY = 0, 1, 2


def in_mode(number: int) -> Commanded:
    meter = Commanded()
    assert meter.set(SetAttribute(MODE, Enumerate(number))) is None
    return meter


def state(meter: Commanded) -> int:
    value: int = meter.get(GetAttribute(STATE))
    return value


def test_while_a_command_holds_the_relay_open_nothing_is_counted() -> None:
    meter = Commanded()
    meter.command(OpenRelay())
    assert meter.read_back(OpenRelay()).proof is Proof.CONFIRMED
    assert meter.read_back(CloseRelay()).proof is Proof.NOT_SO
    at_first = meter.read(registers_now=True).registers
    meter.later(hours=5)
    assert [one.value for one in meter.read(registers_now=True).registers] == [one.value for one in at_first]
    meter.command(CloseRelay())
    assert meter.read_back(CloseRelay()).proof is Proof.CONFIRMED
    meter.later(hours=1)
    total = meter.read(registers_now=True).registers[0]
    grown = ENERGY.flowed_uwh(Quantity.A_PLUS, meter.now - timedelta(hours=1), meter.now) // 1_000_000
    assert abs(total.value - at_first[0].value - grown) <= 1
    assert meter.codes("switching") == [3, 4]


@pytest.mark.parametrize(
    ("mode", "command", "ends"),
    [
        (0, OpenRelay(), None),
        (0, CloseRelay(), None),
        (0, PermitRelay(), None),
        *[(mode, OpenRelay(), OPENED) for mode in range(1, 7)],
        *[(mode, CloseRelay(), CLOSED) for mode in (2, 4)],
        *[(mode, CloseRelay(), None) for mode in (1, 3, 5, 6)],
        *[(mode, PermitRelay(), READY) for mode in (1, 3, 5, 6)],
        *[(mode, PermitRelay(), None) for mode in (2, 4)],
    ],
)
def test_what_a_mode_forbids_is_not_sent_and_what_it_allows_is_done(
    mode: int, command: Command, ends: int | None
) -> None:
    meter = in_mode(mode)
    if not isinstance(command, OpenRelay) and mode:
        meter.command(OpenRelay())
    meter.told.clear()
    if ends is None:
        with pytest.raises(CommandNotSentError, match=f"control mode {mode}") as refused:
            meter.command(command)
        assert refused.value.reason is NotSentReason.RELAY_MODE
        assert meter.told == []
    else:
        meter.command(command)
        assert (state(meter), len(meter.told)) == (ends, 1)
        assert meter.read_back(command).proof is Proof.CONFIRMED


def test_a_permitted_relay_is_closed_by_a_hand_and_opened_by_one_where_the_mode_has_it() -> None:
    meter = in_mode(1)
    meter.command(OpenRelay())
    meter.meter.press_button(meter.later(minutes=1))
    assert state(meter) == OPENED
    assert meter.read_back(PermitRelay()).proof is Proof.NOT_SO
    meter.later(minutes=1)
    meter.command(PermitRelay())
    meter.meter.press_button(meter.later(minutes=1))
    assert state(meter) == CLOSED
    assert meter.read_back(PermitRelay()).proof is Proof.CONFIRMED
    meter.meter.press_button(meter.later(minutes=1))
    assert state(meter) == READY
    assert meter.read_back(OpenRelay()).proof is Proof.NOT_SO
    assert meter.codes("switching") == [3, 5, 7, 6]
    assert 50 in meter.codes("programming")


def test_in_mode_nought_the_meter_itself_refuses_what_a_careless_client_sends() -> None:
    meter = in_mode(0)
    for method in (1, 2):
        assert meter.set(RunMethod(Descriptor(70, RELAY, method), Integer(0))) == Refusal(  # type: ignore[arg-type]  # any request
            RefusalReason.ACCESS_DENIED, 3
        )
    assert state(meter) == CLOSED


def test_a_mode_that_is_none_is_refused() -> None:
    assert isinstance(Commanded().set(SetAttribute(MODE, Enumerate(7))), Refusal)


def test_a_command_that_says_what_is_so_already_writes_no_entry() -> None:
    meter = Commanded()
    meter.command(CloseRelay())
    meter.command(OpenRelay())
    meter.command(OpenRelay())
    assert meter.codes("switching") == [3]


def test_a_consumer_who_draws_more_than_his_limit_for_a_minute_is_switched_off_by_the_meter() -> None:
    meter = Commanded()
    power_w = ENERGY.power_w(Quantity.A_PLUS, meter.now)
    command = SetPowerLimit(power_w - 1)
    meter.command(command)
    assert meter.read_back(command).proof is Proof.CONFIRMED
    assert meter.read_back(SetPowerLimit(power_w)).proof is Proof.NOT_SO
    meter.later(seconds=55)
    assert state(meter) == CLOSED
    meter.later(seconds=10)
    assert state(meter) == READY
    assert meter.codes("switching") == [8]
    assert meter.codes("programming") == [19]
    tripped_at = meter.now - timedelta(seconds=5)
    total = meter.read(registers_now=True).registers[0].value
    assert abs(total - ENERGY.register_uwh(Quantity.A_PLUS, 0, tripped_at) // 1_000_000) <= 1


def test_a_consumer_below_his_limit_is_let_alone() -> None:
    meter = Commanded()
    meter.command(SetPowerLimit(50_000))
    meter.later(days=3)
    assert state(meter) == CLOSED


def test_a_delay_is_counted_from_when_the_power_went_over() -> None:
    meter = Commanded()
    assert meter.set(SetAttribute(Descriptor(71, LIMITER, 6), DoubleLongUnsigned(7200))) is None
    meter.command(SetPowerLimit(1))
    meter.later(minutes=119)
    assert state(meter) == CLOSED
    meter.later(minutes=2)
    assert state(meter) == READY
    assert meter.codes("programming") == [20, 19]


def test_in_mode_five_the_limiter_closes_the_relay_again_when_nothing_flows() -> None:
    meter = in_mode(5)
    meter.command(SetPowerLimit(1))
    meter.later(seconds=70)
    assert state(meter) == READY
    meter.later(seconds=60)
    assert state(meter) == CLOSED
    assert meter.codes("switching") == [8, 20]
    meter.later(seconds=60)
    meter.command(OpenRelay())
    meter.later(hours=1)
    assert state(meter) == OPENED


def test_a_threshold_of_another_type_is_refused() -> None:
    assert isinstance(Commanded().set(SetAttribute(Descriptor(71, LIMITER, 4), Integer(5))), Refusal)
