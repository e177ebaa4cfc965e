"""The parts that conditions are made of.  Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from choria_playbooks.conditions.comparing import Check, check_of
from choria_playbooks.conditions.condition import Lookup, Term
from choria_playbooks.conditions.paths import MISSING

_KINDS: Final[Mapping[type, str]] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    tuple: "a list",
    dict: "a hash",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value is held against one that the condition says.

    Attributes:
        path: of the value.
        words: the rest of the comparison, as ``> 3``.
        check: what it must pass.
    """

    path: str
    words: str
    check: Check

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        return self.check(lookup(self.path))

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        value = lookup(self.path)
        if value is MISSING:
            yield f"there is no {self.path}"
        elif self.check(value) is None:
            yield f"{self.path} is {_kind(value)}, which cannot be compared as {self.words}"


@dataclass(frozen=True, slots=True)
class PathComparison:
    """Two values are held against each other."""

    path: str
    operator: str
    other: str

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        value, other = lookup(self.path), lookup(self.other)
        return None if other is MISSING else check_of(self.operator, other)(value)

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        value, other = lookup(self.path), lookup(self.other)
        missing = [p for p, v in ((self.path, value), (self.other, other)) if v is MISSING]
        if missing:
            yield f"there is no {missing[0]}"
        elif self.truth(lookup) is None:
            yield (
                f"{self.path} is {_kind(value)} and {self.other} is {_kind(other)}: "
                f"they cannot be compared by {self.operator}"
            )


@dataclass(frozen=True, slots=True)
class Flag:
    """A value that is true or false itself."""

    path: str

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        value = lookup(self.path)
        return value if isinstance(value, bool) else None

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        value = lookup(self.path)
        if value is MISSING:
            yield f"there is no {self.path}"
        elif not isinstance(value, bool):
            yield f"{self.path} is {_kind(value)}, not true or false: compare it with something"


@dataclass(frozen=True, slots=True)
class Constant:
    """What is true or false whatever the values are."""

    value: bool

    def truth(self, _lookup: Lookup) -> bool | None:
        """As of a term."""
        return self.value

    def doubts(self, _lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Term

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        truth = self.term.truth(lookup)
        return None if truth is None else not truth

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        return self.term.doubts(lookup)


@dataclass(frozen=True, slots=True)
class All:
    """Each of several."""

    terms: tuple[Term, ...]

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        told: bool | None = True
        for term in self.terms:
            truth = term.truth(lookup)
            if truth is False:
                return False
            if truth is None:
                told = None
        return told

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        for term in self.terms:
            yield from term.doubts(lookup)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several."""

    terms: tuple[Term, ...]

    def truth(self, lookup: Lookup) -> bool | None:
        """As of a term."""
        told: bool | None = False
        for term in self.terms:
            truth = term.truth(lookup)
            if truth:
                return True
            if truth is None:
                told = None
        return told

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """As of a term."""
        for term in self.terms:
            yield from term.doubts(lookup)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "another kind of value")
