"""Registration of the names of agents: ``registration = agentlist``.

Source: MCollective's plugin of that name.  Only nodes with an agent ``registration`` are
meant, as its filter says.
"""

from typing import Final

from msgspec import json

from choria_core.protocol.messages import Filter
from choria_core.registration.registration import (
    RegisteringNode,
    Registration,
    RegistrationItem,
)

READERS: Final = Filter(agent=("registration",))
"""Whom it is for."""


class AgentList(Registration):
    """Sends the names, in the order of the alphabet."""

    def __init__(self, node: RegisteringNode) -> None:
        self._node = node

    def size(self) -> int:
        """Bytes of the list."""
        return len(self._body())

    async def item(self) -> RegistrationItem:
        """The list as it is now."""
        return RegistrationItem(self._body(), filter=READERS)

    def _body(self) -> bytes:
        return json.encode(sorted(metadata.name for metadata in self._node.agents()))
