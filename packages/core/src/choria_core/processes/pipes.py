"""The pipes between us and a program."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from choria_core.processes.output import Output

_READ_BYTES: Final = 1 << 13
"""At once: lines may be short and take long to show, and signals wait meanwhile."""

_MOST_LEFT_BYTES: Final = 1 << 20
"""What a pipe can hold: more than that was written after the program's end, by others."""

OnError = Callable[[Exception], None]


class Reader:
    """Reads a pipe while a program runs, and what is left in it at the end.

    Args:
        output: takes what is read.

    Attributes:
        theirs: the program's end of the pipe.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop = asyncio.get_running_loop()
        self._is_reading = False
        self._on_error: OnError | None = None

    def start(self, on_error: OnError) -> None:
        """The program has its end now.

        Args:
            on_error: told what ``output`` raised.
        """
        self._close_theirs()
        self._on_error = on_error
        self._loop.add_reader(self._ours, self._read)
        self._is_reading = True

    async def finish(self) -> None:
        """Read what the program left, but do not wait for others that still hold the pipe."""
        left = _MOST_LEFT_BYTES
        while self._is_reading and left > 0:
            size = self._read()
            if not size:
                return
            left -= size
            await asyncio.sleep(0)

    def close(self) -> None:
        """Read no more."""
        self._stop()
        os.close(self._ours)
        self._close_theirs()

    def _read(self) -> int:
        """Read once; how many bytes there were."""
        try:
            data = os.read(self._ours, _READ_BYTES)
        except BlockingIOError:
            return 0
        if not data:
            self._stop()
            return 0
        try:
            self._output.take(data)
        except Exception as error:  # noqa: BLE001 - raised where the program is waited for
            if self._on_error is not None:
                self._on_error(error)
        return len(data)

    def _stop(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._ours)

    def _close_theirs(self) -> None:
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1


class Writer:
    """Gives a program its input; one that wants no more of it is no error.

    Attributes:
        theirs: the program's end of the pipe.
    """

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)
        self.theirs, self._ours = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop = asyncio.get_running_loop()

    def start(self) -> None:
        """The program has its end now."""
        self._close_theirs()
        self._loop.add_writer(self._ours, self._write)

    def close(self) -> None:
        """Write no more."""
        self._close_theirs()
        if self._ours >= 0:
            self._loop.remove_writer(self._ours)
            os.close(self._ours)
            self._ours = -1

    def _write(self) -> None:
        try:
            self._rest = self._rest[os.write(self._ours, self._rest) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            self.close()

    def _close_theirs(self) -> None:
        if self.theirs >= 0:
            os.close(self.theirs)
            self.theirs = -1


class Pipes:
    """All pipes of one program.

    Args:
        output: takes its output, and its errors among it unless those are apart.
        errors: takes its errors alone.
        standard_input: what it can read.
    """

    def __init__(self, output: Output, errors: Output | None, standard_input: bytes) -> None:
        self._output = Reader(output)
        self._errors = None if errors is None else Reader(errors)
        self._input = Writer(standard_input) if standard_input else None

    def descriptors(self, null: int) -> tuple[int, int, int]:
        """What becomes the program's input, output and errors.

        Args:
            null: the input of a program that is given none.
        """
        return (
            null if self._input is None else self._input.theirs,
            self._output.theirs,
            self._output.theirs if self._errors is None else self._errors.theirs,
        )

    def start(self, on_error: OnError) -> None:
        """The program runs, with its ends of the pipes.

        Args:
            on_error: told what those who take the output raised.
        """
        self._output.start(on_error)
        if self._errors is not None:
            self._errors.start(on_error)
        if self._input is not None:
            self._input.start()

    async def finish(self) -> None:
        """The program has ended: read what it left."""
        await self._output.finish()
        if self._errors is not None:
            await self._errors.finish()

    def close(self) -> None:
        """Let go of all pipes."""
        self._output.close()
        if self._errors is not None:
            self._errors.close()
        if self._input is not None:
            self._input.close()
