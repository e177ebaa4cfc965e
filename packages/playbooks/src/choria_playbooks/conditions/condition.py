"""A condition that was read, to be asked of values.  Pure.

A comparison is true, false, or cannot be told: the path leads nowhere, or the values have no
order.  What cannot be told stays so under ``not``; ``or`` is true where the other side is, and
``and`` is false where the other side is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.paths import find

Lookup = Callable[[str], object]
"""The value at a dotted path; where there is none it raises MissingPathError or gives MISSING."""


class Term(Protocol):
    """A part of a condition."""

    def truth(self, lookup: Lookup) -> bool | None:
        """Whether it holds; None where that cannot be told."""

    def doubts(self, lookup: Lookup) -> Iterator[str]:
        """Why it cannot be told; nothing where it can."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The whole of it.

    Attributes:
        text: as written.
        paths: all that it asks for, in order.
        term: the outermost part.
    """

    text: str
    paths: tuple[str, ...]
    term: Term

    def holds(self, lookup: Lookup) -> bool:
        """Whether it holds of a run: for ``when``, where a missing path is a mistake.

        Raises:
            MissingPathError: from ``lookup``, as soon as a path that is needed leads nowhere.
            ConditionError: two values cannot be compared.
        """
        truth = self.term.truth(lookup)
        if truth is None:
            raise ConditionError("; ".join(self.term.doubts(lookup)))
        return truth

    def matches(self, data: object) -> bool:
        """Whether it holds of the data of one reply: for ``assert``.

        What cannot be told does not match.
        """
        return self.term.truth(partial(find, data)) is True
