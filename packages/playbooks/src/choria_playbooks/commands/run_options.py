"""Options of ``choria playbook run``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from choria_core.errors import UsageError

SETUP = "What it works with"
CHOOSING = "Which steps"
TELLING = "What is told"

Texts = list[str] | None


@dataclass(frozen=True)
class SetupOptions:
    """What the book works with."""

    documents: Annotated[
        Texts,
        typer.Option(
            "--input",
            metavar="JSON|@FILE",
            help="Inputs as JSON, or in a file of JSON or YAML; they win over their options.",
            rich_help_panel=SETUP,
        ),
    ] = None
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Main file of the client's configuration; the user's own without.",
            exists=True,
            dir_okay=False,
            rich_help_panel=SETUP,
        ),
    ] = None
    modulepath: Annotated[str, typer.Option(hidden=True)] = ""

    def refuse_modulepath(self) -> None:
        """Say what became of an option of the original.

        Raises:
            UsageError: it was given.
        """
        if self.modulepath:
            raise UsageError(
                "--modulepath is for plans in the language of Puppet, which do not run here: "
                "leave it out, and name a playbook in YAML"
            )


@dataclass(frozen=True)
class RehearsalOptions:
    """Whether anything is done at all."""

    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Say what would happen: no program, no connection and no lock.",
        ),
    ] = False
    resolve: Annotated[
        bool,
        typer.Option("--resolve", help="With --check: find nodes and read stores."),
    ] = False

    def require_sense(self) -> None:
        """Make certain that the options go together.

        Raises:
            UsageError: they do not.
        """
        if self.resolve and not self.check:
            raise UsageError("--resolve finds nodes and reads stores for --check: give that too")


@dataclass(frozen=True)
class ChoiceOptions:
    """Which steps are done."""

    tags: Annotated[
        str,
        typer.Option(
            metavar="TAGS", help="Only steps with one of these tags.", rich_help_panel=CHOOSING
        ),
    ] = ""
    skip_tags: Annotated[
        str,
        typer.Option(
            metavar="TAGS", help="No steps with one of these tags.", rich_help_panel=CHOOSING
        ),
    ] = ""
    start_at: Annotated[
        str,
        typer.Option(
            metavar="STEP",
            help="Begin at the step with this description or id.",
            rich_help_panel=CHOOSING,
        ),
    ] = ""
    step: Annotated[
        bool, typer.Option("--step", help="Ask before each step.", rich_help_panel=CHOOSING)
    ] = False
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="REPORT",
            help="Go on behind what the run of this report finished.",
            rich_help_panel=CHOOSING,
        ),
    ] = None
    limit: Annotated[
        str,
        typer.Option(
            "--limit",
            "-I",
            metavar="NODES",
            help="Only these nodes: names with commas between, or @failed of the report of "
            "--resume.",
            rich_help_panel=CHOOSING,
        ),
    ] = ""


@dataclass(frozen=True)
class TellingOptions:
    """What is shown and kept."""

    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Keep a report, in the current folder.", rich_help_panel=TELLING
        ),
    ] = False
    report_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep a report in this file.", rich_help_panel=TELLING),
    ] = None
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print events as JSON lines.", rich_help_panel=TELLING),
    ] = False
    loglevel: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            help="debug, info, warn, error or fatal; as the playbook says without.",
            rich_help_panel=TELLING,
        ),
    ] = ""
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="As --loglevel debug.", rich_help_panel=TELLING),
    ] = False
