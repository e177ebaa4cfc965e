"""What core itself contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria broker``, ``choria jwt``, ``choria plugin`` and ``choria tool``."""
    return [
        Command("broker", "choria_core.commands.broker:app", "Run a NATS server."),
        Command("jwt", "choria_core.commands.jwt:app", "Make and show keys and tokens."),
        Command("plugin", "choria_core.commands.plugin:app", "Show what is plugged in."),
        Command("tool", "choria_core.commands.tool:app", "Look at how this machine is set up."),
    ]
