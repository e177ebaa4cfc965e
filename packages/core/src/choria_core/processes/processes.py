"""Programs that a run starts; what it waits for never outlives it.

    async with Processes() as processes:
        finished = await processes.run("uptime", folder=None, environment=os.environ)

Each program has a session and a process group of its own.  A small guardian process ends
every group that still works when this process is gone, even by SIGKILL.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from choria_core.errors import ConfigError, WorkError
from choria_core.processes.guard import Guard
from choria_core.processes.output import Output
from choria_core.processes.pipes import Pipes
from choria_core.processes.program import Program
from choria_core.processes.spawning import spawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended.

    Attributes:
        code: its exit code; the negative number of the signal that killed it.
        output: its lines; those of its errors among them, unless they are apart.
        errors: the lines of its errors, where they are apart.
        is_timed_out: its time was over, so that it was ended.
        seconds: how long it took.
    """

    code: int
    output: tuple[str, ...]
    errors: tuple[str, ...]
    is_timed_out: bool
    seconds: float


class Processes:
    """Starts programs; used as ``async with``, and left when none runs any more."""

    def __init__(self) -> None:
        self._guard: Guard | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.close()

    async def run(
        self,
        command: str | Sequence[str],
        *,
        folder: Path | None,
        environment: Mapping[str, str],
        timeout_seconds: float | None = None,
        standard_input: bytes = b"",
        on_line: Callable[[str], None] | None = None,
        separate_errors: bool = False,
    ) -> Finished:
        """Run a program to its end.

        At the timeout, and when this is cancelled, its whole group gets SIGTERM, and SIGKILL
        after two seconds.  What a program leaves in the background after its own end goes on,
        but its output is no longer read.

        Args:
            command: a text for the shell, or the words of a command, which is looked up in
                the PATH of ``environment``; the code is 127 where there is none.
            folder: where it works, which must exist; ours when None.
            environment: all of it.
            timeout_seconds: None lets it take its time.
            standard_input: what it can read.
            on_line: told each line of output and errors at once; what it raises ends the
                program and is raised here.
            separate_errors: keep errors apart, where a machine reads the output.

        Raises:
            ConfigError: there is no such folder, or what is given cannot be told a program.
            WorkError: the system cannot start it.
        """
        began = time.monotonic()
        output = Output(on_line)
        errors = Output(on_line) if separate_errors else None
        pipes = Pipes(output, errors, standard_input)
        try:
            program = self._start(command, folder, environment, pipes)
            is_timed_out = await program.run(timeout_seconds)
            await pipes.finish()
        finally:
            pipes.close()
        return Finished(
            code=os.waitstatus_to_exitcode(program.status),
            output=output.end(),
            errors=() if errors is None else errors.end(),
            is_timed_out=is_timed_out,
            seconds=time.monotonic() - began,
        )

    def _start(
        self,
        command: str | Sequence[str],
        folder: Path | None,
        environment: Mapping[str, str],
        pipes: Pipes,
    ) -> Program:
        if folder is not None and not folder.is_dir():
            raise ConfigError(f"there is no folder {folder} to work in")
        if self._guard is None:
            self._guard = Guard()
        guard = self._guard
        descriptors = (*pipes.descriptors(guard.null), guard.pipe)
        try:
            guard.ensure()
            group = spawn(command, folder=folder, environment=environment, descriptors=descriptors)
        except ValueError as error:
            raise ConfigError(f"no program can be started with that: {error}") from error
        except OSError as error:
            raise WorkError(f"no program can be started: {error.strerror}") from error
        program = Program(group, guard)
        pipes.start(program.fail)
        return program
