"""The JSON schema of a fleet file, for editors; made from the records that read it.  Pure.

Editors that know YAML take it by a first line in the file::

    # yaml-language-server: $schema=fleet.schema.json
"""

from collections.abc import Mapping
from typing import Any, Final, assert_never

from choria_core.config.schema import (
    ChoiceShape,
    FieldSchema,
    Grammar,
    GrammarShape,
    ListShape,
    MapShape,
    RecordShape,
    Shape,
    ValueShape,
    fields_of,
)
from choria_core.protocol.names import IDENTITY
from choria_emulator.fleet.grammars import CHURN, INTERVAL, LATENCY, NAME, SERVER, SHARE, SLOW
from choria_emulator.fleet.records import MOST_COLLECTIVES, FleetFile
from choria_emulator.fleet.templates import CHOICE, LITERAL, RANGE, SHARES

Schema = dict[str, Any]

_NUMBER: Final = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_PERCENT: Final = rf"{_NUMBER}\s*%?"
_DURATION: Final = rf"({_NUMBER}(ns|us|µs|μs|ms|s|m|h|S|H))+|{_NUMBER}[dDwWMyY]|0"
_TEMPLATE: Final = {"$ref": "#/$defs/template"}
_UNIT: Final = {"minimum": 0, "maximum": 1}
_PAIR: Final = {"minItems": 2, "maxItems": 2}
_SHARE: Final = {"$ref": "#/$defs/share"}


def _written(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^({pattern})$"}


def _or_zero(pattern: str) -> Schema:
    """A text, or the number that says the same of nothing."""
    return {"anyOf": [_written(pattern), {"const": 0}]}


_GRAMMARS: Final[Mapping[str, Schema]] = {
    SHARE.name: _SHARE,
    CHURN.name: _or_zero(rf"\s*{_PERCENT}\s*/\s*[smh]\s*|0%?"),
    LATENCY.name: _or_zero(rf"\s*({_DURATION})\s*((±|\+-|\+/-)\s*({_DURATION})\s*)?"),
    SLOW.name: {"anyOf": [_written(rf"\s*{_PERCENT}\s*(:\s*({_DURATION})\s*)?"), _SHARE]},
    INTERVAL.name: _or_zero(_DURATION),
    SERVER.name: {"type": "string", "pattern": r":[0-9]+/?$"},
    NAME.name: {"type": "string", "pattern": f"^{IDENTITY}$", "maxLength": 255},
}

_SPECIAL: Final[Mapping[str, Schema]] = {
    "collectives": {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MOST_COLLECTIVES},
            {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "pattern": f"^{IDENTITY}$"},
            },
        ]
    },
    "classes": {"type": "array", "items": _TEMPLATE},
    "facts": {
        "type": "object",
        "propertyNames": {"not": {"enum": [CHOICE, RANGE, LITERAL]}},
        "additionalProperties": _TEMPLATE,
    },
}

_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
}


def fleet_schema() -> Schema:
    """The schema, as a document that JSON can say."""
    top = _record(FleetFile)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A fleet of emulated Choria nodes",
        **top,
        "$defs": {"share": _share(), "template": _template()},
    }


def _record(record: type) -> Schema:
    items = fields_of(record)
    found: Schema = {
        "type": "object",
        "properties": {item.key: _property(item) for item in items},
        "required": [item.key for item in items if item.is_required],
        "additionalProperties": False,
    }
    if {"facts", "inventory"} <= found["properties"].keys():
        found["not"] = {"required": ["facts", "inventory"]}
    return found


def _property(item: FieldSchema) -> Schema:
    """What may stand at a key; nothing at all where it has a default."""
    found = _SPECIAL.get(item.key) or _shape(item.shape)
    bounds = {"minimum": item.setting.minimum, "maximum": item.setting.maximum}
    found = {**found, **{key: bound for key, bound in bounds.items() if bound is not None}}
    if not item.is_required:
        found = {"anyOf": [found, {"type": "null"}]}
    return {"description": item.setting.doc, **found}


def _shape(shape: Shape) -> Schema:
    match shape:
        case ValueShape(kind):
            return {"type": _TYPES.get(kind, "string")}
        case GrammarShape(grammar):
            return _grammar(grammar)
        case ChoiceShape(values):
            return {"enum": list(values)}
        case RecordShape(record):
            return _record(record)
        case ListShape(item):
            return {"type": "array", "items": _shape(item)}
        case MapShape(item):
            return {"type": "object", "minProperties": 1, "additionalProperties": _shape(item)}
    assert_never(shape)


def _grammar(grammar: Grammar) -> Schema:
    return _GRAMMARS[grammar.name]


def _share() -> Schema:
    percent = r"(100(\.0*)?|[0-9]{0,2}(\.[0-9]*)?)\s*%|0?\.[0-9]+|[01](\.0*)?"
    return {"anyOf": [_written(rf"\s*({percent})\s*"), {"type": "number", **_UNIT}]}


def _template() -> Schema:
    """A value, or a mapping of one word that has a meaning."""
    return {
        "if": {
            "type": "object",
            "anyOf": [{"required": [word]} for word in (CHOICE, RANGE, LITERAL)],
        },
        "then": {"oneOf": [_choice(), _range(), _only(LITERAL, True)]},
        "else": {
            "if": {"type": "object"},
            "then": {"additionalProperties": _TEMPLATE},
            "else": {
                "if": {"type": "array"},
                "then": {"items": _TEMPLATE},
                "else": {"if": {"type": "string"}, "then": _text()},
            },
        },
    }


def _text() -> Schema:
    return {"not": {"pattern": r"\$\{(?!(number|identity|group)\})[^}]*\}"}}


def _choice() -> Schema:
    listed = {"type": "array", "minItems": 1, "items": _TEMPLATE}
    weighted = {"type": "object", "minProperties": 1, "additionalProperties": _SHARE}
    return {
        "properties": {
            CHOICE: {"anyOf": [listed, weighted]},
            SHARES: {"type": "array", "items": _SHARE},
        },
        "required": [CHOICE],
        "additionalProperties": False,
        "dependentSchemas": {SHARES: {"properties": {CHOICE: listed}}},
    }


def _range() -> Schema:
    return _only(RANGE, {"type": "array", "items": {"type": "number"}, **_PAIR})


def _only(key: str, value: object) -> Schema:
    return {"properties": {key: value}, "required": [key], "additionalProperties": False}
