"""One adapter: two connections, a queue between them, and their end.

await Adapter(config, settings, ...).run(stop)
"""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from choria_core.errors import RemoteProtocolError, TransportError
from choria_core.nats import wire
from choria_core.nats.endpoint import Endpoint
from choria_core.nats.jetstream import JetStream
from choria_core.nats.lean_transport import LeanTransport, connect
from choria_core.nats.transport import ConnectionState, StateChange, StateListener
from choria_core.network.connection import endpoint
from choria_core.network.party import Party
from choria_core.network_config.server_config import ServerConfig
from choria_core.protocol.subjects import inbox_prefix
from choria_core.server.sparing_log import SparingLog
from choria_core.telemetry.logs import get_logger
from choria_core.telemetry.monitor import Check
from choria_plugin_adapter.figures import Figures
from choria_plugin_adapter.intake import Intake
from choria_plugin_adapter.lag_watch import LagWatch
from choria_plugin_adapter.outbox import MAX_OUTSTANDING, Outbox
from choria_plugin_adapter.settings import AdapterSettings
from choria_plugin_adapter.stream_window import StreamWindow, find_window, why_not
from choria_plugin_adapter.unwrapping import Unwrapper
from choria_plugin_adapter.verifying import NodeVerifier

Result = TypeVar("Result")

LOOK_SECONDS: Final = 0.1
"""Between two looks at what is to be published again."""

WINDOW_SECONDS: Final = 60.0
"""Between two looks at the stream; sooner while there is none, and after each connection."""

SEARCH_SECONDS: Final = 1.0
_LOGGER: Final = "choria.adapter"


class Adapter:
    """One adapter of this process.

    Args:
        config: of the program.
        settings: of the adapter.
        party: who we are.
        verifier: None where every sender is believed.
        observe: gives the listener of a connection, by its name.
        clock_ns: unix time.

    Attributes:
        figures: its counts.
        window: of the stream; None until it was found.
        is_reading: whether the network's messages come in.
    """

    def __init__(
        self,
        config: ServerConfig,
        settings: AdapterSettings,
        party: Party,
        *,
        verifier: NodeVerifier | None,
        observe: Callable[[str], StateListener],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.settings = settings
        self.figures = Figures()
        self.window: StreamWindow | None = None
        self.is_reading = False
        self._config = config
        self._party = party
        self._observe = observe
        self._prefix = inbox_prefix(config.main_collective, party.unique_id)
        self._log = get_logger(_LOGGER).bind(adapter=settings.name)
        self._trouble = ""  # with the stream
        self._look = asyncio.Event()
        self._is_fed = False  # whether the network's connection is up
        self._watch: LagWatch | None = None
        self._ingest: LeanTransport | None = None
        self._stream: LeanTransport | None = None
        self.outbox = Outbox(self.figures, ack_seconds=settings.ack_seconds)
        self.intake = Intake(
            capacity=settings.queue_length,
            unwrapper=Unwrapper(settings, verifier),
            outbox=self.outbox,
            figures=self.figures,
            log=SparingLog(clock_ns, logger=_LOGGER),
            clock_ns=clock_ns,
        )
        if settings.retry_seconds is None:
            self._trouble = "the stream was not looked for yet"
        else:
            self._open(settings.retry_seconds)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop``, then publish what was taken and wait for its acknowledgement.

        Raises:
            ConfigError: no broker is known, or a certificate or token cannot be used.
        """
        async with contextlib.AsyncExitStack() as stack:
            opened = await _unless(stop, self._connect(stack))
            if opened is None:
                return
            ingest, stream = opened
            self._attach(ingest, stream)
            watch = LagWatch(ingest, lambda: self.figures.received, self._tell_lag)
            self._watch = watch
            works = [self._expire(stream), watch.run()]
            if self.settings.retry_seconds is None:
                works.append(self._find(stream))
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in works]
                await self._serve(ingest, stop)
                for task in tasks:
                    task.cancel()

    async def _connect(
        self, stack: contextlib.AsyncExitStack
    ) -> tuple[LeanTransport, LeanTransport]:
        """The network's and the stream's connection, however long that takes."""
        network = await endpoint(self._config)
        servers = self.settings.servers or network.servers
        target = dataclasses.replace(network, servers=servers)

        async def dial(side: str, where: Endpoint, changed: StateListener) -> LeanTransport:
            return await stack.enter_async_context(await self._dial(side, where, changed))

        async with asyncio.TaskGroup() as group:
            ingest = group.create_task(dial("ingest", network, self._ingest_changed))
            stream = group.create_task(dial("stream", target, self._stream_changed))
        return ingest.result(), stream.result()

    async def _dial(self, side: str, where: Endpoint, changed: StateListener) -> LeanTransport:
        name = f"{self.settings.name} {side}"
        listener = self._observe(name)

        def listen(change: StateChange) -> None:
            listener(change)
            changed(change)

        return await connect(
            where,
            name=f"Choria Adapter: {self._config.identity} {name}",
            on_state=listen,
            inbox_prefix=self._prefix,
        )

    def _attach(self, ingest: LeanTransport, stream: LeanTransport) -> None:
        self._ingest, self._stream = ingest, stream
        self.intake.stream = stream
        inbox = stream.new_inbox()
        self.outbox.begin(inbox)
        self.outbox.max_payload = stream.server.max_payload_bytes
        stream.add_sink(f"{inbox}.*", self._acknowledged)
        stream.after_chunk.append(self.intake.work)
        ingest.after_chunk.append(self._chunk_read)

    async def _serve(self, ingest: LeanTransport, stop: asyncio.Event) -> None:
        settings = self.settings
        interest = ingest.add_sink(settings.ingest, self.intake.take, queue=settings.group)
        with contextlib.suppress(TransportError):
            await ingest.flush()
        self.is_reading = True
        self._log.info(
            "the adapter is ready",
            ingest=settings.ingest,
            broker=ingest.server.url,
            subjects=settings.template.text,
        )
        await stop.wait()
        self.is_reading = False
        self._log.info("the adapter is stopping", waiting=self.waiting)
        with contextlib.suppress(TransportError):
            # What the broker sent before it heard of it is ours yet.
            ingest.send(wire.unsubscribe(interest.sid))
            await ingest.flush(timeout_seconds=self._config.shutdown_seconds)
        interest.end()
        await self._drain()

    async def _drain(self) -> None:
        """Wait until everything is acknowledged, as long as we may take to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._config.shutdown_seconds):
                while self.waiting:
                    self.intake.work()
                    await asyncio.sleep(LOOK_SECONDS / 10)
        left = self.intake.give_up() + self.outbox.give_up()
        if left:
            self._log.warning("messages are given up", count=left)
        figures = self.figures
        self._log.info("the adapter has ended", published=figures.published, lost=left)

    @property
    def waiting(self) -> int:
        """Messages that were taken and are not in the stream yet."""
        return len(self.intake) + len(self.outbox)

    def checks(self) -> tuple[Check, ...]:
        """What must be in order."""
        name, trouble = self.settings.name, self._trouble or self.outbox.complaint
        return (
            _connection(f"{name} ingest", self._ingest),
            _connection(f"{name} stream", self._stream),
            Check(f"{name} storing", not trouble, trouble or "as it should"),
        )

    def _chunk_read(self) -> None:
        self.intake.work()
        ingest = self._ingest
        crowded = len(self.outbox) > MAX_OUTSTANDING // 2 or bool(len(self.intake))
        if crowded and not self.intake.is_behind and ingest is not None:
            ingest.rest()  # acknowledgements come in another socket

    def _acknowledged(self, delivery: wire.Delivery) -> None:
        self.outbox.receive(delivery, time.monotonic())

    def _tell_lag(self, is_behind: bool) -> None:  # noqa: FBT001 - a callback
        if is_behind and not self.intake.is_behind:
            self._log.warning("messages come faster than they can be worked off")
        self.intake.is_behind = is_behind

    def _ingest_changed(self, change: StateChange) -> None:
        was_up, self._is_fed = self._is_fed, change.state is ConnectionState.CONNECTED
        if change.state is not ConnectionState.DISCONNECTED or not was_up:
            return
        if self._watch is not None and self._watch.is_flooded:
            self.figures.slow_cuts += 1
            self._log.warning("the broker cut us off, as we read too slowly", cause=change.cause)
        else:
            self.figures.ingest_losses += 1

    def _stream_changed(self, change: StateChange) -> None:
        if change.state is ConnectionState.CONNECTED and self._stream is not None:
            self._look.set()
            asyncio.get_running_loop().call_soon(self._publish_again)

    def _publish_again(self) -> None:
        stream = self._stream
        if stream is not None and stream.is_connected:
            self.outbox.max_payload = stream.server.max_payload_bytes
            self.outbox.again(time.monotonic())
            stream.send(self.outbox.take())
            self.intake.work()

    async def _expire(self, stream: LeanTransport) -> None:
        told = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.outbox.expire(time.monotonic(), may_send=stream.is_connected)
            stream.send(self.outbox.take())
            self.intake.work()
            lost = self.figures.lost.total()
            if lost > told:
                why = self.outbox.refusal or "not acknowledged in time"
                self._log.warning("messages are lost", count=lost - told, cause=why)
            told = lost

    async def _find(self, stream: LeanTransport) -> None:
        """Look at the stream now and then."""
        jetstream = JetStream(stream)
        while True:
            pause = WINDOW_SECONDS
            try:
                self.window = await find_window(jetstream, self.settings.template)
            except (TransportError, RemoteProtocolError) as error:
                self._set_trouble(why_not(error))
            else:
                self._found(self.window)
            if self._trouble:
                pause = SEARCH_SECONDS
            self._look.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look.wait()

    def _found(self, window: StreamWindow) -> None:
        if not window.streams:
            subjects = self.settings.template.covering
            self._set_trouble(f"no stream takes {subjects}; make one with `nats stream add`")
            return
        self._set_trouble("")
        self._open(window.retry_seconds)
        self.intake.work()

    def _open(self, retry_seconds: float) -> None:
        """Begin to publish, or go on."""
        self.outbox.retry_seconds = retry_seconds
        self.intake.is_open = True

    def _set_trouble(self, text: str) -> None:
        if text and text != self._trouble:
            self._log.warning("nothing can be stored", cause=text)
        self._trouble = text


def _connection(name: str, transport: LeanTransport | None) -> Check:
    if transport is None or not transport.is_connected:
        return Check(name, is_ok=False, detail="not connected")
    return Check(name, not transport.complaint, transport.complaint or transport.server.url)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """The result of ``work``; None where ``stop`` came first, which ends it."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)
