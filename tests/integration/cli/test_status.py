"""`kilovatt status`: a newcomer sees at once how a site stands, and a program by the exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment

AN_ASSOCIATION = """
import os, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
site.migrate()
from dataclasses import replace
from datetime import timedelta
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading import gaps
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.models import HeldApart, Meter, ProfileGap, Session
from kilovatt.wire.headend.clock import MachineClock
from on_record import put_association_on_record, register, report_of
put_association_on_record()
now = MachineClock().now()
first, second = Meter.objects.order_by("pk")
accept(report_of(first, Learnt(registers=(register(5, at=now),)), at=now), now=now)
accept(report_of(second, Learnt(), at=now, outcome=Outcome.WRONG_PASSWORD), now=now)
gaps.notice_gaps(now=now)
ProfileGap.objects.filter(meter=first).delete()
ProfileGap.objects.filter(meter=second).update(lost="not_in_meter")
HeldApart.objects.create(
    meter=second, session=Session.objects.get(meter=second), kind="register", facts={}, clock_ahead_s=-1, digest=b"1",
    held_at=now,
)
line_leases.take_lines(now=now + timedelta(minutes=10), at_most=1, holder="mini-pc 4711")
"""


def status(data: Path, *options: str, columns: int = 140, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "status", "--data", str(data), *options]
    surroundings = environment(COLUMNS=str(columns), **added)
    return subprocess.run(command, capture_output=True, text=True, timeout=180, env=surroundings, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Two meters on one held line: one is read whole, the other has another password."""
    data = tmp_path_factory.mktemp("status") / "site"
    surroundings = environment(PYTHONPATH=str(repository / "tests"))
    subprocess.run([sys.executable, "-c", AN_ASSOCIATION, str(data)], check=True, timeout=60, env=surroundings)
    return data


def test_a_newcomer_reads_how_much_is_read_and_why_the_rest_is_not(site: Path) -> None:
    said = status(site)
    assert said.returncode == 0, said.stderr
    words = " ".join(said.stdout.split())
    assert "2 meters, 1 line" in words
    assert "read within a day 1 of 2 50 %" in words
    assert "whole from midnight to midnight on each of the last 30 days 1 of 2 50 %" in words
    assert "1 wrong password The meter does not accept the password or key" in words
    assert "mini-pc 4711 holds 1 line." in words
    assert "days are lost: the meter itself has nothing for it." in words
    assert "линия 1 1 of 2 1 of 2 0 of 2 0 mini-pc 4711 wrong password" in words


@pytest.mark.parametrize("columns", [80, 60])
@pytest.mark.parametrize(
    ("language", "figures"),
    [
        ("ru", ("прочитаны: 1 из 2", "полны за 30 сут.: 1 из 2", "на начало месяцев: 0 из 2", "подошла очередь: 0")),
        ("en", ("read: 1 of 2", "30 days whole: 1 of 2", "month starts: 0 of 2", "due now: 0")),
    ],
)
def test_on_a_narrow_terminal_no_word_is_cut(site: Path, language: str, figures: tuple[str, ...], columns: int) -> None:
    said = status(site, columns=columns, KILOVATT_LANGUAGE=language)
    lines = said.stdout.splitlines()
    assert "…" not in said.stdout
    assert max(len(line) for line in lines[1:]) <= columns
    words = " ".join(said.stdout.split())
    assert [figure for figure in figures if figure not in words] == []
    assert "mini-pc 4711" in words


def test_what_is_held_apart_is_told_with_where_to_decide(site: Path) -> None:
    assert "1 value of 1 meter bears the stamp of a wrong clock" in " ".join(status(site, columns=80).stdout.split())
    assert json.loads(status(site, "--json").stdout)["held_apart"] == {"values": 1, "meters": 1}


def test_a_program_gets_the_same_as_json(site: Path) -> None:
    told: dict[str, Any] = json.loads(status(site, "--json", "--days", "7").stdout)
    assert told["read"] == {"done": 1, "of": 2, "percent": 50.0}
    assert told["whole_days_looked_at"] == 7
    (why,) = told["why"]
    assert (why["reason"], why["meters"]) == ("wrong_password", 1)
    assert why["advice"].startswith("The meter does not accept")
    assert told["holders"] == {"mini-pc 4711": 1}
    assert [line["why"] for line in told["lines"]] == [{"wrong_password": 1}]
    assert told["gaps"]["open_days"] == 0
    assert set(told["gaps"]["lost_days"]) == {"not_in_meter"}


@pytest.mark.parametrize(("percent", "code"), [("50", 0), ("50.5", 1), ("100", 1)])
def test_it_fails_only_below_the_percent_that_was_asked(site: Path, percent: str, code: int) -> None:
    said = status(site, "--json", "--fail-below", percent)
    assert said.returncode == code
    assert json.loads(said.stdout)["meters"] == 2
    assert ("were read within a day" in said.stderr) == bool(code)


def test_a_site_without_meters_says_what_to_do(tmp_path: Path) -> None:
    subprocess.run(
        [KILOVATT, "migrate", "--data", tmp_path / "site"], check=True, env=environment(), capture_output=True
    )
    said = status(tmp_path / "site", "--fail-below", "100")
    assert said.returncode == 0
    assert "There are no meters on record yet." in said.stdout


def test_a_database_that_was_never_made_is_said(tmp_path: Path) -> None:
    said = status(tmp_path / "site")
    assert (said.returncode, "kilovatt migrate" in said.stderr) == (2, True)
