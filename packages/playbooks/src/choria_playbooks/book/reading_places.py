"""Data stores and node sets of a book: their kinds, common words, and the rest.  Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from choria_core.config.problems import InvalidConfigError, Location, key_path
from choria_core.config.schema import Setting, fields_of
from choria_core.config.value import nearest, shown
from choria_core.config.yaml_nodes import Entry, MapNode, ScalarNode
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import (
    holds_marker,
    is_marked,
    split_entries,
    symbol_text,
)
from choria_playbooks.book.model import NodeSetSpec, Share, StoreSpec
from choria_playbooks.book.names import check_name
from choria_playbooks.book.words import NodeSetWords, StoreWords, StrictNodeSetWords

_STORE_KEYS: Final = tuple(item.key for item in fields_of(StoreWords))
_SET_KEYS: Final = tuple(item.key for item in fields_of(NodeSetWords))
_STRICT_SET_KEYS: Final = tuple(item.key for item in fields_of(StrictNodeSetWords))
_NEW_SET_KEYS: Final = frozenset(_STRICT_SET_KEYS) - frozenset(_SET_KEYS)


def read_stores(findings: Findings, entry: Entry, kinds: Kinds) -> Mapping[str, StoreSpec]:
    """The block ``data_stores``."""
    stores: dict[str, StoreSpec] = {}
    for item in findings.entries(entry, entry.key):
        key = key_path(entry.key, item.key)
        check_name(findings, item.key, item.location, key)
        common, options = split_entries(_block(findings, item, key), _STORE_KEYS)
        kind = _kind(findings, common, key, item.location, kinds.data_stores)
        stores[item.key] = StoreSpec(
            name=item.key, type=kind, options=options, location=item.location
        )
        check_options(findings, kinds.data_stores.get(kind), options, key, item.location)
    return stores


def read_node_sets(findings: Findings, entry: Entry, kinds: Kinds) -> Mapping[str, NodeSetSpec]:
    """The block ``nodes``."""
    sets: dict[str, NodeSetSpec] = {}
    for item in findings.entries(entry, entry.key):
        key = key_path(entry.key, item.key)
        check_name(findings, item.key, item.location, key)
        block = _block(findings, item, key)
        known = _STRICT_SET_KEYS if findings.is_strict else _SET_KEYS
        common, options = split_entries(block, known)
        kind = _kind(findings, common, key, item.location, kinds.node_sets)
        record = kinds.node_sets.get(kind)
        options = _without_new_words(findings, options, key)
        check_options(findings, record, options, key, item.location, beside=known)
        sets[item.key] = _node_set(findings, item, common, options, kind)
    return sets


def complete_node_set(spec: NodeSetSpec, words: MapNode, dialect: int) -> NodeSetSpec:
    """``spec`` once the words that hold templates are filled in.

    Args:
        spec: as it was read.
        words: its ``unfilled`` words, now without markers.
        dialect: of the book.

    Raises:
        InvalidConfigError: they are not what such words can be.
    """
    findings = Findings(dialect)
    key = key_path("nodes", spec.name)
    kind = Entry("type", ScalarNode(spec.type, "text", True, spec.location), spec.location)
    node = MapNode((*words.entries, kind), spec.location)
    read = findings.record(StrictNodeSetWords, node, key, spec.location)
    if read is not None:
        spec = _with_words(findings, spec, read, node, {entry.key for entry in words.entries})
    if findings.problems:
        raise InvalidConfigError(findings.problems)
    return spec


def check_options(
    findings: Findings,
    record: type | None,
    options: MapNode,
    key: str,
    where: Location,
    *,
    beside: tuple[str, ...] = (),
) -> None:
    """Tell what is wrong with the words of a kind; values with markers are left for the run."""
    if record is not None:
        findings.record(
            record,
            options,
            key,
            where,
            is_later=lambda node: is_marked(node, findings.dialect),
            beside=beside,
        )


def _node_set(
    findings: Findings, item: Entry, common: MapNode, options: MapNode, kind: str
) -> NodeSetSpec:
    key = key_path("nodes", item.key)
    unfilled, known = _split_marked(common, findings.dialect)
    spec = NodeSetSpec(
        name=item.key,
        type=kind,
        options=options,
        unfilled=unfilled if unfilled.entries else None,
        location=item.location,
    )
    words = StrictNodeSetWords if findings.is_strict else NodeSetWords
    read = findings.record(words, known, key, item.location)
    if read is None:
        return spec
    return _with_words(findings, spec, read, known, {entry.key for entry in known.entries})


def _with_words(
    findings: Findings, spec: NodeSetSpec, read: NodeSetWords, node: MapNode, given: set[str]
) -> NodeSetSpec:
    """``spec`` with those words of ``read`` that were given."""
    values = {
        key: getattr(read, key)
        for key in given - {"type"}
        if key in _STRICT_SET_KEYS and hasattr(read, key)
    }
    if values.get("limit") == Share():
        where = next(entry.location for entry in node.entries if entry.key == "limit")
        key = key_path(key_path("nodes", spec.name), "limit")
        text = "is 0, which means all nodes in old books"
        findings.tolerate(where, key, text, "remove it, or write at least 1")
        values["limit"] = None
    return replace(spec, **values)


def _split_marked(common: MapNode, dialect: int) -> tuple[MapNode, MapNode]:
    """The words with templates in them, but for the type, and the others."""
    marked = [
        entry.key
        for entry in common.entries
        if entry.key != "type" and holds_marker(entry.value, dialect)
    ]
    return split_entries(common, marked)


def _without_new_words(findings: Findings, options: MapNode, key: str) -> MapNode:
    """``options`` without the words that only strict books have, which are refused."""
    if findings.is_strict:
        return options
    new, rest = split_entries(options, _NEW_SET_KEYS)
    for entry in new.entries:
        findings.needs_schema(entry, key_path(key, entry.key))
    return rest


def _block(findings: Findings, item: Entry, key: str) -> MapNode:
    if isinstance(item.value, MapNode):
        return item.value
    return MapNode(findings.entries(item, key), item.value.location)


def _kind(
    findings: Findings, common: MapNode, key: str, where: Location, kinds: Mapping[str, type]
) -> str:
    """The kind that is meant; empty where it is none, which is refused."""
    key = key_path(key, "type")
    node = common.get("type")
    if node is None or (isinstance(node, ScalarNode) and node.kind == "null"):
        fix = f"add it: {', '.join(sorted(kinds))}"
        findings.refuse(where, key, "is required but missing", fix)
        return ""
    if isinstance(node, ScalarNode) and node.kind == "broken":
        return ""
    if not isinstance(node, ScalarNode):
        findings.refuse(node.location, key, f"must be text, not {shown(node, Setting())}")
        return ""
    name = symbol_text(node.text)
    name = name if findings.is_strict else name.lower()
    if name in kinds:
        return name
    meant = nearest(name, kinds)
    fix = f"did you mean {meant}?" if meant else f"known: {', '.join(sorted(kinds))}"
    findings.refuse(node.location, key, f"{node.text} is no type that is installed", fix)
    return ""
