"""Sessions on their way into the records: who comes meanwhile shares a transaction, and what breaks is one's own."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kilovatt.config.figures import HeadendFigures
from kilovatt.config.intake import AT_ONCE, Intake
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.intake import ingest
from kilovatt.office.operations.intake.ingest import Acceptance, Delivered
from kilovatt.office.operations.lines.leases import FencedOffError, Lease

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NOBODY = 13
LOST = Lease("line", "7", 1)


class Records:
    """Records that know no meter 13, and a line 7 that is another's."""

    def __init__(self) -> None:
        self.transactions: list[list[int]] = []

    def accept_all(self, delivered: Sequence[Delivered], *, now: datetime) -> list[Acceptance]:
        del now
        meters = [one.report.meter_id for one in delivered]
        if NOBODY in meters:
            raise LookupError(NOBODY)
        self.transactions.append(meters)
        return [
            Acceptance(is_new=True, fenced_off=FencedOffError("lost") if one.lease == LOST else None)
            for one in delivered
        ]


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Records:
    records = Records()
    monkeypatch.setattr(ingest, "accept_all", records.accept_all)
    return records


def session(meter_id: int) -> SessionReport:
    return SessionReport(
        session_id=UUID(int=meter_id),
        meter_id=meter_id,
        language="mercury-v2",
        started_at=NOW,
        ended_at=NOW,
        outcome=Outcome.OK,
        failed_part=None,
        detail="",
        learnt=Learnt(),
        exchanges=(),
        exchanges_made=0,
        retries=0,
    )


def delivered(*meter_ids: int, noticed: list[int] | None = None, lease: Lease | None = None) -> list[object]:
    """What became of sessions that come at once."""

    async def deliver() -> list[object]:
        heard: list[int] = [] if noticed is None else noticed
        intake = Intake(SiteClock(), lambda report: heard.append(report.meter_id), HeadendFigures())
        try:
            waiting = [intake.sink(session(meter_id), lease) for meter_id in meter_ids]
            return list(await asyncio.gather(*waiting, return_exceptions=True))
        finally:
            intake.close()

    return asyncio.run(deliver())


def test_those_that_come_meanwhile_share_a_transaction(records: Records) -> None:
    noticed: list[int] = []
    assert delivered(*range(20, 30), noticed=noticed) == [None] * 10
    assert noticed == [*range(20, 30)]
    assert len(records.transactions) <= 2


def test_of_one_meter_one_session_is_in_a_transaction_and_its_next_comes_after(records: Records) -> None:
    assert delivered(1, 1, 2, 1) == [None] * 4
    assert all(len(set(meters)) == len(meters) for meters in records.transactions)
    assert sum(meters.count(1) for meters in records.transactions) == 3


def test_a_transaction_is_of_so_many_at_most(records: Records) -> None:
    delivered(*range(100, 100 + 3 * AT_ONCE))
    assert max(map(len, records.transactions)) <= AT_ONCE
    assert sum(map(len, records.transactions)) == 3 * AT_ONCE


def test_what_one_session_breaks_costs_the_others_nothing(records: Records) -> None:
    noticed: list[int] = []
    results = delivered(1, NOBODY, 2, noticed=noticed)
    assert [type(result) for result in results] == [type(None), LookupError, type(None)]
    assert sorted(noticed) == [1, 2]


def test_a_session_of_a_line_that_was_lost_is_not_accepted(records: Records) -> None:
    noticed: list[int] = []
    (result,) = delivered(1, noticed=noticed, lease=LOST)
    assert isinstance(result, FencedOffError)
    assert noticed == []
