"""What a settings record may hold, read off its annotations.  Pure.

A record is a frozen dataclass.  Its field types say what the YAML must hold, the
:class:`Setting` beside a type says the rest::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Topic:
        topic: Annotated[str, Setting("channel to copy")]
        workers: Annotated[int, Setting("parallel copiers", minimum=0)] = 1
        age: Annotated[float, Setting("least time between copies", grammar=GO_DURATION)] = 0.0
        tls: Annotated[Tls | None, Setting("overrides the outer block")] = None

A field without a default is required.  Types: ``str int float bool``, ``Path``, an
``Enum``, a ``Literal`` of texts, a record, ``tuple[T, ...]``, ``Mapping[str, T]``, ``object``
for whatever YAML can say, and each of them ``| None``.  ``T | tuple[T, ...]`` takes one value
alone as well as a list; ``Mapping[str, T | None]`` keeps names without a value.
"""

import enum
import json
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from choria_core.durations import format_duration, parse_choria_duration, parse_go_duration


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a text becomes a value, where no YAML type does.

    Attributes:
        name: what people call it; shown in the reference.
        read: the text's value; raises ConfigError or ValueError saying what is wrong.
        show: the text of a value.
        takes_truth: whether it reads true and false, which are no texts in YAML.
    """

    name: str
    read: Callable[[str], Any]
    show: Callable[[Any], str] = str
    takes_truth: bool = False


GO_DURATION = Grammar("duration (1h30m, 500ms)", parse_go_duration, format_duration)
CHORIA_DURATION = Grammar("duration (1h30m, 7d, 1M)", parse_choria_duration, format_duration)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field's type cannot say.

    Attributes:
        doc: one sentence for the reference.
        key: the name in the file where it is not the field's.
        grammar: reads the value, or each value of a list or map, from its text.
        minimum, maximum: of a number, inclusive; of a duration in seconds.
        secret: the value is never shown, not even where it is wrong.
        later: what the key is for, where its work comes in a later release: the key
            is known, and anything but its default is refused.
        exposed: others on the machine can see the value, as in a list of processes: what
            is secret may not stand in it.
    """

    doc: str = ""
    key: str = ""
    grammar: Grammar | None = None
    minimum: float | None = None
    maximum: float | None = None
    secret: bool = False
    later: str = ""
    exposed: bool = False


@dataclass(frozen=True, slots=True)
class ValueShape:
    """One scalar: ``str``, ``int``, ``float``, ``bool``, ``Path`` or ``object`` for anything."""

    type: type


@dataclass(frozen=True, slots=True)
class GrammarShape:
    """One scalar in a grammar of its own."""

    grammar: Grammar


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One of some texts; ``values`` maps each to what it stands for."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A nested record."""

    record: type


@dataclass(frozen=True, slots=True)
class ListShape:
    """Any number of ``item``; with ``takes_one`` one alone too, which stays alone."""

    item: "Shape"
    takes_one: bool = False


@dataclass(frozen=True, slots=True)
class MapShape:
    """Names of the operator's choice, each with an ``item``; with ``takes_null`` or nothing."""

    item: "Shape"
    takes_null: bool = False


Shape = ValueShape | GrammarShape | ChoiceShape | RecordShape | ListShape | MapShape


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One key of a record.

    Attributes:
        name, key: in Python and in the file.
        shape: what it may hold.
        setting: the rest of its rules.
        default: a function that makes the default; None where the key is required.
    """

    name: str
    key: str
    shape: Shape
    setting: Setting
    default: Callable[[], object] | None

    @property
    def is_required(self) -> bool:
        """Whether the key must be given."""
        return self.default is None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a settings reference.

    Attributes:
        key: dotted path; ``streams[].name`` in a list, ``topics.<name>.age`` in a map.
        type: what may stand there, in words.
        default: as one would write it; ``required`` where there is none.
        doc: what it is for.
        later: what is to come, where the key does not work yet.
    """

    key: str
    type: str
    default: str
    doc: str
    later: str = ""


@cache
def fields_of(record: type) -> tuple[FieldSchema, ...]:
    """The keys of a record class.

    Raises:
        TypeError: a field has a type that no YAML value can become; a bug of ours.
    """
    hints = get_type_hints(record, include_extras=True)
    return tuple(_field(item, hints[item.name]) for item in fields(record) if item.init)


def describe(record: type) -> tuple[Row, ...]:
    """The reference of a record class, nested records included, in their order."""
    return tuple(_rows(record, "", (record,)))


def _rows(record: type, prefix: str, parents: tuple[type, ...]) -> Iterator[Row]:
    for item in fields_of(record):
        key = prefix + item.key
        words, doc, later = type_words(item.shape), item.setting.doc, item.setting.later
        yield Row(key, words, "required" if item.is_required else shown_default(item), doc, later)
        inner, suffix = _inner(item.shape)
        if inner is not None and inner not in parents:
            yield from _rows(inner, f"{key}{suffix}.", (*parents, inner))


def _inner(shape: Shape) -> tuple[type | None, str]:
    """The record inside a shape, and how a path leads to it."""
    match shape:
        case RecordShape(record):
            return record, ""
        case ListShape(item):
            inner, suffix = _inner(item)
            return inner, f"[]{suffix}"
        case MapShape(item):
            inner, suffix = _inner(item)
            return inner, f".<name>{suffix}"
    return None, ""


def type_words(shape: Shape) -> str:
    """A shape in words of YAML."""
    match shape:
        case ValueShape(kind):
            return _WORDS[kind]
        case GrammarShape(grammar):
            return grammar.name
        case ChoiceShape(values):
            return " or ".join(values)
        case RecordShape():
            return "block"
        case ListShape(item, takes_one):
            one = f"{type_words(item)} or " if takes_one else ""
            return f"{one}list of {type_words(item)}"
        case MapShape(item):
            return f"map of name to {type_words(item)}"


def shown_default(item: FieldSchema) -> str:
    """The default as one would write it in the file."""
    value = item.default() if item.default else None
    if isinstance(item.shape, GrammarShape) and value is not None:
        return item.shape.grammar.show(value)
    if value is None:
        return "none"
    if is_dataclass(value):
        return "{}"
    if isinstance(value, enum.Enum):
        value = value.value
    return value if isinstance(value, str) and value else json.dumps(value, default=str)


_WORDS: Mapping[type, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    object: "anything",
}


def _field(item: Field[Any], hint: Any) -> FieldSchema:
    setting = next((part for part in _extras(hint) if isinstance(part, Setting)), Setting())
    try:
        shape = _shape(_bare(hint), setting.grammar)
    except TypeError as error:
        raise TypeError(f"field {item.name}: {error}") from None
    return FieldSchema(item.name, setting.key or item.name, shape, setting, _default(item))


def _default(item: Field[Any]) -> Callable[[], object] | None:
    if item.default_factory is not MISSING:
        return item.default_factory
    if item.default is not MISSING:
        value = item.default
        return lambda: value
    return None


def _extras(hint: Any) -> tuple[Any, ...]:
    return get_args(hint)[1:] if get_origin(hint) is Annotated else ()


def _bare(hint: Any) -> Any:
    """A hint without ``Annotated`` and ``| None``."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        kept = [part for part in get_args(hint) if part is not type(None)]
        if len(kept) == 1:
            return kept[0]
    return hint


def _shape(hint: Any, grammar: Grammar | None) -> Shape:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        return ListShape(_shape(_bare(parts[0]), grammar))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return MapShape(_shape(_bare(parts[1]), grammar), type(None) in get_args(parts[1]))
    if origin in (Union, types.UnionType):
        return _one_or_many(parts, grammar)
    if grammar is not None:
        return GrammarShape(grammar)
    if origin is Literal:
        return ChoiceShape({str(value): value for value in parts})
    return _plain_shape(hint)


def _one_or_many(parts: tuple[Any, ...], grammar: Grammar | None) -> Shape:
    match [_shape(part, grammar) for part in parts if part is not type(None)]:
        case [one, ListShape(item)] if one == item:
            return ListShape(item, takes_one=True)
    raise TypeError("only T | tuple[T, ...] may be one of two types")


def _plain_shape(hint: Any) -> Shape:
    if isinstance(hint, type):
        if issubclass(hint, enum.Enum):
            return ChoiceShape({str(member.value): member for member in hint})
        if is_dataclass(hint):
            return RecordShape(hint)
        if hint in _WORDS:
            return ValueShape(hint)
    raise TypeError(f"{hint!r} is no type that YAML can fill")
