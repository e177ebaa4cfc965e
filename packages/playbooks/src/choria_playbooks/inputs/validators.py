"""Rules for values of inputs.  Pure.

A rule is ``:name``, ``/pattern/``, or a pattern; each value of a list must pass by itself.  The
names of the original stay.  Where it let dangerous values through, ours does not: ``:shellsafe``
refuses a single ``&`` and line ends too, and ``^`` and ``$`` of a pattern mean the whole text,
not any of its lines.  Patterns run by RE2, which knows no look-around and no back-references.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final

from choria_core.config.value import nearest
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import pattern
from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.input import InputType
from choria_playbooks.inputs.types import typed

Validator = Callable[[object], str]
"""What is wrong with a value, as the rest of a sentence; empty for nothing."""

_UNSAFE: Final = "`$;|&><\n\r\0"
_TASK_NAME: Final = r"\A([a-z][a-z0-9_]*)?(::[a-z][a-z0-9_]*)*\z"
_SLASHED: Final = re.compile(r"/(?P<pattern>.*)/(?P<flags>i?)", re.DOTALL)
_RUBY_PARTS: Final = re.compile(r"\\.|\[\^?|\]", re.DOTALL)


def validator_of(validation: str) -> Validator:
    """The rule that a book writes; an empty text allows everything.

    Raises:
        InputError: it is no rule: an unknown name, or not a pattern.
    """
    if not validation:
        return lambda _value: ""
    if validation.startswith(":"):
        return _each(_named(validation[1:]))
    match = _SLASHED.fullmatch(validation)
    if match is None:
        return _each(_matching(validation, ignore_case=False))
    return _each(_matching(match["pattern"], ignore_case=bool(match["flags"])))


def _each(rule: Validator) -> Validator:
    """``rule``, of each value where there are many."""

    def problem(value: object) -> str:
        if not isinstance(value, list | tuple):
            return rule(value)
        for number, one in enumerate(value, 1):
            found = rule(one)
            if found:
                return f"{found} (value {number} of the list)"
        return ""

    return problem


def _named(name: str) -> Validator:
    rule = _RULES.get(name)
    if rule is not None:
        return rule
    if name in _UNUSABLE:
        raise InputError(f":{name} needs an argument, which inputs cannot give", _UNUSABLE[name])
    meant = nearest(name, _RULES)
    fix = f"did you mean :{meant}?" if meant else f"known: {', '.join(f':{one}' for one in _RULES)}"
    raise InputError(f"there is no rule :{name}", fix)


def _of_type(kind: InputType) -> Validator:
    def problem(value: object) -> str:
        try:
            typed(kind, value)
        except InputError as error:
            return error.problem
        return ""

    return problem


def _float(value: object) -> str:
    return "" if isinstance(value, float) else "must be a number with a point"


def _text_rule(check: Callable[[str], str]) -> Validator:
    return lambda value: check(value) if isinstance(value, str) else "must be a text"


def _shellsafe(text: str) -> str:
    found = next((one for one in text if one in _UNSAFE), "")
    return f"must not contain {found if found.isprintable() else 'line ends'}" if found else ""


def _address(*versions: int) -> Callable[[str], str]:
    words = "an IP address" if len(versions) > 1 else f"an IPv{versions[0]} address"

    def check(text: str) -> str:
        try:
            found = ipaddress.ip_interface(text)
        except ValueError:
            return f"is not {words}"
        return "" if found.version in versions else f"is not {words}"

    return check


def _matching(text: str, *, ignore_case: bool) -> Validator:
    try:
        wanted = pattern(_as_re2(text), ignore_case=ignore_case)
    except FilterError as error:
        raise InputError(str(error), "look-around and back-references do not exist here") from None

    def problem(value: object) -> str:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return "must be a text to be held against a pattern"
        try:
            found = wanted.is_in(str(value), Meter())
        except FilterError:
            return "is too long for its pattern"
        return "" if found else f"does not match {text}"

    return problem


def _as_re2(text: str) -> str:
    r"""A pattern with what Ruby writes otherwise: ``\h`` for hexadecimal digits, ``\Z``."""
    in_class = False

    def translated(match: re.Match[str]) -> str:
        nonlocal in_class
        part = match.group()
        if part.startswith("[") or part == "]":
            in_class = part != "]"
            return part
        if part == r"\h":
            return "[:xdigit:]" if in_class else "[[:xdigit:]]"
        return r"\z" if part == r"\Z" and not in_class else part

    return _RUBY_PARTS.sub(translated, text)


_RULES: Final[Mapping[str, Validator]] = {
    "string": _of_type(InputType.STRING),
    "integer": _of_type(InputType.INTEGER),
    "float": _float,
    "number": _of_type(InputType.NUMERIC),
    "boolean": _of_type(InputType.BOOLEAN),
    "hash": _of_type(InputType.HASH),
    "shellsafe": _text_rule(_shellsafe),
    "ipaddress": _text_rule(_address(4, 6)),
    "ipv4address": _text_rule(_address(4)),
    "ipv6address": _text_rule(_address(6)),
    "bolt_task_name": _matching(_TASK_NAME, ignore_case=False),
}
_UNUSABLE: Final[Mapping[str, str]] = {
    "regex": "write the pattern itself, as /^[a-z]+$/",
    "length": "write a pattern, as /^.{1,20}$/",
    "array": "write the rule for each value; lists are checked value by value",
    "typecheck": "write :string, :integer, :number or :boolean",
}
