"""The demonstration from its first broker to its figures.

Nodes register every few seconds; an adapter keeps that in a stream of the data centre; a
replicator carries a sampled copy to the centre.  Meanwhile a playbook calls the nodes, under a
lock and with a value of a data store, and their audit logs tell of it.  In the end the copy is
read back and held against its source.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from choria.demo.audit_watch import AuditWatch, NodeEntry
from choria.demo.brokers import DemoBrokers, kept_brokers, opened_brokers
from choria.demo.call import BookTally, call_fleet
from choria.demo.fleet import FleetWish, ShownFleet, opened_fleet, wait_ready
from choria.demo.flow import Flow, last_of, opened_flow, watch_streams
from choria.demo.kept_broker import KeptBroker
from choria.demo.network_files import DemoFiles
from choria.demo.progress import LIVE_PAGE, Progress
from choria.demo.telling import Teller
from choria.demo.verification import Verified, verify_copy
from choria_core.errors import WorkError
from choria_core.nats.jetstream import StreamState
from choria_core.plugins import Plugins

NODES: Final = 500
FLOW_SECONDS: Final = 18.0
REGISTRATION_SECONDS: Final = 3.0
INTERVAL_SECONDS: Final = 8
_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What to demonstrate.

    Attributes:
        plugins: of the process.
        nodes: how many.
        flow_seconds: how long they register, once all are there.
        registration_seconds: between two registrations of a node; whole seconds.
        interval_seconds: least time between two copies of one node.
        serves: nodes and all that carries their messages go on until they are stopped.
        keeps: the brokers go on when this program ends.
    """

    plugins: Plugins
    nodes: int = NODES
    flow_seconds: float = FLOW_SECONDS
    registration_seconds: float = REGISTRATION_SECONDS
    interval_seconds: int = INTERVAL_SECONDS
    serves: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was demonstrated.

    Attributes:
        nodes: that took part.
        registrations: that they published; those that arrived, where it is served still.
        acknowledged: of these, by the stream.
        dropped: of these, by the adapter, for whatever reason.
        copied, sampled_away: what became of them.
        called: nodes that the playbook called, each of which answered well.
        audited: entries of audit logs.
        last_audited: the last of them.
        seconds: all in all.
        urls: of pages that are there while it is served.
        client_file: configuration of whoever calls the nodes.
        kept: brokers that stay.
        folder: of all files and streams; None where it goes with the program.
    """

    nodes: int
    registrations: int
    acknowledged: int
    dropped: int
    copied: int
    sampled_away: int
    called: int
    audited: int
    last_audited: Sequence[NodeEntry]
    seconds: float
    urls: dict[str, str]
    client_file: Path
    kept: tuple[KeptBroker, ...] = ()
    folder: Path | None = None


@contextlib.asynccontextmanager
async def demonstrated(demo: Demo, teller: Teller) -> AsyncIterator[Outcome]:
    """Show it all; in the block it is over, and with ``serves`` all goes on until its end.

    Args:
        demo: what to show.
        teller: shows it.

    Raises:
        ChoriaError: something did not work, or the copy is not what it must be.
        ExceptionGroup: of such errors.
    """
    folder = Path(tempfile.mkdtemp(prefix="choria-demo-"))
    stays = False
    try:
        brokers = kept_brokers(folder) if demo.keeps else opened_brokers(folder)
        async with brokers as opened:
            story = _Story(demo, teller, opened, DemoFiles(folder))
            async with story.told() as outcome:
                yield outcome
            stays = demo.keeps
    finally:
        if not stays:
            shutil.rmtree(folder, ignore_errors=True)


class _Story:
    """One demonstration.

    Args:
        demo: what to show.
        teller: shows it.
        brokers: that run.
        files: where configurations go.
    """

    def __init__(self, demo: Demo, teller: Teller, brokers: DemoBrokers, files: DemoFiles) -> None:
        self._demo = demo
        self._teller = teller
        self._brokers = brokers
        self._files = files
        self._wish = FleetWish(
            nodes=demo.nodes,
            registration_seconds=demo.registration_seconds,
            broker_url=brokers.site_url,
            monitor_url=brokers.monitor_url,
            audit_logs=files.audit_logs(),
            may_control=demo.serves,
        )
        self._progress = Progress(
            nodes=demo.nodes,
            tally=BookTally(teller.say),
            audit=AuditWatch(self._wish.audit_files),
        )

    @contextlib.asynccontextmanager
    async def told(self) -> AsyncIterator[Outcome]:
        """See :func:`demonstrated`."""
        demo, brokers, progress = self._demo, self._brokers, self._progress
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self._teller.showing(progress))
            self._step(
                f"brokers are up: dc1 at {brokers.site_url}, central at {brokers.centre_url}"
            )
            await stack.enter_async_context(_meanwhile(watch_streams(brokers, self._show_streams)))
            flow = await stack.enter_async_context(
                opened_flow(brokers, self._files, interval_seconds=demo.interval_seconds)
            )
            progress.adapter, progress.entry = flow.adapter.figures, flow.entry
            stack.enter_context(progress.audit)
            await stack.enter_async_context(_meanwhile(self._read_audits()))
            living = await stack.enter_async_context(contextlib.AsyncExitStack())
            self._step(
                f"{demo.nodes:,} nodes connect to dc1; each registers every "
                f"{demo.registration_seconds:g} s"
            )
            fleet = await living.enter_async_context(opened_fleet(self._wish))
            progress.fleet = fleet.fleet
            progress.urls |= {LIVE_PAGE: fleet.page_url, **flow.urls}
            await self._at_work(fleet)
            if not demo.serves:
                self._step("the nodes say goodbye")
                await living.aclose()
            outcome = await self._outcome(flow)
            self._progress.step = "all goes on until Ctrl-C"
            yield outcome

    async def _at_work(self, fleet: ShownFleet) -> None:
        """Let nodes register for a while, and have a playbook call them."""
        demo, progress = self._demo, self._progress
        await wait_ready(fleet.fleet)
        loop = asyncio.get_running_loop()
        end = loop.time() + demo.flow_seconds
        self._files.client(self._brokers.site_url)
        self._step("a playbook takes a lock, reads a store and calls the nodes")
        await call_fleet(self._files, nodes=demo.nodes, plugins=demo.plugins, tally=progress.tally)
        self._step("the nodes go on to register; the replicator samples")
        await asyncio.sleep(max(0.0, end - loop.time()))

    async def _outcome(self, flow: Flow) -> Outcome:
        """Hold everything against everything.

        Raises:
            WorkError: it does not fit.
        """
        demo, progress = self._demo, self._progress
        registrations = 0 if demo.serves else progress.registrations
        await flow.settle(registrations)
        figures = flow.adapter.figures
        last = await last_of(self._brokers.site_url)
        await flow.copied(last)
        self._step("the centre is read back and compared with dc1")
        found = await verify_copy(
            self._brokers.site_url,
            self._brokers.centre_url,
            last=last,
            interval_seconds=demo.interval_seconds,
        )
        audit = progress.audit
        audit.look()
        dropped = figures.dropped + figures.refused + figures.lost.total()
        if not demo.serves:
            _require_all(found, registrations)
        if audit.count != progress.tally.called:
            raise WorkError(
                f"{progress.tally.called} nodes were called, but audit logs have {audit.count} "
                "entries"
            )
        return Outcome(
            nodes=demo.nodes,
            registrations=registrations or found.messages + dropped,
            acknowledged=found.messages,
            dropped=dropped,
            copied=found.copies,
            sampled_away=found.sampled_away,
            called=progress.tally.called,
            audited=audit.count,
            last_audited=tuple(audit.last),
            seconds=progress.seconds,
            urls=dict(progress.urls),
            client_file=self._files.client(self._brokers.site_url),
            kept=self._brokers.kept,
            folder=self._files.folder if demo.keeps else None,
        )

    def _step(self, text: str) -> None:
        self._progress.step = text
        self._teller.step(text)

    def _show_streams(self, site: StreamState | None, centre: StreamState | None) -> None:
        self._progress.site, self._progress.centre = site, centre

    async def _read_audits(self) -> None:
        while True:
            self._progress.audit.look()
            await asyncio.sleep(_LOOK_SECONDS)


def _require_all(found: Verified, registrations: int) -> None:
    """Return where the site's stream holds all that nodes published.

    Raises:
        WorkError: it does not.
    """
    if found.messages != registrations:
        raise WorkError(
            f"the nodes published {registrations} registrations, but dc1 holds {found.messages}"
        )


@contextlib.asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Within the block ``work`` is done, which would go on for ever; its error ends the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()
