"""The sentences of a check: where a copy would go on, how it would write and sample."""

from dataclasses import dataclass

from choria_core.durations import format_duration
from choria_core.errors import WorkError
from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.entry import Manner, state_path
from choria_replicator.message.subject_map import covers
from choria_replicator.ordered.position import find_position, resolve_start, stored_books
from choria_replicator.ordered.resume import Position
from choria_replicator.pool.consumer import find_pool_consumer, refuse_restart
from choria_replicator.pool.handover import Handover, ordered_before
from choria_replicator.pool_naming import pool_consumer_name
from choria_replicator.sampling.limiter_state import LimiterState
from choria_replicator.sampling.state_store import StateStore
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.brought_subjects import brought_subjects
from choria_replicator.source.consumer_limit import refuse_full
from choria_replicator.source.source_consumer import SourceConsumer, consumer_base
from choria_replicator.source.start_point import StartPoint
from choria_replicator.source.target_mark import mark_of
from choria_replicator.source.work_queue import refuse_other_readers
from choria_replicator.survey import subject_mapper
from choria_replicator.target.stream_clone import known_subjects
from choria_replicator.target.target_stream import FAST_INGEST_RELEASE, Target


@dataclass(frozen=True, slots=True)
class Sight:
    """Both sides of one entry.

    Attributes:
        settings: of the entry.
        manner: how it is to run.
        source: the stream to copy.
        target: the stream to write to, or what would be made; then it says of
            itself no time at which it was created.
        source_js, target_js: where they are.
    """

    settings: StreamSettings
    manner: Manner
    source: StreamInfo
    target: Target
    source_js: JetStream
    target_js: JetStream


MAX_LOOK_UPS = 200
"""Subjects without a place at the target that are looked up one by one."""


async def ordered_steps(sight: Sight) -> tuple[list[str], StartPoint]:
    """What an ordered copy would do, and where it would begin.

    Raises:
        WorkError: it cannot go on from what is there.
    """
    settings, source, target = sight.settings, sight.source, sight.target
    is_restart = sight.manner.restarts(settings)
    consumer = SourceConsumer(
        sight.source_js,
        site=settings.site,
        worker=settings.worker,
        filter_subject=settings.filter_subject,
        instance=sight.manner.instance,
        takes_over=is_restart,
    )
    consumer.target = mark_of(
        settings.target, sight.target_js.transport.server.server_id, target.info
    )
    found = await consumer.found(source)
    predecessors = {info.name for info in found}
    if is_restart:
        last = target.info.state.last_seq
        position = Position(None, 0, last, 0, None, "told to start over")
        found = []
    else:
        floor = await consumer.original_floor(source)
        position = await find_position(
            sight.source_js,
            sight.target_js,
            settings,
            source=source,
            target=target.info,
            books=stored_books(source, found, floor, _state(settings, sight.manner)),
        )
    base = f"{consumer_base(site=settings.site, worker=settings.worker)}_"
    await refuse_other_readers(
        sight.source_js,
        source,
        settings.filter_subject,
        lambda name: name == position.pools or name.startswith(base),
    )
    if source.retention == "workqueue":
        predecessors.add(position.pools)
    await refuse_full(sight.source_js, source, predecessors=predecessors)
    start = resolve_start(settings, source, found)
    if position.copy_from:
        start = StartPoint("resumed", sequence=position.copy_from)
    steps = [f"would copy from {start}: {position.reason}", _writing(target)]
    if is_restart and position.target_last_sequence:
        steps[0] += f", behind the target's message {position.target_last_sequence}"
    steps += [f"{one.text}: {one.first} to {one.last}" for one in position.remarks]
    return steps, start


def _writing(target: Target) -> str:
    if target.takes_fast_ingest:
        return "would write by fast ingest"
    chain = (
        "would write one message at a time, as several servers keep the stream"
        if target.is_replicated
        else "would write by a chain of message ids"
    )
    if target.could_take_fast_ingest:
        return (
            f"{chain}: stream {target.name} does not allow fast ingest "
            f"(nats stream edit {target.name} --allow-batch)"
        )
    needed = ".".join(map(str, FAST_INGEST_RELEASE[:2]))
    release = ".".join(map(str, target.release))
    return f"{chain}: the target's server is {release}, fast ingest needs {needed}"


async def pool_steps(sight: Sight) -> tuple[list[str], StartPoint]:
    """What a pool would do, and where it would begin.

    Raises:
        WorkError: its consumer does not fit, or it is told to restart.
    """
    settings, source, target = sight.settings, sight.source, sight.target
    pool = settings.pool
    assert pool is not None
    if sight.manner.restarts(settings):
        refuse_restart(settings)
    sharing = f"would share the copying among {pool.workers} workers here"
    steps = [f"{sharing} and those of other processes of group {pool.group}: order is given up"]
    if not target.info.created:
        steps.append("the first worker to come makes the stream, the others find it")
    name = pool_consumer_name(pool.group)
    consumer = await find_pool_consumer(sight.source_js, settings, source)
    before = Handover()
    if consumer is None:
        before = await ordered_before(
            sight.source_js,
            sight.target_js,
            settings,
            source=source,
            target=target.info,
            limiter=_state(settings, sight.manner),
        )
    ours = {name, *before.consumers}
    await refuse_other_readers(
        sight.source_js, source, settings.filter_subject, lambda other: other in ours
    )
    start = resolve_start(settings, source, ())
    if before.settled and source.retention != "workqueue":
        start = StartPoint("resumed", sequence=before.settled + 1)
        steps.append(f"would copy from {start}: {before.reason}")
    elif consumer is not None:
        start = StartPoint("resumed", sequence=consumer.ack_floor.stream_seq + 1)
        steps.append(
            f"would go on where its consumer stands: {consumer.num_pending:,} messages are "
            f"waiting, {consumer.num_ack_pending:,} are in work"
        )
    else:
        steps.append(f"would copy from {start}: no process of the group has been here")
    steps.append("would write each message with an id, by which the target removes doubles")
    return steps, start


async def subject_steps(sight: Sight, start: StartPoint) -> list[str]:
    """What the target stream has no place for, of what a copy from ``start`` would meet.

    Raises:
        WorkError: messages are waiting that it does not store.
    """
    settings, source, target = sight.settings, sight.source, sight.target
    if not target.info.created:
        return []  # it would be made with all of them
    mapped = [settings.subjects.apply(one) for one in await _patterns(sight)]
    homeless = [one for one in mapped if not target.stores(one)]
    if not homeless:
        return []
    map_subject = subject_mapper(settings, target)
    held = await sight.source_js.subjects_held(source.name, settings.filter_subject or ">")
    look_ups = 0
    for subject in held:
        try:
            map_subject(subject)
        except WorkError as error:
            sequence = await _first_behind(sight.source_js, source, subject, start)
            if sequence:
                raise WorkError(f"source message {sequence}: {error}") from None
            look_ups += 1
            if look_ups >= MAX_LOOK_UPS:
                break
    stored = ", ".join(target.info.subjects)
    return [
        f"a message on {one} would end the copy: stream {target.name} stores only {stored}"
        for one in homeless
    ]


async def _patterns(sight: Sight) -> list[str]:
    """Subjects that messages of the source can have, as far as they are copied."""
    brought = await brought_subjects(sight.source_js, sight.source)
    patterns = [*known_subjects(sight.source.config), *brought.subjects]
    wanted = sight.settings.filter_subject
    if not wanted:
        return patterns
    return [one for one in patterns if covers(wanted, one)] or [wanted]


async def _first_behind(
    jetstream: JetStream, source: StreamInfo, subject: str, start: StartPoint
) -> int:
    """A message on ``subject`` that a copy from ``start`` would meet; 0 for none."""
    if start.time_ms is None:
        found = await jetstream.message_from(source.name, start.sequence or 1, subject)
    else:
        found = await jetstream.last_message(source.name, subject)
        if found is not None and parse_rfc3339_ms(found.time) < start.time_ms:
            found = None
    return 0 if found is None else found.seq


def sampling_steps(sight: Sight) -> list[str]:
    """How messages would be sampled.

    Raises:
        ConfigError: the state that was kept cannot be read.
    """
    settings, manner = sight.settings, sight.manner
    sampling = settings.sampling
    if sampling is None:
        return []
    interval = format_duration(sampling.interval_ms / 1000)
    whose = ", in each process for itself" if settings.pool else ""
    steps = [f"would sample by {sampling.path}: one message of each value in {interval}{whose}"]
    if manner.state_dir is None:
        after = (
            "the next message of each value is copied again"
            if settings.pool
            else "the source is read again to know it"
        )
        return [*steps, f"no folder is set to keep the sampling state: after a start, {after}"]
    path = state_path(StateStore(manner.state_dir), settings)
    state = _state(settings, manner)
    known = "nothing is there yet" if state is None else f"{len(state.items):,} values are known"
    return [*steps, f"the sampling state is kept in {path}: {known}"]


def _state(settings: StreamSettings, manner: Manner) -> LimiterState | None:
    if manner.state_dir is None or settings.sampling is None:
        return None
    store = StateStore(manner.state_dir)
    return store.load(state_path(store, settings))
