"""What every client command begins with: its configuration, its logs, where it prints."""

import contextlib
import dataclasses
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from choria_core.commands.filter_options import NetworkOptions
from choria_core.errors import UsageError

if TYPE_CHECKING:
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.presentation.colours import Paint


COLLECT_EVERY: Final = 100_000
"""So many objects more are looked through for garbage, as replies leave hardly any."""

LEAST_CONNECT_SECONDS: Final = 1.0
"""So long a broker may always take to let us in."""


def client_config(network: NetworkOptions, *, quiet: bool = False) -> "ClientConfig":
    """The configuration; its warnings go to standard error, as do logs from now on.

    Args:
        network: options.
        quiet: print what scripts read, and log errors alone.

    Raises:
        InvalidConfigError: a file cannot be read, or has errors; all are named.
    """
    from choria_core.network_config.load import load_client
    from choria_core.telemetry.logs import configure

    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    config = load_client(network.config)
    for warning in config.warnings:
        typer.echo(f"warning: {warning}", err=True)
    configure("error" if quiet else "warning", force_json=False)
    clusters = tuple(name for name in network.federations.split(",") if name)
    if not clusters:
        return config
    brokers = dataclasses.replace(config.brokers, federation_collectives=clusters)
    return dataclasses.replace(config, brokers=brokers)


def connect_timeout(config: "ClientConfig", *given: float | None) -> float:
    """Seconds in which a broker must be reached: as usual, or less where options say so.

    Args:
        config: says what is usual.
        given: longest waits of options, in seconds; None where an option is not given.  What
            is less than a second bounds answers alone, as nobody connects to be too late.
    """
    from choria_core.client.client import usual_connect_timeout

    bounds = (max(seconds, LEAST_CONNECT_SECONDS) for seconds in given if seconds is not None)
    return min((usual_connect_timeout(config), *bounds))


@dataclasses.dataclass(frozen=True)
class Output:
    """Where results go.

    Attributes:
        write: prints a text as it is.
        paint: colours it before, where that is wanted.
    """

    write: Callable[[str], object]
    paint: "Paint"


@contextlib.contextmanager
def opened_output(config: "ClientConfig", file: Path | None = None) -> Iterator[Output]:
    """Standard output, or ``file``, made anew.

    Raises:
        UsageError: the file cannot be written.
    """
    from choria_core.presentation.colours import ansi, plain

    if file is None:
        has_colours = config.color and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        yield Output(_print, ansi if has_colours else plain)
        return
    try:
        opened = file.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"--output-file: {file} cannot be written: {error.strerror}") from error
    with opened:
        yield Output(opened.write, plain)


def _print(text: str) -> None:
    typer.echo(text, nl=False)
