"""JSON schemas of books, by which editors complete and check them.  Pure.

A schema knows the form of a book; that names are known and templates find what they ask for is
told by ``choria playbook check`` alone.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from choria_core.config.schema import fields_of
from choria_playbooks.book.json_shapes import (
    TEMPLATE_DEFINITION,
    Schema,
    Shapes,
    described,
    either,
    scalar_schema,
    template_schema,
)
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import STRICT, Hook
from choria_playbooks.book.names import NAME_PATTERN
from choria_playbooks.book.reading_control import NEW_TASK_KEYS, task_keys
from choria_playbooks.book.reading_metadata import LEVELS, VERSION_PATTERN
from choria_playbooks.book.words import (
    ArgumentWords,
    BlockWords,
    BookCallWords,
    InputWords,
    ListCallWords,
    LockWords,
    NodeSetWords,
    SideBySideWords,
    StrictInputWords,
    StrictNodeSetWords,
    StrictTaskWords,
    TaskWords,
)
from choria_playbooks.inputs.types import SPELLINGS

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_OLD_SPELLINGS: Final = frozenset(SPELLINGS) - {"hash", "secret", "any"}
_ASSERT: Final = "mcollective_assert"
_LIST: Final = {"$ref": "#/$defs/steps"}
_LIST_OR_TEMPLATE: Final = {"anyOf": [{"type": "array"}, {"$ref": "#/$defs/template"}]}


def book_schema(kinds: Kinds, *, strict: bool) -> Schema:
    """The schema of books.

    Args:
        kinds: of tasks, data stores and node sets that books may use.
        strict: of books with ``schema: 1``; else of old ones.

    Returns:
        A schema of draft 2020-12.
    """
    return _BookSchema(kinds, strict=strict).whole()


class _BookSchema:
    """Makes the schema of one dialect."""

    def __init__(self, kinds: Kinds, *, strict: bool) -> None:
        self._kinds = kinds
        self._strict = strict
        self._words = Shapes(is_strict=strict, takes_templates=False)
        self._options = Shapes(is_strict=strict, takes_templates=True)

    def whole(self) -> Schema:
        """All of it."""
        required = ["name", "version", "author", "description"]
        sections = {
            "uses": {"type": "object", "additionalProperties": scalar_schema()},
            "inputs": self._named(self._input()),
            "data_stores": self._named({"$ref": "#/$defs/data_store"}),
            "locks": {"type": "array", "items": {"$ref": "#/$defs/lock"}},
            "nodes": self._named({"$ref": "#/$defs/node_set"}),
            "tasks": _LIST,
            "hooks": self._hooks(),
            "macros": {},
            "$schema": {},
        }
        definitions = {
            TEMPLATE_DEFINITION: template_schema(),
            "lock": self._lock(),
            "data_store": self._by_type("data_store", self._kinds.data_stores),
            "node_set": self._by_type("node_set", self._kinds.node_sets),
            "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
            "step": self._step(),
            **self._kinds_of_places(),
            **{f"task_{name}": self._task(kind) for name, kind in self._tasks()},
        }
        if self._strict:
            required.append("schema")
            sections["schema"] = {"const": STRICT}
            sections["task_lists"] = self._named(self._task_list())
        return {
            "$schema": _DRAFT,
            "title": "Choria playbook" + ("" if self._strict else " without a schema"),
            "type": "object",
            "required": required,
            "properties": {**self._metadata(), **sections},
            "additionalProperties": False,
            "$defs": definitions,
        }

    def _metadata(self) -> Schema:
        text: Schema = {**scalar_schema(), "minLength": 1}
        name: Schema = {**scalar_schema(), "pattern": NAME_PATTERN, "maxLength": 64}
        version: Schema = {"type": "string", "pattern": VERSION_PATTERN}
        return {
            "name": described(name if self._strict else text, "what the book is called"),
            "version": described(version if self._strict else text, "of the book"),
            "author": described(text, "who wrote it"),
            "description": described(text, "what it does"),
            "tags": {"type": "array", "items": scalar_schema()},
            "on_fail": {"const": "fail"} if self._strict else scalar_schema(),
            "loglevel": {"enum": list(LEVELS)},
            "run_as": {"type": "string", "pattern": r"^\w+=[\w.-]+$"}
            if self._strict
            else scalar_schema(),
        }

    def _named(self, schema: Schema) -> Schema:
        """A block of names, each with one of ``schema``."""
        named: Schema = {"type": "object", "additionalProperties": schema}
        if self._strict:
            named["propertyNames"] = {"pattern": NAME_PATTERN}
        return named

    def _input(self) -> Schema:
        properties = self._words.properties(StrictInputWords if self._strict else InputWords)
        properties["default"] = {}
        spellings = SPELLINGS if self._strict else _OLD_SPELLINGS
        properties["type"] = {"type": "string", "pattern": _any_case(spellings)}
        if not self._strict:
            properties |= {"environment": False, "file": False}
            properties["type"] = either(properties["type"], {"type": "null"})
            return either(self._words.block(properties), {"type": "null"})
        block = self._words.block(properties)
        block["anyOf"] = [
            {"required": ["type"]},
            {"required": ["dynamic"], "properties": {"dynamic": {"const": True}}},
        ]
        return block

    def _task_list(self) -> Schema:
        properties = self._words.properties(ArgumentWords)
        properties["default"] = {}
        properties["type"] = {"type": "string", "pattern": _any_case(SPELLINGS)}
        argument = either(self._words.block(properties), {"type": "null"})
        whole = self._words.block(
            {"arguments": either(self._named(argument), {"type": "null"}), "tasks": _LIST},
            ["tasks"],
        )
        return either(_LIST, whole)

    def _lock(self) -> Schema:
        path: Schema = {"type": "string", "minLength": 1}
        return either(path, self._words.record(LockWords)) if self._strict else path

    def _hooks(self) -> Schema:
        tasks: Schema = dict(_LIST) if self._strict else either(_LIST, {"type": "null"})
        return {
            "type": "object",
            "properties": {hook.value: tasks for hook in Hook},
            "additionalProperties": False,
        }

    def _by_type(self, name: str, kinds: Mapping[str, type]) -> Schema:
        """A place whose ``type`` says what else may stand there."""
        return {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"type": "string", "pattern": self._kind_pattern(kinds)}},
            "allOf": [
                {
                    "if": {"properties": {"type": {"pattern": self._kind_pattern([kind])}}},
                    "then": {"$ref": f"#/$defs/{name}_{kind}"},
                }
                for kind in sorted(kinds)
            ],
        }

    def _kind_pattern(self, kinds: Iterable[str]) -> str:
        return f"^({'|'.join(sorted(kinds))})$" if self._strict else _any_case(kinds)

    def _kinds_of_places(self) -> Schema:
        schemas: Schema = {}
        for name, kind in self._kinds.data_stores.items():
            schemas[f"data_store_{name}"] = self._place(kind, {"type": scalar_schema()})
        words = StrictNodeSetWords if self._strict else NodeSetWords
        # the words of node sets take templates, unlike those of tasks
        common = self._options.properties(words)
        common["limit"] = {"type": ["string", "integer"]}
        if not self._strict:
            common |= {"empty_ok": False, "random": False}
        for name, kind in self._kinds.node_sets.items():
            schemas[f"node_set_{name}"] = self._place(kind, common)
        return schemas

    def _place(self, kind: type, common: Schema) -> Schema:
        properties = self._options.properties(kind) | common
        return self._options.block(properties, self._options.required(kind))

    def _tasks(self) -> Iterable[tuple[str, type]]:
        """The kinds of tasks that this dialect has."""
        for name, kind in self._kinds.tasks.items():
            if not (self._strict and name == _ASSERT):
                yield name, kind

    def _task(self, kind: type) -> Schema:
        words = StrictTaskWords if self._strict else TaskWords
        common = set(task_keys(kind, is_strict=self._strict))
        properties = self._options.properties(kind)
        properties |= {
            key: schema for key, schema in self._words.properties(words).items() if key in common
        }
        if self._strict:
            properties |= {key: value for key, value in _structures().items() if key in common}
        else:
            own = {item.key for item in fields_of(kind)}
            properties |= dict.fromkeys(sorted(NEW_TASK_KEYS - own), False)
        required = self._options.required(kind)
        block = self._options.block(properties, required)
        return block if required else either(block, {"type": "null"})

    def _step(self) -> Schema:
        steps: Schema = {name: {"$ref": f"#/$defs/task_{name}"} for name, _ in self._tasks()}
        if self._strict:
            block = self._structure(BlockWords)
            block["properties"]["nodes"] = _LIST_OR_TEMPLATE
            share = {"type": ["string", "integer"]}
            block["properties"]["serial"] = either(share, {"type": "array", "items": share})
            block["dependentRequired"] = {"serial": ["nodes"], "max_fail": ["nodes"]}
            steps["block"] = either(block, _LIST)
            steps["parallel"] = either(self._structure(SideBySideWords), _LIST)
            steps["tasks"] = either(self._structure(ListCallWords), {"type": "string"})
            steps["playbook"] = either(self._structure(BookCallWords), {"type": "string"})
        schema: Schema = {
            "type": "object",
            "properties": steps,
            "minProperties": 1,
            "additionalProperties": False,
        }
        if self._strict:
            schema["maxProperties"] = 1
        return schema

    def _structure(self, words: type) -> Schema:
        schema = self._words.record(words)
        properties = schema["properties"]
        values = {"type": "object"}
        inner = {"tasks": _LIST, "rescue": _LIST, "always": _LIST}
        inner |= {"arguments": values, "inputs": values} | _structures()
        properties.update({key: value for key, value in inner.items() if key in properties})
        return schema


def _structures() -> Schema:
    """Words of steps that are more than a value."""
    return {
        "loop": _LIST_OR_TEMPLATE,
        "lock": {"$ref": "#/$defs/lock"},
        "register": {"type": "string", "pattern": NAME_PATTERN},
    }


def _any_case(words: Iterable[str]) -> str:
    """A pattern of these words in any case, with or without Ruby's colon."""
    either_case = (
        "".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else c for c in word)
        for word in sorted(words)
    )
    return f"^:?({'|'.join(either_case)})$"
