"""How functions say which types they take.  Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from choria_core.filters.expression.natures import (
    ANY,
    ARRAY,
    INT,
    STRING,
    TEXTS,
    Nature,
    is_assignable,
)
from choria_core.filters.limits import Meter

Check = Callable[[Sequence[Nature]], Nature | None]
"""The nature of the result for natures of arguments; None where they do not fit."""

Run = Callable[[list[object], Meter], object]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language or of an environment.

    Attributes:
        check: judges the arguments' types before it ever runs.
        run: computes the result of values, whose types it must check again.
    """

    check: Check
    run: Run


_LETTERS = {"s": STRING, "i": INT, "*": ANY, "a": ARRAY, "t": TEXTS}


def takes(*overloads: str, gives: Nature) -> Check:
    """A check by letters, one overload a word.

    ``s`` is a text, ``i`` an integer, ``*`` anything, ``a`` an array; ``t`` is an array
    made for nothing but texts, which ``a`` does not take.
    """
    accepted = [[_LETTERS[letter] for letter in overload] for overload in overloads]

    def check(natures: Sequence[Nature]) -> Nature | None:
        return gives if any(_accepts(wanted, natures) for wanted in accepted) else None

    return check


def takes_kinds(*kinds: str, gives: Nature | None = None) -> Check:
    """A check of one argument by the kinds it may be; the result is ``gives`` or likewise."""

    def check(natures: Sequence[Nature]) -> Nature | None:
        if len(natures) != 1 or not natures[0].fits(*kinds):
            return None
        return natures[0] if gives is None else gives

    return check


def _accepts(wanted: Sequence[Nature], given: Sequence[Nature]) -> bool:
    return len(wanted) == len(given) and all(
        one.is_open or is_assignable(one, to) for one, to in zip(given, wanted, strict=True)
    )
