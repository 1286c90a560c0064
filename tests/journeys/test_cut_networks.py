"""Networks cut and healed at random moments: nothing acknowledged lost, nothing twice, no meter told twice.

Head-ends and a town of meters live in two networks of their own, joined by a cable: its ends are pulled out, or it
swallows what goes in one direction, while profiles are filled and commands are under way.
"""

import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import pytest

from cut_networks import Cable, Cut, joined_networks
from demonstration import KILOVATT, environment
from settled_days import settled_days
from simulated_site import Place, Site, site_of

SOAKING = os.environ.get("KILOVATT_SOAK") == "1"
CUTS = 200 if SOAKING else 6
MERCURY = "mercury-234-artm-01-pob-r"
MODELS = (MERCURY, "mercury-206-prlsno", MERCURY, "nartis-i100", MERCURY, "spodes-1ph")
METERS = len(MODELS)
COMMANDED = [number for number, model in enumerate(MODELS, start=1) if model == MERCURY]
PATIENCE_MS = 500
THINK_S = 0.01
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
"""A month of the past is missing at first, not two."""
OVER = ("confirmed", "failed")
SEEN_THROUGH_A_CUT = {"ok", "no_route", "silence", "noise", "another_meter"}
"""Answers that a cut held back until they were overdue may be a neighbour's, asked in vain just before."""
_ACCEPTED = re.compile(r"session (\S{36}) accepted")
_SESSION_OF_METER_1 = "SELECT outcome FROM records_session WHERE meter_id = 1 ORDER BY started_at DESC LIMIT 1"


def gaps(site: Site) -> int:
    unnoticed = "SELECT count(*) FROM records_meterstanding WHERE gaps_noticed_until_on IS NULL"
    missing: int = site.value("SELECT count(*) FROM records_profilegap WHERE lost = ''") + site.value(unnoticed)
    return missing


def read(site: Site) -> int:
    read: int = site.value("SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'")
    return read


def waited_for(site: Site) -> int:
    waiting: int = site.value("SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NULL")
    return waiting


class Orders:
    """Orders to the relays of some meters: one after another, each once the one before is over."""

    def __init__(self, site: Site, meter_ids: Sequence[int]) -> None:
        self._site = site
        self.given: dict[int, list[tuple[str, str]]] = {meter_id: [] for meter_id in meter_ids}
        """By meter: the event that each was to bring about, and the number of the order."""
        self.struck = 0
        """How many were on their way when the cable was cut."""

    def state_of(self, meter_id: int) -> str:
        """The state of the newest order to a meter."""
        given = self.given[meter_id]
        return self._site.state_of(given[-1][1])[0] if given else "confirmed"

    def give_next(self, command: str, event: str) -> None:
        free = [meter_id for meter_id in self.given if self.state_of(meter_id) in OVER]
        if free:
            for meter_id, number in zip(free, self._site.order_each(free, command), strict=True):
                self.given[meter_id].append((event, number))

    def hurry(self) -> None:
        """Have those brought or proved now that are to be tried again in half a minute or later."""
        self._site.rows(
            "UPDATE records_meterorder SET due_at = requested_at "
            "WHERE state IN ('approved', 'unknown') AND claimed_fence IS NULL"
        )

    def are_over(self) -> bool:
        self.hurry()
        return all(self.state_of(meter_id) in OVER for meter_id in self.given)

    def wait_until_sent(self) -> None:
        """Wait a moment for one of the newest to be on its way to its meter."""
        for _ in range(400):
            if any(self.state_of(meter_id) == "sent" for meter_id in self.given):
                return
            time.sleep(0.005)


def cut_and_heal(site: Site, cable: Cable, how: Cut, orders: Orders, dice: random.Random) -> None:
    orders.give_next(*dice.choice([("OpenRelay", "relay_opened"), ("CloseRelay", "relay_closed")]))
    orders.hurry()
    for meter_id in dice.sample(range(1, METERS + 1), 3):
        site.ask_for(meter_id)
    if dice.random() < 0.7:
        orders.wait_until_sent()
    time.sleep(dice.choice([0.0, dice.uniform(0.0, 0.5)]))
    cable.cut(how)
    orders.struck += sum(orders.state_of(meter_id) == "sent" for meter_id in orders.given)
    time.sleep(dice.choice([0.3, 0.8, 1.5, 3.0]))
    cable.heal(how)
    time.sleep(dice.uniform(0.0, 1.0))


def ways_to_cut(dice: random.Random) -> Iterator[Cut]:
    """All of them in turn, in random order."""
    while True:
        yield from dice.sample(list(Cut), len(Cut))


def settle(site: Site, orders: Orders) -> None:
    """With the network whole: bring and prove what was ordered, and read all that is missing."""
    site.wait(orders.are_over, seconds=60, what="every order over")
    # A meter that could not be reached is tried again later and later; here each is asked for until it is whole.
    began = time.monotonic()
    while gaps(site) or read(site) < METERS or began > time.monotonic() - 1:
        for (meter_id,) in site.rows("SELECT id FROM records_meter"):
            site.ask_for(meter_id)
        site.wait(lambda: waited_for(site) == 0, seconds=60, what="every meter visited")
        assert time.monotonic() - began < 120, "the past is not filled"


def check_nothing_lost_and_nothing_twice(site: Site) -> None:
    kept = {key for (key,) in site.rows("SELECT session_id FROM records_session")}
    acknowledged = {
        session.replace("-", "")
        for number, _ in enumerate(site.processes)
        for session in _ACCEPTED.findall(site.said(number))
    }
    assert acknowledged
    assert acknowledged <= kept
    for table in ("intakeregister", "intakemeterday"):
        assert site.rows(f"SELECT digest FROM records_{table} GROUP BY digest HAVING count(*) > 1") == []
    outcomes = {outcome for (outcome,) in site.rows("SELECT DISTINCT outcome FROM records_session")}
    assert {"ok", "no_route"} <= outcomes <= SEEN_THROUGH_A_CUT


def check_nobody_told_twice(site: Site, orders: Orders) -> None:
    confirmed = 0
    for meter_id, given in orders.given.items():
        events = site.rows("SELECT kind FROM records_event WHERE meter_id = ?", meter_id)
        told = Counter(kind for (kind,) in events)
        states = [site.state_of(number)[0] for _, number in given]
        wanted = Counter(event for event, _ in given)
        # A meter notes each command it takes, also one that changes nothing.
        assert told["relay_opened"] <= wanted["relay_opened"], (meter_id, told, wanted, states)
        assert told["relay_closed"] <= wanted["relay_closed"], (meter_id, told, wanted, states)
        proved = [event for (event, _), state in zip(given, states, strict=True) if state == "confirmed"]
        changes = sum(before != after for before, after in pairwise(["relay_closed", *proved]))
        assert told["relay_opened"] + told["relay_closed"] >= changes, (meter_id, told, wanted, states)
        confirmed += len(proved)
        if proved:
            closed = site.value("SELECT relay_closed FROM records_meterstanding WHERE meter_id = ?", meter_id)
            assert bool(closed) == (proved[-1] == "relay_closed"), (meter_id, told, wanted, states)
    assert confirmed > len(orders.given)
    assert orders.struck


def check_the_cut_is_told_of(site: Site, cable: Cable) -> None:
    """While the cable is out, a reading that is asked for ends as unreachable, and the site's status says so."""
    cable.cut(Cut.PULLED_HERE)
    key = site.ask_for(1)
    done = "SELECT count(*) FROM records_work WHERE key = ? AND done_at IS NOT NULL"
    site.wait(lambda: site.value(done, key) == 1, seconds=30, what="the meter tried")
    assert site.value(_SESSION_OF_METER_1) == "no_route"
    told = subprocess.run(
        [str(KILOVATT), "status", "--data", str(site.data)],
        env=environment(**site.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "no route" in told.stdout
    cable.heal(Cut.PULLED_HERE)


def days_heard(site: Site) -> Counter[tuple[int, bytes]]:
    """How often each reading of a day is there, in the intake and in the lake."""
    heard = Counter(site.rows("SELECT meter_id, digest FROM records_intakemeterday"))
    heard.update((row["meter_id"], row["digest"]) for row in settled_days(site))
    return heard


def check_against_a_site_without_cuts(site: Site, data: Path, *, place_of_headend: Place) -> None:
    """What was read through the cuts is what somebody reads who has none: no answer was taken for another."""
    whole = Site(data, site.plan, site.town, site.settings, [], site.place_of_town, place_of_headend)
    data.mkdir()
    whole.put_on_record()
    whole.start()
    try:
        whole.wait(lambda: read(whole) == METERS and gaps(whole) == 0, seconds=90, what="all read without cuts")
    finally:
        whole.stop()
    heard = days_heard(site)
    assert heard.keys() == days_heard(whole).keys()
    assert max(heard.values()) == 1


@pytest.mark.timeout(600)
def test_networks_cut_and_healed_lose_nothing_and_tell_no_meter_twice(tmp_path: Path) -> None:
    dice = random.Random(20261124)
    with joined_networks() as (cable,):
        there = Place(within=cable.far.run, host=cable.far_host)
        here = Place(within=cable.near.run)
        with site_of(
            tmp_path / "site",
            MODELS,
            meters=METERS,
            now=NOW,
            think_s=THINK_S,
            place_of_town=there,
            place_of_headend=here,
        ) as site:
            site.rows("UPDATE records_line SET answer_timeout_ms = ?", PATIENCE_MS)
            site.start()
            site.start()
            orders = Orders(site, COMMANDED)
            site.wait(lambda: read(site) > 0, seconds=30, what="a meter read")
            for how in islice(ways_to_cut(dice), CUTS):
                cut_and_heal(site, cable, how, orders, dice)
            check_the_cut_is_told_of(site, cable)
            settle(site, orders)
            check_nothing_lost_and_nothing_twice(site)
            check_nobody_told_twice(site, orders)
            site.stop()
            check_against_a_site_without_cuts(site, tmp_path / "whole", place_of_headend=there)
