"""What a site in earnest needs first: a database, an operator, and processes that start and end together."""

import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from demonstration import KILOVATT, environment


def kilovatt(*options: str | Path, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = kilovatt("migrate", "--data", tmp_path / "site")
    assert made.returncode == 0, made.stderr
    return tmp_path / "site"


def test_migrating_again_changes_nothing(site: Path) -> None:
    again = kilovatt("migrate", "--data", site)
    assert (again.returncode, "ready" in again.stdout) == (0, True)


def test_the_data_directory_comes_from_the_environment_too(tmp_path: Path) -> None:
    made = kilovatt("migrate", KILOVATT_DATA=str(tmp_path / "elsewhere"))
    assert made.returncode == 0
    assert (tmp_path / "elsewhere" / "kilovatt.sqlite3").exists()


def test_an_operator_is_made_with_a_new_organisation_and_the_password_is_kept_hashed(site: Path) -> None:
    made = kilovatt(
        *("createoperator", "anna", "--organisation", "romashka", "--name", "СНТ «Ромашка»", "--data", site),
        KILOVATT_OPERATOR_PASSWORD="green-apple-1742",
    )
    assert made.returncode == 0, made.stderr
    with sqlite3.connect(site / "kilovatt.sqlite3") as connection:
        (password,) = connection.execute("SELECT password FROM records_user WHERE username = 'anna'").fetchone()
        roles = connection.execute("SELECT role FROM records_staffrole").fetchall()
    assert password.startswith("argon2")
    assert roles == [("operator",)]


@pytest.mark.parametrize(
    ("options", "password", "words"),
    [
        (["--organisation", "nobody"], "green-apple-1742", "There is no organisation nobody yet"),
        (["--organisation", "new", "--name", "New"], "short", "at least 10 characters"),
        (["--organisation", "new", "--name", "New"], "password123", "too common"),
    ],
)
def test_what_makes_no_operator_is_said(site: Path, options: list[str], password: str, words: str) -> None:
    refused = kilovatt("createoperator", "anna", *options, "--data", site, KILOVATT_OPERATOR_PASSWORD=password)
    assert refused.returncode == 2
    assert words in refused.stderr


def test_the_vat_of_an_organisation_is_said_from_a_day_on(site: Path) -> None:
    kilovatt(
        *("createoperator", "anna", "--organisation", "romashka", "--name", "СНТ «Ромашка»", "--data", site),
        KILOVATT_OPERATOR_PASSWORD="green-apple-1742",
    )
    for rate, since in (("five", "2026-01-01"), ("none", "2027-01-01"), ("seven", "2026-01-01")):
        said = kilovatt("vat", "romashka", rate, "--since", since, "--data", site)
        assert (said.returncode, said.stdout) == (0, f"Bills of romashka say so from {since}.\n"), said.stderr
    with sqlite3.connect(site / "kilovatt.sqlite3") as connection:
        rows = connection.execute("SELECT valid_from, rate FROM records_vatstatus ORDER BY valid_from").fetchall()
    assert rows == [("2026-01-01", "seven"), ("2027-01-01", "none")]
    nobody = kilovatt("vat", "nobody", "none", "--since", "2026-01-01", "--data", site)
    assert (nobody.returncode, "There is no organisation nobody yet." in nobody.stderr) == (2, True)


def test_a_login_is_not_given_twice(site: Path) -> None:
    options = ("createoperator", "anna", "--organisation", "new", "--name", "New", "--data", site)
    first = kilovatt(*options, KILOVATT_OPERATOR_PASSWORD="green-apple-1742")
    second = kilovatt(*options, KILOVATT_OPERATOR_PASSWORD="green-apple-1743")
    assert (first.returncode, second.returncode) == (0, 2)
    assert "There is a login anna already" in second.stderr


def test_a_database_address_that_is_none_is_refused(tmp_path: Path) -> None:
    refused = kilovatt("migrate", "--data", tmp_path / "site", KILOVATT_DATABASE="mysql://somewhere")
    assert refused.returncode == 2
    assert "KILOVATT_DATABASE should look like" in refused.stderr


def test_keys_are_readable_by_their_owner_only(site: Path) -> None:
    kilovatt("migrate", "--data", site)
    keys = list((site / "keys").iterdir())
    assert keys
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def neighbouring_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens at."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
        try:
            others = [socket.create_server(("127.0.0.1", port + number)) for number in range(count)]
        except OSError:
            continue
        for other in others:
            other.close()
        return port


def page(address: str) -> str:
    """What is answered there, once somebody answers."""
    until = time.monotonic() + 90
    while True:
        try:
            with urlopen(f"http://{address}", timeout=5) as answer:
                said: str = answer.read().decode()
                return said
        except OSError:
            # Not there yet, or too busy with beginning.
            assert time.monotonic() < until, address
            time.sleep(0.1)


@contextmanager
def running(*options: str | Path) -> Iterator["subprocess.Popen[str]"]:
    command = [str(KILOVATT), *map(str, options)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        yield process
    finally:
        # It ends its own processes; killed, it would leave them behind.
        process.terminate()
        process.wait(60)
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("readers", [0, 2])
def test_a_site_is_served_with_as_many_reading_processes_as_wanted(site: Path, readers: int) -> None:
    port = neighbouring_ports(3)
    figures = f"127.0.0.1:{port + 1}"
    options = ("--data", site, "--port", f"{port}", "--readers", f"{readers}", "--metrics", figures)
    with running("serve", *options) as process:
        assert 'name="password"' in page(f"127.0.0.1:{port}/")
        for number in range(readers):
            assert "kilovatt_lines_held 0.0" in page(f"127.0.0.1:{port + 1 + number}/metrics")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not any(answers(port + number) for number in range(3))


def test_one_more_process_reads_for_a_site_and_ends_in_order(site: Path) -> None:
    port = neighbouring_ports(1)
    with running("headend", "--data", site, "--metrics", f"127.0.0.1:{port}") as process:
        assert "kilovatt_lines_held 0.0" in page(f"127.0.0.1:{port}/metrics")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize("command", [["serve"], ["headend"]])
def test_an_address_of_figures_that_is_none_is_said_before_anything_begins(site: Path, command: Sequence[str]) -> None:
    refused = kilovatt(*command, "--data", site, "--metrics", "here")
    assert (refused.returncode, "Write --metrics as HOST:PORT" in refused.stderr) == (2, True)


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
