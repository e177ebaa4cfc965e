"""How Python's types are called in an agent's description.  Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect

ANY: Final = ""

_NAMES: Final[Mapping[type[inspect.Type], str]] = {
    inspect.AnyType: ANY,
    inspect.RawType: ANY,
    inspect.StrType: "string",
    inspect.IntType: "integer",
    inspect.FloatType: "float",
    inspect.BoolType: "boolean",
    inspect.DictType: "hash",
    inspect.StructType: "hash",
    inspect.DataclassType: "hash",
    inspect.TypedDictType: "hash",
    inspect.ListType: "array",
    inspect.VarTupleType: "array",
    inspect.TupleType: "array",
    inspect.SetType: "array",
    inspect.FrozenSetType: "array",
}


def type_name(hint: Any) -> str:
    """The name of a type, None in a union left aside; empty for any type or several.

    Raises:
        TypeError: it is no type that JSON can hold.
    """
    names = {_name(kind) for kind in _kinds(hint)}
    if names <= {"integer", "float"} and len(names) > 1:
        return "number"
    return names.pop() if len(names) == 1 else ANY


def choices_of(hint: Any) -> tuple[str, ...]:
    """The texts that a ``Literal`` or an enumeration of texts allows; empty for other types."""
    [kind, *others] = _kinds(hint)
    if others:
        return ()
    if isinstance(kind, inspect.LiteralType):
        values: tuple[object, ...] = kind.values
    elif isinstance(kind, inspect.EnumType):
        values = tuple(member.value for member in kind.cls)
    else:
        return ()
    texts = tuple(value for value in values if isinstance(value, str))
    return texts if len(texts) == len(values) else ()


def _kinds(hint: Any) -> list[inspect.Type]:
    kind = inspect.type_info(hint)
    if isinstance(kind, inspect.CustomType) and kind.cls is object:
        kind = inspect.AnyType()
    if isinstance(kind, inspect.CustomType):
        raise TypeError(f"{hint!r} cannot be written as JSON")
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    return [one for one in kinds if not isinstance(one, inspect.NoneType)] or [inspect.AnyType()]


def _name(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType | inspect.EnumType):
        is_text = isinstance(kind, inspect.EnumType) and issubclass(kind.cls, str)
        texts = isinstance(kind, inspect.LiteralType) and isinstance(kind.values[0], str)
        return "string" if is_text or texts else ANY
    if isinstance(kind, inspect.Metadata):
        return _name(kind.type)
    return _NAMES.get(type(kind), "string")  # dates, UUIDs and their like are texts in JSON
