"""Calls of ``rpcutil``, which every node has, as whole results."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from choria_core.event_loop import run_async

if TYPE_CHECKING:
    from choria_core.client.client import Client
    from choria_core.client.records import CallRequest, CallResult
    from choria_core.discovery.request import DiscoveryRequest
    from choria_core.network_config.client_config import ClientConfig
    from choria_core.plugins import Plugins

AGENT = "rpcutil"


def call_rpcutil(
    config: "ClientConfig",
    plugins: "Plugins",
    action: str,
    *,
    arguments: Mapping[str, Any] | None = None,
    discovery: "DiscoveryRequest",
) -> "CallResult":
    """Call an action on the nodes that are found; a terminal shows how it goes on.

    Raises:
        WorkError: there is none.
        ConnectError, AuthenticationError: no broker lets us in.
    """
    from choria_core.client.client import Client
    from choria_core.client.records import CallRequest

    request = CallRequest(
        agent=AGENT, action=action, arguments=arguments or {}, discovery=discovery
    )
    return run_async(_shown(Client(config, plugins=plugins), request))


def ask_node(
    config: "ClientConfig", plugins: "Plugins", node: str, actions: Sequence[str]
) -> "list[CallResult]":
    """Call actions on one node, one after the other; ends with the first that fails.

    Raises:
        ConnectError, AuthenticationError: no broker lets us in.
    """
    from choria_core.client.client import Client

    return run_async(_asked(Client(config, plugins=plugins), node, actions))


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


async def _asked(client: "Client", node: str, actions: Sequence[str]) -> "list[CallResult]":
    from choria_core.client.records import CallRequest

    results = []
    async with client:
        for action in actions:
            request = CallRequest(agent=AGENT, action=action, nodes=[node])
            results.append(await client.call(request).result())
            if not results[-1].stats.ok:
                break
    return results
