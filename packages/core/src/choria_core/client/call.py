"""A call of many nodes: requests out, replies in, and how it went."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import structs

from choria_core.client.doubts import Doubts
from choria_core.client.intake import Arrived, Intake
from choria_core.client.limits import limited
from choria_core.client.line import Line
from choria_core.client.records import CallRequest, CallResult, CallStats, NodeReply
from choria_core.client.reply_reader import ReplyReader
from choria_core.client.sealing import Envelope
from choria_core.client.tally import Tally
from choria_core.ddl.document import ActionDdl, Ddl
from choria_core.ddl.inputs import RefusedInputError, check_arguments
from choria_core.errors import LocalProtocolError, RemoteProtocolError, UsageError, WorkError
from choria_core.nats.wire import Delivery
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol import subjects
from choria_core.protocol.messages import MATCH_ALL, Filter
from choria_core.protocol.names import is_identity
from choria_core.protocol.rpc_body import RpcRequest, encode_rpc_request, pack_fields


class Surroundings(Protocol):
    """What a call needs of its client."""

    @property
    def config(self) -> ClientConfig:
        """Of the client."""

    async def nodes_for(self, request: CallRequest) -> list[str]:
        """The nodes of a call that names none."""

    def line(self, workers: int) -> AbstractAsyncContextManager[Line]:
        """An open way into the network with so many receiving connections."""


class Call:
    """One call, made once; iterate over it for the replies, in order of arrival.

        async for reply in call: ...
        call.stats

    Whoever breaks off closes the iterator too: ``contextlib.aclosing(call.chunks())``.

    Args:
        request: what is called.
        ddl: description of the agent.
        client: that calls.

    Raises:
        UsageError: the agent has no such action, or it takes other arguments; or batches are
            to be asked with one message for all.
    """

    def __init__(self, request: CallRequest, ddl: Ddl, client: Surroundings) -> None:
        self.ddl = ddl
        self._request = request
        self._client = client
        self._action = find_action(ddl, request.action)
        self._payload = rpc_payload(request, self._action)
        self._tally = Tally(request.agent, request.action, is_service=ddl.metadata.service)
        self._is_begun = False
        self._begun_ns = self._arrived_ns = 0
        if request.broadcast and request.batch_size:
            raise UsageError("one message asks all nodes at once: leave out the size of batches")
        self._doubts = Doubts(agent=request.agent, action=request.action)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Who is called; none before that is known, which it is at the first chunk."""
        return self._tally.nodes

    @property
    def answered(self) -> int:
        """How many replies came so far."""
        return self._tally.ok + self._tally.failed

    @property
    def failed(self) -> int:
        """Those of them that say so, or could not be read."""
        return self._tally.failed

    @property
    def asked(self) -> int:
        """How many of the nodes were asked so far, the first ones of them."""
        return self._tally.asked

    @property
    def is_between_batches(self) -> bool:
        """Whether a batch is over, and another is still to be asked."""
        tally = self._tally
        return 0 < tally.asked < len(tally.nodes) and tally.is_complete

    @property
    def request_id(self) -> str:
        """Of the messages; empty before there are any."""
        return self._tally.request_id

    @property
    def arrival_ns(self) -> int:
        """When the replies of the last chunk arrived: nanoseconds since the call was begun."""
        return self._arrived_ns - self._begun_ns

    @property
    def stats(self) -> CallStats:
        """How it goes, or in the end went; it names nodes, so do not ask at each reply."""
        return self._tally.stats()

    async def result(self) -> CallResult:
        """The whole call.

        Raises:
            As :meth:`chunks`.
        """
        replies = [reply async for chunk in self.chunks() for reply in chunk]
        return CallResult(stats=self.stats, replies=tuple(replies), ddl=self._action)

    async def __aiter__(self) -> AsyncGenerator[NodeReply, None]:
        """Call, and yield what nodes answer, one at a time.

        Raises:
            As :meth:`chunks`.
        """
        async for replies in self.chunks():
            for reply in replies:
                yield reply

    async def chunks(self) -> AsyncGenerator[list[NodeReply], None]:
        """Call, and yield what nodes answer: a chunk for each read of the network.

        The first chunk is empty: it comes when it is known who is called.  So are those that
        end a batch before another is asked.

        Raises:
            WorkError: no node was found.
            UsageError: a limit or a node's name cannot be used.
            ConnectError, AuthenticationError: no broker lets us in.
            DisconnectedError, PermissionsError: nobody answered, for this reason.
        """
        if self._is_begun:
            raise LocalProtocolError("a call is made once; make another")
        self._is_begun = True
        tally = self._tally
        tally.start_ns = time.time_ns()
        try:
            if not tally.is_service:
                await self._find_nodes()
            yield []
            async with self._client.line(self._request.workers) as line:
                async for chunk in self._on(line):
                    yield chunk
        finally:
            tally.is_over = True

    async def _on(self, line: Line) -> AsyncIterator[list[NodeReply]]:
        """The call itself, once it is known who is called."""
        tally = self._tally
        envelope = line.envelope(self._request.agent, self._collective)
        tally.request_id = envelope.request_id
        with line.intake(envelope) as intake:
            await intake.flush()
            begun = self._begun_ns = time.perf_counter_ns()
            async for chunk in self._batches(line, envelope, intake):
                tally.request_ns = time.perf_counter_ns() - begun
                yield chunk
            tally.request_ns = time.perf_counter_ns() - begun
        if not self.answered:
            line.check()

    @property
    def _collective(self) -> str:
        return self._request.discovery.collective or self._client.config.main_collective

    @property
    def _timeout_seconds(self) -> float:
        """For replies: the agent's time, and what the network needs, which discovery tells."""
        request = self._request
        if request.timeout_seconds is not None:
            return request.timeout_seconds
        network = request.discovery.timeout_seconds
        if network is None:
            network = self._client.config.discovery.timeout_seconds
        return network + self.ddl.metadata.timeout

    async def _find_nodes(self) -> None:
        """Whom to call: named or discovered, then limited."""
        request, tally = self._request, self._tally
        nodes: Sequence[str]
        if request.nodes is None:
            begun = time.perf_counter_ns()
            nodes = await self._client.nodes_for(request)
            tally.discover_ns = time.perf_counter_ns() - begun
        else:
            nodes = request.nodes
        if not nodes:
            raise WorkError("no nodes were found")
        unique = list(dict.fromkeys(nodes))
        tally.ask(limited(unique, request.limit, method=self._client.config.limit_method))

    async def _batches(
        self, line: Line, envelope: Envelope, intake: Intake
    ) -> AsyncIterator[list[NodeReply]]:
        """Ask one batch after the other."""
        nodes, size = self._tally.nodes, self._request.batch_size
        reader = line.reader(envelope, nodes)
        step = size if size > 0 and nodes else max(len(nodes), 1)
        for start in range(0, max(len(nodes), 1), step):
            if start:
                await asyncio.sleep(self._request.batch_sleep_seconds)
            batch = nodes[start : start + step]
            self._tally.wait_for(batch)
            async for arrived in self._ask(line, envelope, intake, batch):
                for moment, deliveries in arrived:
                    self._arrived_ns = moment
                    yield self._read(reader, deliveries)
            if start + step < len(nodes):
                self._tally.give_up()
                yield []

    async def _ask(
        self, line: Line, envelope: Envelope, intake: Intake, batch: Sequence[str]
    ) -> AsyncIterator[Arrived]:
        """Publish to the nodes of a batch, and receive until all answered or the time is over."""
        deadline = asyncio.get_running_loop().time() + self._timeout_seconds
        begun = time.perf_counter_ns()
        # Sealed anew for each batch, as nodes refuse a request that is older than its ttl.
        document = envelope.document(self._payload, self._filter, now_ns=time.time_ns())
        async for _ in line.publish(envelope, document, self._targets(batch)):
            yield intake.take()
        self._tally.publish_ns += time.perf_counter_ns() - begun
        while not self._tally.is_complete and (arrived := await intake.next(deadline)):
            yield arrived

    @property
    def _filter(self) -> Filter:
        """Of requests, that nodes without the agent do not answer."""
        request = self._request
        if request.broadcast:
            return with_agent(request.discovery.filter, request.agent)
        return MATCH_ALL if self._tally.is_service else Filter(agent=(request.agent,))

    def _targets(self, batch: Sequence[str]) -> list[str]:
        if self._tally.is_service:
            return [subjects.service(self._collective, self._request.agent)]
        if self._request.broadcast:
            return [subjects.broadcast(self._collective, self._request.agent)]
        return node_subjects(self._collective, batch)

    def _read(self, reader: ReplyReader, deliveries: Sequence[Delivery]) -> list[NodeReply]:
        """The replies of nodes that were asked; what cannot be read is counted as failed."""
        bodies = [delivery[3] for delivery in deliveries]
        try:
            replies = reader.replies(bodies)
        except RemoteProtocolError:  # seldom: now look at each
            # In their order, as the first reply of a node is the one that counts.
            return [reply for body in bodies for reply in self._read_one(reader, body)]
        return self._tally.take(replies)

    def _read_one(self, reader: ReplyReader, body: bytes) -> list[NodeReply]:
        try:
            reply = reader.reply(body)
        except RemoteProtocolError as error:
            self._tally.take_unreadable(reader.blamed(body))
            self._doubts.take(error)
            return []
        return self._tally.take([reply])


def node_subjects(collective: str, nodes: Sequence[str]) -> list[str]:
    """Where each of the nodes listens.

    Raises:
        UsageError: a name is none that nodes can have.
    """
    prefix = subjects.node(collective, "x")[:-1]
    for name in nodes:
        if not is_identity(name):
            raise UsageError(f"{name!a} is no name of a node: use letters, digits, _ - and dots")
    return [prefix + name for name in nodes]


def with_agent(wanted: Filter, agent: str) -> Filter:
    """The filter that asks for ``agent`` too."""
    if agent in wanted.agent:
        return wanted
    return structs.replace(wanted, agent=(*wanted.agent, agent))


def find_action(ddl: Ddl, name: str) -> ActionDdl:
    """The action of an agent.

    Raises:
        UsageError: it has none of that name.
    """
    action = ddl.action(name)
    if action is None:
        known = ", ".join(sorted(one.action for one in ddl.actions)) or "none"
        raise UsageError(
            f"agent {ddl.metadata.name} has no action {name!r}; its actions are: {known}"
        )
    return action


def rpc_payload(request: CallRequest, action: ActionDdl) -> bytes:
    """What the agent reads.

    Raises:
        UsageError: the action takes other arguments.
        LocalProtocolError: the arguments hold what JSON cannot.
    """
    try:
        arguments = check_arguments(action, request.arguments)
    except RefusedInputError as error:
        raise UsageError(f"action {action.action} of {request.agent}: {error}") from error
    data = pack_fields(arguments)
    return encode_rpc_request(RpcRequest(request.agent, request.action, data))
