"""Node sets of types ``mcollective`` and ``choria``: nodes that a discovery method finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Final

from choria_core.config.schema import Setting
from choria_core.discovery.request import (
    BROADCAST,
    EXTERNAL,
    INVENTORY,
    DiscoveryRequest,
    unknown_options,
)
from choria_core.errors import ConfigError
from choria_core.playbook.options import SECONDS
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.filter_options import FilterOptions, Finding

_USUAL: Final = "mc"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryOptions(FilterOptions):
    """Which nodes, and how they are found."""

    discovery_method: Annotated[
        str, Setting("mc, choria, inventory, file or the method of a plugin; mc where not given")
    ] = ""
    discover_method: Annotated[str, Setting("the same, as it was once misspelt")] = ""
    discovery_options: Annotated[
        Mapping[str, str], Setting("options of the method, such as the file of inventory")
    ] = field(default_factory=dict)
    agents: Annotated[tuple[str, ...], Setting("they have each of these agents")] = ("rpcutil",)
    compound: Annotated[
        str, Setting("and this expression is true of them; nodes are asked by mc then")
    ] = ""
    collective: Annotated[str, Setting("where they are; empty for the main one")] = ""
    timeout: Annotated[
        float | None,
        Setting(
            "how long answers are waited for; the usual is discovery_timeout of the client",
            grammar=SECONDS,
            minimum=0,
        ),
    ] = None

    @property
    def method(self) -> str:
        """How they are found; expressions are understood by some methods only."""
        method = self.discovery_method or self.discover_method or _USUAL
        return _USUAL if self.compound and method != INVENTORY else method

    def check(self) -> Iterator[Finding]:
        """What types cannot tell."""
        one, other = self.discovery_method, self.discover_method
        if one and other and one != other:
            text = f"says {other} where discovery_method says {one}"
            yield "discover_method", text, "leave it out"
        if self.method == EXTERNAL:
            key = "discovery_method" if one else "discover_method"
            text = "external starts a program, which this type of set never does"
            yield key, text, "use a set of type shell that prints the nodes"
        for name in unknown_options(self.method, self.discovery_options):
            text = f"is no option of the method {self.method}"
            yield f"discovery_options.{name}", text, "remove it, or choose the method that it is of"
        yield from self.wrong_facts()
        if self.method in BROADCAST:
            yield from self.unreadable()


class DiscoveredNodes:
    """Nodes that match all that is said; those that are plainly named are not looked for."""

    Options: ClassVar[type] = DiscoveryOptions
    is_passive: ClassVar[bool] = True

    async def resolve(
        self,
        options: DiscoveryOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names, in the order in which nodes answer.

        Raises:
            ConfigError: the client is in no such collective, or the method lacks a setting.
            UsageError: nobody knows the method, or it does not understand the filter.
            WorkError: the source of the method is not as it should be.
            ConnectError, AuthenticationError: no broker lets us in.
            DisconnectedError, PermissionsError: nobody answered, for this reason.
        """
        collectives = bench.config.collectives
        if options.collective and options.collective not in collectives:
            raise ConfigError(
                f"collective {options.collective!r} is none of this client's: "
                f"{', '.join(collectives)}; add it to collectives in {bench.config.file}"
            )
        client = await bench.client()
        return await client.discover(_request(options, bench.folder))


def _request(options: DiscoveryOptions, folder: Path) -> DiscoveryRequest:
    method_options = dict(options.discovery_options)
    if "file" in method_options:
        method_options["file"] = str(folder / Path(method_options["file"]).expanduser())
    return DiscoveryRequest(
        filter=options.filter(),
        collective=options.collective,
        method=options.method,
        options=method_options,
        timeout_seconds=options.timeout,
    )
