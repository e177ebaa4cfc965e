"""``choria plugin``: what is plugged in, what agents can do, and how to begin one."""

from pathlib import Path
from typing import Annotated

import typer

from choria_core.commands.plugin_new import new_plugin
from choria_core.errors import ConfigError, UsageError
from choria_core.plugins import PluginInfo, Plugins, PluginState

app = typer.Typer(help="Show what is plugged in, or begin a plugin of your own.")

COLOURS = {PluginState.OK: "green", PluginState.DISABLED: "yellow", PluginState.FAILED: "red"}


@app.callback()
def _group() -> None:
    """Show what is plugged in, or begin a plugin of your own."""


app.command("new")(new_plugin)


@app.command("list")
def list_plugins(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the plugins, their hooks, and why any of them failed."""
    plugins = context.obj
    assert isinstance(plugins, Plugins)
    infos = plugins.infos()
    if as_json:
        _print_json(infos)
    else:
        _print_table(infos)


@app.command("ddl")
def show_ddl(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="AGENT", help="Name of an agent that is plugged in.")
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write AGENT.json into this folder instead."),
    ] = None,
) -> None:
    """Print the description of an agent, its DDL, for other Choria clients."""
    plugins = context.obj
    assert isinstance(plugins, Plugins)
    document = _ddl(plugins, name)
    if out is None:
        typer.echo(document.decode(), nl=False)
        return
    file = out / f"{name}.json"
    try:
        file.write_bytes(document)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from error
    typer.echo(file)


def _ddl(plugins: Plugins, name: str) -> bytes:
    from choria_core.client.ddl_library import DdlLibrary
    from choria_core.ddl.document import encode_ddl

    library = DdlLibrary((), plugins)
    known = library.names()
    if name not in known:
        raise UsageError(f"no agent {name!r} is installed; there are: {', '.join(known)}")
    return encode_ddl(library.find(name))


def _print_json(infos: list[PluginInfo]) -> None:
    import json

    rows = [
        {
            "name": info.name,
            "distribution": info.distribution,
            "version": info.version,
            "module": info.module,
            "hooks": list(info.hooks),
            "state": info.state.value,
            "problems": list(info.problems),
        }
        for info in infos
    ]
    typer.echo(json.dumps(rows, indent=2))


def _print_table(infos: list[PluginInfo]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("plugin", "distribution", "version", "hooks", "state", box=None)
    for info in infos:
        state = Text(info.state.value, style=COLOURS[info.state])
        state.append("".join(f"\n{problem}" for problem in info.problems), style="default")
        hooks = Text("\n".join(info.hooks))
        table.add_row(Text(info.name), info.distribution, info.version, hooks, state)
    Console().print(table)
