"""Every string a reader sees has its Russian: none missing, none doubtful, none stale, and compiled as it stands."""

import re
import shutil
import subprocess
from pathlib import Path

import polib
import pytest

PLURALS = 3
PLACES = re.compile(r"%\((\w+)\)s|\{(\w+)(?:[:!][^}]*)?\}")


@pytest.fixture(scope="module")
def committed(repository: Path) -> polib.POFile:
    return polib.pofile(str(repository / "src/kilovatt/locale/ru/LC_MESSAGES/django.po"))


def contents(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], object]:
    return {
        (entry.msgctxt, entry.msgid): dict(entry.msgstr_plural) if entry.msgid_plural else entry.msgstr
        for entry in catalogue
        if entry.msgid
    }


def places(text: str) -> set[str]:
    return {first or second for first, second in PLACES.findall(text)}


def test_no_message_is_missing_doubtful_or_stale(committed: polib.POFile, repository: Path, tmp_path: Path) -> None:
    assert shutil.which("xgettext"), "`make peers` installs gettext"
    (tmp_path / ".venv").symlink_to(repository / ".venv")
    shutil.copytree(repository / ".ci", tmp_path / ".ci")
    shutil.copytree(repository / "src/kilovatt", tmp_path / "src/kilovatt", ignore=shutil.ignore_patterns("*.pyc"))
    subprocess.run([tmp_path / ".ci/collect-messages"], check=True, capture_output=True, cwd=tmp_path)
    fresh = polib.pofile(str(tmp_path / "src/kilovatt/locale/ru/LC_MESSAGES/django.po"))
    assert [entry.msgid for entry in fresh if not entry.translated()] == [], "run `make messages` and translate these"
    assert contents(fresh).keys() == contents(committed).keys(), "run `make messages`"


def test_nothing_in_the_catalogue_is_fuzzy_or_obsolete(committed: polib.POFile) -> None:
    assert [entry.msgid for entry in committed if entry.fuzzy or entry.obsolete] == []


def test_what_is_compiled_is_what_is_written(committed: polib.POFile, repository: Path) -> None:
    compiled = polib.mofile(str(repository / "src/kilovatt/locale/ru/LC_MESSAGES/django.mo"))
    assert contents(compiled) == contents(committed), "run `make messages`"


def test_every_count_has_its_three_russian_forms(committed: polib.POFile) -> None:
    counted = [entry for entry in committed if entry.msgid_plural]
    assert counted
    assert [
        entry.msgid for entry in counted if len([form for form in entry.msgstr_plural.values() if form]) != PLURALS
    ] == []


def test_a_translation_has_the_places_of_its_source_and_no_others(committed: polib.POFile) -> None:
    wrong = []
    for entry in committed:
        forms = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        wanted = places(entry.msgid_plural or entry.msgid)
        wrong += [form for form in forms if places(form) - {"n"} != wanted - {"n"}]
    assert wrong == []


def test_a_translation_keeps_the_blanks_at_the_ends(committed: polib.POFile) -> None:
    assert [entry.msgid for entry in committed if entry.msgid.endswith(" ") != entry.msgstr.endswith(" ")] == []
