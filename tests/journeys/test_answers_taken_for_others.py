"""Gateways that mix answers up, meters exchanged, two meters at one address: nothing is kept as another meter's."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demonstration import KILOVATT, environment
from kilovatt.measure.metering.meter_days import RANK_MASK
from kilovatt.office.records.readings.packing import unpacked
from kilovatt.wire.simulator.faults import TWINS_CHANGE_EVERY_S, FaultKind, LineFaults
from kilovatt.wire.simulator.plan import TownPlan
from simulated_site import Site, site_of

SOAKING = os.environ.get("KILOVATT_SOAK") == "1"
SEEDS = range(11, 31 if SOAKING else 12)
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MODELS = (
    "mercury-234-artm-01-pob-r",
    "spodes-1ph",
    "mercury-206-prlsno",
    "psch-4tm-05mk-16-02",
    "energomera-ce102-r5-1",
    "energomera-ce303",
)
METERS = len(MODELS) + 4
ROUNDS_MAX = 20
_QUANTITIES = ("a_plus", "a_minus", "r_plus", "r_minus")
Change = Callable[[TownPlan], TownPlan]


def mixing_up(seed: int) -> Change:
    """Every line of the town mixes answers up, some of them so that they come when nobody waits for them any more."""

    def change(plan: TownPlan) -> TownPlan:
        faults = LineFaults(kinds=frozenset({FaultKind.MIXED_UP}), seed=seed, late_by_s=(0.1, 0.3, 2.0)[seed % 3])
        return replace(plan, lines=tuple(replace(line, faults=faults) for line in plan.lines))

    return change


def with_fault(kind: FaultKind, *numbers: int) -> Change:
    """The meters planned at these places, from 1, have a fault."""

    def change(plan: TownPlan) -> TownPlan:
        meters = [
            replace(meter, faults=frozenset({kind})) if number in numbers else meter
            for number, meter in enumerate(plan.meters, start=1)
        ]
        return replace(plan, meters=tuple(meters))

    return change


def visit_everybody(site: Site) -> None:
    for (meter_id,) in site.rows("SELECT id FROM records_meter"):
        site.ask_for(meter_id)
    waiting = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NULL"
    site.wait(lambda: site.value(waiting) == 0, seconds=120, what="everybody visited")


def read_whole(site: Site) -> None:
    """Visit everybody until all is there."""
    for _ in range(ROUNDS_MAX):
        visit_everybody(site)
        unread = "SELECT count(*) FROM records_meter m LEFT JOIN records_meterstanding s ON s.meter_id = m.id "
        missing = site.value("SELECT count(*) FROM records_profilegap WHERE lost = ''")
        if not missing and site.value(unread + "WHERE s.last_outcome IS NULL OR s.last_outcome != 'ok'") == 0:
            return
    pytest.fail(f"not whole after {ROUNDS_MAX} rounds")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a site has kept; what a register shows now is another at each visit, and is left out."""

    registers: frozenset[tuple[object, ...]]
    """Meter, quantity, tariff, moment, instant and value."""
    half_hours: frozenset[tuple[object, ...]]
    """Meter, day, quantity, number and count. What one reading of a day lacks another may have."""


def kept(site: Site) -> Kept:
    registers = site.rows(
        "SELECT meter_id, quantity, tariff, moment, taken_at, value FROM records_intakeregister WHERE moment != 'now'"
    )
    half_hours: set[tuple[object, ...]] = set()
    columns = ", ".join(("qualities", *_QUANTITIES))
    for meter_id, day_on, qualities, *counts in site.rows(
        f"SELECT meter_id, day_on, {columns} FROM records_intakemeterday"
    ):
        known = [slot for slot, quality in enumerate(unpacked(qualities) or ()) if quality & RANK_MASK]
        for quantity, packed in zip(_QUANTITIES, counts, strict=True):
            of_day = unpacked(packed)
            half_hours |= {(meter_id, day_on, quantity, slot, of_day[slot]) for slot in known if of_day is not None}
    return Kept(frozenset(registers), frozenset(half_hours))


def told_of(site: Site) -> str:
    """What the site's status says."""
    told = subprocess.run(
        [str(KILOVATT), "status", "--data", str(site.data)],
        env=environment(**site.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return told.stdout


def kept_of_a_sound_town(data: Path, models: tuple[str, ...], meters: int) -> Kept:
    with site_of(data, models, meters=meters, now=NOW) as sound:
        sound.start()
        read_whole(sound)
        return kept(sound)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_gateway_that_mixes_answers_up_costs_tries_and_puts_nothing_in_the_place_of_another(
    tmp_path: Path, seed: int
) -> None:
    with site_of(tmp_path / "mixed", MODELS, meters=METERS, now=NOW, changed=mixing_up(seed)) as site:
        site.start()
        read_whole(site)
        through_mixtures = kept(site)
        outcomes = {outcome for (outcome,) in site.rows("SELECT DISTINCT outcome FROM records_session")}
    assert {"ok", "noise"} <= outcomes <= {"ok", "noise", "silence", "another_meter"}
    assert through_mixtures == kept_of_a_sound_town(tmp_path / "sound", MODELS, METERS)


EXCHANGED = ("mercury-234-artm-01-pob-r", "spodes-1ph", "nartis-i100", "energomera-ce303")


@pytest.mark.timeout(300)
def test_of_a_meter_with_anothers_serial_nothing_is_kept_and_it_is_named(tmp_path: Path) -> None:
    exchanged = range(1, len(EXCHANGED) + 1)
    change = with_fault(FaultKind.ANOTHER_SERIAL, *exchanged)
    with site_of(tmp_path / "site", EXCHANGED, meters=2 * len(EXCHANGED), now=NOW, changed=change) as site:
        site.start()
        visit_everybody(site)
        outcomes = dict(site.rows("SELECT meter_id, last_outcome FROM records_meterstanding"))
        assert outcomes == {number: "another_meter" if number in exchanged else "ok" for number in outcomes}
        assert len(outcomes) == 2 * len(EXCHANGED)
        for table in ("intakeregister", "intakemeterday", "event", "intakesample"):
            of_others = f"SELECT count(*) FROM records_{table} WHERE meter_id <= ?"
            assert site.value(of_others, len(EXCHANGED)) == 0
        assert "another meter" in told_of(site)


@pytest.mark.timeout(400)
def test_of_two_meters_at_one_address_only_the_one_on_record_is_kept(tmp_path: Path) -> None:
    models = ("mercury-234-artm-01-pob-r", "energomera-ce303")
    with site_of(tmp_path / "site", models, meters=4, now=NOW, changed=with_fault(FaultKind.TWIN, 1, 2)) as site:
        site.rows("UPDATE records_line SET answer_timeout_ms = 500")
        site.start()
        began = time.monotonic()
        while time.monotonic() - began < 3.5 * TWINS_CHANGE_EVERY_S:
            visit_everybody(site)
        outcomes = set(site.rows("SELECT DISTINCT meter_id > 2, outcome FROM records_session"))
        assert {(0, "ok"), (0, "another_meter"), (0, "noise"), (1, "ok")} <= outcomes
        assert outcomes <= {(0, "ok"), (0, "another_meter"), (0, "noise"), (0, "silence"), (1, "ok")}
        kept_beside_twins = kept(site)
    sound = kept_of_a_sound_town(tmp_path / "sound", models, 4)
    assert kept_beside_twins.registers <= sound.registers
    assert kept_beside_twins.half_hours <= sound.half_hours
    assert {meter_id for meter_id, *_ in kept_beside_twins.registers} == {1, 2, 3, 4}
