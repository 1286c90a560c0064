"""Lines served while somebody holds them: errands come, the most urgent goes first, trouble stays on its line."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.served_lines import IDLE_CLOSE_S, LineErrand, LineNotServedError, Rank, ServedLines
from unit.wire.headend.bench import run
from unit.wire.headend.village import Village, errand, line

Step = Callable[[ServedLines], None]


def served(village: Village, lines: tuple[int, ...], coming: list[tuple[float, Step]]) -> dict[int, BaseException]:
    """Serve lines while things happen at their times, stop at 500 s, and return which lines were lost of what."""
    lost: dict[int, BaseException] = {}

    async def job() -> None:
        served_lines = ServedLines(village.headend(), lambda _, report: village.sink(report), lost=lost.__setitem__)
        for number in lines:
            served_lines.take(line(number))
        loop = asyncio.get_running_loop()
        for at, step in coming:
            loop.call_later(at, step, served_lines)
        loop.call_later(500.0, served_lines.stop)
        await served_lines.until_stopped()
        assert served_lines.line_ids == frozenset()

    run(job())
    return lost


def asks(meter_id: int, line_id: int = 1, rank: Rank = Rank.SCHEDULED) -> Step:
    return lambda lines: lines.put(LineErrand(line_id, errand(meter_id), rank))


def test_errands_are_read_as_they_come_over_a_connection_that_is_kept() -> None:
    village = Village()
    served(village, (1,), [(1.0, asks(11)), (2.0, asks(12))])
    assert village.outcomes() == {11: Outcome.OK, 12: Outcome.OK}
    assert village.opened == [(1, 1.0)]
    assert all(channel.closed for channel in village.channels)


def test_the_most_urgent_goes_first() -> None:
    village = Village()
    waiting: list[tuple[float, Step]] = [
        (0.0, asks(11)),
        (0.001, asks(12, rank=Rank.BACK_FILL)),
        (0.002, asks(13)),
        (0.003, asks(14, rank=Rank.COMMAND)),
        (0.004, asks(15, rank=Rank.ON_DEMAND)),
    ]
    served(village, (1,), waiting)
    assert [report.meter_id for report in village.reports] == [11, 15, 14, 13, 12]


def test_a_meter_waits_once_and_for_the_more_urgent_of_its_errands() -> None:
    village = Village()
    urgent = asks(13, rank=Rank.ON_DEMAND)
    served(village, (1,), [(0.0, asks(11)), (0.001, asks(12)), (0.002, asks(13)), (0.003, urgent), (0.004, asks(13))])
    assert [report.meter_id for report in village.reports] == [11, 13, 12]


def test_who_waits_and_who_is_visited_is_known() -> None:
    village = Village()
    seen: list[frozenset[int]] = []
    look: Step = lambda lines: seen.append(lines.waiting(1))  # noqa: E731  # what is asked at an instant
    served(village, (1,), [(0.0, asks(11)), (0.0, asks(12)), (0.003, look), (10.0, look)])
    assert seen == [frozenset({11, 12}), frozenset()]


def test_an_idle_line_is_let_go_and_taken_again() -> None:
    village = Village()
    served(village, (1,), [(0.0, asks(11)), (100.0, asks(12))])
    assert village.outcomes() == {11: Outcome.OK, 12: Outcome.OK}
    assert [at for _, at in village.opened] == [0.0, 100.0]
    assert IDLE_CLOSE_S < 100.0


def test_a_line_that_cannot_be_opened_is_tried_anew_for_errands_that_come_later() -> None:
    village = Village(away=frozenset({1}))
    served(village, (1,), [*((1.0, asks(number)) for number in (11, 12, 13)), (60.0, asks(14))])
    assert village.outcomes() == dict.fromkeys((11, 12, 13, 14), Outcome.NO_ROUTE)
    assert [at for _, at in village.opened] == [1.0, 60.0]


def test_a_line_let_go_of_ends_its_session_and_forgets_who_waited() -> None:
    village = Village()
    tasks: list[asyncio.Task[None]] = []
    leave: Step = lambda lines: tasks.append(asyncio.create_task(lines.let_go(1)))  # noqa: E731
    served(village, (1, 2), [(0.0, asks(11)), (0.0, asks(12)), (0.003, leave), (1.0, asks(21, line_id=2))])
    assert [report.meter_id for report in village.reports] == [11, 21]


def test_an_errand_for_a_line_that_is_not_served_is_refused() -> None:
    refused: list[LineNotServedError] = []

    def ask(lines: ServedLines) -> None:
        with pytest.raises(LineNotServedError) as error:
            lines.put(LineErrand(7, errand(11)))
        refused.append(error.value)
        assert lines.waiting(7) == frozenset()

    served(Village(), (1,), [(1.0, ask)])
    assert len(refused) == 1


def test_a_line_taken_twice_is_served_once() -> None:
    village = Village()
    served(village, (1, 1), [(0.0, asks(11))])
    assert len(village.reports) == 1


def test_a_line_whose_sink_refuses_is_lost_and_the_others_go_on() -> None:
    village = Village()
    accepts = village.sink

    def sink(report: SessionReport) -> Awaitable[None]:
        if report.meter_id == 11:
            raise PermissionError("fenced off")
        return accepts(report)

    village.sink = sink  # type: ignore[method-assign,assignment]
    later: Step = lambda lines: lines.put(LineErrand(2, errand(21)))  # noqa: E731
    lost = served(village, (1, 2), [(0.0, asks(11)), (5.0, later)])
    assert {number: type(error) for number, error in lost.items()} == {1: PermissionError}
    assert village.outcomes() == {21: Outcome.OK}


def test_a_line_that_is_lost_is_logged_unless_somebody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def job() -> None:
        async def sink(line_id: int, report: SessionReport) -> None:
            raise PermissionError("fenced off")

        lines = ServedLines(Village().headend(), sink)
        lines.take(line(1))
        lines.put(LineErrand(1, errand(11)))
        asyncio.get_running_loop().call_later(5.0, lines.stop)
        await lines.until_stopped()

    run(job())
    assert "line 1 is let go: fenced off" in caplog.text
