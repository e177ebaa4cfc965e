"""A replicator's configuration file, of either dialect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Protocol, TypeVar

from choria_core.config.file import Loaded, bind, read
from choria_core.config.problems import InvalidConfigError, Location, Problem, at
from choria_core.config.yaml_nodes import Document, MapNode
from choria_core.errors import ConfigError
from choria_replicator.settings.conflicts import Conflict, conflicts
from choria_replicator.settings.model import ReplicatorSettings
from choria_replicator.settings.readable import paths_of, readable_part
from choria_replicator.settings.streams import StreamsFile
from choria_replicator.settings.topics import TopicsFile


class SettingsRecord(Protocol):
    """The top of a file in either dialect."""

    def resolve(self) -> ReplicatorSettings:
        """The settings that the file stands for."""

    def remarks(self) -> Iterator[tuple[str, str, str]]:
        """(key, text, fix) of what is said in vain."""


Record = TypeVar("Record", bound=SettingsRecord)

_OF_THIS_MACHINE = {
    "logfile": "log_file",
    "state_dir": "state_dir",
    "state_store": "state_dir",
}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """A file without problems.

    Attributes:
        settings: what it says.
        warnings: what it says in vain: unknown keys, and keys without effect.
    """

    settings: ReplicatorSettings
    warnings: tuple[Problem, ...]


def load_settings(path: str | PathLike[str]) -> LoadedSettings:
    """Read a configuration file.

    Raises:
        InvalidConfigError: it cannot be read or has problems; all are named.
    """
    return settings_of(read(path))


def settings_of(document: Document) -> LoadedSettings:
    """Like :func:`load_settings`, for a document that is parsed already."""
    if _speaks_topics(document):
        return _load(document, TopicsFile, "topics")
    return _load(document, StreamsFile, "streams")


def _load(document: Document, record: type[Record], key: str) -> LoadedSettings:
    try:
        loaded = bind(document, record, unknown="warn")
    except InvalidConfigError as error:
        # no reason to keep back what is wrong between those entries that can be read
        raise InvalidConfigError(
            (*error.problems, *_conflicts_of_readable(document, record, key))
        ) from None
    return _checked(loaded, paths_of(loaded.value, key))


def _conflicts_of_readable(document: Document, record: type[Record], key: str) -> list[Problem]:
    """What is wrong between the entries of a file that has other problems as well."""
    reduced, paths = readable_part(document, record, key)
    try:
        loaded = bind(reduced, record, unknown="warn")
        settings = loaded.value.resolve()
    except ConfigError:
        return []
    here = paths_of(loaded.value, key)
    return [_problem(loaded, here, conflict, shown=paths) for conflict in conflicts(settings)]


def _speaks_topics(document: Document) -> bool:
    """Which dialect the file is written in."""
    root = document.root
    if not isinstance(root, MapNode):
        return False
    places = {entry.key: entry.location for entry in root.entries}
    if "topics" in places and "streams" in places:
        later = max(places["topics"], places["streams"], key=lambda place: place.line)
        raise InvalidConfigError([_both(later)])
    if "topics" not in places and "streams" not in places and not document.problems:
        raise InvalidConfigError([_neither(document.file)])
    return "topics" in places


def _both(place: Location) -> Problem:
    fix = "write all entries in one of the two, or split the file"
    return at(place, "", "the file has topics: and streams:, two dialects", fix)


def _neither(file: str) -> Problem:
    fix = "add streams: with a list of entries"
    return at(Location(file, 1, 1), "", "nothing to copy is named", fix)


def _checked(loaded: Loaded[Record], paths: list[str]) -> LoadedSettings:
    """The settings of the whole file, held against each other."""
    settings = loaded.value.resolve()
    if not settings.streams:
        key = "topics" if settings.dialect == "topics" else "streams"
        raise InvalidConfigError([loaded.problem(key, "names nothing to copy", "add an entry")])
    found = [_problem(loaded, paths, conflict) for conflict in conflicts(settings)]
    if found:
        raise InvalidConfigError((*found, *loaded.warnings))
    remarks = (loaded.problem(*remark) for remark in loaded.value.remarks())
    settings = replace(settings, said=_said(loaded))
    return LoadedSettings(settings, (*loaded.warnings, *remarks))


def _said(loaded: Loaded[Record]) -> dict[str, str]:
    """Where the file says what is about this machine; see ``ReplicatorSettings.said``."""
    return {
        name: f"{loaded.locations.of(key)}: {key}"
        for key, name in _OF_THIS_MACHINE.items()
        if key in loaded.locations
    }


def _problem(
    loaded: Loaded[Record],
    paths: Sequence[str],
    conflict: Conflict,
    *,
    shown: Sequence[str] = (),
) -> Problem:
    """The conflict at the first of its keys that is in the file.

    ``shown`` are the paths of the entries for people, where they are not ``paths``.
    """
    shown = shown or paths
    path, first = paths[conflict.second], paths[conflict.first]
    keys = [f"{path}.{key}".rstrip(".") for key in conflict.keys]
    key = next((one for one in keys if one in loaded.locations), path)
    place = f"by {shown[conflict.first]} at line {loaded.locations.of(first).line}"
    text = conflict.text.replace("{first}", place)
    name = shown[conflict.second] + key.removeprefix(path)
    return at(loaded.locations.of(key), name, text, conflict.fix)
