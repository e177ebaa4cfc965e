"""The contract of registration plugins.  Pure.

class Uptime(Registration):
    def __init__(self, node: RegisteringNode) -> None:
        self._node = node

    async def item(self) -> RegistrationItem:
        return RegistrationItem(json.encode({"up": time.time() - self._node.started}))

Named by ``registration = uptime``, it is asked once in every ``registerinterval``, and what
it gives is published as a request to the agent ``registration``, which nobody answers.
"""

from typing import TYPE_CHECKING, ClassVar, Protocol

from msgspec import Struct

from choria_core.agents.node import Node
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.messages import MATCH_ALL, Filter

if TYPE_CHECKING:  # the server hosts registrations, and not the other way round
    from choria_core.server.status import Status

PLACE = "%s"
"""Stands in names of files for the name of the node."""


class RegistrationItem(Struct, frozen=True):
    """What a node tells.

    Attributes:
        body: of the request: not empty, and UTF-8 where the network speaks version 1.
        target: subject to send it to; empty for the agent ``registration`` of
            ``registration_collective``.
        filter: of the request.
    """

    body: bytes
    target: str = ""
    filter: Filter = MATCH_ALL


class RegisteringNode(Node, Protocol):
    """A node as its registrations see it."""

    @property
    def config(self) -> ServerConfig:
        """Its configuration; ``config.option("plugin.NAME.key")`` is the text of any key."""

    @property
    def shares_config(self) -> bool:
        """Whether other nodes have the same configuration, as emulated ones do.

        A file that is written then needs the node's name in its own.
        """

    def status(self) -> "Status":
        """What its status file says, or would."""


class Registration(Protocol):
    """A kind of registration; one object for each node, with nothing shared between them.

    Attributes:
        is_local: it publishes nothing: it is asked from the start of the server, with or
            without a connection, and without first waiting.
    """

    is_local: ClassVar[bool] = False

    def __init__(self, node: RegisteringNode) -> None:
        """Be ready for ``node``.

        Raises:
            ConfigError: a key is missing or wrong; the node goes on without.
        """

    def size(self) -> int:
        """Bytes of the material as it is now, for ``size_trigger``; 0 where that has none.

        It is asked often, and changes nothing.

        Raises:
            ChoriaError, OSError: it cannot be found out, which is told in the log.
        """
        return 0

    async def item(self) -> RegistrationItem | None:
        """What is to be told now; None for nothing, or where it did its work itself.

        Raises:
            Exception: of any kind; it is told in the log, and next time comes another try.
        """
