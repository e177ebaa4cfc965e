"""The older dialect: ``topics:``, one block for each subject to copy.  Pure.

A ``topics`` entry names NATS Streaming clusters and channels.  Here it runs on
JetStream: the source stream is the one that holds the subject, and the cluster
ids are labels.

Source: the README of the original replicator, and its configuration reader.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from choria_core.config.problems import key_path
from choria_core.config.schema import Setting
from choria_core.nats.endpoint import Endpoint, TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.settings.grammars import FIELD, GO_INTERVAL, NAME, SUBJECT, URLS, is_name
from choria_replicator.settings.model import (
    LogLevel,
    Pool,
    ReplicatorSettings,
    Sampling,
    StreamSettings,
)

Finding = tuple[str, str, str]
"""(key, what is wrong, the fix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTls:
    """Certificates, laid out as Puppet does it or named one by one."""

    scheme: Annotated[
        Literal["puppet", "file", "manual"],
        Setting("puppet: files of ssl_dir by identity; file or manual: ca, cert and key"),
    ]
    identity: Annotated[str, Setting("certificate name in ssl_dir, with scheme puppet")] = ""
    ssl_dir: Annotated[str, Setting("Puppet's SSL folder, with scheme puppet")] = ""
    ca: Annotated[str, Setting("authorities (PEM), with scheme file")] = ""
    cert: Annotated[str, Setting("client certificate (PEM), with scheme file")] = ""
    key: Annotated[str, Setting("private key (PEM), with scheme file")] = ""

    def check(self) -> Iterator[Finding]:
        """What the scheme needs is there."""
        if self.scheme == "puppet":
            for key in ("identity", "ssl_dir"):
                if not getattr(self, key):
                    yield key, "is required with scheme: puppet", "add it"
        elif bool(self.cert) != bool(self.key):
            missing = "key" if self.cert else "cert"
            yield missing, "is missing: a certificate and its key go together", "add it"

    def resolve(self) -> TlsSettings:
        """The files it stands for."""
        if self.scheme != "puppet":
            return TlsSettings(ca_file=self.ca, cert_file=self.cert, key_file=self.key)
        folder = Path(self.ssl_dir)
        return TlsSettings(
            ca_file=str(folder / "certs" / "ca.pem"),
            cert_file=str(folder / "certs" / f"{self.identity}.pem"),
            key_file=str(folder / "private_keys" / f"{self.identity}.pem"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicAdvisory:
    """When and where to tell of senders that fell silent."""

    target: Annotated[str, Setting("subject of the advisories")] = ""
    cluster: Annotated[str, Setting("source, or else the target cluster")] = "target"
    age: Annotated[int, Setting("silence before an advisory", grammar=GO_INTERVAL)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEntry:
    """One subject to copy."""

    topic: Annotated[
        str, Setting("subject to copy; it keeps its name at the target", grammar=SUBJECT)
    ]
    source_url: Annotated[str, Setting("servers to copy from", grammar=URLS)] = (
        "nats://localhost:4222"
    )
    source_cluster_id: Annotated[str, Setting("label of the source cluster")]
    target_url: Annotated[str, Setting("servers to copy to", grammar=URLS)]
    target_cluster_id: Annotated[str, Setting("label of the target cluster")]
    workers: Annotated[
        int, Setting("copiers at work side by side; above 1 order is given up", minimum=0)
    ] = 1
    queued: Annotated[bool, Setting("share the work with other processes, out of order")] = False
    queue_group: Annotated[
        str, Setting("processes with the same one share the work; empty: generated", grammar=NAME)
    ] = ""
    inspect: Annotated[
        FieldPath | None, Setting("field that tells senders apart, with age", grammar=FIELD)
    ] = None
    age: Annotated[
        int,
        Setting("least time between two copies of one sender", grammar=GO_INTERVAL, minimum=0),
    ] = 0
    update_flag: Annotated[
        str, Setting("field that forces a copy", later="forcing copies by a field")
    ] = ""
    name: Annotated[
        str,
        Setting("name in metrics, headers and of the state file; empty: generated", grammar=NAME),
    ] = ""
    monitor: Annotated[
        int, Setting("port of /metrics and /healthz, 0 for none", minimum=0, maximum=65535)
    ] = 0
    advisory: Annotated[
        TopicAdvisory | None, Setting("tell of silent senders", later="age advisories")
    ] = None
    tls: Annotated[TopicTls | None, Setting("instead of the whole outer block")] = None
    disable_source_tls: Annotated[bool, Setting("no TLS towards the source")] = False
    disable_target_tls: Annotated[bool, Setting("no TLS towards the target")] = False

    def check(self) -> Iterator[Finding]:
        """What must be said is not empty."""
        for key in ("topic", "source_cluster_id", "target_cluster_id"):
            if not getattr(self, key):
                yield key, "is empty", "give it a value"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicsFile:
    """The top of a file in this dialect."""

    topics: Annotated[
        Mapping[str, TopicEntry], Setting("what to copy; --topic selects by these names")
    ] = field(default_factory=dict)
    debug: Annotated[bool, Setting("log everything")] = False
    verbose: Annotated[bool, Setting("log at level info, as is done anyway")] = False
    logfile: Annotated[str, Setting("log there, in JSON lines; empty: standard error")] = ""
    state_dir: Annotated[str, Setting("folder of sampling states; empty: keep none")] = ""
    tls: Annotated[TopicTls | None, Setting("certificates, for all topics")] = None

    def check(self) -> Iterator[Finding]:
        """A name that we make up must be as fit as one that is given."""
        for name, entry in self.topics.items():
            if not entry.name and not is_name(name):
                yield key_path("topics", name), "gives no fit name", "add a name: without spaces"

    def resolve(self) -> ReplicatorSettings:
        """The settings that the file stands for."""
        level: LogLevel = "debug" if self.debug else "info"
        return ReplicatorSettings(
            site="",
            dialect="topics",
            streams=tuple(_resolve(name, entry, self.tls) for name, entry in self.topics.items()),
            state_dir=Path(self.state_dir) if self.state_dir else None,
            log_level=level,
            log_file=self.logfile,
        )

    def remarks(self) -> Iterator[Finding]:
        """What is said in vain."""
        for name, entry in self.topics.items():
            for key, text, fix in _remarks(entry):
                yield f"{key_path('topics', name)}.{key}", text, fix


def _resolve(name: str, entry: TopicEntry, outer: TopicTls | None) -> StreamSettings:
    flat = entry.topic.replace(".", "_")
    worker = entry.name or f"{name}_{flat}_stream_replicator"
    return StreamSettings(
        entry=name,
        dialect="topics",
        site=worker,
        worker=worker,
        source=_endpoint(entry.source_url, entry.tls or outer, plain=entry.disable_source_tls),
        target=_endpoint(entry.target_url, entry.tls or outer, plain=entry.disable_target_tls),
        source_cluster=entry.source_cluster_id,
        target_cluster=entry.target_cluster_id,
        filter_subject=entry.topic,
        sampling=Sampling(entry.inspect, entry.age) if entry.inspect and entry.age else None,
        pool=_pool(entry, flat),
        monitor_port=entry.monitor,
    )


def _pool(entry: TopicEntry, flat: str) -> Pool | None:
    if not entry.queued and entry.workers <= 1:
        return None
    return Pool(max(entry.workers, 1), entry.queue_group or f"{flat}_stream_replicator_grp")


def _endpoint(urls: str, tls: TopicTls | None, *, plain: bool) -> Endpoint:
    return parse_endpoint(urls, tls=tls.resolve() if tls and not plain else None)


def _remarks(entry: TopicEntry) -> Iterator[Finding]:
    if entry.inspect and not entry.age:
        yield "inspect", "samples nothing without age", "add for example age: 1h, or remove it"
    if entry.age and not entry.inspect:
        yield "age", "samples nothing without inspect", "add for example inspect: host"
    if entry.queue_group and not entry.queued and entry.workers <= 1:
        yield "queue_group", "is not used by a single ordered worker", "add queued: true"
