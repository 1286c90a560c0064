"""Landis+Gyr by DLMS, by short and by logical names: over TCP, over a real terminal, behind an optical head."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.cosem import CosemDialect, Entry
from kilovatt.measure.metering.catalogue.landis_gyr import ProfileForm
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotRank
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.drivers.landis_gyr.driver import SHORT_NAME_SERVICES as SERVICES
from kilovatt.wire.drivers.landis_gyr.driver import LandisGyrDriver
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.short_names import ShortName
from kilovatt.wire.protocols.dlms.association.requests import Associate, OpenLink, ReadVariable
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.short_listed import ShortListedObject, decode_short_list
from kilovatt.wire.protocols.dlms.values import decode
from kilovatt.wire.protocols.framing.connection import Answered, SendMore
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.serial_line import SerialLine
from simulated_spodes import ADDRESS, ENERGY, HOST, NOW, SERIAL, STEP, ZONE, interval, register_wh

SHORT, OPTICAL, LOGICAL = (model_by_key(f"landis-gyr-zmg405-{kind}") for kind in ("sn", "sn-optical", "ln"))
DAY_ON, MONTH_ON = date(2026, 11, 22), date(2026, 11, 1)
MONTH_AT = datetime(2026, 10, 31, 21, tzinfo=UTC)
WHOLE = ReadingTask(instant=True, register_months=(MONTH_ON,), profile_days=(DAY_ON,), events=True)
OUT_AT, BACK_AT = NOW - timedelta(days=3, hours=2), NOW - timedelta(days=3)


def row(model: MeterModel, **options: Any) -> MeterModel:  # noqa: ANN401  # options of a dialect
    dialect = model.dialect
    assert isinstance(dialect, CosemDialect)
    return replace(model, dialect=replace(dialect, **options))


def meter_of(model: MeterModel) -> SimulatedMeter:
    events = (
        PastEvent(kind=EventKind.POWER_OFF, began_at=OUT_AT, ended_at=BACK_AT),
        PastEvent(kind=EventKind.CLOCK_SET, began_at=BACK_AT),
    )
    plan = SimulatedMeterPlan(model=model, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, past_events=events)
    return simulated_meter(plan)


async def read_over_tcp(
    model: MeterModel, meter: SimulatedMeter, *, faults: LineFaults | None = None, task: ReadingTask = WHOLE
) -> SessionReport:
    clock = TownClock(NOW, rate=0)
    gateway = LineGateway(Line(Bus([meter], faults), clock))
    port = await gateway.listen(HOST, 0)
    address = MeterAddress(model=model, address=ADDRESS, serial=str(SERIAL), zone=ZONE)
    try:
        return await read_one(f"tcp://{HOST}:{port}", address, task, clock=clock, answer_timeout_s=0.25, quiet_s=0.05)
    finally:
        await gateway.close()


async def read_at_terminal(model: MeterModel, meter: SimulatedMeter, settings: str = "") -> SessionReport:
    clock = TownClock(NOW, rate=0)
    line = SerialLine(Line(Bus([meter]), clock))
    address = MeterAddress(model=model, address=ADDRESS, serial=str(SERIAL), zone=ZONE)
    try:
        return await read_one(
            f"serial://{line.path}{settings}", address, WHOLE, clock=clock, answer_timeout_s=0.25, quiet_s=0.05
        )
    finally:
        line.close()


def assert_whole(report: SessionReport) -> None:
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    learnt = report.learnt
    assert learnt.identity is not None
    assert (learnt.identity.serial, learnt.identity.firmware) == (str(SERIAL), "P07")
    assert learnt.clock is not None
    assert learnt.clock.taken_at == NOW
    assert learnt.instant is not None
    assert len(learnt.instant.voltages_mv) == 3
    kept = {(one.moment, one.quantity, one.tariff): (one.value, one.taken_at) for one in learnt.registers}
    for of in Quantity:
        for tariff in range(5):
            assert kept[RegisterMoment.NOW, of, tariff] == (register_wh(of, tariff), NOW)
            at_month = register_wh(of, tariff, at=MONTH_AT)
            assert kept[RegisterMoment.MONTH_START, of, tariff] == (at_month, MONTH_AT)
    assert_day(report)
    assert [(one.kind, one.began_at, one.ended_at, one.detail) for one in learnt.events] == [
        (EventKind.POWER_OFF, OUT_AT, BACK_AT, "number=23"),
        (EventKind.CLOCK_SET, BACK_AT, None, "number=11"),
    ]


def assert_day(report: SessionReport, uwh_per_count: int = 1_000_000) -> None:
    (day,) = report.learnt.meter_days
    assert (day.day_on, day.uwh_per_count) == (DAY_ON, uwh_per_count)
    assert set(day.qualities) == {SlotRank.ACTUAL}
    ends = [day.starts_at + (slot + 1) * STEP for slot in range(48)]
    counted = zip(day.a_plus, day.a_minus or (), day.r_plus or (), day.r_minus or (), strict=True)
    in_wh = [[count * uwh_per_count // 1_000_000 for count in counts] for counts in counted]
    assert in_wh == [interval(at) for at in ends]
    assert sum(day.a_plus) > 0


@pytest.mark.parametrize("model", [SHORT, LOGICAL, OPTICAL], ids=lambda model: model.key)
def test_everything_is_read_over_tcp(model: MeterModel) -> None:
    report = asyncio.run(read_over_tcp(model, meter_of(model)))
    assert_whole(report)


@pytest.mark.parametrize("form", ProfileForm)
@pytest.mark.parametrize("model", [SHORT, LOGICAL], ids=lambda model: model.key)
def test_a_profile_of_registers_or_of_powers_gives_the_same_energies(model: MeterModel, form: ProfileForm) -> None:
    changed = row(model, profile_form=form)
    task = ReadingTask(registers_now=False, profile_days=(DAY_ON,))
    report = asyncio.run(read_over_tcp(changed, meter_of(changed), task=task))
    assert_day(report, 100_000 if form is ProfileForm.MEAN_POWER else 1_000_000)


def test_what_meters_do_not_listen_to_ranges_for_is_read_by_entries() -> None:
    changed = row(SHORT, takes_ranges=False)
    assert_whole(asyncio.run(read_over_tcp(changed, meter_of(changed))))


def test_a_wrong_password_is_named() -> None:
    meter = simulated_meter(
        SimulatedMeterPlan(
            model=SHORT, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, passwords={1: "12345678"}
        )
    )
    report = asyncio.run(read_over_tcp(SHORT, meter))
    assert (report.outcome, report.failed_part) == (Outcome.WRONG_PASSWORD, SessionPart.OPENING)


def test_another_meter_is_noticed() -> None:
    plan = SimulatedMeterPlan(model=SHORT, serial=SERIAL + 1, address=ADDRESS, zone=ZONE, energy=ENERGY)
    report = asyncio.run(read_over_tcp(SHORT, simulated_meter(plan)))
    assert report.outcome is Outcome.ANOTHER_METER


# ── The optical head ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", ["", "?baud=300&format=7E1"])
def test_a_meter_is_entered_at_300_baud_and_read_at_9600_over_a_real_terminal(query: str) -> None:
    # The simulated meter hears nothing at another speed than the one it listens at.
    report = asyncio.run(read_at_terminal(OPTICAL, meter_of(OPTICAL), query))
    assert_whole(report)


def test_a_slower_speed_may_be_chosen() -> None:
    slower = row(OPTICAL, baud_letter="4")
    assert_whole(asyncio.run(read_at_terminal(slower, meter_of(slower))))


def test_a_meter_is_read_twice_in_a_row_over_a_real_terminal() -> None:
    meter = meter_of(OPTICAL)
    for _ in range(2):
        assert_whole(asyncio.run(read_at_terminal(OPTICAL, meter)))


def test_a_meter_whose_link_was_never_closed_is_read_nevertheless() -> None:
    meter = meter_of(OPTICAL)
    for frame in ("2f3f210d0a", "063235320d0a", "7ea0070341935a647e"):
        assert meter.hear(bytes.fromhex(frame), NOW)
    report = asyncio.run(read_at_terminal(OPTICAL, meter))
    assert_whole(report)
    assert report.retries >= 1


def test_parity_is_added_where_a_gateway_carries_eight_bits() -> None:
    ours = row(OPTICAL, parity_bits=True)
    assert_whole(asyncio.run(read_over_tcp(ours, meter_of(ours))))


@pytest.mark.parametrize("how", ["tcp", "terminal"])
def test_a_spodes_meter_may_be_entered_by_a_call_too(how: str) -> None:
    model = row(model_by_key("spodes-3ph"), entry=Entry.MODE_E, calls_by_address=True)
    read = read_over_tcp if how == "tcp" else read_at_terminal
    report = asyncio.run(read(model, meter_of(model)))
    assert report.outcome is Outcome.OK
    assert_day(report)


@pytest.mark.parametrize("kind", [FaultKind.ECHO, FaultKind.NOISE, FaultKind.DROP])
@pytest.mark.parametrize("model", [SHORT, OPTICAL], ids=lambda model: model.key)
def test_on_a_bad_line_nothing_wrong_is_kept(model: MeterModel, kind: FaultKind) -> None:
    faults = LineFaults(kinds=frozenset({kind}), seed=3)
    report = asyncio.run(read_over_tcp(model, meter_of(model), faults=faults))
    assert report.outcome is Outcome.OK
    assert_day(report)


# ── An exchange that was given up ───────────────────────────────────────────────────────────────────────────────────


SNRM, DISC = 0x93, 0x53


def test_after_a_part_was_given_up_the_link_is_opened_anew_and_the_others_are_read() -> None:
    meter = meter_of(SHORT)
    answers, controls = meter.hear, list[int]()
    months = bytes(Obis.parse("1.0.98.1.0.255"))
    months_at = next(one.base_name for one in listed(meter) if bytes(one.obis) == months) + 8

    def spoilt(frame: bytes, now: datetime) -> bytes | None:
        answer = answers(frame, now)
        controls.append(frame[8])
        return bytes(40) if b"\x05\x01\x04" + months_at.to_bytes(2, "big") in frame else answer

    meter.hear = spoilt  # type: ignore[method-assign]  # a line that spoils the months, however often they are asked
    task = ReadingTask(register_months=(MONTH_ON,), profile_days=(DAY_ON,))
    report = asyncio.run(read_over_tcp(SHORT, meter, task=task))

    assert (report.outcome, report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert_day(report)
    assert [control for control in controls if control in (SNRM, DISC)] == [SNRM, DISC, SNRM, DISC]


def listed(meter: SimulatedMeter) -> tuple[ShortListedObject, ...]:
    """The object list of a meter, as a client reads it."""
    connection = LandisGyrDriver().connection(MeterAddress(model=SHORT, address=ADDRESS, zone=ZONE))
    event: object = None
    asked: list[Any] = [
        OpenLink(),
        Associate(mechanism=Mechanism.LLS, context=Context.SHORT_NAMES, secret=b"00000000", conformance=SERVICES),
        ReadVariable(ShortName(0xFA08), lambda data: decode_short_list(decode(data))),
    ]
    for request in asked:
        said = meter.hear(connection.send(request).data, NOW)
        event = connection.receive(said or b"")
        while isinstance(event, SendMore):
            event = connection.receive(meter.hear(event.outgoing.data, NOW) or b"")
    assert isinstance(event, Answered)
    objects: tuple[ShortListedObject, ...] = event.value
    return objects
