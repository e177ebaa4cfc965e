"""Calls of ``rpcutil``, which every node has, as whole results."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from choria_core.commands.client_setup import connect_timeout
from choria_core.event_loop import run_async

if TYPE_CHECKING:
    from choria_core.client.client import Client
    from choria_core.client.records import CallRequest, CallResult
    from choria_core.discovery.request import DiscoveryRequest
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.plugins import Plugins

AGENT = "rpcutil"


@dataclass(frozen=True, slots=True)
class Rpcutil:
    """Calls its actions.

    Attributes:
        config: of the client.
        plugins: the installed ones.
        timeout_seconds: longest wait for replies; None for what the agent says.
    """

    config: "ClientConfig"
    plugins: "Plugins"
    timeout_seconds: float | None = None

    def call(self, action: str, discovery: "DiscoveryRequest", **arguments: object) -> "CallResult":
        """Call an action on the nodes that are found; a terminal shows how it goes on.

        Raises:
            WorkError: there is none.
            ConnectError, AuthenticationError: no broker lets us in.
        """
        from choria_core.client.records import CallRequest

        request = CallRequest(
            agent=AGENT,
            action=action,
            arguments=arguments,
            discovery=discovery,
            timeout_seconds=self.timeout_seconds,
        )
        return run_async(_shown(self._client(request.discovery.timeout_seconds), request))

    def ask(self, node: str, actions: Sequence[str]) -> "list[CallResult]":
        """Call actions on one node, one after the other; ends with the first that fails.

        Raises:
            UsageError: it is no name of a node.
            ConnectError, AuthenticationError: no broker lets us in.
        """
        from choria_core.client.records import CallRequest

        requests = [
            CallRequest(
                agent=AGENT, action=action, nodes=[node], timeout_seconds=self.timeout_seconds
            )
            for action in actions
        ]
        return run_async(_asked(self._client(), requests))

    def _client(self, *waits: float | None) -> "Client":
        from choria_core.client.client import Client

        timeout = connect_timeout(self.config, self.timeout_seconds, *waits)
        return Client(self.config, plugins=self.plugins, connect_timeout_seconds=timeout)


async def _shown(client: "Client", request: "CallRequest") -> "CallResult":
    import contextlib

    from choria_core.client.records import CallResult
    from choria_core.commands.call_progress import CallProgress

    async with client:
        call = client.call(request)
        replies = []
        with CallProgress(f"{request.agent}#{request.action}") as progress:
            async with contextlib.aclosing(call.chunks()) as chunks:
                async for chunk in chunks:
                    progress.found(len(call.nodes))
                    replies += chunk
                    progress.answered(call.answered, failed=call.failed)
        return CallResult(stats=call.stats, replies=tuple(replies))


async def _asked(client: "Client", requests: "Sequence[CallRequest]") -> "list[CallResult]":
    results = []
    async with client:
        for request in requests:
            results.append(await client.call(request).result())
            if not results[-1].stats.ok:
                break
    return results
