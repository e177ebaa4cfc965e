"""The folder in which sampling states outlive a run.

A state is written beside its file and then put in its place, so that whatever
is killed, the file is whole: the old state or the new one.
"""

import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from choria_core.errors import ConfigError, RemoteProtocolError
from choria_replicator.sampling.limiter_state import LimiterState, decode, encode
from choria_replicator.stats import Dialect

_UNFINISHED = re.compile(r"\.choria-state-(\d+)-\w+\.tmp", re.ASCII)


@dataclass(frozen=True, slots=True)
class StateStore:
    """One folder of state files.  Its calls block: run them in a thread.

    Attributes:
        folder: ``state_dir`` or ``state_store`` of the settings.
    """

    folder: Path

    def prepare(self) -> None:
        """Make the folder if need be, and clear away what dead processes left unfinished.

        Raises:
            ConfigError: it cannot be made or written.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            _remove_unfinished(self.folder)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise self._refused(error) from error

    def path_for(self, *, stream: str, name: str, dialect: Dialect) -> Path:
        """The state file of one entry, named as the original of its dialect names it.

        Raises:
            ConfigError: a name would lead out of the folder.
        """
        base = name if dialect == "topics" else f"{stream}_{name}"
        if not base or "/" in base or "\0" in base or base.startswith("."):
            raise ConfigError(f"{base!r} cannot be the name of a state file: choose another name")
        return self.folder / f"{base}.json"

    def load(self, path: Path) -> LimiterState | None:
        """The state saved in ``path``; None when there is none yet.

        Raises:
            ConfigError: the file cannot be read, or is no state.
        """
        try:
            return decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
        except RemoteProtocolError as error:
            raise ConfigError(
                f"{path}: {error}; move it away to go on without it: "
                "the next message of each sender is then copied"
            ) from error

    def save(self, path: Path, state: LimiterState) -> None:
        """Put ``state`` in the place of ``path``, all or nothing, and onto the disk.

        Raises:
            ConfigError: the folder cannot be written, or the disk is full.
        """
        try:
            _replace(path, encode(state))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"state folder {self.folder} cannot be written: {error.strerror}; "
            "set state_dir or state_store to a folder that this user may write"
        )


def _replace(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(
        prefix=f".choria-state-{os.getpid()}-", suffix=".tmp", dir=path.parent
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put the new name onto the disk too; some file systems refuse, and lose no file by it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _remove_unfinished(folder: Path) -> None:
    for path in folder.iterdir():
        match = _UNFINISHED.fullmatch(path.name)
        if match and not _is_alive(int(match[1])):
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
