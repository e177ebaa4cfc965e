"""What we build installs into an empty environment and runs there."""

import re
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.utils import canonicalize_name

from tests.empty_environment import EmptyEnvironment, build_wheels, closure

UMBRELLA = "choria"
PLUGINS = "choria_plugin_"
TESTING = "choria_testing-"


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of all packages, built as a release builds them."""
    return build_wheels(root, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def installed(
    root: Path, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> EmptyEnvironment:
    """A new environment with our wheels and the pins that they ask for."""
    environment = EmptyEnvironment(tmp_path_factory.mktemp("empty") / "venv")
    names = closure(UMBRELLA).union(*map(closure, _plugins(wheels)))
    environment.install_pinned(names, root / "constraints.txt")
    environment.install(*(wheel for wheel in wheels if not wheel.name.startswith(TESTING)))
    return environment


def test_the_line_of_the_readme_brings_all_that_choria_asks_for(root: Path) -> None:
    line = re.search(
        r"^pip install (\./packages/.*)$", (root / "README.md").read_text(), re.MULTILINE
    )
    assert line
    folders = {folder for word in line[1].split() for folder in root.glob(word.removeprefix("./"))}
    projects = {folder / "pyproject.toml" for folder in folders}
    named = {tomllib.loads(project.read_text())["project"]["name"] for project in projects}

    assert {name for name in closure(UMBRELLA) if name.startswith("choria")} <= named


def test_every_package_is_built(projects: list[Path], wheels: list[Path]) -> None:
    built = {wheel.name.partition("-")[0] for wheel in wheels}

    assert built == {folder.name for project in projects for folder in project.glob("src/*")}


def test_the_schemas_come_with_the_core(root: Path, wheels: list[Path]) -> None:
    source = root / "packages" / "core" / "src"
    schemas = {str(file.relative_to(source)) for file in source.glob("**/schemas/*/*.json")}
    core = next(wheel for wheel in wheels if wheel.name.startswith("choria_core-"))

    assert schemas
    assert schemas <= set(ZipFile(core).namelist())


def test_the_templates_of_plugins_come_with_the_core(root: Path, wheels: list[Path]) -> None:
    source = root / "packages" / "core" / "src"
    templates = {str(file.relative_to(source)) for file in source.rglob("*.template")}
    core = next(wheel for wheel in wheels if wheel.name.startswith("choria_core-"))

    assert templates
    assert templates <= set(ZipFile(core).namelist())


def test_the_live_page_comes_with_the_emulator(root: Path, wheels: list[Path]) -> None:
    source = root / "packages" / "emulator" / "src"
    parts = {str(file.relative_to(source)) for file in source.glob("*/watch/page/*")}
    emulator = next(wheel for wheel in wheels if wheel.name.startswith("choria_emulator-"))

    assert parts
    assert parts <= set(ZipFile(emulator).namelist())


def test_the_examples_come_with_the_playbooks(root: Path, wheels: list[Path]) -> None:
    source = root / "packages" / "playbooks" / "src"
    books = {str(file.relative_to(source)) for file in source.glob("*/examples/*.yaml")}
    playbooks = next(wheel for wheel in wheels if wheel.name.startswith("choria_playbooks-"))

    assert len(books) == 4
    assert books <= set(ZipFile(playbooks).namelist())


def test_the_book_of_the_demo_comes_with_it(wheels: list[Path]) -> None:
    choria = next(wheel for wheel in wheels if wheel.name.startswith("choria-"))

    assert "choria/demo/demo_book.yaml" in ZipFile(choria).namelist()


@pytest.mark.timeout(300)
def test_choria_tells_its_version(installed: EmptyEnvironment) -> None:
    assert "0.1.0" in installed.run("choria", "--version")


@pytest.mark.timeout(300)
def test_choria_offers_its_commands(installed: EmptyEnvironment) -> None:
    helped = installed.run("choria", "--help")

    assert all(command in helped for command in ("replicate", "broker", "plugin", "demo"))


@pytest.mark.timeout(300)
def test_choria_lists_its_own_plugins(installed: EmptyEnvironment) -> None:
    listed = installed.run("choria", "plugin", "list", "--json")

    ours = ("choria-core", "choria-emulator", "choria-replicator", '"choria"')
    assert all(name in listed for name in ours)
    assert "failed" not in listed


@pytest.mark.timeout(300)
def test_the_broker_program_comes_along(installed: EmptyEnvironment) -> None:
    assert installed.run("nats-server", "--version").startswith("nats-server: v2.")


def _plugins(wheels: list[Path]) -> list[str]:
    """The distributions that the umbrella does not ask for."""
    stems = (wheel.name.partition("-")[0] for wheel in wheels)
    return [canonicalize_name(stem) for stem in stems if stem.startswith(PLUGINS)]
