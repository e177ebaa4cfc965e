"""A fleet file: groups of nodes in YAML, read into a plan.

    plan = load_plan(Path("fleet.yaml"), defaults=group_of_options, seed=42)

What a group does not say, the top of the file says; what neither says, the command line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from choria_core.config.file import Loaded, bind, read
from choria_core.config.problems import InvalidConfigError, Locations, Problem
from choria_core.config.problems import key_path as path_of
from choria_core.config.yaml_nodes import Document, Entry, MapNode
from choria_core.errors import ConfigError, WorkError
from choria_core.protocol.names import is_identity
from choria_emulator.fleet.inventory import read_inventory_facts
from choria_emulator.fleet.overlaps import overlaps
from choria_emulator.fleet.plan import FleetPlan, Group
from choria_emulator.fleet.recipes import InventoryFacts
from choria_emulator.fleet.records import FleetFile, GroupSettings
from choria_emulator.fleet.resolving import inventory_of, resolve

GROUPS: Final = "groups"


def load_plan(path: Path, *, defaults: Group, seed: int = 0) -> FleetPlan:
    """Read a fleet file.

    Args:
        path: the file; inventories that it names are looked for beside it.
        defaults: what the command line says of nodes, its name, prefix and count apart.
        seed: unless the file has one.

    Raises:
        InvalidConfigError: the file, or an inventory that it names, cannot be read or has
            problems; all are named.
    """
    return plan_of(read(path), folder=path.parent, defaults=defaults, seed=seed)


def plan_of(document: Document, *, folder: Path, defaults: Group, seed: int = 0) -> FleetPlan:
    """Like :func:`load_plan`, for a document that is parsed already.

    Args:
        document: the file.
        folder: where inventories are looked for.
        defaults: see there.
        seed: see there.
    """
    try:
        loaded = bind(document, FleetFile)
    except InvalidConfigError as error:
        # what is wrong between groups that can be read is no secret because others cannot
        others = _readable(document)
        found = _Resolving(others, folder, defaults).problems if others else []
        raise InvalidConfigError((*error.problems, *found)) from None
    resolving = _Resolving(loaded, folder, defaults)
    if not loaded.value.groups:
        problem = loaded.problem(GROUPS, "names no nodes", "add a group with a count")
        resolving.problems.append(problem)
    if resolving.problems:
        raise InvalidConfigError(resolving.problems)
    own = loaded.value.seed
    return FleetPlan(groups=tuple(resolving.groups), seed=seed if own is None else own)


class _Resolving:
    """The groups that a file stands for, and what is wrong between them.

    Args:
        loaded: the file.
        folder: where inventories are looked for.
        defaults: of all groups.
    """

    def __init__(self, loaded: Loaded[FleetFile], folder: Path, defaults: Group) -> None:
        self._loaded, self._folder = loaded, folder
        self._inventories: dict[Path, InventoryFacts | None] = {}
        self.problems: list[Problem] = []
        self.groups = [
            self._group(name, settings, defaults) for name, settings in loaded.value.groups.items()
        ]
        self.problems += self._overlaps()

    def _group(self, name: str, settings: GroupSettings, defaults: Group) -> Group:
        key, top = path_of(GROUPS, name), self._loaded.value
        path = inventory_of(settings, top)
        facts = None
        if path is not None:
            place = "inventory" if settings.inventory is None else f"{key}.inventory"
            facts = self._inventory(path, place)
        group = resolve(name, settings, top, defaults=defaults, inventory=facts)
        last = group.identity(group.count)
        if not is_identity(last):
            text = f"would have nodes like {last[-80:]!a}, which is no name of a node"
            fix = "give it a shorter prefix of letters, digits, _ and -"
            self.problems.append(self._loaded.problem(_prefix(self._loaded, key), text, fix))
        return group

    def _inventory(self, path: Path, key: str) -> InventoryFacts | None:
        """The inventory ``path``, read once; None where it has a problem."""
        if path not in self._inventories:
            self._inventories[path] = None
            try:
                self._inventories[path] = read_inventory_facts(self._folder / path)
            except (ConfigError, WorkError) as error:
                fix = "name a file with facts of nodes; its path is seen from this file's folder"
                self.problems.append(self._loaded.problem(key, str(error), fix))
        return self._inventories[path]

    def _overlaps(self) -> Iterator[Problem]:
        for found in overlaps(self.groups):
            first, second = (path_of(GROUPS, name) for name in (found.first, found.second))
            line = self._loaded.locations.of(first).line
            text = f"names {found.lowest} to {found.highest} as {first} at line {line} does"
            if found.lowest == found.highest:
                text = f"names {found.lowest} as {first} at line {line} does"
            yield self._loaded.problem(second, text, found.fix)


def _prefix(loaded: Loaded[FleetFile], key: str) -> str:
    """Where the names of a group come from."""
    return f"{key}.prefix" if f"{key}.prefix" in loaded.locations else key


def _readable(document: Document) -> Loaded[FleetFile] | None:
    """Those groups of a file that are in order, without what is said for all."""
    root = document.root
    groups = root.get(GROUPS) if isinstance(root, MapNode) else None
    if not isinstance(groups, MapNode):
        return None
    values: dict[str, GroupSettings] = {}
    locations = Locations()
    for entry in groups.entries:
        key = path_of(GROUPS, entry.key)
        locations.add(key, entry.location)
        for inner in entry.value.entries if isinstance(entry.value, MapNode) else ():
            locations.add(path_of(key, inner.key), inner.location)
        loaded = _alone(document.file, entry)
        if loaded is not None:
            values |= loaded.value.groups
    return Loaded(FleetFile(groups=values), (), locations)


def _alone(file: str, entry: Entry) -> Loaded[FleetFile] | None:
    """A file of one group; None where that has a problem."""
    group = MapNode((entry,), entry.location)
    root = MapNode((Entry(GROUPS, group, entry.location),), entry.location)
    try:
        return bind(Document(file, root), FleetFile)
    except InvalidConfigError:
        return None
