"""Opening files that others name, without ever waiting for somebody at the other end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_plain(path: Path) -> BinaryIO:
    """Open ``path`` for reading; the caller closes it.

    Raises:
        OSError: it cannot be opened, or is a pipe: nobody may ever write to that, and whoever
            opens it in the ordinary way stands still until then.
    """
    file = open(path, "rb", opener=_opened)  # noqa: SIM115 - Path.open takes no opener
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is a pipe and no file", str(path))
    return file


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
