"""What a plugin may contribute.  This module is the whole plugin contract.

A plugin is a module with functions marked :data:`hookimpl`, named by an entry
point of its distribution:

    [project.entry-points."choria.plugins"]
    example = "choria_plugin_example.hooks"

Every ``choria`` process imports every such module, so it imports nothing but
this one and builds nothing at import.  A hook may take fewer arguments than
its specification here, never others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import typer

PROJECT = "choria"
ENTRY_POINT_GROUP = "choria.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of ``choria``.

    Attributes:
        name: what the user types, unique among all plugins.
        target: ``package.module:attribute``, imported when the command is used
            and not before: a function becomes a single command, a ``Typer`` a
            group.  The thing itself is taken too.
        help: one line for ``choria --help``.
        panel: heading to be listed under; empty for the common one.
        hidden: leave it out of ``choria --help``.
    """

    name: str
    target: "str | Callable[..., None] | typer.Typer"
    help: str
    panel: str = ""
    hidden: bool = False


@hookspec
def choria_commands() -> Iterable[Command]:  # type: ignore[empty-body]  # a specification
    """Contribute subcommands to the ``choria`` program.

    Called once per process, before arguments are parsed.

    A command parses its options, calls one function of its package and prints.
    It catches nothing and returns nothing: a ``ChoriaError`` that leaves it
    becomes one line and an exit code.

    Returns:
        The commands.  Of two plugins that offer one name the first by name has
        it, core before all; the other's command is left out and reported.
    """
