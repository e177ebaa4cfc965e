"""What to copy from where to where: one model for every way to say it.  Pure.

Both configuration dialects and the command line end here; nothing behind this
module knows which it was, but for the names that the originals differ in.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

from choria_core.errors import ConfigError, UsageError
from choria_core.nats.endpoint import Endpoint
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.message.subject_map import SubjectMap
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.settings.grammars import NAME, STREAM
from choria_replicator.stats import Dialect

Value = TypeVar("Value")
LogLevel = Literal["debug", "info", "warn"]

DEFAULT_SITE = "choria"
"""The replicator's name where only the command line says what to copy."""


@dataclass(frozen=True, slots=True)
class StartAll:
    """Begin with the oldest message."""


@dataclass(frozen=True, slots=True)
class StartEnd:
    """Begin with what comes after the start."""


@dataclass(frozen=True, slots=True)
class StartSequence:
    """Begin at a source sequence, from 1."""

    sequence: int


@dataclass(frozen=True, slots=True)
class StartDelta:
    """Begin with messages at most this old at the first start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StartTime:
    """Begin with messages stored at or after a moment, Unix milliseconds."""

    unix_ms: int


Start = StartAll | StartEnd | StartSequence | StartDelta | StartTime
"""Where a copy begins that has nothing to resume."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """One message per sender and interval.

    Attributes:
        path: the field that names the sender.
        interval_ms: at least 1, of the source's time.
    """

    path: FieldPath
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Pool:
    """Several workers share the copying, and order is given up.

    Attributes:
        workers: in this process, at least 1.
        group: processes with the same one share the work, on whatever host.
    """

    workers: int
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """One entry: a stream to copy.

    Attributes:
        entry: what the operator calls it: its key under ``topics``, else ``worker``.
        dialect: which originals' names it goes by.
        site: the replicator's name in the copies' header and in metrics.
        worker: this entry's name there; also names its state file.
        source, target: the clusters, TLS and credentials resolved.
        source_cluster, target_cluster: their labels; may be empty.
        source_stream: empty for the one that holds ``filter_subject``.
        filter_subject: the only subject copied; empty for all.
        target_stream: empty for the target's stream that holds the mapped
            ``filter_subject``, or else one named like the source's.
        subjects: how subjects change on the way.
        create_target: make the target stream if it is missing.
        start: where to begin when there is nothing to resume.
        sampling: None to copy everything.
        pool: None for a single worker in order.
        monitor_port: of this entry alone; 0 for none.
    """

    entry: str
    dialect: Dialect
    site: str
    worker: str
    source: Endpoint
    target: Endpoint
    source_cluster: str = ""
    target_cluster: str = ""
    source_stream: str = ""
    filter_subject: str = ""
    target_stream: str = ""
    subjects: SubjectMap = field(default_factory=SubjectMap)
    create_target: bool = True
    start: Start = field(default_factory=StartAll)
    sampling: Sampling | None = None
    pool: Pool | None = None
    monitor_port: int = 0

    def worker_name(self, index: int) -> str:
        """The name of worker ``index``, from 0, in a pool; the entry's own without one."""
        return f"{self.worker}_{index}" if self.pool else self.worker


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicatorSettings:
    """Everything that one process does.

    Attributes:
        site: the replicator's name; empty in the ``topics`` dialect, where each
            entry has its own.
        dialect: of the file.
        streams: at least one.
        state_dir: where sampling states are kept; None to keep none.
        monitor_port: for all entries; 0 for none.
        log_level, log_file: an empty file is standard error.
        said: where a file says them, for messages, by the names here:
            ``log_file`` at ``sr.yaml:4:1: logfile``.
    """

    site: str
    dialect: Dialect
    streams: tuple[StreamSettings, ...]
    state_dir: Path | None = None
    monitor_port: int = 0
    log_level: LogLevel = "info"
    log_file: str = ""
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def monitor_ports(self) -> tuple[int, ...]:
        """Every port that is to answer, each once."""
        ports = (self.monitor_port, *(stream.monitor_port for stream in self.streams))
        return tuple(dict.fromkeys(port for port in ports if port))


def select(
    settings: ReplicatorSettings, names: Sequence[str] = (), topic: str | None = None
) -> ReplicatorSettings:
    """The settings with only the wanted entries, in their order; all when none is named.

    Args:
        settings: all that the file says.
        names: each an entry's name or its source stream.
        topic: an entry of ``topics``.

    Raises:
        UsageError: there is no such entry; the text names those there are.
    """
    if not names and topic is None:
        return settings
    if topic is not None and settings.dialect != "topics":
        raise UsageError("--topic selects an entry of topics:, and this file has streams:")
    for name in names:
        if not any(_answers_to(stream, name) for stream in settings.streams):
            known = _known(name for one in settings.streams for name in _names(one))
            raise UsageError(f"no stream is named {name}; there are {known}")
    if topic is not None and all(stream.entry != topic for stream in settings.streams):
        known = _known(stream.entry for stream in settings.streams)
        raise UsageError(f"no topic is named {topic}; there are {known}")
    wanted = tuple(
        stream
        for stream in settings.streams
        if any(_answers_to(stream, name) for name in names) or stream.entry == topic
    )
    return replace(settings, streams=wanted)


def from_options(
    source: str,
    target: str,
    streams: Sequence[str],
    *,
    name: str | None = None,
    site: str = DEFAULT_SITE,
) -> ReplicatorSettings:
    """Settings of the command line alone: whole streams, each under its own name.

    ``name`` is another one, for the copy of a single stream.

    Raises:
        UsageError: a URL or name is wrong, no stream is named, or a copy would
            write into its source.
    """
    if not streams or not all(streams):
        raise UsageError("name the streams to copy: --stream NAME")
    if name is not None:
        if len(set(streams)) > 1 or not name:
            raise UsageError("--name NAME names one copy: give it one --stream")
        name = _option("--name", NAME.read, name)
    from_, to = (
        _option("--source", parse_endpoint, source),
        _option("--target", parse_endpoint, target),
    )
    if are_one_cluster(from_, to):
        raise UsageError("--source and --target are the same server: a stream is no copy of itself")
    entries = tuple(
        StreamSettings(
            entry=name or stream,
            dialect="streams",
            site=site,
            worker=name or stream,
            source=from_,
            target=to,
            source_stream=stream,
            target_stream=stream,
        )
        for stream in dict.fromkeys(_option("--stream", STREAM.read, one) for one in streams)
    )
    return ReplicatorSettings(site=site, dialect="streams", streams=entries)


def are_one_cluster(one: Endpoint, other: Endpoint) -> bool:
    """Whether both name a common server, as far as names can tell.

    With other credentials they may be two accounts, which share no stream.
    """
    if one.credentials != other.credentials:
        return False
    addresses = {(server.host, server.port) for server in one.servers}
    return any((server.host, server.port) in addresses for server in other.servers)


def _option(option: str, read: Callable[[str], Value], text: str) -> Value:
    try:
        return read(text)
    except ConfigError as error:
        raise UsageError(f"{option}: {error}") from error


def _names(stream: StreamSettings) -> tuple[str, ...]:
    return tuple(name for name in (stream.entry, stream.worker, stream.source_stream) if name)


def _answers_to(stream: StreamSettings, name: str) -> bool:
    return name in _names(stream)


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
