"""YAML as a tree that remembers where everything stands.  Pure.

The layer under :mod:`choria_core.config.file`, usable alone by whoever needs lines and
columns: every node carries its :class:`~choria_core.config.problems.Location`, keys
are unique text, anchors and merge keys are resolved, and there is nothing but text,
numbers, booleans, lists and maps.  :mod:`choria_core.config.yaml_text` makes the tree.
"""

from dataclasses import dataclass
from typing import Literal

from choria_core.config.problems import Location, Problem

ScalarKind = Literal["text", "int", "float", "bool", "null", "broken"]


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One value.

    Attributes:
        text: as written, quotes and escapes resolved.
        kind: what YAML takes it for; ``broken`` in place of a part whose problem is
            named in the document already.
        quoted: written in quotes or as a block, hence text whatever it looks like.
    """

    text: str
    kind: ScalarKind
    quoted: bool
    location: Location


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence."""

    items: tuple["Node", ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Entry:
    """One ``key: value`` of a map; ``location`` is the key's."""

    key: str
    value: "Node"
    location: Location


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping: its own entries in the order of the file, then merged ones."""

    entries: tuple[Entry, ...]
    location: Location

    def get(self, key: str) -> "Node | None":
        """The value of ``key``, None where it is absent."""
        return next((entry.value for entry in self.entries if entry.key == key), None)


Node = ScalarNode | ListNode | MapNode


@dataclass(frozen=True, slots=True)
class Document:
    """One file.

    Attributes:
        file: its name, for messages.
        root: None where the file holds nothing, or could not be parsed.
        problems: what is wrong with the YAML itself; ``root`` leaves those parts out.
        warnings: what was read although it should be written otherwise.
    """

    file: str
    root: Node | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def plain(node: Node) -> object:
    """``node`` as dict, list, str, int, float, bool and None.

    Parts that an anchor shares are shared in the result too.
    """
    return _plain(node, {})


def number(node: ScalarNode) -> int | float | None:
    """The number that ``node`` stands for, None where it is not one."""
    if node.kind == "int":
        return _integer(node.text)
    return _float(node.text) if node.kind == "float" else None


def truth(node: ScalarNode) -> bool | None:
    """The boolean that ``node`` stands for, None where it is not one."""
    return node.text.lower() in {"true", "yes", "on", "y"} if node.kind == "bool" else None


def _plain(node: Node, seen: dict[int, object]) -> object:
    if id(node) not in seen:
        match node:
            case MapNode():
                seen[id(node)] = {entry.key: _plain(entry.value, seen) for entry in node.entries}
            case ListNode():
                seen[id(node)] = [_plain(item, seen) for item in node.items]
            case ScalarNode():
                seen[id(node)] = _plain_scalar(node)
    return seen[id(node)]


def _plain_scalar(node: ScalarNode) -> object:
    match node.kind:
        case "null" | "broken":
            return None
        case "bool":
            return truth(node)
        case "int" | "float":
            return number(node)
        case "text":
            return node.text


def _integer(text: str) -> int | None:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if len(digits) > 1 and digits.isdecimal() and digits.startswith("0"):
        digits = f"0o{digits[1:]}"
    try:
        return sign * int(digits, 0)
    except ValueError:  # 0x_, !!int foo, or thousands of digits
        return None


def _float(text: str) -> float | None:
    digits = text.replace("_", "").lower()
    try:
        return float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:  # !!float foo
        return None
