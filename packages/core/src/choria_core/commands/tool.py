"""``choria tool``: look at how this machine is set up."""

from pathlib import Path
from typing import Annotated

import typer

from choria_core.errors import UsageError

app = typer.Typer(help="Look at how this machine is set up.")


@app.callback()
def _group() -> None:
    """Look at how this machine is set up."""


@app.command()
def config(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Show only these keys, and those that hold one of these words."),
    ] = None,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--config", help="Main file; a client's is looked for without.", dir_okay=False
        ),
    ] = None,
    server: Annotated[
        bool, typer.Option("--server/--client", help="What a server reads, or a client.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every key of the Choria configuration, its value, and where that comes from.

    Passwords and their like are not shown.  What is wrong with the files goes to standard
    error behind it.
    """
    from choria_core.network_config.keys import Side
    from choria_core.network_config.listing import as_documents, as_lines, select
    from choria_core.network_config.load import find_settings
    from choria_core.network_config.sources import user_file
    from choria_core.network_config.this_host import this_host

    if server and file is None:
        raise UsageError("--server needs --config: a server's file has no usual place")
    host = this_host()
    side = Side.SERVER if server else Side.CLIENT
    findings = find_settings(side, file or user_file(host.home), host)
    rows = select(findings.settings, keys or ())
    if as_json:
        _print_json(as_documents(rows))
    else:
        typer.echo("\n".join(as_lines(rows)))
    for warning in findings.warnings:
        typer.echo(f"warning: {warning}", err=True)
    findings.require()


def _print_json(documents: list[dict[str, object]]) -> None:
    import json

    typer.echo(json.dumps(documents, indent=2))
