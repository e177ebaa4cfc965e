"""The part of a file that can be read, where another part cannot.

So that an operator sees all that is wrong with a file at once, the entries that
are in order are held against each other although their neighbours are not.
"""

from typing import Any

from choria_core.config.file import bind
from choria_core.config.problems import InvalidConfigError, key_path
from choria_core.config.schema import ListShape, MapShape, RecordShape, fields_of
from choria_core.config.yaml_nodes import Document, Entry, ListNode, MapNode, Node, ScalarNode

STAND_IN = "unnamed"
"""For the name at the top of the file, which may itself be what is wrong."""


def paths_of(record: Any, key: str) -> list[str]:
    """Dotted paths of the entries under ``key`` of a file's top level, in their order."""
    entries = getattr(record, key)
    if isinstance(entries, tuple):
        return [f"{key}[{index}]" for index in range(len(entries))]
    return [key_path(key, name) for name in entries]


def readable_part(document: Document, record: type, key: str) -> tuple[Document, list[str]]:
    """A document with those entries under ``key`` that are in order, and little else.

    Returns:
        The document, and the paths that its entries have in the whole one.
    """
    root = document.root
    if not isinstance(root, MapNode):
        return document, []
    place = ScalarNode(STAND_IN, "text", quoted=True, location=root.location)
    kept = [Entry("name", place, root.location)]
    paths: list[str] = []
    for one in root.entries:
        if one.key == key:
            value, paths = _intact(document.file, one.value, _entry_class(record, key), key)
            kept.append(Entry(key, value, one.location))
    return Document(document.file, MapNode(tuple(kept), root.location)), paths


def _entry_class(record: type, key: str) -> type:
    shape = next(item.shape for item in fields_of(record) if item.key == key)
    assert isinstance(shape, ListShape | MapShape)
    assert isinstance(shape.item, RecordShape)
    return shape.item.record


def _intact(file: str, node: Node, entry: type, key: str) -> tuple[Node, list[str]]:
    if isinstance(node, ListNode):
        items = [(i, item) for i, item in enumerate(node.items) if _is_intact(file, item, entry)]
        paths = [f"{key}[{index}]" for index, _ in items]
        return ListNode(tuple(item for _, item in items), node.location), paths
    if isinstance(node, MapNode):
        pairs = tuple(one for one in node.entries if _is_intact(file, one.value, entry))
        return MapNode(pairs, node.location), [key_path(key, one.key) for one in pairs]
    return node, []


def _is_intact(file: str, node: Node, entry: type) -> bool:
    try:
        bind(Document(file, node), entry, unknown="warn")
    except InvalidConfigError:
        return False
    return True
