"""Looks into nodes of YAML: where markers stand, and how large it is.  Pure."""

from collections.abc import Iterable

from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_playbooks.templates.filling import markers_in
from choria_playbooks.templates.marker import Marker, has_markers, parse_text


def holds_marker(node: Node, dialect: int) -> bool:
    """Whether there is a marker in ``node`` or anywhere below it."""
    return next(markers_in(node, dialect), None) is not None


def is_marked(node: Node, dialect: int) -> bool:
    """Whether ``node`` itself is a text with a marker."""
    return isinstance(node, ScalarNode) and node.kind == "text" and has_markers(node.text, dialect)


def is_lone_marker(node: Node, dialect: int) -> bool:
    """Whether ``node`` is one marker and nothing else, which may stand for a list."""
    if not isinstance(node, ScalarNode) or node.kind != "text":
        return False
    parts = parse_text(node.text, dialect)
    return len(parts) == 1 and isinstance(parts[0], Marker)


def expanded_size(node: Node) -> int:
    """How many values there are once aliases are written out."""
    return _size(node, {})


def _size(node: Node, known: dict[int, int]) -> int:
    if id(node) not in known:
        below: Iterable[Node] = ()
        match node:
            case ListNode():
                below = node.items
            case MapNode():
                below = (entry.value for entry in node.entries)
        known[id(node)] = 1 + sum(_size(child, known) for child in below)
    return known[id(node)]


def without_symbols(node: Node) -> Node:
    """``node`` with keys as ``:message`` written ``message``, at all depths.

    Ruby reads them as symbols, which mean the same as texts there.
    """
    match node:
        case MapNode():
            entries = (
                Entry(symbol_text(entry.key), without_symbols(entry.value), entry.location)
                for entry in node.entries
            )
            return MapNode(tuple(entries), node.location)
        case ListNode():
            return ListNode(tuple(without_symbols(item) for item in node.items), node.location)
        case ScalarNode():
            return node


def symbol_text(text: str) -> str:
    """The text of a symbol (``:name``), and any other text as it is."""
    return text[1:] if len(text) > 1 and text.startswith(":") else text


def split_entries(node: MapNode, keys: Iterable[str]) -> tuple[MapNode, MapNode]:
    """The entries with one of ``keys``, and the others."""
    known = frozenset(keys)
    inside = tuple(entry for entry in node.entries if entry.key in known)
    outside = tuple(entry for entry in node.entries if entry.key not in known)
    return MapNode(inside, node.location), MapNode(outside, node.location)
