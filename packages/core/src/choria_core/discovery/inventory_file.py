"""Nodes with their facts, classes and agents in a file; filters are applied here.

Options: ``file`` is its path, and ``novalidate`` takes it with keys that nobody knows.
Identities written as ``group:web`` stand for groups that the file defines by filters.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from choria_core.discovery.documents import YAML_SUFFIXES, json_value, read_source, yaml_value
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, UsageError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_core.filters.matching import compile_filter
from choria_core.filters.node_view import NodeView
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol.messages import Filter
from choria_core.protocol.names import is_identity

SCHEMA: Final = "https://choria.io/schemas/choria/discovery/v1/inventory_file.json"
GROUP: Final = "group:"


class _GroupFilter(Struct, frozen=True):
    agents: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    compound: str = ""


class _Group(Struct, frozen=True):
    name: str
    filter: _GroupFilter = _GroupFilter()


class _Node(Struct, frozen=True):
    name: str
    collectives: tuple[str, ...]
    facts: dict[str, Any]
    classes: tuple[str, ...]
    agents: tuple[str, ...]


class Inventory(Struct, frozen=True):
    """An inventory file."""

    schema: str = field(name="$schema")
    nodes: tuple[_Node, ...]
    groups: tuple[_Group, ...] = ()

    def group(self, name: str) -> Filter | None:
        """The filter of a group.

        Raises:
            UsageError: it has a malformed fact filter.
        """
        for group in self.groups:
            if group.name == name:
                wanted = group.filter
                return parse_filter(
                    facts=wanted.facts,
                    classes=wanted.classes,
                    identities=wanted.identities,
                    agents=wanted.agents,
                    expressions=(wanted.compound,),
                )
        return None

    def matching(self, wanted: Filter, collective: str = "") -> list[str]:
        """Names of the nodes that match, of one collective where one is given.

        Raises:
            UsageError: the filter cannot be used.
        """
        compiled = compile_filter(wanted)
        if compiled.refusal is not None:
            raise UsageError(f"the filter cannot be used: {compiled.refusal}")
        return [
            node.name
            for node in self.nodes
            if (not collective or collective in node.collectives)
            and compiled.matches(NodeView(node.name, node.agents, node.classes, node.facts))
        ]


def find_in_inventory(request: DiscoveryRequest, config: ClientConfig) -> list[str]:
    """The nodes of an inventory file that match.

    Args:
        request: complete.
        config: names the file, unless the options do.

    Raises:
        ConfigError: no file is named, or it cannot be read.
        UsageError: the filter cannot be used, or mixes groups with something else.
        WorkError: the file is no inventory, or lacks a group.
    """
    options = request.options or {}
    path = Path(options["file"]) if "file" in options else config.discovery.inventory_file
    if path is None:
        raise ConfigError(
            "no inventory file is named: set plugin.choria.discovery.inventory.source, "
            "or use --do file=PATH"
        )
    inventory = read_inventory(path.expanduser(), is_strict="novalidate" not in options)
    if not any(name.startswith(GROUP) for name in request.filter.identity):
        return inventory.matching(request.filter, request.collective)
    return _of_groups(inventory, request.filter, path)


def read_inventory(path: Path, *, is_strict: bool = True) -> Inventory:
    """An inventory file, in JSON or, by its name, YAML.

    Raises:
        ConfigError: it cannot be read.
        WorkError: it is none; where ``is_strict`` also when it has unknown keys.
    """
    source = str(path)
    reader = yaml_value if path.suffix in YAML_SUFFIXES else json_value
    document = reader(read_source(path), source=source)
    try:
        inventory = msgspec.convert(document, Inventory)
    except (msgspec.ValidationError, RecursionError) as error:
        raise WorkError(f"{source} is no inventory: {error}") from error
    if inventory.schema != SCHEMA:
        raise WorkError(f'{source} is no inventory: "$schema" must be {SCHEMA}')
    for node in inventory.nodes:
        if not is_identity(node.name):
            raise WorkError(f"{source}: {node.name[:80]!a} is no name of a node")
    if is_strict:
        for unknown in _unknown_keys(document):
            raise WorkError(f"{source} has the unknown key {unknown}; remove it")
    return inventory


def _of_groups(inventory: Inventory, wanted: Filter, path: Path) -> list[str]:
    """Nodes of the groups that are named; one agent beside them is overlooked, as calls add it."""
    names = [name.removeprefix(GROUP) for name in wanted.identity if name.startswith(GROUP)]
    has_others = wanted.fact or wanted.cf_class or wanted.compound or len(wanted.agent) > 1
    if has_others or len(names) < len(wanted.identity):
        raise UsageError("groups of an inventory cannot be combined with other filters")
    found: set[str] = set()
    for name in names:
        group = inventory.group(name)
        if group is None:
            known = ", ".join(group.name for group in inventory.groups) or "none"
            raise WorkError(f"{path} has no group {name!a}; it has {known}")
        found.update(inventory.matching(group))
    return sorted(found)


def _unknown_keys(document: object) -> Iterator[str]:
    """Keys that the schema does not have."""
    assert isinstance(document, dict)
    yield from _beyond(document, ("$schema", "nodes", "groups"), "")
    for number, node in enumerate(document["nodes"]):
        yield from _beyond(node, _Node.__struct_fields__, f"nodes.{number}.")
    for number, group in enumerate(document.get("groups", ())):
        yield from _beyond(group, _Group.__struct_fields__, f"groups.{number}.")
        fields = _GroupFilter.__struct_fields__
        yield from _beyond(group.get("filter", ()), fields, f"groups.{number}.filter.")


def _beyond(keys: Iterable[str], known: Iterable[str], where: str) -> Iterator[str]:
    return (f"{where}{key}" for key in keys if key not in tuple(known))
