"""Types of inputs: how books spell them, and which values they have.  Pure."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from choria_playbooks.inputs.errors import InputError
from choria_playbooks.inputs.input import InputType
from choria_playbooks.inputs.numbers import any_number, decimal_number, whole_number

_SPELLINGS: Final[Mapping[str, InputType]] = {
    "string": InputType.STRING,
    "integer": InputType.INTEGER,
    "fixnum": InputType.INTEGER,
    "float": InputType.FLOAT,
    "numeric": InputType.NUMERIC,
    "array": InputType.ARRAY,
    "bool": InputType.BOOLEAN,
    "boolean": InputType.BOOLEAN,
    "hash": InputType.HASH,
    "secret": InputType.SECRET,
    "any": InputType.ANY,
}
SPELLINGS: Final = tuple(_SPELLINGS)
"""What type_named knows, for advice."""

_WORDS: Final[Mapping[InputType, str]] = {
    InputType.STRING: "a text",
    InputType.INTEGER: "a whole number",
    InputType.FLOAT: "a number",
    InputType.NUMERIC: "a number",
    InputType.ARRAY: "a list",
    InputType.BOOLEAN: "true or false",
    InputType.HASH: "a hash",
    InputType.SECRET: "a text",
    InputType.ANY: "a value",
}
_TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "off", "n", "f", "0"), False),
}


def type_named(spelling: str) -> InputType | None:
    """The type that a book spells so, in any case and with or without Ruby's colon."""
    return _SPELLINGS.get(spelling.removeprefix(":").lower())


def value_of_text(kind: InputType, text: str) -> object:
    """What one text of a command line or of the environment means.

    A list is written as JSON, else it is the text alone; a hash is written as JSON.

    Raises:
        InputError: it is not of that type.
    """
    return _READERS.get(kind, str)(text)


def value_of_texts(kind: InputType, texts: Sequence[str]) -> object:
    """What the texts of an option mean that was given once or repeatedly.

    A list takes each text as one of its values, as it is.  Else the last text counts.

    Raises:
        InputError: it is not of that type.
    """
    return list(texts) if kind is InputType.ARRAY else value_of_text(kind, texts[-1])


def value_of_stored(kind: InputType, value: object) -> object:
    """What a value from a store means; only texts are not what they are.

    Raises:
        InputError: the text is not of that type.
    """
    if not isinstance(value, str):
        return value
    if kind is InputType.ARRAY and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",")] if value.strip() else []
    return value_of_text(kind, value)


def typed(kind: InputType, value: object) -> object:
    """A value as JSON or YAML has it, of a type; a whole number can stand for a float.

    Raises:
        InputError: it is of another one.
    """
    if kind is InputType.FLOAT and _is_number(value):
        return float(value)  # type: ignore[arg-type]  # _is_number says so
    if not _CHECKS[kind](value):
        raise InputError(f"must be {_WORDS[kind]}, not {type_words(value)}")
    return value


def type_words(value: object) -> str:
    """What a value is, in words."""
    if value is None:
        return "nothing"
    for kind in (InputType.BOOLEAN, InputType.STRING, InputType.INTEGER, InputType.NUMERIC):
        if _CHECKS[kind](value):
            return _WORDS[kind]
    return "a list" if isinstance(value, list | tuple) else "a hash"


def _truth(text: str) -> bool:
    value = _TRUTHS.get(text.lower())
    if value is None:
        raise InputError("is not true or false", "write true, false, yes or no")
    return value


def _list(text: str) -> list[object]:
    if not text.lstrip().startswith("["):
        return [text]
    value = _json(text, 'a list in JSON, like ["a", "b"]')
    if not isinstance(value, list):
        raise InputError("is not a list", 'write it as JSON, like ["a", "b"]')
    return value


def _hash(text: str) -> dict[str, object]:
    wanted = 'a hash in JSON, like {"a": 1}'
    value = _json(text, wanted)
    if not isinstance(value, dict):
        raise InputError(f"is not {wanted}")
    return value


def _json(text: str, wanted: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InputError(f"is not {wanted}") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_READERS: Final[Mapping[InputType, Callable[[str], object]]] = {
    InputType.INTEGER: whole_number,
    InputType.FLOAT: decimal_number,
    InputType.NUMERIC: any_number,
    InputType.BOOLEAN: _truth,
    InputType.ARRAY: _list,
    InputType.HASH: _hash,
}
_CHECKS: Final[Mapping[InputType, Callable[[object], bool]]] = {
    InputType.STRING: lambda value: isinstance(value, str),
    InputType.INTEGER: _is_whole,
    InputType.FLOAT: _is_number,
    InputType.NUMERIC: _is_number,
    InputType.ARRAY: lambda value: isinstance(value, list | tuple),
    InputType.BOOLEAN: lambda value: isinstance(value, bool),
    InputType.HASH: lambda value: isinstance(value, dict),
    InputType.SECRET: lambda value: isinstance(value, str),
    InputType.ANY: lambda _value: True,
}
