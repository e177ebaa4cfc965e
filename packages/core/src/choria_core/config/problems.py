"""What is wrong with a settings file, and where.  Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from choria_core.errors import ConfigError

_LAST = re.compile(r"""(?:^|\.)[^.\[]*\Z|\["[^"]*"\]\Z|\[[0-9]*\]\Z|.\Z""", re.DOTALL)
_SIMPLE = re.compile(r"[\w<-]+")


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file.

    Attributes:
        file: as the operator named it.
        line, column: from 1; 0 where the whole is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        places = (self.line, self.column)
        return ":".join((self.file, *(str(place) for place in places if place)))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to change in a file.

    Attributes:
        file, line, column: where, as in :class:`Location`.
        key: dotted path of the setting, ``streams[0].target_url``; empty for none.
        text: what is wrong.
        fix: what to do about it.
    """

    file: str
    line: int
    column: int
    key: str
    text: str
    fix: str

    @property
    def location(self) -> Location:
        """Where the problem is."""
        return Location(self.file, self.line, self.column)

    def __str__(self) -> str:
        """One line: ``file:line:column: key: text; fix``."""
        key = f"{self.key}: " if self.key else ""
        fix = f"; {self.fix}" if self.fix else ""
        return _one_line(f"{self.location}: {key}{self.text}{fix}")


class InvalidConfigError(ConfigError):
    """A settings file has one or more problems; the text has one line for each.

    Attributes:
        problems: all of them, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        super().__init__("\n".join(str(problem) for problem in ordered))
        self.problems = tuple(ordered)


@dataclass(slots=True)
class Locations:
    """Where each setting of a file stands, by dotted path; the file's root is ``""``."""

    _places: dict[str, Location] = field(default_factory=dict)

    def add(self, path: str, location: Location) -> None:
        """Remember where ``path`` stands."""
        self._places[path] = location

    def of(self, path: str) -> Location:
        """Where ``path`` stands, or the innermost block around it that is in the file."""
        while path not in self._places and path:
            path = _LAST.sub("", path)
        return self._places.get(path, Location("<text>"))

    def __contains__(self, path: object) -> bool:
        """Whether ``path`` itself is in the file, rather than at its default."""
        return path in self._places


def at(location: Location, key: str, text: str, fix: str = "") -> Problem:
    """A problem at ``location``."""
    return Problem(location.file, location.line, location.column, key, text, fix)


def key_path(parent: str, key: str) -> str:
    """The dotted path of ``key`` in ``parent``: ``tls.ca``, ``topics["a.b"].age``."""
    if not _SIMPLE.fullmatch(key):
        return f'{parent}["{key}"]'
    return f"{parent}.{key}" if parent else key


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
