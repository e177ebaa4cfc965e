"""A file that audit logs are appended to."""

import errno
import grp
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from choria_core.errors import ConfigError, WorkError
from choria_core.network_config.server_config import ServerConfig
from choria_core.telemetry.logs import get_logger

_GROUP: Final = "plugin.rpcaudit.logfile.group"
# Without O_NONBLOCK a pipe that nobody reads would stop the server.
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY


class AuditFile:
    """Opened, written and closed for each line, so that it may be moved away at any time.

    Args:
        path: of the file; its folder must be there.
        mode: that it is made with, whatever the umask.
        group: number of the group that it is given to when it is made; None to leave it.

    Attributes:
        path: of the file.
    """

    __slots__ = ("_group", "_mode", "path")

    def __init__(self, path: Path, *, mode: int, group: int | None = None) -> None:
        self.path = path
        self._mode = mode
        self._group = group

    def append(self, line: bytes) -> None:
        """Write one line, whole or not at all.

        Raises:
            WorkError: that failed, for example as the disk is full.
        """
        try:
            file = self._opened()
            try:
                _write(file, line)
            finally:
                os.close(file)
        except OSError as error:
            raise WorkError(f"{self.path} cannot be written: {error.strerror}") from error

    def _opened(self) -> int:
        with suppress(FileNotFoundError):
            return os.open(self.path, _FLAGS)
        file = os.open(self.path, _FLAGS | os.O_CREAT, self._mode)
        try:
            os.fchmod(file, self._mode)
            self._give_away(file)
        except BaseException:
            os.close(file)
            raise
        return file

    def _give_away(self, file: int) -> None:
        """Give it to the group; where that is not allowed the log is kept all the same."""
        if self._group is None:
            return
        try:
            os.fchown(file, -1, self._group)
        except OSError as error:
            get_logger("choria.audit").warning(
                "the audit log cannot be given to its group",
                file=str(self.path),
                cause=error.strerror,
            )


def configured_file(config: ServerConfig, path: Path) -> AuditFile:
    """A file with the mode and group that a server's configuration wants.

    Raises:
        ConfigError: there is no such group.
    """
    audit = config.audit
    return AuditFile(path, mode=audit.mode, group=_group(config) if audit.group else None)


def _group(config: ServerConfig) -> int:
    try:
        return grp.getgrnam(config.audit.group).gr_gid
    except KeyError:
        problem = config.settings.problem(
            _GROUP, f"there is no group {config.audit.group!r}", "make it, or name another"
        )
        raise ConfigError(str(problem)) from None


def _write(file: int, line: bytes) -> None:
    """Raises OSError."""
    written = os.write(file, line)
    if written == len(line):
        return
    with suppress(OSError):  # takes back the part, unless somebody else has written behind it
        end = os.lseek(file, 0, os.SEEK_CUR)
        if os.fstat(file).st_size == end:
            os.ftruncate(file, end - written)
    raise OSError(errno.ENOSPC, "only a part of the line has room")
