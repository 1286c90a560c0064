"""Files are short, say nothing of the machine they were written on, and bear names of the trade."""

import re
from pathlib import Path

MOST_LINES = 400
# A transcript or a worked example is read from top to bottom; splitting it helps nobody before this.
MOST_LINES_OF_A_TEST = 600

# Assembled from halves, so that this file may hold them.
REGISTRIES = tuple(
    name + "." + domain
    for name, domain in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com")]
)
MACHINE_PATH = re.compile(r"(?<![\w./}~-])/(?:work|home|root|Users)/\w")

NAMES_THAT_SAY_NOTHING = frozenset(
    {
        "base",
        "common",
        "data",
        "engine",
        "handler",
        "helpers",
        "info",
        "item",
        "manager",
        "misc",
        "processor",
        "service",
        "utils",
    }
)


def lines_of(path: Path) -> int:
    return path.read_text().count("\n")


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode(errors="replace")


def test_a_file_fits_in_one_head(sources: Path) -> None:
    long = [
        f"{path.relative_to(sources)}: {lines_of(path)} lines"
        for path in sorted(sources.rglob("*.py"))
        if "migrations" not in path.parts and lines_of(path) > MOST_LINES
    ]
    assert not long, f"more than {MOST_LINES} lines; look for a split:\n" + "\n".join(long)


def test_a_test_file_fits_in_one_evening(repository: Path) -> None:
    tests = repository / "tests"
    long = [
        f"{path.relative_to(tests)}: {lines_of(path)} lines"
        for path in sorted(tests.rglob("*.py"))
        if lines_of(path) > MOST_LINES_OF_A_TEST
    ]
    assert not long, "\n".join(long)


def test_nothing_tracked_names_somebodys_machine(repository: Path, tracked_files: tuple[Path, ...]) -> None:
    found = [
        f"{path.relative_to(repository)}: {match.group()}"
        for path in tracked_files
        if path != Path(__file__)
        for match in MACHINE_PATH.finditer(text_of(path))
    ]
    assert not found, "\n".join(found)


def test_nothing_tracked_names_a_registrys_host(repository: Path, tracked_files: tuple[Path, ...]) -> None:
    found = [
        f"{path.relative_to(repository)}: {host}"
        for path in tracked_files
        for host in REGISTRIES
        if host in text_of(path)
    ]
    assert not found, "\n".join(found)


def test_a_module_is_named_for_what_it_holds(sources: Path) -> None:
    modules = [path.parent if path.name == "__init__.py" else path for path in sources.rglob("*.py")]
    empty = [str(path.relative_to(sources)) for path in modules if path.stem in NAMES_THAT_SAY_NOTHING]
    assert not empty, "\n".join(empty)


def test_tests_are_no_package(repository: Path) -> None:
    assert not list((repository / "tests").rglob("__init__.py"))


def test_what_others_made_lies_beside_its_licence(sources: Path) -> None:
    shipped = [path for path in sources.rglob("*") if path.suffix in {".ttf", ".woff2"} or "vendor" in path.parts]
    assert shipped
    bare = [
        str(path.relative_to(sources))
        for path in shipped
        if path.is_file()
        and path.name != "README.md"
        and not list(path.parent.glob("*OFL*"))
        and not (path.parent / "LICENSE").exists()
    ]
    assert not bare, "\n".join(bare)
