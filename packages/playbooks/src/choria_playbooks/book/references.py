"""Whether what templates and conditions ask for is there.  Pure."""

from collections.abc import Collection, Iterator
from typing import Final

from choria_core.config.problems import Location
from choria_core.config.value import nearest
from choria_core.config.yaml_nodes import MapNode, Node
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.model import Book
from choria_playbooks.book.reading_metadata import METADATA_KEYS
from choria_playbooks.book.walking import Placed, Scope, all_steps, marked_nodes
from choria_playbooks.templates.filling import markers_in
from choria_playbooks.templates.marker import PREVIOUS_TASK_KEYS, Form, Marker

REGISTERED_KEYS: Final = (*PREVIOUS_TASK_KEYS, "results", "skipped", "items")
"""What is known of a step that registers a name."""

_BEFORE_TASKS: Final = frozenset(
    (Form.INPUTS, Form.METADATA, Form.DATE, Form.UTC_DATE, Form.ELAPSED_TIME, Form.UUID)
)


class ReferenceChecker:
    """Looks at all templates and conditions of a book.

    Args:
        findings: is told what is wrong.
        book: the book, which may have gaps.
        uses: its block ``uses`` as written; None where there is none.
    """

    def __init__(self, findings: Findings, book: Book, uses: Node | None) -> None:
        self._findings = findings
        self._book = book
        self._uses = uses
        self._steps = tuple(all_steps(book))
        self._registered = {placed.step.control.register for placed in self._steps} - {""}

    def check(self) -> None:
        """Tell of everything that is asked for and is not there."""
        for store in self._book.data_stores.values():
            self._early(store.options, "data stores are opened", nodes_too=False)
        if self._uses is not None:
            self._early(self._uses, "agents are looked at", nodes_too=False)
        for spec in self._book.nodes.values():
            for node in (spec.options, spec.unfilled or MapNode((), spec.location)):
                self._early(node, "nodes are looked for", nodes_too=True)
        for placed in self._steps:
            self._step(placed)

    def _early(self, node: Node, when: str, *, nodes_too: bool) -> None:
        """Templates that are filled in before there are tasks."""
        for marker, where in markers_in(node, self._findings.dialect):
            if marker.form in _BEFORE_TASKS:
                self._marker(marker, where, Scope())
                given = self._book.inputs.get(marker.name)
                if marker.form is Form.INPUTS and given and given.dynamic and not nodes_too:
                    text = f"{marker.text} is read from a store, which is not open yet"
                    self._findings.refuse(where, "", text, "use an input that can be given")
            else:
                text = f"{marker.text} is not known when {when}"
                self._findings.refuse(where, "", text, "use an input")

    def _step(self, placed: Placed) -> None:
        control = placed.step.control
        if control.loop is not None:
            self._markers(control.loop, placed.outer)
        for node in marked_nodes(placed.step):
            self._markers(node, placed.inner)
        for path in control.when.paths if control.when else ():
            self._path(path, placed)

    def _markers(self, node: Node, scope: Scope) -> None:
        for marker, where in markers_in(node, self._findings.dialect):
            self._marker(marker, where, scope)

    def _path(self, path: str, placed: Placed) -> None:
        root, *rest = path.split(".")
        step = placed.step
        where, key = step.control.places.get("when", step.location), f"{step.id}.when"
        if not rest and root != Form.ITEM:
            text = f"{path} names nothing of the {root} there are"
            self._findings.refuse(where, key, text, f"write {root}.NAME")
            return
        if root == Form.PREVIOUS_TASK and rest[0] not in PREVIOUS_TASK_KEYS:
            self._unknown(where, key, path, rest[0], PREVIOUS_TASK_KEYS)
            return
        marker = Marker(Form(root), tuple(rest), "", path)
        self._marker(marker, where, placed.inner, key)

    def _marker(self, marker: Marker, where: Location, scope: Scope, key: str = "") -> None:
        for text, fix in self._objections(marker, scope):
            self._findings.refuse(where, key, text, fix)

    def _objections(self, marker: Marker, scope: Scope) -> Iterator[tuple[str, str]]:
        book, text = self._book, marker.text
        match marker.form:
            case Form.INPUTS if marker.name not in book.inputs:
                yield _no_such(text, "input", marker.name, book.inputs)
            case Form.NODES if marker.name not in book.nodes:
                yield _no_such(text, "node set", marker.name, book.nodes)
            case Form.METADATA if marker.name not in METADATA_KEYS:
                yield _no_such(text, "metadata", marker.name, METADATA_KEYS)
            case Form.REGISTERED:
                yield from self._registered_objections(marker)
            case Form.ARGUMENTS:
                yield from _argument_objections(marker, scope)
            case Form.ITEM if scope.loop is None:
                yield f"{text} stands outside of any loop", "add loop: and a list"
            case Form.BATCH if not scope.has_batch:
                fix = "write it in a block that has nodes"
                yield f"{text} stands outside of any batch of nodes", fix
            case Form.LOCK if not scope.has_lock:
                yield f"{text} stands where no lock is held", "add lock: store/key"

    def _registered_objections(self, marker: Marker) -> Iterator[tuple[str, str]]:
        if marker.name not in self._registered:
            yield _no_such(marker.text, "registered step", marker.name, self._registered)
        elif len(marker.path) > 1 and marker.path[1] not in REGISTERED_KEYS:
            known = ", ".join(REGISTERED_KEYS)
            meant = nearest(marker.path[1], REGISTERED_KEYS)
            fix = f"did you mean {meant}?" if meant else f"known: {known}"
            yield f"{marker.text}: a registered step has no {marker.path[1]}", fix

    def _unknown(
        self, where: Location, key: str, path: str, word: str, known: Collection[str]
    ) -> None:
        text, fix = _no_such(path, path.partition(".")[0], word, known)
        self._findings.refuse(where, key, text, fix)


def _argument_objections(marker: Marker, scope: Scope) -> Iterator[tuple[str, str]]:
    if scope.task_list is None:
        fix = "arguments are known in task_lists alone"
        yield f"{marker.text} stands outside of any named list", fix
    elif marker.name not in scope.task_list.arguments:
        what = f"argument of {scope.task_list.name}"
        yield _no_such(marker.text, what, marker.name, scope.task_list.arguments)


def _no_such(text: str, what: str, name: str, known: Collection[str]) -> tuple[str, str]:
    """What is said of a name that nobody has, and the fix."""
    meant = nearest(name, known)
    if meant:
        fix = f"did you mean {meant}?"
    elif known:
        fix = f"known: {', '.join(sorted(known)[:12])}"
    else:
        fix = "the book has none"
    return f"{text}: there is no {what} {name}", fix
