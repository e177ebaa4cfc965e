"""What a replicator would do, found out without doing it: ``choria replicate --check``."""

import contextlib
from dataclasses import dataclass

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_core.nats.lean_transport import connect
from choria_replicator.entry import Manner, state_path
from choria_replicator.ordered.position import Books, find_position, resolve_start, stored_frontier
from choria_replicator.pool.consumer import pool_consumer_name
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.sampling.state_store import StateStore
from choria_replicator.settings.model import Pool, StreamSettings
from choria_replicator.source.source_consumer import SourceConsumer
from choria_replicator.source.streaming_cluster import refuse_streaming_cluster
from choria_replicator.survey import clone_for, find_target, source_stream
from choria_replicator.target.target_stream import Target

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What would be done with one entry.

    Attributes:
        entry: its name.
        source, target: where, without secrets.
        stream, target_stream: what would be copied into what.
        messages: in the source stream now.
        steps: what would be done, a sentence each.
        error: why it would not work; None when it would.
    """

    entry: str
    source: str
    target: str
    stream: str = ""
    target_stream: str = ""
    messages: int = 0
    steps: tuple[str, ...] = ()
    error: ChoriaError | None = None


async def check_entry(settings: StreamSettings, manner: Manner) -> Finding:
    """Look at both sides of one entry and change nothing."""
    try:
        return await _check(settings, manner)
    except ChoriaError as error:
        return Finding(
            settings.worker,
            str(settings.source),
            str(settings.target),
            settings.source_stream,
            settings.target_stream,
            error=error,
        )


async def _check(settings: StreamSettings, manner: Manner) -> Finding:
    async with contextlib.AsyncExitStack() as stack:
        sides = []
        for endpoint, cluster in (
            (settings.source, settings.source_cluster),
            (settings.target, settings.target_cluster),
        ):
            transport = await stack.enter_async_context(
                await connect(
                    endpoint, name="choria replicate --check", timeout_seconds=CONNECT_SECONDS
                )
            )
            await refuse_streaming_cluster(transport, cluster)
            sides.append(JetStream(transport))
        return await _look(settings, manner, *sides)


def _limiter(settings: StreamSettings, manner: Manner) -> LimiterState | None:
    if manner.state_dir is None or settings.sampling is None:
        return None
    store = StateStore(manner.state_dir)
    return store.load(state_path(store, settings))


async def _look(
    settings: StreamSettings, manner: Manner, source_js: JetStream, target_js: JetStream
) -> Finding:
    source = await source_stream(source_js, settings)
    name, info = await find_target(target_js, settings, source)
    release = target_js.transport.server.release
    if info is None:
        clone = clone_for(settings, source, name=name, release=release, replicas=1)
        made = f"would make stream {name} with subjects {', '.join(clone.config['subjects'])}"
        if not settings.create_target:
            made = f"stream {name} is missing and no_target_create is set: this would fail"
        steps = [made, *clone.adaptations, f"would copy from {resolve_start(settings, source, ())}"]
    elif settings.pool is not None:
        steps = [await _pool_step(settings.pool, source, source_js)]
    else:
        steps = await _ordered_steps(settings, manner, source, info, source_js, target_js)
    return Finding(
        settings.worker,
        str(settings.source),
        str(settings.target),
        source.name,
        name,
        source.state.messages,
        tuple(steps),
    )


async def _pool_step(pool: Pool, source: StreamInfo, jetstream: JetStream) -> str:
    found = await jetstream.find_consumer(source.name, pool_consumer_name(pool.group))
    sharing = (
        f"would share the copying among {pool.workers} workers, without order, group {pool.group}"
    )
    if found is None:
        return f"{sharing}, from the start"
    return (
        f"{sharing}, from where its consumer stands: {found.num_pending:,} messages are waiting, "
        f"{found.num_ack_pending:,} are in work"
    )


async def _ordered_steps(
    settings: StreamSettings,
    manner: Manner,
    source: StreamInfo,
    target: StreamInfo,
    source_js: JetStream,
    target_js: JetStream,
) -> list[str]:
    consumer = SourceConsumer(
        source_js,
        site=settings.site,
        worker=settings.worker,
        filter_subject=settings.filter_subject,
        instance=manner.instance,
    )
    found = await consumer.found(source)
    floor = await consumer.original_floor(source)
    position = await find_position(
        source_js,
        target_js,
        settings,
        source=source,
        target=target,
        books=Books(frontier=stored_frontier(found, floor), limiter=_limiter(settings, manner)),
    )
    start = resolve_start(settings, source, found)
    where = f"source message {position.copy_from}" if position.copy_from else str(start)
    is_fast = Target(target, target_js.transport.server.release).takes_fast_ingest
    return [
        f"would copy from {where}: {position.reason}",
        f"would write by {'fast ingest' if is_fast else 'a chain of message ids'}",
    ]
