"""What the nodes of one group in one process share: requests, agents, counts.

Every broadcast reaches each of them; here it is read, verified and answered once, and each
node adds its name.
"""

import time
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from choria_core.agents.host import AgentHost
from choria_core.authorization.authorizer import Authorizer
from choria_core.errors import ChoriaError, LocalProtocolError, RemoteProtocolError
from choria_core.nats import wire
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_core.server.sparing_log import SparingLog
from choria_core.server.workload import Workload
from choria_emulator.fleet.facts import GroupFacts
from choria_emulator.fleet.plan import Group
from choria_emulator.node.audit import AuditLog
from choria_emulator.node.emulated_node import EmulatedNode, Line
from choria_emulator.node.face import Face
from choria_emulator.node.openings import Openings
from choria_emulator.node.recent import Recent
from choria_emulator.node.seen import SeenTable
from choria_emulator.node.stencil import ReplyStencil
from choria_emulator.node.task import Task, answer_at_once, is_denied, sealed
from choria_emulator.node.traits import Traits
from choria_emulator.node.whims import Whims
from choria_emulator.watch.figures import LATENCY_BOUNDS_SECONDS, Counts

_BOUNDS_NS: Final = tuple(int(bound * NANOSECONDS) for bound in LATENCY_BOUNDS_SECONDS)


class Desk:
    """The desk of one group.

    Args:
        group: of the nodes.
        traits: that they have in common.
        openings: opens requests, for all groups of the process.
        authorizer: asked before each action; None allows everything.
        whims: what the plan does to requests; None for nothing.
        counts: of the process.
        audit: None where nothing is audited.
        workload: runs what takes time.
        line: looks after connections.
        own: facts and classes of each node.
        later: has something done after so many seconds.
        clock_ns: unix time.

    Attributes:
        chunk: the bytes that a node got last, where they were one whole message.
        is_open: whether requests are taken.
    """

    def __init__(  # noqa: PLR0913 - it joins that many
        self,
        group: Group,
        traits: Traits,
        *,
        openings: Openings,
        authorizer: Authorizer | None,
        whims: Whims | None,
        counts: Counts,
        audit: AuditLog | None,
        workload: Workload,
        line: Line,
        own: GroupFacts,
        later: Callable[[float, Callable[[], None]], object],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.group = group
        self.traits = traits
        self.line = line
        self.own = own
        self.counts = counts
        self.chunk = b""
        # What the chunk holds, whose bytes are being decoded, and the messages in them so far.
        self._chunk_task: Task | None = None
        self._chunk_bytes = 0
        self._current: EmulatedNode | None = None
        self._deliveries = 0
        self.is_open = True
        self._decoder = self._new_decoder()
        self._openings = openings
        self._authorizer = authorizer
        self._whims = whims
        self._audit = audit
        self._workload = workload
        self._later = later
        self._clock_ns = clock_ns
        self._log = SparingLog(clock_ns, logger="choria.emulator")
        self._seen = SeenTable()
        self._tasks: Recent[Task] = Recent()
        self._last: tuple[Task, int] | None = None

    def take_again(self, node: EmulatedNode) -> None:
        """A node got the message whose bytes are :attr:`chunk`."""
        self.handle(node, self._chunk_task, self._chunk_bytes)

    def decode(self, node: EmulatedNode, data: bytes) -> None:
        """A node got other bytes; with a part of a message it is lent a decoder."""
        decoder = node.lent or self._decoder
        self._current = node
        self._deliveries = 0
        try:
            decoder.feed(data)
        except RemoteProtocolError as error:
            self._renew(decoder)
            node.lent = None
            self.line.garbled(node, str(error))
            return
        if decoder.is_between_frames:
            if node.lent is None and self._deliveries == 1 and self._last is not None:
                self.chunk = data
                self._chunk_task, self._chunk_bytes = self._last
            node.lent = None
        elif node.lent is None:
            node.lent = decoder
            self._renew(decoder)

    def _renew(self, decoder: wire.Decoder) -> None:
        """Use another decoder from now on, where ``decoder`` is the common one."""
        if decoder is self._decoder:
            self._decoder = self._new_decoder()

    def handle(self, node: EmulatedNode, task: Task | None, size: int) -> None:
        """Take a request for one node; never raises."""
        assert task is not None
        if not self.is_open:
            return
        counts, opening = self.counts, task.opening
        counts.requests += 1
        counts.in_bytes += size
        node.requests += 1
        node.in_bytes += size
        if task.is_refused:
            counts.refused += 1
            node.refused += 1
            return
        now_ns = self._clock_ns()
        if now_ns >= opening.until_ns:
            counts.expired += 1
            node.expired += 1
            return
        wanted = task.wanted
        if wanted is None:
            wanted = task.opened.wanted.matches(Face(node, self.traits).view())
        if not wanted:
            counts.filtered += 1
            node.filtered += 1
        elif task.seen is None or not task.seen.add(node.place):
            counts.repeated += 1
            node.repeated += 1
        else:
            node.taken += 1
            if self._whims is None:
                self._answer(node, task, now_ns)
            else:
                self._answer_by_whim(node, task, now_ns, self._whims)

    def _answer_by_whim(self, node: EmulatedNode, task: Task, now_ns: int, whims: Whims) -> None:
        if whims.drops(node.identity, node.taken):
            self.counts.dropped += 1
            return
        wait = whims.wait_seconds(node.identity, node.taken)
        fails = task.call is not None and whims.fails(node.identity, node.taken)
        answer = self._fail if fails else self._answer
        if wait <= 0:
            answer(node, task, now_ns)
        else:
            self._later(wait, lambda: answer(node, task, self._clock_ns()))

    def _fail(self, node: EmulatedNode, task: Task, now_ns: int) -> None:
        self.counts.failed += 1
        try:
            failure = task.failure(node, now_ns=now_ns)
            if isinstance(failure, ReplyStencil):
                self._send(node, task, failure.frame(node.name), now_ns)
            elif failure is not None:
                self._send_payload(node, task, failure, now_ns)
        except LocalProtocolError as error:
            self._log.warning("a reply cannot be written", cause=str(error))

    def _answer(self, node: EmulatedNode, task: Task, now_ns: int) -> None:
        stencil = task.cached(node.broker, now_ns=now_ns)
        if stencil is None:
            try:
                stencil = self._work_out(node, task, now_ns)
            except LocalProtocolError as error:
                self._log.warning("a reply cannot be written", cause=str(error))
                return
        if stencil is not None:
            if task.is_denied:
                self.counts.denied += 1
            elif self._audit is not None:
                self._audit.record(node.identity, task, now_ns=now_ns)
            self._send(node, task, stencil.frame(node.name), now_ns)

    def _work_out(self, node: EmulatedNode, task: Task, now_ns: int) -> ReplyStencil | None:
        """Answer for one node; the stencil where the answer is everyone's."""
        face = Face(node, self.traits)
        host = AgentHost(self.traits.agents, node=face, authorizer=self._authorizer)
        if not task.is_quick:
            if self._workload.has_room:
                self._workload.start(self._answer_later(node, task, host))
            else:
                self.counts.dropped += 1
            return None
        if task.opened.transport.version is Version.V1 and task.is_uniform:
            stencil = task.stencil(node, host, face, now_ns=now_ns)
            self._remember(task)  # it holds more now
            if task.is_uniform:
                return stencil
        self._send_payload(node, task, answer_at_once(host, task.opened), now_ns)
        return None

    async def _answer_later(self, node: EmulatedNode, task: Task, host: AgentHost) -> None:
        payload = await host.answer(task.opened)
        try:
            self._send_payload(node, task, payload, self._clock_ns())
        except ChoriaError as error:
            self._log.warning("a reply cannot be written", cause=str(error))

    def _send_payload(
        self, node: EmulatedNode, task: Task, payload: bytes | None, now_ns: int
    ) -> None:
        """Raises LocalProtocolError."""
        if payload is None:
            return
        if is_denied(payload):
            self.counts.denied += 1
        elif self._audit is not None:
            self._audit.record(node.identity, task, now_ns=self._clock_ns())
        body = sealed(node, task.opened, payload, now_ns=now_ns)
        reply_to = task.opened.transport.headers.reply_to.encode()
        self._send(node, task, wire.publish(reply_to, b"", b"", body), now_ns)

    def _send(self, node: EmulatedNode, task: Task, frame: bytes, now_ns: int) -> None:
        counts = self.counts
        if not node.write(frame):
            counts.lost_replies += 1
            return
        counts.replies += 1
        counts.out_bytes += len(frame)
        node.replies += 1
        node.out_bytes += len(frame)
        counts.latency[bisect_left(_BOUNDS_NS, now_ns - task.opening.arrived_ns)] += 1

    def _new_decoder(self) -> wire.Decoder:
        decoder = wire.Decoder(self._control)
        decoder.sinks = _Everything(self._deliver)
        return decoder

    def _control(self, control: wire.Control) -> None:
        assert self._current is not None
        self._deliveries = -(1 << 60)  # not bytes to be known again
        self.line.control(self._current, control)

    def _deliver(self, delivery: wire.Delivery) -> None:
        assert self._current is not None
        self._deliveries += 1
        body = delivery[3]
        task = self._task(body, self._current)
        self._last = task, len(body)
        self.handle(self._current, task, len(body))

    def _task(self, body: bytes, node: EmulatedNode) -> Task:
        task = self._tasks.get(body)
        if task is None:
            task = self._new_task(body, node)
            self._remember(task)
        return task

    def _remember(self, task: Task) -> None:
        self._tasks.put(task.body, task, size_bytes=task.size_bytes)

    def _new_task(self, body: bytes, node: EmulatedNode) -> Task:
        now_ns = self._clock_ns()
        opening = self._openings.open(body, now_ns=now_ns)
        seen = None
        if opening.opened is not None:
            seen = self._seen.of(opening.opened.key, until_ns=opening.until_ns, now_ns=now_ns)
        return Task(
            body,
            opening,
            seen,
            self.traits.agents,
            collectives=self.traits.collectives,
            view=Face(node, self.traits).view(),
        )


class _Everything(dict[bytes, wire.Sink]):
    """One sink for all subscriptions."""

    def __init__(self, sink: wire.Sink) -> None:
        super().__init__()
        self._sink = sink

    def get(self, _sid: bytes, _default: object = None) -> wire.Sink:
        """That one."""
        return self._sink
