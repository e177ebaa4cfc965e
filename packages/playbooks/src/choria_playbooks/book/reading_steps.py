"""Lists of tasks, as they stand in a book.  Pure.

In old books an item names tasks by their kinds, several in one item make several tasks.  In
``schema: 1`` an item is one step, and ``block``, ``parallel``, ``tasks`` and ``playbook`` are steps
beside the kinds of tasks.
"""

from collections.abc import Callable, Mapping
from typing import Final

from choria_core.config.problems import key_path
from choria_core.config.schema import Setting, fields_of
from choria_core.config.value import nearest, shown
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.kinds import Kinds
from choria_playbooks.book.looking import split_entries, without_symbols
from choria_playbooks.book.model import BlockSpec, BookCall, ListCall, Share, Step, TaskSpec
from choria_playbooks.book.reading_control import NEW_TASK_KEYS, ControlReader, task_keys
from choria_playbooks.book.reading_places import check_options
from choria_playbooks.book.words import (
    BlockWords,
    BookCallWords,
    ListCallWords,
    SideBySideWords,
)

_ASSERT: Final = "mcollective_assert"
_ASSERT_PRE_SLEEP_SECONDS: Final = 10.0
_BOLT_FIX: Final = "run it as a program, in a shell task: command: bolt task run …"
_TRIES: Final = frozenset(
    ("tries", "try_sleep", "backoff", "max_try_sleep", "pre_sleep", "timeout")
)

_Reader = Callable[[MapNode, Entry, str, str], Step | None]


class StepReader:
    """Reads steps of one book.

    Args:
        findings: is told what is wrong.
        kinds: of tasks.
        controls: reads what all steps can say.
    """

    def __init__(self, findings: Findings, kinds: Kinds, controls: ControlReader) -> None:
        self._findings = findings
        self._kinds = kinds
        self._controls = controls
        self._structures: Mapping[str, _Reader] = {
            "block": self._block,
            "parallel": self._parallel,
            "tasks": self._list_call,
            "playbook": self._book_call,
        }

    def steps(self, entry: Entry, key: str, identity: str = "") -> tuple[Step, ...]:
        """The steps of a list.

        Args:
            entry: the list under its name.
            key: where it stands in the book.
            identity: what ids of its steps begin with; ``key`` where it is empty.
        """
        found: list[Step] = []
        for index, item in enumerate(self._findings.items(entry, key)):
            found.extend(self._item(item, f"{identity or key}[{index}]", f"{key}[{index}]"))
        return tuple(found)

    def _item(self, item: Node, identity: str, key: str) -> list[Step]:
        if isinstance(item, ScalarNode) and item.kind == "broken":
            return []
        if not isinstance(item, MapNode) or not item.entries:
            what = shown(item, Setting()) if not isinstance(item, MapNode) else "an empty block"
            text = f"must be a task by the name of its kind, not {what}"
            self._findings.refuse(item.location, key, text, 'write "- shell:" and its words below')
            return []
        is_alone = len(item.entries) == 1
        if not is_alone:
            names = ", ".join(entry.key for entry in item.entries)
            text = f"holds several steps: {names}"
            fix = 'begin each with "- ", and indent the words of a task below its kind'
            if self._findings.is_strict:
                self._findings.refuse(item.location, key, text, fix)
                return []
            self._findings.warn(item.location, key, f"{text}; they are done in this order", fix)
        steps = (
            self._step(
                entry,
                identity if is_alone else f"{identity}.{entry.key}",
                key_path(key, entry.key),
            )
            for entry in item.entries
        )
        return [step for step in steps if step is not None]

    def _step(self, entry: Entry, identity: str, key: str) -> Step | None:
        if entry.key in self._structures:
            if not self._findings.is_strict:
                self._findings.needs_schema(entry, key)
                return None
            node = self._words(entry, key)
            return self._structures[entry.key](node, entry, identity, key)
        if entry.key in self._kinds.tasks and self._is_taken(entry, key):
            return self._task(entry, identity, key)
        if entry.key not in self._kinds.tasks:
            self._refuse_kind(entry, key)
        return None

    def _is_taken(self, entry: Entry, key: str) -> bool:
        """Whether a task of this kind may stand in the book."""
        if entry.key != _ASSERT:
            return True
        text = "went away in release 0.4.0"
        fix = "write a mcollective task with assert: and the condition, as idling=true"
        self._findings.tolerate(entry.location, key, text, fix)
        return not self._findings.is_strict

    def _refuse_kind(self, entry: Entry, key: str) -> None:
        if entry.key == "bolt":
            text = "bolt tasks came with release 0.3.0 and went with 0.6.0; they are not done here"
            self._findings.refuse(entry.location, key, text, _BOLT_FIX)
            return
        known = sorted(set(self._kinds.tasks) | set(self._structures))
        meant = nearest(entry.key, known)
        fix = f"did you mean {meant}?" if meant else f"known: {', '.join(known)}"
        self._findings.refuse(entry.location, key, f"{entry.key} is no kind of task", fix)

    def _words(self, entry: Entry, key: str) -> MapNode:
        """What a step says; nothing where it says none."""
        match entry.value:
            case MapNode():
                return entry.value
            case ScalarNode(kind="null" | "broken"):
                return MapNode((), entry.location)
        return self._short(entry, key)

    def _short(self, entry: Entry, key: str) -> MapNode:
        """The words of a step whose main word is said alone: ``- tasks: deploy``."""
        node = entry.value
        main = {"block": "tasks", "parallel": "tasks", "tasks": "list", "playbook": "file"}
        word = main.get(entry.key, "")
        if word and isinstance(node, ScalarNode) == (word != "tasks"):
            return MapNode((Entry(word, node, node.location),), node.location)
        text = f"must be a block of words, not {shown(node, Setting())}"
        self._findings.refuse(node.location, key, text, 'write "word: value" lines below it')
        return MapNode((), node.location)

    def _task(self, entry: Entry, identity: str, key: str) -> TaskSpec | None:
        problems = len(self._findings.problems)
        node = self._words(entry, key)
        if len(self._findings.problems) > problems:
            return None
        record = self._kinds.tasks[entry.key]
        common = task_keys(record, is_strict=self._findings.is_strict)
        words, options = split_entries(node, common)
        options = self._old_options(options, record, key)
        pre_sleep = _ASSERT_PRE_SLEEP_SECONDS if entry.key == _ASSERT else 0.0
        control = self._controls.task(words, key, entry.location, pre_sleep_seconds=pre_sleep)
        check_options(self._findings, record, options, key, entry.location, beside=common)
        return TaskSpec(
            id=identity, type=entry.key, control=control, options=options, location=entry.location
        )

    def _old_options(self, options: MapNode, record: type, key: str) -> MapNode:
        """Options of a task in an old book: symbols are texts, new words are refused."""
        if self._findings.is_strict:
            return options
        own = {item.key for item in fields_of(record)}
        new, rest = split_entries(options, NEW_TASK_KEYS - own)
        for entry in new.entries:
            self._findings.needs_schema(entry, key_path(key, entry.key))
        entries = (
            Entry(entry.key, without_symbols(entry.value), entry.location) for entry in rest.entries
        )
        return MapNode(tuple(entries), rest.location)

    def _block(self, node: MapNode, entry: Entry, identity: str, key: str) -> BlockSpec:
        node = self._structure(_with_serial_list(node), key)
        read: BlockWords | None = self._findings.record(BlockWords, node, key, entry.location)
        nodes = node.get("nodes")
        self._check_batches(node, read, key)
        return BlockSpec(
            id=identity,
            steps=self._inner(node, "tasks", identity, key),
            rescue=self._inner(node, "rescue", identity, key),
            always=self._inner(node, "always", identity, key),
            nodes=None
            if nodes is None
            else self._controls.list_or_template(nodes, key_path(key, "nodes")),
            serial=read.serial if read else (),
            max_fail=read.max_fail if read else None,
            control=self._controls.step(read or BlockWords(tasks=None), node, key),
            location=entry.location,
        )

    def _parallel(self, node: MapNode, entry: Entry, identity: str, key: str) -> BlockSpec:
        node = self._structure(node, key)
        read = self._findings.record(SideBySideWords, node, key, entry.location)
        return BlockSpec(
            id=identity,
            parallel=True,
            steps=self._inner(node, "tasks", identity, key),
            rescue=self._inner(node, "rescue", identity, key),
            always=self._inner(node, "always", identity, key),
            control=self._controls.step(read or SideBySideWords(tasks=None), node, key),
            location=entry.location,
        )

    def _list_call(self, node: MapNode, entry: Entry, identity: str, key: str) -> ListCall:
        node = self._structure(node, key)
        read = self._findings.record(ListCallWords, node, key, entry.location)
        read = read or ListCallWords(list="")
        return ListCall(
            id=identity,
            name=read.list,
            arguments=self._values(node, "arguments", key),
            control=self._controls.step(read, node, key),
            location=entry.location,
        )

    def _book_call(self, node: MapNode, entry: Entry, identity: str, key: str) -> BookCall:
        node = self._structure(node, key)
        read = self._findings.record(BookCallWords, node, key, entry.location)
        read = read or BookCallWords(file="")
        return BookCall(
            id=identity,
            file=read.file,
            inputs=self._values(node, "inputs", key),
            control=self._controls.step(read, node, key),
            location=entry.location,
        )

    def _structure(self, node: MapNode, key: str) -> MapNode:
        """``node`` without words that only tasks have, and those that take no template."""
        tries, rest = split_entries(node, _TRIES)
        for entry in tries.entries:
            text = f"{entry.key} is for tasks"
            self._findings.refuse(
                entry.location, key_path(key, entry.key), text, "write it at the tasks within"
            )
        return self._controls.without_templates(rest, key)

    def _inner(self, node: MapNode, word: str, identity: str, key: str) -> tuple[Step, ...]:
        """A list of steps in a block; empty where it is absent, which other rules judge."""
        entry = next((entry for entry in node.entries if entry.key == word), None)
        if entry is None or (isinstance(entry.value, ScalarNode) and entry.value.kind == "null"):
            return ()
        return self.steps(entry, key_path(key, word), f"{identity}.{word}")

    def _check_batches(self, node: MapNode, read: BlockWords | None, key: str) -> None:
        for word in ("serial", "max_fail"):
            given = node.get(word)
            if given is not None and node.get("nodes") is None:
                text = f"{word} needs nodes, the set whose batches are meant"
                self._findings.refuse(given.location, key_path(key, word), text, "add nodes")
        if read is not None and Share() in read.serial:
            where = node.location
            self._findings.refuse(where, key_path(key, "serial"), "a batch must hold a node")

    def _values(self, node: MapNode, word: str, key: str) -> MapNode:
        """A block of values by name; empty where it is absent."""
        entry = next((entry for entry in node.entries if entry.key == word), None)
        if entry is None:
            return MapNode((), node.location)
        return MapNode(self._findings.entries(entry, key_path(key, word)), entry.value.location)


def _with_serial_list(node: MapNode) -> MapNode:
    """``node`` with a single size of batches as a list of one."""
    entries = (
        Entry(entry.key, ListNode((entry.value,), entry.value.location), entry.location)
        if entry.key == "serial"
        and isinstance(entry.value, ScalarNode)
        and entry.value.kind not in {"null", "broken"}
        else entry
        for entry in node.entries
    )
    return MapNode(tuple(entries), node.location)
