"""A group of commands that are imported when they are used.

``choria --help`` needs a name and a line for each command, and nothing more:
importing a dozen services for it would take longer than all else.
"""

from collections.abc import Callable, Mapping
from typing import Any

import typer
import typer.core
import typer.main

from choria_core.commands.plain_values import let_plain_values_pass
from choria_core.errors import PluginError
from choria_core.hookspecs import Command
from choria_core.plugins import Offered


class CommandGroup(typer.core.TyperGroup):
    """Typer's group, with commands that :meth:`offer` puts in as names and lines."""

    def offer(self, commands: Mapping[str, Offered[Command]]) -> None:
        """Add ``commands``; each is imported the first time it is resolved."""
        self._offers = commands
        for name, offered in commands.items():
            self.add_command(_placeholder(offered.offer), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As typer's: the command that ``args`` start with, now the real one."""
        offered = self._offers.get(args[0])
        if offered is not None:
            self.add_command(load_command(offered), offered.offer.name)
        return super().resolve_command(ctx, args)


def load_command(offered: Offered[Command]) -> typer.core.TyperCommand | typer.core.TyperGroup:
    """Import a command.

    Raises:
        PluginError: its target cannot be imported or is no command.
    """
    command = offered.offer
    target = offered.load()
    loaded: typer.core.TyperCommand | typer.core.TyperGroup
    if isinstance(target, typer.Typer):
        loaded = typer.main.get_group(target)
        loaded.name = command.name
    elif callable(target):
        loaded = _single(command, target)
    else:
        what = f"{command.target} of its command {command.name}"
        raise PluginError(offered.plugin, f"{what} is no function or Typer")
    let_plain_values_pass(loaded)
    return loaded


def _single(command: Command, function: Callable[..., Any]) -> typer.core.TyperCommand:
    app = typer.Typer(add_completion=False)
    app.command(command.name)(function)
    single = typer.main.get_command(app)
    assert isinstance(single, typer.core.TyperCommand)
    return single


def _placeholder(command: Command) -> typer.core.TyperCommand:
    return typer.core.TyperCommand(
        name=command.name,
        help=command.help,
        hidden=command.hidden,
        rich_help_panel=command.panel or None,
    )
