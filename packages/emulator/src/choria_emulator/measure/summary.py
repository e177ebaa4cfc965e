"""What a whole run brought, as ``summary.json``.  Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import DecodeError, Struct, ValidationError, field, json

from choria_core.errors import UsageError
from choria_emulator.measure.comparison import Compared
from choria_emulator.measure.figures import Spread
from choria_emulator.measure.metrics import (
    metrics_of,
    moment_spreads,
    moments_of,
    request_spread,
)
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.thresholds import Verdict

FORMAT: Final = "choria-measure-1"
MOST_NAMES: Final = 1000
"""So many nodes are named at most."""


class NodeCount(Struct, frozen=True):
    """A node, and in how many requests."""

    node: str
    requests: int


class SlowNode(Struct, frozen=True):
    """How long a node took; in seconds, over the requests that it answered."""

    node: str
    mean_seconds: float
    worst_seconds: float
    replies: int


class RequestSummary(Struct, frozen=True, kw_only=True):
    """One request; times in seconds."""

    test: int
    request_id: str
    started: float
    discovered: int
    publish_seconds: float
    request_seconds: float
    replies: dict[str, float]
    ok: int
    failed: int
    missing: int
    late: int
    duplicates: int
    unexpected: int
    replies_per_second: float
    client_cpu_seconds: float
    client_waiting_seconds: float
    client_share: float
    client_bound: bool
    cut: str


class Summary(Struct, frozen=True, kw_only=True):
    """A run; times in seconds, and unix seconds.

    Attributes:
        format: of the document.
        description: of the suite.
        suite_id: of the suite.
        started, finished: when.
        configuration: what was measured, and how.
        versions: of the programs.
        discovery_seconds: until the first request could be made.
        request_seconds: durations of requests.
        reply_seconds: when the first reply came, half of them, and so on.
        metrics: all figures by the names that thresholds use.
        missing, late, duplicates: nodes, those of the most requests first.
        nodes_missing: how many nodes missed at least one request.
        slowest: nodes, the slowest first.
        notes: what a reader must know, the gravest first.
        requests: each of them.
        thresholds: verdicts.
        comparison: with another run.
        files: what else there is.
    """

    format: str = FORMAT
    description: str
    suite_id: str
    started: float
    finished: float
    configuration: dict[str, Any]
    versions: dict[str, str]
    discovery_seconds: float = 0.0
    request_seconds: Spread
    reply_seconds: dict[str, Spread]
    metrics: dict[str, float]
    nodes_missing: int = 0
    missing: tuple[NodeCount, ...] = ()
    late: tuple[NodeCount, ...] = ()
    duplicates: tuple[NodeCount, ...] = ()
    slowest: tuple[SlowNode, ...] = ()
    notes: tuple[str, ...] = ()
    requests: tuple[RequestSummary, ...] = ()
    thresholds: tuple[Verdict, ...] = ()
    comparison: tuple[Compared, ...] = ()
    compared_with: str = ""
    files: tuple[str, ...] = ()


class Older(Struct, frozen=True):
    """What is read of another run.

    Attributes:
        format: of the document.
        description: of the suite.
        metrics: its figures.
        configuration: what was measured, and how.
    """

    format: str
    description: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)


def summarize(results: Sequence[RequestResult], *, suite_seconds: float, **about: Any) -> Summary:
    """A run.

    Args:
        results: of its requests.
        suite_seconds: that all requests took, with what is between them.
        about: further fields of :class:`Summary`.
    """
    missing = _counted(result.missing for result in results)
    return Summary(
        request_seconds=request_spread(results),
        reply_seconds=moment_spreads(results),
        metrics=metrics_of(results, suite_seconds=suite_seconds),
        nodes_missing=len(missing),
        missing=missing[:MOST_NAMES],
        late=_counted(result.late for result in results)[:MOST_NAMES],
        duplicates=_counted(result.duplicates for result in results)[:MOST_NAMES],
        requests=tuple(map(_request, results)),
        **about,
    )


def encode_summary(summary: Summary) -> bytes:
    """The document, for people too."""
    return json.format(json.encode(summary), indent=2) + b"\n"


def decode_older(document: bytes, *, source: str) -> Older:
    """What an earlier run is known by.

    Raises:
        UsageError: it is no ``summary.json``.
    """
    try:
        older = json.decode(document, type=Older)
    except (DecodeError, ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{source} is no summary.json of choria measure: {error}") from error
    if older.format != FORMAT:
        raise UsageError(f"{source} has the format {older.format!a}; this program reads {FORMAT}")
    return older


def _counted(names: Iterable[Iterable[str]]) -> tuple[NodeCount, ...]:
    counts = Counter(name for some in names for name in some)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(NodeCount(node, requests) for node, requests in ordered)


def _request(result: RequestResult) -> RequestSummary:
    effort = result.effort
    return RequestSummary(
        test=result.number,
        request_id=result.request_id,
        started=result.start_ns / 1e9,
        discovered=result.discovered,
        publish_seconds=result.publish_ns / 1e9,
        request_seconds=result.request_ns / 1e9,
        replies=moments_of(result),
        ok=result.ok,
        failed=result.failed,
        missing=len(result.missing),
        late=len(result.late),
        duplicates=len(result.duplicates),
        unexpected=result.unexpected,
        replies_per_second=result.replies_per_second,
        client_cpu_seconds=effort.cpu_ns / 1e9,
        client_waiting_seconds=effort.waiting_ns / 1e9,
        client_share=effort.busy_share,
        client_bound=effort.is_bound,
        cut=result.cut,
    )
