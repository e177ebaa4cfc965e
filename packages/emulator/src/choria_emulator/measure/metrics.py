"""The figures of a run that thresholds and comparisons go by.  Pure.

    metrics_of(results, suite_seconds=12.5)["p99"]

Every run has the same names, so that any two can be compared.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs

from choria_emulator.measure.figures import Spread, percentile, spread
from choria_emulator.measure.result import RequestResult


class Kind(enum.Enum):
    """What a figure counts, and so how it is written."""

    SECONDS = "seconds"
    COUNT = "count"
    RATE = "per second"
    SHARE = "share"


SPREADS: Final = ("min", "mean", "p50", "p90", "p95", "p99", "p100", "max")

REPLIES: Final[Mapping[str, str]] = {
    "first": "first reply",
    "reply50": "half of the replies",
    "reply95": "95% of the replies",
    "reply99": "99% of the replies",
    "last": "last reply",
}
"""Moments of a request, as ``first.p99`` begins with them."""

_PERCENTS: Final = {"first": 0.0, "reply50": 50.0, "reply95": 95.0, "reply99": 99.0, "last": 100.0}

COUNTS: Final[Mapping[str, str]] = {
    "requests": "requests made",
    "complete": "requests that every node did",
    "incomplete": "requests that some node did not",
    "ok": "replies that say so",
    "failed": "replies that say that they are not",
    "missing": "replies that did not come in time",
    "late": "replies that came after the timeout",
    "duplicates": "nodes that answered a request again",
    "unexpected": "nodes that were not asked, or answered again",
    "cuts": "requests during which the connection was lost",
    "bound": "requests that waited for the client alone",
}

OTHERS: Final[Mapping[str, tuple[Kind, str]]] = {
    "duration": (Kind.SECONDS, "of all requests, with what is between them"),
    "rate": (Kind.RATE, "replies, from the publication to the last one"),
    "client": (Kind.SHARE, "of the time in which the client was busy"),
    "cpu": (Kind.SECONDS, "of processor that the client used for a reply"),
}

KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(SPREADS, Kind.SECONDS),
    **{f"{moment}.{name}": Kind.SECONDS for moment in REPLIES for name in SPREADS},
    **dict.fromkeys(COUNTS, Kind.COUNT),
    **{name: kind for name, (kind, _) in OTHERS.items()},
}
"""Every figure that there is."""

OF_REPLIES: Final = frozenset(
    ("cpu", *(f"{moment}.{name}" for moment in REPLIES for name in SPREADS))
)
"""Figures that only replies have; they are 0 without one, and mean nothing."""


def moments_of(result: RequestResult) -> dict[str, float]:
    """When the first reply of a request came, half of them, and so on; in seconds."""
    ordered = sorted(result.times_ns)
    return {name: percentile(ordered, percent) / 1e9 for name, percent in _PERCENTS.items()}


def request_spread(results: Sequence[RequestResult]) -> Spread:
    """Durations of requests, in seconds."""
    return spread([result.request_ns / 1e9 for result in results])


def moment_spreads(results: Sequence[RequestResult]) -> dict[str, Spread]:
    """The moments of all requests that were answered, in seconds."""
    moments = [moments_of(result) for result in results if result.times_ns]
    return {name: spread([one[name] for one in moments]) for name in REPLIES}


def replies_of(metrics: Mapping[str, float]) -> float:
    """How many replies the figures of a run are of."""
    return metrics["ok"] + metrics["failed"]


def metrics_of(results: Sequence[RequestResult], *, suite_seconds: float) -> dict[str, float]:
    """All figures of a run, by name."""
    replies = sum(len(result.times_ns) for result in results)
    lasting = sum(max(result.times_ns, default=0) for result in results) / 1e9
    wall = sum(result.effort.wall_ns for result in results)
    busy = sum(result.effort.cpu_ns + result.effort.waiting_ns for result in results)
    cpu = sum(result.effort.cpu_ns for result in results) / 1e9
    found: dict[str, float] = structs.asdict(request_spread(results))
    for moment, one in moment_spreads(results).items():
        found |= {f"{moment}.{name}": value for name, value in structs.asdict(one).items()}
    found |= _counts(results)
    found |= {
        "duration": suite_seconds,
        "rate": replies / lasting if lasting else 0.0,
        "client": busy / wall if wall else 0.0,
        "cpu": cpu / replies if replies else 0.0,
    }
    return {name: found[name] for name in KINDS}


def _counts(results: Sequence[RequestResult]) -> dict[str, float]:
    complete = sum(result.is_success for result in results)
    return {
        "requests": len(results),
        "complete": complete,
        "incomplete": len(results) - complete,
        "ok": sum(result.ok for result in results),
        "failed": sum(result.failed for result in results),
        "missing": sum(len(result.missing) for result in results),
        "late": sum(len(result.late) for result in results),
        "duplicates": sum(len(result.duplicates) for result in results),
        "unexpected": sum(result.unexpected for result in results),
        "cuts": sum(bool(result.cut) for result in results),
        "bound": sum(result.effort.is_bound for result in results),
    }
