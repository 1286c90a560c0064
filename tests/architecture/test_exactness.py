"""Energy and money are whole numbers: no floating point on the path to a bill."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PATH_TO_A_BILL = (
    "quantities",
    "measure/metering",
    "measure/zones",
    "measure/consumption",
    "money",
)

# file → (what is allowed in it, why). An exception that is no longer needed fails the test too.
REASONED: dict[str, tuple[str, str]] = {}

FLOATING_NAMES = frozenset({"float", "float16", "float32", "float64", "Float32", "Float64", "FloatField", "truediv"})


def floating_points(tree: ast.AST) -> Iterator[str]:
    """Yield every place of a syntax tree where a number stops being exact, as `line: what`."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float()):
                yield f"{node.lineno}: the literal {node.value!r}"
            case ast.Name(id=name) if name in FLOATING_NAMES:
                yield f"{node.lineno}: {name}"
            case ast.Attribute(attr=name) if name in FLOATING_NAMES:
                yield f"{node.lineno}: .{name}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"{node.lineno}: true division"
            case _:
                pass


def modules(sources: Path) -> Iterator[Path]:
    for package in PATH_TO_A_BILL:
        yield from sorted((sources / package).rglob("*.py"))


def test_no_floating_point_lies_on_the_path_to_a_bill(sources: Path) -> None:
    found = [
        f"{path.relative_to(sources)}:{place}"
        for path in modules(sources)
        if str(path.relative_to(sources)) not in REASONED
        for place in floating_points(ast.parse(path.read_text()))
    ]
    assert not found, "\n".join(found)


def test_a_reasoned_exception_is_still_needed(sources: Path) -> None:
    for name in REASONED:
        assert list(floating_points(ast.parse((sources / name).read_text()))), f"{name} needs no exception any more"


def test_no_column_of_the_office_is_a_floating_point_number(sources: Path) -> None:
    found = [
        f"{path.relative_to(sources)}:{node.lineno}"
        for path in sorted((sources / "office").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "FloatField"
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "inexact",
    [
        "energy_kwh = 1.5",
        "energy_kwh = energy_wh / 1000",
        "amount /= 2",
        "float(energy_wh)",
        "numpy.float64",
        "def charge(rate: float): ...",
    ],
)
def test_this_test_sees_what_is_not_exact(inexact: str) -> None:
    assert list(floating_points(ast.parse(inexact)))


@pytest.mark.parametrize(
    "exact", ["energy_kwh = energy_wh // 1000", "price = Decimal('5.32')", "half = Fraction(1, 2)"]
)
def test_this_test_lets_exact_numbers_be(exact: str) -> None:
    assert not list(floating_points(ast.parse(exact)))
