"""`kilovatt held`: what a wrong clock has stamped is listed and decided on, once, whoever comes first."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment

METER = ("mercury-234-artm-01-pob-r", "41000001")
PATIENCE_S = 180
WHO = ("--because", "its battery was empty", "--by", "operator")
A_WRONG_CLOCK = """
import os, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
site.migrate()
from datetime import date, timedelta
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import Meter
from kilovatt.wire.headend.clock import MachineClock
from on_record import clock, meter_day, put_association_on_record, register, report_of
register_operator(put_association_on_record(), username="operator", password="op-33333-x")
now = MachineClock().now().replace(microsecond=0)
stamped = Learnt(
    clock=clock(ahead=-timedelta(days=9_818), at=now),
    registers=(register(7_000, on=date(2000, 1, 1), exchange=4),),
    meter_days=(meter_day(date(2000, 1, 1), [2] * 48),),
)
accept(report_of(Meter.objects.get(serial="41000001"), stamped, at=now), now=now)
"""


def made(data: Path, repository: Path) -> Path:
    surroundings = environment(PYTHONPATH=str(repository / "tests"))
    command = [sys.executable, "-c", A_WRONG_CLOCK, str(data)]
    subprocess.run(command, check=True, timeout=PATIENCE_S, env=surroundings)
    return data


@pytest.fixture
def site(tmp_path: Path, repository: Path) -> Path:
    return made(tmp_path / "site", repository)


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A site on which nothing is ever decided."""
    return made(tmp_path_factory.mktemp("held") / "site", repository)


def command(data: Path, *options: str) -> list[str]:
    return [str(KILOVATT), "held", *options, "--data", str(data)]


def held(data: Path, *options: str, **added: str) -> subprocess.CompletedProcess[str]:
    surroundings = environment(COLUMNS="80", **added)
    return subprocess.run(
        command(data, *options), capture_output=True, text=True, timeout=PATIENCE_S, env=surroundings, check=False
    )


def listed(data: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(held(data, "--json").stdout)
    return told


def test_what_is_held_apart_is_listed_with_why_and_decided_on(site: Path) -> None:
    said = " ".join(held(site).stdout.split())
    assert "9818 d behind. That is the year its calendar starts with" in said
    assert "1. active, taken T1: 7.000 kWh at the start of the month, stamped 1999-12-31" in said
    assert "It can be decided: Accept, moved 9818 d later; Discard." in said
    (group,) = listed(site)
    assert (group["serial"], group["fault"], group["decisions"]) == (
        "41000001",
        "started_anew",
        ["by_its_clock", "discard"],
    )
    assert held(site, *METER, "--accept", "by-its-clock", "--only", "1", *WHO).stdout == "1 value was accepted.\n"
    assert held(site, *METER, "--discard", *WHO).stdout == "1 value was discarded.\n"
    assert held(site).stdout == "Nothing is held apart.\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*METER, "--discard", "--by", "operator"), "Say why"),
        ((*METER, "--discard", "--because", "x"), "--by LOGIN"),
        (("--discard", *WHO), "Say of which meter"),
        ((*METER, "--discard", "--accept", "as-stamped", *WHO), "Either accept it or discard it."),
        ((*METER, "--accept", "as-stamped", "--only", "1", *WHO), "Of value 1 that cannot be decided."),
    ],
)
def test_what_cannot_be_decided_so_is_said_and_nothing_is_done(
    undecided: Path, options: tuple[str, ...], said: str
) -> None:
    answer = held(undecided, *options)
    assert (answer.returncode, said in answer.stderr) == (2, True), answer.stderr
    (group,) = listed(undecided)
    assert len(group["values"]) == 2


def test_of_two_who_decide_at_once_the_first_counts(site: Path) -> None:
    both = [
        subprocess.Popen(command(site, *METER, *way, *WHO), stdout=subprocess.PIPE, text=True, env=environment())
        for way in (("--accept", "by-its-clock"), ("--discard",))
    ]
    said = [one.communicate(timeout=PATIENCE_S)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(words.split()[0] for words in said) == ["0", "2"]
    assert listed(site) == []
