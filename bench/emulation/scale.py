"""How much is measured: in full, or within 50 seconds."""

from dataclasses import dataclass
from typing import Final

from bench.kit.rounds import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A size of the fleet.

    Attributes:
        nodes: how many.
        brokers: a cluster of so many; one alone.
        counted: requests of each kind by the counting subscriber.
        pings: runs of ``choria ping``.
        requests: of ``choria measure``.
    """

    nodes: int
    brokers: int = 1
    counted: int = 20
    pings: int = 5
    requests: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of a run.

    Attributes:
        rows: the smallest first.
        compared: nodes of each of the fleets that are compared.
        plan: of the rounds in which they are asked in turn.
        requests: to each of them in a round, or more to those who answer them within ``seconds``.
    """

    rows: tuple[Row, ...]
    compared: int = 1_000
    plan: Plan
    requests: int = 3
    seconds: float = 2.0


FULL: Final = Scale(
    rows=(Row(nodes=1_000), Row(nodes=10_000), Row(nodes=50_000, brokers=3)),
    plan=Plan(rounds=9),
)
QUICK: Final = Scale(
    rows=(Row(nodes=1_000, counted=10, pings=2, requests=10),),
    plan=Plan(rounds=3, budget_seconds=20.0),
    requests=2,
    seconds=1.0,
)
