"""Lines of a Choria configuration file.  Pure.

A line is ``key = value``: the key goes to the first ``=`` behind its first character, the
value is the rest, both without the blanks around them.  Empty lines and lines that begin with
``#`` say nothing; a ``#`` behind a value belongs to the value.  There are no sections, quotes,
includes or continued lines.
"""

from dataclasses import dataclass

from choria_core.config.problems import Location, Problem, at

_BLANKS = "\t\n\f\r "  # what the original's patterns take for blanks


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it stands in a file.

    Attributes:
        key: with the prefix that the file gives its keys.
        text: the value, never empty.
        location: file and line.
    """

    key: str
    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Lines:
    """What a file says.

    Attributes:
        settings: in the order of the file.
        errors: lines that are no text.
        warnings: lines that say nothing and were not meant to.
    """

    settings: tuple[Line, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def split_setting(line: str) -> tuple[str, str] | None:
    """Key and value of one line, or None where it has not both."""
    line = line.strip()
    at_sign = line.find("=", 1)
    if at_sign < 0 or at_sign == len(line) - 1:
        return None
    return line[:at_sign].rstrip(_BLANKS), line[at_sign + 1 :].lstrip(_BLANKS)


def read_lines(text: str, *, file: str, prefix: str = "") -> Lines:
    """Read the text of ``file``.

    Args:
        text: decoded as UTF-8; a byte that is none came through as a surrogate.
        file: named in messages as given here.
        prefix: put before every key with a dot.
    """
    settings: list[Line] = []
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = Location(file, number)
        found = split_setting(line)
        if any("\udc80" <= char <= "\udcff" for char in line):
            errors.append(at(where, "", "is not UTF-8 text", "save the file as UTF-8"))
        elif found is None:
            warnings.append(_ignored(line, where))
        else:
            key, value = found
            settings.append(Line(f"{prefix}.{key}" if prefix else key, value, where))
    return Lines(tuple(settings), tuple(errors), tuple(warnings))


def _ignored(line: str, where: Location) -> Problem:
    if line.endswith("="):
        key = line[:-1].strip()
        return at(where, key, "has no value and is ignored", "give it one or remove the line")
    return at(where, "", "this line has no = and is ignored", "write key = value, or # before it")
