"""Settings records as JSON schemas.  Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from choria_core.config.schema import (
    ChoiceShape,
    FieldSchema,
    GrammarShape,
    ListShape,
    MapShape,
    RecordShape,
    Setting,
    Shape,
    ValueShape,
    fields_of,
)

Schema = dict[str, Any]

SCALAR: Final = ("string", "number", "boolean")
"""What can be read as text."""

TEMPLATE_DEFINITION: Final = "template"
"""Name of the definition of a text with a template."""

_TEMPLATE: Final[Mapping[str, str]] = {"$ref": f"#/$defs/{TEMPLATE_DEFINITION}"}
_NULL: Final[Mapping[str, str]] = {"type": "null"}


def template_schema() -> Schema:
    """Of a text with a template."""
    return {"type": "string", "pattern": r"\{\{[^{}]+\}\}"}


def scalar_schema() -> Schema:
    """Of what is read as a text, although YAML may take it for a number."""
    return {"type": list(SCALAR)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """How records become schemas.

    Attributes:
        is_strict: a key that a record does not know is an error.
        takes_templates: a text with a template may stand for any value.
    """

    is_strict: bool
    takes_templates: bool

    def properties(self, record: type, *, without: Collection[str] = ()) -> Schema:
        """Schemas of the keys of a record, but for those in ``without``."""
        return {
            item.key: self._field(item) for item in fields_of(record) if item.key not in without
        }

    def required(self, record: type) -> list[str]:
        """The keys that must be given."""
        return [item.key for item in fields_of(record) if item.is_required]

    def block(self, properties: Schema, required: Collection[str] = ()) -> Schema:
        """Of a block of keys."""
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = sorted(required)
        if self.is_strict:
            schema["additionalProperties"] = False
        return schema

    def record(self, record: type) -> Schema:
        """Of a whole record."""
        return self.block(self.properties(record), self.required(record))

    def _field(self, item: FieldSchema) -> Schema:
        schema = self._shape(item.shape, item.setting)
        if not item.is_required and schema:
            schema = either(schema, _NULL)
        return described(schema, item.setting.doc)

    def _shape(self, shape: Shape, setting: Setting) -> Schema:
        schema = self._own(shape, setting)
        text = schema.get("type")
        takes_text = not schema or text == "string" or (isinstance(text, list) and "string" in text)
        return either(schema, _TEMPLATE) if self.takes_templates and not takes_text else schema

    def _own(self, shape: Shape, setting: Setting) -> Schema:
        match shape:
            case ValueShape(kind):
                return _value(kind, setting)
            case GrammarShape(grammar):
                return scalar_schema() if grammar.takes_truth else {"type": ["string", "number"]}
            case ChoiceShape(values):
                return {"enum": list(values)}
            case RecordShape(record):
                return self.record(record)
            case ListShape(item, takes_one):
                items = self._shape(item, setting)
                many: Schema = {"type": "array", "items": items}
                return either(items, many) if takes_one else many
            case MapShape(item, takes_null):
                values = self._shape(item, setting)
                if takes_null and values:
                    values = either(values, _NULL)
                return {"type": "object", "additionalProperties": values or True}
        assert_never(shape)


def either(*schemas: Mapping[str, Any]) -> Schema:
    """One of several."""
    flat: list[Mapping[str, Any]] = []
    for schema in schemas:
        flat.extend(schema["anyOf"] if set(schema) == {"anyOf"} else [schema])
    return {"anyOf": flat}


def described(schema: Schema, text: str) -> Schema:
    """``schema`` with words for people."""
    return {"description": text, **schema} if text else schema


def _value(kind: type, setting: Setting) -> Schema:
    makers: Mapping[type, Callable[[], Schema]] = {
        int: lambda: {"type": "integer", **_limits(setting)},
        float: lambda: {"type": "number", **_limits(setting)},
        bool: lambda: {"type": "boolean"},
        object: dict,
    }
    return makers.get(kind, scalar_schema)()


def _limits(setting: Setting) -> Schema:
    limits = {"minimum": setting.minimum, "maximum": setting.maximum}
    return {key: value for key, value in limits.items() if value is not None}
