"""Nodes of a settings file into a record.  Pure.

Nothing here stops at the first problem: every part that is wrong adds its problem and
yields :data:`BROKEN`, so that the operator sees all of them at once.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, Literal, assert_never

from choria_core.config.problems import Location, Locations, Problem, at, key_path
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
    describe,
    fields_of,
    shown_default,
)
from choria_core.config.value import Refusal, nearest, read_value, shown
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarKind, ScalarNode
from choria_core.errors import ConfigError
from choria_core.telemetry.redaction import redact_text

Unknown = Literal["error", "warn"]
BROKEN: Final = object()
"""In place of a value that has a problem."""

LATER: Final = object()
"""In place of a value that is not known yet, and of a record that holds one."""

_FEW = 12
_TEXT: Final = ValueShape(str)


class RecordReader:
    """Reads one document into an instance of ``root``; gathers what it meets.

    Args:
        root: the record of the whole document.
        unknown: whether a key that a record does not know is an error or a warning.
        is_later: whether a value is known only later, as a text that is still to be filled in:
            it is neither right nor wrong, and its record is LATER.  None where all are known.
        beside: keys that are known around the document, for suggestions.

    Attributes:
        problems, warnings: so far.
        locations: of everything that was read.
    """

    def __init__(
        self,
        root: type,
        *,
        unknown: Unknown,
        is_later: Callable[[Node], bool] | None = None,
        beside: Iterable[str] = (),
    ) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.locations = Locations()
        self._unknown = self.problems if unknown == "error" else self.warnings
        self._root = root
        self._is_later = is_later
        self._beside = frozenset(beside)

    def record(self, record: type, node: Node | None, path: str, where: Location) -> Any:
        """An instance of ``record``, or BROKEN, or LATER.

        Args:
            record: the class.
            node: its block; None stands for an empty one.
            path: dotted path of the block.
            where: what to name where the block as a whole is at fault.
        """
        self.locations.add(path, where)
        if node is not None and _is(node, "broken"):
            return BROKEN
        if isinstance(node, ListNode | ScalarNode) and not _is(node, "null"):
            return self._refuse(node.location, path, _no_block(node, path))
        entries = {entry.key: entry for entry in node.entries} if isinstance(node, MapNode) else {}
        self._report_unknown(_keys(record), entries.values(), path)
        values = {}
        for item in fields_of(record):
            entry = entries.get(item.key)
            if entry is None and item.default is not None:  # quickly, as most are left out
                values[item.name] = item.default()
            else:
                values[item.name] = self._field(item, entry, path)
        return _unfit(values.values()) or self._build(record, values, path)

    def _field(self, item: FieldSchema, entry: Entry | None, path: str) -> Any:
        if entry is None or _is(entry.value, "null"):
            return self._absent(item, entry, path)
        key = key_path(path, item.key)
        self.locations.add(key, entry.location)
        if item.setting.later:
            return self._later(item, entry, key)
        return self._value(item.shape, entry.value, key, item.setting)

    def _absent(self, item: FieldSchema, entry: Entry | None, path: str) -> Any:
        if item.default is not None:
            return item.default()
        where = entry.location if entry else self.locations.of(path)
        text = "is required but has no value" if entry else "is required but missing"
        doc = f": {item.setting.doc}" if item.setting.doc else ""
        return self._refuse(where, key_path(path, item.key), Refusal(text, f"add it{doc}"))

    def _later(self, item: FieldSchema, entry: Entry, key: str) -> Any:
        """The default, where that is what was given; any other value is refused."""
        problems, warnings = len(self.problems), len(self.warnings)
        value = self._value(item.shape, entry.value, key, item.setting)
        if item.default is not None and value == item.default():
            return value
        del self.problems[problems:], self.warnings[warnings:]  # of a value not wanted anyway
        text = f"comes in a later release ({item.setting.later})"
        fix = f"remove it or leave it at {shown_default(item)}"
        return self._refuse(entry.location, key, Refusal(text, fix))

    def _value(self, shape: Shape, node: Node, key: str, setting: Setting) -> Any:
        if _is(node, "broken"):
            return BROKEN
        if self._is_later is not None and self._is_later(node):
            return LATER
        match shape:
            case RecordShape(record):
                where = self.locations.of(key) if key in self.locations else node.location
                return self.record(record, node, key, where)
            case ListShape():
                return self._list(shape, node, key, setting)
            case MapShape():
                return self._map(shape, node, key, setting)
            case ValueShape() | GrammarShape() | ChoiceShape():
                value = read_value(shape, node, setting)
                return (
                    self._refuse(node.location, key, value) if isinstance(value, Refusal) else value
                )
        assert_never(shape)

    def _list(self, shape: ListShape, node: Node, key: str, setting: Setting) -> Any:
        if shape.takes_one and isinstance(node, ScalarNode):
            return self._value(shape.item, node, key, setting)
        if not isinstance(node, ListNode):
            text = f"must be a list, not {shown(node, setting)}"
            fix = 'write one line beginning with "- " for each'
            return self._refuse(node.location, key, Refusal(text, fix))
        texts = _texts(node) if shape.item == _TEXT and self._is_later is None else None
        if texts is not None:  # quickly, as there may be thousands of names
            self._place_items(node, key)
            return texts
        values = []
        for index, child in enumerate(node.items):
            path = f"{key}[{index}]"
            self.locations.add(path, child.location)
            values.append(self._value(shape.item, child, path, setting))
        return _unfit(values) or tuple(values)

    def _place_items(self, node: ListNode, key: str) -> None:
        """Remember where items stand, but for those that stand where the list does."""
        where = node.location
        for index, child in enumerate(node.items):
            if child.location is not where:
                self.locations.add(f"{key}[{index}]", child.location)

    def _map(self, shape: MapShape, node: Node, key: str, setting: Setting) -> Any:
        if not isinstance(node, MapNode):
            text = f"must be a block of names, not {shown(node, setting)}"
            return self._refuse(node.location, key, Refusal(text, 'write "name: value" lines'))
        values: dict[str, Any] = {}
        for entry in node.entries:
            path = key_path(key, entry.key)
            self.locations.add(path, entry.location)
            if shape.takes_null and _is(entry.value, "null"):
                values[entry.key] = None
            else:
                values[entry.key] = self._value(shape.item, entry.value, path, setting)
        return _unfit(values.values()) or values

    def _build(self, record: type, values: dict[str, Any], path: str) -> Any:
        try:
            built = record(**values)
            findings = _findings_of(built)
        except (ConfigError, ValueError) as error:
            where = self.locations.of(path)
            return self._refuse(where, path, Refusal(redact_text(str(error))))
        except Exception as error:  # noqa: BLE001 - whatever a foreign record raises
            text = redact_text(f"cannot be checked: {type(error).__name__}: {error}")
            fix = f"tell the authors of {record.__module__}"
            return self._refuse(self.locations.of(path), path, Refusal(text, fix))
        broken = False
        for key, text, fix in findings:
            full = f"{path}.{key}" if path and key and not key.startswith("[") else path + key
            self._refuse(self.locations.of(full), full, Refusal(text, fix))
            broken = True
        return BROKEN if broken else built

    def _report_unknown(self, known: frozenset[str], entries: Iterable[Entry], path: str) -> None:
        for entry in entries:
            if entry.key not in known:
                key = key_path(path, entry.key)
                fix = self._advice(entry.key, known)
                self._unknown.append(at(entry.location, key, "is not known", fix))

    def _advice(self, key: str, known: frozenset[str]) -> str:
        homes = _homes(self._root)
        if key in homes:
            return f"it belongs {homes[key]}"
        meant = nearest(key, sorted(known | self._beside))
        if meant:
            return f"did you mean {meant}?"
        meant = nearest(key, homes)
        if meant:
            return f"did you mean {meant}, {homes[meant]}?"
        some = sorted(known)[:_FEW]
        more = ", …" if len(known) > _FEW else ""
        return f"remove it; known here: {', '.join(some)}{more}" if some else "remove it"

    def _refuse(self, where: Location, key: str, refusal: Refusal) -> object:
        self.problems.append(at(where, key, refusal.text, refusal.fix))
        return BROKEN


def _texts(node: ListNode) -> tuple[str, ...] | None:
    """The texts of a list of nothing else; None for other lists."""
    if all(isinstance(child, ScalarNode) and child.kind == "text" for child in node.items):
        return tuple(child.text for child in node.items if isinstance(child, ScalarNode))
    return None


def _findings_of(built: object) -> list[tuple[str, str, str]]:
    """What a record finds wrong with itself."""
    check = getattr(built, "check", None)
    return [(key, text, fix) for key, text, fix in check()] if callable(check) else []


def _unfit(values: Iterable[object]) -> object:
    """BROKEN or LATER where one of ``values`` is; None where all can be used."""
    found = {id(value): value for value in values if value is BROKEN or value is LATER}
    return found.get(id(BROKEN), found.get(id(LATER)))


def _is(node: Node, kind: ScalarKind) -> bool:
    return isinstance(node, ScalarNode) and node.kind == kind


@cache
def _keys(record: type) -> frozenset[str]:
    return frozenset(item.key for item in fields_of(record))


@cache
def _homes(root: type) -> dict[str, str]:
    """Each key of ``root`` and the records in it, and the block where it first belongs."""
    homes: dict[str, str] = {}
    for row in describe(root):
        block, _, key = row.key.rpartition(".")
        homes.setdefault(key, f"in {block}" if block else "at the top of the file")
    return homes


def _no_block(node: Node, path: str) -> Refusal:
    subject = "" if path else "the file "
    fix = 'write "key: value" lines' + ("" if path else " at its top level")
    return Refusal(f"{subject}must be a block of keys, not {shown(node, Setting())}", fix)
