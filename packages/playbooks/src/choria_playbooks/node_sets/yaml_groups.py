"""Node sets of type ``yaml``: a group of names in a YAML file.

web:
  - web1.example.net
  - web2.example.net
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from choria_core.config.schema import Setting
from choria_core.config.value import nearest
from choria_core.discovery.documents import read_source, yaml_value
from choria_core.errors import ConfigError, NodesError
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.filter_options import Finding
from choria_playbooks.node_sets.node_names import check_identities


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlOptions:
    """A file and a group in it."""

    group: Annotated[str, Setting("name of the group")]
    source: Annotated[str, Setting("YAML file of groups, each a list of names")]

    @property
    def path(self) -> Path:
        """Of the file."""
        return Path(self.source).expanduser()

    def check(self) -> Iterator[Finding]:
        """What types cannot tell."""
        for key, value in (("group", self.group), ("source", self.source)):
            if not value:
                yield key, "is empty", "name the file of groups and one of its groups"


class YamlNodes:
    """The nodes of a group, in the order of the file."""

    Options: ClassVar[type] = YamlOptions
    is_passive: ClassVar[bool] = True

    async def resolve(
        self,
        options: YamlOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names.

        Raises:
            ConfigError: the file cannot be read or has no such group.
            WorkError: it is no YAML.
            NodesError: the group is no list of names.
        """
        path = bench.folder / options.path
        nodes = _group(options.group, path)
        return check_identities(nodes, f"group {options.group!r} of {path}")


def _group(name: str, path: Path) -> list[str]:
    document = yaml_value(read_source(path), source=str(path))
    if not isinstance(document, Mapping):
        raise ConfigError(f'{path} has no groups: write "group:" and a list of nodes below it')
    if name not in document:
        meant = nearest(name, [str(known) for known in document])
        known = ", ".join(map(str, document)) or "none"
        hint = f"did you mean {meant}?" if meant else f"it has {known}"
        raise ConfigError(f"{path} has no group {name!r}; {hint}")
    nodes = document[name]
    what = f"group {name!r} of {path}"
    if not isinstance(nodes, list):
        raise NodesError(f'{what} is no list: write one line beginning with "- " for each node')
    for number, node in enumerate(nodes, 1):
        if not isinstance(node, str):
            raise NodesError(f"{what}: node {number} is no text; put quotes around it")
    return nodes
