"""``choria tool``: look at how this machine is set up."""

from pathlib import Path
from typing import Annotated, Any

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


def _age(text: str) -> Any:
    """An option that takes a duration."""
    return typer.Option(help=f"{text}; 0 switches it off.", parser=_duration, metavar="DURATION")


def _duration(text: str) -> float:
    from choria_core.durations import parse_choria_duration
    from choria_core.errors import ConfigError

    try:
        return parse_choria_duration(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def status(  # noqa: PLR0913 - each is an option
    *,
    status_file: Annotated[Path, typer.Option(help="The file to look at.", dir_okay=False)],
    disconnected: Annotated[
        bool,
        typer.Option("--disconnected/--no-disconnected", help="Fail when it is not connected."),
    ] = True,
    message_since: Annotated[float, _age("Longest time without a request")] = "1h",  # type: ignore[assignment]  # parsed
    max_age: Annotated[float, _age("Greatest age of the file")] = "30m",  # type: ignore[assignment]
    certificate_age: Annotated[float, _age("Least life left to its certificate")] = "24h",  # type: ignore[assignment]
    token_age: Annotated[float, _age("Least life left to its token")] = "24h",  # type: ignore[assignment]  # noqa: S107 - no password
    unprovisioned: Annotated[
        bool, typer.Option("--unprovisioned", help="Fail when it is not in provisioning mode.")
    ] = False,
    provisioned: Annotated[
        bool, typer.Option("--provisioned", help="Fail when it is in provisioning mode.")
    ] = False,
) -> None:
    """Check the health of a running server by its status file.

    Ends with 0 when all is well, else with 1.
    """
    from choria_core.server.status import Limits
    from choria_core.server.status_check import check_status

    if unprovisioned and provisioned:
        raise UsageError("--unprovisioned and --provisioned exclude each other: give one of them")
    limits = Limits(
        connected=disconnected,
        message_age=message_since,
        file_age=max_age,
        certificate_left=certificate_age,
        token_left=token_age,
        provisioning=unprovisioned if unprovisioned or provisioned else None,
    )
    found = check_status(status_file, limits)
    typer.echo(f"{status_file} {'; '.join(found) or 'OK'}")
    if found:
        raise typer.Exit(1)


def _print_json(documents: list[dict[str, object]]) -> None:
    import json

    typer.echo(json.dumps(documents, indent=2))
