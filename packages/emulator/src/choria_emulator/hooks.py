"""What the emulator contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, DescriptionPlugin, hookimpl

DESCRIBED = 10
"""So many emulated agents are described: as many as load tests usually have."""


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


@hookimpl
def choria_descriptions() -> Iterable[DescriptionPlugin]:
    """Those of ``emulated0`` and its first brothers, which no real server has."""
    return [
        DescriptionPlugin(f"emulated{number}", "choria_emulator.emulated_ddl:emulated_ddl")
        for number in range(DESCRIBED)
    ]
