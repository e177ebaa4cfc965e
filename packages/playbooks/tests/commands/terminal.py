"""A program on a terminal of its own: what it shows, and somebody who types."""

import asyncio
import codecs
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

PATIENCE_SECONDS = 60.0
ROWS, COLUMNS = 24, 80


class Terminal:
    """Made by :func:`on_terminal`.

    Attributes:
        shown: all that the program wrote.
    """

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.shown = self._raw = ""
        self.process = process
        self._master = master
        self._news = asyncio.Event()
        self._is_open = True
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        asyncio.get_running_loop().add_reader(master, self._read)

    async def until(self, text: str, *, count: int = 1) -> None:
        """Return when ``text`` was shown ``count`` times.

        Raises:
            AssertionError: that never happened.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self.shown.count(text) < count:
                    assert self._is_open, f"the program ended without {text!r}:\n{self.shown}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"the program never showed {text!r}:\n{self.shown}") from None

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def hang_up(self) -> None:
        """Take the terminal away, as a connection that broke does."""
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            self._news.set()

    async def ended(self) -> int:
        """The exit code of the program, once all that it wrote is here."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self.process.wait()
            while self._is_open:
                self._news.clear()
                await self._news.wait()
        return code

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # nobody has the other end any more
            data = b""
        self._raw += self._decoder.decode(data)
        self.shown = self._raw.replace("\r\n", "\n")
        self._news.set()
        if not data:
            self.hang_up()


@contextlib.asynccontextmanager
async def on_terminal(
    *words: str, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[Terminal]:
    """``choria`` with ``words``, in a folder, on a terminal of 80 columns that controls it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "choria", *words),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    finally:
        os.close(slave)
    terminal = Terminal(process, master)
    try:
        yield terminal
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        terminal.hang_up()
