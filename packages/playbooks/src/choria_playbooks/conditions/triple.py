"""Conditions as ``mcollective_assert`` took them: a key, an operator and a value.  Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from choria_core.filters.limits import FilterError
from choria_playbooks.conditions.comparing import Check, check_of, pattern_check
from choria_playbooks.conditions.condition import Condition, Term
from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.paths import MISSING
from choria_playbooks.conditions.terms import Comparison, Not

_PARTS: Final = 3


def condition_of_triple(triple: object) -> Condition:
    """The condition that ``[key, operator, value]`` says.

    Operators are ``<``, ``>``, ``<=``, ``>=``, ``==``, ``=``, ``=~`` (whatever the case of
    letters) and ``in``; ``!`` before one turns it round.  A reply without the key does not match.

    Args:
        triple: as the book has it; a colon before the key is left out.

    Raises:
        ConditionError: it is none.
    """
    if not isinstance(triple, list | tuple) or len(triple) != _PARTS:
        raise ConditionError("the expression needs three parts: a key, an operator and a value")
    key, operator, value = triple
    if not isinstance(key, str) or not key.removeprefix(":"):
        raise ConditionError("the first part of the expression is the name of an output")
    plain = str(operator).removeprefix("!")
    path = key.removeprefix(":")
    words = f"{operator} {json.dumps(value, ensure_ascii=False, default=str)}"
    term: Term = Comparison(path, words, _check(plain, value))
    if plain != str(operator):
        term = Not(term)
    return Condition(f"{path} {words}", (path,), term)


def _check(operator: str, value: object) -> Check:
    make = _CHECKS.get(operator)
    if make is None:
        known = ", ".join(_CHECKS)
        raise ConditionError(f"there is no operator {operator!r}: use one of {known}, or ! and one")
    return make(value)


def _pattern(value: object) -> Check:
    text = str(value)
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        text = text[1:-1]
    try:
        return pattern_check(text, ignore_case=True, is_negative=False)
    except FilterError as error:
        raise ConditionError(str(error)) from None


def _within(value: object) -> Check:
    if isinstance(value, str):
        return lambda found: found in value if isinstance(found, str) else None
    if not isinstance(value, list | tuple):
        raise ConditionError("in needs a list, or a text that holds the output")
    checks = [check_of("=", one) for one in value]
    return lambda found: None if found is MISSING else any(check(found) for check in checks)


_CHECKS: Final[Mapping[str, Callable[[object], Check]]] = {
    "<": lambda value: check_of("<", value),
    ">": lambda value: check_of(">", value),
    "<=": lambda value: check_of("<=", value),
    ">=": lambda value: check_of(">=", value),
    "==": lambda value: check_of("=", value),
    "=": lambda value: check_of("=", value),
    "=~": _pattern,
    "in": _within,
}
