"""Going on with a run: its report, the inputs that it kept, the nodes that failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from choria_core.errors import UsageError

if TYPE_CHECKING:
    from choria_playbooks.book.model import Book
    from choria_playbooks.engine.request import Resumption
    from choria_playbooks.report.reading import Report

FAILED_NODES: Final = "@failed"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that is to be resumed.

    Attributes:
        report: what it left.
        resumption: what the engine needs of it.
    """

    report: "Report"
    resumption: "Resumption"

    def completed(self, book: "Book", given: Mapping[str, Any]) -> dict[str, Any]:
        """``given``, and what the run was given for all other inputs.

        Raises:
            UsageError: an input had a secret in it, which reports never hold.
        """
        from choria_playbooks.inputs.command_line import option_of

        hidden = [
            option_of(one)
            for name, one in book.inputs.items()
            if name not in given and not one.is_secret and _hides(self.report.static.get(name))
        ]
        if hidden:
            raise UsageError(
                f"{self.report.file} hides what {', '.join(hidden)} had, as a secret was in it: "
                "give it again"
            )
        kept = self.resumption.inputs
        return {name: kept[name] for name in book.inputs if kept.get(name) is not None} | {**given}


def open_earlier(file: Path, book: "Book") -> Earlier:
    """The run that left the report ``file``.

    Raises:
        UsageError: it cannot be resumed: the book was changed, or there is nothing left to do.
        InvalidConfigError: the file is no report.
    """
    from choria_playbooks.commands.report import open_report
    from choria_playbooks.report.reading import resumption

    report = open_report(file)
    found = resumption(report)
    if found.digest != book.digest:
        name = report.playbook.get("file") or report.playbook.get("name")
        raise UsageError(
            f"{file} is of a run of {name}, and {book.file} is not what ran then: its steps "
            "cannot be told apart from those of old; run the playbook from its beginning"
        )
    return Earlier(report, found)


def chosen_nodes(limit: str, earlier: Earlier | None) -> frozenset[str] | None:
    """The nodes of ``--limit``; None for all.

    Raises:
        UsageError: it names none, or asks for those that failed in a run that is not given.
    """
    if not limit:
        return None
    if limit != FAILED_NODES:
        names = frozenset(words_of(limit))
        if not names:
            raise UsageError("--limit names no nodes")
        return names
    if earlier is None:
        raise UsageError(f"--limit {FAILED_NODES} needs the report of the run: give --resume too")
    known = {node for nodes in earlier.report.nodes.values() for node in nodes}
    failed = earlier.resumption.failed_nodes & known
    if not failed:
        raise UsageError(f"--limit {FAILED_NODES}: no node failed in {earlier.report.file}")
    return failed


def words_of(text: str) -> list[str]:
    """Words with commas between them."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _hides(value: object) -> bool:
    """Whether there is something in a value that a report does not show."""
    from choria_core.telemetry.redaction import HIDDEN

    match value:
        case str():
            return HIDDEN in value
        case Mapping():
            return any(_hides(item) for item in (*value.keys(), *value.values()))
        case list():
            return any(_hides(item) for item in value)
    return False
