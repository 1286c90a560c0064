import asyncio

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.delivery import Progress
from kilovatt.wire.headend.polling import Headend
from unit.wire.headend.bench import (
    Delivery,
    VirtualClock,
    answers,
    honest,
    run,
)
from unit.wire.headend.village import Village, errands, line


def test_lines_are_read_side_by_side_and_the_meters_of_one_in_order() -> None:
    village = Village()

    async def job() -> float:
        await village.headend().read([(line(1), errands(11, 12)), (line(2), errands(21, 22))], village.sink)
        return asyncio.get_running_loop().time()

    took_s = run(job())
    assert village.outcomes() == dict.fromkeys((11, 12, 21, 22), Outcome.OK)
    assert [one.meter_id for one in village.reports if one.meter_id < 20] == [11, 12]
    # Two sessions of five exchanges of 5 ms each, not four.
    assert took_s == pytest.approx(0.05, abs=0.001)
    assert [number for number, _ in village.opened] == [1, 2]
    assert all(channel.closed for channel in village.channels)
    assert len({report.session_id for report in village.reports}) == 4


def test_a_silent_meter_does_not_keep_its_neighbours_waiting_for_ever() -> None:
    village = Village(dead=frozenset({12}))

    async def job() -> float:
        await village.headend().read([(line(1), errands(11, 12, 13))], village.sink)
        return asyncio.get_running_loop().time()

    took_s = run(job())
    assert village.outcomes() == {11: Outcome.OK, 12: Outcome.SILENCE, 13: Outcome.OK}
    # Three tries of a second, the drain, and the quiet end that the meter after it must prove.
    assert took_s < 3 * 1.0 + 0.5 + 1.5 + 0.2


def test_each_meter_behind_a_dead_gateway_is_reported_after_one_attempt() -> None:
    village = Village(away=frozenset({1}))

    async def job() -> float:
        await village.headend().read([(line(1), errands(*range(1, 61)))], village.sink)
        return asyncio.get_running_loop().time()

    took_s = run(job())
    assert village.outcomes() == dict.fromkeys(range(1, 61), Outcome.NO_ROUTE)
    assert {report.detail for report in village.reports} == {"gateway-1:4001 did not take the call within 5 s"}
    assert took_s == pytest.approx(5.0)
    assert len(village.opened) == 1


def test_a_gateway_that_hangs_up_on_one_meter_is_called_again_for_the_next() -> None:
    village = Village()

    def hang_up(n: int, request: bytes) -> list[Delivery]:
        if request[0] == 12:
            village.channels[-1].lose("the gateway closed the connection")
            return []
        return honest(n, request)

    village.answer = hang_up  # type: ignore[method-assign]

    async def job() -> None:
        await village.headend().read([(line(1), errands(11, 12, 13))], village.sink)

    run(job())
    assert village.outcomes() == {11: Outcome.OK, 12: Outcome.NO_ROUTE, 13: Outcome.OK}
    assert len(village.opened) == 3


def test_no_more_lines_are_open_at_once_than_allowed() -> None:
    village = Village()

    async def job() -> None:
        await village.headend(lines_at_once=2).read([(line(n), errands(n)) for n in range(1, 7)], village.sink)

    run(job())
    assert len(village.reports) == 6
    assert [round(at, 3) for _, at in village.opened] == [0.0, 0.0, 0.025, 0.025, 0.05, 0.05]


def test_a_head_end_without_a_line_at_once_is_refused() -> None:
    async def job() -> None:
        Headend(VirtualClock(), lines_at_once=0)

    with pytest.raises(ValueError, match="at least one line"):
        run(job())


def test_a_slow_sink_is_waited_for_with_one_report_under_way_per_line() -> None:
    village = Village(accept_s=10.0)

    async def job() -> float:
        await village.headend().read([(line(1), errands(11, 12, 13)), (line(2), errands(21))], village.sink)
        return asyncio.get_running_loop().time()

    took_s = run(job())
    assert village.at_once_max == 2
    assert len(village.reports) == 4
    assert took_s == pytest.approx(30.0, abs=0.1)


def test_progress_is_told_after_each_meter_and_line() -> None:
    village = Village()
    told: list[Progress] = []

    async def job() -> None:
        await village.headend().read([(line(1), errands(11, 12)), (line(2), [])], village.sink, progress=told.append)

    run(job())
    assert sorted((one.meters_done, one.lines_done) for one in told) == [(0, 1), (1, 1), (2, 1), (2, 2)]
    assert {(one.meters, one.lines) for one in told} == {(2, 2)}


def test_what_the_sink_raises_ends_the_reading_and_lets_go_of_every_line() -> None:
    village = Village()

    async def full(report: SessionReport) -> None:
        if report.meter_id == 12:
            raise OSError("no space left")
        await village.sink(report)

    async def job() -> None:
        await village.headend().read([(line(1), errands(11, 12, 13, 14)), (line(2), errands(*range(20, 60)))], full)

    with pytest.raises(OSError, match="no space left"):
        run(job())
    assert all(channel.closed for channel in village.channels)
    assert len(village.channels) == 2
    assert len(village.reports) < 10


def test_a_stopped_head_end_ends_the_sessions_in_hand_and_begins_no_other() -> None:
    village = Village()

    async def job() -> None:
        headend = village.headend()
        asyncio.get_running_loop().call_later(0.03, headend.stop)
        await headend.read([(line(1), errands(11, 12, 13))], village.sink)

    run(job())
    assert village.outcomes() == {11: Outcome.OK, 12: Outcome.OK}


def test_a_reading_after_another_waits_for_what_the_line_still_owes() -> None:
    """The silent meter's answers come after its session, and the next reading begins at once with the same meter."""
    village = Village()

    def late(n: int, request: bytes) -> list[Delivery]:
        # The third try of the first reading is answered 1.4 s later, into whatever is asked then.
        first = len(village.channels) == 1
        return ([(1.4, answers(0x6666, request[0]))] if n == 3 else []) if first else honest(n, request)

    village.answer = late  # type: ignore[method-assign]

    async def job() -> None:
        headend = village.headend()
        for _ in range(2):
            await headend.read([(line(1), errands(11))], village.sink)

    run(job())
    assert [report.outcome for report in village.reports] == [Outcome.SILENCE, Outcome.OK]
    assert village.channels[1].written[0][0] == pytest.approx(3.5)
