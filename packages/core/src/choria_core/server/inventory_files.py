"""The files that tell what a node is: its facts and its classes.

Others write them at any time.  They are read anew when they changed; what cannot be
read is told in the log, and what was read before holds on.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

from msgspec import DecodeError, json

from choria_core.config.lenient_yaml import read_lenient_yaml
from choria_core.config.problems import Problem
from choria_core.errors import ConfigError
from choria_core.plain_file import open_plain
from choria_core.telemetry.logs import get_logger

Content = TypeVar("Content")

Facts = Mapping[str, object]
"""Decoded JSON."""

_Signature = tuple[int, int, int] | None

_MOST_BYTES: Final = 1 << 24
_MOST_YAML_BYTES: Final = 1 << 20
_SHOWN_ODDITIES: Final = 5


class InventoryFile(Generic[Content]):
    """One file.

    Args:
        path: of it.
        read: makes of its bytes what is wanted; raises ConfigError.
        nothing: what there is until it was read.
        may_be_absent: nobody named it, so that none is missed until there was one.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[bytes], Content],
        nothing: Content,
        *,
        may_be_absent: bool = False,
    ) -> None:
        self._path = path
        self._read = read
        self._content = nothing
        self._may_be_absent = may_be_absent
        self._seen: _Signature | str = "never"

    def content(self) -> Content:
        """What it says, or said when it could be read last; the same object while it lasts."""
        signature = self._signature()
        if signature != self._seen:
            self._seen = signature
            try:
                self._content = self._read(self._bytes())
                self._may_be_absent = False
            except OSError as error:
                if not (self._may_be_absent and isinstance(error, FileNotFoundError)):
                    self._warn(error.strerror or str(error))
            except ConfigError as error:
                self._warn(str(error))
        return self._content

    def _bytes(self) -> bytes:
        with open_plain(self._path) as file:
            data = file.read(_MOST_BYTES + 1)
        _check_size(data, _MOST_BYTES)
        return data

    def _signature(self) -> _Signature:
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for every request
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _warn(self, cause: str) -> None:
        get_logger("choria.server").warning(
            "a file cannot be read, what it said before holds on",
            file=str(self._path),
            cause=cause,
        )


class FactFiles:
    """The facts of several files, merged at their first level; later files win."""

    def __init__(self, paths: Iterable[Path]) -> None:
        none: Facts = {}
        self._files = [InventoryFile(path, _reader(path), none) for path in paths]
        self._parts: list[Facts] = []
        self._merged = none

    def __call__(self) -> Facts:
        """All facts as JSON; the same object while they are the same."""
        parts = [file.content() for file in self._files]
        if len(parts) == 1:
            return parts[0]
        if list(map(id, parts)) != list(map(id, self._parts)):
            self._parts = parts  # kept, so that no other object gets their ids
            self._merged = {name: fact for part in parts for name, fact in part.items()}
        return self._merged


class ClassFile:
    """The classes of a file, one a line; without a file there are none.

    Args:
        path: of it.
        may_be_absent: nobody named it, so that none is missed until there was one.
    """

    def __init__(self, path: Path | None, *, may_be_absent: bool = False) -> None:
        none: Sequence[str] = ()
        self._file = (
            None
            if path is None
            else InventoryFile(path, _classes, none, may_be_absent=may_be_absent)
        )

    def __call__(self) -> Sequence[str]:
        """All classes in the order of the alphabet; the same object while they are the same."""
        return () if self._file is None else self._file.content()


def _reader(path: Path) -> Callable[[bytes], Facts]:
    if not path.name.endswith("yaml"):
        return _json_facts
    return lambda data: _yaml_facts(data, str(path))


def _json_facts(data: bytes) -> Facts:
    """Raises ConfigError."""
    try:
        return json.decode(data, type=dict[str, object])
    except (DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ConfigError(f"no JSON object of facts: {error}") from error


def _yaml_facts(data: bytes, file: str) -> Facts:
    """Raises ConfigError."""
    _check_size(data, _MOST_YAML_BYTES)
    try:
        document = read_lenient_yaml(data.decode(), file=file)
    except UnicodeDecodeError as error:
        raise ConfigError("it is not UTF-8") from error
    facts = {} if document.value is None else document.value
    if not isinstance(facts, dict):
        raise ConfigError("it holds no map of facts")
    if document.oddities:
        _warn_of_oddities(document.oddities)
    return facts


def _warn_of_oddities(oddities: Sequence[Problem]) -> None:
    shown = [str(oddity) for oddity in oddities[:_SHOWN_ODDITIES]]
    if len(oddities) > len(shown):
        shown.append(f"and {len(oddities) - len(shown)} more")
    get_logger("choria.server").warning(
        "a file of facts is read, but some of it is odd",
        cause="; ".join(shown),
    )


def _check_size(data: bytes, most: int) -> None:
    """Raises ConfigError."""
    if len(data) > most:
        raise ConfigError(f"it has more than {most} bytes; make it smaller")


def _classes(data: bytes) -> Sequence[str]:
    """Raises ConfigError."""
    try:
        lines = data.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError("it is not UTF-8") from error
    return tuple(sorted(line.removesuffix("\r") for line in lines)) if data else ()
