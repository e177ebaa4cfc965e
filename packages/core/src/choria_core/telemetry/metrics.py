"""Metrics under exactly the names we give them.

prometheus-client adds ``_total`` to a counter's name; the original programs, whose
dashboards must keep working, have names without it.  A :class:`PlainMetric` that a
collector yields is exposed with its sample names, the order of its labels and the
shape of its numbers as the Go client writes them:

    class Copies(Collector):
        def describe(self):  # what the registry is to reserve: the name, without a suffix
            return [PlainMetric("sr_copied_messages", "Messages copied", "unknown")]

        def collect(self):
            metric = PlainMetric("sr_copied_messages", "Messages copied", "counter")
            metric.add_sample(metric.name, {"stream": "NODES"}, self.copied)
            return [metric]

Scrape with :func:`expose`: prometheus-client's own exposition would put the suffix
into the comments again.
"""

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_EXPONENT_FROM = 6  # where Go begins to write an exponent


class PlainMetric(Metric):
    """A family as collected, to be exposed under its own name."""


def new_registry() -> CollectorRegistry:
    """A registry of a program's own, with the figures of its process (on Linux)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def expose(registry: CollectorRegistry) -> bytes:
    """All metrics of ``registry`` in the Prometheus text format 0.0.4."""
    families = sorted(registry.collect(), key=lambda family: family.name)
    ours = [family for family in families if isinstance(family, PlainMetric)]
    foreign = _Collected([family for family in families if not isinstance(family, PlainMetric)])
    text = "".join(line for family in ours for line in _lines(family))
    return text.encode() + generate_latest(foreign)


class _Collected(Collector):
    """Families that were collected already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _lines(family: Metric) -> Iterator[str]:
    doc = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
    yield f"# HELP {family.name} {doc}\n"
    yield f"# TYPE {family.name} {family.type}\n"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escape(text)}"' for name, text in sample.labels.items())
        yield f"{sample.name}{f'{{{labels}}}' if labels else ''} {go_number(sample.value)}\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def go_number(value: float) -> str:
    """``value`` as Go's shortest ``%g``: ``2``, ``0.003``, ``1.5e+06``, ``+Inf``."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted() if number else 0
    if -4 <= exponent < _EXPONENT_FROM:
        return f"{number:f}"
    sign, digits, _ = number.as_tuple()
    first, *rest = (str(digit) for digit in digits)
    fraction = f".{''.join(rest)}" if rest else ""
    return f"{'-' if sign else ''}{first}{fraction}e{exponent:+03d}"
