"""What is found wrong or odd in a book while it is read.  Pure."""

from collections.abc import Callable, Iterable
from typing import Any

from choria_core.config.problems import Location, Problem, at
from choria_core.config.record import BROKEN, RecordReader, Unknown
from choria_core.config.schema import Setting
from choria_core.config.value import shown
from choria_core.config.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from choria_playbooks.book.model import STRICT

NEEDS_SCHEMA = "needs schema: 1"
"""Said of what old books cannot have."""

SCHEMA_FIX = "write schema: 1 at the top of the book, which makes its rules strict"


class Findings:
    """Gathers problems and warnings, so that all are told at once.

    Attributes:
        dialect: LEGACY or STRICT.
        problems, warnings: so far.
    """

    def __init__(self, dialect: int) -> None:
        self.dialect = dialect
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    @property
    def is_strict(self) -> bool:
        """Whether the book says ``schema: 1``."""
        return self.dialect == STRICT

    def refuse(self, where: Location, key: str, text: str, fix: str = "") -> None:
        """Something is wrong."""
        self.problems.append(at(where, key, text, fix))

    def warn(self, where: Location, key: str, text: str, fix: str = "") -> None:
        """Something is odd."""
        self.warnings.append(at(where, key, text, fix))

    def tolerate(self, where: Location, key: str, text: str, fix: str = "") -> None:
        """Something is odd in an old book, and wrong in a strict one."""
        (self.refuse if self.is_strict else self.warn)(where, key, text, fix)

    def needs_schema(self, entry: Entry, key: str) -> None:
        """An old book says what only strict ones can."""
        self.refuse(entry.location, key, NEEDS_SCHEMA, SCHEMA_FIX)

    def entries(self, entry: Entry, key: str) -> tuple[Entry, ...]:
        """What is in a block of names; none where it is no such block, which is refused."""
        match entry.value:
            case MapNode():
                return entry.value.entries
            case ScalarNode(kind="broken"):
                return ()
            case ScalarNode(kind="null"):
                fix = f"write {entry.key}: {{}}, or remove it"
                self.refuse(entry.location, key, "has no value", fix)
            case other:
                text = f"must be a block of names, not {shown(other, Setting())}"
                self.refuse(other.location, key, text, 'write "name: value" lines')
        return ()

    def items(self, entry: Entry, key: str) -> tuple[Node, ...]:
        """What is in a list; none where it is no list, which is refused."""
        match entry.value:
            case ListNode():
                return entry.value.items
            case ScalarNode(kind="broken"):
                return ()
            case ScalarNode(kind="null"):
                fix = f"write {entry.key}: [], or remove it"
                self.refuse(entry.location, key, "has no value", fix)
            case other:
                text = f"must be a list, not {shown(other, Setting())}"
                fix = 'write one line beginning with "- " for each'
                self.refuse(other.location, key, text, fix)
        return ()

    def record(
        self,
        kind: type,
        node: MapNode,
        key: str,
        where: Location,
        *,
        is_later: Callable[[Node], bool] | None = None,
        beside: Iterable[str] = (),
    ) -> Any | None:
        """A record of ``kind``; None where something is wrong, or known only later.

        Args:
            kind: a class of settings.
            node: its block.
            key: where that stands in the book.
            where: what to name where the block as a whole is at fault.
            is_later: as of :class:`RecordReader`.
            beside: keys that are known around the block, for suggestions.
        """
        unknown: Unknown = "error" if self.is_strict else "warn"
        reader = RecordReader(kind, unknown=unknown, is_later=is_later, beside=beside)
        value = reader.record(kind, node, key, where)
        self.problems += reader.problems
        # an unknown key beside a missing one is often that key, misspelt
        (self.problems if value is BROKEN else self.warnings).extend(reader.warnings)
        return value if isinstance(value, kind) else None
