"""Programs that node sets ask."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from choria_core.errors import WorkError
from choria_core.playbook.workbench import Workbench
from choria_core.processes.processes import Finished

LEAST_SECONDS: Final = 0.001

_SAID_CHARS: Final = 200


async def output_of(
    bench: Workbench, command: str | Sequence[str], *, name: str, timeout_seconds: float
) -> tuple[str, ...]:
    """The lines that a program writes; those of its errors are only told where it fails.

    It works in the folder of the run, with its variables and ``LC_ALL=C``.

    Args:
        bench: of the run.
        command: a text for the shell, or the words of a command.
        name: what errors call it.
        timeout_seconds: then it is ended with all that it started.

    Raises:
        WorkError: it took too long, or ended with another code than 0.
        ConfigError: the folder of the run is not there, or no program can be given such words.
    """
    processes = await bench.processes()
    finished = await processes.run(
        command,
        folder=bench.folder,
        environment={**bench.environment, "LC_ALL": "C"},
        timeout_seconds=timeout_seconds,
        separate_errors=True,
    )
    if finished.is_timed_out:
        raise WorkError(f"{name} took more than {timeout_seconds:g} s and was ended")
    if finished.code != 0:
        raise WorkError(f"{name} {_end(finished)}{_complaint(finished)}")
    return finished.output


def path_in(bench: Workbench, name: str) -> Path:
    """A file as a book names it."""
    return bench.folder / Path(name).expanduser()


def _end(finished: Finished) -> str:
    if finished.code > 0:
        return f"ended with code {finished.code}"
    try:
        return f"was ended by {signal.Signals(-finished.code).name}"
    except ValueError:  # a real-time signal
        return f"was ended by signal {-finished.code}"


def _complaint(finished: Finished) -> str:
    """What it said last of its errors."""
    last = next((line.strip() for line in reversed(finished.errors) if line.strip()), "")
    return f": {last[:_SAID_CHARS]}" if last else ""
