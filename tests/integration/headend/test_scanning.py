"""Finding simulated meters over real lines: gateways on TCP, and terminals with a speed. No database is near."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodus import SPODUS_USPD
from kilovatt.measure.metering.models import Language
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import PasswordState, Told, Way
from kilovatt.wire.drivers.finding.rows import fitting
from kilovatt.wire.drivers.finding.scope import Scope
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.headend.scanning import Progress, Scan, ScanReport, scan_line, scope_of
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.serial_line import SerialLine
from kilovatt.wire.simulator.spodus import MANAGEMENT, Behind, NoEnergy, SpodusConcentrator

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 40, dtype=np.int64) % 997, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
QUICK_S = 0.06
SCOPE = Scope(timeout_s=QUICK_S)
SHORT_ONLY = replace(SCOPE, ways=frozenset({Way.SHORT}))
MERCURY_206, MERCURY_234, MERCURY_230 = "mercury-206-prlsno", "mercury-234-artm-01-pob-r", "mercury-230-art-01-cln"


class Tapped:
    """A meter, and all that it heard."""

    def __init__(self, meter: SimulatedMeter, baud: int | None = None) -> None:
        self.meter, self.plan, self.baud = meter, meter.plan, baud
        self.heard: list[bytes] = []

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        self.heard.append(frame)
        return self.meter.hear(frame, now)


def meter(key: str, serial: int, address: int | None = None, *, password: str = "", baud: int | None = None) -> Tapped:
    model = model_by_key(key)
    return Tapped(
        simulated_meter(
            SimulatedMeterPlan(
                model=model,
                serial=serial,
                address=factory_address(model, serial) if address is None else address,
                passwords={1: password} if password else {},
                zone=MOSCOW,
                energy=ENERGY,
            )
        ),
        baud,
    )


@asynccontextmanager
async def gateway(meters: Sequence[Tapped], *faults: FaultKind) -> AsyncIterator[str]:
    behind = LineGateway(Line(Bus(meters, LineFaults(kinds=frozenset(faults))), TownClock(NOW)))
    port = await behind.listen("127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        await behind.close()


def scanned(meters: Sequence[Tapped], scope: Scope = SCOPE, *faults: FaultKind) -> ScanReport:
    async def job() -> ScanReport:
        async with gateway(meters, *faults) as url:
            return await scan_line(url, scope)

    return asyncio.run(job())


def test_a_bus_of_both_languages_of_mercury_is_walked_when_many_answer_at_once() -> None:
    meters = [
        meter(MERCURY_206, 41_906_467),
        meter(MERCURY_234, 36_790_160, 41),
        meter(MERCURY_230, 40_123_017, 17),
        meter(MERCURY_230, 40_123_200, 200),
    ]
    scope = replace(SCOPE, serials=(41_906_467,), addresses=(*range(10, 50), 200), ways=frozenset(Way) - {Way.HDLC})
    report = scanned(meters, scope)
    found = {(one.languages[0], one.address, one.serial) for one in report.sightings}
    assert found == {
        (Language.MERCURY_V1, 41_906_467, "41906467"),
        (Language.MERCURY_V2, 41, "36790160"),
        (Language.MERCURY_V2, 17, "40123017"),
        (Language.MERCURY_V2, 200, "40123200"),
    }
    assert report.verdict is Verdict.FOUND
    assert [place.address for place in report.crowded] == [None]


def test_a_meter_alone_tells_its_address_and_nobody_else_is_walked_for() -> None:
    alone = meter(MERCURY_234, 36_790_160, 41)
    report = scanned([alone], SHORT_ONLY)
    (one,) = report.sightings
    assert (one.languages, one.address, one.serial) == ((Language.MERCURY_V2,), None, "36790160")
    # Whoever listens, and the address that its number would make.
    assert report.probes == 2


def test_the_factorys_password_is_sent_once_and_tells_the_variant() -> None:
    digits, letters = meter(MERCURY_230, 40_123_017, 17), meter(MERCURY_234, 36_790_160, 41, password="314159")
    scope = replace(SHORT_ONLY, addresses=(17, 41), factory_passwords=True)
    report = scanned([digits, letters], scope)
    by_address = {one.address: one for one in report.sightings}
    assert by_address[17].password is PasswordState.FACTORY
    assert "mercury-230-art-01-cln" in {row.key for row in fitting(by_address[17])}
    assert by_address[41].password is PasswordState.OTHER
    assert sum(frame[:3] == bytes([41, 1, 1]) for frame in letters.heard) == 1


def test_without_leave_no_password_is_sent_to_anybody() -> None:
    mercury, nzif = meter(MERCURY_230, 40_123_017, 17), meter("set-4tm-03m", 805_181_783, 83)
    scanned([mercury, nzif], replace(SHORT_ONLY, addresses=(17, 83)))
    assert not any(frame[1:2] == b"\x01" for frame in mercury.heard)


def test_two_meters_at_one_address_are_reported_and_the_others_found() -> None:
    meters = [
        meter(MERCURY_230, 40_123_017, 17),
        meter(MERCURY_230, 36_790_117, 17),
        meter(MERCURY_230, 40_123_019, 19),
    ]
    report = scanned(meters, replace(SHORT_ONLY, addresses=tuple(range(15, 22))))
    assert {one.address for one in report.sightings} == {19}
    assert [place.address for place in report.crowded] == [None, 17]
    assert not report.line_is_noisy


def test_a_line_that_echoes_hides_nobody() -> None:
    report = scanned([meter(MERCURY_230, 40_123_017, 17)], SCOPE, FaultKind.ECHO)
    assert [one.serial for one in report.sightings] == ["40123017"]
    assert report.line_echoes


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (FaultKind.DEAD, Verdict.SILENCE),
        (FaultKind.ECHO_ONLY, Verdict.ECHO),
        (FaultKind.UNREACHABLE, Verdict.NO_ROUTE),
    ],
)
def test_nothing_found_is_told_by_what_came_instead(fault: FaultKind, verdict: Verdict) -> None:
    report = scanned([meter(MERCURY_230, 40_123_017, 17)], SCOPE, fault)
    assert (report.verdict, report.sightings) == (verdict, ())
    assert bool(report.detail) is (verdict is Verdict.NO_ROUTE)


def test_a_meter_of_nzif_answers_whoever_asks_from_its_own_address() -> None:
    (one,) = scanned([meter("set-4tm-03m", 805_181_783, 83)], SHORT_ONLY).sightings
    assert (one.languages, one.address, one.serial) == ((Language.NZIF,), 83, None)
    scope = replace(SHORT_ONLY, factory_passwords=True)
    (known,) = scanned([meter("set-4tm-03m", 805_181_783, 83)], scope).sightings
    assert (known.serial, known.password) == ("805181783", PasswordState.FACTORY)
    assert [row.key for row in fitting(known)] == ["set-4tm-03m"]


@pytest.mark.parametrize("key", ["energomera-ce102-r5", "energomera-ce307-r33"])
def test_energomera_is_found_by_its_number_and_says_more_with_the_factorys_password(key: str) -> None:
    scope = replace(SCOPE, serials=(11_046_950,), ways=frozenset({Way.SHORT, Way.ENERGOMERA}))
    (one,) = scanned([meter(key, 11_046_950)], scope).sightings
    assert (one.languages, one.address, one.password) == ((Language.ENERGOMERA,), 46_950, PasswordState.NOT_TRIED)
    (known,) = scanned([meter(key, 11_046_950)], replace(scope, factory_passwords=True)).sightings
    assert (known.serial, known.password) == ("11046950", PasswordState.FACTORY)
    assert key in {row.key for row in fitting(known)}
    other = meter(key, 11_046_950, password="271828")
    (refusing,) = scanned([other], replace(scope, factory_passwords=True)).sightings
    assert (refusing.serial, refusing.password) == (None, PasswordState.OTHER)
    assert sum(frame[6:10] == bytes.fromhex("31DE0B00") for frame in other.heard) == 1


@pytest.mark.parametrize("key", ["energomera-ce102m", "energomera-ce301", "energomera-ce303", "landis-gyr-zmg405"])
def test_meters_that_are_called_say_who_they_are_and_their_number(key: str) -> None:
    called = meter(key, 36_790_160)
    (one,) = scanned([called], replace(SCOPE, ways=frozenset({Way.SHORT, Way.IEC62056_21}))).sightings
    assert one.serial == "36790160"
    assert key in {row.key for row in fitting(one)}
    assert not any(b"P1" in frame for frame in called.heard)


def test_meters_of_spodes_are_found_on_a_bus_by_their_numbers_and_say_their_names() -> None:
    meters = [meter("energomera-ce208-spds", 11_012_345), meter("nartis-i100", 22_000_001, 17)]
    report = scanned(meters, replace(SCOPE, serials=(11_012_345,), ways=frozenset({Way.SHORT, Way.HDLC})))
    found = {(one.address, one.place.form, one.told[Told.DEVICE_NAME][:3]) for one in report.sightings}
    assert found == {(2361, 4, "EMR"), (17, 2, "NRT")}
    assert {row.key for one in report.sightings for row in fitting(one)} >= {"energomera-ce208-spds", "nartis-i100"}


def test_a_reader_of_spodes_is_told_the_number_and_the_type() -> None:
    scope = replace(SCOPE, factory_passwords=True, ways=frozenset({Way.HDLC}))
    (one,) = scanned([meter("nartis-i100", 22_000_001, 17)], scope).sightings
    assert (one.serial, one.told[Told.TYPE]) == ("22000001", "Нартис-И100")
    other = meter("nartis-i100", 22_000_001, 17, password="31415926")
    (refusing,) = scanned([other], scope).sightings
    assert (refusing.serial, refusing.password) == (None, PasswordState.OTHER)
    assert sum(b"00000001" in frame for frame in other.heard) == 1


def test_a_meter_in_the_wrapper_is_found_first_and_nothing_else_is_said_to_it() -> None:
    alone = meter("rim-489-spodes", 12_345_678)
    (one,) = scanned([alone]).sightings
    assert (one.place.way, one.address, one.told[Told.DEVICE_NAME][:3]) == (Way.WRAPPER, 1, "RIM")
    assert "rim-489-spodes" in {row.key for row in fitting(one)}
    assert all(frame.startswith(b"\x00\x01\x00\x10") for frame in alone.heard)


def test_a_concentrator_tells_a_reader_who_is_behind_it() -> None:
    behind = meter("spodes-1ph@uspd", 22_000_001)
    before = SpodusConcentrator(
        SimulatedMeterPlan(model=SPODUS_USPD, serial=90_000_001, address=MANAGEMENT, zone=MOSCOW, energy=NoEnergy()),
        [Behind(behind.plan.address, behind.meter, True)],
    )
    (one,) = scanned([Tapped(before)], replace(SCOPE, factory_passwords=True)).sightings
    assert one.serial == "90000001"
    assert str(behind.plan.address) in one.told[Told.DEVICES]
    assert "spodus-uspd" in {row.key for row in fitting(one)}
    assert not behind.heard


def test_a_counter_on_modbus_is_found() -> None:
    (one,) = scanned([meter("pulse-counter-modbus", 1)]).sightings
    assert [row.key for row in fitting(one)] == ["pulse-counter-modbus"]


def test_the_line_serves_a_session_after_it_was_searched() -> None:
    async def job() -> Outcome:
        async with gateway([meter(MERCURY_230, 40_123_017, 17), meter(MERCURY_206, 41_906_467)]) as url:
            report = await scan_line(
                url, replace(SCOPE, addresses=(17,), factory_passwords=True, ways=frozenset(Way) - {Way.IEC62056_21})
            )
            assert report.verdict is Verdict.FOUND
            address = MeterAddress(model=model_by_key(MERCURY_206), address=41_906_467, serial="41906467", zone=MOSCOW)
            return (await read_one(url, address, ReadingTask(), clock=TownClock(NOW), answer_timeout_s=0.3)).outcome

    assert asyncio.run(job()) is Outcome.OK


def at_a_terminal(meters: Sequence[Tapped], scope: Scope, settings: str = "") -> ScanReport:
    async def job() -> ScanReport:
        terminal = SerialLine(Line(Bus(meters), TownClock(NOW)))
        try:
            return await scan_line(f"serial://{terminal.path}{settings}", scope)
        finally:
            terminal.close()

    return asyncio.run(job())


def test_a_serial_port_is_tried_at_every_speed_until_somebody_answers() -> None:
    slow = meter(MERCURY_230, 40_123_017, 17, baud=2400)
    report = at_a_terminal([slow], SHORT_ONLY)
    (one,) = report.sightings
    assert (one.place.speed, one.serial) == (LineSpeed(2400), "40123017")
    assert report.left == 0


def test_the_speed_that_a_line_states_is_the_only_one() -> None:
    slow = meter(MERCURY_230, 40_123_017, 17, baud=2400)
    scope = SHORT_ONLY
    assert at_a_terminal([slow], scope, "?baud=9600").verdict is Verdict.SILENCE
    assert at_a_terminal([slow], scope, "?baud=2400&format=8N1").verdict is Verdict.FOUND


def test_a_meter_that_is_called_at_300_baud_goes_over_to_its_own_speed_and_back() -> None:
    called = meter("energomera-ce301", 36_790_160, baud=300)
    scope = replace(SCOPE, ways=frozenset({Way.IEC62056_21}))
    report = at_a_terminal([called], scope)
    assert [one.told[Told.TYPE] for one in report.sightings] == ["CE301v12"]


def test_a_search_that_is_stopped_tells_what_was_found_by_then() -> None:
    async def job() -> tuple[ScanReport, list[Progress]]:
        async with gateway([meter(MERCURY_230, 40_123_017, 17)]) as url:
            scan = Scan(url, scope_of(url, replace(SHORT_ONLY, addresses=tuple(range(10, 240)))))
            seen: list[Progress] = []
            enough = asyncio.Event()

            def show(progress: Progress) -> None:
                seen.append(progress)
                if progress.found and progress.left < 220:
                    enough.set()

            running = asyncio.create_task(scan.run(on_progress=show))
            await enough.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            return scan.report(), seen

    report, seen = asyncio.run(job())
    assert [one.serial for one in report.sightings] == ["40123017"]
    assert report.left > 0
    assert seen[0].seconds_left > seen[-1].seconds_left > 0


def test_a_gateway_that_goes_away_is_told_with_what_was_found() -> None:
    async def job() -> ScanReport:
        async with gateway([meter(MERCURY_230, 40_123_017, 17)]) as url:
            scan = Scan(url, scope_of(url, replace(SHORT_ONLY, addresses=tuple(range(1, 60)))))
            found = asyncio.Event()
            running = asyncio.create_task(
                scan.run(on_progress=lambda progress: found.set() if progress.found else None)
            )
            await found.wait()
        return await running

    report = asyncio.run(job())
    assert report.verdict is Verdict.FOUND
    assert report.detail
    assert report.left > 0
