"""Where the nodes of a book come from: what a kind of node set implements."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from choria_core.playbook.stores import Stores
from choria_core.playbook.workbench import Workbench


class NodeSet(Protocol):
    """A kind of node set; one object for each set of a book.

    The engine removes doubles, and applies ``limit``, ``at_least`` and the other words that all
    kinds have.

    Attributes:
        Options: a frozen dataclass; what the book may say beyond the common words.
        is_passive: it starts no program, so that ``--check --resolve`` may use it.
    """

    Options: ClassVar[type]
    is_passive: ClassVar[bool] = True

    async def resolve(self, options: Any, bench: Workbench, stores: Stores) -> Sequence[str]:
        """Identities of nodes, in the order of the source; none is no error.

        Raises:
            ConfigError: the options cannot work: a file that is not there.
            NodesError: the source gives what are no names of nodes.
            WorkError, TransportError: it cannot be asked.
        """
