"""A head-end that is cut off from the database: it is fenced off, its lines move on, and it comes back by itself."""

import pwd
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from cut_networks import Cable, Cut, joined_networks
from demonstration import environment
from simulated_site import Place, Site, site_of

MERCURY = "mercury-234-artm-01-pob-r"
MODELS = (MERCURY, "mercury-206-prlsno")
METERS = 4
LEASE_S = 4
NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
NOTICED_WITHIN_S = 60
"""A line moves on within a minute, also when its holder is cut off in the middle of writing."""


@contextmanager
def postgres_beyond(cable: Cable) -> Iterator[tuple[str, str]]:
    """A PostgreSQL at the far end of a cable: its address there, and that for whoever shares our files."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.fail("PostgreSQL is missing: `make peers` installs what the tests talk to")
    folder = Path(tempfile.mkdtemp(prefix="kilovatt-beyond-"))
    # It refuses to run as root, which everybody is in a namespace of his own: this one takes us for its owner.
    as_owner = ("unshare", "--user", f"--map-user={pwd.getpwnam('postgres').pw_uid}", "--")

    def run(program: str, *options: str) -> None:
        command = [*cable.far.run, *as_owner, str(programs[-1].parent / program), f"--pgdata={folder}/data", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        with (folder / "data" / "pg_hba.conf").open("a", encoding="ascii") as trusted:
            trusted.write("host all all 10.77.0.0/16 trust\n")
        options = f"-c listen_addresses={cable.far_host} -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", f"--options={options}", f"--log={folder}/log", "--wait", "start")
        try:
            run_here = quote(str(folder), safe="")
            yield f"postgresql://postgres@{cable.far_host}:5432/postgres", f"postgresql://postgres@{run_here}/postgres"
        finally:
            run("pg_ctl", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_since(site: Site, instant: str) -> int:
    visited = "SELECT count(DISTINCT meter_id) FROM records_session WHERE outcome = 'ok' AND started_at > ?"
    count: int = site.value(visited, instant)
    return count


def latest(site: Site) -> str:
    instant: str = site.value("SELECT max(ended_at) FROM records_session")
    return instant


def everybody_is_read(site: Site, *, seconds: float) -> None:
    since = latest(site)
    for meter_id in range(1, METERS + 1):
        site.ask_for(meter_id)
    site.wait(lambda: read_since(site, since) == METERS, seconds=seconds, what="everybody read")


_LOCKS_A_LINE = """
import os, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
from django.db import transaction
from kilovatt.office.records.models import Work
with transaction.atomic():
    assert list(Work.objects.select_for_update().filter(kind="line"))
    print("locked", flush=True)
    sys.stdin.read()
"""
"""What a head-end does that is cut off in the middle of a transaction: it holds what it had locked."""


@contextmanager
def everything_locked(site: Site, place: Place) -> Iterator[None]:
    process = subprocess.Popen(
        [*place.within, sys.executable, "-c", _LOCKS_A_LINE, str(site.data)],
        env=environment(KILOVATT_DATA=str(site.data), **site.settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def site_beyond(data: Path) -> Iterator[tuple[Site, Cable, Place, Place]]:
    """A site whose database is beyond a cable; where whoever can be cut off from it runs, and where nobody can."""
    with joined_networks(2) as (to_meters, to_database), postgres_beyond(to_database) as (address, address_here):
        there = Place(within=to_meters.far.run, host=to_meters.far_host)
        near = Place(within=(*to_meters.near.run, "env", f"KILOVATT_DATABASE={address}"))
        with site_of(
            data,
            MODELS,
            meters=METERS,
            now=NOW,
            place_of_town=there,
            place_of_headend=near,
            KILOVATT_DATABASE=address_here,
            KILOVATT_LINE_LEASE_S=str(LEASE_S),
        ) as site:
            site.start()
            everybody = "SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'"
            site.wait(lambda: site.value(everybody) == METERS, seconds=60, what="everybody read once")
            yield site, to_database, near, there


def check_nothing_twice(site: Site) -> None:
    told = Counter(kind for (kind,) in site.rows("SELECT kind FROM records_event WHERE meter_id = 1"))
    assert told["relay_opened"] == 1
    for table in ("intakeregister", "intakemeterday"):
        assert site.rows(f"SELECT digest FROM records_{table} GROUP BY digest HAVING count(*) > 1") == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [Cut.PULLED_HERE, Cut.SWALLOWS_ANSWERS])
def test_a_head_end_cut_off_from_the_database_is_fenced_off_and_comes_back(tmp_path: Path, how: Cut) -> None:
    with site_beyond(tmp_path / "site") as (site, to_database, _, there):
        order = site.order(1, "OpenRelay")
        to_database.cut(how)
        site.place_of_headend = there
        other = site.start()
        everybody_is_read(site, seconds=NOTICED_WITHIN_S)
        site.wait(lambda: site.state_of(order)[0] == "confirmed", seconds=NOTICED_WITHIN_S, what="the order proved")
        # As when it is started anew, or has noticed that nobody is there: what was connected is not any more.
        site.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr IS NOT NULL")
        to_database.heal(how)
        site.wait(lambda: "was lost to another process" in site.said(0), seconds=60, what="the loss noticed")
        other.terminate()
        other.wait(30)
        everybody_is_read(site, seconds=NOTICED_WITHIN_S)
        check_nothing_twice(site)


@pytest.mark.timeout(300)
def test_what_a_head_end_had_locked_when_it_was_cut_off_is_free_within_a_minute(tmp_path: Path) -> None:
    with site_beyond(tmp_path / "site") as (site, to_database, near, there):
        site.stop()
        site.processes.clear()
        site.place_of_headend = there
        with everything_locked(site, near):
            to_database.cut(Cut.PULLED_HERE)
            site.start()
            everybody_is_read(site, seconds=NOTICED_WITHIN_S)
