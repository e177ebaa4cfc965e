"""The subjects of what a stream brings from others: a mirror, or one with sources.

Such a stream need not list them.  The streams that it brings from do; where they
are out of sight, because another account or domain has them, what it holds by
now must tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from choria_core.errors import ChoriaError
from choria_core.nats.jetstream import API_PREFIX, JetStream, StreamInfo, decode_answer
from choria_replicator.target.stream_clone import JsonMap, known_subjects, silent_origins

PATIENCE_SECONDS: Final = 2.0
_DEEPEST: Final = 8
"""Mirrors of mirrors; more are a ring."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a stream brings from others without saying so.

    Attributes:
        subjects: patterns; empty where it brings nothing, or nothing tells.
        guessed_from: the streams out of sight, where ``subjects`` are only what
            the messages by now suggest.
    """

    subjects: tuple[str, ...] = ()
    guessed_from: tuple[str, ...] = ()


async def brought_subjects(jetstream: JetStream, source: StreamInfo) -> Brought:
    """Find out what ``source`` brings from other streams, beyond what it says itself.

    Raises:
        TransportError: the source does not answer.
    """
    found: list[str] = []
    unseen: list[str] = []
    for origin in silent_origins(source.config):
        subjects = await _subjects_at(jetstream, origin, _DEEPEST)
        found += subjects
        if not subjects:
            unseen.append(str(origin.get("name")))
    if unseen:
        found += _spaces_of(await jetstream.subjects_held(source.name))
    return Brought(tuple(dict.fromkeys(found)), tuple(unseen))


async def _subjects_at(jetstream: JetStream, origin: JsonMap, deepest: int) -> Sequence[str]:
    """Subjects of the stream that ``origin`` names; none where it cannot be seen."""
    prefix = (origin.get("external") or {}).get("api") or API_PREFIX
    try:
        answer = await jetstream.transport.request(
            f"{prefix}.STREAM.INFO.{origin.get('name')}", timeout_seconds=PATIENCE_SECONDS
        )
        config = decode_answer(answer.data, StreamInfo).config
    except ChoriaError:
        return ()
    subjects = list(known_subjects(config))
    for further in silent_origins(config):
        behind = await _subjects_at(jetstream, further, deepest - 1) if deepest else ()
        if not behind:
            return ()  # a part would look like the whole
        subjects += behind
    return subjects


def _spaces_of(held: Iterable[str]) -> Iterable[str]:
    """A pattern for each family of subjects: ``nodes.>`` for ``nodes.web.n1``."""
    for subject in held:
        tokens = subject.split(".")
        kept = 2 if subject.startswith("$") else 1  # a system's own, as $KV.bucket.key
        yield ".".join([*tokens[:kept], ">"]) if len(tokens) > kept else subject
