"""Asks on the terminal: what shall become of a step, for a secret, whether somebody is sure."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Final

import typer

from choria_core.errors import UsageError
from choria_core.event_loop import Stop

_ANSWERS: Final = {
    "y": "yes",
    "yes": "yes",
    "n": "skip",
    "no": "skip",
    "s": "skip",
    "skip": "skip",
    "a": "all",
    "all": "all",
    "q": "stop",
    "quit": "stop",
    "stop": "stop",
}
_CHOICE: Final = "(y)es, (s)kip it, (a)ll from here on, (q) to stop"
_MOST_BYTES: Final = 4096


def require_terminal() -> None:
    """Make certain that somebody can be asked.

    Raises:
        UsageError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("--step asks before each step, which needs a terminal: leave it out")


def ask_secret(text: str) -> str:
    """What is typed unseen.

    Raises:
        KeyboardInterrupt: somebody had enough.
    """
    with _given_up():
        typed: str = typer.prompt(text, hide_input=True, err=True)
    return typed


def is_sure(text: str) -> bool:
    """Whether the answer is yes; KeyboardInterrupt as for :func:`ask_secret`."""
    with _given_up():
        return typer.confirm(text, err=True)


@contextlib.contextmanager
def _given_up() -> Iterator[None]:
    try:
        yield
    except typer.Abort:
        raise KeyboardInterrupt from None


class Questions:
    """Asks before steps, one question at a time; a ``Confirm`` of a request.

    The end of the input and a run that is to stop count as the answer ``stop``.

    Args:
        stop: ends the waiting for an answer.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._turn = asyncio.Lock()
        self._typed = b""

    async def __call__(self, description: str) -> str:
        """Ask once more until the answer is one that we know."""
        from choria_core.presentation.safe_text import one_line

        async with self._turn:
            answer: str | None = None
            while answer is None:
                typer.echo(f"? {one_line(description)}: {_CHOICE}: ", nl=False, err=True)
                line = await self._line()
                answer = "stop" if line is None else _ANSWERS.get(line.strip().lower())
            return answer

    async def _line(self) -> str | None:
        """What is typed next; None where nothing more comes."""
        while b"\n" not in self._typed:
            typed = await self._read()
            if not typed:
                typer.echo(err=True)
                return None
            self._typed += typed
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode(errors="replace")

    async def _read(self) -> bytes:
        """Some of what is typed; nothing at its end, or where the run is to stop."""
        loop, fd = asyncio.get_running_loop(), sys.stdin.fileno()
        ready = asyncio.Event()
        loop.add_reader(fd, ready.set)
        waits = [asyncio.ensure_future(one.wait()) for one in (ready, self._stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(fd)
            for one in waits:
                one.cancel()
        return b"" if self._stop.is_set() else _read_some(fd)


def _read_some(fd: int) -> bytes:
    try:
        return os.read(fd, _MOST_BYTES)
    except OSError:  # the terminal is gone
        return b""
