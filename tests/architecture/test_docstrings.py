"""Every public name says what it is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def test_every_module_has_a_docstring(modules: dict[str, Path]) -> None:
    silent = [
        name for name, file in modules.items() if not ast.get_docstring(ast.parse(file.read_text()))
    ]

    assert silent == []


def test_every_public_name_has_a_docstring(modules: dict[str, Path]) -> None:
    undocumented = [
        f"{module}.{name}"
        for module, file in modules.items()
        for name, node in _public_names(ast.parse(file.read_text()).body, prefix="")
        if not ast.get_docstring(node)
    ]

    assert undocumented == []


def _public_names(body: list[ast.stmt], *, prefix: str) -> Iterator[tuple[str, Named]]:
    """Public functions and classes of a body, and the public methods of those classes."""
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            if not _is_overload(node):
                yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public_names(node.body, prefix=f"{prefix}{node.name}.")


def _is_overload(node: Named) -> bool:
    """Overloads are documented by the function they describe; setters by their property."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "setter", "override"})
