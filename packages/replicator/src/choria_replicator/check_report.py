"""A check on paper: for people, or in JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.text import Text

from choria_core.errors import ChoriaError
from choria_replicator.check import Finding


@dataclass(frozen=True, slots=True)
class MachineFinding:
    """What would be done on this machine, whatever the entry.

    Attributes:
        steps: a sentence each.
        errors: why it would not work.
    """

    steps: tuple[str, ...] = ()
    errors: tuple[ChoriaError, ...] = ()


def print_check(findings: Sequence[Finding], machine: MachineFinding, *, as_json: bool) -> None:
    """Print what was found.

    Args:
        findings: one for each entry.
        machine: its steps are for people only.
        as_json: a list with an object for each entry.

    Raises:
        ExceptionGroup: of all that would not work.
    """
    if as_json:
        typer.echo(json.dumps([_as_json(finding) for finding in findings], indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            _print(console, finding)
        for step in machine.steps:
            console.print(Text(step))
    errors = [
        *machine.errors,
        *(finding.error for finding in findings if finding.error is not None),
    ]
    if errors:
        raise ExceptionGroup("this would fail", errors)


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "entry": finding.settings.worker,
        "source": str(finding.settings.source),
        "stream": finding.stream,
        "messages": finding.messages,
        "target": str(finding.settings.target),
        "target_stream": finding.target_stream,
        "steps": list(finding.steps),
        "error": str(finding.error) if finding.error else None,
    }


def _print(console: Console, finding: Finding) -> None:
    settings = finding.settings
    head = Text(settings.worker, style="bold")
    head.append(
        f": {finding.stream or '?'} at {settings.source} "
        f"→ {finding.target_stream or '?'} at {settings.target}",
        style="not bold",
    )
    console.print(head)
    if finding.error is None:
        console.print(f"  the source holds {finding.messages:,} messages")
    for step in finding.steps:
        console.print(Text(f"  {step}"))
