"""One run of a program: how long, how much processor time, how much memory."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.kit.child import module_command, start_child
from choria_core.errors import WorkError

LIMIT_SECONDS: Final = 120.0
TAIL_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """What a whole process took.

    Attributes:
        started: unix seconds.
        seconds: from its start to its end.
        cpu_seconds: of user and system together.
        peak_bytes: the most memory it had.
        output: what it printed.
    """

    started: float
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: bytes


async def run_program(command: Sequence[str], environment: Mapping[str, str]) -> ProgramRun:
    """Run ``command`` to its end.

    Raises:
        WorkError: it failed, or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
        words = (name, f"{LIMIT_SECONDS:g}", *command)
        measured = module_command("bench.kit.measured", *words)
        async with start_child(*measured, environment=environment) as child:
            await child.wait()
            taken = json.loads(child.output)
        folder = Path(name)
        if taken.pop("exit_code"):
            said = (folder / "err").read_text(errors="replace")[-TAIL_CHARACTERS:]
            raise WorkError(f"{' '.join(command)} failed:\n{said}")
        return ProgramRun(output=(folder / "out").read_bytes(), **taken)
