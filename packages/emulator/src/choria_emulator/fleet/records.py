"""What may stand in a fleet file.  Pure.

Everything about nodes may stand at the top, for all groups, and in a group, which then
counts instead.  None is for what is not said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from choria_core.config.problems import key_path
from choria_core.config.schema import Setting
from choria_core.protocol.names import is_identity
from choria_emulator.fleet.grammars import CHURN, INTERVAL, LATENCY, NAME, SERVER, SHARE, SLOW
from choria_emulator.fleet.plan import BUILTIN_AGENTS, STOCK_AGENTS, Latency, collective_names
from choria_emulator.fleet.templates import WORDS, TemplateError, problems_of

Finding = tuple[str, str, str]
"""(key, what is wrong, the fix)."""

MOST_NODES: Final = 10_000_000
MOST_AGENTS: Final = 10_000
MOST_COLLECTIVES: Final = 1_000

Profile = Literal["original", "stock"]
PROFILES: Final[Mapping[str, tuple[str, ...]]] = {
    "original": BUILTIN_AGENTS,
    "stock": STOCK_AGENTS,
}
"""Agents that every node has, by the name of the profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What can be said of nodes."""

    profile: Annotated[
        Profile | None,
        Setting("built-in agents: the original emulator's, or a stock server's, scout included"),
    ] = None
    agents: Annotated[
        int | None,
        Setting("how many emulated agents: emulated0 …", minimum=0, maximum=MOST_AGENTS),
    ] = None
    collectives: Annotated[
        object, Setting("how many, or a list of names with the main one first")
    ] = None
    classes: Annotated[tuple[object, ...] | None, Setting("classes of each node")] = None
    facts: Annotated[Mapping[str, object] | None, Setting("facts, as a template")] = None
    inventory: Annotated[
        Path | None,
        Setting("facts and classes of real nodes, instead of facts; seen from this file's folder"),
    ] = None
    servers: Annotated[tuple[str, ...] | None, Setting("brokers to connect to", grammar=SERVER)] = (
        None
    )
    latency: Annotated[
        Latency | None, Setting("how long nodes think about a reply", grammar=LATENCY)
    ] = None
    slow: Annotated[
        tuple[float, float] | None,
        Setting("nodes that are slow, and how late they are", grammar=SLOW),
    ] = None
    drop: Annotated[
        float | None, Setting("requests, at each node, without an answer", grammar=SHARE)
    ] = None
    fail: Annotated[
        float | None, Setting("requests, at each node, answered with a failure", grammar=SHARE)
    ] = None
    churn: Annotated[float | None, Setting("nodes that lose their connection", grammar=CHURN)] = (
        None
    )
    registration: Annotated[
        float | None, Setting("time between two registrations of a node", grammar=INTERVAL)
    ] = None

    def check(self) -> Iterator[Finding]:
        """Templates can be made, collectives have names, facts come from one place."""
        yield from _of_collectives(self.collectives)
        if self.facts is not None:
            yield from _of_facts(self.facts)
        if self.classes is not None:
            yield from (_finding("classes", error) for error in problems_of(self.classes))
        if self.facts is not None and self.inventory is not None:
            yield "inventory", "stands beside facts", "keep one of the two"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings(NodeSettings):
    """Nodes that are alike."""

    count: Annotated[int, Setting("how many nodes", minimum=1, maximum=MOST_NODES)]
    prefix: Annotated[
        str | None,
        Setting("nodes are PREFIX-1 …; without it the group's name", grammar=NAME),
    ] = None
    offset: Annotated[
        int | None, Setting("added to the number of each node", minimum=0, maximum=10**12)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetFile(NodeSettings):
    """The whole file."""

    groups: Annotated[Mapping[str, GroupSettings], Setting("nodes that are alike, by name")]
    seed: Annotated[int | None, Setting("of all that chance decides")] = None


def collectives_of(value: object) -> tuple[str, ...]:
    """The collectives that a checked value stands for."""
    if isinstance(value, int):
        return collective_names(value)
    assert isinstance(value, list)
    return tuple(str(name) for name in value)


def _of_collectives(value: object) -> Iterator[Finding]:
    if value is None:
        return
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MOST_COLLECTIVES:
            fix = f"write a number from 1 to {MOST_COLLECTIVES}; the main one is among them"
            yield "collectives", f"{value} are not possible", fix
        return
    if not isinstance(value, list) or not value:
        fix = "write for example 2, or [mcollective, de]"
        yield "collectives", "must be a number or a list of names", fix
        return
    for name in value:
        if not isinstance(name, str) or not is_identity(name):
            fix = "use letters, digits, _ and -"
            yield "collectives", f"{str(name)[:40]!a} is no name of a collective", fix
    for name in sorted({str(name) for name in value if value.count(name) > 1}):
        yield "collectives", f"{name[:40]!a} is named twice", "remove one of the two"


def _of_facts(facts: Mapping[str, object]) -> Iterator[Finding]:
    """What is wrong with a template; its top names facts, so that no choice can stand there."""
    words = [word for word in WORDS if word in facts]
    for word in words:
        fix = "write it below the name of a fact, as in cores: {choice: [2, 4]}"
        yield f"facts.{word}", "is no name of a fact", fix
    if not words:
        yield from (_finding("facts", error) for error in problems_of(facts))


def _finding(key: str, error: TemplateError) -> Finding:
    first, _, _ = error.path.partition(".")
    inner = error.path[len(first) :].lstrip(".")
    where = f"{key}[{first}]" if first.isdecimal() else key_path(key, first)
    return where, f"{inner}: {error.problem}" if inner else error.problem, error.fix
