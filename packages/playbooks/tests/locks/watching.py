"""A book that a test looks at, and waits for, while it runs.

async with watched(lab, text) as run:
    await run.wrote("waiting")
    lab.stop.set()
    ran = await run.ended()
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from choria_playbooks.engine.events import Event, Line
from packages.playbooks.tests.engine.conftest import Lab, Ran

PATIENCE_SECONDS = 60.0


class WatchedRun:
    """A run of a book.

    Attributes:
        events: all that happened so far.
    """

    def __init__(self, lab: Lab, text: str, request: dict[str, Any]) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self._folder = lab.folder
        self._task = asyncio.create_task(lab.run(text, listener=self._take, **request))
        self._task.add_done_callback(lambda _task: self._news.set())

    async def happened(self, wanted: Callable[[Event], bool]) -> Event:
        """The first event that is ``wanted``, once there is one.

        Raises:
            AssertionError: the run ended, or a minute passed, before.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    found = next(filter(wanted, self.events), None)
                    if found is not None:
                        return found
                    if self._task.done():
                        break
                    self._news.clear()
                    await self._news.wait()
        raise AssertionError(f"it never happened; what did: {self.events}")

    async def wrote(self, text: str) -> Event:
        """Return once a program of the book wrote a line."""
        return await self.happened(
            lambda event: isinstance(event, Line) and event.is_output and event.text == text
        )

    async def ended(self) -> Ran:
        """What came of it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._task

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def break_off(self) -> None:
        """End it, where it still runs."""
        self._task.cancel()
        await asyncio.wait({self._task})


@contextlib.asynccontextmanager
async def watched(lab: Lab, text: str, **request: Any) -> AsyncIterator[WatchedRun]:
    """Run a book, broken off at the end of the block if it still runs."""
    run = WatchedRun(lab, text, request)
    try:
        yield run
    finally:
        await run.break_off()


class Gate:
    """Where programs of a book wait until the test lets one go.

    Attributes:
        command: of a program that says ``waiting`` and then waits.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._path = folder / "gate"
        os.mkfifo(self._path)
        self.command = f"echo waiting; read -r word < {self._path}"

    async def open(self) -> None:
        """Let one go that waits, or will."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.to_thread(self._path.write_text, "go\n")


class Family:
    """A program with a child and a grandchild, which would live for ten minutes.

    Attributes:
        command: of the program.
    """

    def __init__(self, fifo: Path, reader: asyncio.StreamReader, writer: int) -> None:
        self.command = f"exec 9>'{fifo}'; echo up >&9; (sleep 600; true) & sleep 600; true"
        self._reader = reader
        self._writer = writer

    async def up(self) -> None:
        """Return once they are there."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await self._reader.readline() == b"up\n"
        os.close(self._writer)

    async def gone(self) -> None:
        """Return once none of them is: a pipe ends when no process has it open."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await self._reader.read() == b""


@contextlib.asynccontextmanager
async def family(folder: Path) -> AsyncIterator[Family]:
    """Prepare the command of such a program, with a pipe in ``folder``."""
    fifo, reader = folder / "alive", asyncio.StreamReader()
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(fifo, os.O_WRONLY)  # else the pipe ends before anybody wrote
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(descriptor))
    try:
        yield Family(fifo, reader, writer)
    finally:
        transport.close()
