"""What a book does: what a kind of task implements."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from choria_core.playbook.outcome import HostResult, Outcome
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench

__all__ = ("HostResult", "Outcome", "Task", "TaskRun")


class TaskRun(Protocol):
    """One try of a task, as its kind sees it."""

    @property
    def book(self) -> str:
        """Name of the playbook."""

    @property
    def description(self) -> str:
        """Of the task, filled in."""

    @property
    def caller(self) -> str:
        """Who runs the book, as ``up=rip``."""

    @property
    def lock_token(self) -> int | None:
        """Of the innermost lock that is held; None without one."""

    @property
    def bench(self) -> Workbench:
        """What the run lends."""

    @property
    def stores(self) -> Stores:
        """The book's data stores."""

    def line(self, text: str) -> None:
        """A line of output, shown while the task runs; control characters are escaped."""

    def warn(self, text: str) -> None:
        """Something that people should know although the task goes on."""

    def waiting_for(self, nodes: Sequence[str]) -> None:
        """It is known which nodes are asked: they are shown as waiting."""

    def answered(self, node: str, result: HostResult) -> None:
        """One of them is done."""


class Task(Protocol):
    """A kind of task; one object does all tasks of its kind in a run.

    Attributes:
        Options: a frozen dataclass; what the book may say beyond the common words.
    """

    Options: ClassVar[type]

    async def run(self, options: Any, run: TaskRun) -> Outcome:
        """Try it once; cancelled at a timeout, when the run is stopped or a lock is lost.

        Whatever it raises makes the try fail, with the error as its message.
        """

    def foretell(self, options: Any) -> str:
        """What :meth:`run` would do, in one line for ``--check``; nothing is done."""
