"""Writes the status file of a server, again and again."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from choria_core.server.status import Status, encode_status
from choria_core.telemetry.logs import get_logger

_MODE: Final = 0o644


class StatusFile:
    """The file; without a path there is none.

    Args:
        path: of the file; it is there whole at any time.
        interval_seconds: between two writes.
        status: what to write.
    """

    def __init__(
        self, path: Path | None, *, interval_seconds: float, status: Callable[[], Status]
    ) -> None:
        self._path = path
        self._interval = interval_seconds
        self._status = status

    def write(self) -> None:
        """Write it once; a failure is told in the log."""
        if self._path is None:
            return
        try:
            _replace(self._path, encode_status(self._status()))
        except OSError as error:
            get_logger("choria.server").error(
                "the status file cannot be written", file=str(self._path), cause=error.strerror
            )

    async def keep(self) -> None:
        """Write it after every interval, for ever."""
        while self._path is not None:
            await asyncio.sleep(self._interval)
            self.write()


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
