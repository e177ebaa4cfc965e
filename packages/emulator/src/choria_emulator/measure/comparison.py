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


WEIGHTY: Final = (
    "expected_nodes",
    "count",
    "agent",
    "payload_bytes",
    "mode",
    "timeout_seconds",
    "workers",
    "tls",
    "signed",
)
"""Settings that two runs must share for their figures to be comparable."""


class Compared(Struct, frozen=True):
    """A figure of two runs; ``ratio`` is new by old, None where old is 0."""

    name: str
    old: float
    new: float
    ratio: float | None


class Unlike(Struct, frozen=True):
    """A setting in which two runs differ, as texts."""

    name: str
    old: str
    new: str


def unlike(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[Unlike, ...]:
    """The settings of two runs that differ and change what is measured."""
    return tuple(
        Unlike(name, str(old[name]), str(new[name]))
        for name in WEIGHTY
        if name in old and name in new and old[name] != new[name]
    )


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
