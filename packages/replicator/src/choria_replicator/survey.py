"""Look at source and target, and find out where a copy stands."""

import time
from collections.abc import Callable, Sequence

from choria_core.errors import ConfigError, JetStreamError, WorkError
from choria_core.nats.jetstream import ErrorCode, JetStream, StreamInfo
from choria_core.timestamps import parse_rfc3339_ms
from choria_replicator.message.subject_map import covers
from choria_replicator.settings.model import StreamSettings
from choria_replicator.stream_identity import is_same_stream
from choria_replicator.target.stream_clone import (
    CHAIN_WINDOW_SECONDS,
    Clone,
    CloneRequest,
    clone_config,
)
from choria_replicator.target.target_stream import Target

Claim = Callable[[str, StreamInfo | None], None]
"""Takes a target stream for an entry, by its name and by what it says of itself."""

POOL_WINDOW_SECONDS = 120.0
"""How long a target that a pool writes to remembers ids."""


async def source_stream(jetstream: JetStream, settings: StreamSettings) -> StreamInfo:
    """The stream to copy.

    Raises:
        WorkError: there is none, or several would do.
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


async def find_target(
    jetstream: JetStream, settings: StreamSettings, source: StreamInfo
) -> tuple[str, StreamInfo | None]:
    """Name of the stream to write to, and the stream if it is there.

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
    return name, info


def clone_for(
    settings: StreamSettings,
    source: StreamInfo,
    *,
    name: str,
    release: tuple[int, int, int],
    replicas: int,
) -> Clone:
    """The configuration that a missing target stream is made with."""
    return clone_config(
        source.config,
        CloneRequest(
            name=name,
            subjects=settings.subjects,
            filter_subject=settings.filter_subject,
            server_release=release,
            max_replicas=replicas,
            duplicate_window_seconds=(
                CHAIN_WINDOW_SECONDS if settings.pool is None else POOL_WINDOW_SECONDS
            ),
        ),
    )


async def ensure_target(
    jetstream: JetStream,
    settings: StreamSettings,
    source: StreamInfo,
    *,
    claim: Claim = lambda _stream, _info: None,
) -> tuple[Target, Sequence[str]]:
    """The target stream, made when it is missing.

    ``claim`` is called before that, and again with what was made.

    Returns:
        The target and, when it was made, how it differs from the source.

    Raises:
        WorkError: it is missing and cannot or must not be made.
        ConfigError: it is the source stream.
    """
    release = jetstream.transport.server.release
    name, info = await find_target(jetstream, settings, source)
    claim(name, info)
    if info is not None:
        return Target(info, release), ()
    if not settings.create_target:
        raise WorkError(
            f"there is no stream {name} at {settings.target} and no_target_create is set: "
            "make it there, or let the replicator do it"
        )
    for replicas in range(int(source.config.get("num_replicas") or 1), 0, -1):
        clone = clone_for(settings, source, name=name, release=release, replicas=replicas)
        try:
            info = await jetstream.create_stream(clone.config)
        except JetStreamError as error:
            if error.err_code == ErrorCode.REPLICAS_UNSUPPORTED and replicas > 1:
                continue
            if error.code >= 500:
                raise
            if error.err_code != ErrorCode.STREAM_NAME_IN_USE:
                raise WorkError(
                    f"stream {name} cannot be made at {settings.target}: {error}"
                ) from error
            info = await jetstream.stream_info(name)  # somebody made it at this moment
        claim(name, info)
        return Target(info, release), clone.adaptations
    raise AssertionError


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
