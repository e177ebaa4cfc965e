r"""Values in facts by their paths, in gjson's syntax.  Pure.

    os.name            a key in a key
    disks.0            an element; disks.# is how many there are
    disks.#.size       that of every element, as a list
    os.*, net.eth?     the first key that fits, in the order of the alphabet
    a\.b              a key with a dot in it
    disks.#(size>5).name     the first element that fits; ``)#`` for all of them
    disks.#.size|0     what stands behind a bar continues with the result

A query compares by ``== != < <= > >= % !%`` (``%`` by wildcards), or asks with
nothing behind the path whether it exists, and takes ``~true ~false ~null ~*``.
Not there: modifiers (``@reverse``), lists and objects of paths (``[a,b]``,
``{a,b}``), literals (``!"x"``), JSON lines (``..``); such a path is an error.

Source: github.com/tidwall/gjson v1.19, SYNTAX.md.
"""

from dataclasses import dataclass
from functools import lru_cache

from choria_core.filters.limits import PATH_BYTES, FilterError, Meter
from choria_core.filters.path_query import MISSING, Query, parse_query, query_matches
from choria_core.filters.patterns import glob

_REMEMBERED = 512
_SPECIAL = frozenset("*?\\|#")
_UNSUPPORTED_START = ("[", "{", "!")
_MODIFIERS = frozenset(
    [
        "pretty",
        "ugly",
        "reverse",
        "this",
        "flatten",
        "join",
        "valid",
        "keys",
        "values",
        "tostr",
        "fromstr",
        "group",
        "dig",
    ]
)
_INDEX_DIGITS = 18


def find(facts: object, path: str, meter: Meter) -> object:
    """The value at ``path``, or :data:`MISSING`.

    Raises:
        FilterError: the path uses what is not supported, or is too long, or costs too much.
    """
    keys = _plain_keys(path)
    if keys is None:
        return _Search(meter).get(facts, path)
    value = facts
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key, MISSING)
        elif isinstance(value, list):
            value = _element(value, key)
        else:
            return MISSING
    return value


@lru_cache(maxsize=_REMEMBERED)
def _plain_keys(path: str) -> tuple[str, ...] | None:
    """The keys of a path that is nothing but keys and indexes."""
    if len(path) > PATH_BYTES:
        raise FilterError(f"a path of more than {PATH_BYTES} characters")
    _refuse_unsupported(path)
    if _SPECIAL.isdisjoint(path) and ".@" not in path and ".[" not in path and ".{" not in path:
        return tuple(path.split("."))
    return None


def _refuse_unsupported(path: str) -> None:
    """Raise for what other programs understand and we would take for a key."""
    if len(path) < 2:
        return
    starts_modifier = path[0] == "@" and _modifier_name(path) in _MODIFIERS
    if path.startswith((*_UNSUPPORTED_START, "..")) or starts_modifier:
        raise FilterError(f"not supported in paths of facts: {path[:40]!r}")


def _modifier_name(path: str) -> str:
    end = next((at for at, one in enumerate(path) if one in ".|:"), len(path))
    return path[1:end]


def _element(value: list[object], key: str) -> object:
    if key.isascii() and key.isdigit() and len(key) <= _INDEX_DIGITS and int(key) < len(value):
        return value[int(key)]
    return MISSING


@dataclass(frozen=True, slots=True)
class _Part:
    """The first part of a path and what follows it."""

    name: str
    rest: str | None = None
    pipe: str | None = None
    wild: bool = False


@lru_cache(maxsize=_REMEMBERED)
def _key_part(path: str) -> _Part:
    """The first part of ``path`` where the value is an object."""
    name: list[str] = []
    wild = False
    at = 0
    while at < len(path):
        one = path[at]
        if one == "|":
            return _Part("".join(name), None, path[at + 1 :], wild)
        if one == ".":
            rest, pipe = _continued(path[at + 1 :])
            return _Part("".join(name), rest, pipe, wild)
        if one == "\\":
            at += 1
            name.append(path[at : at + 1])
        else:
            wild = wild or one in "*?"
            name.append(one)
        at += 1
    return _Part("".join(name), None, None, wild)


def _continued(rest: str) -> tuple[str | None, str | None]:
    """``rest`` behind a dot as a path, or as a pipe where it starts with a modifier."""
    if rest[:1] in {"[", "{"} or (rest[:1] == "@" and _modifier_name(rest) in _MODIFIERS):
        return None, rest
    return rest, None


@dataclass(frozen=True, slots=True)
class _ArrayPart:
    """The first part of a path where the value is an array."""

    name: str
    rest: str | None = None
    pipe: str | None = None
    each: bool = False
    counted: bool = False
    query: Query | None = None


@lru_cache(maxsize=_REMEMBERED)
def _array_part(path: str) -> _ArrayPart:
    if path.startswith("#."):
        return _ArrayPart("#", path[2:], each=True, counted=True)
    query, at = None, 0
    if path.startswith(("#(", "#[")):
        query, at = parse_query(path)
    hashed = query is not None
    while at < len(path):
        one = path[at]
        if one == "|":
            return _ArrayPart(path[:at], None, path[at + 1 :], counted=hashed, query=query)
        if one == ".":
            rest, pipe = path[at + 1 :], None
            if not hashed:
                rest, pipe = _continued(rest)  # type: ignore[assignment]
            return _ArrayPart(path[:at], rest, pipe, counted=hashed, query=query)
        hashed = hashed or one == "#"
        at += 1
    return _ArrayPart(path, counted=hashed, query=query)


class _Search:
    """One walk along one path.

    ``value`` is what was found so far and ``pipe`` what is to be done with it: as in
    the original they outlive a failed branch, which wildcards can show.
    """

    __slots__ = ("_meter", "pipe", "value")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.value: object = MISSING
        self.pipe: str | None = None

    def get(self, value: object, path: str) -> object:
        while True:
            self._look(value, path)
            if self.pipe is None:
                return self.value
            value, path = self.value, self.pipe

    def _look(self, value: object, path: str) -> None:
        """Walk up to the first bar."""
        _refuse_unsupported(path)
        self.value, self.pipe = MISSING, None
        if isinstance(value, dict):
            self._in_object(value, path)
        elif isinstance(value, list):
            self._in_array(value, path)

    def _again(self, value: object, path: str) -> object:
        return _Search(self._meter).get(value, path)

    def _in_object(self, value: dict[str, object], path: str) -> bool:
        part = _key_part(path)
        if part.rest is None and part.pipe is not None:
            self.pipe = part.pipe
        if not part.wild:
            found = value.get(part.name, MISSING)
            return found is not MISSING and self._descend(found, part.rest)
        wanted = glob(part.name)
        for key in sorted(value):
            self._meter.spend(1)
            if wanted.is_in(key, self._meter) and self._descend(value[key], part.rest):
                return True
        return False

    def _descend(self, found: object, rest: str | None) -> bool:
        """Take ``found`` or go on in it; whether something was found."""
        if rest is None:
            self.value = found
            return True
        if isinstance(found, dict):
            return self._in_object(found, rest)
        if isinstance(found, list):
            return self._in_array(found, rest)
        return False

    def _in_array(self, value: list[object], path: str) -> bool:
        part = _array_part(path)
        if part.rest is None and part.pipe is not None:
            self.pipe = part.pipe
        if part.query is not None:
            return self._queried(value, part, part.query)
        if part.each:
            return self._each(value, part)
        if part.counted:
            if part.name == "#":
                self.value = len(value)
                return True
            return False
        found = _element(value, part.name)
        return found is not MISSING and self._descend(found, part.rest)

    def _each(self, value: list[object], part: _ArrayPart) -> bool:
        path, self.pipe = self._split(part.rest or "")
        found = []
        for one in value:
            self._meter.spend(1)
            inner = self._again(one, path)
            if inner is not MISSING:
                found.append(inner)
        self.value = found
        return True

    def _split(self, path: str) -> tuple[str, str | None]:
        """``path`` up to its first bar outside of queries, and what is behind it."""
        left, bar, right = split_pipe(path)
        return (left, right) if bar else (path, self.pipe)

    def _queried(self, value: list[object], part: _ArrayPart, query: Query) -> bool:
        found: list[object] = []
        for one in value:
            self._meter.spend(1)
            if not self._fits(one, query):
                continue
            result = one
            if part.rest is not None:
                path, self.pipe = self._split(part.rest)
                result = self._again(one, path)
            if not query.every:
                self.value = result
                return True
            if result is not MISSING:
                found.append(result)
        if query.every and self.value is MISSING:
            self.value = found
        return False

    def _fits(self, one: object, query: Query) -> bool:
        if isinstance(one, dict | list):
            one = self._again(one, query.path)
        elif query.path:
            return False
        return query_matches(one, query, self._meter)


@lru_cache(maxsize=_REMEMBERED)
def split_pipe(path: str) -> tuple[str, str, str]:
    """``path`` parted at its first bar that is not inside a query."""
    at = 0
    while at < len(path):
        one = path[at]
        if one == "\\":
            at += 1
        elif one == "." and path[at + 1 : at + 3] in {"#(", "#["}:
            _, length = parse_query(path[at + 1 :])
            at += length
        elif one == "|":
            return path[:at], "|", path[at + 1 :]
        at += 1
    return path, "", ""
