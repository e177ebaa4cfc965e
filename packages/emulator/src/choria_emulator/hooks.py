"""What the emulator contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria emulate`` and ``choria measure``."""
    return [
        Command(
            "emulate",
            "choria_emulator.command:emulate",
            "Run many Choria nodes on this machine.",
        ),
        Command(
            "measure",
            "choria_emulator.measure.command:measure",
            "Ask a fleet again and again, and report.",
        ),
    ]
