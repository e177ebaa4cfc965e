"""How a call goes on, on a terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class CallProgress:
    """A line on standard error: nodes are looked for, then how many answered.

    It is gone when the call is over, and never there where standard error is no terminal.

    Args:
        label: what is called.
        is_shown: whether it is wanted at all.
    """

    def __init__(self, label: str, *, is_shown: bool = True) -> None:
        self._label = label
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._is_shown = is_shown and sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._is_shown:
            self._progress = _progress()
            self._progress.start()
            self._task = self._progress.add_task(
                f"{self._label}: looking for nodes", total=None, told=""
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def found(self, nodes: int) -> None:
        """So many are called; 0 where that is unknown."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=self._label, total=nodes or None)

    def answered(self, nodes: int, *, failed: int) -> None:
        """So many answered, and so many of those failed."""
        if self._progress is not None and self._task is not None:
            told = f"{failed} failed" if failed else ""
            self._progress.update(self._task, completed=nodes, told=told)


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}", style="red", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
