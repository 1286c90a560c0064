"""The head-end and meters of IEC 62056-21: what only they do. Terminals and gateways are real, no database is near."""

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.explain import explain_exchange
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.iec62056_21 import iec62056_meter
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.serial_line import SerialLine

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 0, 5, tzinfo=UTC)
SERIAL = 36_790_160
KEYS = ("energomera-ce102m", "energomera-ce301", "energomera-ce303", "landis-gyr-zmg405")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 120, dtype=np.int64) % 997, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
MONTHS = (date(2026, 10, 1), date(2026, 11, 1))
TASK = ReadingTask(instant=True, register_months=MONTHS)


def meter(model: MeterModel, serial: int = SERIAL, password: str | None = None) -> SimulatedMeter:
    passwords = {} if password is None else {1: password}
    plan = SimulatedMeterPlan(
        model=model, serial=serial, address=serial, passwords=passwords, zone=MOSCOW, energy=ENERGY
    )
    return iec62056_meter(plan)


def varied(model: MeterModel, **options: bool | int) -> MeterModel:
    """The model with other options of its dialect."""
    assert isinstance(model.dialect, EnergomeraIecDialect | LandisGyrDialect)
    # mypy: each option is of its own type.
    return replace(model, dialect=replace(model.dialect, **options))  # type: ignore[arg-type]


def asked(model: MeterModel, serial: int = SERIAL, **known: str | int) -> MeterAddress:
    told = {"address": serial, "serial": str(serial)} | known
    return MeterAddress(model=model, zone=MOSCOW, **told)  # type: ignore[arg-type]  # each is of its own type


def over_a_terminal(model: MeterModel, speed: str = "baud=9600&format=7E1") -> SessionReport:
    async def job() -> SessionReport:
        terminal = SerialLine(Line(Bus([meter(model)]), TownClock(NOW, rate=0)))
        try:
            url = f"serial://{terminal.path}?{speed}"
            return await read_one(url, asked(model), TASK, answer_timeout_s=0.5, clock=TownClock(NOW, rate=0))
        finally:
            terminal.close()

    return asyncio.run(job())


def over_a_gateway(
    meters: list[SimulatedMeter],
    errands: list[MeterAddress],
    *,
    faults: LineFaults | None = None,
    task: ReadingTask = TASK,
    clock: Callable[[], TownClock] = lambda: TownClock(NOW, rate=0),
) -> list[SessionReport]:
    """Read meters, one after another, that share a line behind a gateway."""
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    async def job() -> None:
        gateway = LineGateway(Line(Bus(meters, faults), clock()))
        port = await gateway.listen("127.0.0.1", 0)
        spec = LineSpec(line_id=1, url=f"tcp://127.0.0.1:{port}", answer_timeout_s=0.3, quiet_s=0.05)
        try:
            listed = [Errand(number, address, task) for number, address in enumerate(errands)]
            await Headend(MachineClock()).read([(spec, listed)], sink)
        finally:
            await gateway.close()

    asyncio.run(job())
    return sorted(reports, key=lambda report: report.meter_id)


def energies(report: SessionReport, moment: RegisterMoment) -> dict[tuple[datetime, int], int]:
    return {
        (reading.taken_at, reading.tariff): reading.value
        for reading in report.learnt.registers
        if (reading.moment, reading.quantity) == (moment, Quantity.A_PLUS)
    }


@pytest.mark.parametrize("key", KEYS)
def test_it_is_read_over_a_serial_line(key: str) -> None:
    model = model_by_key(key)
    report = over_a_terminal(model)
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    october, november = (datetime(2026, month, 30 if month == 9 else 31, 21, tzinfo=UTC) for month in (9, 10))
    kept = energies(report, RegisterMoment.MONTH_START)
    assert {at for at, _ in kept} == {october, november}
    for (at, tariff), value_wh in kept.items():
        assert value_wh == model.reading_wh(ENERGY.register_uwh(Quantity.A_PLUS, tariff, at))
    # What a bill of October rests on.
    used_wh = ENERGY.flowed_uwh(Quantity.A_PLUS, october, november) // 1_000_000
    assert abs(kept[november, 0] - kept[october, 0] - used_wh) <= model.register_step_wh


def test_a_readout_is_called_at_300_baud_and_comes_at_9600() -> None:
    model = model_by_key("landis-gyr-zmg405")
    heard_at: list[tuple[bytes, int]] = []

    async def job() -> SessionReport:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        simulated, loop = meter(model), asyncio.get_running_loop()

        def speed() -> int:
            return int(termios.tcgetattr(theirs)[5])

        async def respond(answer: bytes) -> None:
            # A meter thinks 20 ms at least, and then speaks at the speed that was chosen.
            await asyncio.sleep(0.2)
            heard_at.append((answer[:1], speed()))
            os.write(ours, answer)

        def readable() -> None:
            request = os.read(ours, 200)
            # A terminal has eight bits: the eighth is the parity of seven.
            heard_at.append((bytes(octet & 0x7F for octet in request[:2]), speed()))
            answer = simulated.hear(request, NOW)
            if answer is not None:
                answering.append(loop.create_task(respond(answer)))

        answering: list[asyncio.Task[None]] = []
        loop.add_reader(ours, readable)
        try:
            url = f"serial://{os.ttyname(theirs)}?baud=300&format=7E1"
            return await read_one(url, asked(model), TASK, answer_timeout_s=2.0, clock=TownClock(NOW, rate=0))
        finally:
            loop.remove_reader(ours)
            os.close(ours)
            os.close(theirs)

    report = asyncio.run(job())
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    slow, fast = termios.B300, termios.B9600
    assert heard_at == [(b"/?", slow), (b"/", slow), (b"\x060", slow), (b"\x02", fast)]


def test_a_port_goes_back_to_its_own_speed_and_says_when_it_cannot_go_at_one() -> None:
    async def job() -> tuple[list[int], str | None]:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        url = f"serial://{os.ttyname(theirs)}?baud=300&format=7E1"
        channel = await open_channel(LineSpec(line_id=1, url=url))
        speeds = []
        for speed in (LineSpeed(9600, data_bits=7, parity="E"), None):
            channel.go_at(speed)
            speeds.append(int(termios.tcgetattr(theirs)[5]))
        channel.write(b"\x06050\r\n")
        channel.go_at(LineSpeed(9600), once_sent=True)
        # Another word at another speed comes before the change was due.
        channel.go_at(None)
        await asyncio.sleep(0.3)
        speeds.append(int(termios.tcgetattr(theirs)[5]))
        channel.go_at(LineSpeed(9600, data_bits=9))
        lost = channel.lost_because
        channel.go_at(LineSpeed(9600))
        await channel.close()
        os.close(ours)
        os.close(theirs)
        return speeds, lost

    speeds, lost = asyncio.run(job())
    assert speeds == [termios.B9600, termios.B300, termios.B300]
    assert lost is not None
    assert lost.startswith("the port does not go at 9600 baud: ")


def test_the_change_of_speed_waits_until_the_port_has_sent_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    unsent = [3, 1, 0]

    async def job() -> int:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        channel = await open_channel(LineSpec(line_id=1, url=f"serial://{os.ttyname(theirs)}?baud=9600&format=7E1"))
        monkeypatch.setattr("serial.Serial.out_waiting", property(lambda _: unsent.pop(0)))
        channel.write(b"\x06050\r\n")
        channel.go_at(LineSpeed(19_200), once_sent=True)
        await asyncio.sleep(0.1)
        speed = int(termios.tcgetattr(theirs)[5])
        # A change that is still due when the port is closed is forgotten.
        channel.go_at(LineSpeed(300), once_sent=True)
        await channel.close()
        os.close(ours)
        os.close(theirs)
        return speed

    assert asyncio.run(job()) == termios.B19200
    assert not unsent


# ── A line with several meters ──────────────────────────────────────────────────────────────────────────────────────


def test_meters_on_one_line_are_told_apart_by_their_addresses() -> None:
    models = [model_by_key(key) for key in KEYS[:3]]
    meters = [meter(model, SERIAL + place) for place, model in enumerate(models)]
    errands = [asked(model, SERIAL + place) for place, model in enumerate(models)]
    reports = over_a_gateway(meters, errands)
    assert [report.outcome for report in reports] == [Outcome.OK] * 3
    assert [report.learnt.identity and int(report.learnt.identity.serial) for report in reports] == [
        SERIAL,
        SERIAL + 1,
        SERIAL + 2,
    ]
    assert sum(report.retries for report in reports) == 0


@pytest.mark.parametrize("key", ["energomera-ce301", "landis-gyr-zmg405"])
def test_another_meter_than_the_expected_is_named_and_its_readings_are_not_taken(key: str) -> None:
    model = model_by_key(key)
    own, other = asked(model), asked(model, serial=SERIAL, address=SERIAL + 1)
    reports = over_a_gateway([meter(model), meter(model, SERIAL + 1)], [other, own])
    assert [report.outcome for report in reports] == [Outcome.ANOTHER_METER, Outcome.OK]
    assert reports[0].failed_part is SessionPart.IDENTITY
    assert not reports[0].learnt.registers
    assert str(SERIAL + 1) in reports[0].detail


@pytest.mark.parametrize("key", KEYS)
def test_a_meter_alone_on_its_line_needs_no_address(key: str) -> None:
    model = model_by_key(key)
    (report,) = over_a_gateway([meter(model)], [asked(model, address=0)])
    assert report.outcome is Outcome.OK


@pytest.mark.parametrize("key", KEYS)
def test_nobody_answers_for_a_meter_that_is_not_there(key: str) -> None:
    model = model_by_key(key)
    (report,) = over_a_gateway([meter(model)], [asked(model, SERIAL + 1)])
    assert report.outcome is Outcome.SILENCE


def test_a_wrong_password_is_named_and_shown_nowhere() -> None:
    model = model_by_key("energomera-ce303")
    (report,) = over_a_gateway([meter(model, password="271828")], [asked(model, password="314159")])
    assert (report.outcome, report.failed_part) == (Outcome.WRONG_PASSWORD, SessionPart.OPENING)
    assert "314159" not in repr(report)
    assert not report.exchanges


# ── Weather ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [FaultKind.NOISE, FaultKind.DROP, FaultKind.ECHO])
@pytest.mark.parametrize("key", KEYS)
def test_a_bad_line_costs_tries_and_not_a_wrong_register(key: str, kind: FaultKind) -> None:
    model = model_by_key(key)
    faults = LineFaults(kinds=frozenset({kind}), seed=3)
    (report,) = over_a_gateway([meter(model)], [asked(model)], faults=faults)
    # Where noise met silence, the head-end may take back what it is not sure of; it never keeps what is wrong.
    doubted = {Outcome.NOISE} if kind is FaultKind.NOISE else set()
    assert report.outcome in {Outcome.OK} | doubted, report.detail
    if report.outcome is Outcome.OK:
        moments = {reading.moment for reading in report.learnt.registers}
        assert moments == {RegisterMoment.NOW, RegisterMoment.MONTH_START}
    for reading in report.learnt.registers:
        assert reading.value == model.reading_wh(
            ENERGY.register_uwh(reading.quantity, reading.tariff, reading.taken_at)
        )


def test_a_session_that_the_meter_forgets_is_begun_anew() -> None:
    model = model_by_key("energomera-ce301")
    # It forgets its session when nothing is asked for a tenth of a second, and one answer is lost on the way.
    hasty = varied(model, session_life_ms=100)
    faults = LineFaults(kinds=frozenset({FaultKind.DROP}), seed=3)
    (report,) = over_a_gateway([meter(hasty)], [asked(hasty)], faults=faults, clock=lambda: TownClock(NOW))
    assert report.outcome is Outcome.OK, report.detail
    assert report.retries > 0


def test_characters_may_bear_their_parity_through_a_gateway_of_eight_bits() -> None:
    for key in ("energomera-ce102m", "landis-gyr-zmg405"):
        model = model_by_key(key)
        dressed = varied(model, parity_bits=True)
        (report,) = over_a_gateway([meter(dressed)], [asked(dressed)])
        assert report.outcome is Outcome.OK
        # The gateway alone may add parity, and pass on that of the answers.
        (report,) = over_a_gateway([meter(dressed)], [asked(model)])
        assert report.outcome is Outcome.OK


def test_instant_values_come_one_by_one_or_as_a_group() -> None:
    model = model_by_key("energomera-ce303")
    grouped = varied(model, group_reads=True)
    (one,) = over_a_gateway([meter(model)], [asked(model)])
    (group,) = over_a_gateway([meter(grouped)], [asked(grouped)])
    assert one.learnt.instant is not None
    assert group.learnt.instant is not None
    assert one.learnt.instant.power_w == ENERGY.power_w(Quantity.A_PLUS, NOW)
    assert one.learnt.instant.frequency_mhz == 50_000
    same = replace(group.learnt.instant, exchange=one.learnt.instant.exchange, taken_at=one.learnt.instant.taken_at)
    assert same == one.learnt.instant


@pytest.mark.parametrize("key", KEYS)
def test_every_kept_exchange_is_explained(key: str) -> None:
    report = over_a_terminal(model_by_key(key))
    assert report.exchanges
    for exchange in report.exchanges:
        explained = explain_exchange("iec62056-21", exchange.request, exchange.answer)
        assert explained.request.problem is None, explained
        assert explained.answer is not None
        assert explained.answer.problem is None, explained
