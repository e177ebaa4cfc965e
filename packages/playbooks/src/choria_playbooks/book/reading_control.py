"""What all steps of a book can say: tries, conditions, loops, locks.  Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from choria_core.config.problems import Location, key_path
from choria_core.config.schema import Setting, fields_of
from choria_core.config.value import shown
from choria_core.config.yaml_nodes import ListNode, MapNode, Node, ScalarNode
from choria_playbooks.book.findings import Findings
from choria_playbooks.book.looking import holds_marker, is_lone_marker, split_entries
from choria_playbooks.book.model import Control, LockSpec
from choria_playbooks.book.names import is_name
from choria_playbooks.book.reading_locks import LockReader
from choria_playbooks.book.words import StepWords, StrictTaskWords, TaskWords
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.grammar import parse_when

_TASK_KEYS: Final = tuple(item.key for item in fields_of(TaskWords))
_STRICT_TASK_KEYS: Final = tuple(item.key for item in fields_of(StrictTaskWords))
_UNTEMPLATED: Final = frozenset((*_STRICT_TASK_KEYS, "list", "serial", "max_fail")) - {
    "description",
    "loop",
    "lock",
}

NEW_TASK_KEYS: Final = frozenset(_STRICT_TASK_KEYS) - frozenset(_TASK_KEYS)
"""Words of tasks that only strict books have."""


def task_keys(record: type, *, is_strict: bool) -> tuple[str, ...]:
    """The words that all tasks have; a new one that the kind has itself is the kind's."""
    own = {item.key for item in fields_of(record)}
    if not is_strict:
        return _TASK_KEYS
    return tuple(key for key in _STRICT_TASK_KEYS if key in _TASK_KEYS or key not in own)


class ControlReader:
    """Reads these words of one book's steps.

    Args:
        findings: is told what is wrong.
        locks: reads locks.

    Attributes:
        registered: names that steps register, and where.
    """

    def __init__(self, findings: Findings, locks: LockReader) -> None:
        self.registered: dict[str, Location] = {}
        self._findings = findings
        self._locks = locks

    def task(
        self, words: MapNode, key: str, where: Location, *, pre_sleep_seconds: float
    ) -> Control:
        """Of a task.

        Args:
            words: those of :func:`task_keys` that are given.
            key: dotted path of the task.
            where: it stands.
            pre_sleep_seconds: where the task does not say.
        """
        node = self.without_templates(words, key)
        if self._findings.is_strict:
            read = self._findings.record(StrictTaskWords, node, key, where) or StrictTaskWords()
            return replace(
                self.step(read, node, key),
                tries=read.tries,
                try_sleep_seconds=read.try_sleep,
                backoff=read.backoff,
                most_try_sleep_seconds=read.max_try_sleep,
                pre_sleep_seconds=read.pre_sleep,
                timeout_seconds=read.timeout,
            )
        old = self._findings.record(TaskWords, node, key, where) or TaskWords()
        if node.get("pre_sleep") is not None:
            pre_sleep_seconds = old.pre_sleep
        return Control(
            description=old.description,
            tries=old.tries,
            try_sleep_seconds=old.try_sleep,
            pre_sleep_seconds=pre_sleep_seconds,
            fail_ok=old.fail_ok,
            places=_places(node),
        )

    def step(self, read: StepWords, node: MapNode, key: str) -> Control:
        """Of a step that is no task, whose words are ``read`` from ``node``."""
        return Control(
            description=read.description,
            fail_ok=read.fail_ok,
            when=self._condition(node, key_path(key, "when")),
            loop=self._loop(node, key_path(key, "loop")),
            register=self._register(node, key_path(key, "register")),
            tags=read.tags,
            lock=self._lock(node, key_path(key, "lock")),
            no_log=read.no_log,
            places=_places(node),
        )

    def without_templates(self, node: MapNode, key: str) -> MapNode:
        """``node`` without those words that hold a template and take none; they are refused."""
        marked = [
            entry.key
            for entry in node.entries
            if entry.key in _UNTEMPLATED and holds_marker(entry.value, self._findings.dialect)
        ]
        wrong, right = split_entries(node, marked)
        for entry in wrong.entries:
            text = "takes no template"
            fix = "write the value itself"
            if entry.key == "when":
                fix = "name what is asked for without braces, as inputs.name"
            self._findings.refuse(entry.value.location, key_path(key, entry.key), text, fix)
        return right

    def list_or_template(self, node: Node, key: str) -> Node | None:
        """``node``, where it is a list or one marker alone; else it is refused."""
        if isinstance(node, ListNode) or is_lone_marker(node, self._findings.dialect):
            return node
        if not (isinstance(node, ScalarNode) and node.kind == "broken"):
            text = f"must be a list or a template of one, not {shown(node, Setting())}"
            self._findings.refuse(node.location, key, text, 'as "{{ nodes.web }}" or [a, b]')
        return None

    def _condition(self, node: MapNode, key: str) -> Condition | None:
        given = node.get("when")
        if not isinstance(given, ScalarNode) or given.kind in {"null", "broken"}:
            return None
        try:
            return parse_when(given.text)
        except ConditionError as error:
            self._findings.refuse(given.location, key, f"is no condition: {error}")
            return None

    def _loop(self, node: MapNode, key: str) -> Node | None:
        given = node.get("loop")
        return None if given is None else self.list_or_template(given, key)

    def _register(self, node: MapNode, key: str) -> str:
        given = node.get("register")
        if not isinstance(given, ScalarNode) or given.kind in {"null", "broken"}:
            return ""
        name, where = given.text, given.location
        if not is_name(name):
            text = "is no name that a template can hold"
            self._findings.refuse(where, key, text, "use letters, digits, - and _")
        elif name in self.registered:
            line = self.registered[name].line
            text = f"another step registers {name}, on line {line}"
            self._findings.refuse(where, key, text, "give one of them another name")
        self.registered.setdefault(name, where)
        return name

    def _lock(self, node: MapNode, key: str) -> LockSpec | None:
        given = node.get("lock")
        return None if given is None else self._locks.lock(given, key, takes_templates=True)


def _places(node: MapNode) -> Mapping[str, Location]:
    return {entry.key: entry.value.location for entry in node.entries}
