"""Sentences for people are written so that gettext's tools find them."""

import ast
from pathlib import Path

GETTEXT = frozenset({"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "npgettext"})


def test_no_sentence_hides_in_an_f_string(sources: Path) -> None:
    # xgettext does not look into f-strings: the sentence would never be translated, and nothing would say so.
    hidden = [
        f"{path.relative_to(sources)}:{call.lineno}"
        for path in sorted(sources.rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in GETTEXT
        if isinstance(call.args[0], ast.Constant)
    ]
    assert not hidden, "\n".join(hidden)


def test_no_sentence_is_an_f_string(sources: Path) -> None:
    made = [
        f"{path.relative_to(sources)}:{call.lineno}"
        for path in sorted(sources.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in GETTEXT
        if any(isinstance(argument, ast.JoinedStr) for argument in call.args)
    ]
    assert not made, "\n".join(made)
