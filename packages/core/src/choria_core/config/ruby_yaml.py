"""YAML that was written for Ruby, read as Ruby reads it.  Pure.

Where it differs from :mod:`choria_core.config.yaml_text`: ``y`` and ``n`` are texts, in brackets
a plain text may begin with a colon (``{validation: :shellsafe}``), and of a key that is given
twice the last counts.  The last two come with a warning.  Symbols are texts with their colon.

Ruby parses by libyaml.  So do we, ten times as fast as by PyYAML's own parser, which reads what
libyaml does not take: texts that begin with a colon, and mistakes, whose words it chooses better.
"""

from typing import Any, Final

import yaml

from choria_core.config.problems import Location, Problem, at
from choria_core.config.yaml_nodes import Document
from choria_core.config.yaml_text import (
    DEEPEST,
    TAG,
    Loader,
    build_document,
    compose,
    location_of,
    tag_of,
)

_BLANK: Final = "\0 \t\r\n\x85\u2028\u2029"
_ENDS: Final = _BLANK + ",[]{}"
_KEYS: Final = (
    yaml.ScalarToken,
    yaml.FlowMappingEndToken,
    yaml.FlowSequenceEndToken,
    yaml.AliasToken,
)
_LETTERS: Final = frozenset("yYnN")


def read_ruby_yaml(text: str, *, file: str = "<text>") -> Document:
    """Parse ``text``; what is wrong with it, or should be written otherwise, is in the document."""
    marks: list[yaml.Mark] = []

    def take(loader: Loader) -> yaml.Node | None:
        node: yaml.Node | None = loader.get_single_node()
        if isinstance(loader, RubyLoader):
            marks.extend(loader.colons)
        return node

    def composed() -> yaml.Node | None:
        return _by_libyaml(text) or compose(text, file, take, RubyLoader)

    document = build_document(file, composed, last_counts=True)
    colons = [_colon(location_of(file, mark)) for mark in marks]
    return Document(file, document.root, document.problems, (*document.warnings, *colons))


class RubyLoader(Loader):
    """PyYAML's parser with Ruby's idea of what is plain text.

    Attributes:
        colons: where a text in brackets begins with a colon.
    """

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.colons: list[yaml.Mark] = []

    def tag(self, plain_text: str) -> str:
        """The tag of a scalar without quotes."""
        return _tag(plain_text)

    def check_value(self) -> bool:
        """Whether the colon that comes next ends a key."""
        return not self._is_text() and bool(super().check_value())

    def check_plain(self) -> bool:
        """Whether a plain text comes next."""
        if self.peek() == ":" and self._is_text():
            self.colons.append(self.get_mark())
            return True
        return bool(super().check_plain())

    def _is_text(self) -> bool:
        """Whether the colon that comes next, in brackets, begins a text.

        One that touches the key before it (``{"a":1}``) ends that key.
        """
        if not self.flow_level or self.peek(1) in _ENDS:
            return False
        before = self.tokens[-1] if self.tokens else None
        return not isinstance(before, _KEYS) or before.end_mark.index != self.index


def _by_libyaml(text: str) -> yaml.Node | None:
    """PyYAML's tree by libyaml; None where that cannot be had, for whatever reason."""
    kind: Any = getattr(yaml, "CSafeLoader", None)
    if kind is None:
        return None
    try:
        if not _is_shallow(kind(text)):
            return None
        loader = kind(text)
        loader.resolve = _resolve
        node: yaml.Node | None = loader.get_single_node()
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return node


def _is_shallow(loader: Any) -> bool:
    """Whether the tree is no deeper than it may be; deep ones would end the process."""
    depth = 0
    while loader.check_event():
        event = loader.get_event()
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            return False
    return True


def _resolve(kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
    """As :meth:`Loader.resolve`."""
    if kind is yaml.ScalarNode:
        return _tag(value or "") if implicit[0] else f"{TAG}str"
    return TAG + ("seq" if kind is yaml.SequenceNode else "map")


def _tag(plain_text: str) -> str:
    return f"{TAG}str" if plain_text in _LETTERS else tag_of(plain_text)


def _colon(where: Location) -> Problem:
    text = "a text in brackets begins with a colon, which is YAML for Ruby alone"
    return at(where, "", text, "put it in quotes")
