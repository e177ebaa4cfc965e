"""Where a process writes on its own machine: logs, its id, the sampling states.

The last folder of such a path is made where it is missing, the ones above it are
not: a folder whose parent is missing as well is rather a mistake in the path.
"""

import os
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from choria_core.errors import ConfigError
from choria_replicator.settings.model import ReplicatorSettings

STATE_MODE = 0o700
MODE = 0o755


@dataclass(frozen=True, slots=True)
class Place:
    """One file, or one folder of files, to write to.

    Attributes:
        said: who names it, for people: ``sr.yaml:4:1: logfile`` or ``--pid``.
        path: as named there.
        is_folder: ``path`` itself is the folder.
    """

    said: str
    path: Path
    is_folder: bool = False

    @property
    def folder(self) -> Path:
        """What must be there to write into."""
        return self.path if self.is_folder else self.path.parent

    @property
    def is_missing_folder(self) -> bool:
        """Whether :meth:`prepare` makes the folder."""
        return not self.folder.exists()

    def problem(self) -> str:
        """Why nothing can be written there; empty when it can.  Changes nothing."""
        folder, file = self.folder, self.path
        if not folder.exists():
            parent = folder.absolute().parent
            if not parent.is_dir():
                command = f"mkdir -p {shlex.quote(str(folder))}"
                return f"there is no folder {folder}; make it ({command}) or correct the path"
            return _unwritable(parent)
        if not folder.is_dir():
            return f"{folder} is no folder; correct the path"
        if self.is_folder or not file.exists():
            return _unwritable(folder)
        if file.is_dir():
            return f"{file} is a folder; name a file in it"
        return "" if os.access(file, os.W_OK) else f"{file} must not be written by this user"

    def prepare(self) -> None:
        """Make the folder if it is missing.

        Raises:
            ConfigError: it cannot be made.
        """
        try:
            self.folder.mkdir(mode=STATE_MODE if self.is_folder else MODE, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{self.said}: {self.folder} cannot be made: {error.strerror}"
            ) from error


def places_of(settings: ReplicatorSettings, pid_file: Path | None) -> Iterator[Place]:
    """Every place that a process with these settings writes to."""
    if settings.log_file:
        yield Place(settings.said.get("log_file", "log file"), Path(settings.log_file))
    if settings.state_dir is not None and any(one.sampling for one in settings.streams):
        said = settings.said.get("state_dir", "state folder")
        yield Place(said, settings.state_dir, is_folder=True)
    if pid_file is not None:
        yield Place("--pid", pid_file)


def problems_of(places: Iterable[Place]) -> list[ConfigError]:
    """What is wrong with ``places``, an error each."""
    found = ((place.said, place.problem()) for place in places)
    return [ConfigError(f"{said}: {problem}") for said, problem in found if problem]


def prepare(places: Iterable[Place]) -> None:
    """Make sure that all ``places`` can be written, and make the folders that are missing.

    Raises:
        ExceptionGroup: of a ConfigError for each that cannot.
    """
    known = list(places)
    problems = problems_of(known)
    if problems:
        raise ExceptionGroup("places that cannot be written", problems)
    for place in known:
        place.prepare()


def _unwritable(folder: Path) -> str:
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return f"folder {folder} must not be written by this user; allow it, or choose another one"
