"""The task ``mcollective_assert`` of the first releases: wait until nodes are as they should be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from choria_core.config.schema import Setting
from choria_core.playbook.task import Outcome, TaskRun
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.errors import ConditionError
from choria_playbooks.conditions.triple import condition_of_triple
from choria_playbooks.tasks.rpc import RpcTask
from choria_playbooks.tasks.rpc_options import RpcOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcAssertOptions:
    """An action of an agent, and what must be true of each reply."""

    action: Annotated[str, Setting("what is called, as agent.action")]
    nodes: Annotated[tuple[str, ...], Setting("identities of the nodes that are asked")]
    properties: Annotated[
        Mapping[str, object], Setting("inputs of the action, by name; a leading colon is ignored")
    ] = field(default_factory=dict)
    expression: Annotated[
        tuple[object, ...],
        Setting(
            "name of an output, an operator (< > <= >= == = =~ in, or ! and one of them) and a "
            "value: what must be true of the data of every reply"
        ),
    ]

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        yield from RpcOptions(action=self.action, nodes=self.nodes).check()
        try:
            condition_of_triple(self.expression)
        except ConditionError as error:
            yield "expression", str(error), "write it as [idling, ==, true]"

    @property
    def condition(self) -> Condition:
        """What must be true.

        Raises:
            ConditionError: the expression is none.
        """
        return condition_of_triple(self.expression)


class RpcAssertTask:
    """Does as an RPC task with ``assert``; try it again until it does well."""

    Options: ClassVar[type] = RpcAssertOptions

    async def run(self, options: RpcAssertOptions, run: TaskRun) -> Outcome:
        """Ask, and hold each reply to the expression.

        Raises:
            As of :class:`RpcTask`.
        """
        asked = RpcOptions(
            action=options.action,
            nodes=options.nodes,
            properties=options.properties,
            assertion=options.condition,
        )
        return await RpcTask().run(asked, run)

    def foretell(self, options: RpcAssertOptions) -> str:
        """Whom it would ask for what."""
        asked = RpcOptions(action=options.action, nodes=options.nodes)
        return f"{RpcTask().foretell(asked)}, each to give {options.condition.text}"
