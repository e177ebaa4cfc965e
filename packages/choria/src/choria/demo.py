"""The demonstration: from the nodes of a data centre to the centre, on brokers of its own.

Some thousand nodes publish their metadata several times to a stream in "dc1"; a
real replicator carries one message per node and hour to a stream in "central";
then the central stream is read back and held against the source.
"""

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from choria.kept_broker import KeptBroker, keep_broker
from choria.machine_facts import machine_facts, node_facts
from choria_core.broker.options import BrokerOptions
from choria_core.broker.server import start_broker
from choria_core.errors import WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import JetStream
from choria_core.nats.nats_transport import connect
from choria_core.nats.stream_reader import read_stream, sequence_of
from choria_core.nats.transport import Message, Transport
from choria_replicator.entry import Entry, Manner
from choria_replicator.message.provenance import HEADER, Provenance
from choria_replicator.service import instance_name, replicator_of
from choria_replicator.settings.file import load_settings

NODES: Final = 2_000
ROUNDS: Final = 5
STREAM: Final = "NODES"
PREFIX: Final = "dc1"

CONFIGURATION: Final = """\
name: central
state_store: {state}
streams:
  - stream: {stream}
    source_url: {source}
    target_url: {target}
    target_subject_prefix: {prefix}
    inspect_field: host
    inspect_duration: 1h
"""

Watch = Callable[[tuple[Entry, ...]], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What to demonstrate, and how to show it.

    Attributes:
        keep: leave the brokers running.
        tell: called with each step, in words.
        watch: shows the replicator's entries while they copy.
        nodes, rounds: how many publish how often.
    """

    keep: bool
    tell: Callable[[str], None]
    watch: Watch
    nodes: int = NODES
    rounds: int = ROUNDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was demonstrated.

    Attributes:
        published: messages in the source stream.
        copied, sampled_away: what became of them.
        seconds: that the replicator took.
        brokers: those left running; empty without ``keep``.
        folder: where these keep their streams and the configuration is; None without.
    """

    published: int
    copied: int
    sampled_away: int
    seconds: float
    brokers: tuple[KeptBroker, ...] = ()
    folder: Path | None = None


async def run_demo(demo: Demo) -> Outcome:
    """Run it.

    Raises:
        WorkError: the central stream is not what it must be.
    """
    folder = Path(tempfile.mkdtemp(prefix="choria-demo-"))
    try:
        async with _brokers(demo, folder) as brokers:
            source, target = (broker.url for broker in brokers)
            demo.tell(f"brokers are up: dc1 at {source}, central at {target}")
            published = await _publish(demo, source)
            entry = await _replicate(demo, folder, source, target)
            await _verify(demo, source, target)
            return Outcome(
                published=published,
                copied=entry.stats[0].copied_messages,
                sampled_away=entry.stats[0].skipped_messages,
                seconds=entry.seconds,
                brokers=brokers if demo.keep else (),
                folder=folder if demo.keep else None,
            )
    finally:
        if not demo.keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def _brokers(demo: Demo, folder: Path) -> AsyncIterator[tuple[KeptBroker, ...]]:
    """The brokers of dc1 and central."""
    async with contextlib.AsyncExitStack() as stack:
        brokers = []
        for name in ("dc1", "central"):
            if demo.keep:
                brokers.append(await keep_broker(name, folder / name))
                continue
            options = BrokerOptions(name=name, jetstream=True, store=folder / name)
            broker = await stack.enter_async_context(start_broker(options))
            brokers.append(KeptBroker(broker.url, broker.pid))
        yield tuple(brokers)


async def _publish(demo: Demo, url: str) -> int:
    """Fill the source stream and return how many messages it holds."""
    demo.tell(f"{demo.nodes:,} nodes publish their metadata {demo.rounds} times in dc1")
    facts = await asyncio.to_thread(machine_facts)
    async with await connect(parse_endpoint(url), name="choria demo: nodes") as transport:
        jetstream = JetStream(transport)
        await jetstream.create_stream({"name": STREAM, "subjects": ["nodes.>"], "storage": "file"})
        *most, last = [(turn, node) for turn in range(demo.rounds) for node in range(demo.nodes)]
        for turn, node in most:
            await transport.publish(*_metadata(facts, turn, node))
        # a stream takes messages in order: once the last is acknowledged, all are there
        await transport.request(*_metadata(facts, *last))
        return (await jetstream.stream_info(STREAM)).state.messages


def _metadata(facts: dict[str, object], turn: int, node: int) -> tuple[str, bytes]:
    """Subject and body of what a node publishes in its ``turn``, from 0."""
    name = f"node{node:04}"
    body = {"host": name, "round": turn, "facts": node_facts(facts, node)}
    return f"nodes.{name}", json.dumps(body).encode()


async def _replicate(demo: Demo, folder: Path, source: str, target: str) -> Entry:
    """Run the replicator from a configuration file until the source has nothing more."""
    file = folder / "replicator.yaml"
    file.write_text(
        CONFIGURATION.format(
            state=folder / "state", stream=STREAM, source=source, target=target, prefix=PREFIX
        )
    )
    settings = load_settings(file).settings
    demo.tell("the replicator carries one message per node and hour to central")
    manner = Manner(instance=instance_name(), once=True, state_dir=settings.state_dir)
    replicator = replicator_of(settings, manner)
    with demo.watch(replicator.entries):
        await replicator.run(asyncio.Event())
    return replicator.entries[0]


async def _verify(demo: Demo, source_url: str, target_url: str) -> None:
    """Read both streams and compare: the first message of each node, in order, unchanged."""
    demo.tell("reading central back and comparing it with dc1")
    async with (
        await connect(parse_endpoint(source_url), name="choria demo: verify") as source,
        await connect(parse_endpoint(target_url), name="choria demo: verify") as target,
    ):
        expected = await _first_of_each(source)
        position = 0
        async for copy in read_stream(target, STREAM):
            if position == len(expected):
                raise WorkError("central holds more messages than it should")
            _compare(expected[position], copy)
            position += 1
    if position != len(expected):
        raise WorkError(f"central holds {position} messages instead of {len(expected)}")


async def _first_of_each(source: Transport) -> list[Message]:
    """What sampling must let through: the first message of every node, in order."""
    seen: set[str] = set()
    firsts = []
    async for message in read_stream(source, STREAM):
        if message.subject not in seen:
            seen.add(message.subject)
            firsts.append(message)
    return firsts


def _compare(original: Message, copy: Message) -> None:
    origin = Provenance.parse(copy.headers[HEADER])
    if origin.sequence != sequence_of(original):
        raise WorkError(
            f"central has the copy of {origin.sequence} where {sequence_of(original)} belongs"
        )
    if copy.data != original.data or copy.subject != f"{PREFIX}.{original.subject}":
        raise WorkError(f"the copy of message {origin.sequence} differs from it")
