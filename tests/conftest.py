"""What the tests of the whole workspace share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_testing.crossing import Crossing, crossing_of
from choria_testing.fixtures import MakeBroker

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


@pytest_asyncio.fixture
async def crossing(make_broker: MakeBroker, tmp_path: Path) -> AsyncIterator[Crossing]:
    """Two fresh brokers, and `choria replicate` to run between them."""
    source, target = await make_broker(), await make_broker(monitor_port=ANY_PORT)
    async with crossing_of(source, target, tmp_path) as crossing:
        yield crossing


def _dotted(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
