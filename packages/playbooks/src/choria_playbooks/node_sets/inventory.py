"""Node sets of type ``inventory``: nodes of an inventory file of Choria's discovery."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from choria_core.config.schema import Setting
from choria_core.discovery.inventory_file import Inventory, read_inventory
from choria_core.errors import ConfigError
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.filter_options import FilterOptions, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryOptions(FilterOptions):
    """A file, a group in it, and what its nodes must match."""

    source: Annotated[
        str,
        Setting(
            "inventory file, JSON or YAML; empty for plugin.choria.discovery.inventory.source of "
            "the client"
        ),
    ] = ""
    group: Annotated[str, Setting("only nodes of this group of the file; empty for all")] = ""
    collective: Annotated[str, Setting("only nodes of this collective; empty for all")] = ""
    strict: Annotated[bool, Setting("refuse a file with keys that nobody knows")] = True

    def check(self) -> Iterator[Finding]:
        """What types cannot tell."""
        yield from self.wrong_facts()
        yield from self.unreadable()


class InventoryNodes:
    """Nodes of the file that are of the group and match all that is said, in its order."""

    Options: ClassVar[type] = InventoryOptions
    is_passive: ClassVar[bool] = True

    async def resolve(
        self,
        options: InventoryOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names.

        Raises:
            ConfigError: no file is named, it cannot be read, or has no such group.
            UsageError: a filter, of the book or of the group, cannot be used.
            WorkError: the file is no inventory.
        """
        path = _path(options, bench)
        inventory = read_inventory(path, is_strict=options.strict)
        found = inventory.matching(options.filter(), options.collective)
        if not options.group:
            return found
        inside = _of_group(inventory, options.group, path)
        return [name for name in found if name in inside]


def _path(options: InventoryOptions, bench: Workbench) -> Path:
    if options.source:
        return bench.folder / Path(options.source).expanduser()
    configured = bench.config.discovery.inventory_file
    if configured is None:
        raise ConfigError(
            "no inventory file is named: write source: FILE, or set "
            "plugin.choria.discovery.inventory.source"
        )
    return configured.expanduser()


def _of_group(inventory: Inventory, name: str, path: Path) -> frozenset[str]:
    wanted = inventory.group(name)
    if wanted is None:
        known = ", ".join(group.name for group in inventory.groups) or "none"
        raise ConfigError(f"{path} has no group {name!a}; it has {known}")
    return frozenset(inventory.matching(wanted))
