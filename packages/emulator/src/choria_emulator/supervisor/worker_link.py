"""One process of a fleet, as the program that started it sees it."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable

from msgspec import DecodeError

from choria_core.errors import ChoriaError, ConfigError, TransportError, WorkError
from choria_emulator.worker.messages import (
    ExitAsked,
    Failed,
    Order,
    Stop,
    Told,
    WorkerSpec,
    line,
    reports,
)

_LONGEST_LINE = 1 << 24
_ERRORS: dict[int, type[ChoriaError]] = {1: WorkError, 2: ConfigError, 3: TransportError}


class WorkerLink:
    """Gives orders to one process and keeps what it told last.

    Args:
        spec: what the process shall do.
        on_exit_asked: called where somebody called ``exit_emulator``.

    Attributes:
        told: None before it told anything.
    """

    def __init__(self, spec: WorkerSpec, *, on_exit_asked: Callable[[], None]) -> None:
        self.told: Told | None = None
        self._spec = spec
        self._on_exit_asked = on_exit_asked
        self._process: asyncio.subprocess.Process | None = None
        self._failure: Failed | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Start the process."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "choria_emulator.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        await self.order(self._spec)

    async def order(self, order: Order | WorkerSpec) -> None:
        """Give an order; it is lost where the process has ended."""
        if isinstance(order, Stop):
            self._is_stopping = True
        process = self._running()
        pipe = process.stdin
        assert pipe is not None
        if pipe.is_closing():
            return
        with contextlib.suppress(ConnectionError):
            pipe.write(line(order))
            await pipe.drain()

    async def follow(self) -> None:
        """Listen to the process until it ends.

        Raises:
            ChoriaError: it said why it cannot go on, or ended without being told to.
        """
        process = self._running()
        assert process.stdout is not None
        while text := await process.stdout.readline():
            try:
                self._take(text)
            except DecodeError as error:
                raise WorkError(f"a worker said what is no report: {error}") from error
        code = await process.wait()
        if self._failure is not None:
            kind = _ERRORS.get(self._failure.exit_code, WorkError)
            raise kind(self._failure.problem)
        if not self._is_stopping:
            raise WorkError(f"worker {self._spec.worker} ended unexpectedly, {_how(code)}")

    async def kill(self) -> None:
        """End the process, if it is still there."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _take(self, text: bytes) -> None:
        match reports.decode(text):
            case Told() as told:
                self.told = told
            case ExitAsked():
                self._on_exit_asked()
            case Failed() as failure:
                self._failure = failure

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not started"
        return self._process


def _how(code: int) -> str:
    """How a process ended, by its exit code."""
    if code >= 0:
        return f"with exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
