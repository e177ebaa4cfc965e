"""Files of statistics, each of one node, that readers find whole at any time."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from choria_core.errors import WorkError
from choria_core.registration.registration import PLACE
from choria_plugin_stats.document import owner_of

_MODE: Final = 0o644


class StatisticsFiles:
    """The files of one node.

    A name with ``%s`` has the node's name in that place.  One without belongs to the node
    that wrote it first; another node takes ``choria-stats-NAME.json`` in its place.

    Args:
        identity: of the node.
        file: of statistics.
        prometheus_file: the same for node_exporter; None for none.
        always_named: have the node's name in each name.
    """

    def __init__(
        self, identity: str, file: Path, prometheus_file: Path | None, *, always_named: bool
    ) -> None:
        self._identity = identity
        self._plain = _filled(file, identity)
        self._prometheus = None if prometheus_file is None else _filled(prometheus_file, identity)
        self._always_named = always_named
        self._is_fixed = PLACE in str(file)
        self.file = named(self._plain, identity) if self._named_from_start else self._plain
        """Where the statistics are; it is certain after the first writing."""

    @property
    def _named_from_start(self) -> bool:
        return self._always_named and not self._is_fixed

    def write(self, statistics: bytes, prometheus_text: bytes) -> None:
        """Replace what is there.

        Raises:
            WorkError: that fails; names the file.
        """
        with _naming(self._plain):
            self._write_statistics(statistics)
        if self._prometheus is not None:
            is_named = self.file != self._plain
            target = named(self._prometheus, self._identity) if is_named else self._prometheus
            with _naming(target):
                draft = _drafted(target, prometheus_text)
                _moved(draft, target)

    def _write_statistics(self, content: bytes) -> None:
        draft = _drafted(self._plain, content)
        if not self._named_from_start and self._has_plain(draft):
            self.file = self._plain
        else:
            self.file = named(self._plain, self._identity)
        _moved(draft, self.file)

    def _has_plain(self, draft: Path) -> bool:
        """Whether the plain name is ours; what is nobody's becomes so, if we are first."""
        with contextlib.suppress(OSError):  # it is there, or the file system knows no links
            os.link(draft, self._plain)
        try:
            owner = owner_of(self._plain.read_bytes())
        except FileNotFoundError:
            return True
        return owner in ("", self._identity)


def named(file: Path, identity: str) -> Path:
    """The file of one of many nodes: ``choria-stats-NAME.json`` for ``choria-stats.json``."""
    return file.with_name(f"{file.stem}-{identity}{file.suffix}")


@contextlib.contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Tell of a failure with the name of ``file``: not every OSError has one."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise WorkError(f"{file} cannot be written: {cause}") from error


def _filled(file: Path, identity: str) -> Path:
    return Path(str(file).replace(PLACE, identity))


def _drafted(file: Path, content: bytes) -> Path:
    """``content`` in a file beside ``file``; raises OSError."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as opened:
            os.fchmod(opened.fileno(), _MODE)
            opened.write(content)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _moved(draft: Path, file: Path) -> None:
    """``draft`` in place of ``file``; raises OSError."""
    try:
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
