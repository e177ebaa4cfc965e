"""Two runs beside each other.  Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from choria_emulator.measure.metrics import KINDS

OUTSTANDING: Final = frozenset(
    (
        *("p50", "p90", "p95", "p99", "p100"),
        *("first.p50", "reply50.p50", "reply95.p50", "reply99.p50", "last.p50", "last.p99"),
        *("ok", "failed", "missing", "late", "duplicates", "unexpected"),
        *("rate", "duration", "client", "cpu"),
    )
)


class Compared(Struct, frozen=True):
    """A figure of two runs; ``ratio`` is new by old, None where old is 0."""

    name: str
    old: float
    new: float
    ratio: float | None


def compare(old: Mapping[str, float], new: Mapping[str, float]) -> tuple[Compared, ...]:
    """The figures that both have, in their usual order."""
    return tuple(
        Compared(name, old[name], new[name], new[name] / old[name] if old[name] else None)
        for name in KINDS
        if name in old and name in new
    )


def outstanding(compared: Sequence[Compared]) -> list[Compared]:
    """Those of a comparison that people look at first."""
    return [one for one in compared if one.name in OUTSTANDING]
