"""The text of a book into what is run.  Pure.

Everything that is wrong is told at once.  Nothing else is read: no file, no network.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from choria_core.config.problems import InvalidConfigError, Location, Problem, at, key_path
from choria_core.config.ruby_yaml import read_ruby_yaml
from choria_core.config.value import nearest
from choria_core.config.yaml_nodes import (
    Document,
    Entry,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    number,
)
from choria_playbooks.book.checks import check_book
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import expanded_size
from choria_playbooks.book.model import LEGACY, STRICT, Book, Hook, Input, Step, TaskList
from choria_playbooks.book.names import check_name
from choria_playbooks.book.reading_control import ControlReader
from choria_playbooks.book.reading_inputs import read_arguments, read_inputs
from choria_playbooks.book.reading_locks import LockReader
from choria_playbooks.book.reading_metadata import METADATA_KEYS, read_metadata, read_uses
from choria_playbooks.book.reading_places import read_node_sets, read_stores
from choria_playbooks.book.reading_steps import StepReader
from choria_playbooks.book.words import ListWords

MOST_VALUES: Final = 100_000
"""Values of a book once aliases are written out."""

_SECTIONS: Final = ("uses", "inputs", "data_stores", "locks", "nodes", "tasks", "hooks")
_SILENT: Final = ("macros", "$schema", "schema")
_KNOWN: Final = (*METADATA_KEYS, *_SECTIONS, *_SILENT)


@dataclass(frozen=True, slots=True)
class ReadBook:
    """A book that can be run.

    Attributes:
        book: the book.
        warnings: what is odd in it.
    """

    book: Book
    warnings: tuple[Problem, ...]


class WrongBookError(InvalidConfigError):
    """A book cannot be run.

    Attributes:
        warnings: what is odd in it besides.
    """

    def __init__(self, problems: Iterable[Problem], warnings: Iterable[Problem]) -> None:
        super().__init__(problems)
        self.warnings = tuple(warnings)


def parse_book(text: str, kinds: Kinds, *, file: str = "<text>") -> ReadBook:
    """The book that ``text`` says.

    Args:
        text: all of the file.
        kinds: of tasks, data stores and node sets that are installed.
        file: named in messages.

    Raises:
        WrongBookError: it has problems; all are named.
        InvalidConfigError: it is no book at all.
    """
    document = read_ruby_yaml(text, file=file)
    root = _root(document)
    findings = Findings(_dialect(root))
    findings.problems += document.problems
    for odd in document.warnings:
        findings.tolerate(odd.location, odd.key, odd.text, odd.fix)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    book = _BookReader(findings, root, kinds).book(file, digest)
    check_book(findings, book, kinds, uses=root.get("uses"))
    warnings = sorted(findings.warnings, key=lambda odd: (odd.line, odd.column))
    if findings.problems:
        raise WrongBookError(findings.problems, warnings)
    return ReadBook(book, tuple(warnings))


def _root(document: Document) -> MapNode:
    """The top of a book.

    Raises:
        InvalidConfigError: there is no such thing, or it is too large.
    """
    root = document.root
    where = Location(document.file, 1, 1)
    if isinstance(root, MapNode):
        if expanded_size(root) <= MOST_VALUES:
            return root
        text = f"the book has more than {MOST_VALUES} values once its aliases are written out"
        raise InvalidConfigError([at(where, "", text, "make it smaller")])
    if root is None or (isinstance(root, ScalarNode) and root.kind == "null"):
        empty = at(where, "", "the file is empty", "a book needs at least a name and tasks")
        raise InvalidConfigError(document.problems or [empty])
    text = "a book is a block of keys, such as name and tasks"
    wrong = at(root.location, "", text, 'write "key: value" lines at its top level')
    raise InvalidConfigError(document.problems or [wrong])


def _dialect(root: MapNode) -> int:
    """The dialect that the book asks for.

    Raises:
        InvalidConfigError: nobody knows it.
    """
    node = root.get("schema")
    if node is None:
        return LEGACY
    if isinstance(node, ScalarNode) and node.kind == "int" and number(node) == STRICT:
        return STRICT
    shown = f"{node.text} " if isinstance(node, ScalarNode) and node.text else ""
    text = f"{shown}is no schema that is known here"
    fix = "write schema: 1, or remove the line to have the rules of old books"
    raise InvalidConfigError([at(node.location, "schema", text, fix)])


class _BookReader:
    """Reads the sections of one book, in the order in which one needs another."""

    def __init__(self, findings: Findings, root: MapNode, kinds: Kinds) -> None:
        self._findings = findings
        self._kinds = kinds
        self._root = root
        self._entries: Mapping[str, Entry] = {entry.key: entry for entry in root.entries}

    def book(self, file: str, digest: str) -> Book:
        """The whole of it, with gaps where something is wrong."""
        self._check_keys()
        metadata = read_metadata(self._findings, self._root)
        stores = self._section("data_stores")
        data_stores = read_stores(self._findings, stores, self._kinds) if stores else {}
        inputs = self._section("inputs")
        lock_reader = LockReader(self._findings, data_stores, self._kinds, metadata.name)
        locks = self._section("locks")
        nodes = self._section("nodes")
        uses = self._section("uses")
        controls = ControlReader(self._findings, lock_reader)
        steps = StepReader(self._findings, self._kinds, controls)
        tasks = self._section("tasks")
        return Book(
            file=file,
            digest=digest,
            schema=self._findings.dialect,
            metadata=metadata,
            uses=read_uses(self._findings, uses) if uses else {},
            inputs=read_inputs(self._findings, inputs, data_stores) if inputs else {},
            data_stores=data_stores,
            locks=lock_reader.locks(locks, "locks") if locks else (),
            nodes=read_node_sets(self._findings, nodes, self._kinds) if nodes else {},
            tasks=steps.steps(tasks, "tasks") if tasks else (),
            hooks=self._hooks(steps),
            task_lists=self._task_lists(steps),
        )

    def _section(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def _check_keys(self) -> None:
        for entry in self._root.entries:
            if entry.key in _KNOWN:
                continue
            if entry.key == "task_lists":
                if not self._findings.is_strict:
                    self._findings.needs_schema(entry, entry.key)
                continue
            known = (*_KNOWN, "task_lists") if self._findings.is_strict else _KNOWN
            meant = nearest(entry.key, known)
            fix = f"did you mean {meant}?" if meant else f"known here: {', '.join(known)}"
            key = key_path("", entry.key)
            self._findings.refuse(entry.location, key, "is not known", fix)

    def _hooks(self, steps: StepReader) -> Mapping[Hook, tuple[Step, ...]]:
        section = self._section("hooks")
        if section is None:
            return {}
        hooks: dict[Hook, tuple[Step, ...]] = {}
        for entry in self._findings.entries(section, "hooks"):
            key = key_path("hooks", entry.key)
            if entry.key not in set(Hook):
                meant = nearest(entry.key, list(Hook))
                fix = f"did you mean {meant}?" if meant else f"known: {', '.join(Hook)}"
                self._findings.refuse(entry.location, key, "is no hook", fix)
            elif _is_null(entry.value):
                text = "has no tasks"
                self._findings.tolerate(entry.location, key, text, "remove it, or write []")
            else:
                hooks[Hook(entry.key)] = steps.steps(entry, key)
        return hooks

    def _task_lists(self, steps: StepReader) -> Mapping[str, TaskList]:
        section = self._section("task_lists")
        if section is None or not self._findings.is_strict:
            return {}
        lists: dict[str, TaskList] = {}
        for entry in self._findings.entries(section, "task_lists"):
            lists[entry.key] = self._task_list(entry, steps)
        return lists

    def _task_list(self, entry: Entry, steps: StepReader) -> TaskList:
        """One named list: its steps alone, or a block of ``arguments`` and ``tasks``."""
        key = key_path("task_lists", entry.key)
        check_name(self._findings, entry.key, entry.location, key)
        arguments: Mapping[str, Input] = {}
        inner, inner_key = entry, key
        if isinstance(entry.value, MapNode):
            self._findings.record(ListWords, entry.value, key, entry.location)
            parts = {part.key: part for part in entry.value.entries}
            taken = parts.get("arguments")
            if taken is not None and not _is_null(taken.value):
                arguments = read_arguments(self._findings, taken, key_path(key, "arguments"))
            inner, inner_key = parts.get("tasks", _no_steps(entry)), key_path(key, "tasks")
        return TaskList(
            name=entry.key,
            arguments=arguments,
            steps=steps.steps(inner, inner_key, key),
            location=entry.location,
        )


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.kind == "null"


def _no_steps(entry: Entry) -> Entry:
    """In place of the steps of a list that names none, which is refused already."""
    return Entry("tasks", ListNode((), entry.location), entry.location)
