"""A file that is read and replaced whole, by several processes at a time.

Writers hold a lock on the file itself.  A write puts another file in its place, so who got
the lock looks whether it is still the file of that name, and begins anew where it is not.
The lock is ``flock``'s: those of ``fcntl`` would end as soon as anything in this process closes
the file.  Readers need none: they find the old file or the new one.
"""

import asyncio
import contextlib
import fcntl
import io
import os
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple

from choria_core.errors import WorkError
from choria_plugin_file.exchange import exchange

PAUSE_SECONDS: Final = 0.001
"""Between two tries to lock; it doubles up to :data:`LONGEST_PAUSE_SECONDS`."""

LONGEST_PAUSE_SECONDS: Final = 0.02

RACY_NANOSECONDS: Final = 50_000_000
"""File times are so coarse that a file changed less than this ago may change unnoticed."""

NEW_FILE_MODE: Final = 0o600


class Version(NamedTuple):
    """Tells one content of a file from all others."""

    device: int
    inode: int
    size_bytes: int
    changed_ns: int


class DataFile:
    """One path; a link is followed.

    Args:
        path: of the file.
        sync: with each write, wait until the disk has it.
    """

    def __init__(self, path: Path, *, sync: bool) -> None:
        self.path = path
        self._sync = sync
        self._is_settled = True
        self._can_exchange = not sync

    def create(self) -> None:
        """Make an empty file, for us alone, where there is none.

        Raises:
            OSError: it cannot be made.
        """
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, NEW_FILE_MODE))

    def status(self) -> os.stat_result:
        """What is there now.

        Raises:
            WorkError: nothing is.
        """
        try:
            return self.path.stat()
        except OSError as error:
            raise self._failed("read", error) from None

    def read(self) -> tuple[str, Version | None]:
        """The text, and its version; None where it may change without a new version.

        Raises:
            WorkError: it cannot be read, or is not UTF-8.
        """
        try:
            with self.path.open("rb") as file:
                version = version_of(os.fstat(file.fileno()))
                data = file.read()
            text = data.decode()
        except UnicodeDecodeError as error:
            raise WorkError(f"{self.path}: byte {error.start} is not UTF-8") from None
        except OSError as error:
            raise self._failed("read", error) from None
        is_racy = abs(time.time_ns() - version.changed_ns) < RACY_NANOSECONDS
        return text, None if is_racy or len(data) != version.size_bytes else version

    @contextlib.asynccontextmanager
    async def locked(self, *, timeout_seconds: float) -> AsyncIterator[os.stat_result]:
        """No other process writes meanwhile; what is there now.

        Raises:
            WorkError: the file cannot be opened, or another has the lock too long.
        """
        descriptor, status = await self._lock(timeout_seconds)
        try:
            yield status
        finally:
            os.close(descriptor)

    def replace(self, text: str, *, like: os.stat_result) -> Version:
        """Put a text in place of the present one; the lock must be held.

        Args:
            text: all that the file shall hold.
            like: of the present one, whose owner and mode are kept.

        Raises:
            WorkError: it cannot be written; the present one is as it was.
        """
        target = self.path.resolve() if self.path.is_symlink() else self.path
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        try:
            try:
                version = self._write(temporary, text.encode(), like)
                self._put(temporary, target)
            except BaseException:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                raise
            if self._sync:
                _sync(target.parent)
        except OSError as error:
            raise self._failed("written", error) from None
        self._is_settled = self._sync
        return version

    def settle(self) -> None:
        """Return when the disk has what was written; at once where it has.

        Raises:
            WorkError: the disk failed.
        """
        if self._is_settled:
            return
        self._is_settled = True
        try:
            _sync(self.path)
            _sync(self.path.resolve().parent)
        except FileNotFoundError:  # somebody took it away: there is nothing to keep
            return
        except OSError as error:
            raise self._failed("written", error) from None

    def _put(self, temporary: Path, target: Path) -> None:
        """Give the new file the name of the old one, which goes."""
        if self._can_exchange:
            self._can_exchange = exchange(temporary, target)
        if not self._can_exchange:
            temporary.replace(target)
            return
        with contextlib.suppress(OSError):
            temporary.unlink()

    def _write(self, temporary: Path, data: bytes, like: os.stat_result) -> Version:
        """A new file with the rights of the old one."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, NEW_FILE_MODE)
        with io.FileIO(descriptor, "wb") as file:
            made = os.fstat(descriptor)
            if (made.st_uid, made.st_gid) != (like.st_uid, like.st_gid):
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, like.st_uid, like.st_gid)
            if made.st_mode != like.st_mode:
                os.fchmod(descriptor, like.st_mode & 0o7777)
            if not (self._sync or self._can_exchange):
                # Given its place on the disk beforehand, a file that takes another's name is
                # not flushed by ext4, which would cost more than all the rest: `settle` does it.
                with contextlib.suppress(OSError):
                    os.posix_fallocate(descriptor, 0, len(data))
            while data:
                data = data[file.write(data) :]
            if self._sync:
                os.fsync(descriptor)
            return version_of(os.fstat(descriptor))

    async def _lock(self, timeout_seconds: float) -> tuple[int, os.stat_result]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_seconds
        pause = PAUSE_SECONDS
        while True:
            locked = self._try_lock()
            if locked is not None:
                return locked
            if loop.time() >= ends_at:
                raise WorkError(
                    f"{self.path}: another process had it locked for {timeout_seconds:g} s"
                )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _try_lock(self) -> tuple[int, os.stat_result] | None:
        """Lock the file that has our name now; None where another has it locked."""
        while True:
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            except OSError as error:
                raise self._failed("opened", error) from None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                status = self.path.stat()
                if os.path.samestat(os.fstat(descriptor), status):
                    return descriptor, status
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError as error:
                os.close(descriptor)
                raise self._failed("locked", error) from None
            os.close(descriptor)

    def _failed(self, what: str, error: OSError) -> WorkError:
        return WorkError(f"{self.path}: it cannot be {what}: {error.strerror or error}")


def version_of(status: os.stat_result) -> Version:
    """The version that a file's status tells of."""
    return Version(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
