"""Versions and what may be asked of them: ``> 8.9.0``, ``^8.9``, ``1.2 - 1.4 || ~2.1``.  Pure.

Versions are read leniently: ``v1.2`` is 1.2.0.  A version before a release, such as
``1.0.0-rc1``, satisfies only constraints that name one themselves.

Source: github.com/Masterminds/semver v3.5, README and constraints.go.
"""

import operator as operators
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

from choria_core.filters.limits import FilterError

_LONGEST_CONSTRAINT = 512
_MOST_ALTERNATIVES = 32
_LONGEST_VERSION = 256
_LARGEST = 2**64 - 1
_REMEMBERED = 256

_TAIL = r"(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?"
_VERSION = re2.compile(rf"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?{_TAIL}$")
_WILD = rf"v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?{_TAIL}"
_OPERATORS = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_ONE = re2.compile(rf"^\s*({_OPERATORS})\s*({_WILD})\s*$")
_EACH = re2.compile(rf"({_OPERATORS})\s*({_WILD})")
_RANGE = re2.compile(rf"\s*({_WILD})\s+-\s+({_WILD})\s*")
_ALL = re2.compile(
    rf"^(\s*({_OPERATORS})\s*({_WILD})\s*)((?:\s+|,\s*)({_OPERATORS})\s*({_WILD})\s*)*$"
)
_RANGE_END = 11  # the group of a range's second version
_WILDCARDS = frozenset({"x", "X", "*"})

Prerelease = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Version:
    """A version.

    Attributes:
        numbers: major, minor and patch.
        prerelease: the parts behind ``-``, comparable; empty for a release.
    """

    numbers: tuple[int, int, int]
    prerelease: Prerelease = ()

    @property
    def order(self) -> tuple[tuple[int, int, int], bool, Prerelease]:
        """What versions are compared by."""
        return self.numbers, not self.prerelease, self.prerelease


@dataclass(frozen=True, slots=True)
class _Constraint:
    """One comparison; what was left out or a wildcard makes it loose.

    Attributes:
        known: how many of the three numbers were given.
    """

    operator: str
    version: Version
    known: int


def satisfies(version: str, constraint: str) -> bool:
    """Whether ``version`` is what ``constraint`` asks for.

    Raises:
        FilterError: either is malformed.
    """
    alternatives = _constraints(constraint)
    parsed = _version(version)
    return any(_all_hold(parsed, group) for group in alternatives)


def _all_hold(version: Version, group: tuple[_Constraint, ...]) -> bool:
    if version.prerelease and not any(one.version.prerelease for one in group):
        return False
    return all(_holds(version, one) for one in group)


@lru_cache(maxsize=_REMEMBERED)
def _version(text: str) -> Version:
    is_plausible = text.isascii() and len(text) <= _LONGEST_VERSION
    match = _VERSION.search(text) if is_plausible else None
    if match is None:
        raise FilterError(f"not a version: {text[:40]!r}")
    numbers = [int((match.group(place) or "0").removeprefix(".")) for place in (1, 2, 3)]
    if max(numbers) > _LARGEST:
        raise FilterError(f"not a version: {text[:40]!r}")
    parts = match.group(5).split(".") if match.group(5) else []
    if any(part.isdigit() and part[0] == "0" and len(part) > 1 for part in parts):
        raise FilterError(f"a version with a leading zero: {text[:40]!r}")
    ranked = tuple(_ranked(part) for part in parts)
    return Version((numbers[0], numbers[1], numbers[2]), ranked)


def _ranked(part: str) -> tuple[int, int, str]:
    """Numbers come before words."""
    if part.isdigit() and int(part) <= _LARGEST:
        return (0, int(part), "")
    return (1, 0, part)


@lru_cache(maxsize=_REMEMBERED)
def _constraints(text: str) -> tuple[tuple[_Constraint, ...], ...]:
    """Alternatives of constraints that must all hold."""
    if len(text) > _LONGEST_CONSTRAINT or not text.isascii():
        raise FilterError(f"not a constraint of versions: {text[:40]!r}")
    for match in _RANGE.finditer(text):
        lowest, highest = match.group(1), match.group(_RANGE_END)
        text = text.replace(match.group(0), f">= {lowest}, <= {highest} ", 1)
    alternatives = text.split("||")
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise FilterError("a constraint of too many alternatives")
    return tuple(_group(one) for one in alternatives)


def _group(text: str) -> tuple[_Constraint, ...]:
    if _ALL.search(text) is None:
        raise FilterError(f"not a constraint of versions: {text[:40]!r}")
    return tuple(_constraint(match.group(0)) for match in _EACH.finditer(text))


def _constraint(text: str) -> _Constraint:
    match = _ONE.search(text)
    if match is None:
        raise FilterError(f"not a constraint of versions: {text[:40]!r}")
    given = [(match.group(place) or "").removeprefix(".") for place in (3, 4, 5)]
    known = 0
    while known < 3 and given[known] and given[known] not in _WILDCARDS:
        known += 1
    numbers = ".".join(given[:known] + ["0"] * (3 - known))
    return _Constraint(match.group(1), _version(numbers + (match.group(6) or "")), known)


def _holds(version: Version, wanted: _Constraint) -> bool:
    operator = _SYNONYMS.get(wanted.operator, wanted.operator)
    if wanted.known < 3 or operator in {"~", "^"}:
        return _LOOSE[operator](version, wanted)
    return bool(_EXACT[operator](version.order, wanted.version.order))


def _near(version: Version, wanted: _Constraint) -> bool:
    """``~``: at least that version, the minor number kept where it was given."""
    if version.order < wanted.version.order:
        return False
    if wanted.version.numbers == (0, 0, 0) and wanted.known in {0, 3}:
        return True
    kept = 1 if wanted.known == 1 else 2
    return version.numbers[:kept] == wanted.version.numbers[:kept]


def _differs(version: Version, wanted: _Constraint) -> bool:
    if wanted.known == 0:
        return version.order != wanted.version.order
    if version.numbers[: wanted.known] != wanted.version.numbers[: wanted.known]:
        return True
    return wanted.known == 2 and version.prerelease != wanted.version.prerelease


def _above(version: Version, wanted: _Constraint) -> bool:
    if wanted.known == 0:
        return version.order > wanted.version.order
    return version.numbers[: wanted.known] > wanted.version.numbers[: wanted.known]


def _up_to(version: Version, wanted: _Constraint) -> bool:
    kept = 1 if wanted.known == 1 else 2
    return version.numbers[:kept] <= wanted.version.numbers[:kept]


def _compatible(version: Version, wanted: _Constraint) -> bool:
    """``^``: at least that version, the first number that is not zero kept."""
    if version.order < wanted.version.order:
        return False
    major, minor, _ = wanted.version.numbers
    if major or wanted.known == 1:
        return version.numbers[0] == major
    if minor or wanted.known == 2:
        return version.numbers[:2] == (0, minor)
    return version.numbers == wanted.version.numbers


_SYNONYMS = {"": "=", "=>": ">=", "=<": "<=", "~>": "~"}
_EXACT: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operators.eq,
    "!=": operators.ne,
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}
_LOOSE: Mapping[str, Callable[[Version, _Constraint], bool]] = {
    "=": _near,
    "!=": _differs,
    "<": lambda version, wanted: version.order < wanted.version.order,
    "<=": _up_to,
    ">": _above,
    ">=": lambda version, wanted: version.order >= wanted.version.order,
    "~": _near,
    "^": _compatible,
}
