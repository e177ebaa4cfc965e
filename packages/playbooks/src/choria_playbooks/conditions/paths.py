"""Values within values, by dotted paths: ``data.hosts.0.name``.  Pure."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from choria_playbooks.conditions.errors import MissingPathError

MISSING: Final = object()
"""In place of a value that is not there."""


@lru_cache(maxsize=1024)
def segments_of(path: str) -> tuple[str, ...]:
    """The parts of a path."""
    return tuple(path.split("."))


def find(value: object, path: str) -> object:
    """What stands at ``path`` in ``value``, or MISSING.

    A key that holds dots is found by its whole name.
    """
    if isinstance(value, dict) and path in value:
        return value[path]
    return descend(value, segments_of(path))


def descend(value: object, segments: Sequence[str]) -> object:
    """What stands at the end of ``segments`` in ``value``, or MISSING.

    Lists take numbers, from 0; a key of a map may be a number too.
    """
    for segment in segments:
        if isinstance(value, Mapping):
            value = value.get(segment, MISSING)
        elif isinstance(value, list | tuple) and segment.isascii() and segment.isdecimal():
            index = int(segment) if len(segment) < 10 else len(value)
            value = value[index] if index < len(value) else MISSING
        else:
            return MISSING
        if value is MISSING:
            return MISSING
    return value


def require(value: object, path: str) -> object:
    """As :func:`find`.

    Raises:
        MissingPathError: there is nothing.
    """
    found = find(value, path)
    if found is MISSING:
        raise MissingPathError(path)
    return found
