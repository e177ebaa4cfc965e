"""A condition that was read, to be asked of values.  Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Lookup = Callable[[str], object]
"""The value at a dotted path; raises MissingPathError where there is none."""


class Term(Protocol):
    """A part of a condition."""

    def holds(self, lookup: Lookup) -> bool:
        """Whether it does.

        Raises:
            ConditionError: a path leads nowhere, or two values cannot be compared.
        """


@dataclass(frozen=True, slots=True)
class Condition:
    """The whole of it.

    Attributes:
        text: as written.
        paths: all that it asks for, in order.
    """

    text: str
    paths: tuple[str, ...]
    term: Term

    def holds(self, lookup: Lookup) -> bool:
        """As :meth:`Term.holds`."""
        return self.term.holds(lookup)
