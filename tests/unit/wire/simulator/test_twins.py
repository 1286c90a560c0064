"""Two meters at one address, and gateways that mix answers up: what a simulated town makes of them."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.protocols.framing.connection import Answered, RemoteProtocolError
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.parameters import ReadSerial, SerialNumber
from kilovatt.wire.protocols.mercury_v2.session import OpenChannel
from kilovatt.wire.simulator.bus import Bus, Delivery
from kilovatt.wire.simulator.faults import TWINS_CHANGE_EVERY_S, FaultKind, LineFaults, Presence, who_is_there
from kilovatt.wire.simulator.meter import SimulatedMeter
from kilovatt.wire.simulator.plan import MeterPlan
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.town import build_meter, homes_of
from kilovatt.wire.simulator.twins import other_serial

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MODEL = model_by_key("mercury-234-artm-01-pob-r")
SERIAL = 41_906_467
ADDRESS = 67


def meter_with(fault: FaultKind) -> tuple[SimulatedMeter, MeterPlan]:
    plan = plan_single(MODEL, now=NOW, port=0, serial=SERIAL, faults=frozenset({fault}))
    (meter,) = plan.meters
    return build_meter(meter, plan, homes_of(plan)), meter


OPENING = OpenChannel(access_level=1, password=b"\x01" * 6)


def serial_told(meter: SimulatedMeter, now: datetime) -> int:
    """What a meter says its number is. Raises RemoteProtocolError for what is no answer."""
    connection = MercuryV2Connection(meter.plan.address)
    meter.hear(connection.send(OPENING).data, now)
    connection = MercuryV2Connection(meter.plan.address)
    answer = meter.hear(connection.send(ReadSerial()).data, now)
    assert answer is not None
    event = connection.receive(answer) or connection.quiet()
    assert isinstance(event, Answered)
    assert isinstance(event.value, SerialNumber)
    return int(event.value.serial)


def test_an_exchanged_meter_has_another_number_at_the_same_address() -> None:
    meter, plan = meter_with(FaultKind.ANOTHER_SERIAL)
    assert serial_told(meter, NOW) == other_serial(plan) != SERIAL


def test_of_twins_now_one_answers_now_the_other_and_together_they_make_no_sense() -> None:
    meter, plan = meter_with(FaultKind.TWIN)
    told: dict[Presence, int | None] = {}
    for turn in range(3):
        now = NOW + turn * timedelta(seconds=TWINS_CHANGE_EVERY_S)
        presence = who_is_there(now.timestamp(), serial=SERIAL)
        try:
            told[presence] = serial_told(meter, now)
        except RemoteProtocolError:
            told[presence] = None
    assert told == {Presence.FIRST: SERIAL, Presence.SECOND: other_serial(plan), Presence.BOTH: None}


def test_another_number_is_one_that_a_meter_can_have() -> None:
    _, plan = meter_with(FaultKind.TWIN)
    highest = address_rule(MODEL).serial_max
    assert other_serial(replace(plan, serial=highest)) == highest - 5_000


def test_a_gateway_that_mixes_up_brings_an_answer_twice_or_the_one_before_in_its_place() -> None:
    plan = plan_single(MODEL, now=NOW, port=0, serial=SERIAL)
    meters = [build_meter(meter, plan, homes_of(plan)) for meter in plan.meters]
    bus = Bus(meters, LineFaults(kinds=frozenset({FaultKind.MIXED_UP}), seed=3, late_by_s=1.0))
    address = meters[0].plan.address
    questions = [MercuryV2Connection(address).send(one).data for one in (OPENING, ReadSerial())]
    seen: Counter[str] = Counter()
    answers: list[bytes] = []
    for number in range(2_000):
        came = bus.hear(questions[number % 2], now=NOW, at_s=number)
        seen[_what(came, answers[-1] if answers else b"")] += 1
        answers.append(came[-1].data)
    assert seen["as it should"] > 1_800
    assert seen["twice"] > 5
    assert seen["the one before"] > 5
    assert seen.total() == 2_000


def _what(came: list[Delivery], before: bytes) -> str:
    match came:
        case [_]:
            return "as it should"
        case [now, later] if now.data == later.data:
            assert 0 <= later.delay_s <= 1.5
            return "twice"
        case [now, later] if now.data == before != later.data:
            return "the one before"
        case _:
            return "what nobody said"


@pytest.mark.parametrize("kind", [FaultKind.ANOTHER_SERIAL, FaultKind.TWIN])
def test_who_can_be_taken_for_another_is_asked_for_by_name(kind: FaultKind) -> None:
    meter, _ = meter_with(kind)
    assert meter.plan.address == ADDRESS
