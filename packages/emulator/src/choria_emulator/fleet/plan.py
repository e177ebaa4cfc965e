"""A fleet as it shall be: groups of like nodes.  Pure.

A plan is plain data, so that it reaches the processes that share a fleet as JSON.
"""

from typing import Any, Final

from msgspec import Struct, json

from choria_emulator.fleet.recipes import STANDARD_FACTS, FactRecipe

BUILTIN_AGENTS: Final = ("choria_util", "discovery", "rpcutil")
"""What every node has, as the nodes of the original emulator had."""

STOCK_AGENTS: Final = (*BUILTIN_AGENTS, "scout")
"""What a stock server of today has."""

MAIN_COLLECTIVE: Final = "mcollective"


class Latency(Struct, frozen=True):
    """How long a node thinks: evenly between ``mean - spread`` and ``mean + spread`` seconds."""

    mean_seconds: float
    spread_seconds: float = 0.0


class Behaviour(Struct, frozen=True, kw_only=True):
    """What happens to the nodes of a group; shares are from 0 to 1.

    Attributes:
        latency: of every reply; None for at once.
        slow: share of the nodes that are slow.
        slow_seconds: what a slow node adds to its latency.
        drop: share of the requests, at each node, that are not answered.
        fail: share of the requests, at each node, that are answered with a failure.
        churn: share of the nodes that lose their connection within a minute.
        registration_seconds: between two registrations of a node; None for no registration.
    """

    latency: Latency | None = None
    slow: float = 0.0
    slow_seconds: float = 1.0
    drop: float = 0.0
    fail: float = 0.0
    churn: float = 0.0
    registration_seconds: float | None = None


class Group(Struct, frozen=True, kw_only=True):
    """Nodes that are alike but for their names and facts.

    Attributes:
        name: of the group; unique in a fleet.
        prefix: node ``n`` of the group, counted from 1, is ``PREFIX-(n + offset)``.
        count: how many nodes.
        agents: all agents: the built-in ones, then ``emulated0`` and so on.
        collectives: the main one first.
        classes: of every node.
        drawn_classes: of single nodes, as a template; see
            :mod:`choria_emulator.fleet.templates`.  What becomes null or empty is no class.
        facts: where facts come from.
        servers: brokers, ``nats://host:port``; empty for those of the fleet.
    """

    name: str
    prefix: str
    count: int
    offset: int = 0
    agents: tuple[str, ...] = BUILTIN_AGENTS
    collectives: tuple[str, ...] = (MAIN_COLLECTIVE,)
    classes: tuple[str, ...] = ()
    drawn_classes: tuple[Any, ...] = ()
    facts: FactRecipe = STANDARD_FACTS
    servers: tuple[str, ...] = ()
    behaviour: Behaviour = Behaviour()

    def identity(self, number: int) -> str:
        """The name of node ``number``, counted from 1."""
        return f"{self.prefix}-{number + self.offset}"

    @property
    def subscriptions(self) -> int:
        """How many subscriptions each node has."""
        return len(self.collectives) * (1 + len(self.agents))


class FleetPlan(Struct, frozen=True, kw_only=True):
    """All groups, and the seed of all that chance decides."""

    groups: tuple[Group, ...]
    seed: int = 0

    @property
    def count(self) -> int:
        """How many nodes."""
        return sum(group.count for group in self.groups)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions all nodes have together."""
        return sum(group.count * group.subscriptions for group in self.groups)


_plans: Final = json.Decoder(FleetPlan)


def encode_plan(plan: FleetPlan) -> bytes:
    """The plan as JSON."""
    return json.encode(plan)


def decode_plan(document: bytes) -> FleetPlan:
    """The plan that :func:`encode_plan` wrote."""
    return _plans.decode(document)


def emulated_agents(count: int) -> tuple[str, ...]:
    """``emulated0`` and so on, so many."""
    return tuple(f"emulated{number}" for number in range(count))


def collective_names(count: int) -> tuple[str, ...]:
    """``mcollective``, ``collective1`` and so on, so many."""
    return (MAIN_COLLECTIVE, *(f"collective{number}" for number in range(1, count)))
