"""The audit logs of all nodes, read as they grow."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from choria_core.audit.entry import AuditEntry
from choria_core.audit.log_file import AuditLogFile
from choria_core.errors import WorkError

SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """An entry of the log of one node.

    Attributes:
        node: whose log has it.
        entry: what was done there.
    """

    node: str
    entry: AuditEntry


class AuditWatch:
    """Counts entries and keeps the last ones.

    A context manager: it lets go of the logs at its end.

    Args:
        logs: the file of each node, which is called as the node; it may not be there yet.

    Attributes:
        count: entries so far.
        last: the newest of them, the oldest first.
    """

    def __init__(self, logs: Iterable[Path]) -> None:
        self.count = 0
        self.last: list[NodeEntry] = []
        self._stack = contextlib.ExitStack()
        self._logs = [AuditLogFile(log, report=_refuse, is_growing=True) for log in logs]

    def look(self) -> None:
        """Take what is new.

        Raises:
            UsageError: a log cannot be read.
            WorkError: it has a line that is no entry.
        """
        new = [NodeEntry(log.path.stem, entry) for log in self._logs for entry in log.new_entries()]
        new.sort(key=lambda found: found.entry.time_ns)
        self.count += len(new)
        self.last = [*self.last, *new][-SHOWN:]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as attempt:
            for log in self._logs:
                attempt.enter_context(log)
            self._stack = attempt.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _refuse(problem: str) -> None:
    raise WorkError(f"an audit log is broken: {problem}")
