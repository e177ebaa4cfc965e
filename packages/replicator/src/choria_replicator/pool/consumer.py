"""The one durable consumer that all workers of a pool share.

Its name comes from the pool's group alone, so that every process of the group,
on whatever host and under whatever name, reads from the same one.  It is made
when it is missing and left alone otherwise, at the end too: what it has not seen
acknowledged is the pool's only memory of what is left to do.

The source delivers a message again that nobody acknowledged within
``ack_wait``: so long do the messages wait that a killed process had read.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from choria_core.errors import JetStreamError, WorkError
from choria_core.nats.jetstream import NANOSECONDS, ConsumerInfo, ErrorCode, JetStream, StreamInfo
from choria_replicator.ordered.position import resolve_start
from choria_replicator.pool_naming import describe_group, pool_consumer_name
from choria_replicator.settings.model import StreamSettings
from choria_replicator.source.source_consumer import MAX_ACK_PENDING, START
from choria_replicator.source.start_point import from_sequence
from choria_replicator.source.work_queue import taken

ACK_WAIT_SECONDS: Final = 30.0


async def ensure_pool_consumer(
    jetstream: JetStream,
    settings: StreamSettings,
    source: StreamInfo,
    *,
    ack_wait_seconds: float,
    settled: int,
) -> tuple[ConsumerInfo, bool]:
    """The group's consumer, made when it is missing.

    Args:
        jetstream: of the source.
        settings: of an entry with a pool.
        source: the stream to read.
        ack_wait_seconds: for a consumer that is made now.
        settled: source sequence up to which the group is known to have settled
            everything; where the consumer was removed, its successor begins
            behind it.  0 when nothing is known.

    Returns:
        The consumer, and whether it was made just now.

    Raises:
        WorkError: there is one with other properties, or none can be made.
    """
    assert settings.pool is not None
    found = await find_pool_consumer(jetstream, settings, source)
    if found is None:
        wanted = _config(settings, source, ack_wait_seconds=ack_wait_seconds, settled=settled)
        try:
            made = await jetstream.create_consumer(source.name, wanted, action="create")
        except JetStreamError as error:
            if error.err_code != ErrorCode.CONSUMER_EXISTS:
                raise await _explain(jetstream, source, error) from error
            found = await find_pool_consumer(jetstream, settings, source)
            if found is None:
                raise
        else:
            return made, True
    return found, False


async def find_pool_consumer(
    jetstream: JetStream, settings: StreamSettings, source: StreamInfo
) -> ConsumerInfo | None:
    """The group's consumer; None while it is missing.

    Raises:
        WorkError: there is one with other properties than the settings need.
    """
    assert settings.pool is not None
    found = await jetstream.find_consumer(source.name, pool_consumer_name(settings.pool.group))
    if found is not None:
        _check(found, settings)
    return found


def refuse_restart(settings: StreamSettings) -> None:
    """Say how a pool begins anew, which is not by ``--restart``.

    Raises:
        WorkError: always.
    """
    assert settings.pool is not None
    name = pool_consumer_name(settings.pool.group)
    raise WorkError(
        f"{settings.worker} is copied by a pool, which begins anew when its consumer is gone: "
        f"stop all processes of group {settings.pool.group}, type  "
        f"nats consumer rm {settings.source_stream or 'STREAM'} {name}  and start without --restart"
    )


def _config(
    settings: StreamSettings,
    source: StreamInfo,
    *,
    ack_wait_seconds: float,
    settled: int,
) -> dict[str, Any]:
    assert settings.pool is not None
    name = pool_consumer_name(settings.pool.group)
    start = resolve_start(settings, source, ())
    deliver = start.deliver()
    if settled and source.retention != "workqueue":  # which is read from its oldest message
        deliver = from_sequence(settled + 1)
    limits = source.config.get("consumer_limits") or {}
    config: dict[str, Any] = {
        "name": name,
        "durable_name": name,
        "description": describe_group(settings.pool.group),
        "ack_policy": "explicit",
        "ack_wait": round(ack_wait_seconds * NANOSECONDS),
        "max_ack_pending": limits.get("max_ack_pending") or MAX_ACK_PENDING,
        "max_deliver": -1,
        "replay_policy": "instant",
        "metadata": {START: start.format()},
        **deliver,
    }
    if limits.get("inactive_threshold"):
        config["inactive_threshold"] = limits["inactive_threshold"]
    if settings.filter_subject:
        config["filter_subject"] = settings.filter_subject
    return config


def _check(found: ConsumerInfo, settings: StreamSettings) -> None:
    problems = list(_differences(found.config, settings.filter_subject))
    if problems:
        assert settings.pool is not None
        raise WorkError(
            f"consumer {found.name} of stream {found.stream_name} at {settings.source} does not "
            f"fit pool {settings.pool.group}: {'; '.join(problems)}. Give all processes of the "
            "group the same topic or filter_subject, or choose another queue_group; if nothing "
            "uses that consumer, remove it"
        )


def _differences(found: Mapping[str, Any], here: str) -> Iterator[str]:
    """What would lose messages, or copy others than the settings say, which is ``here``."""
    there = _filter(found)
    if here != there:
        yield f"it reads {there or 'everything'}, the settings say {here or 'everything'}"
    if found.get("ack_policy") != "explicit":
        yield f"its ack_policy is {found.get('ack_policy')}, explicit is needed"
    if found.get("deliver_subject"):
        yield "it pushes, a pull consumer is needed"
    if int(found.get("max_deliver") or -1) > 0:
        yield f"it gives up after {found['max_deliver']} deliveries (max_deliver)"
    if found.get("headers_only"):
        yield "it delivers headers only"


def _filter(config: Mapping[str, Any]) -> str:
    return config.get("filter_subject") or ", ".join(config.get("filter_subjects") or ())


async def _explain(jetstream: JetStream, source: StreamInfo, error: JetStreamError) -> Exception:
    if error.err_code not in (
        ErrorCode.CONSUMER_WORK_QUEUE_OVERLAP,
        ErrorCode.CONSUMER_WORK_QUEUE_UNIQUE,
    ):
        return error
    names = [consumer.name async for consumer in jetstream.consumers(source.name)]
    return taken(source, names)
