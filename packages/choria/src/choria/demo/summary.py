"""What is printed when the demonstration is over."""

import shlex

from rich.console import Console
from rich.table import Table
from rich.text import Text

from choria.demo.network_files import CENTRE, SITE
from choria.demo.screen import audit_text
from choria.demo.story import Outcome
from choria_core.network_config.protection import ALL_OFF


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The figures."""
    table = Table(title="nodes → dc1 → central", show_header=False, title_style="bold")
    table.add_column(style="bold")
    table.add_column(justify="right")
    rows = (
        ("nodes", outcome.nodes),
        ("registrations published", outcome.registrations),
        ("acknowledged in dc1", outcome.acknowledged),
        ("dropped", outcome.dropped),
        ("copied to central", outcome.copied),
        ("sampled away", outcome.sampled_away),
    )
    for name, count in rows:
        table.add_row(name, f"{count:,}")
    table.add_row("order verified", "[green]yes[/green]")
    table.add_row("nodes called by the playbook", f"{outcome.called:,}")
    table.add_row("entries of audit logs", f"{outcome.audited:,}")
    table.add_row("time", f"{outcome.seconds:.0f} s")
    console.print(table)
    console.print("the last entries of audit logs:")
    for found in outcome.last_audited:
        console.print(Text("  ").append_text(audit_text(found)), soft_wrap=True)


def print_pages(console: Console, outcome: Outcome) -> None:
    """What to look at and to type while it is served."""
    for name, url in outcome.urls.items():
        console.print(f"{name + ':':20}{url}", soft_wrap=True)
    file = shlex.quote(str(outcome.client_file))
    console.print("ask the nodes in another terminal:")
    console.print(f"  {ALL_OFF}=true choria ping --config {file}", soft_wrap=True)
    console.print("Ctrl-C ends all of it")


def print_kept(console: Console, outcome: Outcome) -> None:
    """Brokers that stay, and how they are ended."""
    if not outcome.kept:
        return
    for name, broker in zip((SITE, CENTRE), outcome.kept, strict=True):
        console.print(f"{name} is still running at {broker.url} (process {broker.pid})")
    pids = " ".join(str(broker.pid) for broker in outcome.kept)
    console.print(f"stop them with: kill {pids} && rm -r {outcome.folder}", soft_wrap=True)
