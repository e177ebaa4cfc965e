"""The way of registrations from emulated nodes to the centre, each part a process of its own.

    nodes -> broker of dc1 -> adapter -> stream in dc1 -> replicator -> two streams in central

async with registration_path(dc1, central, folder, age_seconds=5) as path:
    async with path.nodes(200, "1s"), path.adapter() as adapter, path.replicator():
        ...
        adapter.kill()
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from choria_core.broker.server import Broker
from choria_core.errors import JetStreamError
from choria_core.nats.wire import Delivery
from choria_testing.brokers import monitor_answer
from choria_testing.copies import newest_origin, origin_of
from choria_testing.emulated_fleets import EmulatedFleet, emulated_fleet, fetched
from choria_testing.programs import PATIENCE_SECONDS, Program, run_choria
from choria_testing.streams import Held, Sent, Streams, open_streams

STREAM: Final = "REGISTRATION"
"""In dc1, and its unsampled copy."""

SAMPLED: Final = "SAMPLED"
"""The sampled copy; its subjects begin with :data:`PREFIX`."""

PREFIX: Final = "sampled"
NODES: Final = "emu"

_ADAPTER: Final = "registration"
_POLL_SECONDS: Final = 0.1
_QUICK_POLL_SECONDS: Final = 0.005
_LOOK_SECONDS: Final = 0.5  # at the newest messages of thousands
_ENVIRONMENT: Final = {"INSECURE_YES_REALLY": "true"}


class Witness:
    """Hears what dc1's stream is given and what it acknowledges, whoever else hears it.

    What goes by while its broker is away, or sooner than it is back, it does not hear.

    Attributes:
        acknowledged: the ids of acknowledged messages, by their sequence.
        repeated: acknowledgements of what the stream held already.
    """

    def __init__(self, streams: Streams) -> None:
        self.acknowledged: dict[int, str] = {}
        self.repeated = 0
        self._ids: dict[bytes, str] = {}  # by where the acknowledgement goes
        self._awaited = 0
        self._heard = asyncio.Event()
        streams.lean.add_sink(f"{STREAM}.>", self._given)
        streams.lean.add_sink("mcollective.reply.>", self._answered)

    async def hears(self, sequence: int) -> None:
        """Return at once when ``sequence`` or one behind it is acknowledged.

        Raises:
            TimeoutError: it is not.
        """
        self._awaited = sequence
        self._heard.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._heard.wait()

    def _given(self, delivery: Delivery) -> None:
        subject, reply, header, body = delivery
        self._ids[reply] = str(Held(0, subject.decode(), header, body, 0).named("Nats-Msg-Id"))

    def _answered(self, delivery: Delivery) -> None:
        if delivery[0] not in self._ids:
            return  # of another question
        answer = json.loads(delivery[3])
        if "error" in answer:
            return
        sequence: int = answer["seq"]
        self.repeated += "duplicate" in answer
        self.acknowledged[sequence] = self._ids[delivery[0]]
        if sequence >= self._awaited:
            self._heard.set()


@dataclass(slots=True)
class RegistrationPath:
    """Two brokers with their streams, and what runs between them.

    Attributes:
        dc1, central: brokers; may be killed and started again at will.
        near, far: their streams.
        folder: of configurations and states.
        age_seconds: the sampled copy has one message of each node in so long.
        store_port: where adapters connect to publish; set it to a proxy's to stand in the way.
        witness: of dc1's acknowledgements.
    """

    dc1: Broker
    central: Broker
    near: Streams
    far: Streams
    folder: Path
    age_seconds: int
    store_port: int = field(init=False)
    witness: Witness = field(init=False)

    def __post_init__(self) -> None:
        self.store_port = self.dc1.port
        self.witness = Witness(self.near)

    def nodes(
        self, count: int, interval: str, *words: str
    ) -> AbstractAsyncContextManager[EmulatedFleet]:
        """Run nodes that register; ``words`` are more of ``choria emulate``."""
        fleet = ("--instances", str(count), "--name", NODES, "--workers", "2")
        registration = ("--registration", "--registration-interval", interval)
        server = ("--server", f"127.0.0.1:{self.dc1.port}")
        return emulated_fleet(*fleet, *registration, *server, *words)

    def adapter(self) -> AbstractAsyncContextManager[Program]:
        """Run the adapter."""
        prefix = f"plugin.choria.adapter.{_ADAPTER}"
        lines = (
            "identity = broker.dc1",
            f"plugin.choria.middleware_hosts = 127.0.0.1:{self.dc1.port}",
            "plugin.security.provider = file",
            "plugin.choria.stats_address = 127.0.0.1",
            "logfile = stderr",
            "loglevel = info",
            f"plugin.choria.adapters = {_ADAPTER}",
            f"{prefix}.type = choria_streams",
            f"{prefix}.stream.topic = {STREAM}.%s",
            f"{prefix}.stream.servers = 127.0.0.1:{self.store_port}",
            f"{prefix}.ingest.topic = mcollective.broadcast.agent.registration",
            f"{prefix}.ingest.protocol = request",
        )
        file = self.folder / "adapter.cfg"
        file.write_text("\n".join(lines) + "\n")
        words = ("adapter", "run", "--config", str(file), "--monitor-port", "0")
        return run_choria(*words, environment=os.environ | _ENVIRONMENT)

    def replicator(self, *words: str) -> AbstractAsyncContextManager[Program]:
        """Run the replicator of both copies."""
        ends = {"stream": STREAM, "source_url": self.dc1.url, "target_url": self.central.url}
        sampled = {
            "name": "sampled",
            "target_stream": SAMPLED,
            "target_subject_prefix": PREFIX,
            "inspect_field": "sender",
            "inspect_duration": f"{self.age_seconds}s",
        }
        document = {
            "name": "central",
            "state_store": str(self.folder / "state"),
            "streams": [ends | {"name": "unsampled"}, ends | sampled],
        }
        file = self.folder / "replicator.yaml"
        file.write_text(json.dumps(document, indent=1))
        return run_choria("replicate", "--config", str(file), *words)

    async def make_streams(self) -> None:
        """Make the stream of dc1 and both copies."""
        own = {"subjects": [f"{STREAM}.>"], "storage": "file"}
        await self.near.create_stream(own | {"name": STREAM})
        await self.far.create_stream(own | {"name": STREAM, "allow_batched": True})
        sampled = {"subjects": [f"{PREFIX}.>"], "allow_batched": True}
        await self.far.create_stream(own | {"name": SAMPLED} | sampled)

    async def stored(self) -> int:
        """How many messages dc1 has stored so far; its broker runs."""
        return (await self.near.stream_info(STREAM)).state.last_seq

    async def settled(self) -> int:
        """:meth:`stored`, after all that a killed adapter left on its way.

        Raises:
            TimeoutError: the broker still thinks that it is connected.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._has_adapter():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(_POLL_SECONDS)
        refused = Sent(f"{STREAM}.nobody", b"", ("Nats-Expected-Stream: ANOTHER",))
        with contextlib.suppress(JetStreamError):  # behind all that came before, and not stored
            await self.near.fill([refused])
        return await self.stored()

    async def _has_adapter(self) -> bool:
        match await monitor_answer(self.dc1, "connz?limit=100000"):
            case {"connections": list(found)}:
                return any("Choria Adapter" in one.get("name", "") for one in found)
        return True

    async def copied(self, sequence: int) -> int:
        """The newest origin of the unsampled copy, once it is ``sequence`` or behind it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                newest = await newest_origin(self.far, STREAM)
                if newest >= sequence:
                    return newest
                await asyncio.sleep(_QUICK_POLL_SECONDS)

    async def anew(self, nodes: int, after: int, *, within_seconds: float) -> None:
        """Return when each node's newest message is younger than ``after`` in all streams.

        Args:
            nodes: how many there are.
            after: a sequence in dc1.
            within_seconds: patience.

        Raises:
            AssertionError: somebody has not arrived somewhere.
        """
        for streams, name, sequence in (
            (self.near, STREAM, lambda one: one.sequence),
            (self.far, STREAM, lambda one: origin_of(one)[0]),
            (self.far, SAMPLED, lambda one: origin_of(one)[0]),
        ):
            await _all_newer(streams, name, sequence, nodes, after, within_seconds)


async def _all_newer(
    streams: Streams,
    name: str,
    sequence: Callable[[Held], int],
    nodes: int,
    after: int,
    within_seconds: float,
) -> None:
    newer = 0
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                newest = await streams.newest(name)
                newer = sum(sequence(one) > after for one in newest.values())
                if newer == nodes:
                    return
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise AssertionError(f"only {newer} of {nodes} nodes are anew in {name}") from None


async def idle_figures(program: Program) -> dict[str, Any]:
    """What a running adapter counts, once nothing of what it received waits.

    Raises:
        TimeoutError: something still does after a minute.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            figures = await _figures(program)
            done = [figures[name] for name in ("published", "dropped")]
            done += [sum(figures[name].values()) for name in ("refusals", "lost")]
            if figures["received"] == sum(done):
                return figures
            await asyncio.sleep(_POLL_SECONDS)


async def _figures(program: Program) -> dict[str, Any]:
    line = await program.said("the monitor listens")
    port = json.loads(line)["port"]
    status, text = await fetched(f"http://127.0.0.1:{port}/debug/vars")
    assert status == 200, text
    figures: dict[str, Any] = json.loads(text)[_ADAPTER]
    return figures


@contextlib.asynccontextmanager
async def registration_path(
    dc1: Broker, central: Broker, folder: Path, *, age_seconds: int
) -> AsyncIterator[RegistrationPath]:
    """A path over two brokers without credentials, with monitors; its streams are empty."""
    async with open_streams(dc1.url) as near, open_streams(central.url) as far:
        path = RegistrationPath(dc1, central, near, far, folder, age_seconds)
        await path.make_streams()
        yield path
