"""A whole suite: find the nodes, ask them again and again, keep what comes of it."""

import asyncio
import contextlib
import secrets
import string
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from choria_core.client.client import Client, usual_connect_timeout
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConnectError, TransportError, WorkError
from choria_core.nats.lean_transport import LeanTransport
from choria_core.network.connection import connect_network
from choria_core.network.party import client_party
from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Plugins
from choria_core.protocol.messages import Filter
from choria_emulator.measure.effort_meter import EffortMeter
from choria_emulator.measure.node_times import NodeTimes
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.request_run import Asker, CutWatch, Progress
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.result_files import opened
from choria_emulator.measure.suite_events import (
    RESULT_SUBJECT,
    SUITE_SUBJECT,
    result_event,
    suite_event,
)

_ID_CHARACTERS: Final = string.digits + string.ascii_letters
_ID_LENGTH: Final = 22
_LOOKS: Final = 3
"""For nodes, where fewer than expected answered: a busy machine may have been slow, not them."""


class Listener(Protocol):
    """Is told how a suite goes on."""

    def found(self, nodes: int, seconds: float) -> None:
        """So many nodes were found."""

    def asking(self, number: int) -> contextlib.AbstractContextManager[Progress]:
        """Request ``number`` begins; 0 for one that does not count."""

    def answered(self, result: RequestResult) -> None:
        """It is over."""


@dataclass(slots=True)
class Outcome:
    """What a suite brought.

    Attributes:
        started, finished: unix seconds.
        discovery_seconds: that nodes were looked for.
        suite_seconds: from the first request that counts to the end of the last.
        server: the broker, and its version.
        failure: why it ended before its time; None where the network was there to the end.
    """

    started: float
    finished: float = 0.0
    discovery_seconds: float = 0.0
    suite_seconds: float = 0.0
    server: tuple[str, str] = ("", "")
    results: list[RequestResult] = field(default_factory=list)
    times: NodeTimes = field(default_factory=NodeTimes)
    events_lost: int = 0
    failure: ConnectError | None = None


def new_suite_id() -> str:
    """Letters and digits that nobody else has."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(_ID_LENGTH))


async def run_suite(
    plan: MeasurePlan,
    config: ClientConfig,
    plugins: Plugins,
    *,
    stop: asyncio.Event,
    listener: Listener,
) -> Outcome:
    """Measure, until all is done or ``stop`` is set: then with the requests that are over.

    So too where the connection is lost for good after one was: :attr:`Outcome.failure` says it.

    Raises:
        WorkError: there are not as many nodes as expected, or results cannot be written.
        ConfigError: the configuration lacks what the network needs.
        ConnectError, AuthenticationError: no broker lets us in.
        PermissionsError: the broker forbids what we do.
    """
    outcome, cuts, party = Outcome(started=time.time()), CutWatch(), client_party(config)
    patience = usual_connect_timeout(config)
    async with contextlib.AsyncExitStack() as stack:
        client = Client(
            config,
            party=party,
            plugins=plugins,
            connect_timeout_seconds=patience,
            on_state=cuts.take,
        )
        await stack.enter_async_context(client)
        connecting = connect_network(
            config, party, name=f"{party.caller} measure", timeout_seconds=patience
        )
        announcer = _Announcer(plan, await stack.enter_async_context(await connecting), outcome)
        await announcer.suite()
        outcome.server = announcer.server
        nodes = await _nodes(plan, client, outcome)
        listener.found(len(nodes), outcome.discovery_seconds)
        meter = stack.enter_context(EffortMeter())
        asker = Asker(plan, client, nodes, cuts=cuts, meter=meter)
        outcome.times = asker.times
        for _ in range(plan.warmup):
            if warming := await _asked(0, asker, listener, stop):
                listener.answered(warming)
        files = stack.enter_context(opened(plan))
        begun = time.perf_counter()
        try:
            for number in range(1, plan.count + 1):
                result = await _asked(number, asker, listener, stop)
                if result is None:
                    break
                outcome.suite_seconds = time.perf_counter() - begun
                files.add(result)  # first: what people have read of is kept
                listener.answered(result)
                outcome.results.append(result)
                await announcer.result(result)
        except* ConnectError as lost:
            if not outcome.results:
                raise
            outcome.failure = ConnectError(str(lost.exceptions[0]))
    outcome.finished = time.time()
    return outcome


async def _asked(
    number: int, asker: Asker, listener: Listener, stop: asyncio.Event
) -> RequestResult | None:
    """One request; None where somebody has enough before it is over."""
    if stop.is_set():
        return None
    with listener.asking(number) as progress:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(asker.ask(number, progress))
            stopping = group.create_task(stop.wait())
            await asyncio.wait((asking, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not asking.done():
                asking.cancel()
    if asking.cancelled():
        return None
    return asking.result()


async def _nodes(plan: MeasurePlan, client: Client, outcome: Outcome) -> Sequence[str]:
    """Who has the agent, in the order of the alphabet.

    Raises:
        WorkError: they are not as many as expected.
    """
    begun = time.perf_counter()
    request = DiscoveryRequest(
        filter=Filter(agent=(plan.agent,)),
        method="broadcast",
        timeout_seconds=plan.discovery_timeout_seconds,
        windowed=False,
    )
    found: Counter[str] = Counter()
    for _ in range(_LOOKS):
        found |= Counter(await client.discover(request))
        if len(found) >= plan.expect:
            break
    outcome.discovery_seconds = time.perf_counter() - begun
    doubled = sorted(name for name, count in found.items() if count > 1)
    if len(found) != plan.expect or doubled:
        twice = f", and {doubled[0]} is the name of more than one" if doubled else ""
        raise WorkError(
            f"expected {plan.expect:,} nodes with the agent {plan.agent}, found {len(found):,} "
            f"within {outcome.discovery_seconds:.3g} s{twice}; --discovery-timeout gives "
            "them more time"
        )
    return sorted(found)


class _Announcer:
    """Publishes the events of a suite, which nothing depends on."""

    def __init__(self, plan: MeasurePlan, transport: LeanTransport, outcome: Outcome) -> None:
        self._plan = plan
        self._transport = transport
        self._outcome = outcome

    @property
    def server(self) -> tuple[str, str]:
        """URL and version of the broker."""
        return self._transport.server.url, self._transport.server.version

    async def suite(self) -> None:
        """That it begins."""
        await self._publish(
            SUITE_SUBJECT, suite_event(self._plan, event_id=_event_id(), now=time.time())
        )

    async def result(self, result: RequestResult) -> None:
        """That a request is over."""
        event = result_event(self._plan, result, event_id=_event_id(), now=time.time())
        await self._publish(RESULT_SUBJECT, event)

    async def _publish(self, subject: str, event: bytes) -> None:
        try:
            await self._transport.publish(subject, event)
            await self._transport.flush()
        except TransportError:
            self._outcome.events_lost += 1


def _event_id() -> str:
    return str(uuid.uuid4())
