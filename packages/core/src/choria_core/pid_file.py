"""The file that tells other programs our process id."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from choria_core.errors import UsageError


@contextlib.contextmanager
def pid_file(path: Path | None) -> Iterator[None]:
    """Within the block ``path`` holds our process id; None for no file.

    Raises:
        UsageError: it cannot be written, or names another living process.
    """
    if path is None:
        yield
        return
    owner = _read(path)
    if owner not in (0, os.getpid()) and _is_alive(owner):
        raise UsageError(
            f"{path}: process {owner} runs with this file: end it, or choose another --pid"
        )
    try:
        path.write_text(f"{os.getpid()}\n")
        path.chmod(0o644)
    except OSError as error:
        raise UsageError(f"{path}: the process id cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        if _read(path) == os.getpid():
            path.unlink(missing_ok=True)


def _read(path: Path) -> int:
    """The process id in the file; 0 without one."""
    with contextlib.suppress(OSError, ValueError):
        return max(0, int(path.read_text()))
    return 0


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
