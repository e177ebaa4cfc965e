"""The configuration of a target stream that we create, made from the source's.  Pure.

The source's configuration cannot be taken as it stands: parts of it belong to
its place (mirror, placement, replicas), parts would make the target refuse or
change what is written to it.  Every difference is a sentence for the log.

Dictionaries are the server's own JSON; times in them are nanoseconds.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from choria_core.errors import ConfigError
from choria_replicator.message.subject_map import SubjectMap

JsonMap = Mapping[str, Any]
Release = tuple[int, int, int]

BATCHED_SINCE: Release = (2, 14, 0)
"""The first server release with fast ingest."""

CHAIN_WINDOW_SECONDS = 10.0
"""Long enough for the message-id chain: a predecessor is never older than one
confirmation; the target's memory for ids grows with it."""

HEADER_ROOM_BYTES = 1024
"""What our headers may add to a message."""

_NS = 1_000_000_000
_LEAST_WINDOW_NS = 100_000_000
_LARGEST_SIZE = 2**31 - 1
_WILDCARD = re.compile(r"\{\{\s*wildcard\([^)]*\)\s*\}\}|\$\d+|\*", re.IGNORECASE)

# Kept as they are, and since which release servers know them.  A server refuses
# a configuration with a key that it does not know.
_KEPT: Mapping[str, Release] = {
    "description": (2, 2, 0),
    "max_consumers": (2, 2, 0),
    "max_msgs": (2, 2, 0),
    "max_msgs_per_subject": (2, 3, 0),
    "max_bytes": (2, 2, 0),
    "max_age": (2, 2, 0),
    "storage": (2, 2, 0),
    "deny_delete": (2, 6, 0),
    "deny_purge": (2, 6, 0),
    "allow_rollup_hdrs": (2, 6, 0),
    "allow_direct": (2, 9, 0),
    "compression": (2, 10, 0),
    "consumer_limits": (2, 10, 0),
    "allow_msg_ttl": (2, 11, 0),
    "allow_atomic": (2, 12, 0),
}

# Left out, and why, for the log; "" where nobody misses them.
_DROPPED: Mapping[str, str] = {
    "mirror": "a mirror takes no messages but its origin's",
    "sources": "what they bring to the source is copied with the rest",
    "republish": "messages are republished at the source",
    "placement": "clusters and tags are the source's",
    "subject_transform": "subjects are stored already transformed",
    "subject_delete_marker_ttl": "markers that the target writes itself break the chain; "
    "those of the source are copied",
    "allow_msg_counter": "a counter refuses copies; totals are copied as plain messages",
    "allow_msg_schedules": "schedules run at the source; what they publish is copied",
    "persist_mode": "a crash would lose confirmed copies",
    "first_seq": "an empty target must be told from an emptied one",
    "template_owner": "",
    "mirror_direct": "",
    "created": "",
}


@dataclass(frozen=True, slots=True)
class Clone:
    """A target stream to create.

    Attributes:
        config: for ``$JS.API.STREAM.CREATE``.
        adaptations: one sentence for each difference, for the log.
    """

    config: dict[str, Any]
    adaptations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneRequest:
    """What the target stream is to be.

    Attributes:
        name: of the target stream.
        subjects: how subjects change on the way.
        filter_subject: the only subject that is copied; empty for all.
        brought_subjects: what the source brings from other streams without saying so.
        guessed_from: those of them out of sight, whose subjects are only guessed.
        server_release: of the target's server.
        max_replicas: as many as the target's servers can keep.
        duplicate_window_seconds: how long ids are remembered: short for the
            message-id chain, longer for a pool, whose doubles it removes.
    """

    name: str
    subjects: SubjectMap
    filter_subject: str = ""
    brought_subjects: Sequence[str] = ()
    guessed_from: Sequence[str] = ()
    server_release: Release
    max_replicas: int = 1
    duplicate_window_seconds: float = CHAIN_WINDOW_SECONDS


def clone_config(source: JsonMap, request: CloneRequest) -> Clone:
    """The configuration of a target stream for ``source``, the origin's configuration.

    Raises:
        ConfigError: the source says nothing about its subjects; a filter is needed.
        WorkError: the subject mapping leaves nothing of a subject.
    """
    draft = _Draft(source, request)
    draft.config["name"] = request.name
    draft.config["subjects"] = list(request.subjects.apply_all(_subjects(source, request)))
    if request.guessed_from:
        unseen = ", ".join(request.guessed_from)
        draft.note("subjects", f"as far as its messages tell: {unseen} cannot be seen here")
    draft.drop_unknown()
    draft.keep_known()
    for step in _STEPS:
        step(draft)
    return Clone(draft.config, tuple(draft.notes))


@dataclass(slots=True)
class _Draft:
    """A configuration being made."""

    source: JsonMap
    request: CloneRequest
    config: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def has(self, key: str) -> bool:
        """Whether the source sets ``key`` to anything that matters."""
        return self.source.get(key) not in (None, False, 0, "", "default", [], {})

    def note(self, key: str, reason: str) -> None:
        """Write down one difference."""
        self.notes.append(f"{key} {reason}")

    def keep_known(self) -> None:
        """Take over what means the same at the target, as far as its server knows it."""
        for key, since in _KEPT.items():
            if self.request.server_release >= since and key in self.source:
                self.config[key] = self.source[key]
            elif self.has(key) and self.source[key] != "none":
                release = ".".join(map(str, since[:2]))
                self.note(key, f"left out: the target's server is older than {release}")

    def drop_unknown(self) -> None:
        """Leave out the rest, with a reason each."""
        for key in self.source:
            if key in _KEPT or key in _ADAPTED or not self.has(key):
                continue
            reason = _DROPPED.get(key, "this replicator does not know it")
            if reason:
                self.note(key, f"left out: {reason}")


def _replicas(draft: _Draft) -> None:
    wanted = int(draft.source.get("num_replicas") or 1)
    draft.config["num_replicas"] = min(wanted, max(draft.request.max_replicas, 1))
    if draft.config["num_replicas"] < wanted:
        draft.note("num_replicas", f"{draft.config['num_replicas']} instead of {wanted}")


def _confirmations(draft: _Draft) -> None:
    """Without acknowledgements there is no telling what the target holds."""
    draft.config["no_ack"] = False
    if draft.has("no_ack"):
        draft.note("no_ack", "false: copies are confirmed")


def _seal(draft: _Draft) -> None:
    """Sealing also denied deletes and purges; both go with it."""
    if draft.has("sealed"):
        draft.config.update(deny_delete=False, deny_purge=False)
        draft.note("sealed", "false: a sealed stream takes no messages")


def _sizes(draft: _Draft) -> None:
    size = int(draft.source.get("max_msg_size") or -1)
    draft.config["max_msg_size"] = size
    if size > 0:
        draft.config["max_msg_size"] = min(size + HEADER_ROOM_BYTES, _LARGEST_SIZE)
        draft.note("max_msg_size", f"raised by {HEADER_ROOM_BYTES} bytes for our headers")


def _retention(draft: _Draft) -> None:
    wanted = draft.source.get("retention") or "limits"
    draft.config["retention"] = "limits"
    if wanted != "limits":
        draft.note("retention", f"limits instead of {wanted}: it keeps what nobody consumes yet")


def _discard(draft: _Draft) -> None:
    draft.config["discard"] = "old"
    if draft.source.get("discard") == "new":
        draft.note("discard", "old instead of new: a full target would refuse every copy for ever")


def _window(draft: _Draft) -> None:
    wanted = max(int(draft.request.duplicate_window_seconds * _NS), _LEAST_WINDOW_NS)
    max_age = int(draft.source.get("max_age") or 0)
    draft.config["duplicate_window"] = min(wanted, max_age) if max_age else wanted
    if draft.config["duplicate_window"] != draft.source.get("duplicate_window"):
        seconds = draft.config["duplicate_window"] / _NS
        draft.note("duplicate_window", f"{seconds:g} s: as long as our message ids need it")


def _metadata(draft: _Draft) -> None:
    """Keys of the server's own describe the source's server."""
    pairs = draft.source.get("metadata") or {}
    kept = {key: value for key, value in pairs.items() if not key.startswith("_nats.")}
    if kept and draft.request.server_release >= (2, 10, 0):
        draft.config["metadata"] = kept


def _batches(draft: _Draft) -> None:
    if draft.request.server_release >= BATCHED_SINCE:
        draft.config["allow_batched"] = True
        if not draft.has("allow_batched"):
            draft.note("allow_batched", "true: copies are written by fast ingest")
    elif draft.has("allow_batched"):
        draft.note("allow_batched", "left out: the target's server is older than 2.14")


_STEPS: tuple[Callable[[_Draft], None], ...] = (
    _replicas,
    _confirmations,
    _seal,
    _sizes,
    _retention,
    _discard,
    _window,
    _metadata,
    _batches,
)

_ADAPTED = frozenset(
    {
        "name",
        "subjects",
        "num_replicas",
        "no_ack",
        "sealed",
        "max_msg_size",
        "retention",
        "discard",
        "discard_new_per_subject",
        "duplicate_window",
        "metadata",
        "allow_batched",
    }
)


def _subjects(source: JsonMap, request: CloneRequest) -> Iterable[str]:
    """Patterns of the subjects that the source's messages bear, as stored."""
    if request.filter_subject:
        return (request.filter_subject,)
    subjects = [*known_subjects(source), *request.brought_subjects]
    if not subjects:
        raise ConfigError(
            f"stream {source.get('name')} lists no subjects of its own, holds nothing yet, and "
            "the streams that it brings from cannot be seen here: make the target stream with "
            "the subjects that will come, or set filter_subject in a configuration file"
        )
    return subjects


def known_subjects(source: JsonMap) -> list[str]:
    """Patterns of the subjects of which a stream's configuration says that it stores them."""
    known = [*(source.get("subjects") or ()), *_destinations([source.get("subject_transform")])]
    for origin in _origins(source):
        known += _brought_by(origin)
    return known


def silent_origins(source: JsonMap) -> list[JsonMap]:
    """The mirrored stream and the sources of which nothing says what they bring."""
    return [origin for origin in _origins(source) if not _brought_by(origin)]


def _origins(source: JsonMap) -> list[JsonMap]:
    mirror = source.get("mirror")
    return [*([mirror] if mirror else ()), *(source.get("sources") or ())]


def _brought_by(origin: JsonMap) -> list[str]:
    """Subjects that a mirror or source brings, where it says so."""
    transformed = _destinations(origin.get("subject_transforms") or ())
    filtered = origin.get("filter_subject")
    return transformed or ([filtered] if filtered else [])


def _destinations(transforms: Iterable[JsonMap | None]) -> list[str]:
    """Patterns that match whatever the transforms make of a subject."""
    return [_pattern(one["dest"]) for one in transforms if one and one.get("dest")]


def _pattern(destination: str) -> str:
    """A destination with a wildcard for each function; all after an unknown one is open."""
    parts = _WILDCARD.sub("*", destination).split(".")
    for index, part in enumerate(parts):
        if "{{" in part or ("*" in part and part != "*"):
            return ".".join([*parts[:index], ">"])
    return ".".join(parts)
