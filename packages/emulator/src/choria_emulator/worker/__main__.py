"""A process of a fleet: orders on standard input, reports on standard output.

The first line is the :class:`~choria_emulator.worker.messages.WorkerSpec`.  When the input
ends the program that started it has ended, and so does this one.
"""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Final

from msgspec import Struct

from choria_core.cli import installed_plugins
from choria_core.errors import ChoriaError
from choria_core.event_loop import run_async
from choria_core.telemetry.logs import configure
from choria_emulator.embedded.limits import raise_file_limit
from choria_emulator.worker.messages import (
    ExitAsked,
    Failed,
    Resize,
    Stop,
    Storm,
    Told,
    line,
    orders,
    specs,
)
from choria_emulator.worker.process import WorkerProcess

REPORT_SECONDS: Final = 0.5
_LONGEST_LINE: Final = 1 << 30


async def main() -> None:
    """Run until told to stop, or until whoever gives orders is gone."""
    raise_file_limit()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    spec = specs.decode(await reader.readline())
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _ignore)  # the program tells when
    process = WorkerProcess(spec, installed_plugins())
    async with asyncio.TaskGroup() as group:
        ordering = group.create_task(_obey(reader, process, stop))
        reporting = group.create_task(_report(process))
        await process.run(stop)
        ordering.cancel()
        reporting.cancel()
    _say(_told(process))


async def _obey(reader: asyncio.StreamReader, process: WorkerProcess, stop: asyncio.Event) -> None:
    while text := await reader.readline():
        match orders.decode(text):
            case Resize(counts):
                process.resize(counts)
            case Storm():
                process.storm()
            case Stop():
                break
    stop.set()


async def _report(process: WorkerProcess) -> None:
    while True:
        _say(_told(process))
        if process.limits.exit_asked:
            _say(ExitAsked())
        await asyncio.sleep(REPORT_SECONDS)


def _told(process: WorkerProcess) -> Told:
    return Told(figures=process.figures(), absent=process.connector.absent)


def _say(report: Struct) -> None:
    """One line; whoever reads it reads all the time, so this waits for nothing."""
    with contextlib.suppress(OSError):  # nobody reads any more: the end of the input tells as well
        os.write(sys.stdout.fileno(), line(report))


def _ignore() -> None:
    pass


def run() -> int:
    """The whole program; its exit code."""
    configure("warn")
    try:
        run_async(main())
    except ChoriaError as error:
        _say(Failed(problem=str(error), exit_code=error.exit_code))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(run())
