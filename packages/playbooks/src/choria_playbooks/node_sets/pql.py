"""Node sets of type ``pql``: what PuppetDB answers to a query of the user's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from choria_core.config.schema import Setting
from choria_core.discovery.puppetdb import ask_puppetdb
from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench
from choria_playbooks.node_sets.filter_options import Finding
from choria_playbooks.node_sets.node_names import check_identities


@dataclass(frozen=True, slots=True, kw_only=True)
class PqlOptions:
    """A query."""

    query: Annotated[
        str, Setting("in the query language of PuppetDB; its rows have a certname each")
    ]

    def check(self) -> Iterator[Finding]:
        """What types cannot tell."""
        if not self.query.strip():
            yield "query", "is empty", 'write one like nodes[certname] { certname ~ "^web" }'


class PqlNodes:
    """Nodes that PuppetDB knows; those that are deactivated are left out.

    The configuration of the Choria client says where it is, and has the certificate.
    """

    Options: ClassVar[type] = PqlOptions
    is_passive: ClassVar[bool] = True

    async def resolve(
        self,
        options: PqlOptions,
        bench: Workbench,
        stores: Stores,  # noqa: ARG002 - of the protocol
    ) -> Sequence[str]:
        """Names, in the order of the answer.

        Raises:
            ConfigError: a certificate cannot be used.
            ConnectError, AuthenticationError: PuppetDB cannot be asked.
            WorkError: it answers with an error, or something else than nodes.
            NodesError: it gives what are no names of nodes.
        """
        return check_identities(await ask_puppetdb(options.query, bench.config), "PuppetDB")
