"""A server of another project as a child process, which never outlives this one.

It listens on free ports of 127.0.0.1, and keeps them over restarts.  A guard
process ends it, and removes its folder, when this process ends in any way:
``choria_core.broker.guard``.  Nothing here belongs to an event loop, so that a
server may be started by a fixture of the whole run and killed by one test.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections import deque
from pathlib import Path
from typing import ClassVar, Self

from choria_core.broker import guard
from choria_core.broker.free_port import is_free, pick_port
from choria_core.errors import WorkError

HOST = "127.0.0.1"
START_ATTEMPTS = 5
START_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.05
GRACE_SECONDS = 10.0
TAIL_LINES = 20
PORT_TAKEN = "address already in use"


class RealServer(ABC):
    """One server: started by ``async with``, killed and cleaned up at the end of the block.

    Attributes:
        program: what is run.
        folder: its own folder, which goes with it.
    """

    port_kinds: ClassVar[tuple[str, ...]]
    """What it listens for; the first is where clients connect."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.folder = Path()
        self._ports: dict[str, int] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1

    @abstractmethod
    def arguments(self, ports: dict[str, int]) -> list[str]:
        """The program's arguments, to listen on ``ports`` by kind and keep data in ``folder``."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers, and is this server and no other; may block for a moment.

        Raises:
            OSError: it does not answer.
        """

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self._ports[self.port_kinds[0]]

    @property
    def http_url(self) -> str:
        """Where clients connect, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_file(self) -> Path:
        """What it wrote, over all of its lives."""
        return self.folder / "server.log"

    def log_tail(self) -> str:
        """The last lines that it wrote."""
        with contextlib.suppress(FileNotFoundError), self.log_file.open(errors="replace") as log:
            return "".join(deque(log, maxlen=TAIL_LINES))
        return ""

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"choria-{self.program.name}-"))
        try:
            await self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self.kill()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def start(self) -> None:
        """Start it and return when it is ready; a second start uses the same ports and folder.

        Raises:
            WorkError: it did not get ready; its last log lines are in the text.
        """
        if self.is_running:
            return
        first = not self._ports
        for attempt in range(1, START_ATTEMPTS + 1):
            if first:
                self._ports = self._choose_ports()
            self._launch()
            try:
                await self._until_ready()
            except BaseException as error:
                await self.kill()
                quicker = isinstance(error, WorkError) and PORT_TAKEN in self.log_tail().lower()
                if not (quicker and first and attempt < START_ATTEMPTS):
                    raise
            else:
                return

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL after ten seconds."""
        if self._process is None:
            return
        self._process.terminate()  # the guard passes it on
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, GRACE_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL), and return when its ports are free."""
        process, self._process = self._process, None
        if process is None:
            return
        ended_by_itself = process.poll() is not None
        if not ended_by_itself:
            os.killpg(process.pid, signal.SIGKILL)  # the guard and the server
            process.wait()
        os.close(self._pipe)  # not before: the guard would take us for dead
        if not ended_by_itself:
            await self._until_ports_are_free()

    async def restart(self) -> None:
        """Stop it and start it again, on the same ports."""
        await self.stop()
        await self.start()

    def _choose_ports(self) -> dict[str, int]:
        ports: dict[str, int] = {}
        for kind in self.port_kinds:
            ports[kind] = pick_port(HOST, besides=ports.values())
        return ports

    def _launch(self) -> None:
        guarded = [sys.executable, "-I", "-S", guard.__file__, str(GRACE_SECONDS)]
        command = [*guarded, str(self.folder), str(self.program), *self.arguments(self._ports)]
        guard_end, self._pipe = os.pipe()
        try:
            with self.log_file.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - programs that the tests name
                    command,
                    stdin=guard_end,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # a group of their own, killed together
                )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(guard_end)

    async def _until_ports_are_free(self) -> None:
        """Only the guard is a child of ours, so that the server may take a moment longer."""
        async with asyncio.timeout(GRACE_SECONDS):
            while not all(is_free(HOST, port) for port in self._ports.values()):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS / 10)  # no event tells of a stranger's end

    async def _until_ready(self) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                while not await asyncio.to_thread(self._answers):
                    if not self.is_running:
                        raise WorkError(self._with_log("ended"))
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            late = f"was not ready within {START_TIMEOUT_SECONDS:g} s"
            raise WorkError(self._with_log(late)) from None

    def _answers(self) -> bool:
        try:
            return self.is_ready()
        except OSError:
            return False

    def _with_log(self, what: str) -> str:
        return f"{self.program.name} {what}; its last log lines:\n{self.log_tail()}"
