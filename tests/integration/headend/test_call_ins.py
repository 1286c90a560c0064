"""Modems and meters that call us, over real TCP: read, replaced, and strangers turned away.

The bytes of the first test are a physical ATM21 modem's and those of a Mercury behind it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from called_in import (
    ATM21,
    MERCURY,
    NOW,
    PUSH,
    SERIAL,
    SPODES,
    calling,
    calls_of,
    endings,
    free_port,
    line_of,
    reception,
    until,
)
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.call_in.desk import call_in_desk, open_call_in
from kilovatt.wire.headend.call_in.happenings import (
    Happening,
    ModemGone,
    PushCame,
    TurnedAway,
)
from kilovatt.wire.headend.call_in.reception import CallInLimits, Reception
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.lines import CallInAddress, LineSpec
from kilovatt.wire.headend.opening import give_up_waiting, open_channel
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.served_lines import LineErrand, ServedLines
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification
from kilovatt.wire.protocols.framing.call_in import IRZ_HEARTBEAT, Dialect
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.simulator.calling import IMEI, CallingHabits, CallingModem
from kilovatt.wire.simulator.clock import TownClock

TASK = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 23),),
    profile_days=tuple(date(2026, 11, day) for day in range(20, 24)),
    events=True,
)


def errand(model: MeterModel = MERCURY) -> Errand:
    address = MeterAddress(
        model=model,
        address=factory_address(model, SERIAL),
        serial=str(SERIAL),
        password=model.factory_passwords.get(1),
        zone=ZoneInfo("Europe/Moscow"),
    )
    return Errand(SERIAL, address, TASK)


def spec(port: int, name: str = IMEI, *, options: str = "", line_id: int = 1) -> LineSpec:
    url = f"callin://{name}?listen=127.0.0.1:{port}&wait=5{options}"
    return LineSpec(line_id=line_id, url=url, answer_timeout_s=0.3, quiet_s=0.1, late_window_s=0.2)


async def read(
    modem: CallingModem,
    *,
    model: MeterModel = MERCURY,
    name: str = IMEI,
    options: str = "",
    meanwhile: Callable[[CallingModem], Awaitable[None]] | None = None,
) -> SessionReport:
    """Read a meter behind a modem that calls, while something happens."""
    port = await free_port()
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    async with calling(modem, port):
        happening = None if meanwhile is None else asyncio.create_task(_ensured(meanwhile(modem)))
        await Headend(TownClock(NOW)).read([(spec(port, name, options=options), [errand(model)])], sink)
        if happening is not None:
            await happening
    (report,) = reports
    return report


async def _ensured(job: Awaitable[None]) -> None:
    await job


# ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_real_modems_call_is_answered_and_its_meter_asked() -> None:
    async def job() -> tuple[bytes, bytes]:
        async with reception() as (received, port, _):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21[:60])
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(ATM21[60:])
            channel = await received.line_to(IMEI, 5.0)
            answers: asyncio.Queue[bytes] = asyncio.Queue()
            channel.on_bytes = answers.put_nowait
            channel.write(bytes.fromhex("00 08 00 76 00"))
            asked = await reader.readexactly(5)
            writer.write(bytes.fromhex("00 24 4F 01") + IRZ_HEARTBEAT + bytes.fromhex("3C 0A 02 13 7B 09"))
            heard = b""
            while len(heard) < 10:
                heard += await answers.get()
            await channel.close()
            writer.close()
            return asked, heard

    asked, heard = asyncio.run(job())
    assert asked == bytes.fromhex("00 08 00 76 00")
    assert heard == bytes.fromhex("00 24 4F 01 3C 0A 02 13 7B 09")


@pytest.mark.parametrize("dialect", [Dialect.IRZ, Dialect.COLLECTOR])
@pytest.mark.parametrize("inside", [False, True], ids=["calm", "heartbeats in answers"])
def test_a_meter_behind_a_modem_that_calls_is_read_whole(dialect: Dialect, *, inside: bool) -> None:
    habits = CallingHabits(dialect=dialect, heartbeats_in_answers=inside, redial_s=0.05)
    report = asyncio.run(_read_with(habits))
    assert (report.outcome, report.detail, report.retries) == (Outcome.OK, "", 0)
    assert [day.day_on for day in report.learnt.meter_days] == list(TASK.profile_days)


async def _read_with(habits: CallingHabits) -> SessionReport:
    return await read(CallingModem(line_of(), habits))


def test_a_modem_of_another_kind_is_known_by_its_declared_hello() -> None:
    async def job() -> SessionReport:
        habits = CallingHabits(
            hello=b"+ID=pump-7,9600\r\n",
            dialect=Dialect.LINE,
            heartbeat=b"#KA#",
            heartbeats_in_answers=True,
            redial_s=0.05,
        )
        options = "&hello=\\%2BID%3D(%3FP%3Cname%3E[^,]*),.*&heartbeat=" + b"#KA#".hex()
        return await read(CallingModem(line_of(), habits), name="pump-7", options=options)

    report = asyncio.run(job())
    assert (report.outcome, report.detail) == (Outcome.OK, "")


def test_a_meter_that_pushes_in_a_wrapper_is_read_over_the_same_call() -> None:
    happened: list[Happening] = []

    async def job() -> SessionReport:
        call_in_desk().tell = happened.append
        habits = CallingHabits(
            hello=wrapped(PUSH, source=1, destination=32), dialect=Dialect.WRAPPER, heartbeat=b"", redial_s=0.05
        )
        return await read(CallingModem(line_of(SPODES), habits), model=SPODES, name="EMR0222173608710")

    report = asyncio.run(job())
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    (push,) = [one for one in happened if isinstance(one, PushCame)]
    assert isinstance(push.said, DataNotification)
    assert (push.name, push.source, push.destination, push.message) == ("EMR0222173608710", 1, 32, PUSH)


def test_a_served_line_is_where_its_modem_calls_also_while_nothing_is_asked() -> None:
    async def job() -> list[Outcome]:
        port = await free_port()
        reports: asyncio.Queue[SessionReport] = asyncio.Queue()

        async def sink(line_id: int, report: SessionReport) -> None:
            assert line_id in {1, 2}
            reports.put_nowait(report)

        served = ServedLines(Headend(TownClock(NOW)), sink)
        for line_id, name in enumerate(NAMES, start=1):
            served.take(spec(port, name, line_id=line_id))
        modems = [CallingModem(line_of(), CallingHabits(imei=name, redial_s=0.05)) for name in NAMES]
        async with calling(modems[0], port), calling(modems[1], port):
            await until(lambda: all(modem.calls for modem in modems))
            for line_id in (1, 2):
                served.put(LineErrand(line_id, errand()))
            outcomes = [(await reports.get()).outcome for _ in NAMES]
            served.put(LineErrand(2, errand()))
            outcomes.append((await reports.get()).outcome)
            assert [modem.calls for modem in modems] == [1, 1]
            served.stop()
            await served.until_stopped()
        assert call_in_desk().places == []
        return outcomes

    assert asyncio.run(job()) == [Outcome.OK] * 3


NAMES = (IMEI, IMEI[:-1] + "4")


# ── Lost and replaced ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_lost_in_the_middle_of_a_session_is_waited_for_and_nothing_is_missing() -> None:
    async def job() -> tuple[SessionReport, int]:
        modem = CallingModem(line_of(), CallingHabits(redial_s=0.05))
        report = await read(modem, meanwhile=_hang_up_in_the_middle)
        return report, modem.calls

    report, calls = asyncio.run(job())
    assert (report.outcome, calls) == (Outcome.OK, 2)
    assert [day.day_on for day in report.learnt.meter_days] == list(TASK.profile_days)


async def _hang_up_in_the_middle(modem: CallingModem) -> None:
    # At once, and not when somebody looks next: a session does not wait for that.
    await _in_the_middle(modem, then=modem.hang_up)


async def _in_the_middle(modem: CallingModem, then: Callable[[], None] | None = None) -> None:
    """Wait until the session is in the middle of reading."""
    puts = 0
    put = modem.line.put

    def counted(data: bytes, deliver: Callable[[bytes], None]) -> None:
        nonlocal puts
        puts += 1
        put(data, deliver)
        if puts == 5 and then is not None:
            then()

    modem.line.put = counted  # type: ignore[method-assign]  # only counts
    await until(lambda: puts >= 5)


def test_a_modem_that_calls_anew_takes_the_place_of_its_old_call_and_the_line_goes_on_over_the_new_one() -> None:
    happened: list[Happening] = []
    at_once, never = CallingHabits(hello=ATM21 + b"\n", redial_s=0.05), CallingHabits(hello=ATM21 + b"\n", redial_s=60)

    async def job() -> SessionReport:
        call_in_desk().tell = happened.append
        return await read(CallingModem(line_of(think_s=0.03), at_once), meanwhile=call_anew)

    async def call_anew(modem: CallingModem) -> None:
        await _in_the_middle(modem)
        # The network forgot the old call, and neither end was told.
        modem.habits = never
        called = calls_of(happened)[0]
        ((_, port),) = call_in_desk().places
        ENDLESS.add(asyncio.create_task(CallingModem(modem.line, never).run("127.0.0.1", port)))
        await until(lambda: any(one.replaces == called.peer for one in calls_of(happened)))

    report = asyncio.run(job())
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    assert [day.day_on for day in report.learnt.meter_days] == list(TASK.profile_days)
    assert len(calls_of(happened)) == 2


ENDLESS: set[asyncio.Task[None]] = set()
"""Keeps calls alive until their loop ends."""


def test_a_modem_that_has_not_called_is_offline_and_one_that_went_since_when() -> None:
    async def job() -> tuple[NoRouteError, NoRouteError]:
        async with reception() as (received, port, happened):
            with pytest.raises(NoRouteError) as never:
                await received.line_to(IMEI, 0.05)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ATM21 + b"\n")
            await until(lambda: received.names() == [IMEI])
            writer.close()
            await until(lambda: any(isinstance(one, ModemGone) for one in happened))
            with pytest.raises(NoRouteError) as gone:
                await received.line_to(IMEI, 0.05)
            return never.value, gone.value

    never, gone = asyncio.run(job())
    assert never.outcome is gone.outcome is Outcome.MODEM_OFFLINE
    assert f"{IMEI} is offline: it has not called since 20" in str(never)
    assert f"{IMEI} is offline: since 20" in str(gone)
    assert "the modem closed the connection" in str(gone)


def test_the_meters_of_an_offline_modem_are_reported_so_and_only_the_first_waits() -> None:
    async def job() -> list[SessionReport]:
        reports: list[SessionReport] = []

        async def sink(report: SessionReport) -> None:
            reports.append(report)

        line = replace(spec(await free_port()), url=f"callin://{IMEI}?listen=127.0.0.1:{await free_port()}&wait=0.2")
        await Headend(TownClock(NOW)).read([(line, [errand(), errand()])], sink)
        return reports

    reports = asyncio.run(job())
    assert [report.outcome for report in reports] == [Outcome.MODEM_OFFLINE] * 2


def test_whoever_stops_does_not_wait_for_a_modem_to_call() -> None:
    async def job() -> NoRouteError:
        opening = asyncio.create_task(open_channel(spec(await free_port())))
        await until(lambda: bool(call_in_desk().places))
        await asyncio.sleep(0.05)
        give_up_waiting()
        with pytest.raises(NoRouteError) as refused:
            await opening
        return refused.value

    stopped = asyncio.run(job())
    assert (stopped.outcome, "we stop" in str(stopped)) == (Outcome.BUSY, True)


def test_a_line_whose_modem_carries_another_line_is_busy() -> None:
    async def job() -> NoRouteError:
        async with reception() as (received, port, _), calling(CallingModem(line_of()), port):
            channel = await received.line_to(IMEI, 5.0)
            with pytest.raises(NoRouteError) as refused:
                await received.line_to(IMEI, 5.0)
            await channel.close()
            await (await received.line_to(IMEI, 5.0)).close()
            return refused.value

    assert asyncio.run(job()).outcome is Outcome.BUSY


def test_a_place_that_is_taken_is_told_when_the_line_is_opened() -> None:
    async def job() -> str:
        async with reception() as (_, port, _happened):
            with pytest.raises(NoRouteError) as refused:
                await open_call_in(CallInAddress(IMEI, "127.0.0.1", port))
            return str(refused.value)

    assert "calls cannot be taken at 127.0.0.1:" in asyncio.run(job())


def test_a_caller_that_pushes_without_end_is_hung_up_on_and_reported() -> None:
    async def job() -> tuple[int, list[TurnedAway]]:
        limits = CallInLimits(pushes_per_minute_max=3)
        async with reception(limits=limits) as (_, port, happened):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(wrapped(PUSH, source=1, destination=32) * 9)
            assert await reader.read() == b""
            writer.close()
            return sum(isinstance(one, PushCame) for one in happened), endings(happened)

    assert asyncio.run(job()) == (3, [TurnedAway.TOO_MANY_PUSHES])


def test_a_push_in_blocks_is_told_once_it_is_whole() -> None:
    async def job() -> list[Happening]:
        async with reception() as (received, port, happened):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for number, part in enumerate((PUSH[:100], PUSH[100:]), start=1):
                block = GeneralBlock(
                    is_last=number == 2, streaming=True, window=0, number=number, acknowledged=0, part=part
                )
                writer.write(wrapped(block.encode(), source=1, destination=32))
            await until(lambda: received.names() == ["EMR0222173608710"])
            writer.close()
            return [one for one in happened if isinstance(one, PushCame)]

    (push,) = asyncio.run(job())
    assert isinstance(push, PushCame)
    assert (push.message, push.frame) == (PUSH, wrapped(PUSH, source=1, destination=32))


def test_several_processes_share_one_place() -> None:
    async def job() -> int:
        port = await free_port()
        first, second = Reception(MachineClock()), Reception(MachineClock())
        await first.listen("127.0.0.1", port, shared=True)
        await second.listen("127.0.0.1", port, shared=True)
        writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(40)]
        await until(lambda: len(first) + len(second) == 40)
        shared = min(len(first), len(second))
        for writer in writers:
            writer.close()
        await first.close()
        await second.close()
        return shared

    assert asyncio.run(job()) > 0
