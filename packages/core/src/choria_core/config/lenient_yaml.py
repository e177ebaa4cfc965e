"""YAML that other programs wrote, read for what can be used of it.  Pure.

Unlike :mod:`choria_core.config.yaml_text`, which refuses what an operator should correct:
unknown tags are passed over, of repeated keys the last counts, of several documents the
first.  Values are what JSON can hold; dates, binary and numbers beyond it stay text.
No object is made of a tag, and aliases cannot make much of little text.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from choria_core.config.problems import InvalidConfigError, Location, Problem, at, key_path
from choria_core.config.yaml_nodes import ScalarNode, plain
from choria_core.config.yaml_text import (
    DEEPEST,
    KINDS,
    MERGE,
    SURROGATE,
    TAG,
    Loader,
    compose,
    location_of,
    tag_of,
)

_MOST_CHARACTERS: Final = 1 << 24
_MOST_MERGED: Final = 1 << 18
_SHOWN_KEY: Final = 60
_INTEGERS: Final = range(-(1 << 63), 1 << 64)
_BINARY: Final = f"{TAG}binary"
_SILENT: Final = {_BINARY, *(f"{TAG}{name}" for name in ("seq", "map", "set", "omap", "pairs"))}


@dataclass(frozen=True, slots=True)
class LenientDocument:
    """One file.

    Attributes:
        value: dict, list, str, int, float, bool or None; parts that an anchor shares are
            shared here too.
        oddities: what was passed over or changed, and where.
    """

    value: object
    oddities: tuple[Problem, ...]


def read_lenient_yaml(text: str, *, file: str = "<text>") -> LenientDocument:
    """The first document of ``text``.

    Raises:
        InvalidConfigError: it is not YAML, nested too deeply, or too large once its
            aliases are written out.
    """
    reader = _Reader(file)
    try:
        root, second = compose(text, file, _first_document)
        value = None if root is None else reader.read(root, "").value
    except RecursionError:
        deep = at(Location(file), "", "the values are nested too deeply", "make it flatter")
        raise InvalidConfigError([deep]) from None
    if second is not None:
        where = location_of(file, second)
        reader.oddities.append(at(where, "", "a second document begins here and is not read"))
    return LenientDocument(value, tuple(reader.oddities))


def _first_document(loader: Loader) -> tuple[yaml.Node | None, yaml.Mark | None]:
    """The first document, and where a second begins."""
    root: yaml.Node | None = loader.get_node() if loader.check_node() else None
    try:
        ended = not loader.check_node()
    except yaml.YAMLError:  # what follows the first document is not read
        ended = False
    return root, None if ended else loader.get_mark()


@dataclass(frozen=True, slots=True)
class _Part:
    """One value; its characters with all aliases written out, about; levels below it."""

    value: object
    size: int
    height: int = 1


class _Reader:
    """PyYAML's nodes into values."""

    def __init__(self, file: str) -> None:
        self.oddities: list[Problem] = []
        self._file = file
        self._done: dict[int, _Part] = {}
        self._open: set[int] = set()
        self._entries: dict[int, Mapping[str, _Part]] = {}
        self._merged = 0

    def read(self, node: yaml.Node, path: str) -> _Part:
        """The value of ``node``.  What several aliases share is read once."""
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open:
            self._tell(node, path, "contains itself, and is left empty there")
            return _Part(None, 4)
        self._open.add(id(node))
        part = self._of_kind(node, path)
        self._open.discard(id(node))
        if part.height > DEEPEST:
            raise self._refusal(node, path, f"has more than {DEEPEST} levels below it")
        if part.size > _MOST_CHARACTERS:
            text = f"has more than {_MOST_CHARACTERS} characters once its aliases are written out"
            raise self._refusal(node, path, text)
        self._done[id(node)] = part
        return part

    def _of_kind(self, node: yaml.Node, path: str) -> _Part:
        if isinstance(node, yaml.ScalarNode):
            return _Part(self._scalar(node, path), len(node.value) + 4)
        if node.tag not in _SILENT:
            self._tell_tag(node, path)
        return (
            self._list(node, path) if isinstance(node, yaml.SequenceNode) else self._map(node, path)
        )

    def _list(self, node: yaml.Node, path: str) -> _Part:
        parts = [self.read(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        size = 4 + sum(part.size for part in parts)
        return _Part([part.value for part in parts], size, _height(parts))

    def _map(self, node: yaml.Node, path: str) -> _Part:
        own: dict[str, _Part] = {}
        merged: dict[str, _Part] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._tell(key_node, path, "has a key that is no plain text, and is left out")
            elif key_node.tag == MERGE:
                self._merge(value_node, path, merged)
            else:
                key = self._text(key_node, path)
                inner = key_path(path, key[:_SHOWN_KEY])
                if key in own:
                    self._tell(key_node, inner, "is given twice; the last one counts")
                own[key] = self.read(value_node, inner)
        entries = merged | own
        self._entries[id(node)] = entries
        size = 4 + sum(len(key) + 4 + part.size for key, part in entries.items())
        value = {key: part.value for key, part in entries.items()}
        return _Part(value, size, _height([*entries.values()]))

    def _merge(self, node: yaml.Node, path: str, merged: dict[str, _Part]) -> None:
        """Of several maps the first counts."""
        inner = key_path(path, "<<")
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for one in nodes:
            self.read(one, inner)
            if id(one) not in self._entries:
                self._tell(one, inner, "is no map to take values from, and is left out")
                continue
            entries = self._entries[id(one)]
            self._merged += 1 + len(entries)
            if self._merged > _MOST_MERGED:
                raise self._refusal(one, inner, f"merges more than {_MOST_MERGED} values")
            for key, part in entries.items():
                merged.setdefault(key, part)

    def _scalar(self, node: yaml.ScalarNode, path: str) -> object:
        text = self._text(node, path)
        tag = node.tag
        if tag == _BINARY:
            return "".join(text.split())
        if tag not in KINDS:
            self._tell_tag(node, path)
            tag = f"{TAG}str" if node.style else tag_of(text)
        kind = KINDS[tag]
        if kind == "text":
            return text
        value = plain(ScalarNode(text, kind, node.style is not None, self._at(node)))
        if value is None and kind != "null":
            return text
        return value if _fits(value) else text

    def _text(self, node: yaml.ScalarNode, path: str) -> str:
        text = str(node.value)
        if not SURROGATE.search(text):
            return text
        self._tell(node, path, "holds an escape that is no character, replaced by U+FFFD")
        return SURROGATE.sub("\ufffd", text)

    def _tell_tag(self, node: yaml.Node, path: str) -> None:
        tag = str(node.tag).replace(TAG, "!!")
        self._tell(node, path, f"has the unknown tag {tag}, which is passed over")

    def _tell(self, node: yaml.Node, path: str, text: str) -> None:
        self.oddities.append(at(self._at(node), path, text if path else f"this {text}"))

    def _refusal(self, node: yaml.Node, path: str, text: str) -> InvalidConfigError:
        return InvalidConfigError([at(self._at(node), path, text, "make it smaller")])

    def _at(self, node: yaml.Node) -> Location:
        return location_of(self._file, node.start_mark)


def _height(parts: list[_Part]) -> int:
    return 1 + max((part.height for part in parts), default=0)


def _fits(value: object) -> bool:
    """Whether JSON, as it is read and written here, has that number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or value in _INTEGERS
