"""Whatever breaks between the intake and the lake, nothing is lost and nothing is there twice."""

from datetime import timedelta

import pytest

from kilovatt.lake import store
from kilovatt.lake.sole_keeper import sole_keeper
from kilovatt.lake.store import LakeTable
from kilovatt.lake.tables import REGISTERS, SAMPLES, TABLES
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import history, keeper, lake_rows, sample_history
from kilovatt.office.operations.lines import leases
from kilovatt.office.records.models import Batch, IntakeRegister, IntakeSample, Meter, Work
from on_record import NOW, register, report_of


class PowerCutError(Exception):
    """Stands for a process that ends in the middle."""


def values(meter: Meter) -> list[int]:
    return [stored.value for stored in history.registers([meter.pk], since=NOW, until=NOW + timedelta(days=1))]


def voltages(meter: Meter) -> list[tuple[int, ...]]:
    heard = sample_history.samples([meter.pk], since=NOW, until=NOW + timedelta(days=1))
    return [stored.values.voltages_mv for stored in heard]


@pytest.fixture
def heard(meter: Meter) -> Meter:
    instant = InstantValues(taken_at=NOW, power_w=412, voltages_mv=(231_400, 229_900), relay_closed=True, exchange=30)
    registers = (register(1, tariff=1), register(2, tariff=2))
    accept(report_of(meter, Learnt(instant=instant, registers=registers)), now=NOW)
    return meter


@pytest.mark.parametrize("step", ["write", "publish"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_a_power_cut_at_a_step_of_a_table_is_mended_by_the_next_keeper(
    heard: Meter, monkeypatch: pytest.MonkeyPatch, step: str, after: bool, table: str
) -> None:
    whole = getattr(LakeTable, step)

    def torn(self: LakeTable, *arguments: object) -> object:
        if self.shape.name == table and not after:
            raise PowerCutError
        result = whole(self, *arguments)
        if self.shape.name == table:
            raise PowerCutError
        return result

    monkeypatch.setattr(LakeTable, step, torn)
    with pytest.raises(PowerCutError):
        keeper.carry_to_the_lake(now=NOW)
    assert values(heard) == [1, 2]
    monkeypatch.setattr(LakeTable, step, whole)
    batch = keeper.carry_to_the_lake(now=NOW)
    assert batch is not None
    assert batch.number == 1
    assert values(heard) == [1, 2]
    assert voltages(heard) == [(231_400, 229_900)]
    for shape, rows in ((REGISTERS, 2), (SAMPLES, 1)):
        lake = lake_rows.site_lake().table(shape)
        assert lake.read(lake.open().version(), meter_ids=[heard.pk]).num_rows == rows


def test_a_lake_from_before_there_were_samples_is_given_their_table(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(report_of(meter, Learnt(registers=(register(1),))), now=NOW)
    monkeypatch.setattr(store, "TABLES", tuple(table for table in TABLES if table is not SAMPLES))
    keeper.carry_to_the_lake(now=NOW)
    assert not (lake_rows.site_lake().path / SAMPLES.name).exists()
    monkeypatch.undo()
    assert (lake_rows.settled_version(SAMPLES), voltages(meter)) == (None, [])
    instant = InstantValues(taken_at=NOW, power_w=None, voltages_mv=(231_400,), exchange=30)
    accept(report_of(meter, Learnt(instant=instant), name="second"), now=NOW)
    keeper.carry_to_the_lake(now=NOW)
    assert not IntakeSample.objects.exists()
    assert (voltages(meter), values(meter)) == ([(231_400,)], [1])


def test_rows_that_come_while_a_batch_is_open_wait_for_the_next(heard: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = keeper.write_and_publish

    def torn(batch: Batch) -> dict[str, int]:
        whole(batch)
        raise PowerCutError

    monkeypatch.setattr(keeper, "write_and_publish", torn)
    with pytest.raises(PowerCutError):
        keeper.carry_to_the_lake(now=NOW)
    monkeypatch.setattr(keeper, "write_and_publish", whole)
    later = NOW + timedelta(hours=1)
    accept(report_of(heard, Learnt(registers=(register(3, at=later),)), name="second", at=later), now=later)
    keeper.carry_to_the_lake(now=later)
    assert list(IntakeRegister.objects.values_list("value", flat=True)) == [3]
    assert values(heard) == [1, 2, 3]
    keeper.carry_to_the_lake(now=later)
    assert values(heard) == [1, 2, 3]


def test_one_keeper_at_a_time(heard: Meter) -> None:
    with sole_keeper(lake_rows.site_lake().path) as alone:
        assert alone
        assert keeper.carry_to_the_lake(now=NOW) is None
    assert keeper.carry_to_the_lake(now=NOW) is not None


def test_a_killed_keeper_is_followed_at_once_and_fenced_off(heard: Meter) -> None:
    of_the_killed = leases.take("keeper", "intake", now=NOW, length=timedelta(minutes=10))
    assert of_the_killed is not None
    assert keeper.close(of_the_killed, now=NOW) is not None
    assert keeper.carry_to_the_lake(now=NOW) is not None
    assert not IntakeRegister.objects.exists()
    with pytest.raises(leases.FencedOffError):
        leases.extend(of_the_killed, now=NOW, length=timedelta(minutes=10))


def test_a_keeper_that_lost_its_lease_settles_nothing(heard: Meter) -> None:
    lease = leases.take("keeper", "intake", now=NOW, length=timedelta(minutes=10))
    assert lease is not None
    batch = keeper.close(lease, now=NOW)
    assert batch is not None
    versions = keeper.write_and_publish(batch)
    leases.take("keeper", "intake", now=NOW + timedelta(minutes=11), length=timedelta(minutes=10))
    with pytest.raises(leases.FencedOffError):
        keeper.settle(lease, batch, versions, now=NOW)
    assert IntakeRegister.objects.count() == 2


def test_a_lease_is_kept_longer_while_it_is_ours(db: None) -> None:
    lease = leases.take("line", "1", now=NOW, length=timedelta(minutes=1))
    assert lease is not None
    leases.extend(lease, now=NOW, length=timedelta(hours=1))
    assert leases.take("line", "1", now=NOW + timedelta(minutes=30), length=timedelta(minutes=1)) is None
    leases.take("line", "1", now=NOW + timedelta(minutes=90), length=timedelta(minutes=1))
    with pytest.raises(leases.FencedOffError):
        leases.extend(lease, now=NOW, length=timedelta(hours=1))


def test_a_lease_given_back_is_free_at_once(db: None) -> None:
    lease = leases.take("line", "1", now=NOW, length=timedelta(hours=1))
    assert lease is not None
    leases.give_back(lease)
    assert leases.take("line", "1", now=NOW, length=timedelta(hours=1)) is not None
    assert Work.objects.get().tries == 2
