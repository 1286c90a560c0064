"""What a site in earnest needs first: a database, an operator, and processes that start and end together."""

import sqlite3
import subprocess
from pathlib import Path

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
