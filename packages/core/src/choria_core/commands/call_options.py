"""The options of ``choria rpc`` that say how many are called, and what is shown."""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.commands.filter_options import NODES
from choria_core.errors import UsageError

if TYPE_CHECKING:
    from choria_core.client.records import Limit

PACE = "How they are called"
SHOWN = "What is shown"


class Form(enum.Enum):
    """How replies are printed."""

    TEXT = "text"
    JSON = "json"
    JSON_LINES = "jsonl"
    TABLE = "table"
    SENDERS = "senders"


class Shown(enum.Enum):
    """Which replies are shown."""

    OK = "ok"
    FAILED = "failed"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class PaceOptions:
    """How many of the nodes are called, and how fast."""

    limit: Annotated[
        str,
        typer.Option(
            metavar="N|N%", help="Call so many of the nodes, or so many %.", rich_help_panel=NODES
        ),
    ] = ""
    limit_seed: Annotated[
        int | None,
        typer.Option(
            metavar="SEED", help="Choose the same nodes at each call.", rich_help_panel=NODES
        ),
    ] = None
    batch: Annotated[
        int,
        typer.Option(
            metavar="SIZE",
            min=0,
            show_default=False,
            help="So many at a time.",
            rich_help_panel=PACE,
        ),
    ] = 0
    batch_sleep: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, help="From one batch to the next.", rich_help_panel=PACE
        ),
    ] = 1.0
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            "-t",
            metavar="SECONDS",
            min=0,
            help="Longest wait for replies; the agent says it without.",
            rich_help_panel=PACE,
        ),
    ] = None
    workers: Annotated[
        int,
        typer.Option(
            metavar="COUNT", min=1, help="Connections that receive replies.", rich_help_panel=PACE
        ),
    ] = 1
    reply_to: Annotated[
        str,
        typer.Option(
            "--reply-to",
            "-r",
            metavar="SUBJECT",
            help="Send replies there, and only print the id of the request.",
            rich_help_panel=PACE,
        ),
    ] = ""

    def chosen_limit(self) -> "Limit | None":
        """How many are called; None for all.

        Raises:
            UsageError: it is no number or share.
        """
        from choria_core.client.limits import parse_limit

        if self.limit:
            return parse_limit(self.limit, seed=self.limit_seed)
        if self.limit_seed is not None:
            raise UsageError("--limit-seed chooses for --limit: give that too")
        return None


@dataclass(frozen=True)
class ShowOptions:
    """What is printed of the replies, and where."""

    as_json: Annotated[
        bool, typer.Option("--json", "-j", help="Print JSON.", rich_help_panel=SHOWN)
    ] = False
    json_lines: Annotated[
        bool,
        typer.Option(
            "--jsonl", help="Print a line of JSON for each reply at once.", rich_help_panel=SHOWN
        ),
    ] = False
    as_table: Annotated[
        bool,
        typer.Option("--table", help="Print what succeeded as a table.", rich_help_panel=SHOWN),
    ] = False
    senders: Annotated[
        bool,
        typer.Option(
            "--senders", help="Print the names of nodes that succeeded.", rich_help_panel=SHOWN
        ),
    ] = False
    display: Annotated[
        Shown | None,
        typer.Option(help="Show these replies; the action says it without.", rich_help_panel=SHOWN),
    ] = None
    filter_replies: Annotated[
        str,
        typer.Option(
            metavar="EXPR",
            help="Show replies of which this is true, as 'ok() && data(\"idling\") != true'.",
            rich_help_panel=SHOWN,
        ),
    ] = ""
    sort: Annotated[
        bool, typer.Option("--sort", help="Show replies by sender.", rich_help_panel=SHOWN)
    ] = False
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show all that is known.", rich_help_panel=SHOWN),
    ] = False
    no_progress: Annotated[
        bool, typer.Option("--np", help="Show no progress.", rich_help_panel=SHOWN)
    ] = False
    output_file: Annotated[
        Path | None,
        typer.Option(
            "--output-file", "-o", help="Write there.", dir_okay=False, rich_help_panel=SHOWN
        ),
    ] = None

    @property
    def form(self) -> Form:
        """How replies are printed; ``--senders`` goes with ``--json``.

        Raises:
            UsageError: two forms are asked for.
        """
        asked = {
            Form.JSON: self.as_json and not self.senders,
            Form.JSON_LINES: self.json_lines,
            Form.TABLE: self.as_table,
            Form.SENDERS: self.senders,
        }
        forms = [form for form, is_asked in asked.items() if is_asked]
        if len(forms) > 1:
            names = " and ".join(f"--{form.value}" for form in forms)
            raise UsageError(f"{names} exclude each other: give one of them")
        return forms[0] if forms else Form.TEXT
