"""Playbooks that somebody broke: parts lost, doubled, moved, retagged, cut off.

What the same seed gives is always the same.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_DEEPEST = 90
_CHANGES = (0, 1, 1, 1, 1, 1, 2, 2, 3, 6)
"""How many there are; after few of them a book may still be one."""

_WORDS = (
    *("tasks", "hooks", "nodes", "inputs", "data_stores", "locks", "uses", "task_lists", "schema"),
    *("shell", "data", "choria", "block", "parallel", "playbook", "command", "loop", "when"),
    *("lock", "register", "type", "memory", "file", "environment", "consul", "etcd", "nats_kv"),
    *("String", "Integer", "Hash", "Array", "Boolean", "Secret", "Any", "pre_book", "on_fail"),
    *("list", "arguments", "serial", "max_fail", "rescue", "always", "limit", "at_least", "test"),
    *("fail_ok", "tries", "try_sleep", "backoff", "timeout", "tags", "no_log", "assert", "post"),
    *("mcollective", "mcollective_assert", "webhook", "slack", "graphite_event", "yaml", "pql"),
    *("inventory", "terraform", "script", "statefile", "query", "source", "group", "random"),
    *("description", "default", "validation", "required", "dynamic", "save", "batch_size"),
    *("action", "properties", "key", "value", "write", "delete", "bucket", "create", "path"),
)
_MARKERS = (
    *("{{ inputs.cluster }}", "{{ inputs.nowhere }}", "{{ item }}", "{{ item.a.b }}"),
    *("{{ registered.release.success }}", "{{ registered.x.data }}", "{{ lock.token }}"),
    *("{{ batch }}", "{{ arguments.nodes }}", "{{ nodes.web }}", "{{ previous_task.data }}"),
    *("{{{ metadata.name }}}", "{{ uuid }}", "{{ elapsed_time }}", "{{ date(%s) }}"),
    *('{{ utc_date("%99999999d %-N %^10Z %") }}', "{{ date() }}", "{{", "}}", "{{ }}", "{{{{{{"),
    *("a {{ item }} b {{ inputs.force }}", "{{ inputs.clusters }} {{ batch }}"),
)
_CONDITIONS = (
    *("inputs.force = true", "item != bravo and (", "registered.release.success", "not not not"),
    *("previous_task.runtime > 1e999", "item =~ /(/", "item =~ /(a+)+$/", "1 = 1 or", "= ="),
    *("inputs.clusters in item", "registered.a.b.c.d.e = null", "(" * 200 + "item" + ")" * 200),
)
_NUMBERS = (
    *("0", "-1", "1", "3", "9" * 30, "9" * 5000, "0x" + "f" * 400, "0o17", "010", "1_0", "1e999"),
    *("-1e-999", ".nan", ".inf", "-.inf", "1:30:00", "1.", "+.5", "10%", "0%", "1000%", "-5%"),
    *("99999999999999999999%", "0.0001%", "1h", "5ms", "-3s", "1e9h", "9" * 25 + "d", "1h1h", "0s"),
)
_OTHERS = (
    *("2026-11-29", "2001-12-14t21:59:43.10-05:00", "0000-00-00", "9999-99-99 99:99:99"),
    *("", "~", "null", "yes", "off", "y", "=", "<<", "*", "&", "!", "%", "@", "`", "|", ">"),
    *(":shellsafe", ":nobody", "/(/", "/^(a|b)*$/", "/\\", "(?<name>", "^", "alpha", "../../x"),
    *("/dev/null", "nowhere.yaml", "audit.yaml", "/", "~/x", "~nobody/x", "kv/a", "/a", "kv/"),
    *("pb_data/choria/kv/cluster", "scratch/" + "x" * 400, "http://[", "http://127.0.0.1:1/"),
    *("größe 鯨", "\u202egnitset", "\u0085", "\ufeff", "a\0b", "\ud800", "\U0010ffff", "e\u0301"),
    *("\x1b[31m", "a\nb\r\nc", " ", "\t", "x" * 20_000, "1.2.3", ">= 1.0.0", "~1", "puppet.status"),
)
_TEXTS = (_WORDS, _MARKERS, _CONDITIONS, _NUMBERS, _OTHERS)
_TAGS = (
    *(f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "binary", "timestamp")),
    *(f"{_TAG}{name}" for name in ("set", "omap", "pairs", "map", "seq", "merge", "value")),
    *(f"{_TAG}python/object/apply:os.system", f"{_TAG}python/name:os.system", "!ruby/object:Set"),
    *("!ruby/sym", "!ruby/regexp", "!local", "tag:example.net,2026:x"),
)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RESOLVER: Any = yaml.resolver.Resolver()
_LETTERS = "{}[]:,-#&*!|>'\"%@ \n\t\0\ufffea\u00e90"


class BookMutations:
    """Makes broken books of good ones.

    Args:
        books: texts, in YAML.
        seed: of chance.
    """

    def __init__(self, books: Sequence[str], *, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._texts = tuple(books)
        self._trees = [_tree(text) for text in books]
        self._parts = [node for tree in self._trees for node in _walk(tree)]
        self._changes: Sequence[Callable[[yaml.Node], None]] = (
            self._drop,
            self._double,
            self._swap_keys,
            self._rename,
            self._retag,
            self._another_text,
            self._another_text,
            self._from_another_book,
            self._from_another_book,
            self._alias,
            self._nest,
            self._add,
        )

    def next(self) -> str:
        """A broken book; now and then a good one."""
        tree = _copied(self._chance.choice(self._trees))
        for _ in range(self._chance.choice(_CHANGES)):
            self._chance.choice(self._changes)(tree)
        try:
            text: str = yaml.serialize(tree, Dumper=_DUMPER)
        except (yaml.YAMLError, RecursionError, UnicodeError):  # what cannot be written
            text = self._chance.choice(self._texts)
        return self._spoiled(text) if self._chance.random() < 0.1 else text

    # changes of the tree

    def _drop(self, tree: yaml.Node) -> None:
        if (inner := self._container(tree)) is not None:
            del inner.value[self._at(inner)]

    def _double(self, tree: yaml.Node) -> None:
        inner = self._container(tree)
        if inner is None:
            return
        item = self._chance.choice(inner.value)
        copied = (item[0], _copied(item[1])) if isinstance(item, tuple) else _copied(item)
        inner.value.insert(self._at(inner), copied)

    def _swap_keys(self, tree: yaml.Node) -> None:
        inner = self._container(tree)
        if not isinstance(inner, yaml.MappingNode):
            return
        one, other = self._at(inner), self._at(inner)
        keys = inner.value[one][0], inner.value[other][0]
        inner.value[one] = (keys[1], inner.value[one][1])
        inner.value[other] = (keys[0], inner.value[other][1])

    def _rename(self, tree: yaml.Node) -> None:
        inner = self._container(tree)
        if isinstance(inner, yaml.MappingNode):
            at = self._at(inner)
            key = self._scalar() if self._chance.random() < 0.8 else self._part()
            inner.value[at] = (key, inner.value[at][1])

    def _retag(self, tree: yaml.Node) -> None:
        self._any(tree).tag = self._chance.choice(_TAGS)

    def _another_text(self, tree: yaml.Node) -> None:
        self._replace(tree, self._scalar())

    def _from_another_book(self, tree: yaml.Node) -> None:
        self._replace(tree, self._part())

    def _alias(self, tree: yaml.Node) -> None:
        """The same thing at two places, one of which may be within the other."""
        self._replace(tree, self._any(tree))

    def _nest(self, tree: yaml.Node) -> None:
        node = _copied(self._any(tree))
        key = self._chance.choice(_WORDS)
        for _ in range(self._chance.choice((1, 2, 5, 20, _DEEPEST, 2 * _DEEPEST))):
            if self._chance.random() < 0.5:
                node = yaml.SequenceNode(f"{_TAG}seq", [node])
            else:
                node = yaml.MappingNode(f"{_TAG}map", [(_plain(key), node)])
        self._replace(tree, node)

    def _add(self, tree: yaml.Node) -> None:
        inner = self._container(tree)
        value = self._part() if self._chance.random() < 0.5 else self._scalar()
        if isinstance(inner, yaml.MappingNode):
            inner.value.append((_plain(self._chance.choice(_WORDS)), value))
        elif inner is not None:
            inner.value.append(value)

    # places and values

    def _any(self, tree: yaml.Node) -> yaml.Node:
        return self._chance.choice(list(_walk(tree)))

    def _container(self, tree: yaml.Node) -> yaml.CollectionNode | None:
        found = [
            node for node in _walk(tree) if isinstance(node, yaml.CollectionNode) and node.value
        ]
        return self._chance.choice(found) if found else None

    def _at(self, inner: yaml.CollectionNode) -> int:
        return self._chance.randrange(len(inner.value))

    def _replace(self, tree: yaml.Node, node: yaml.Node) -> None:
        inner = self._container(tree)
        if inner is None:
            return
        at = self._at(inner)
        is_map = isinstance(inner, yaml.MappingNode)
        inner.value[at] = (inner.value[at][0], node) if is_map else node

    def _part(self) -> yaml.Node:
        return _copied(self._chance.choice(self._parts))

    def _scalar(self) -> yaml.Node:
        text = self._chance.choice(self._chance.choice(_TEXTS))
        return _plain(text) if self._chance.random() < 0.7 else _quoted(text)

    # changes of the text

    def _spoiled(self, text: str) -> str:
        at = self._chance.randrange(len(text) + 1)
        match self._chance.randrange(4):
            case 0:
                return text[:at]
            case 1:
                return text[:at] + self._chance.choice(_LETTERS) + text[at + 1 :]
            case 2:
                return text[:at] + text[at + self._chance.randrange(40) :]
        lines = text.split("\n")
        self._chance.shuffle(lines)
        return "\n".join(lines)


def _tree(text: str) -> yaml.Node:
    tree: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    assert tree is not None, "no book is empty"
    return tree


def _walk(tree: yaml.Node) -> Iterator[yaml.Node]:
    """All nodes, each once."""
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _copied(tree: yaml.Node) -> yaml.Node:
    """A tree of its own, in which what was shared is shared."""
    copies: dict[int, yaml.Node] = {}
    for node in _walk(tree):
        if isinstance(node, yaml.CollectionNode):
            made: yaml.Node = type(node)(node.tag, node.value, flow_style=node.flow_style)
        else:
            made = yaml.ScalarNode(node.tag, node.value, style=getattr(node, "style", None))
        copies[id(node)] = made
    for one in copies.values():
        if isinstance(one, yaml.MappingNode):
            one.value = [(copies[id(key)], copies[id(value)]) for key, value in one.value]
        elif isinstance(one, yaml.SequenceNode):
            one.value = [copies[id(item)] for item in one.value]
    return copies[id(tree)]


def _plain(text: str) -> yaml.ScalarNode:
    """A text as it would be read without quotes."""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    return yaml.ScalarNode(tag, text)


def _quoted(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(f"{_TAG}str", text, style='"')
