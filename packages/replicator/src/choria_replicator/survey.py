"""Look at source and target, and find out where a copy stands."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from choria_core.errors import ConfigError, JetStreamError, WorkError
from choria_core.nats.jetstream import ErrorCode, JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.message.subject_map import covers
from choria_replicator.settings.model import StartAll, StreamSettings
from choria_replicator.source.brought_subjects import Brought, brought_subjects
from choria_replicator.stream_identity import is_same_stream
from choria_replicator.target.stream_clone import (
    CHAIN_WINDOW_SECONDS,
    Clone,
    CloneRequest,
    clone_config,
)
from choria_replicator.target.target_stream import Target


@dataclass(frozen=True, slots=True)
class Found:
    """What was found where an entry is to write.

    Attributes:
        name: of the stream.
        info: what it says of itself; None while it is missing.
        server_id: of the server that was asked.
    """

    name: str
    info: StreamInfo | None
    server_id: str


Claim = Callable[[Found], None]
"""Takes a target stream for an entry."""

POOL_WINDOW_SECONDS = 120.0
"""How long a target that a pool writes to remembers ids."""


async def source_stream(jetstream: JetStream, settings: StreamSettings) -> StreamInfo:
    """The stream to copy.

    Raises:
        WorkError: there is none, several would do, or it cannot be read as the
            settings say.
    """
    name = settings.source_stream or await _only_stream(jetstream, settings.filter_subject)
    info = await jetstream.find_stream(name) if name else None
    if info is None:
        what = f"stream {name}" if name else f"stream that holds {settings.filter_subject}"
        raise WorkError(
            f"there is no {what} at {settings.source}: make it first, or correct the settings"
        )
    subject = settings.filter_subject
    told = not any(info.config.get(key) for key in ("mirror", "sources", "subject_transform"))
    if (
        subject
        and told  # else it stores more than the subjects it lists
        and not any(covers(s, subject) or covers(subject, s) for s in info.subjects)
    ):
        raise WorkError(
            f"stream {info.name} stores {', '.join(info.subjects)}, nothing of the filter "
            f"{subject}: correct filter_subject"
        )
    if info.retention == "workqueue" and not isinstance(settings.start, StartAll):
        raise WorkError(
            f"stream {info.name} is a work queue, which is always read from its oldest message: "
            "remove the start_ keys"
        )
    return info


async def _only_stream(jetstream: JetStream, subject: str) -> str:
    """Name of the stream that holds ``subject``; empty when none does."""
    names = await jetstream.stream_names(subject)
    if len(names) > 1:
        raise WorkError(
            f"several streams hold {subject}: {', '.join(names)}; "
            "write the entry under streams: and name one"
        )
    return names[0] if names else ""


async def find_target(jetstream: JetStream, settings: StreamSettings, source: StreamInfo) -> Found:
    """The stream to write to, whether it is there or not.

    Raises:
        WorkError: several would do.
        ConfigError: it is the source stream.
    """
    name = settings.target_stream
    if not name and settings.filter_subject:
        name = await _only_stream(jetstream, settings.subjects.apply(settings.filter_subject))
    name = name or source.name
    info = await jetstream.find_stream(name)
    if info is not None and is_same_stream(source, info):
        raise ConfigError(
            f"entry {settings.entry} would copy stream {name} onto itself: {settings.source} and "
            f"{settings.target} lead to the same stream (created {info.created}): "
            "correct one of the URLs, or name another target stream"
        )
    return Found(name, info, jetstream.transport.server.server_id)


async def clone_request(
    source_js: JetStream,
    target_js: JetStream,
    settings: StreamSettings,
    source: StreamInfo,
    name: str,
) -> CloneRequest:
    """What the target stream ``name``, which is missing, is to be made like.

    Raises:
        WorkError: it must not be made.
    """
    if not settings.create_target:
        raise WorkError(
            f"there is no stream {name} at {settings.target} and no_target_create is set: "
            "make it there, or let the replicator do it"
        )
    brought = Brought()
    if not settings.filter_subject:
        brought = await brought_subjects(source_js, source)
    return CloneRequest(
        name=name,
        subjects=settings.subjects,
        filter_subject=settings.filter_subject,
        brought_subjects=brought.subjects,
        guessed_from=brought.guessed_from,
        server_release=target_js.transport.server.release,
        max_replicas=int(source.config.get("num_replicas") or 1),
        duplicate_window_seconds=(
            CHAIN_WINDOW_SECONDS if settings.pool is None else POOL_WINDOW_SECONDS
        ),
    )


async def ensure_target(
    source_js: JetStream,
    target_js: JetStream,
    settings: StreamSettings,
    source: StreamInfo,
    *,
    claim: Claim = lambda _found: None,
) -> tuple[Target, tuple[str, ...]]:
    """The target stream, made when it is missing.

    ``claim`` is called before that, and again with what was made.

    Returns:
        The target and, when it was made, how it differs from the source.

    Raises:
        WorkError: it is missing and cannot or must not be made.
        ConfigError: it is the source stream.
    """
    found = await find_target(target_js, settings, source)
    claim(found)
    info = found.info
    adaptations: tuple[str, ...] = ()
    if info is None:
        request = await clone_request(source_js, target_js, settings, source, found.name)
        info, adaptations = await _make(target_js, settings, source, request)
        claim(replace(found, info=info))
    return Target(info, target_js.transport.server.release), adaptations


async def _make(
    jetstream: JetStream, settings: StreamSettings, source: StreamInfo, request: CloneRequest
) -> tuple[StreamInfo, tuple[str, ...]]:
    """Make the target stream, with as many replicas as its servers can keep."""
    for replicas in range(max(request.max_replicas, 1), 0, -1):
        clone = clone_config(source.config, replace(request, max_replicas=replicas))
        try:
            return await jetstream.create_stream(clone.config), clone.adaptations
        except JetStreamError as error:
            if error.err_code == ErrorCode.REPLICAS_UNSUPPORTED and replicas > 1:
                continue
            if error.code >= 500:
                raise
            if error.err_code == ErrorCode.STREAM_NAME_IN_USE:  # made at this moment
                return await jetstream.stream_info(request.name), ()
            if error.err_code == ErrorCode.SUBJECTS_OVERLAP:
                await refuse_overlap(jetstream, settings, clone)
            raise WorkError(
                f"stream {request.name} cannot be made at {settings.target}: {error}"
            ) from error
    raise AssertionError


async def refuse_overlap(jetstream: JetStream, settings: StreamSettings, clone: Clone) -> None:
    """Make sure that no stream of the target stores what a new one is to store.

    Raises:
        WorkError: one does.
    """
    for subject in clone.config["subjects"]:
        names = await jetstream.stream_names(subject)
        if names:
            raise WorkError(
                f"stream {clone.config['name']} cannot be made at {settings.target}: stream "
                f"{', '.join(names)} there stores {subject} already; "
                "name it as target_stream, or set target_subject_prefix"
            )


def source_now_ms(source: StreamInfo) -> int:
    """The source's clock when it described the stream; ours where it does not say."""
    return parse_rfc3339_ms(source.ts) if source.ts else int(time.time() * 1000)


def subject_mapper(settings: StreamSettings, target: Target) -> Callable[[str], str]:
    """Where each subject goes; it raises WorkError where the target has no place for one."""

    def map_subject(subject: str) -> str:
        mapped = settings.subjects.apply(subject)
        if not target.stores(mapped):
            raise WorkError(
                f"stream {target.name} does not store {mapped}, only "
                f"{', '.join(target.info.subjects)}: add it to the target stream's subjects "
                "or change target_subject_prefix or target_subject_remove"
            )
        return mapped

    return map_subject
