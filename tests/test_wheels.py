"""What we build installs into an empty environment and runs there."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

UMBRELLA = "choria"
PLUGINS = "choria_plugin_"


@pytest.fixture(scope="module")
def wheels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The wheels of all packages, built as a release builds them."""
    folder = tmp_path_factory.mktemp("wheels")
    uv = str(Path(sys.executable).parent / "uv")
    options = ["--wheel", "--no-build-isolation", "--python", sys.executable]
    _run(uv, "build", "--all-packages", "--quiet", *options, "--out-dir", str(folder), cwd=root)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(root: Path, wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with our wheels and the pins that they ask for."""
    folder = tmp_path_factory.mktemp("empty")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    pins = folder / "pins.txt"
    names = _closure(UMBRELLA).union(*map(_closure, _plugins(wheels)))
    pins.write_text(_pins_of(names, (root / "constraints.txt").read_text()))
    python = str(folder / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps"]
    _run(*pip, "--require-hashes", "-r", str(pins))
    _run(*pip, *map(str, wheels))
    return folder / "venv" / "bin"


def test_the_line_of_the_readme_brings_all_that_choria_asks_for(root: Path) -> None:
    line = re.search(
        r"^pip install (\./packages/.*)$", (root / "README.md").read_text(), re.MULTILINE
    )
    assert line
    folders = {folder for word in line[1].split() for folder in root.glob(word.removeprefix("./"))}
    projects = {folder / "pyproject.toml" for folder in folders}
    named = {tomllib.loads(project.read_text())["project"]["name"] for project in projects}

    assert {name for name in _closure(UMBRELLA) if name.startswith("choria")} <= named


def test_every_package_is_built(projects: list[Path], wheels: list[Path]) -> None:
    built = {wheel.name.partition("-")[0] for wheel in wheels}

    assert built == {folder.name for project in projects for folder in project.glob("src/*")}


def test_the_schemas_come_with_the_core(root: Path, wheels: list[Path]) -> None:
    source = root / "packages" / "core" / "src"
    schemas = {str(file.relative_to(source)) for file in source.glob("**/schemas/*/*.json")}
    core = next(wheel for wheel in wheels if wheel.name.startswith("choria_core-"))

    assert schemas
    assert schemas <= set(ZipFile(core).namelist())


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


@pytest.mark.timeout(300)
def test_choria_tells_its_version(installed: Path) -> None:
    assert "0.1.0" in _run(str(installed / "choria"), "--version")


@pytest.mark.timeout(300)
def test_choria_offers_its_commands(installed: Path) -> None:
    helped = _run(str(installed / "choria"), "--help")

    assert all(command in helped for command in ("replicate", "broker", "plugin", "demo"))


@pytest.mark.timeout(300)
def test_choria_lists_its_own_plugins(installed: Path) -> None:
    listed = _run(str(installed / "choria"), "plugin", "list", "--json")

    ours = ("choria-core", "choria-emulator", "choria-replicator", '"choria"')
    assert all(name in listed for name in ours)
    assert "failed" not in listed


@pytest.mark.timeout(300)
def test_the_broker_program_comes_along(installed: Path) -> None:
    assert _run(str(installed / "nats-server"), "--version").startswith("nats-server: v2.")


def _plugins(wheels: list[Path]) -> list[str]:
    """The distributions that the umbrella does not ask for."""
    stems = (wheel.name.partition("-")[0] for wheel in wheels)
    return [canonicalize_name(stem) for stem in stems if stem.startswith(PLUGINS)]


def _closure(name: str) -> set[str]:
    """``name`` and everything it asks for, on this platform, transitively."""
    names: set[str] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(name, frozenset())]
    seen = set(waiting)
    while waiting:
        current, extras = waiting.pop()
        names.add(current)
        for text in distribution(current).requires or []:
            asked = Requirement(text)
            entry = (canonicalize_name(asked.name), frozenset(asked.extras))
            if entry not in seen and _applies(asked, extras):
                seen.add(entry)
                waiting.append(entry)
    return names


def _applies(asked: Requirement, extras: frozenset[str]) -> bool:
    marker = asked.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def _pins_of(names: set[str], constraints: str) -> str:
    """The part of ``constraints`` that pins ``names``; our own packages are not in it."""
    blocks = re.split(r"\n(?=\S)", constraints.strip())
    chosen = [block for block in blocks if block.partition("==")[0] in names]
    assert {"nats-py", "typer"} < {block.partition("==")[0] for block in chosen}
    return "\n".join(chosen) + "\n"


def _run(*words: str, cwd: Path | None = None) -> str:
    """Output of a program that must succeed; its complaint is the test's."""
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout
