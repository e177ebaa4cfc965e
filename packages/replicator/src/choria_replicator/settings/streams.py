"""The current dialect: ``streams:``, a list of streams to copy.  Pure.

Source: the configuration reader of the current original, release 0.9.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from choria_core.config.schema import CHORIA_DURATION, Setting
from choria_core.nats.endpoint import Endpoint, TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.message.subject_map import SubjectMap
from choria_replicator.sampling.field_path import FieldPath
from choria_replicator.settings.grammars import (
    CHORIA_INTERVAL,
    FIELD,
    MOMENT,
    NAME,
    PREFIX,
    STREAM,
    SUBJECT,
    URLS,
)
from choria_replicator.settings.model import (
    LogLevel,
    ReplicatorSettings,
    Sampling,
    Start,
    StartAll,
    StartDelta,
    StartEnd,
    StartSequence,
    StartTime,
    StreamSettings,
)

Finding = tuple[str, str, str]
"""(key, what is wrong, the fix)."""

_LEVELS: Mapping[str, LogLevel] = {"debug": "debug", "info": "info", "warn": "warn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Certificates, as PEM files."""

    ca: Annotated[str, Setting("authorities; empty: the system's")] = ""
    cert: Annotated[str, Setting("client certificate")] = ""
    key: Annotated[str, Setting("its private key")] = ""

    def check(self) -> Iterator[Finding]:
        """A certificate and its key go together."""
        if bool(self.cert) != bool(self.key):
            missing = "key" if self.cert else "cert"
            yield missing, "is missing: a certificate and its key go together", "add it"

    def resolve(self) -> TlsSettings:
        """The files it stands for."""
        return TlsSettings(ca_file=self.ca, cert_file=self.cert, key_file=self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoriaCredentials:
    """Credentials of a Choria organization issuer."""

    seed_file: Annotated[str, Setting("ed25519 seed")] = ""
    jwt_file: Annotated[str, Setting("client JWT")] = ""
    collective: Annotated[str, Setting("sub collective")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """Where to tell of senders."""

    subject: Annotated[str, Setting("%s is the event, %v the sender")] = ""
    reliable: Annotated[bool, Setting("repeat until a stream holds it")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSubject:
    """One subject of heartbeats."""

    subject: Annotated[str, Setting("where to publish")]
    interval: Annotated[float, Setting("own interval", grammar=CHORIA_DURATION)] = 0.0
    headers: Annotated[Mapping[str, str], Setting("instead of the outer ones")] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeats:
    """Messages at intervals, to measure the way from site to site."""

    url: Annotated[str, Setting("servers to publish to", grammar=URLS)]
    interval: Annotated[float, Setting("time between two", grammar=CHORIA_DURATION)] = 10.0
    headers: Annotated[Mapping[str, str], Setting("go with each")] = field(default_factory=dict)
    leader_election: Annotated[bool, Setting("only one of several publishes")] = False
    tls: Annotated[Tls | None, Setting("certificates")] = None
    choria: Annotated[ChoriaCredentials | None, Setting("issuer credentials")] = None
    subjects: Annotated[tuple[HeartbeatSubject, ...], Setting("where to")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEntry:
    """One stream to copy."""

    stream: Annotated[str, Setting("the source stream", grammar=STREAM)]
    name: Annotated[
        str,
        Setting(
            "name in headers, metrics and of the state file; empty: the top level's", grammar=NAME
        ),
    ] = ""
    source_url: Annotated[str, Setting("servers to copy from", grammar=URLS)]
    target_url: Annotated[str, Setting("servers to copy to", grammar=URLS)]
    filter_subject: Annotated[
        str, Setting("copy only this subject; wildcards allowed", grammar=SUBJECT)
    ] = ""
    target_stream: Annotated[
        str, Setting("its name there; empty: the source's", grammar=STREAM)
    ] = ""
    target_subject_prefix: Annotated[
        str, Setting("put before every subject, with a dot", grammar=PREFIX)
    ] = ""
    target_subject_remove: Annotated[
        str, Setting("text taken out of every subject, after prefixing")
    ] = ""
    no_target_create: Annotated[bool, Setting("the target stream must be there already")] = False
    start_at_end: Annotated[bool, Setting("first start: copy only what comes")] = False
    start_sequence: Annotated[int, Setting("first start: from this source sequence", minimum=0)] = 0
    start_delta: Annotated[
        float, Setting("first start: from this long ago", grammar=CHORIA_DURATION, minimum=0)
    ] = 0.0
    start_time: Annotated[int | None, Setting("first start: from this moment", grammar=MOMENT)] = (
        None
    )
    inspect_field: Annotated[
        FieldPath | None,
        Setting("field that tells senders apart, with inspect_duration", grammar=FIELD),
    ] = None
    inspect_duration: Annotated[
        int,
        Setting("least time between two copies of one sender", grammar=CHORIA_INTERVAL, minimum=0),
    ] = 0
    tls: Annotated[Tls | None, Setting("for both sides, instead of the whole outer block")] = None
    source_tls: Annotated[Tls | None, Setting("for the source, instead of the whole tls")] = None
    target_tls: Annotated[Tls | None, Setting("for the target, instead of the whole tls")] = None
    ephemeral: Annotated[
        bool, Setting("copy all of it anew at each start", later="recopying at each start")
    ] = False
    target_initiated: Annotated[
        bool, Setting("run beside the target", later="copying from the target's side")
    ] = False
    max_age: Annotated[
        float,
        Setting("skip older messages", grammar=CHORIA_DURATION, later="skipping by age"),
    ] = 0.0
    inspect_force_field: Annotated[
        str, Setting("field that forces a copy", later="forcing copies by a field")
    ] = ""
    inspect_header: Annotated[
        str, Setting("header that tells senders apart", later="sampling by header")
    ] = ""
    inspect_subject_token: Annotated[
        int,
        Setting("token of the subject that tells senders apart", later="sampling by subject"),
    ] = 0
    warn_duration: Annotated[
        float,
        Setting("silence before an advisory", grammar=CHORIA_DURATION, later="age advisories"),
    ] = 0.0
    size_trigger: Annotated[
        float,
        Setting("change of size that forces a copy", later="forcing copies by a change of size"),
    ] = 0.0
    leader_election_name: Annotated[
        str, Setting("several processes, one at work", later="leader election")
    ] = ""
    advisory: Annotated[
        Advisory | None, Setting("tell of senders that come and go", later="age advisories")
    ] = None
    choria: Annotated[
        ChoriaCredentials | None,
        Setting("issuer credentials for both sides", later="Choria issuer credentials"),
    ] = None
    source_choria: Annotated[
        ChoriaCredentials | None,
        Setting("issuer credentials for the source", later="Choria issuer credentials"),
    ] = None
    target_choria: Annotated[
        ChoriaCredentials | None,
        Setting("issuer credentials for the target", later="Choria issuer credentials"),
    ] = None

    def check(self) -> Iterator[Finding]:
        """The one thing that must be said is not empty."""
        if not self.stream:
            yield "stream", "is empty", "name the source stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamsFile:
    """The top of a file in this dialect."""

    name: Annotated[str, Setting("this replicator's name, as in copies' headers", grammar=NAME)]
    streams: Annotated[tuple[StreamEntry, ...], Setting("what to copy")] = ()
    state_store: Annotated[str, Setting("folder of sampling states; empty: keep none")] = ""
    tls: Annotated[Tls | None, Setting("certificates, for all streams")] = None
    monitor_port: Annotated[
        int, Setting("port of /metrics and /healthz, 0 for none", minimum=0, maximum=65535)
    ] = 0
    profiling: Annotated[
        bool, Setting("taken either way: there are no Go profiles here to serve")
    ] = True
    logfile: Annotated[str, Setting("log there, in JSON lines; empty: standard error")] = ""
    loglevel: Annotated[str, Setting("debug, info or warn; anything else is info")] = "info"
    choria: Annotated[
        ChoriaCredentials | None,
        Setting("issuer credentials for all streams", later="Choria issuer credentials"),
    ] = None
    heartbeats: Annotated[
        Heartbeats | None, Setting("messages at intervals", later="publishing heartbeats")
    ] = None

    def check(self) -> Iterator[Finding]:
        """The header needs a name."""
        if not self.name:
            yield "name", "is empty", "name this replicator"

    def resolve(self) -> ReplicatorSettings:
        """The settings that the file stands for."""
        return ReplicatorSettings(
            site=self.name,
            dialect="streams",
            streams=tuple(_resolve(entry, self) for entry in self.streams),
            state_dir=Path(self.state_store) if self.state_store else None,
            monitor_port=self.monitor_port,
            log_level=_LEVELS.get(self.loglevel, "info"),
            log_file=self.logfile,
        )

    def remarks(self) -> Iterator[Finding]:
        """What is said in vain."""
        if self.loglevel and self.loglevel not in _LEVELS:
            yield "loglevel", f"{self.loglevel} is no level and counts as info", "write info"
        for index, entry in enumerate(self.streams):
            for key, text, fix in _remarks(entry):
                yield f"streams[{index}].{key}", text, fix


def _resolve(entry: StreamEntry, top: StreamsFile) -> StreamSettings:
    worker = entry.name or top.name
    both = entry.tls or top.tls
    return StreamSettings(
        entry=worker,
        dialect="streams",
        site=top.name,
        worker=worker,
        source=_endpoint(entry.source_url, entry.source_tls or both),
        target=_endpoint(entry.target_url, entry.target_tls or both),
        source_stream=entry.stream,
        filter_subject=entry.filter_subject,
        target_stream=entry.target_stream or entry.stream,
        subjects=SubjectMap(prefix=entry.target_subject_prefix, remove=entry.target_subject_remove),
        create_target=not entry.no_target_create,
        start=_start(entry),
        sampling=_sampling(entry),
    )


def _sampling(entry: StreamEntry) -> Sampling | None:
    if entry.inspect_field is None or not entry.inspect_duration:
        return None
    return Sampling(entry.inspect_field, entry.inspect_duration)


def _endpoint(urls: str, tls: Tls | None) -> Endpoint:
    return parse_endpoint(urls, tls=tls.resolve() if tls else None)


def _starts(entry: StreamEntry) -> dict[str, Start]:
    """Every start that is given, the strongest first."""
    starts: dict[str, Start] = {}
    if entry.start_at_end:
        starts["start_at_end"] = StartEnd()
    if entry.start_sequence:
        starts["start_sequence"] = StartSequence(entry.start_sequence)
    if entry.start_delta:
        starts["start_delta"] = StartDelta(entry.start_delta)
    if entry.start_time is not None:
        starts["start_time"] = StartTime(entry.start_time)
    return starts


def _start(entry: StreamEntry) -> Start:
    return next(iter(_starts(entry).values()), StartAll())


def _remarks(entry: StreamEntry) -> Iterator[Finding]:
    if entry.inspect_field and not entry.inspect_duration:
        fix = "add for example inspect_duration: 1h, or remove it"
        yield "inspect_field", "samples nothing without inspect_duration", fix
    if entry.inspect_duration and not entry.inspect_field:
        fix = "add for example inspect_field: host"
        yield "inspect_duration", "samples nothing without inspect_field", fix
    strongest, *others = [*_starts(entry), ""]
    for key in filter(None, others):
        yield key, f"is not used beside {strongest}", "keep one of them"
