"""The connectors that keep the transport contract, for tests that hold for all of them."""

import importlib
from typing import Final, Protocol, cast

from choria_core.nats.endpoint import Endpoint
from choria_core.nats.transport import StateChange, StateListener, Transport

CONNECTORS: Final = ("nats_transport", "lean_transport")
"""Modules of ``choria_core`` with a function ``connect``."""


def ignore(_change: StateChange) -> None:
    """The listener of those who do not listen."""


class Connect(Protocol):
    """``connect`` of a connector."""

    async def __call__(
        self,
        endpoint: Endpoint,
        *,
        name: str = "test",
        on_state: StateListener = ignore,
        timeout_seconds: float | None = None,
        inbox_prefix: str = "_INBOX",
        no_echo: bool = False,
    ) -> Transport:
        """Connect to a server of ``endpoint``."""


def load_connector(name: str) -> Connect:
    """``connect`` of the module called ``name`` in ``choria_core``."""
    module = importlib.import_module(f"choria_core.nats.{name}")
    return cast("Connect", module.connect)
