"""A client of a Choria network, as a library.

    async with Client(load_client()) as client:
        nodes = await client.discover(DiscoveryRequest(filter=parse_filter(facts=["os=Linux"])))
        call = client.call(CallRequest(agent="rpcutil", action="ping", nodes=nodes))
        async for reply in call:
            print(reply.sender, reply.statusmsg)
        print(call.stats.no_responses)

The network is connected to when it is needed first: what only reads files needs none.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from msgspec import structs

from choria_core.client import broadcast
from choria_core.client.call import Call, find_action, node_subjects, rpc_payload, with_agent
from choria_core.client.ddl_library import DdlLibrary
from choria_core.client.discovery_methods import find_without_asking
from choria_core.client.line import Line
from choria_core.client.records import CallRequest, PingReply
from choria_core.ddl.document import Ddl
from choria_core.discovery.request import BROADCAST, DiscoveryRequest, only_identities
from choria_core.errors import ConnectError, UsageError
from choria_core.nats.lean_transport import LeanTransport
from choria_core.nats.transport import StateListener
from choria_core.network.connection import connect_network, ignore_state
from choria_core.network.party import Party, client_party
from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Plugins
from choria_core.protocol import subjects
from choria_core.protocol.messages import Filter


class Client:
    """Asks the nodes of one network; used as ``async with``.

    Args:
        config: who we are and where the brokers are.
        party: made of ``config`` where None.
        plugins: who may describe agents and know discovery methods; the installed ones where
            None.
        connect_timeout_seconds: how long to try to reach a broker; None for the discovery
            timeout and that of a connection together.
        on_state: told when a connection is made, lost or closed.
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        party: Party | None = None,
        plugins: Plugins | None = None,
        connect_timeout_seconds: float | None = None,
        on_state: StateListener = ignore_state,
    ) -> None:
        self.config = config
        self._party = party
        self._plugins = plugins or _installed()
        self.ddls = DdlLibrary(config.library_folders, self._plugins)
        if connect_timeout_seconds is None:
            connect_timeout_seconds = usual_connect_timeout(config)
        self._connect_timeout_seconds = connect_timeout_seconds
        self._on_state = on_state
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()
        self._transports: list[LeanTransport] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transports.clear()
        await self._stack.aclose()

    async def discover(self, request: DiscoveryRequest | None = None) -> list[str]:
        """The identities of the nodes that match, in order of arrival.

        Nodes that are plainly named are not looked for: they come back as they are.

        Raises:
            UsageError: the method does not understand the filter, or one is required.
            ConfigError: the method lacks a setting.
            WorkError: the source of the method is not as it should be.
            ConnectError, AuthenticationError: no broker lets us in.
            DisconnectedError, PermissionsError: nobody answered, for this reason.
        """
        wanted = (request or DiscoveryRequest()).completed(self.config)
        if wanted.method not in BROADCAST:
            return await find_without_asking(wanted, self.config, self._plugins)
        named = only_identities(wanted.filter)
        if named:
            return list(named)
        self._require_filter(wanted.filter)
        async with self.line(1) as line:
            return await broadcast.find(line, wanted)

    async def ping(
        self, request: DiscoveryRequest | None = None
    ) -> AsyncGenerator[list[PingReply], None]:
        """Ask all nodes that match for a sign of life, and tell how long each took.

        Yields:
            Answers, a list for each read of the network.

        Raises:
            As :meth:`discover`.
        """
        wanted = (request or DiscoveryRequest()).completed(self.config)
        self._require_filter(wanted.filter)
        async with self.line(1) as line:
            async for replies in broadcast.ping(line, wanted):
                yield replies

    def call(self, request: CallRequest) -> Call:
        """An action of an agent on many nodes; iterate over it for the replies.

        Raises:
            UsageError: nobody describes the agent, it has no such action, or the action takes
                other arguments.
            ConfigError, PluginError: the description is broken.
        """
        return Call(request, self._described(request), self)

    async def send(self, request: CallRequest, *, reply_to: str) -> str:
        """Only publish a request, whose replies go elsewhere.

        Args:
            request: to its ``nodes`` where it names some, else to all that match the filter
                of its ``discovery``, without asking who they are.
            reply_to: subject that nodes answer to.

        Returns:
            The id of the request.

        Raises:
            UsageError: nobody describes the agent, it has no such action, or the action takes
                other arguments.
            ConfigError, PluginError: the description is broken.
            LocalProtocolError: ``reply_to`` cannot be a subject for replies.
            ConnectError, AuthenticationError: no broker lets us in.
        """
        agent = request.agent
        ddl = self._described(request)
        payload = rpc_payload(request, find_action(ddl, request.action))
        collective = request.discovery.collective or self.config.main_collective
        wanted = Filter(agent=(agent,))
        if request.nodes is not None:
            targets = node_subjects(collective, request.nodes)
        elif ddl.metadata.service:
            targets, wanted = [subjects.service(collective, agent)], Filter()
        else:
            targets = [subjects.broadcast(collective, agent)]
            wanted = with_agent(request.discovery.filter, agent)
            self._require_filter(wanted)
        async with self.line(1) as line:
            envelope = line.envelope(agent, collective, reply_to=reply_to)
            document = envelope.document(payload, wanted, now_ns=time.time_ns())
            async for _ in line.publish(envelope, document, targets):
                pass
            return envelope.request_id

    async def nodes_for(self, request: CallRequest) -> list[str]:
        """The nodes of a call that names none: those of its discovery that have the agent.

        Two nodes with one name are asked as one: nobody could tell their replies apart.
        """
        found = request.discovery
        wanted = replace(found, filter=with_agent(found.filter, request.agent))
        return list(dict.fromkeys(await self.discover(wanted)))

    @contextlib.asynccontextmanager
    async def line(self, workers: int) -> AsyncIterator[Line]:
        """An open way into the network.

        Args:
            workers: connections that receive; all but the first are closed with the line.

        Raises:
            ConnectError, AuthenticationError: no broker lets us in.
        """
        async with contextlib.AsyncExitStack() as stack:
            async with self._opening:
                party = self._party = self._party or client_party(self.config)
                if not self._transports:
                    transport = await self._connect(party, "client")
                    self._transports.append(await self._stack.enter_async_context(transport))
            await self._reconnected(self._transports[0])
            more = [
                await stack.enter_async_context(await self._connect(party, f"receiver {number}"))
                for number in range(1, workers)
            ]
            yield Line(self.config, party, [*self._transports, *more])

    async def _reconnected(self, transport: LeanTransport) -> None:
        """Wait where the connection was lost, which makes itself anew.

        Raises:
            ConnectError: that takes too long.
        """
        try:
            async with asyncio.timeout(self._connect_timeout_seconds):
                await transport.wait_connected()
        except TimeoutError:
            seconds = f"{self._connect_timeout_seconds:g} s"
            raise ConnectError(
                f"the connection to {transport.server.url} was lost, and not made anew in {seconds}"
            ) from None

    async def _connect(self, party: Party, what: str) -> LeanTransport:
        return await connect_network(
            self.config,
            party,
            name=f"{party.caller} {what}",
            timeout_seconds=self._connect_timeout_seconds,
            on_state=self._on_state,
        )

    def _described(self, request: CallRequest) -> Ddl:
        return request.ddl or self.ddls.find(request.agent)

    def _require_filter(self, wanted: Filter) -> None:
        """Where the configuration says so, nobody asks everyone by mistake."""
        few = structs.replace(wanted, agent=wanted.agent[1:])
        if self.config.require_filter and few.is_empty:
            raise UsageError(
                "plugin.choria.require_client_filter is set: name nodes or give a filter"
            )


def usual_connect_timeout(config: ClientConfig) -> float:
    """Seconds in which a broker must be reached, where nobody says otherwise."""
    return config.discovery.timeout_seconds + config.brokers.connect_timeout_seconds


def _installed() -> Plugins:
    plugins = Plugins()
    plugins.load_installed()
    return plugins
