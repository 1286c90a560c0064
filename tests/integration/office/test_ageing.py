"""Frames of the load profile age out, those that prove registers and events stay as long as bills are disputed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.lake.sole_keeper import sole_keeper
from kilovatt.lake.store import LakeTable
from kilovatt.lake.tables import FRAMES
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderPart
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import ageing, history, keeper, lake_rows
from kilovatt.office.operations.keeping.ageing import let_frames_go
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import HeldApart, Meter, MeterOrder, OrderFrame, Organisation, Session
from on_record import NOW, clock, cover_opened, meter_day, register, report_of

# What was heard in November is as old as its month: 1 December 2026.
TOO_EARLY = datetime(2027, 2, 28, 23, 59, tzinfo=UTC)
AGED = datetime(2027, 3, 1, tzinfo=UTC)
OF_BILLS_PAST = datetime(2029, 12, 1, tzinfo=UTC)
PROFILE, FLOWED, REGISTER, EVENT = 9, 30, 3, 20


@pytest.fixture
def heard(meter: Meter) -> Meter:
    learnt = Learnt(
        instant=InstantValues(taken_at=NOW, power_w=412, exchange=FLOWED),
        registers=(register(8_000, exchange=REGISTER),),
        meter_days=(meter_day(date(2026, 11, 20), [2] * 48, exchange=PROFILE),),
        events=(cover_opened(NOW - timedelta(hours=1)),),
    )
    accept(report_of(meter, learnt), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    return meter


def kept() -> set[int]:
    session = Session.objects.get()
    every = (REGISTER, PROFILE, EVENT, FLOWED)
    return {exchange for exchange in every if history.frame(session.pk, exchange) is not None}


def files() -> list[str]:
    return sorted(path.name for path in (lake_rows.site_lake().path / FRAMES.name).glob("month=*/bucket=*/*.parquet"))


def test_frames_of_the_load_profile_go_after_a_season_and_proofs_stay(heard: Meter) -> None:
    let_frames_go(now=TOO_EARLY)
    assert kept() == {REGISTER, PROFILE, EVENT, FLOWED}
    aged = let_frames_go(now=AGED)
    assert aged is not None
    assert (aged.gone, aged.kept) == (2, 2)
    assert kept() == {REGISTER, EVENT}


def test_proofs_go_when_bills_can_be_disputed_no_more(heard: Meter) -> None:
    let_frames_go(now=AGED)
    let_frames_go(now=OF_BILLS_PAST - timedelta(days=1))
    assert kept() == {REGISTER, EVENT}
    let_frames_go(now=OF_BILLS_PAST + timedelta(days=1))
    assert kept() == set()


def test_what_has_aged_out_is_not_looked_at_again(heard: Meter) -> None:
    let_frames_go(now=AGED)
    version = lake_rows.settled_version(FRAMES)
    again = let_frames_go(now=AGED + timedelta(hours=1))
    assert again is not None
    assert (again.gone, lake_rows.settled_version(FRAMES)) == (0, version)


def test_values_stay_when_the_frames_that_carried_them_have_gone(heard: Meter) -> None:
    on = date(2026, 11, 20)
    let_frames_go(now=AGED)
    (stored,) = history.meter_days([heard.pk], on, on + timedelta(days=1))[heard.pk]
    assert stored.day.a_plus == (2,) * 48


def test_a_day_that_waits_for_a_person_to_judge_it_keeps_its_frames(meter: Meter) -> None:
    wrong = clock(ahead=timedelta(hours=3))
    days = (meter_day(date(2026, 11, 20), [2] * 48, exchange=PROFILE),)
    accept(report_of(meter, Learnt(clock=wrong, meter_days=days)), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    let_frames_go(now=AGED)
    assert PROFILE in kept()
    assert HeldApart.objects.get().state == HeldApart.State.HELD


def test_the_frames_of_a_command_are_proofs_too(heard: Meter, association: Organisation) -> None:
    operator = register_operator(association, username="operator", password="operator-pass-1")
    order = MeterOrder.objects.create(
        meter=heard,
        kind=CommandKind.OPEN_RELAY,
        because="долг",
        requested_by=operator,
        requested_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    OrderFrame.objects.create(order=order, session=Session.objects.get(), exchange=FLOWED, part=OrderPart.ASKED)
    let_frames_go(now=AGED)
    assert kept() == {REGISTER, EVENT, FLOWED}


@pytest.mark.parametrize("after", [False, True])
def test_broken_off_at_its_commit_it_is_done_again(heard: Meter, monkeypatch: pytest.MonkeyPatch, after: bool) -> None:
    whole = LakeTable.rewrite

    def torn(self: LakeTable, *arguments: object, **options: object) -> int:
        if after:
            whole(self, *arguments, **options)  # type: ignore[arg-type]  # as it was called
        raise InterruptedError

    monkeypatch.setattr(LakeTable, "rewrite", torn)
    with pytest.raises(InterruptedError):
        let_frames_go(now=AGED)
    assert kept() == {REGISTER, PROFILE, EVENT, FLOWED}
    monkeypatch.undo()
    let_frames_go(now=AGED)
    assert kept() == {REGISTER, EVENT}
    accept(report_of(heard, Learnt(registers=(register(9_000),)), name="later", at=AGED), now=AGED)
    keeper.carry_to_the_lake(now=AGED)
    assert [stored.value for stored in history.registers([heard.pk], since=NOW, until=AGED)] == [8_000, 9_000]


def test_files_are_deleted_a_day_after_nothing_newer_has_them(heard: Meter) -> None:
    let_frames_go(now=AGED)
    assert files() == ["batch-000000000001.parquet", "proofs-000000000001.parquet"]
    aged = let_frames_go(now=AGED + ageing.READERS_GONE_AFTER)
    assert aged is not None
    assert aged.files_deleted == 1
    assert files() == ["proofs-000000000001.parquet"]
    assert kept() == {REGISTER, EVENT}


def test_while_a_batch_is_open_or_a_keeper_at_work_nothing_goes(heard: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    with sole_keeper(lake_rows.site_lake().path) as alone:
        assert alone
        assert let_frames_go(now=AGED) is None
    accept(report_of(heard, Learnt(registers=(register(9_000),)), name="later", at=AGED), now=AGED)

    def torn(*_arguments: object, **_options: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(keeper, "settle", torn)
    with pytest.raises(InterruptedError):
        keeper.carry_to_the_lake(now=AGED)
    assert let_frames_go(now=AGED) is None
