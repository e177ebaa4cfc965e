"""What the umbrella distribution contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria demo``."""
    return [Command("demo", "choria.demo_command:demo", "Show the toolkit at work.")]
