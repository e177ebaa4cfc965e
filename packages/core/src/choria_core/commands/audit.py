"""``choria audit``: what callers were allowed to do, by the logs of nodes."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from choria_core.errors import WorkError
from choria_core.event_loop import Stop, run_until_stopped

if TYPE_CHECKING:
    from choria_core.audit.choosing import Choice
    from choria_core.audit.entry import AuditEntry
    from choria_core.audit.log_file import AuditLogFile

_BATCH: Final = 500
_LOOK_SECONDS: Final = 0.2
_MOST_TOLD: Final = 20


def _names(what: str) -> Any:
    """An option that names what entries shall have."""
    text = f"Only of this {what}, or /regular expression/; may be given several times."
    return typer.Option(f"--{what}", metavar="NAME", help=text)


def audit(  # noqa: PLR0913 - each is an option
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE", help="Audit logs, in JSON or as text; also compressed, as .gz."
        ),
    ],
    *,
    caller: Annotated[list[str] | None, _names("caller")] = None,
    agent: Annotated[list[str] | None, _names("agent")] = None,
    action: Annotated[list[str] | None, _names("action")] = None,
    sender: Annotated[list[str] | None, _names("sender")] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="WHEN", help="Only since then: 2h or 7d ago, or 2026-11-23 09:30 in UTC."
        ),
    ] = "",
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on with what is written, also after a rotation."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", "-j", help="Print JSON, an entry a line.")] = (
        False
    ),
) -> None:
    """Show what callers were allowed to do.

    The entries of several files stand in the order of their times.

    Lines that are no entries are named on standard error and left out.  Where there were some
    it ends with 1; where a file cannot be read, with 2.
    """
    from choria_core.audit.choosing import Choice, Names, since_ns
    from choria_core.audit.log_file import AuditLogFile

    choice = Choice(
        callers=Names.read("--caller", caller or ()),
        senders=Names.read("--sender", sender or ()),
        agents=Names.read("--agent", agent or ()),
        actions=Names.read("--action", action or ()),
        since_ns=since_ns(since, now_ns=time.time_ns()) if since else 0,
    )
    broken = _Broken()
    show = _printer(as_json=as_json)
    with ExitStack() as opened:
        logs = [
            opened.enter_context(AuditLogFile(file, report=broken.tell, is_growing=follow))
            for file in files
        ]
        if follow:
            run_until_stopped(lambda stop: _follow(logs, choice, show, stop))
            return
        for batch in _batches(logs, choice):
            show(batch)
    if broken.count:
        lines = "line is" if broken.count == 1 else "lines are"
        raise WorkError(f"{broken.count} {lines} no entry of an audit log")


class _Broken:
    """Counts lines that are no entries."""

    def __init__(self) -> None:
        self.count = 0

    def tell(self, problem: str) -> None:
        """Tell of one."""
        self.count += 1
        if self.count <= _MOST_TOLD:
            typer.echo(f"warning: {problem}", err=True)
        elif self.count == _MOST_TOLD + 1:
            typer.echo("warning: more lines are no entries", err=True)


def _printer(*, as_json: bool) -> "Callable[[Sequence[AuditEntry]], None]":
    from choria_core.presentation.audit_report import AuditTable, audit_json

    table = AuditTable()

    def show(entries: "Sequence[AuditEntry]") -> None:
        typer.echo(audit_json(entries) if as_json else table.lines(entries), nl=False)

    return show


def _batches(logs: "Sequence[AuditLogFile]", choice: "Choice") -> "Iterator[Sequence[AuditEntry]]":
    """The new entries that are chosen, some at a time; raises UsageError."""
    from choria_core.audit.log_file import merged

    chosen = filter(choice.takes, merged(logs))
    while batch := list(itertools.islice(chosen, _BATCH)):
        yield batch


async def _follow(
    logs: "Sequence[AuditLogFile]",
    choice: "Choice",
    show: "Callable[[Sequence[AuditEntry]], None]",
    stop: Stop,
) -> None:
    while not stop.is_set():
        for batch in _batches(logs, choice):
            show(batch)
            await asyncio.sleep(0)
            if stop.is_set():
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)
