"""Registration of all that a node knows: ``registration = inventory_content``.

Source: go-choria, providers/registration.
"""

from typing import Any

from msgspec import Raw, Struct

from choria_core.ddl.document import Metadata
from choria_core.protocol.json_documents import encode_document
from choria_core.protocol.registration_body import InventoryContent, encode_registration
from choria_core.registration.packing import packed
from choria_core.registration.registration import (
    RegisteringNode,
    Registration,
    RegistrationItem,
)
from choria_core.server.status import Status


class BuildInfo(Struct, frozen=True, kw_only=True):
    """The program."""

    version: str
    sha: str = "unknown"


class Inventory(Struct, frozen=True, kw_only=True):
    """What is sent.

    Attributes:
        agents: what they say of themselves.
        status: as the status file has it.
        machines: autonomous agents, of which there are none.
    """

    agents: list[dict[str, Any]]
    classes: list[str]
    facts: dict[str, Any]
    status: Status
    collectives: list[str]
    build_info: BuildInfo
    machines: list[Any]


class InventoryRegistration(Registration):
    """Sends the inventory of the node."""

    def __init__(self, node: RegisteringNode) -> None:
        self._node = node
        self._settings = node.config.registration.inventory_content

    def size(self) -> int:
        """Bytes of the inventory, before they are packed."""
        return len(self._document())

    async def item(self) -> RegistrationItem:
        """The inventory as it is now.

        Raises:
            LocalProtocolError: a fact is nothing that JSON can say.
        """
        document = self._document()
        if self._settings.compressed:
            body = InventoryContent(zcontent=await packed(document))
        else:
            body = InventoryContent(content=Raw(document))
        return RegistrationItem(encode_registration(body), self._settings.target)

    def _document(self) -> bytes:
        node = self._node
        inventory = Inventory(
            agents=[_described(metadata) for metadata in node.agents()],
            classes=sorted(node.classes()),
            facts=dict(node.facts()),
            status=node.status(),
            collectives=list(node.collectives),
            build_info=BuildInfo(version=node.version),
            machines=[],
        )
        return encode_document(inventory)


def _described(metadata: Metadata) -> dict[str, Any]:
    """What an agent says of itself, as the original has it."""
    fields: dict[str, Any] = {
        "license": metadata.license,
        "author": metadata.author,
        "timeout": metadata.timeout,
        "name": metadata.name,
        "version": metadata.version,
        "url": metadata.url,
        "description": metadata.description,
    }
    if metadata.provider:
        fields["provider"] = metadata.provider
    if metadata.service:
        fields["service"] = True
    return fields
