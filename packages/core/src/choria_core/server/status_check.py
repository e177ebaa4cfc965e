"""Looks at the status file of a server, for ``choria tool status``."""

import time
from collections.abc import Callable
from pathlib import Path

from choria_core.errors import RemoteProtocolError
from choria_core.server.status import Limits, decode_status, problems


def check_status(
    file: Path, limits: Limits, *, clock: Callable[[], float] = time.time
) -> list[str]:
    """Everything that is not well, the gravest first; that there is no such file, too.

    Args:
        file: the status file.
        limits: what is well.
        clock: unix time.
    """
    try:
        status = decode_status(file.read_bytes())
        return list(problems(status, limits, written=file.stat().st_mtime, now=clock()))
    except OSError as error:
        return [f"the file cannot be read: {error.strerror or error}"]
    except RemoteProtocolError as error:
        return [str(error)]
