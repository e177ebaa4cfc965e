"""A work-queue stream has one reader for each subject: who else would be in the way."""

from collections.abc import Callable, Iterable
from typing import Any

from choria_core.errors import WorkError
from choria_core.nats.jetstream import JetStream, StreamInfo
from choria_replicator.message.subject_map import overlap


async def refuse_other_readers(
    jetstream: JetStream,
    source: StreamInfo,
    filter_subject: str,
    is_ours: Callable[[str], bool],
) -> None:
    """Make sure that a work queue has no reader but those whose names are ours.

    Raises:
        WorkError: it has another one for some of the subjects.
    """
    if source.retention != "workqueue":
        return
    others = [
        consumer.name
        async for consumer in jetstream.consumers(source.name)
        if not is_ours(consumer.name) and _reads(consumer.config, filter_subject or ">")
    ]
    if others:
        raise taken(source, others)


def taken(source: StreamInfo, readers: Iterable[str]) -> WorkError:
    """The error that says who reads the work queue instead of us."""
    return WorkError(
        f"work-queue stream {source.name} has another consumer for these subjects "
        f"({', '.join(readers)}): remove it, or give this entry a filter_subject of its own"
    )


def _reads(config: dict[str, Any], subject: str) -> bool:
    filters = config.get("filter_subjects") or [config.get("filter_subject") or ">"]
    return any(overlap(one, subject) for one in filters)
