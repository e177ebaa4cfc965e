"""Ranges of versions, as books ask for agents in ``uses``.  Pure.

    wanted = parse_range("~1.2.0")
    "1.2.5" in wanted

A version is exact (``1.2.0``, ``=1.2.0``), partial (``1``, ``1.x``, ``1.2.x``), near another
(``~1.2``, ``^1.2.0``), compared (``> < >= <=``), or between two (``1.0.0 - 2.0.0``).  Of several
with blanks between all must hold, of several with ``||`` between one.  Versions of two numbers
get a third that is 0.  A version before a release, such as ``2.0.0-rc1``, is less than it, and
only in ranges that name one before the same release.

Source: the ranges of the Ruby library semantic_puppet.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from choria_core.errors import ConfigError

Numbers = tuple[int, int, int]
Prerelease = tuple[tuple[int, int, str], ...]
Order = tuple[int, int, int, int, Prerelease]
"""What versions are compared by: three numbers, whether it is released, parts before that."""

_LONGEST: Final = 256
_NUMBER: Final = r"0|[1-9][0-9]{0,17}"
_WILD: Final = rf"{_NUMBER}|[xX*]"
_PRE: Final = r"-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)"
_BUILD: Final = r"\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_version: Final = re.compile(
    rf"v?(?P<a>{_NUMBER})(?:\.(?P<b>{_NUMBER}))?(?:\.(?P<c>{_NUMBER}))?(?:{_PRE})?(?:{_BUILD})?"
).fullmatch
_partial: Final = re.compile(
    rf"v?(?P<a>{_WILD})(?:\.(?P<b>{_WILD}))?(?:\.(?P<c>{_WILD}))?(?:{_PRE})?(?:{_BUILD})?"
).fullmatch
_one: Final = re.compile(r"(?P<operator>>=|<=|>|<|=|~>|~|\^|)\s*(?P<version>[^\s<>=~^|]+)\s*")
_between: Final = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*").fullmatch


@dataclass(frozen=True, slots=True)
class _Span:
    """Versions from ``least`` on that are below ``below``; None for no bound.

    Attributes:
        early: releases of which versions before them are named.
    """

    least: Order | None = None
    below: Order | None = None
    early: tuple[Numbers, ...] = ()

    def holds(self, version: Order) -> bool:
        """Whether ``version`` is one of them."""
        return (self.least is None or version >= self.least) and (
            self.below is None or version < self.below
        )


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions that are wanted: made by :func:`parse_range`.

    Attributes:
        text: as the book has it.
    """

    text: str
    _alternatives: tuple[tuple[_Span, ...], ...]

    def __contains__(self, version: object) -> bool:
        """Whether ``version`` is in the range; what is no version is in none."""
        order = _order(version) if isinstance(version, str) else None
        return order is not None and any(_hold(spans, order) for spans in self._alternatives)


@lru_cache(maxsize=256)
def parse_range(text: str) -> VersionRange:
    """The range that a text asks for.

    Raises:
        ConfigError: it is none.
    """
    if len(text) > _LONGEST:
        raise ConfigError(f"{text[:40]!r}... is too long for a range of versions")
    return VersionRange(text, tuple(_spans(part, text) for part in text.split("||")))


def _order(text: str) -> Order | None:
    """What a version is compared by; None where it is none."""
    match = _version(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    a, b, c = (int(match[name] or 0) for name in "abc")
    return (a, b, c, 1, ()) if match["pre"] is None else (a, b, c, 0, _ranked(match["pre"]))


def _ranked(pre: str) -> Prerelease:
    """Numbers come before words."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split("."))


def _hold(spans: Sequence[_Span], version: Order) -> bool:
    is_released, numbers = version[3], version[:3]
    if not is_released and not any(numbers in span.early for span in spans):
        return False
    return all(span.holds(version) for span in spans)


def _spans(text: str, whole: str) -> tuple[_Span, ...]:
    """What must all hold of one alternative."""
    ends = _between(text)
    if ends is not None:
        least, most = (_Wanted.of(end, whole) for end in ends.groups())
        return (_Span(least.first, most.after, (*least.early, *most.early)),)
    spans = []
    place = len(text) - len(text.lstrip())
    while place < len(text):
        match = _one.match(text, place)
        if match is None:
            raise _no_range(whole)
        wanted = _Wanted.of(match["version"], whole)
        spans.append(replace(_SPANS[match["operator"]](wanted), early=wanted.early))
        place = match.end()
    if not spans:
        raise _no_range(whole)
    return tuple(spans)


def _no_range(text: str) -> ConfigError:
    return ConfigError(
        f"{text!a} is no range of versions: write one like ~1.2.0, >=1.2.0 <2.0.0, 1.x or 1.2.0"
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A version in a range, of which numbers may be left out.

    Attributes:
        numbers: those that are given, at most three.
        pre: of a version before a release.
    """

    numbers: tuple[int, ...]
    pre: Prerelease | None

    @classmethod
    def of(cls, text: str, whole: str) -> "_Wanted":
        """What a text says; ``whole`` is for the error."""
        match = _partial(text)
        if match is None:
            raise _no_range(whole)
        numbers: list[int] = []
        for name in "abc":
            if match[name] is None or match[name] in "xX*":
                break
            numbers.append(int(match[name]))
        is_whole = len(numbers) == len("abc")
        pre = _ranked(match["pre"]) if is_whole and match["pre"] is not None else None
        return cls(tuple(numbers), pre)

    @property
    def filled(self) -> Numbers:
        """Three numbers."""
        a, b, c = (*self.numbers, 0, 0, 0)[:3]
        return a, b, c

    @property
    def early(self) -> tuple[Numbers, ...]:
        """The release that this is before; none where it is one."""
        return () if self.pre is None else (self.filled,)

    @property
    def first(self) -> Order | None:
        """The least version that is meant; None for any."""
        if not self.numbers:
            return None
        return (*self.filled, 1, ()) if self.pre is None else (*self.filled, 0, self.pre)

    @property
    def after(self) -> Order | None:
        """What is beyond all that are meant, and nothing between; None for nothing."""
        if len(self.numbers) < len("abc"):
            return self.up(len(self.numbers))
        pre = () if self.pre is None else self.pre
        return (*self.filled, 1 if self.pre is None else 0, (*pre, _LOWEST))

    @property
    def compatible(self) -> Order | None:
        """The least version that ``^`` is no longer content with."""
        kept = next((place for place, number in enumerate(self.numbers, 1) if number), None)
        return self.up(len(self.numbers) if kept is None else kept)

    def up(self, kept: int) -> Order | None:
        """The least version with one more in the last of ``kept`` numbers; None for none."""
        if not kept:
            return None
        numbers = (*self.numbers, 0, 0)[:kept]
        a, b, c = (*numbers[:-1], numbers[-1] + 1, 0, 0)[:3]
        return (a, b, c, 0, ())


_LOWEST: Final = (-1, 0, "")
"""One more part, lower than any that a version has."""

_NO_VERSIONS: Final = _Span(below=(0, 0, 0, 0, ()))


def _exactly(wanted: _Wanted) -> _Span:
    return _Span(wanted.first, wanted.after)


def _near(wanted: _Wanted) -> _Span:
    return _Span(wanted.first, wanted.up(min(len(wanted.numbers), 2)))


_SPANS: Final[Mapping[str, Callable[[_Wanted], _Span]]] = {
    "": _exactly,
    "=": _exactly,
    "~": _near,
    "~>": _near,
    "^": lambda wanted: _Span(wanted.first, wanted.compatible),
    ">=": lambda wanted: _Span(least=wanted.first),
    ">": lambda wanted: _Span(least=wanted.after) if wanted.numbers else _NO_VERSIONS,
    "<=": lambda wanted: _Span(below=wanted.after),
    "<": lambda wanted: _Span(below=wanted.first) if wanted.numbers else _NO_VERSIONS,
}
