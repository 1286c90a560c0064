"""What the tests of the house itself look at: the sources as text and as syntax trees."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sources(repository: Path) -> Path:
    return repository / "src" / "kilovatt"


@pytest.fixture(scope="session")
def tracked_files(repository: Path) -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=repository, check=True, capture_output=True, text=True
    )
    files = (repository / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in files if path.is_file())
