"""What fills the time between visits of a line: who waits goes first, visits that are due take turns with it."""

import asyncio
from collections.abc import Callable

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.served_lines import PIECE_S, LineErrand, LineNotServedError, Rank, ServedLines
from unit.wire.headend.bench import run
from unit.wire.headend.village import Village, errand, line

A_PROBE_S = 0.5


class Search:
    """So many probes of half a second, and when they began; what is done in between is on the village's record."""

    def __init__(self, village: Village, probes: int) -> None:
        self.village = village
        self.probes = probes
        self.begun: list[float] = []
        self.visits_before: list[int] = []
        self.pieces = 0

    async def go_on(self, carrier: Carrier, may_go_on: Callable[[], bool]) -> bool:
        del carrier
        self.pieces += 1
        while may_go_on() and self.probes:
            self.begun.append(asyncio.get_running_loop().time())
            self.visits_before.append(len(self.village.reports))
            await asyncio.sleep(A_PROBE_S)
            self.probes -= 1
        return not self.probes


def filled(search: Search, coming: list[tuple[float, LineErrand]]) -> None:
    async def job() -> None:
        served = ServedLines(search.village.headend(), lambda _, report: search.village.sink(report))
        served.take(line(1))
        served.fill(1, search)
        loop = asyncio.get_running_loop()
        for at, asked in coming:
            loop.call_later(at, served.put, asked)
        loop.call_later(300.0, served.stop)
        await served.until_stopped()

    run(job())


def visit(meter_id: int, rank: Rank) -> LineErrand:
    return LineErrand(1, errand(meter_id), rank)


def test_a_line_with_nothing_else_to_do_is_searched_without_a_break() -> None:
    search = Search(Village(), 20)
    filled(search, [])
    assert search.pieces == 1
    assert search.begun == [A_PROBE_S * number for number in range(20)]


def test_who_waits_is_read_before_the_next_probe_and_a_command_is_sent() -> None:
    for rank in (Rank.ON_DEMAND, Rank.COMMAND):
        search = Search(Village(), 20)
        filled(search, [(3.2, visit(11, rank))])
        assert search.village.outcomes() == {11: Outcome.OK}
        assert search.visits_before == [0] * 7 + [1] * 13


def test_visits_that_are_due_take_turns_with_it() -> None:
    search = Search(Village(), 60)
    filled(search, [(0.1, visit(number, Rank.SCHEDULED)) for number in (11, 12, 13)])
    a_piece = round(PIECE_S / A_PROBE_S)
    pieces = [search.visits_before.count(number) for number in range(4)]
    # A probe may begin at the very moment at which a piece of time is over, or a report comes.
    assert all(abs(probes - a_piece) <= 1 for probes in pieces[:3])
    assert sum(pieces) == 60


def test_the_past_waits_until_it_is_over() -> None:
    search = Search(Village(), 40)
    filled(search, [(0.1, visit(11, Rank.BACK_FILL))])
    assert set(search.visits_before) == {0}
    assert search.village.outcomes() == {11: Outcome.OK}


def test_a_line_that_is_let_go_of_ends_it_before_the_next_probe() -> None:
    search = Search(Village(), 1_000)
    filled(search, [])
    assert 300.0 - A_PROBE_S <= search.begun[-1] <= 300.0


def test_a_line_that_nobody_serves_is_not_filled() -> None:
    async def job() -> None:
        served = ServedLines(Village().headend(), lambda _, report: Village().sink(report))
        with pytest.raises(LineNotServedError):
            served.fill(1, Search(Village(), 1))
        served.stop()
        await served.until_stopped()

    run(job())
