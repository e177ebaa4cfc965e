"""Audit files of nodes: a line of JSON for each action that a caller was allowed."""

from pathlib import Path
from typing import Final

from choria_core.audit.appending import AuditFile
from choria_core.audit.entry import entry_of
from choria_core.audit.json_lines import json_head, json_tail
from choria_core.errors import ConfigError, WorkError
from choria_core.telemetry.logs import get_logger
from choria_emulator.node.task import Task

PLACE: Final = "%s"
_MODE: Final = 0o600


class AuditLog:
    """Writes one file for each node; what cannot be written is counted and warned of.

    Args:
        pattern: path with ``%s`` for the name of the node.

    Attributes:
        lost: lines that could not be written.

    Raises:
        ConfigError: the pattern has not exactly one ``%s``.
    """

    def __init__(self, pattern: str) -> None:
        check_pattern(pattern)
        self._pattern = pattern
        self._last: tuple[Task | None, bytes] = None, b""
        self.lost = 0

    def record(self, identity: str, task: Task, *, now_ns: int) -> None:
        """Write that ``identity`` did what was asked, unless it is of no action."""
        tail = self._tail(task)
        if not tail:
            return
        path = Path(self._pattern.replace(PLACE, identity))
        try:
            AuditFile(path, mode=_MODE).append(json_head(now_ns) + tail)
        except WorkError as error:
            if self.lost == 0:
                get_logger("choria.emulator").error("audit is lost", cause=str(error))
            self.lost += 1

    def _tail(self, task: Task) -> bytes:
        """What the lines of all nodes end with; empty for none."""
        if self._last[0] is not task:
            self._last = task, _tail(task)
        return self._last[1]


def _tail(task: Task) -> bytes:
    if task.call is None or task.action is None:
        return b""
    request = task.opened.request
    return json_tail(entry_of(request, task.call, sensitive=task.action.sensitive, time_ns=0))


def check_pattern(pattern: str) -> None:
    """Raise ConfigError unless ``pattern`` has exactly one ``%s``, and its folder is there."""
    if pattern.count(PLACE) != 1:
        raise ConfigError(
            f"--audit {pattern}: write %s once, where the name of the node shall stand, "
            "as /var/log/choria-audit-%s.log"
        )
    folder = Path(pattern).parent
    if PLACE not in str(folder) and not folder.is_dir():
        raise ConfigError(f"--audit {pattern}: {folder} is no folder: make it first")
