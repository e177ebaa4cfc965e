"""YAML that was written for Ruby, read as Ruby reads it.  Pure.

Where it differs from :mod:`choria_core.config.yaml_text`: ``y`` and ``n`` are texts, in brackets
a plain text may begin with a colon (``{validation: :shellsafe}``), and of a key that is given
twice the last counts.  The last two come with a warning.  Symbols are texts with their colon.
"""

from typing import Any, Final

import yaml

from choria_core.config.problems import Location, Problem, at
from choria_core.config.yaml_nodes import Document
from choria_core.config.yaml_text import TAG, Loader, build_document, compose, location_of

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

    document = build_document(file, lambda: compose(text, file, take, RubyLoader), last_counts=True)
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
        return f"{TAG}str" if plain_text in _LETTERS else super().tag(plain_text)

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


def _colon(where: Location) -> Problem:
    text = "a text in brackets begins with a colon, which is YAML for Ruby alone"
    return at(where, "", text, "put it in quotes")
