"""The documentation and the program say the same: commands, options, settings, models."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer

from kilovatt.config.cli.commands import app
from kilovatt.measure.metering.catalogue import model_by_key

PROGRAM = typer.main.get_command(app)
COMMANDS: dict[str, Any] = PROGRAM.commands  # type: ignore[attr-defined]  # a group, since it has several
SNIPPET = re.compile(r"^\s*(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?kilovatt ([^#\n]+)", re.MULTILINE)


def pages(repository: Path) -> Iterator[Path]:
    yield from repository.glob("*.md")
    for page in (repository / "docs").rglob("*.md"):
        if "_build" not in page.parts:
            yield page


def snippets(repository: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands that stand in blocks of code."""
    for page in pages(repository):
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for arguments in SNIPPET.findall(block):
                yield f"{page.relative_to(repository)}: kilovatt {arguments}", shlex.split(arguments)


def chapters(repository: Path) -> dict[str, str]:
    reference = (repository / "docs" / "reference" / "commands.md").read_text()
    parts = re.split(r"^## (\w+)\n", reference, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_command_has_its_chapter_and_no_other_has(repository: Path) -> None:
    assert chapters(repository).keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_chapter_names_every_option_and_no_other(repository: Path, name: str) -> None:
    # A command of commands has the options of all of them.
    members = getattr(COMMANDS[name], "commands", {name: COMMANDS[name]}).values()
    parameters = [parameter for member in members for parameter in member.params]
    has = {option for parameter in parameters for option in parameter.opts if option.startswith("--")}
    rows = re.findall(r"^\| (`--.*?) \|(?!\|)", chapters(repository)[name], re.MULTILINE)
    told = {option for row in rows for option in re.findall(r"--[a-z-]+", row.split(" | ")[0])}
    assert told == has - {"--help"}


def test_every_command_that_is_shown_would_be_understood(repository: Path) -> None:
    shown = list(snippets(repository))
    assert shown
    for where, (name, *arguments) in shown:
        assert name in COMMANDS, where
        try:
            COMMANDS[name].make_context(name, arguments)
        except Exception as error:
            raise AssertionError(where) from error


def test_an_explanation_that_is_shown_is_what_is_printed(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs" / "how-to" / "explain-a-frame.md").read_text()
    (keys,) = re.findall(r"^```text\n(encryption .*?\n)```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "keys.txt").write_text(keys)
    examples = re.findall(
        r"^```\n(kilovatt explain [^\n]+)\n```\n\n```text\n(.*?)\n```", page, re.MULTILINE | re.DOTALL
    )
    assert examples
    for command, shown in examples:
        printed = subprocess.run(
            [Path(sys.executable).parent / "kilovatt", *shlex.split(command)[1:]],
            check=True,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"LANG": "C.UTF-8", "COLUMNS": "120"},
        )
        assert [line.rstrip() for line in printed.stdout.splitlines()] == shown.splitlines()


def test_every_model_that_is_shown_is_in_the_catalogue(repository: Path) -> None:
    for where, arguments in snippets(repository):
        for option, value in pairwise(arguments):
            assert option != "--model" or model_by_key(value).key == value, where


def test_every_setting_is_described_and_no_other(repository: Path, sources: Path) -> None:
    read = {name for path in sources.rglob("*.py") for name in re.findall(r"\bKILOVATT_[A-Z_]+\b", path.read_text())}
    page = (repository / "docs" / "reference" / "settings.md").read_text()
    for_users = page.partition("For those who work on Kilovatt")[0]
    assert set(re.findall(r"\bKILOVATT_[A-Z_]+\b", for_users)) == read


def test_every_link_between_pages_leads_to_a_file(repository: Path) -> None:
    lost = [
        f"{page.relative_to(repository)}: {target}"
        for page in pages(repository)
        for target in re.findall(r"\]\((?!\w+:)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not lost, "\n".join(lost)
