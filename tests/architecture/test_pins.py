"""What is installed is pinned by hash, and declared where it is used."""

import re
import tomllib
from pathlib import Path

import pytest

LISTS = ("bootstrap", "product", "dev", "peers")


def names(requirements: str) -> set[str]:
    """Return the packages that lines such as `psycopg[binary]>=3` ask for."""
    found = (re.match(r"[a-zA-Z0-9][\w.-]*", line) for line in requirements.splitlines())
    return {match.group().lower() for match in found if match}


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_has_a_hash(repository: Path, name: str) -> None:
    pinned = (repository / "requirements" / f"{name}.txt").read_text()
    pins = re.findall(r"^\S+==[^\\\n]*(\\?)\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)*)", pinned, re.MULTILINE)
    assert pins
    assert all(continued and hashes for continued, hashes in pins)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_pins_names_no_registry(repository: Path, name: str) -> None:
    pinned = (repository / "requirements" / f"{name}.txt").read_text()
    assert "://" not in pinned
    assert "index-url" not in pinned


@pytest.mark.parametrize("name", LISTS)
def test_what_is_asked_for_is_pinned(repository: Path, name: str) -> None:
    folder = repository / "requirements"
    assert names((folder / f"{name}.in").read_text()) <= names((folder / f"{name}.txt").read_text())


def test_what_the_package_declares_is_what_the_product_installs(repository: Path) -> None:
    declared = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["dependencies"]
    assert names("\n".join(declared)) == names((repository / "requirements" / "product.in").read_text())


def test_strangers_programs_are_not_installed_beside_the_product(repository: Path) -> None:
    folder = repository / "requirements"
    ours = names((folder / "product.txt").read_text()) | names((folder / "dev.txt").read_text())
    assert not names((folder / "peers.in").read_text()) & ours
