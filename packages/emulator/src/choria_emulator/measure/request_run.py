"""One request of a suite: asked, and watched until the last reply."""

import contextlib
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from choria_core.client.call import Call
from choria_core.client.client import Client
from choria_core.client.records import CallRequest, CallStats, NodeReply
from choria_core.errors import DisconnectedError
from choria_core.nats.transport import ConnectionState, StateChange
from choria_emulator.emulated_ddl import emulated_ddl
from choria_emulator.measure.effort_meter import EffortMeter
from choria_emulator.measure.node_times import NodeTimes
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.result import Effort, RequestResult

Progress = Callable[[Call], None]


class CutWatch:
    """Remembers why the client's connections were lost."""

    def __init__(self) -> None:
        self.causes: list[str] = []

    def take(self, change: StateChange) -> None:
        """A connection changed."""
        if change.state is ConnectionState.DISCONNECTED:
            self.causes.append(f"{change.server}: {change.cause}")

    def since(self, known: int) -> str:
        """The causes behind the first ``known``; each attempt to connect anew may add its own."""
        return "; ".join(dict.fromkeys(self.causes[known:]))


@dataclass(slots=True)
class _Seen:
    """Replies of one request; their content is not kept.

    Attributes:
        timeout_ns: what comes later is late.
        chunks: who answered at which moment, in time.
        late: who answered later.
        failures: replies that say so, in time; ``all_failures`` at any time.
        effort: of the client, up to the last reply.
    """

    timeout_ns: int
    times_ns: "array[int]" = field(default_factory=lambda: array("q"))
    chunks: list[tuple[int, list[str]]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    failures: int = 0
    all_failures: int = 0
    effort: Effort = field(default_factory=Effort)

    def take(self, replies: list[NodeReply], time_ns: int) -> None:
        names = [reply.sender for reply in replies]
        failures = sum(reply.statuscode != 0 for reply in replies)
        self.all_failures += failures
        if time_ns > self.timeout_ns:
            self.late += names
            return
        self.failures += failures
        self.chunks.append((time_ns, names))
        self.times_ns.extend([time_ns] * len(names))


class Asker:
    """Makes the requests of a plan, one after the other.

    Args:
        plan: of the suite.
        client: whose changes of connection ``cuts`` is told.
        nodes: who is asked.
        cuts: of the client.
        meter: open.

    Attributes:
        times: of nodes, over all requests that count.
    """

    def __init__(
        self,
        plan: MeasurePlan,
        client: Client,
        nodes: Sequence[str],
        *,
        cuts: CutWatch,
        meter: EffortMeter,
    ) -> None:
        self.times = NodeTimes()
        self._plan = plan
        self._client = client
        self._nodes = nodes
        self._cuts = cuts
        self._meter = meter
        self._request = CallRequest(
            agent=plan.agent,
            action="generate",
            arguments={"size": plan.size},
            ddl=emulated_ddl(plan.agent),
            nodes=nodes,
            timeout_seconds=plan.timeout_seconds + plan.grace_seconds,
            workers=plan.workers,
            broadcast=not plan.force_direct,
        )

    async def ask(self, number: int, progress: Progress) -> RequestResult:
        """Request ``number``, from 1; of 0 the nodes' times are forgotten.

        Raises:
            ConnectError: the connection was lost and cannot be made anew.
            PermissionsError: the broker forbids what we do.
        """
        begun, known_cuts = time.perf_counter_ns(), len(self._cuts.causes)
        call = self._client.call(self._request)
        seen = _Seen(round(self._plan.timeout_seconds * 1e9))
        with contextlib.suppress(DisconnectedError):  # which its watch tells
            await self._watch(call, seen, progress)
        total_ns = time.perf_counter_ns() - begun
        if number:
            for time_ns, names in seen.chunks:
                self.times.add(names, time_ns)
        cut = self._cuts.since(known_cuts)
        return self._result(number, call.stats, seen, total_ns, cut)

    async def _watch(self, call: Call, seen: _Seen, progress: Progress) -> None:
        async with contextlib.aclosing(call.chunks()) as chunks:
            async for replies in chunks:
                if not seen.chunks:
                    self._restart_meter(call)
                if replies:
                    seen.take(replies, call.arrival_ns)
                    seen.effort = self._meter.so_far()
                    progress(call)

    def _restart_meter(self, call: Call) -> None:
        """The first chunk is empty, and comes before anybody is asked."""
        if not call.answered:
            self._meter.start()

    def _result(
        self, number: int, stats: CallStats, seen: _Seen, total_ns: int, cut: str
    ) -> RequestResult:
        missing = (*stats.no_responses, *seen.late)
        asked = frozenset(stats.discovered)
        unexpected = stats.unexpected_responses
        unreadable = max(0, stats.failed - seen.all_failures)
        request_ns = min(stats.request_ns, seen.timeout_ns) if missing else stats.request_ns
        spared_ns = stats.request_ns - request_ns  # the wait for late replies does not count
        return RequestResult(
            number=number,
            request_id=stats.request_id,
            start_ns=stats.start_ns,
            expected=self._plan.expect,
            discovered=len(stats.discovered),
            publish_ns=stats.publish_ns,
            request_ns=request_ns,
            total_ns=total_ns - spared_ns,
            ok=len(seen.times_ns) - seen.failures,
            failed=seen.failures + unreadable,
            times_ns=seen.times_ns,
            missing=tuple(sorted(missing)),
            late=tuple(sorted(seen.late)),
            duplicates=tuple(sorted(name for name in unexpected if name in asked)),
            strangers=tuple(sorted(name for name in unexpected if name not in asked)),
            effort=seen.effort,
            cut=cut,
        )
