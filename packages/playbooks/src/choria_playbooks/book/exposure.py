"""Secrets that would stand where others on the machine can read them.  Pure.

A command is shown to everybody by the list of processes.  Options that are seen so say it of
themselves (``Setting(exposed=True)``); a secret input must not get there, neither by itself nor
through a loop or the arguments of a named list.
"""

from collections.abc import Iterator
from typing import Final

from choria_core.config.problems import Location
from choria_core.config.schema import ListShape, MapShape, RecordShape, Shape, fields_of
from choria_core.config.yaml_nodes import ListNode, MapNode, Node
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.model import Book, ListCall, TaskSpec
from choria_playbooks.book.walking import Placed, Scope, all_steps
from choria_playbooks.templates.filling import markers_in
from choria_playbooks.templates.marker import Form, Marker

_FIX: Final = "pass it by environment, or on standard input"


class ExposureChecker:
    """Follows the secrets of a book.

    Args:
        findings: is told what is wrong.
        book: the book.
        kinds: tell which options can be seen.
    """

    def __init__(self, findings: Findings, book: Book, kinds: Kinds) -> None:
        self._findings = findings
        self._book = book
        self._kinds = kinds
        self._steps = tuple(all_steps(book))
        self._arguments = {
            (task_list.name, argument.name)
            for task_list in book.task_lists.values()
            for argument in task_list.arguments.values()
            if argument.is_secret
        }

    def check(self) -> None:
        """Tell of each secret that could be seen."""
        if not any(item.is_secret for item in self._book.inputs.values()) and not self._arguments:
            return
        while self._spread():
            pass
        nowhere = Scope()
        for store in self._book.data_stores.values():
            self._look(self._kinds.data_stores.get(store.type), store.options, nowhere)
        for spec in self._book.nodes.values():
            self._look(self._kinds.node_sets.get(spec.type), spec.options, nowhere)
        for placed in self._steps:
            if isinstance(placed.step, TaskSpec):
                record = self._kinds.tasks.get(placed.step.type)
                self._look(record, placed.step.options, placed.inner)

    def _spread(self) -> bool:
        """Mark arguments that are called with a secret; whether there were new ones."""
        before = len(self._arguments)
        for placed in self._steps:
            if isinstance(placed.step, ListCall):
                self._arguments |= set(self._secret_arguments(placed.step, placed))
        return len(self._arguments) > before

    def _secret_arguments(self, call: ListCall, placed: Placed) -> Iterator[tuple[str, str]]:
        for entry in call.arguments.entries:
            if any(self._secrets(entry.value, placed.inner)):
                yield call.name, entry.key

    def _look(self, record: type | None, options: MapNode, scope: Scope) -> None:
        if record is None:
            return
        for key, node in exposed_options(record, options):
            for marker, where in self._secrets(node, scope):
                text = f"{marker.text} is a secret, and others on the machine can see {key}"
                self._findings.refuse(where, "", text, _FIX)

    def _secrets(self, node: Node, scope: Scope) -> Iterator[tuple[Marker, Location]]:
        for marker, where in markers_in(node, self._findings.dialect):
            if self._is_secret(marker, scope):
                yield marker, where

    def _is_secret(self, marker: Marker, scope: Scope) -> bool:
        match marker.form:
            case Form.INPUTS:
                given = self._book.inputs.get(marker.name)
                return given is not None and given.is_secret
            case Form.ARGUMENTS if scope.task_list is not None:
                return (scope.task_list.name, marker.name) in self._arguments
            case Form.ITEM if scope.loop is not None and scope.loop_scope is not None:
                return any(self._secrets(scope.loop, scope.loop_scope))
        return False


def exposed_options(record: type, node: Node) -> Iterator[tuple[str, Node]]:
    """The values in ``node``, a ``record``, that others can see, with their keys."""
    entries = (
        {entry.key: entry.value for entry in node.entries} if isinstance(node, MapNode) else {}
    )
    for item in fields_of(record):
        value = entries.get(item.key)
        if value is None:
            continue
        if item.setting.exposed:
            yield item.key, value
        else:
            yield from _exposed_in(item.shape, value)


def _exposed_in(shape: Shape, node: Node) -> Iterator[tuple[str, Node]]:
    match shape, node:
        case RecordShape(record), _:
            yield from exposed_options(record, node)
        case ListShape(item), ListNode():
            for child in node.items:
                yield from _exposed_in(item, child)
        case MapShape(item), MapNode():
            for entry in node.entries:
                yield from _exposed_in(item, entry.value)
