"""YAML text into the nodes of :mod:`choria_core.config.yaml_nodes`.  Pure.

Scalars are typed as the YAML 1.1 of the original programs does it (``yes``, ``y`` and
``on`` are true, ``010`` is 8), without its base-60 numbers and dates, which are text here.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import yaml

from choria_core.config.problems import InvalidConfigError, Location, Problem, at, key_path
from choria_core.config.yaml_nodes import (
    Document,
    Entry,
    ListNode,
    MapNode,
    Node,
    ScalarKind,
    ScalarNode,
)

Taken = TypeVar("Taken")

DEEPEST = 100
"""Levels below a value."""

TAG = "tag:yaml.org,2002:"
"""Before the names of YAML's own types."""

_KEY_FIX = "write the key as text; a value that begins with { or [ needs quotes"
SURROGATE = re.compile("[\ud800-\udfff]")
"""What an escape can write although it is no character."""

_NO_CHARACTER = ("holds an escape that is no character", "write the character itself")
MERGE = f"{TAG}merge"
"""The tag of the key ``<<``."""

KINDS: dict[str, ScalarKind] = {
    f"{TAG}str": "text",
    f"{TAG}int": "int",
    f"{TAG}float": "float",
    f"{TAG}bool": "bool",
    f"{TAG}null": "null",
    f"{TAG}timestamp": "text",
    MERGE: "text",
}
"""What the tags of scalars mean."""

_PLAIN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"y|n|yes|no|on|off|true|false", re.IGNORECASE | re.ASCII)),
    ("int", re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)")),
    (
        "float",
        re.compile(
            r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
    ),
    ("merge", re.compile(r"<<")),
)
_FIRST: frozenset[str] = frozenset(("", *"~<-+.0123456789nNyYoOtTfF"))
"""How whatever is no text begins."""

_TEXT = f"{TAG}str"


def read_yaml(text: str, *, file: str = "<text>") -> Document:
    """Parse ``text``; whatever is wrong with it becomes a problem of the document."""
    return build_document(file, lambda: compose(text, file, Loader.get_single_node))


def build_document(
    file: str, composed: Callable[[], yaml.Node | None], *, last_counts: bool = False
) -> Document:
    """PyYAML's tree, as ``composed`` gives it, as nodes of ours.

    Args:
        file: named in messages.
        composed: makes the tree; may raise InvalidConfigError.
        last_counts: of keys that are given twice the last counts, with a warning.
    """
    builder = _Builder(file, last_counts=last_counts)
    try:
        tree = composed()
        root = None if tree is None else builder.build(tree)[0]
    except InvalidConfigError as error:
        return Document(file, None, error.problems)
    except RecursionError:
        deep = at(Location(file), "", "the values are nested too deeply", "make it flatter")
        return Document(file, None, (deep,))
    return Document(file, root, tuple(builder.problems), tuple(builder.warnings))


def tag_of(plain_text: str) -> str:
    """The tag of a scalar without quotes and without a tag of its own."""
    if plain_text[:1] not in _FIRST:
        return _TEXT
    return TAG + next((name for name, rule in _PLAIN if rule.fullmatch(plain_text)), "str")


class Loader(yaml.SafeLoader):
    """PyYAML's parser with our own idea of what is a number."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none."""
        if kind is yaml.ScalarNode:
            return self.tag(value) if implicit[0] else f"{TAG}str"
        return TAG + ("seq" if kind is yaml.SequenceNode else "map")

    def tag(self, plain_text: str) -> str:
        """The tag of a scalar without quotes."""
        return tag_of(plain_text)


def compose(
    text: str, file: str, take: Callable[[Loader], Taken], kind: "type[Loader] | None" = None
) -> Taken:
    """What ``take`` gets from PyYAML, its own tree as a rule.

    Args:
        text: all of it.
        file: named in messages.
        take: asks the loader.
        kind: of the loader; None for the usual one.

    Raises:
        InvalidConfigError: the text is not YAML.
    """
    loader: Loader | None = None
    try:
        loader = (kind or Loader)(text)
        taken = take(loader)
    except yaml.reader.ReaderError as error:
        raise InvalidConfigError([_unreadable(error, text, file)]) from None
    except yaml.MarkedYAMLError as error:
        raise InvalidConfigError([_syntax_problem(error, file)]) from None
    except (ValueError, OverflowError):  # an escape beyond the last character, a huge version
        where = location_of(file, loader.get_mark()) if loader else Location(file)
        problem = at(where, "", "a number or an escape here is out of range", "correct it")
        raise InvalidConfigError([problem]) from None
    finally:
        if loader is not None:
            loader.dispose()
    return taken


def _unreadable(error: yaml.reader.ReaderError, text: str, file: str) -> Problem:
    before = text[: error.position]
    line = before.count("\n") + 1
    column = error.position - before.rfind("\n")
    return at(
        Location(file, line, column),
        "",
        f"the character U+{ord(text[error.position]):04X} is not allowed in YAML",
        "remove it, or write it as an escape in double quotes",
    )


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = location_of(file, mark) if mark else Location(file)
    text = error.problem or error.context or "a syntax error"
    if text == "but found another document":
        return at(where, "", "a second document begins here", "keep one document in a file")
    return at(where, "", f"this is not YAML: {_context(error)}{text}", _advice(text))


def _context(error: yaml.MarkedYAMLError) -> str:
    if not error.context or not error.problem:
        return ""
    mark = error.context_mark
    return f"{error.context}{f' begun on line {mark.line + 1}' if mark else ''}, "


def _advice(text: str) -> str:
    if r"'\t'" in text:
        return "indent with spaces, never with tabs"
    if "mapping values are not allowed" in text:
        return 'put a text that holds ": " in quotes, and check the indentation'
    return "check indentation, quotes and brackets here and on the line before"


def location_of(file: str, mark: yaml.Mark) -> Location:
    """The place that PyYAML's ``mark`` means."""
    return Location(file, mark.line + 1, mark.column + 1)


class _Builder:
    """PyYAML's nodes into ours; a part with a problem becomes a broken scalar."""

    def __init__(self, file: str, *, last_counts: bool) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._last_counts = last_counts
        self._file = file
        self._done: dict[int, tuple[Node, int]] = {}
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: str = "") -> tuple[Node, int]:
        """Our node and its height.  What several aliases share is built once."""
        if id(node) in self._done:
            return self._done[id(node)]
        if id(node) in self._open:
            return self._broken(node, path, "contains itself", "remove the alias inside it")
        self._open.add(id(node))
        built = self._of_kind(node, path)
        if built[1] > DEEPEST:
            text = f"has more than {DEEPEST} levels below it"
            built = self._broken(node, path, text, "make it flatter")
        self._open.discard(id(node))
        self._done[id(node)] = built
        return built

    def _of_kind(self, node: yaml.Node, path: str) -> tuple[Node, int]:
        if isinstance(node, yaml.ScalarNode) and node.tag in KINDS:
            if SURROGATE.search(node.value):
                return self._broken(node, path, *_NO_CHARACTER)
            quoted = bool(node.style)  # libyaml says "" of plain text
            return ScalarNode(node.value, KINDS[node.tag], quoted, self._at(node)), 1
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{TAG}seq":
            return self._list(node, path)
        if isinstance(node, yaml.MappingNode) and node.tag == f"{TAG}map":
            return self._map(node, path)
        tag = str(node.tag).replace(TAG, "!!")
        return self._broken(node, path, f"has the unknown tag {tag}", "remove the tag")

    def _list(self, node: yaml.SequenceNode, path: str) -> tuple[Node, int]:
        built = [self.build(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        height = max((height for _, height in built), default=0)
        return ListNode(tuple(item for item, _ in built), self._at(node)), height + 1

    def _map(self, node: yaml.MappingNode, path: str) -> tuple[Node, int]:
        own: dict[str, Entry] = {}
        merged: list[Entry] = []
        height = 0
        for key_node, value_node in node.value:
            key = self._key(key_node, path, own)
            if key is None:
                continue
            value, below = self.build(value_node, key_path(path, key))
            own[key] = Entry(key, value, self._at(key_node))
            height = max(height, below)
            if key_node.tag == MERGE:
                merged.extend(self._merged(own.pop(key), path))
        for entry in merged:
            own.setdefault(entry.key, entry)
        return MapNode(tuple(own.values()), self._at(node)), height + 1

    def _key(self, node: yaml.Node, path: str, own: dict[str, Entry]) -> str | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag not in KINDS:
            self._broken(node, path, "has a key that is no plain text", _KEY_FIX)
            return None
        key = str(node.value)
        if SURROGATE.search(key):
            self._broken(node, path, *_NO_CHARACTER)
            return None
        if key in own:
            return self._repeated(node, path, own[key])
        return key

    def _repeated(self, node: yaml.Node, path: str, first: Entry) -> str | None:
        text = f"is given twice, first on line {first.location.line}"
        if self._last_counts:
            where, key = self._at(node), key_path(path, first.key)
            self.warnings.append(at(where, key, f"{text}; the last one counts", "remove the first"))
            return first.key
        self._broken(node, key_path(path, first.key), text, "remove one of them")
        return None

    def _merged(self, merge: Entry, path: str) -> list[Entry]:
        maps = merge.value.items if isinstance(merge.value, ListNode) else (merge.value,)
        entries: list[Entry] = []
        for node in maps:
            if isinstance(node, MapNode):
                entries.extend(node.entries)
            else:
                text, fix = "takes a map or a list of maps", "name an anchored map: <<: *defaults"
                self.problems.append(at(merge.location, key_path(path, merge.key), text, fix))
        return entries

    def _broken(self, node: yaml.Node, path: str, text: str, fix: str) -> tuple[Node, int]:
        self.problems.append(at(self._at(node), path, text if path else f"this {text}", fix))
        return ScalarNode("", "broken", quoted=False, location=self._at(node)), 1

    def _at(self, node: yaml.Node) -> Location:
        return location_of(self._file, node.start_mark)
