"""The layers of ARCHITECTURE.md hold, and the lists of pure packages agree."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def contracts(repository: Path) -> list[dict[str, Any]]:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return found


@pytest.fixture(scope="module")
def pure_packages(contracts: list[dict[str, Any]]) -> set[str]:
    (pure,) = (contract for contract in contracts if contract["name"].startswith("pure packages"))
    return set(pure["source_modules"])


def test_every_contract_is_kept(repository: Path) -> None:
    linted = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(repository / "src")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_contract_of_layers_is_exhaustive(contracts: list[dict[str, Any]]) -> None:
    layers = [contract for contract in contracts if contract["type"] == "layers"]
    assert layers
    assert all(contract["exhaustive"] for contract in layers)


def test_coverage_asks_everything_of_the_same_packages_that_must_be_pure(
    repository: Path, pure_packages: set[str]
) -> None:
    found = re.search(r"^PURE := (\S+)$", (repository / "Makefile").read_text(), re.MULTILINE)
    assert found
    covered = {path.removeprefix("src/").removesuffix("/*").replace("/", ".") for path in found[1].split(",")}
    assert covered == pure_packages


def test_the_map_shows_every_wing_of_the_house(repository: Path, sources: Path) -> None:
    shown = (repository / "ARCHITECTURE.md").read_text()
    wings = {path.parent.name for path in sources.glob("*/__init__.py")}
    assert wings
    assert not {wing for wing in wings if f"{wing}/" not in shown}
