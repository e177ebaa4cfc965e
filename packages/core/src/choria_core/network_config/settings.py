"""What the files and the environment say, key by key, and where they say it.  Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from choria_core.config.problems import Location, Problem, at
from choria_core.errors import LocalProtocolError
from choria_core.network_config.keys import Side
from choria_core.network_config.table import BY_NAME, find
from choria_core.network_config.typos import one_typo_away
from choria_core.telemetry.redaction import HIDDEN, is_secret_name, redact_text


class Source(enum.Enum):
    """What kind of place a value came from."""

    FILE = "file"
    ENVIRONMENT = "environment"
    DERIVED = "derived"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from.

    Attributes:
        source: the kind of place.
        name: the file, the variable, or what the value was derived from.
        line: from 1; 0 outside files.
    """

    source: Source
    name: str = ""
    line: int = 0

    @property
    def location(self) -> Location:
        """The place for a message."""
        return Location(self.name if self.source is Source.FILE else str(self), self.line)

    def __str__(self) -> str:
        match self.source:
            case Source.FILE:
                return f"{self.name}:{self.line}"
            case Source.ENVIRONMENT:
                return f"environment variable {self.name}"
            case Source.DERIVED:
                return f"from {self.name}"
            case Source.DEFAULT:
                return "default"


DEFAULT = Origin(Source.DEFAULT)


@dataclass(frozen=True, slots=True)
class Value:
    """The value of one key.

    Attributes:
        value: typed as its key says.
        origins: where it came from; several for a list that lines add to.
    """

    value: object = field(repr=False)  # it may be a password
    origins: tuple[Origin, ...] = (DEFAULT,)

    @property
    def is_given(self) -> bool:
        """Whether somebody set it, rather than a default or a rule."""
        return self.origins[0].source in (Source.FILE, Source.ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Option:
    """The text of a key as it stood in a file, for plugins."""

    text: str = field(repr=False)
    origin: Origin


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was read.

    Attributes:
        side: for whom.
        values: of every key that the side reads.
        options: the text of every key in the files, known or not.
        files: those read, in their order.
    """

    side: Side
    values: Mapping[str, Value] = field(repr=False)
    options: Mapping[str, Option] = field(repr=False)
    files: tuple[str, ...]

    def __getitem__(self, key: str) -> object:
        """The value of ``key``.

        Raises:
            LocalProtocolError: the side does not read that key; a bug of ours.
        """
        found = self.values.get(key)
        if found is None:
            raise LocalProtocolError(f"{key} is no key that the {self.side.name} reads")
        return found.value

    def option(self, key: str, default: str = "") -> str:
        """The text of any key as the files have it, for plugins."""
        found = self.options.get(key)
        return found.text if found else default

    def is_given(self, key: str) -> bool:
        """Whether somebody set ``key``."""
        return key in self.values and self.values[key].is_given

    def problem(self, key: str, text: str, fix: str = "") -> Problem:
        """A problem with the value of ``key``, at the place where it was set last."""
        found = self.values.get(key)
        given = found is not None and found.is_given
        where = found.origins[-1].location if found and given else Location(self.main_file)
        return at(where, key, text, fix)

    @property
    def main_file(self) -> str:
        """The first file read."""
        return self.files[0] if self.files else "configuration"


def is_secret(key: str) -> bool:
    """Whether the value of ``key`` must not be shown; a misspelt password is one too."""
    known = find(key)
    if known is not None:
        return known.secret
    meant = BY_NAME.get(one_typo_away(key, BY_NAME))
    return is_secret_name(key) or (meant is not None and meant.secret)


def shown_value(key: str, value: object) -> str:
    """A value as one would write it, secrets hidden."""
    known = find(key)
    return shown_text(key, known.kind.show(value) if known else str(value))


def shown_text(key: str, text: str) -> str:
    """The text of a key, secrets hidden and without what a terminal would obey."""
    if is_secret(key):
        return HIDDEN if text else ""
    return "".join(char if char.isprintable() else "\ufffd" for char in redact_text(text))
