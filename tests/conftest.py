"""What every test may ask for: hypothesis profiles, PostgreSQL, Chromium, strangers' programs, real curves.

A peer that is missing fails the test that needs it: a skipped test would say nothing for years.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPOSITORY = Path(__file__).resolve().parent.parent
UNIT_TESTS = REPOSITORY / "tests" / "unit"
SOAKING = os.environ.get("KILOVATT_SOAK") == "1"

# `make test` tries the same examples every time; `make soak` looks for new ones, many of them.
settings.register_profile("ci", derandomize=True, max_examples=60, deadline=None, database=None)
settings.register_profile(
    "soak", max_examples=3_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("soak" if SOAKING else "ci")


_DATABASE_FIXTURES = {"db", "transactional_db"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hold unit tests to what they are, leave long runs to `make soak`, and begin with those that take longest."""
    del config
    for item in items:
        if UNIT_TESTS in item.path.parents:
            if item.get_closest_marker("django_db") is not None:
                message = f"{item.nodeid} wants a database: it belongs to tests/integration"
                raise pytest.UsageError(message)
            item.add_marker(pytest.mark.disable_socket)
        elif _DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            # Who asks for a database by a fixture has the mark as well: `-m django_db` picks what PostgreSQL runs too.
            item.add_marker(pytest.mark.django_db)
    if not SOAKING:
        items[:] = [item for item in items if item.get_closest_marker("soak") is None]
    # A long run that starts last would leave the other processor idle. Otherwise the (random) order stays.
    items.sort(key=_seconds_allowed, reverse=True)
    if SOAKING:
        for item in items:
            # The full counts take as long as they take; a limit that a test states is meant for the reduced ones.
            item.add_marker(pytest.mark.timeout(0), append=False)


def _seconds_allowed(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


@pytest.fixture(autouse=True)
def _unit_tests_never_sleep(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(seconds: float) -> NoReturn:
        pytest.fail(f"a unit test slept {seconds} s: hand in a clock, or move it to tests/integration")

    if UNIT_TESTS in request.path.parents:
        monkeypatch.setattr(time, "sleep", refuse)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_households() -> Path | None:
    """Return the file of real household curves, or None where only the project's own generator of homes is at hand."""
    named = os.environ.get("KILOVATT_HOUSEHOLDS")
    path = Path(named) if named else REPOSITORY.parent / "shared" / "data" / "households.parquet"
    if path.exists():
        return path
    if named:
        pytest.fail(f"KILOVATT_HOUSEHOLDS names {named}, which is not there")
    return None


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return Debian's Chromium; Playwright drives it and downloads none of its own."""
    return _peer(Path("/usr/bin/chromium"))


@pytest.fixture(scope="session")
def peers_python() -> Path:
    """Return the Python that can import the strangers' programs of requirements/peers.txt."""
    return _peer(REPOSITORY / ".venv-peers" / "bin" / "python")


# Chromium talks to nobody but us.
_QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
)


@pytest.fixture(scope="session")
def browser(chromium: Path) -> "Iterator[Browser]":
    """Yield one running Chromium; a test opens its own context in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium refuses to run its sandbox as root, which is who runs the tests in a container.
        running = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", *_QUIET],
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the address of a PostgreSQL cluster of our own, e.g. `postgresql://postgres@127.0.0.1:49152/postgres`."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binaries = _peer(programs[-1] if programs else Path("/usr/lib/postgresql/15/bin/initdb")).parent
    folder = Path(tempfile.mkdtemp(prefix="kilovatt-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        with _cluster(binaries, folder) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_database(postgres: str) -> Iterator[str]:
    """Yield the address of an empty database, dropped after the test."""
    name = f"kilovatt_{next(_DATABASES)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield postgres.rpartition("/")[0] + "/" + name
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


_DATABASES = count(1)


@contextmanager
def _cluster(binaries: Path, folder: Path) -> Iterator[str]:
    cluster = folder / "data"
    _as_postgres(
        binaries / "initdb",
        f"--pgdata={cluster}",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    )
    port = _free_port()
    # Nothing here outlives the test: it need not reach the disk.
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    _as_postgres(
        binaries / "pg_ctl", f"--pgdata={cluster}", f"--options={options}", f"--log={folder}/log", "--wait", "start"
    )
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres(binaries / "pg_ctl", f"--pgdata={cluster}", "--mode=immediate", "--wait", "stop")


def _as_postgres(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root, which is who runs the tests in a container.
    become = ["runuser", "--user", "postgres", "--"] if os.geteuid() == 0 else []
    # stdout goes nowhere: the server would inherit a pipe and keep it open.
    subprocess.run([*become, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def _peer(program: Path) -> Path:
    if not program.exists():
        pytest.fail(f"{program} is missing: `make peers` installs what the tests talk to")
    return program
