import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.simulator.faults import FaultKind, other_passwords
from kilovatt.wire.simulator.plan import ConcentratorPlan, FileHomes, LinePlan, MeterPlan, TownPlan, TownPlanError
from kilovatt.wire.simulator.single import plan_concentrator, plan_single

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
V1 = model_by_key("mercury-206-prlsno")
V2 = model_by_key("mercury-234-art-03")
METER = MeterPlan(model=V2.key, serial=41_906_017, address=17, household="home_001_wh", line="line-01")
PLAN = TownPlan(now=NOW, homes=FileHomes(path="homes.parquet"), lines=(LinePlan(name="line-01"),), meters=(METER,))


def test_a_plan_with_a_file_of_homes_survives_a_file() -> None:
    assert TownPlan.from_json(PLAN.to_json()) == PLAN


def test_a_town_started_again_later_keeps_its_past_and_shows_the_later_instant() -> None:
    later = replace(PLAN, clock_at=NOW + timedelta(hours=5))

    assert TownPlan.from_json(later.to_json()) == later


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"address": 0}, "address 0, and 1 to 240 is wanted for mercury-v2"),
        ({"address": 241}, "address 241, and 1 to 240"),
        ({"model": V1.key, "address": 100_000_000}, "1 to 99999999 is wanted for mercury-v1"),
        ({"serial": 100_000_000}, "serial number 100000000, and 1 to 99999999 is wanted"),
        ({"ratio": 0}, "ratio 0, and at least 1"),
        ({"zones": 4}, "4 zones, and 1, 2 or 3"),
        ({"model": "abacus"}, "no meter model abacus"),
        ({"faults": frozenset({FaultKind.NOISE})}, "only a line can have: noise"),
    ],
)
def test_an_impossible_meter_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TownPlanError, match=sentence):
        replace(METER, **change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"now": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=3)))}, "starts at an instant in UTC"),
        ({"lines": PLAN.lines * 2}, "Two lines"),
        ({"lines": ()}, "on line line-01, which the town does not have"),
        ({"meters": (METER, replace(METER, serial=1))}, "2 meters with the address 17"),
        ({"meters": (METER, replace(METER, model=V1.key, address=18))}, "meters of two languages"),
    ],
)
def test_an_impossible_town_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TownPlanError, match=sentence):
        replace(PLAN, **change)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', PLAN.to_json().replace('"address": 17', '"address": "x"')]
)
def test_a_text_that_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(TownPlanError, match="This is no plan of a town"):
        TownPlan.from_json(text)


def test_a_plan_of_a_newer_program_is_refused() -> None:
    text = json.dumps(json.loads(PLAN.to_json()) | {"format": 3})

    with pytest.raises(TownPlanError, match="has format 3, and this program reads 2"):
        TownPlan.from_json(text)


@pytest.mark.parametrize(
    ("serial", "address"), [(41_906_017, 17), (41_906_239, 239), (41_906_467, 67), (41_906_400, 1), (41_906_000, 1)]
)
def test_a_v2_meter_leaves_the_factory_with_the_end_of_its_serial_number(serial: int, address: int) -> None:
    assert factory_address(V2, serial) == address
    assert factory_address(V1, serial) == serial


def test_a_single_meter_is_as_from_the_factory() -> None:
    (meter,) = plan_single(V2, now=NOW, port=0).meters

    assert (meter.serial, meter.address) == (41_906_467, 67)
    assert meter.passwords == {1: "111111", 2: "222222"}


def test_a_single_v1_meter_has_one_number() -> None:
    (meter,) = plan_single(V1, now=NOW, port=0, address=12_345_678).meters

    assert (meter.serial, meter.address) == (12_345_678, 12_345_678)


def test_a_single_meter_takes_what_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "homes.parquet"
    pl.DataFrame({"start_at": [datetime(2009, 3, 1)], "a_wh": [1], "b_wh": [2]}).write_parquet(path)
    faults = frozenset({FaultKind.NOISE, FaultKind.COVER})

    plan = plan_single(
        V2, now=NOW, port=4001, serial=7, address=9, password="123456", households=path, household="b_wh", faults=faults
    )

    (meter,), (line,) = plan.meters, plan.lines
    assert plan.homes == FileHomes(path=str(path))
    assert (meter.serial, meter.address, meter.household, line.port) == (7, 9, "b_wh", 4001)
    assert meter.passwords == {1: "123456", 2: "222222"}
    assert plan.faults_of(meter) == faults
    assert plan_single(V2, now=NOW, port=0, households=path).meters[0].household == "a_wh"


def test_a_single_meter_with_a_wrong_password_has_neither_the_factorys_nor_the_given_one() -> None:
    (meter,) = plan_single(V2, now=NOW, port=0, password="123456", faults=frozenset({FaultKind.WRONG_PASSWORD})).meters

    assert meter.passwords == other_passwords(V2)


@pytest.mark.parametrize(
    ("model", "password", "sentence"),
    [
        (V1, "111111", "Меркурий 206 PRLSNO has none"),
        (V2, "11111", "is 6 digits: got 5"),
        (V2, "11111х", "is 6 digits"),
        (V2, "abcdef", "is 6 digits: got 6"),
    ],
)
def test_an_impossible_password_is_refused(model: MeterModel, password: str, sentence: str) -> None:
    with pytest.raises(TownPlanError, match=sentence):
        plan_single(model, now=NOW, port=0, password=password)


def test_a_household_without_a_file_is_refused() -> None:
    with pytest.raises(TownPlanError, match="no file of households is given"):
        plan_single(V2, now=NOW, port=0, household="a_wh")


BEHIND_A = MeterPlan(model="spodes-1ph@uspd", serial=41_906_017, address=217, household="home_001_wh", line="line-01")
CONCENTRATED = replace(
    PLAN, lines=(LinePlan(name="line-01", concentrator=ConcentratorPlan(serial=24_000_001)),), meters=(BEHIND_A,)
)


def test_a_plan_with_a_concentrator_survives_a_file() -> None:
    kept = replace(CONCENTRATED, meters=(replace(BEHIND_A, faults=frozenset({FaultKind.UNREACHED})),))

    assert TownPlan.from_json(kept.to_json()) == kept


def test_a_plan_of_before_there_were_concentrators_is_read() -> None:
    document = json.loads(PLAN.to_json())
    document["format"] = 1
    del document["lines"][0]["concentrator"]

    assert TownPlan.from_json(json.dumps(document)) == PLAN


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"lines": PLAN.lines}, "models with @uspd stand behind a concentrator"),
        ({"meters": (METER,)}, "and no others do"),
        (
            {"lines": PLAN.lines, "meters": (replace(METER, faults=frozenset({FaultKind.UNREACHED})),)},
            "is unreached, and stands behind no concentrator",
        ),
    ],
)
def test_who_stands_where_no_concentrator_could_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TownPlanError, match=sentence):
        replace(CONCENTRATED, **change)


def test_one_meter_behind_a_concentrator_is_planned_with_it() -> None:
    plan = plan_single(model_by_key("nartis-i100@uspd"), now=NOW, port=0, serial=41_906_017)

    assert plan.lines[0].concentrator is not None
    assert plan.meters[0].address == factory_address(model_by_key("nartis-i100@uspd"), 41_906_017)


def test_a_concentrator_is_planned_with_so_many_meters_and_the_last_has_the_fault() -> None:
    faults = frozenset({FaultKind.WRONG_PASSWORD, FaultKind.LATE})
    plan = plan_concentrator(model_by_key("spodus-uspd"), meters=4, now=NOW, port=0, password="1234", faults=faults)

    assert plan.lines[0].concentrator is not None
    assert plan.lines[0].concentrator.passwords[1] == "1234"
    assert plan.lines[0].faults.kinds == {FaultKind.LATE}
    assert [meter.faults for meter in plan.meters] == [frozenset()] * 3 + [frozenset({FaultKind.WRONG_PASSWORD})]
    assert plan.meters[3].passwords == other_passwords(model_by_key(plan.meters[3].model))
    assert len({meter.address for meter in plan.meters}) == 4
