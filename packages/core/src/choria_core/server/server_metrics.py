"""The metrics of a server, the original's under their own names."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from choria_core.node.gate import RequestCounts
from choria_core.server.figures import Figures
from choria_core.server.served_node import VERSION
from choria_core.telemetry.metrics import PlainMetric

BUILD: Final = "choria_build_info"
_COUNTS: Final = {
    "total": ("total", "Requests that came from the network"),
    "validated": ("valid", "Requests that were taken"),
    "unvalidated": ("invalid", "Requests that could not be opened or verified, or are not ours"),
    "passed": ("passed", "Requests whose filter means this node"),
    "filtered": ("filtered", "Requests whose filter means others"),
    "replies": ("replies", "Replies sent"),
    "ttlexpired": ("ttl_expired", "Requests that were too old, or made in the future"),
    "replayed": ("repeated", "Requests that were seen before"),
    "dropped": ("overloaded", "Requests for which there was no room"),
}
_FIGURES: Final = {
    "events": ("events", "Lifecycle events published"),
    "failures": ("failures", "Requests that ended in an error of the server's"),
    "audit_lost": ("lost_audits", "Entries of the audit log that could not be kept"),
    "replies_lost": ("lost_replies", "Replies for which there was no connection"),
    "registrations": ("registrations", "Registrations published"),
    "registrations_lost": (
        "lost_registrations",
        "Registrations for which there was no connection, or that were too large",
    ),
    "replies_too_large": ("large_replies", "Replies larger than the broker takes"),
}
_REFUSED: Final = ("choria_server_refused", "Requests that could not be opened, by reason")


class ServerMetrics(Collector):
    """Shows what one node counts.

    Args:
        identity: label of everything.
        counts: of its gate.
        figures: the rest.
        registry: to be shown by.
    """

    def __init__(
        self,
        identity: str,
        *,
        counts: RequestCounts,
        figures: Figures,
        registry: CollectorRegistry,
    ) -> None:
        self._identity = identity
        self._counts = counts
        self._figures = figures
        registry.register(self)

    def describe(self) -> Iterable[PlainMetric]:
        """The names alone."""
        return [PlainMetric(name, text, "unknown") for name, text in _names()]

    def collect(self) -> Iterator[PlainMetric]:
        """Everything as it is now."""
        for name, (field, text) in _COUNTS.items():
            yield self._one(f"choria_server_{name}", text, getattr(self._counts, field))
        for name, (field, text) in _FIGURES.items():
            yield self._one(f"choria_server_{name}", text, getattr(self._figures, field))
        refused = PlainMetric(*_REFUSED, "counter")
        for reason, count in sorted(self._figures.refusals.items()):
            labels = {"identity": self._identity, "reason": reason}
            refused.add_sample(refused.name, labels, count)
        yield refused
        build = PlainMetric(BUILD, "The program", "counter")
        build.add_sample(
            BUILD, {"version": VERSION, "sha": "unknown", "identity": self._identity}, 1
        )
        yield build

    def _one(self, name: str, text: str, value: float) -> PlainMetric:
        metric = PlainMetric(name, text, "counter")
        metric.add_sample(name, {"identity": self._identity}, value)
        return metric


def _names() -> Iterator[tuple[str, str]]:
    for name, (_, text) in (*_COUNTS.items(), *_FIGURES.items()):
        yield f"choria_server_{name}", text
    yield from (_REFUSED, (BUILD, "The program"))
