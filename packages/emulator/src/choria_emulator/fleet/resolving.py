"""What a group is in the end: its own settings, then the file's, then the defaults.  Pure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from choria_emulator.fleet.plan import Behaviour, Group, emulated_agents
from choria_emulator.fleet.recipes import FactRecipe, InventoryFacts, TemplateFacts
from choria_emulator.fleet.records import PROFILES, FleetFile, GroupSettings, collectives_of

Value = TypeVar("Value")


def resolve(
    name: str,
    group: GroupSettings,
    top: FleetFile,
    *,
    defaults: Group,
    inventory: InventoryFacts | None,
) -> Group:
    """The group ``name``.

    Args:
        name: as the file calls it, which is its prefix too where none is given.
        group: what the file says of it.
        top: what the file says of all.
        defaults: what is said elsewhere; its name, prefix and count do not matter.
        inventory: the nodes of :func:`inventory_of`, where that names any.
    """
    collectives = _first(group.collectives, top.collectives)
    classes = _first(group.classes, top.classes)
    fixed, drawn = _classes(defaults, classes)
    return Group(
        name=name,
        prefix=_or(group.prefix, name),
        count=group.count,
        offset=_or(group.offset, defaults.offset),
        agents=_agents(group, top, defaults),
        collectives=defaults.collectives if collectives is None else collectives_of(collectives),
        classes=fixed,
        drawn_classes=drawn,
        facts=_facts(group, top, defaults, inventory),
        servers=_or(_first(group.servers, top.servers), defaults.servers),
        behaviour=_behaviour(group, top, defaults.behaviour),
    )


def inventory_of(group: GroupSettings, top: FleetFile) -> Path | None:
    """The inventory that a group has its facts from; a template of its own counts more."""
    if group.inventory is not None or group.facts is not None:
        return group.inventory
    return top.inventory


def _agents(group: GroupSettings, top: FleetFile, defaults: Group) -> tuple[str, ...]:
    """Built-in ones of the profile, then emulated ones; each half may be said alone."""
    profile, count = _first(group.profile, top.profile), _first(group.agents, top.agents)
    emulated = tuple(name for name in defaults.agents if name.startswith("emulated"))
    built_in = tuple(name for name in defaults.agents if name not in emulated)
    return (
        *(built_in if profile is None else PROFILES[profile]),
        *(emulated if count is None else emulated_agents(count)),
    )


def _classes(
    defaults: Group, classes: Sequence[object] | None
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Classes of every node, and templates of those of single nodes."""
    if classes is None:
        return defaults.classes, defaults.drawn_classes
    fixed = tuple(one for one in classes if isinstance(one, str) and "${" not in one)
    return fixed, tuple(one for one in classes if one not in fixed)


def _facts(
    group: GroupSettings, top: FleetFile, defaults: Group, inventory: InventoryFacts | None
) -> FactRecipe:
    if inventory is not None:
        return inventory
    facts = _first(group.facts, top.facts)
    return defaults.facts if facts is None else TemplateFacts(dict(facts))


def _behaviour(group: GroupSettings, top: FleetFile, defaults: Behaviour) -> Behaviour:
    latency = _or(_first(group.latency, top.latency), defaults.latency)
    slow = (defaults.slow, defaults.slow_seconds)
    share, seconds = _or(_first(group.slow, top.slow), slow)
    registration = _or(_first(group.registration, top.registration), defaults.registration_seconds)
    return Behaviour(
        latency=latency if latency and latency.mean_seconds else None,
        slow=share,
        slow_seconds=seconds,
        drop=_or(_first(group.drop, top.drop), defaults.drop),
        fail=_or(_first(group.fail, top.fail), defaults.fail),
        churn=_or(_first(group.churn, top.churn), defaults.churn),
        registration_seconds=registration or None,
    )


def _first(own: Value | None, outer: Value | None) -> Value | None:
    """What a group says, or else what the file says."""
    return outer if own is None else own


def _or(value: Value | None, default: Value) -> Value:
    return default if value is None else value
