"""Ansible, installed from PyPI into a virtual environment of its own."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.kit.child import start_child
from choria_core.errors import WorkError

VERSION: Final = "2.19.14"
"""The last that knows Python 3.11."""

ENVIRONMENT: Final[Mapping[str, str]] = {"ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where benches keep what they install: ``CHORIA_BENCH_DIR``, else the user's cache."""
    if named := environment.get("CHORIA_BENCH_DIR"):
        return Path(named)
    caches = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "choria-bench"


async def ansible_command(tell: Callable[[str], None]) -> tuple[str, ...] | None:
    """What runs ``ansible-playbook``, installed where it is not yet; None where it cannot be."""
    folder = cache_folder(os.environ) / f"ansible-core-{VERSION}"
    program = folder / "bin" / "ansible-playbook"
    if await _works(program):
        return (str(program),)
    tell(f"installing ansible-core {VERSION} into {folder}")
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    try:
        await _run(sys.executable, "-m", "venv", str(folder))
        await _run(python, "-m", "pip", "install", "--quiet", f"ansible-core=={VERSION}")
    except WorkError as error:
        tell(f"without Ansible, which cannot be installed: {error}")
        return None
    return (str(program),)


async def _works(program: Path) -> bool:
    """Whether it is installed, and whole."""
    try:
        said = await _run(str(program), "--version", environment=ENVIRONMENT)
    except (OSError, WorkError):
        return False
    return f"core {VERSION}" in said


async def _run(*command: str, environment: Mapping[str, str] | None = None) -> str:
    async with start_child(*command, environment=environment) as child:
        await child.wait()
        return child.output


def write_settings(folder: Path) -> dict[str, str]:
    """Variables that leave it as it comes, whatever the user has configured."""
    config = folder / "ansible.cfg"
    config.write_text("[defaults]\n")
    own = {"ANSIBLE_CONFIG": str(config), "ANSIBLE_HOME": str(folder / "ansible")}
    return {**ENVIRONMENT, **own}


def play_words(command: Sequence[str], book: Path) -> tuple[str, ...]:
    """What runs a play on this machine."""
    return (*command, "--inventory", "localhost,", str(book))
