"""Node sets of type ``shell``: what a program of yours prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from choria_core.config.schema import Setting
from choria_core.playbook.options import SECONDS
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.node_names import check_node_names
from choria_playbooks.node_sets.programs import LEAST_SECONDS, output_of

_NAME: Final = "the script of the node set"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellNodesOptions:
    """A script."""

    script: Annotated[
        str,
        Setting(
            "what the shell runs, with arguments; it prints the name of one host on each line",
            exposed=True,
        ),
    ]
    timeout: Annotated[
        float, Setting("how long it may take", grammar=SECONDS, minimum=LEAST_SECONDS)
    ] = 10.0

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        if not self.script.strip():
            yield "script", "says nothing to run", "write a command, as nodes.sh --web"
        if "\0" in self.script:
            yield "script", "holds a character that no program can be given", "remove it"


class ShellNodes:
    """Nodes whose names a script prints; it must end with code 0, and print nothing else."""

    Options: ClassVar[type] = ShellNodesOptions
    is_passive: ClassVar[bool] = False

    async def resolve(
        self,
        options: ShellNodesOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names, in the order in which they are printed.

        Raises:
            WorkError: the script failed, or took too long.
            NodesError: a line is no name of a host, a blank one for example.
        """
        lines = await output_of(bench, options.script, name=_NAME, timeout_seconds=options.timeout)
        return check_node_names(lines, _NAME)
