"""What the adapter contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria adapter``."""
    return [
        Command(
            "adapter",
            "choria_plugin_adapter.command:app",
            "Keep what nodes publish in a stream.",
        )
    ]
