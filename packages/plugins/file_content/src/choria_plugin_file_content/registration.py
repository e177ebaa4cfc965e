"""Registration of a file: ``registration = file_content``.

Source: go-choria, providers/registration, and its recorded messages.
"""

import os
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError, WorkError
from choria_core.plain_file import open_plain
from choria_core.protocol.registration_body import FileContent, encode_registration
from choria_core.registration.packing import packed
from choria_core.registration.registration import (
    PLACE,
    RegisteringNode,
    Registration,
    RegistrationItem,
)

MOST_BYTES: Final = 1 << 24
"""Of a file, as of one of facts; most brokers take a message of 1 MiB."""

_KEY: Final = "plugin.choria.registration.file_content.data"


class FileRegistration(Registration):
    """Sends the file that the configuration names."""

    def __init__(self, node: RegisteringNode) -> None:
        config = node.config
        settings = config.registration.file_content
        if settings.file is None:
            problem = config.settings.problem(_KEY, "no file to send", "set it to a path")
            raise ConfigError(str(problem))
        name = str(settings.file)
        self._file = Path(name.replace(PLACE, node.identity) if node.shares_config else name)
        self._settings = settings
        self._told_mtime: int | None = None

    def size(self) -> int:
        """Bytes of the file; 0 while there is none."""
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    async def item(self) -> RegistrationItem:
        """The file as it is now.

        Raises:
            WorkError: it cannot be read, is empty, or far too large.
        """
        content, mtime = self._read()
        told, self._told_mtime = self._told_mtime, mtime
        body = FileContent(
            mtime=mtime,
            file=str(self._file),
            updated=told is not None and mtime > told,
            zcontent=await packed(content) if self._settings.compressed else b"",
            content=b"" if self._settings.compressed else content,
        )
        return RegistrationItem(encode_registration(body), self._settings.target)

    def _read(self) -> tuple[bytes, int]:
        """What the file holds, and when that was written."""
        try:
            with open_plain(self._file) as file:
                content = file.read(MOST_BYTES + 1)
                mtime = int(os.fstat(file.fileno()).st_mtime)
        except OSError as error:
            raise WorkError(f"{self._file} cannot be read: {error.strerror or error}") from error
        if not content:
            raise WorkError(f"{self._file} is empty: there is nothing to send")
        if len(content) > MOST_BYTES:
            raise WorkError(f"{self._file} has more than {MOST_BYTES} bytes: make it smaller")
        return content, mtime
