"""Filling templates in: markers become values, once.  Pure.

What is exactly one marker becomes its value, of whatever type; markers within a longer text become
texts.  Values are never looked at for markers again.  Keys of hashes are not filled in.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Final

from choria_core.config.problems import Location
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_core.errors import ConfigError
from choria_playbooks.templates.errors import TemplateError
from choria_playbooks.templates.marker import Marker, parse_text
from choria_playbooks.templates.resolver import Resolver
from choria_playbooks.templates.value_node import node_of
from choria_playbooks.templates.value_text import value_text

__all__ = ("fill", "fill_text", "markers_in", "node_of")

MOST_NODES: Final = 100_000
"""Nodes that are filled in at once; aliases of YAML can make many of few lines."""

_NOWHERE: Final = Location("<text>")


async def fill(node: Node, resolver: Resolver) -> Node:
    """``node`` with values in place of all markers; the node itself where it has none.

    Raises:
        TemplateError: a marker has no value here; names the file's line.
        ChoriaError: what the resolver raises beside errors of configuration.
    """
    marked = _Marked(resolver.dialect)
    return await _Filling(resolver, marked).node(node) if marked.is_in(node) else node


async def fill_text(text: str, resolver: Resolver, location: Location = _NOWHERE) -> object:
    """The value of a text: of any type where it is one marker alone, else a text.

    Args:
        text: of a book.
        resolver: knows the values.
        location: of the text, for errors.

    Raises:
        TemplateError, ChoriaError: as for :func:`fill`.
    """
    try:
        return await _filled(parse_text(text, resolver.dialect), resolver, location)
    except RecursionError:
        raise TemplateError(location, "a value is nested too deeply") from None


def markers_in(node: Node, dialect: int) -> Iterator[tuple[Marker, Location]]:
    """All markers, each with the place of the text that holds it; shared parts come once."""
    if isinstance(node, MapNode):
        node = MapNode(tuple(filter(_may_hold_markers, node.entries)), node.location)
    for text in texts_in(node):
        if "{{" not in text.text:
            continue
        for part in parse_text(text.text, dialect):
            if isinstance(part, Marker):
                yield part, text.location


def _may_hold_markers(entry: Entry) -> bool:
    """Whether more must be known of an entry; long lists of plain names are told at a glance."""
    value = entry.value
    if not isinstance(value, ListNode):
        return True
    return any(not isinstance(item, ScalarNode) or "{{" in item.text for item in value.items)


def texts_in(node: Node) -> Iterator[ScalarNode]:
    """All texts that may hold markers, keys left out, in their order; shared parts come once."""
    open_nodes, seen = [node], set[int]()
    while open_nodes:
        one = open_nodes.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ScalarNode):
            if one.kind == "text":
                yield one
        elif isinstance(one, ListNode):
            open_nodes.extend(reversed(one.items))
        else:
            open_nodes.extend(entry.value for entry in reversed(one.entries))


async def _filled(parts: Sequence[str | Marker], resolver: Resolver, location: Location) -> object:
    if len(parts) == 1 and isinstance(parts[0], Marker):
        return copy.deepcopy(await _value(parts[0], resolver, location))
    texts = [
        part if isinstance(part, str) else value_text(await _value(part, resolver, location))
        for part in parts
    ]
    return "".join(texts)


async def _value(marker: Marker, resolver: Resolver, location: Location) -> object:
    try:
        return await resolver.value(marker)
    except TemplateError:
        raise
    except ConfigError as error:
        raise TemplateError(location, f"{marker.text}: {error}") from error


class _Marked:
    """Which nodes have markers, in or below them; each is looked at once."""

    def __init__(self, dialect: int) -> None:
        self._dialect = dialect
        self._known: dict[int, bool] = {}

    def is_in(self, node: Node) -> bool:
        """Whether there is any."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self._look(node)
        return known

    def _look(self, node: Node) -> bool:
        if isinstance(node, ScalarNode):
            return node.kind == "text" and "{{" in node.text
        if isinstance(node, ListNode):
            return any(self.is_in(item) for item in node.items)
        return any(self.is_in(entry.value) for entry in node.entries)


class _Filling:
    """Goes through nodes that have markers."""

    def __init__(self, resolver: Resolver, marked: _Marked) -> None:
        self._resolver = resolver
        self._marked = marked
        self._left = MOST_NODES

    async def node(self, node: Node) -> Node:
        """As :func:`fill`."""
        if not self._marked.is_in(node):
            return node
        self._left -= 1
        if self._left < 0:
            raise TemplateError(node.location, f"more than {MOST_NODES} values are to be filled in")
        if isinstance(node, ListNode):
            return ListNode(tuple([await self.node(item) for item in node.items]), node.location)
        if isinstance(node, MapNode):
            return MapNode(tuple([await self._entry(one) for one in node.entries]), node.location)
        return await self._text(node)

    async def _entry(self, entry: Entry) -> Entry:
        return Entry(entry.key, await self.node(entry.value), entry.location)

    async def _text(self, node: ScalarNode) -> Node:
        parts = parse_text(node.text, self._resolver.dialect)
        if not any(isinstance(part, Marker) for part in parts):
            return node
        value = await fill_text(node.text, self._resolver, node.location)
        return node_of(value, node.location)
