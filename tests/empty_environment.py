"""An empty virtual environment, into which our built wheels are installed.

wheels = build_wheels(root, folder / "wheels")
environment = EmptyEnvironment(folder / "venv")
environment.install_pinned(closure("choria"), root / "constraints.txt")
environment.install(*wheels)
environment.run("choria", "--version")
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

UV = str(Path(sys.executable).parent / "uv")
OURS = ("PYTEST_", "PYTHON", "VIRTUAL_ENV")
"""Variables of the environment that runs the tests, which an empty one does not see."""


class EmptyEnvironment:
    """Made without anything in it, not even pip.

    Attributes:
        programs: the folder of its programs.
        variables: for whatever runs in it; its programs are the first on PATH.
    """

    def __init__(self, folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        self.programs = folder / "bin"
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(OURS)
        } | {"PATH": os.pathsep.join([str(self.programs), os.environ.get("PATH", os.defpath)])}

    def install_pinned(self, names: Iterable[str], constraints: Path) -> None:
        """Install what is pinned for ``names``, and nothing else."""
        pins = self.programs.parent / "pins.txt"
        pins.write_text(_pins_of(set(names), constraints.read_text()))
        words = ("--no-deps", "--require-hashes", "-r", str(pins))
        try:
            self._uv(*words)
        except AssertionError:  # pip may know an index that uv was not told of
            pip = [sys.executable, "-m", "pip", "--python", str(self.programs / "python")]
            run(*pip, "install", "--quiet", *words)

    def install(self, *packages: Path) -> None:
        """Install wheels, or folders of sources; all that they ask for must be there."""
        self._uv("--no-index", "--no-build-isolation", *map(str, packages))

    def run(self, program: str, *words: str, cwd: Path | None = None) -> str:
        """Output of one of its programs, as of :func:`run`."""
        path = str(self.programs / program)
        return run(path, *words, cwd=cwd, environment=self.variables)

    def _uv(self, *words: str) -> None:
        python = str(self.programs / "python")
        run(UV, "pip", "install", "--quiet", "--python", python, *words)


def build_wheels(root: Path, folder: Path) -> list[Path]:
    """The wheels of all packages, built as a release builds them."""
    options = ["--wheel", "--no-build-isolation", "--python", sys.executable]
    run(UV, "build", "--all-packages", "--quiet", *options, "--out-dir", str(folder), cwd=root)
    return sorted(folder.glob("*.whl"))


def closure(name: str) -> set[str]:
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


def run(*words: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """Output of a program that must succeed; its complaint is the test's."""
    done = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout


def _applies(asked: Requirement, extras: frozenset[str]) -> bool:
    marker = asked.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def _pins_of(names: set[str], constraints: str) -> str:
    """The part of ``constraints`` that pins ``names``; our own packages are not in it."""
    blocks = re.split(r"\n(?=\S)", constraints.strip())
    chosen = [block for block in blocks if block.partition("==")[0] in names]
    assert {"nats-py", "typer"} < {block.partition("==")[0] for block in chosen}
    return "\n".join(chosen) + "\n"
