"""A night in a town with every fault: what any retry could have got is there, once; all else has its reason."""

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.simulator.faults import UNREADABLE_FAULTS
from kilovatt.wire.simulator.planning import MODELS_OF_A_TOWN, FaultPlan
from settled_days import settled_days
from simulated_site import Site, site_of

SOAKING = os.environ.get("KILOVATT_SOAK") == "1"
METERS = 2_000 if SOAKING else 300
KILLS = 100 if SOAKING else 20
NIGHT_S = 8 * 3600 if SOAKING else 900
SETTLED = ("confirmed", "failed", "unknown")


def readable(site: Site) -> set[str]:
    """The serial numbers of meters under whose faults something can be read."""
    return {f"{meter.serial:08d}" for meter in site.plan.meters if not site.plan.faults_of(meter) & UNREADABLE_FAULTS}


def with_gaps(site: Site) -> set[str]:
    """The serial numbers of meters that have not been read, or whose past is not whole."""
    keeps_profile = {f"{meter.serial:08d}": model_by_key(meter.model).has_profile for meter in site.plan.meters}
    rows = site.rows(
        "SELECT m.serial, s.last_read_at IS NULL, s.gaps_noticed_until_on IS NULL, "
        "EXISTS (SELECT 1 FROM records_profilegap g WHERE g.meter_id = m.id AND g.lost = '') "
        "FROM records_meter m LEFT JOIN records_meterstanding s ON s.meter_id = m.id"
    )
    return {
        serial
        for serial, is_unread, is_unnoticed, has_gaps in rows
        if is_unread or has_gaps or (is_unnoticed and keeps_profile[serial])
    }


def commanded(site: Site, serials: set[str], count: int) -> list[str]:
    """Open the relays of some of these meters that can be told to."""
    able = [
        number
        for number, meter in enumerate(site.plan.meters, start=1)
        if f"{meter.serial:08d}" in serials
        and CommandKind.OPEN_RELAY in model_by_key(meter.model).commands
        and meter.model.startswith("mercury")
    ]
    return site.order_each(able[:count], "OpenRelay") if able else []


def whole_days(site: Site) -> Counter[tuple[int, date]]:
    """How often each whole day of each meter is there, in the intake and in the lake."""
    days: Counter[tuple[int, date]] = Counter()
    rows = site.rows("SELECT meter_id, day_on, qualities FROM records_intakemeterday")
    days.update((meter_id, date.fromisoformat(on)) for meter_id, on, known in rows if all(unpacked(known)))
    days.update((row["meter_id"], row["day_on"]) for row in settled_days(site) if all(row["qualities"]))
    return days


def unpacked(qualities: bytes) -> "memoryview[int]":
    return memoryview(qualities).cast("i")


def held_by_meters(site: Site, serials: set[str]) -> set[tuple[int, date]]:
    """The days that these meters hold, since they were installed and as deep as their memory, and that have passed."""
    zone = ZoneInfo(site.plan.zone)
    until_on = (site.plan.now + site.ahead).astimezone(zone).date()
    installed = dict(site.rows("SELECT meter_id, installed_at FROM records_installation"))
    held = set()
    for number, meter in enumerate(site.plan.meters, start=1):
        model = model_by_key(meter.model)
        since = datetime.fromisoformat(installed[number]).replace(tzinfo=UTC).astimezone(zone).date()
        first_on = max(since, until_on - timedelta(days=model.profile_depth_days))
        if model.has_profile and f"{meter.serial:08d}" in serials:
            held |= {(number, first_on + timedelta(days=n)) for n in range((until_on - first_on).days)}
    return held


@pytest.mark.timeout(NIGHT_S + 900)
def test_a_night_in_a_town_with_every_fault_leaves_nothing_that_could_be_got(tmp_path: Path) -> None:
    models = [model.key for model in MODELS_OF_A_TOWN]
    with site_of(tmp_path / "site", models, meters=METERS, faults=FaultPlan.SOME, KILOVATT_READ_EVERY_MIN="2") as site:
        site.start()
        site.start()
        wanted = readable(site)
        orders = commanded(site, wanted, 4)
        in_vain = commanded(site, {f"{meter.serial:08d}" for meter in site.plan.meters} - wanted, 1)
        site.wait(lambda: not with_gaps(site) & wanted, seconds=NIGHT_S, what="everything that can be read is there")
        site.wait(lambda: all(site.state_of(one)[0] in SETTLED for one in orders), seconds=300, what="orders settled")
        site.stop()
        every_day_is_there_once(site, wanted)
        every_other_has_its_reason(site, wanted)
        states = {order: site.state_of(order) for order in orders}
        assert any(state == "confirmed" for state, _, _ in states.values()), states
        assert all(state == "confirmed" or why for state, _, why in states.values()), states
        # What nobody could bring waits until it expires, and says what it waits for.
        for state, _, why in map(site.state_of, in_vain):
            assert state in {"approved", "claimed", *SETTLED}
            assert why or state in {"claimed", "confirmed"}


def every_day_is_there_once(site: Site, serials: set[str]) -> None:
    """Assert that each meter-day which the meters hold is in the intake or in the lake, once."""
    there, wanted = whole_days(site), held_by_meters(site, serials)
    assert wanted - set(there) == set()
    assert {day for day, times in there.items() if times > 1} == set()


def every_other_has_its_reason(site: Site, serials: set[str]) -> None:
    """Assert that who told nothing has a reason of the taxonomy, and is none of those that can be read."""
    rows = site.rows(
        "SELECT m.serial, s.last_outcome FROM records_meter m JOIN records_meterstanding s ON s.meter_id = m.id "
        "WHERE s.last_read_at IS NULL OR EXISTS "
        "(SELECT 1 FROM records_profilegap g WHERE g.meter_id = m.id AND g.lost = '')"
    )
    assert {serial for serial, _ in rows} & serials == set()
    assert {outcome for _, outcome in rows} <= {outcome.value for outcome in Outcome} - {"ok"}
    told = {serial for (serial,) in site.rows("SELECT serial FROM records_meter WHERE id IN "
                                              "(SELECT meter_id FROM records_meterstanding)")}  # fmt: skip
    assert told == {f"{meter.serial:08d}" for meter in site.plan.meters}


@pytest.mark.timeout(1_800)
def test_processes_killed_at_random_moments_lose_nothing_and_tell_no_meter_twice(tmp_path: Path) -> None:
    dice = random.Random(20261124)
    models = ["mercury-234-artm-01-pob-r", "mercury-206-prlsno", "nartis-i100"]
    with site_of(tmp_path / "site", models, meters=6, KILOVATT_READ_EVERY_MIN="1", KILOVATT_LINE_LEASE_S="1") as site:
        orders: list[str] = []
        for number in range(KILLS):
            process = site.start()
            if number % 2 == 0 and (not orders or site.state_of(orders[-1])[0] in SETTLED):
                orders.append(site.order(1, "CloseRelay" if len(orders) % 2 else "OpenRelay"))
            time.sleep(dice.uniform(0.5, 4.5))
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        site.start()
        site.wait(lambda: not with_gaps(site), seconds=120, what="everything read in the end")
        site.wait(lambda: all(site.state_of(one)[0] in SETTLED for one in orders), seconds=120, what="orders settled")
        for table in ("intakeregister", "intakemeterday"):
            twice = f"SELECT digest FROM records_{table} GROUP BY digest HAVING count(*) > 1"
            assert site.rows(twice) == []
        # The journal is read by a visit that begins after the last command.
        key = site.ask_for(1)
        done = "SELECT count(*) FROM records_work WHERE key = ? AND done_at IS NOT NULL"
        site.wait(lambda: site.value(done, key) == 1, seconds=60, what="the journal read")
        told = Counter(kind for (kind,) in site.rows("SELECT kind FROM records_event WHERE meter_id = 1"))
        wanted = ["relay_closed" if number % 2 else "relay_opened" for number, _ in enumerate(orders)]
        states = [site.state_of(one)[0] for one in orders]
        # None was told twice: the meter has switched no oftener than it was told to.
        assert told["relay_opened"] <= wanted.count("relay_opened"), (told, states)
        assert told["relay_closed"] <= wanted.count("relay_closed"), (told, states)
        # And what was proved happened: from one proved state to the other it takes a switching.
        proved = [kind for kind, state in zip(wanted, states, strict=True) if state == "confirmed"]
        changes = sum(before != after for before, after in pairwise(["relay_closed", *proved]))
        assert told["relay_opened"] + told["relay_closed"] >= changes > 0, (told, states)
        if "unknown" not in states:
            closed = site.value("SELECT relay_closed FROM records_meterstanding WHERE meter_id = 1")
            assert bool(closed) == (proved[-1] == "relay_closed"), (told, states)
