"""What a report gains between two times that it is written as a whole.  Pure.

Entries are added to the file, so that a task costs as much in a long run as in a short one.
Each ends in a line of its own, by which one is told of whose writing the run was killed.
"""

from collections.abc import Iterator
from typing import Final

from choria_playbooks.report.yaml_lines import block, sequence

KEY: Final = "journal"
_HEAD: Final = f"{KEY}:\n"
_END: Final = "\n  end: true\n"
_MOST_CHARS: Final = 8 << 20


class Journal:
    """The next entry.

    Attributes:
        is_full: so much came that the report must be written as a whole.
    """

    __slots__ = ("_books", "_chars", "_is_empty", "_logs", "_nodes", "_steps", "_tasks", "is_full")

    def __init__(self) -> None:
        self._is_empty = True
        self.clear()

    def clear(self) -> None:
        """All of it is in the file."""
        self.is_full = False
        self._chars = 0
        self._tasks: list[str] = []
        self._steps: list[str] = []
        self._logs: list[str] = []
        self._nodes: dict[str, list[str]] = {}
        self._books: dict[str, str] = {}

    def written_whole(self) -> None:
        """The file is new, and has no journal."""
        self._is_empty = True
        self.clear()

    def add_task(self, text: str) -> None:
        """A task is over; ``text`` is an item of the report."""
        self._tasks.append(text)

    def add_step(self, text: str) -> None:
        """The same of a step that holds others."""
        self._steps.append(text)

    def add_nodes(self, name: str, nodes: list[str]) -> None:
        """A node set was found."""
        self._nodes[name] = nodes

    def add_book(self, identity: str, digest: str) -> None:
        """Another book was read, for the step ``identity``."""
        self._books[identity] = digest

    def add_log(self, text: str) -> None:
        """A line was said."""
        self._chars += len(text)
        if self._chars > _MOST_CHARS:
            self.is_full = True
            self._logs.clear()
        else:
            self._logs.append(text)

    def entry(self, *rest: str) -> str:
        """What is to be added to the file.

        Args:
            rest: sections of the report that take the place of earlier ones.
        """
        head = _HEAD if self._is_empty else ""
        self._is_empty = False
        text = "".join((*self._sections(), *rest)).removesuffix("\n")
        self.clear()
        return "".join((head, "- ", text.replace("\n", "\n  "), _END))

    def _sections(self) -> Iterator[str]:
        for name, entries in (("nodes", self._nodes), ("books", self._books)):
            if entries:
                yield from block(name, entries)
        for key, items in (("tasks", self._tasks), ("steps", self._steps), ("logs", self._logs)):
            if items:
                yield from sequence(key, items)


def without_torn_end(text: str) -> str:
    """The text of a report without an entry that was not written to its end."""
    start = text.find(f"\n{_HEAD}")
    if start < 0:
        whole, _, rest = text.rpartition("\n")
        return f"{whole}\n" if rest and _HEAD.startswith(rest) else text
    end = text.rfind(_END, start)
    return text[: end + len(_END)] if end >= 0 else text[: start + 1]
