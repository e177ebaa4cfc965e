"""Metrics under exactly the names we give them.

prometheus-client adds ``_total`` to a counter's name; the original programs, whose
dashboards must keep working, have names without it.  The families here are collectors
of our own that live in an ordinary ``CollectorRegistry``: their sample names, the order
of their labels and the shape of their numbers are those of the Go client.

    registry = new_registry()
    copied = PlainCounter("sr_copied_messages", "Messages copied", ("stream",), registry=registry)
    cell = copied.labels(stream="NODES")   # once, outside the loop
    cell.value += 1                        # or cell.inc(): one addition to a float
    expose(registry)

Cells are for one thread, the event loop's.  Scrape with :func:`expose`: prometheus-client's
own exposition would put the suffix into the comments again.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from choria_core.errors import LocalProtocolError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_EXPONENT_FROM = 6  # where Go begins to write an exponent


class ValueCell:
    """One number of a counter or gauge."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Add ``amount``; a counter never takes a negative one."""
        self.value += amount


class GaugeCell(ValueCell):
    """One number that goes up and down."""

    __slots__ = ()

    def set(self, value: float) -> None:
        """Replace the number."""
        self.value = value

    def dec(self, amount: float = 1.0) -> None:
        """Subtract ``amount``."""
        self.value -= amount


class SummaryCell:
    """How many observations there were, and their sum."""

    __slots__ = ("count", "sum")

    def __init__(self) -> None:
        self.sum = 0.0
        self.count = 0

    def observe(self, amount: float, *, times: int = 1) -> None:
        """Add one observation, or ``times`` of them that sum up to ``amount``."""
        self.sum += amount
        self.count += times


Cell = TypeVar("Cell", ValueCell, GaugeCell, SummaryCell)


class PlainMetric(Metric):
    """A family as collected, to be exposed under its own name."""


class _Family(Collector, Generic[Cell]):
    """Cells by the values of their labels."""

    _kind: str
    _cell: type[Cell]

    def __init__(
        self, name: str, doc: str, labels: Sequence[str] = (), *, registry: CollectorRegistry
    ) -> None:
        self.name = name
        self._doc = doc
        self._labels = tuple(sorted(labels))
        self._cells: dict[tuple[str, ...], Cell] = {}
        registry.register(self)

    def labels(self, **values: object) -> Cell:
        """The cell of these label values, made at the first call.

        Raises:
            LocalProtocolError: not exactly the labels of this family.
        """
        key = self._key(values)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = self._cell()
        return cell

    def remove(self, **values: object) -> None:
        """Forget a cell, so that it is no longer exposed.  Harmless when there is none."""
        self._cells.pop(self._key(values), None)

    def describe(self) -> Iterable[Metric]:
        """What the registry is to reserve: our name, and no name with a suffix."""
        return [PlainMetric(self.name, self._doc, "unknown")]

    def collect(self) -> Iterable[Metric]:
        """The family with its samples; nothing while there is no cell, as the Go client."""
        if not self._cells:
            return []
        metric = PlainMetric(self.name, self._doc, self._kind)
        for key, cell in sorted(self._cells.items()):
            labels = dict(zip(self._labels, key, strict=True))
            for suffix, value in self._samples(cell):
                metric.add_sample(self.name + suffix, labels, value)
        return [metric]

    def _samples(self, cell: Cell) -> Iterator[tuple[str, float]]:
        if isinstance(cell, SummaryCell):
            yield "_sum", cell.sum
            yield "_count", cell.count
        else:
            yield "", cell.value

    def _key(self, values: dict[str, object]) -> tuple[str, ...]:
        if values.keys() != set(self._labels):
            raise LocalProtocolError(
                f"{self.name} has the labels {', '.join(self._labels) or 'none'}, "
                f"not {', '.join(sorted(values)) or 'none'}"
            )
        return tuple(str(values[label]) for label in self._labels)


class PlainCounter(_Family[ValueCell]):
    """A number that only grows, of one series for each set of label values."""

    _kind = "counter"
    _cell = ValueCell


class PlainGauge(_Family[GaugeCell]):
    """A number that goes up and down."""

    _kind = "gauge"
    _cell = GaugeCell


class PlainSummary(_Family[SummaryCell]):
    """Count and sum of observations."""

    _kind = "summary"
    _cell = SummaryCell


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
