"""What the replicator contributes to the ``choria`` program."""

from collections.abc import Iterable

from choria_core.hookspecs import Command, hookimpl


@hookimpl
def choria_commands() -> Iterable[Command]:
    """``choria replicate``."""
    return [
        Command(
            "replicate",
            "choria_replicator.command:replicate",
            "Copy streams from one cluster to another, in order.",
        )
    ]
