"""Every sentence that a user reads is there in Russian: collected by gettext's own tools, complete, compiled."""

import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

CATALOGUE = Path("locale/ru/LC_MESSAGES/django.po")

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> polib.POFile:
    return polib.pofile(str(repository / "src" / "kilovatt" / CATALOGUE))


def test_every_string_of_the_sources_is_in_the_catalogue(
    repository: Path, catalogue: polib.POFile, tmp_path: Path
) -> None:
    assert shutil.which("xgettext"), "gettext is missing: `make peers` installs it"
    copy = tmp_path / "kilovatt"
    shutil.copytree(repository / "src" / "kilovatt", copy, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    subprocess.run(
        [Path(sys.executable).parent / "django-admin", "makemessages", "--locale=ru", "--no-obsolete", "--verbosity=0"],
        cwd=copy,
        check=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    collected = polib.pofile(str(copy / CATALOGUE))

    def sentences(of: polib.POFile) -> set[tuple[str, str]]:
        return {(entry.msgctxt or "", entry.msgid) for entry in of if not entry.obsolete}

    assert sentences(collected) == sentences(catalogue), "run `make messages`, then translate what is new"


def test_every_string_is_translated_and_none_is_a_guess(catalogue: polib.POFile) -> None:
    assert len(catalogue) > 0
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_every_plural_has_the_three_russian_forms(catalogue: polib.POFile) -> None:
    assert catalogue.metadata["Plural-Forms"].startswith("nplurals=")
    for entry in catalogue:
        if entry.msgid_plural:
            assert all(entry.msgstr_plural.values()), entry.msgid


def test_a_translation_keeps_the_places_for_values(repository: Path) -> None:
    checked = subprocess.run(
        ["msgfmt", "--check", "--output-file=/dev/null", repository / "src" / "kilovatt" / CATALOGUE],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr


def test_what_is_compiled_is_what_was_translated(catalogue: polib.POFile, repository: Path) -> None:
    compiled = polib.mofile(str((repository / "src" / "kilovatt" / CATALOGUE).with_suffix(".mo")))
    assert {(entry.msgctxt, entry.msgid): _words(entry) for entry in compiled} == {
        (entry.msgctxt, entry.msgid): _words(entry) for entry in catalogue
    }, "run `make messages`"


def _words(entry: polib.MOEntry | polib.POEntry) -> tuple[str, ...]:
    return tuple(entry.msgstr_plural.values()) if entry.msgid_plural else (entry.msgstr,)
