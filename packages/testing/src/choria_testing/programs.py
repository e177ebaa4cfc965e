"""The ``choria`` program as a child process: start it, read what it says, end it in any way.

async with run_choria("replicate", "--config", str(path)) as program:
await program.said("copying")
program.kill()
assert await program.ended() == -signal.SIGKILL
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

PATIENCE_SECONDS: Final = 60.0
"""After so long without what a test waits for, it fails rather than hangs."""


class Program:
    """A running ``choria``.  Made by :func:`run_choria`.

    Attributes:
        lines: what it wrote so far, of standard output and standard error in one.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[str] = []
        self._process = process
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the number of the signal that ended it."""
        return self._process.returncode

    @property
    def output(self) -> str:
        """All that it wrote so far."""
        return "\n".join(self.lines)

    async def said(self, text: str, *, count: int = 1) -> str:
        """Return the ``count``-th line that contains ``text``, once it is written.

        Raises:
            AssertionError: the program ended, or a minute passed, without saying it.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._news:
                while True:
                    found = [line for line in self.lines if text in line]
                    if len(found) >= count:
                        return found[count - 1]
                    if self._reader.done() or self._process.returncode is not None:
                        break
                    await self._news.wait()
        except TimeoutError:
            pass
        raise AssertionError(f"the program never said {text!r}:\n{self.output}")

    async def ended(self, *, within_seconds: float = PATIENCE_SECONDS) -> int:
        """Its exit code, once it has ended and all that it wrote is read.

        Raises:
            AssertionError: it is still running after ``within_seconds``.
        """
        try:
            async with asyncio.timeout(within_seconds):
                code = await self._process.wait()
                await asyncio.shield(self._reader)
        except TimeoutError:
            raise AssertionError(
                f"the program still runs after {within_seconds:g} s:\n{self.output}"
            ) from None
        return code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        self.send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self.send(signal.SIGTERM)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._news:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()


@contextlib.asynccontextmanager
async def run_choria(
    *words: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> AsyncIterator[Program]:
    """``choria`` with ``words`` for arguments; killed at the end of the block if it still runs.

    Args:
        words: arguments.
        environment: its variables; our own when None.
        folder: where it runs; here when None.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "choria",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        cwd=folder,
        limit=1 << 20,
    )
    program = Program(process)
    try:
        yield program
    finally:
        program.kill()
        await program.ended()
