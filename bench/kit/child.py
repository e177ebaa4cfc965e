"""A measured program: started as a process of its own, watched, and ended for sure."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from choria_core.errors import WorkError

GRACE_SECONDS = 10.0
TAIL_BYTES = 2_000
LOOK_SECONDS = 0.02


class Child:
    """A running program; made by :func:`start_child`.

    Attributes:
        command: its words.
        peak_bytes: the most memory that any look at it has shown.
    """

    def __init__(
        self, command: Sequence[str], process: asyncio.subprocess.Process, folder: Path
    ) -> None:
        self.command = tuple(command)
        self.peak_bytes = 0
        self._process = process
        self._folder = folder

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    @property
    def output(self) -> str:
        """What it printed so far."""
        return (self._folder / "out").read_text(errors="replace")

    def look(self) -> None:
        """Note its memory; the system keeps the peak, so the last look before its end counts."""
        self.peak_bytes = max(self.peak_bytes, _peak_bytes(self._process.pid))

    def check(self) -> None:
        """Raise a WorkError with its last words if it has failed."""
        if self._process.returncode:
            words = (self._folder / "err").read_bytes()[-TAIL_BYTES:].decode(errors="replace")
            raise WorkError(
                f"{' '.join(self.command)} ended with {self._process.returncode}:\n{words}"
            )

    async def printed(self, text: str, *, within_seconds: float) -> None:
        """Return when it has printed ``text``.  Raises WorkError when it does not."""
        try:
            async with asyncio.timeout(within_seconds):
                while text not in self.output and not self.is_over:  # noqa: ASYNC110 - it is another process
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise WorkError(f"{' '.join(self.command)} did not print {text!r}") from None
        self.check()

    async def wait(self) -> None:
        """Return when it has ended well.  Raises WorkError when it failed."""
        await self._process.wait()
        self.check()

    async def end(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """End it: SIGTERM, then SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds):
                    await self._process.wait()
        finally:
            if not self.is_over:
                self._process.kill()
                await self._process.wait()


@contextlib.asynccontextmanager
async def start_child(
    *command: str,
    environment: Mapping[str, str] | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> AsyncIterator[Child]:
    """A running program, ended at the end of the block.

    Its standard input stays open as long as this process lives.  It has ``grace_seconds`` to
    end by itself, then it is killed.
    """
    with tempfile.TemporaryDirectory(prefix="choria-bench-") as name:
        folder = Path(name)
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=err,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # a terminal's Ctrl-C is for us, who end it then
            )
        child = Child(command, process, folder)
        try:
            yield child
        finally:
            await child.end(grace_seconds)


def module_command(module: str, *words: str) -> tuple[str, ...]:
    """A module of ours run by this Python."""
    return (sys.executable, "-m", module, *words)


def _peak_bytes(pid: int) -> int:
    """The most memory a process has had; 0 where the system does not say or it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
