"""Arguments of an action, held against its description.  Pure.

Clients turn the texts of a command line into values, and refuse what the node would
refuse; nodes check what came over the network.
"""

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import DecodeError, json

from choria_core.ddl.document import LIST, STRING, ActionDdl, InputDdl
from choria_core.errors import ChoriaError, UsageError
from choria_core.filters.limits import FilterError, Meter
from choria_core.filters.patterns import pattern
from choria_core.protocol.rpc_body import StatusCode

_TRUE: Final = frozenset(("1", "t", "true", "y", "yes"))
_FALSE: Final = frozenset(("0", "f", "false", "n", "no"))
_SHELL: Final = ("`", "$", ";", "|", "&&", ">", "<")
_SHOWN: Final = 60
_INTEGERS: Final = range(-(2**63), 2**64)


class RefusedInputError(ChoriaError):
    """An argument is missing or is not what the action takes.

    Attributes:
        status: for the reply.
    """

    def __init__(self, status: StatusCode, problem: str) -> None:
        super().__init__(problem)
        self.status = status


def typed_arguments(action: ActionDdl, texts: Mapping[str, str]) -> dict[str, Any]:
    """The arguments that ``key=value`` texts of a command line mean, with defaults filled in.

    Raises:
        UsageError: one is unknown, missing or malformed; names it and what to give.
    """
    unknown = [name for name in texts if name not in action.input]
    if unknown:
        known = ", ".join(action.input) or "none at all"
        raise UsageError(
            f"action {action.action} has no input {unknown[0]!r}; its inputs are: {known}"
        )
    arguments: dict[str, Any] = {}
    for name, item in action.input.items():
        if name in texts:
            arguments[name] = _typed(name, item, texts[name])
        elif item.default is not None:
            arguments[name] = item.default
        elif not item.optional:
            raise UsageError(
                f"action {action.action} needs the input {name}: give {name}=VALUE "
                f"({item.description or item.type})"
            )
    return arguments


def check_arguments(action: ActionDdl, data: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``data`` that the action takes; null counts as not given, others are ignored.

    Raises:
        RefusedInputError: one is missing, or of a wrong type, or not allowed.
    """
    arguments: dict[str, Any] = {}
    for name, item in action.input.items():
        value = data.get(name)
        if value is None:
            if not item.optional:
                raise RefusedInputError(StatusCode.MISSING_DATA, f"input {name} is missing")
            continue
        problem = problem_of(item, value)
        if problem:
            raise RefusedInputError(StatusCode.INVALID_DATA, f"input {name} {problem}")
        arguments[name] = int(value) if item.type == "integer" else value
    return arguments


def problem_of(item: InputDdl, value: object) -> str:
    """What is wrong with a value, as the rest of a sentence; empty for nothing."""
    expected, is_right = _CHECKS[item.type.lower()]
    if not is_right(value):
        return f"is not {expected}"
    if item.type == STRING:
        assert isinstance(value, str)
        return _problem_of_text(item, value)
    if item.type == LIST and value not in item.list:
        return f"is none of: {', '.join(item.list)}"
    return ""


def is_rule(validation: str) -> bool:
    """Whether a string's validation is usable: a known name, or a regular expression."""
    if validation in _RULES:
        return True
    if _is_name(validation):
        return False
    try:
        pattern(validation)
    except FilterError:
        return False
    return True


def _typed(name: str, item: InputDdl, text: str) -> object:
    """Raises UsageError."""
    try:
        value = _READERS[item.type.lower()](text)
    except ValueError:
        expected, _ = _CHECKS[item.type.lower()]
        raise UsageError(
            f"input {name}: {_shown(item, text)} is not {expected}; {_HINTS[item.type.lower()]}"
        ) from None
    problem = problem_of(item, value)
    if problem:
        raise UsageError(f"input {name}: {_shown(item, text)} {problem}")
    return value


def _shown(item: InputDdl, text: str) -> str:
    if item.sensitive:
        return "what was given"
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _problem_of_text(item: InputDdl, text: str) -> str:
    if item.maxlength and len(text) > item.maxlength:
        return f"is longer than {item.maxlength} characters"
    rule = _RULES.get(item.validation)
    if rule is not None:
        return rule(text)
    if not item.validation or _is_name(item.validation):
        return ""  # of a name that nobody knows the original, too, takes any text
    try:
        found = pattern(item.validation).is_in(text, Meter())
    except FilterError as error:
        return f"cannot be checked: {error}"
    return "" if found else f"does not match {item.validation}"


def _is_name(validation: str) -> bool:
    """Whether it names a rule; the original tells by the first letter."""
    return validation[:1].isascii() and validation[:1].islower()


def _shellsafe(text: str) -> str:
    unsafe = next((part for part in _SHELL if part in text), None)
    return f"must not contain {unsafe}" if unsafe else ""


def _address(*versions: int) -> Callable[[str], str]:
    kind = "an IP address" if len(versions) > 1 else f"an IPv{versions[0]} address"

    def problem(text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return f"is not {kind}"
        return "" if address.version in versions else f"is not {kind}"

    return problem


def _integer(text: str) -> int:
    number = int(text)
    if number not in _INTEGERS:
        raise ValueError(text)
    return number


def _truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):  # JSON has no others
        raise ValueError(text)
    return number


def _number(text: str) -> float:
    try:
        return _integer(text)
    except ValueError:
        return _float(text)


def _document(text: str) -> object:
    try:
        return json.decode(text)
    except (DecodeError, RecursionError):
        raise ValueError(text) from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    """Also a float without a fraction, as some programs write integers."""
    return _is_number(value) and (isinstance(value, int) or float(value).is_integer())  # type: ignore[arg-type] # a number


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "string": str,
    "list": str,
    "integer": _integer,
    "float": _float,
    "number": _number,
    "boolean": _truth,
    "hash": _document,
    "array": _document,
}
_CHECKS: Final[Mapping[str, tuple[str, Callable[[object], bool]]]] = {
    "string": ("a text", lambda value: isinstance(value, str)),
    "list": ("a text", lambda value: isinstance(value, str)),
    "integer": ("an integer", _is_integer),
    "float": ("a number", _is_number),
    "number": ("a number", _is_number),
    "boolean": ("a boolean", lambda value: isinstance(value, bool)),
    "hash": ("a hash", lambda value: isinstance(value, dict)),
    "array": ("an array", lambda value: isinstance(value, list)),
}
_HINTS: Final[Mapping[str, str]] = {
    "integer": "give digits, like 12",
    "float": "give a number, like 1.5",
    "number": "give a number, like 1.5",
    "boolean": "give true or false",
    "hash": 'give a JSON object, like {"a": 1}',
    "array": 'give a JSON array, like ["a", "b"]',
}
_RULES: Final[Mapping[str, Callable[[str], str]]] = {
    "shellsafe": _shellsafe,
    "ipaddress": _address(4, 6),
    "ipv4address": _address(4),
    "ipv6address": _address(6),
}
