"""Files and functions stay small enough to be read at one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60

# Dotted name to the reason why it may be longer.
LONGER_FILES: dict[str, str] = {}
LONGER_FUNCTIONS: dict[str, str] = {
    "choria_core.commands.broker.run": "most of its lines are its options",
}


def test_no_file_is_longer_than_its_budget(modules: dict[str, Path]) -> None:
    lengths = {name: len(file.read_text().splitlines()) for name, file in modules.items()}

    assert _offenders(lengths, MAX_FILE_LINES, LONGER_FILES) == {}


def test_no_function_is_longer_than_its_budget(modules: dict[str, Path]) -> None:
    lengths = {
        f"{module}.{name}": lines
        for module, file in modules.items()
        for name, lines in _functions(ast.parse(file.read_text()), prefix="")
    }

    assert _offenders(lengths, MAX_FUNCTION_LINES, LONGER_FUNCTIONS) == {}


def test_every_exception_is_needed_and_has_a_reason(modules: dict[str, Path]) -> None:
    assert set(LONGER_FILES) <= set(modules)
    assert all(LONGER_FILES.values())
    assert all(LONGER_FUNCTIONS.values())


def _offenders(lengths: dict[str, int], budget: int, allowed: dict[str, str]) -> dict[str, int]:
    return {name: n for name, n in lengths.items() if n > budget and name not in allowed}


def _functions(node: ast.AST, *, prefix: str) -> Iterator[tuple[str, int]]:
    """Functions below ``node`` with their lines, docstrings left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", _lines(child)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _functions(child, prefix=f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix=prefix)


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring
