"""What is allowed in a book and still looks like a mistake.  Pure."""

from collections.abc import Iterator
from typing import Final

from choria_core.config.problems import Location, Problem, at, key_path
from choria_core.config.schema import fields_of
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_core.telemetry.redaction import is_secret_name, redact_text
from choria_playbooks.book.exposure import exposed_options
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import is_marked
from choria_playbooks.book.model import Book, Input, InputType, ListCall, TaskSpec
from choria_playbooks.book.names import split_path
from choria_playbooks.book.walking import all_steps, marked_nodes
from choria_playbooks.templates.filling import markers_in, texts_in
from choria_playbooks.templates.marker import (
    Form,
    Marker,
    has_markers,
    parse_text,
    unknown_markers,
)

_FREE: Final = frozenset((InputType.STRING, InputType.ARRAY, InputType.ANY))


def lint(book: Book, kinds: Kinds | None = None) -> tuple[Problem, ...]:
    """What is odd in ``book``, in the order of the file.

    Args:
        book: that was read and has no problems.
        kinds: tell which options are secrets, and which are commands; None to leave that out.
    """
    linter = _Linter(book, kinds or Kinds())
    return tuple(sorted(linter.findings(), key=lambda odd: (odd.line, odd.column)))


class _Linter:
    """Looks through one book."""

    def __init__(self, book: Book, kinds: Kinds) -> None:
        self._book = book
        self._kinds = kinds
        self._steps = tuple(placed.step for placed in all_steps(book))
        self._asked = {*self._markers(), *self._paths()}

    def findings(self) -> Iterator[Problem]:
        """All that is odd, once each."""
        yield from self._unknown_markers()
        yield from self._marked_keys()
        yield from self._unused()
        yield from self._plain_secrets()
        yield from self._commands()
        if not self._book.tasks:
            yield at(Location(self._book.file, 1, 1), "tasks", "the book does nothing", "add tasks")

    def _nodes(self) -> Iterator[Node]:
        """Everything that may hold templates."""
        for store in self._book.data_stores.values():
            yield store.options
        for spec in self._book.nodes.values():
            yield spec.options
            if spec.unfilled is not None:
                yield spec.unfilled
        for step in self._steps:
            if step.control.loop is not None:
                yield step.control.loop
            yield from marked_nodes(step)

    def _markers(self) -> Iterator[tuple[Form, str]]:
        for node in self._nodes():
            for marker, _ in markers_in(node, self._book.schema):
                yield marker.form, marker.name
        for text in self._book.uses.values():
            for part in parse_text(text, self._book.schema):
                if isinstance(part, Marker):
                    yield part.form, part.name

    def _paths(self) -> Iterator[tuple[Form, str]]:
        """What conditions ask for."""
        for step in self._steps:
            for path in step.control.when.paths if step.control.when else ():
                root, _, rest = path.partition(".")
                yield Form(root), rest.partition(".")[0]

    def _unknown_markers(self) -> Iterator[Problem]:
        for node in self._nodes():
            for text in texts_in(node):
                for marker in unknown_markers(text.text, self._book.schema):
                    words = f"{marker} is no template that is known, and stays as it is"
                    fix = "correct it, unless it is for another program"
                    yield at(text.location, "", words, fix)

    def _marked_keys(self) -> Iterator[Problem]:
        for node in self._nodes():
            for entry in _entries_in(node):
                if has_markers(entry.key, self._book.schema):
                    text = "is a key, and templates in keys are not filled in"
                    yield at(entry.location, entry.key, text, "write it into a value")

    def _unused(self) -> Iterator[Problem]:
        book = self._book
        for item in book.inputs.values():
            if (Form.INPUTS, item.name) not in self._asked and not item.save:
                yield _unused("inputs", item.name, item.location)
        for spec in book.nodes.values():
            if (Form.NODES, spec.name) not in self._asked:
                yield _unused("nodes", spec.name, spec.location)
        stores = self._used_stores()
        for store in book.data_stores.values():
            if store.name not in stores:
                yield _unused("data_stores", store.name, store.location)
        called = {step.name for step in self._steps if isinstance(step, ListCall)}
        for task_list in book.task_lists.values():
            if task_list.name not in called:
                yield _unused("task_lists", task_list.name, task_list.location)

    def _used_stores(self) -> set[str]:
        """Stores that locks, inputs or any option name."""
        book = self._book
        used = {lock.store for lock in book.locks}
        used |= {step.control.lock.store for step in self._steps if step.control.lock}
        paths = [item.data for item in book.inputs.values()]
        paths += [text.text for node in self._nodes() for text in texts_in(node)]
        return used | {split[0] for split in map(split_path, paths) if split}

    def _plain_secrets(self) -> Iterator[Problem]:
        for item in self._book.inputs.values():
            if is_secret_name(item.name) and not item.is_secret:
                text = "sounds like a secret, and is shown in reports"
                fix = "write type: Secret, in a book with schema: 1"
                yield at(item.location, key_path("inputs", item.name), text, fix)
        for record, options in self._options():
            for option in fields_of(record):
                given = options.get(option.key)
                if option.setting.secret and given and _is_plain(given, self._book.schema):
                    yield _plain_secret(given, option.key)
        for node in self._nodes():
            for part in texts_in(node):
                if redact_text(part.text) != part.text and not is_marked(part, self._book.schema):
                    yield _plain_secret(part, "")

    def _commands(self) -> Iterator[Problem]:
        """Texts that anybody gives, in a command that a shell reads."""
        for record, options in self._options():
            for key, node in exposed_options(record, options):
                if not isinstance(node, ScalarNode):
                    continue
                for marker, where in markers_in(node, self._book.schema):
                    item = self._book.inputs.get(marker.name)
                    if marker.form is Form.INPUTS and item and _is_free(item):
                        text = f"{marker.text} is put into a command, and may be any text"
                        fix = f'add validation: ":shellsafe" to the input {item.name}'
                        yield at(where, key, text, fix)

    def _options(self) -> Iterator[tuple[type, MapNode]]:
        """The options of all parts whose kind is known."""
        for store in self._book.data_stores.values():
            if store.type in self._kinds.data_stores:
                yield self._kinds.data_stores[store.type], store.options
        for spec in self._book.nodes.values():
            if spec.type in self._kinds.node_sets:
                yield self._kinds.node_sets[spec.type], spec.options
        for step in self._steps:
            if isinstance(step, TaskSpec) and step.type in self._kinds.tasks:
                yield self._kinds.tasks[step.type], step.options


def _entries_in(node: Node) -> Iterator[Entry]:
    """All entries of maps in ``node``, at all depths."""
    match node:
        case MapNode():
            for entry in node.entries:
                yield entry
                yield from _entries_in(entry.value)
        case ListNode():
            for item in node.items:
                yield from _entries_in(item)


def _is_free(item: Input) -> bool:
    return item.type in _FREE and not item.validation


def _is_plain(node: Node, dialect: int) -> bool:
    """Whether a value stands in the book itself; addresses without a password are no secrets."""
    if not isinstance(node, ScalarNode) or node.kind == "null" or is_marked(node, dialect):
        return False
    return "://" not in node.text or "@" in node.text or "?" in node.text


def _plain_secret(node: Node, key: str) -> Problem:
    text = "looks like a secret that stands in the book for all to read"
    return at(node.location, key, text, "take it from an input of type Secret")


def _unused(section: str, name: str, where: Location) -> Problem:
    return at(where, key_path(section, name), "is used nowhere", "remove it, or use it")
