"""Settings files: YAML into a typed record, with every problem named at once.

    loaded = load(path, Settings, unknown="warn")
    loaded.value                                  # Settings(...)
    loaded.warnings                               # unknown keys
    loaded.locations.of("streams[0].target_url")  # sr.yaml:4:5

A record class says what may stand in the file (:mod:`choria_core.config.schema`), and may
have a method that looks at several of its keys together::

    def check(self) -> Iterable[tuple[str, str, str]]:
        if self.workers > 1 and not self.queued:
            yield "workers", "needs queued: true", "add it, or use one worker"

Each result (key within the record, what is wrong, the fix) becomes a problem on that
key's line.  What spans records is checked by the caller, with :meth:`Loaded.problem`.
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final, Generic, TypeVar, cast

from choria_core.config.problems import InvalidConfigError, Location, Locations, Problem, at
from choria_core.config.record import BROKEN, RecordReader, Unknown
from choria_core.config.schema import fields_of
from choria_core.config.yaml_nodes import Document
from choria_core.config.yaml_text import read_yaml

Record = TypeVar("Record")

MOST_BYTES: Final = 64 << 20
"""No settings are larger: a device without an end would fill the memory."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Record]):
    """A settings file that has no problem.

    Attributes:
        value: what it says.
        warnings: what it says in vain: unknown keys, unless they are errors.
        locations: where it says it.
    """

    value: Record
    warnings: tuple[Problem, ...]
    locations: Locations

    def problem(self, key: str, text: str, fix: str = "") -> Problem:
        """A problem at ``key`` (a dotted path), for checks that span records.

        Raise what was found together: ``raise InvalidConfigError(problems)``.
        """
        return at(self.locations.of(key), key, text, fix)


def load(
    path: str | PathLike[str], record: type[Record], *, unknown: Unknown = "error"
) -> Loaded[Record]:
    """Read the file ``path`` into ``record``.

    Args:
        path: the file; named in messages as given here.
        record: the class of its top level.
        unknown: whether a key that ``record`` does not know is an error or a warning.

    Raises:
        InvalidConfigError: the file cannot be read, or has problems; all are named.
    """
    return parse(text_of(path), record, file=str(path), unknown=unknown)


def read(path: str | PathLike[str]) -> Document:
    """The file ``path``, parsed but not yet bound to a record; see :func:`bind`.

    Raises:
        InvalidConfigError: the file cannot be read.
    """
    return read_yaml(text_of(path), file=str(path))


def parse(
    text: str, record: type[Record], *, file: str = "<text>", unknown: Unknown = "error"
) -> Loaded[Record]:
    """Like :func:`load`, for ``text`` that came from ``file``."""
    return bind(read_yaml(text, file=file), record, unknown=unknown)


def bind(document: Document, record: type[Record], *, unknown: Unknown = "error") -> Loaded[Record]:
    """Like :func:`load`, for a document that is parsed already.

    For files of several dialects: look at ``document.root`` first, then choose the record.
    """
    if document.root is None:
        problems = document.problems or _needs(document, record)
        if problems:
            raise InvalidConfigError(problems)
    reader = RecordReader(record, unknown=unknown)
    value = reader.record(record, document.root, "", Location(document.file, 1, 1))
    problems = (*document.problems, *reader.problems)
    if problems or value is BROKEN:
        # an unknown key beside a missing one is often that key, misspelt
        raise InvalidConfigError((*problems, *reader.warnings))
    return Loaded(cast("Record", value), tuple(reader.warnings), reader.locations)


def _needs(document: Document, record: type) -> tuple[Problem, ...]:
    """An empty file in one line, instead of one for each key."""
    required = [item.key for item in fields_of(record) if item.is_required]
    if not required:
        return ()
    fix = f"it needs at least {', '.join(required)}"
    return (at(Location(document.file), "", "the file is empty", fix),)


def text_of(path: str | PathLike[str]) -> str:
    """What is written in the file ``path``, without a byte order mark.

    Raises:
        InvalidConfigError: it cannot be read, is far too large, or is not UTF-8.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        problem = at(Location(file), "", reason, "check the path and its permissions")
        raise InvalidConfigError([problem]) from None
    except ValueError:  # a path that holds a null character
        problem = at(Location(file), "", "is no path", "correct it")
        raise InvalidConfigError([problem]) from None
    if len(data) > MOST_BYTES:
        text = f"is larger than {MOST_BYTES >> 20} MiB"
        raise InvalidConfigError([at(Location(file), "", text, "name another file")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = Location(file, line, error.start - data.rfind(b"\n", 0, error.start))
        problem = at(where, "", "is not UTF-8 text", "save the file as UTF-8")
        raise InvalidConfigError([problem]) from None
