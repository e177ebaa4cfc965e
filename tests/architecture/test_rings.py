"""The contracts of the import linter cover what the code says of itself."""

import ast
import tomllib
from pathlib import Path


def test_every_module_that_calls_itself_pure_is_held_to_it(
    root: Path, modules: dict[str, Path]
) -> None:
    """A pure module's first paragraph ends with the word; the contract lists exactly those."""
    contract = _contract(root, "pure")

    claimed = {name for name, file in modules.items() if _is_pure(file)}

    assert claimed == set(contract["source_modules"])


def test_every_package_is_under_contract(root: Path, modules: dict[str, Path]) -> None:
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]

    packages = {name.partition(".")[0] for name in modules}

    assert packages == set(linter["root_packages"])
    assert packages == set(_contract(root, "acyclic")["ancestors"])


def _contract(root: Path, identity: str) -> dict[str, list[str]]:
    linter = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    found: dict[str, list[str]] = next(c for c in linter["contracts"] if c["id"] == identity)
    return found


def _is_pure(file: Path) -> bool:
    docstring = ast.get_docstring(ast.parse(file.read_text())) or ""
    first_paragraph = docstring.partition("\n\n")[0]
    return first_paragraph.split()[-1:] == ["Pure."]
