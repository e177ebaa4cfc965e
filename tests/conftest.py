"""What the tests of the whole workspace share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the workspace."""
    return ROOT


@pytest.fixture(scope="session")
def projects() -> list[Path]:
    """The folders of all packages."""
    return sorted(path.parent for path in (ROOT / "packages").rglob("pyproject.toml"))


@pytest.fixture(scope="session")
def modules(projects: list[Path]) -> dict[str, Path]:
    """Every module of every package: its dotted name and its file."""
    return {
        _dotted(file.relative_to(project / "src")): file
        for project in projects
        for file in sorted((project / "src").rglob("*.py"))
    }


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
