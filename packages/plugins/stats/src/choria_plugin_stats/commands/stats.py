"""``choria stats``: look at the statistics that a server writes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="Look at the statistics that a server writes.")


class Grade(StrEnum):
    """How bad it is not to be connected."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


@app.callback()
def _group() -> None:
    """Look at the statistics that a server writes."""


def _duration(text: str) -> float:
    from choria_core.durations import parse_choria_duration
    from choria_core.errors import ConfigError

    try:
        return parse_choria_duration(text)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from error


def _age(text: str) -> Any:
    """An option that takes a duration."""
    return typer.Option(help=f"{text}; 0 for never.", parser=_duration, metavar="DURATION")


@app.command()
def check(
    *,
    file: Annotated[Path, typer.Option("--file", help="The file to look at.", dir_okay=False)],
    warning: Annotated[float, _age("Age of the statistics that is worth a warning")] = "15m",  # type: ignore[assignment]  # parsed
    critical: Annotated[float, _age("Age that is critical")] = "30m",  # type: ignore[assignment]
    disconnected: Annotated[
        Grade, typer.Option(help="What it is not to be connected.")
    ] = Grade.CRITICAL,
) -> None:
    """Check a server by its statistics, for Sensu, Nagios and their like.

    Ends with 0 when all is well, 1 for a warning, 2 when it is critical, and 3 when the file
    tells nothing.  Figures follow behind the bar.
    """
    import time

    from choria_plugin_stats.check import Limits, Verdict
    from choria_plugin_stats.check_file import check_file

    limits = Limits(
        warning_age=warning, critical_age=critical, disconnected=Verdict[disconnected.name]
    )
    finding = check_file(file, limits, now=time.time())
    typer.echo(str(finding))
    raise typer.Exit(int(finding.verdict))
