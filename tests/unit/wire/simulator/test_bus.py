"""A line is tried with meters that answer `address ! the rest of the frame`, whatever their language."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.simulator.bus import HEARD_BYTES_MAX, SILENCE_S, Bus, Delivery
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def plan_at(address: int, model: str = "mercury-234-art-03") -> SimulatedMeterPlan:
    table = tariff_table_for(1)
    energy = MeterEnergy(
        curve=place_curve(np.array([1], dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=table,
        past=past_of_serial(1, step_wh=1, table=table),
    )
    return SimulatedMeterPlan(model=model_by_key(model), serial=address, address=address, zone=MOSCOW, energy=energy)


@dataclass
class ParrotMeter:
    """Answers frames that begin with its address and end with a full stop."""

    plan: SimulatedMeterPlan
    address: bytes = b""
    says: bytes | None = None
    heard: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        size = 4 if self.plan.model.key.startswith("mercury-20") else 1
        self.address = self.plan.address.to_bytes(size, "big")

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        self.heard.append(frame)
        if frame[: len(self.address)] not in (self.address, b"\0") or not frame.endswith(b"."):
            return None
        return self.says or self.address + b"!" + frame[len(self.address) :]


def bus_of(*addresses: int, faults: Sequence[FaultKind] = (), seed: int = 1) -> Bus:
    return Bus([ParrotMeter(plan_at(a)) for a in addresses], LineFaults(kinds=frozenset(faults), seed=seed))


def answers(bus: Bus, data: bytes, at_s: float = 0.0) -> list[bytes]:
    return [delivery.data for delivery in bus.hear(data, now=NOW, at_s=at_s)]


def test_only_the_meter_that_is_meant_answers() -> None:
    assert answers(bus_of(7, 8, 9), b"\x08ask.") == [b"\x08!ask."]


def test_nobody_answers_for_an_address_that_is_not_there() -> None:
    assert answers(bus_of(7, 8), b"\x09ask.") == []


def test_meters_of_v1_are_found_by_four_bytes_of_address() -> None:
    meters = [ParrotMeter(plan_at(a, "mercury-206-prlsno")) for a in (41_906_467, 41_906_468)]
    address = (41_906_468).to_bytes(4, "big")

    assert answers(Bus(meters), address + b"ask.") == [address + b"!ask."]


def test_a_frame_in_pieces_is_heard_whole() -> None:
    bus = bus_of(7)

    assert answers(bus, b"\x07a", at_s=0.000) == []
    assert answers(bus, b"sk", at_s=0.015) == []
    assert answers(bus, b".", at_s=0.030) == [b"\x07!ask."]


def test_silence_ends_a_frame_and_what_was_unfinished_is_forgotten() -> None:
    bus = bus_of(7)

    assert answers(bus, b"\x07a", at_s=0.0) == []
    assert answers(bus, b"sk.", at_s=SILENCE_S) == []
    assert answers(bus, b"\x07ask.", at_s=2 * SILENCE_S) == [b"\x07!ask."]


def test_an_answered_frame_is_over_at_once() -> None:
    bus = bus_of(7)

    assert answers(bus, b"\x07one.", at_s=0.0) == [b"\x07!one."]
    assert answers(bus, b"\x07two.", at_s=0.0) == [b"\x07!two."]


def test_answers_of_two_meters_collide() -> None:
    # 07 00000111, 09 00001001: where one line sends a zero, zero is what is heard.
    assert answers(bus_of(7, 9), b"\x00ask.") == [b"\x01!ask."]


def test_two_meters_with_one_address_collide() -> None:
    twin = ParrotMeter(plan_at(7))
    longer = ParrotMeter(plan_at(7), says=b"\x07!" + b"\xf0" * 8)

    assert answers(Bus([twin, longer]), b"\x07ask.") == [b"\x07!" + bytes(b & 0xF0 for b in b"ask.") + b"\xf0" * 4]


def test_a_meter_is_heard_at_the_address_it_moved_to() -> None:
    moved = ParrotMeter(plan_at(7))
    moved.address = b"\x09"

    assert answers(Bus([moved, ParrotMeter(plan_at(8))]), b"\x09ask.") == [b"\x09!ask."]


def test_a_flood_of_bytes_is_forgotten_but_for_its_end() -> None:
    bus = bus_of(7)

    for _ in range(10):
        answers(bus, b"\xff" * HEARD_BYTES_MAX)

    meter = bus.meters[0]
    assert isinstance(meter, ParrotMeter)
    assert max(len(frame) for frame in meter.heard) == HEARD_BYTES_MAX


def test_an_echoing_line_repeats_the_request_before_the_answer() -> None:
    assert answers(bus_of(7, faults=[FaultKind.ECHO]), b"\x07ask.") == [b"\x07ask.", b"\x07!ask."]


def test_a_line_that_only_echoes_brings_nothing_else() -> None:
    assert answers(bus_of(7, faults=[FaultKind.ECHO_ONLY]), b"\x07ask.") == [b"\x07ask."]


@pytest.mark.parametrize("kind", [FaultKind.DEAD, FaultKind.UNREACHABLE])
def test_a_dead_line_brings_nothing_and_its_meters_hear_nothing(kind: FaultKind) -> None:
    bus = bus_of(7, faults=[kind])

    assert answers(bus, b"\x07ask.") == []
    assert isinstance(bus.meters[0], ParrotMeter)
    assert bus.meters[0].heard == []


def test_noise_changes_about_one_byte_in_a_thousand_both_ways() -> None:
    bus = bus_of(7, faults=[FaultKind.NOISE])
    meter = bus.meters[0]
    assert isinstance(meter, ParrotMeter)
    changed_answers = 0

    for number in range(4_000):
        changed_answers += answers(bus, b"\x07" + b"a" * 23 + b".", at_s=number) != [b"\x07!" + b"a" * 23 + b"."]

    changed_requests = sum(frame != b"\x07" + b"a" * 23 + b"." for frame in meter.heard)
    # 4000 × 25 bytes each way: a hundred changed bytes expected in requests; answers suffer for both ways.
    assert 70 < changed_requests < 130
    assert 140 < changed_answers < 260


def test_noise_changes_bytes_and_never_their_number() -> None:
    bus = bus_of(7, faults=[FaultKind.NOISE])

    for number in range(3_000):
        for answer in answers(bus, b"\x07ask.", at_s=number):
            assert len(answer) == 6


def test_now_and_then_an_answer_is_dropped_and_the_first_soon() -> None:
    bus = bus_of(7, faults=[FaultKind.DROP])

    came = [bool(answers(bus, b"\x07ask.", at_s=number)) for number in range(8_000)]

    assert not all(came[:12])
    assert 8 < came.count(False) < 45


def test_now_and_then_an_answer_is_late_and_none_is_lost() -> None:
    bus = Bus([ParrotMeter(plan_at(7))], LineFaults(kinds=frozenset({FaultKind.LATE}), late_by_s=3.0))

    came = [bus.hear(b"\x07ask.", now=NOW, at_s=number) for number in range(8_000)]

    assert all(len(deliveries) == 1 for deliveries in came)
    delays_s = [deliveries[0].delay_s for deliveries in came]
    late_s = [delay_s for delay_s in delays_s if delay_s]
    assert any(delays_s[:12])
    assert 8 < len(late_s) < 45
    assert 3.0 <= min(late_s) <= max(late_s) <= 4.5


def test_the_weather_is_the_same_every_time() -> None:
    def storm(seed: int) -> list[list[Delivery]]:
        bus = bus_of(7, faults=[FaultKind.NOISE, FaultKind.DROP, FaultKind.LATE], seed=seed)
        return [bus.hear(b"\x07ask.", now=NOW, at_s=number) for number in range(1_000)]

    assert storm(1) == storm(1)
    assert storm(1) != storm(2)


# ── Connections and speeds ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class ChangingMeter(ParrotMeter):
    """Knows connections, and listens at a speed of its own."""

    connections: int = 0
    baud: int | None = 300

    def connected(self) -> None:
        self.connections += 1


def test_meters_that_care_are_told_of_a_new_connection() -> None:
    changing = ChangingMeter(plan_at(5))
    Bus([changing, ParrotMeter(plan_at(6))]).connected()
    assert changing.connections == 1


def test_a_meter_hears_nothing_at_another_speed_than_its_own() -> None:
    bus = Bus([ChangingMeter(plan_at(5)), ParrotMeter(plan_at(6))])
    assert answers(bus, b"\x05a.") == [b"\x05!a."]
    bus.baud = 9600
    assert answers(bus, b"\x05a.", at_s=1.0) == []
    assert answers(bus, b"\x06a.", at_s=2.0) == [b"\x06!a."]
    bus.baud = 300
    assert answers(bus, b"\x05a.", at_s=3.0) == [b"\x05!a."]


def test_the_longest_message_in_a_wrapper_is_heard_whole() -> None:
    meter = ParrotMeter(plan_at(5))
    answers(Bus([meter]), b"\x05" + b"x" * (0xFFFF + 6) + b".")
    assert len(meter.heard[-1]) == 0xFFFF + 8
