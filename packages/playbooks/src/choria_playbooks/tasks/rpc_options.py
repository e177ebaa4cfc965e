"""What a book says of an RPC task, and what the description of the agent makes of it.  Pure."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from msgspec import structs

from choria_core.client.records import CallRequest
from choria_core.config.schema import Grammar, Setting
from choria_core.config.value import nearest
from choria_core.ddl.document import LIST, STRING, ActionDdl, Ddl
from choria_core.ddl.inputs import typed_arguments
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError
from choria_core.playbook.options import SECONDS
from choria_playbooks.book.model import Share
from choria_playbooks.conditions.condition import Condition
from choria_playbooks.conditions.grammar import parse_condition

SUMMARIZE: Final = "summarize"

_action: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)").fullmatch
_share: Final = re.compile(r"([0-9]{1,9})(?:(\.[0-9]{1,6})?%)?").fullmatch


def read_share(text: str) -> Share:
    """Some nodes: ``10``, or ``10%`` of them.

    Raises:
        ConfigError: it is neither.
    """
    match = _share(text.strip())
    if match is None:
        raise ConfigError(f"must be a number of nodes like 10, or a share like 10%, not {text!r}")
    if not text.strip().endswith("%"):
        return Share(count=int(match[1]))
    return Share(percent=float(match[1] + (match[2] or "")))


def read_batch_size(text: str) -> Share:
    """The same, where no share means nobody.

    Raises:
        ConfigError: it is neither, or no share at all.
    """
    share = read_share(text)
    if text.strip().endswith("%") and not share.percent:
        raise ConfigError("must be more than 0%; leave it out to ask all nodes at once")
    return share


def share_text(share: Share) -> str:
    """As one would write it."""
    return f"{share.percent:g}%" if share.percent else str(share.count)


SHARE: Final = Grammar("number of nodes, or a percentage (10, 10%)", read_share, share_text)
BATCH_SIZE: Final = Grammar(
    "number of nodes, or a percentage (10, 10%)", read_batch_size, share_text
)
CONDITION: Final = Grammar(
    "condition of replies (idling=true and enabled=true)",
    parse_condition,
    lambda condition: str(condition.text),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcOptions:
    """An action of an agent, and the nodes that shall do it."""

    action: Annotated[str, Setting("what is called, as agent.action")]
    nodes: Annotated[tuple[str, ...], Setting("identities of the nodes that are asked")]
    properties: Annotated[
        Mapping[str, object], Setting("inputs of the action, by name; a leading colon is ignored")
    ] = field(default_factory=dict)
    batch_size: Annotated[
        Share | None,
        Setting(
            "so many nodes are asked at a time; a percentage is rounded up; 0 asks all at once",
            grammar=BATCH_SIZE,
        ),
    ] = None
    batch_sleep_time: Annotated[
        float, Setting("from one batch to the next", grammar=SECONDS, minimum=0)
    ] = 1.0
    silent: Annotated[bool, Setting("do not tell of each reply that says all is well")] = False
    post: Annotated[
        tuple[Literal["summarize"], ...],
        Setting("summarize makes the summaries of all replies the message of the task"),
    ] = ()
    assertion: Annotated[
        Condition | None,
        Setting("what must be true of the data of every reply", key="assert", grammar=CONDITION),
    ] = None
    max_fail: Annotated[
        Share | None,
        Setting(
            "so many nodes may fail, be silent or not be as asserted; a percentage is rounded "
            "down; batches end when there are more",
            grammar=SHARE,
        ),
    ] = None
    reply_timeout: Annotated[
        float | None,
        Setting(
            "how long replies are waited for, anew for each batch; the usual is the agent's own "
            "time and that of discovery together",
            grammar=SECONDS,
            minimum=0,
        ),
    ] = None
    collective: Annotated[str, Setting("where the nodes are; empty for the main one")] = ""

    def check(self) -> Iterator[tuple[str, str, str]]:
        """What types cannot tell."""
        if _action(self.action) is None:
            text = f"must be an agent and its action, not {self.action!r}"
            yield "action", text, "write agent.action, like puppet.runonce"
        if not self.nodes:
            yield "nodes", "names no nodes", "name at least one, or a node set as {{ nodes.NAME }}"

    @property
    def agent(self) -> str:
        """The first half of ``action``."""
        return self.action.partition(".")[0]

    @property
    def agent_action(self) -> str:
        """The second half of ``action``."""
        return self.action.partition(".")[2]

    @property
    def wants_summary(self) -> bool:
        """Whether ``post`` has ``summarize``."""
        return SUMMARIZE in self.post

    @property
    def nodes_at_a_time(self) -> int:
        """The size of batches; 0 for all at once."""
        size = self.batch_size
        if size is None:
            return 0
        return size.count or math.ceil(len(set(self.nodes)) * size.percent / 100)

    @property
    def most_failures(self) -> int:
        """Nodes that may fail before the task does."""
        most = self.max_fail
        if most is None:
            return 0
        return most.count or math.floor(len(set(self.nodes)) * most.percent / 100)


def call_request(options: RpcOptions, ddl: Ddl, arguments: Mapping[str, Any]) -> CallRequest:
    """The call that a task makes."""
    return CallRequest(
        agent=options.agent,
        action=options.agent_action,
        arguments=arguments,
        ddl=ddl,
        nodes=options.nodes,
        discovery=DiscoveryRequest(collective=options.collective),
        timeout_seconds=options.reply_timeout,
        batch_size=options.nodes_at_a_time,
        batch_sleep_seconds=options.batch_sleep_time,
    )


def rpc_arguments(action: ActionDdl, properties: Mapping[str, object]) -> dict[str, Any]:
    """The inputs of an action, from what a book gives: texts become what the action takes.

    Books write ``:message`` for what agents call ``message``.  What was left out has the
    default that the description names.

    Raises:
        UsageError: a text is not what the action takes.
    """
    given = _by_name(properties)
    arguments: dict[str, Any] = {}
    for name, item in action.input.items():
        value = given.get(name)
        if value is None:
            value = item.default
        elif isinstance(value, str) and item.type not in {STRING, LIST}:
            alone = structs.replace(action, input={name: item})
            value = typed_arguments(alone, {name: value})[name]
        if value is not None:
            arguments[name] = value
    return arguments


def unknown_properties(action: ActionDdl, properties: Mapping[str, object]) -> Iterator[str]:
    """What a book gives and the action does not take, each with a hint."""
    for name in _by_name(properties):
        if name not in action.input:
            meant = nearest(name, action.input)
            known = ", ".join(action.input) or "nothing"
            hint = f"did you mean {meant}?" if meant else f"it takes {known}"
            yield f"action {action.action} does not take the property {name!a}; {hint}"


def _by_name(properties: Mapping[str, object]) -> dict[str, object]:
    return {name.removeprefix(":"): value for name, value in properties.items()}
