"""``choria plugin new``: begin a plugin of your own."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from choria_core.plugins import Plugins

if TYPE_CHECKING:
    from choria_core.plugin_template.kinds import PluginKind
    from choria_core.plugin_template.names import PluginNames


def new_plugin(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            help="agent, registration, auditing, data-store, node-set, task or command."
        ),
    ],
    name: Annotated[
        str, typer.Argument(help="What it is called: small letters and digits, such as disk-space.")
    ],
    *,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write it here, not into choria-plugin-NAME."),
    ] = None,
) -> None:
    """Write a whole package with a plugin that works, for you to change.

    It has code, tests, and a README, in a folder that must not be there yet.
    """
    from choria_core.plugin_template.kinds import kind_of
    from choria_core.plugin_template.names import PluginNames
    from choria_core.plugin_template.writing import write_package

    plugins = context.obj
    assert isinstance(plugins, Plugins)
    chosen = kind_of(kind)
    names = PluginNames.of(name, chosen)
    names.check_unused(chosen, plugins)
    folder = Path(names.distribution) if directory is None else directory
    files = write_package(chosen, names, folder)
    for file in files:
        typer.echo(folder / file)
    typer.echo(_next(chosen, names, folder))


def _next(kind: "PluginKind", names: "PluginNames", folder: Path) -> str:
    """What to do now."""
    from choria_core.plugin_template.writing import filled, words_of

    place = str(folder) if folder.is_absolute() else f"./{folder}"
    return f"""
Install {kind.noun} named {names.part}, and see that it is there:
  pip install {shlex.quote(place)}
  choria plugin list
Use it:
  {filled(kind.use, words_of(kind, names))}
Change src/{names.package}/{kind.module}.py, and test it:
  pip install -e {shlex.quote(f"{place}[test]")}
  pytest {shlex.quote(place)}"""
