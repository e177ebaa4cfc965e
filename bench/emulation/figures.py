"""The figures of this bench and what they are to reach.  Pure."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from bench.emulation.clients import Asked
from bench.emulation.comparison import Compared
from bench.emulation.programs import GO, NATS_PY, OURS
from bench.emulation.trial import RowTaken, Weight
from bench.kit.pace import Sight, pace_of
from bench.kit.report import Goal
from choria_core.errors import WorkError

KILOBYTE: Final = 1e3
MEGABYTE: Final = 1e6
LARGEST: Final = 50_000
BEGUN: Final = 0.01
"""Of all nodes; the rate of connecting counts from there."""

GOALS: Final = (
    Goal(f"connect_seconds_{LARGEST}", 30.0, at_most=True),
    Goal(f"memory_kb_per_node_{LARGEST}", 8.0, at_most=True),
    Goal(f"ping_seconds_{LARGEST}", 2.5, at_most=True),
    Goal(f"rpc_seconds_{LARGEST}", 4.0, at_most=True),
    Goal(f"missing_{LARGEST}", 0.0, at_most=True),
    Goal("replies_ratio_to_go", 20.0),
    Goal("replies_ratio_to_nats_py", 3.0),
    Goal("memory_ratio_to_nats_py", 0.1, at_most=True),
    Goal("memory_ratio_to_go", 0.02, at_most=True),
)

Figures = Mapping[str, float | None]


def figures_of(rows: Sequence[RowTaken], compared: Compared) -> dict[str, float | None]:
    """By key; those of a row end with its number of nodes, all others are of the comparison.

    Where a fleet was not there its figures are None, and those of a row that was not run.
    """
    figures: dict[str, float | None] = dict.fromkeys(goal.figure for goal in GOALS)
    first = rows[0]
    figures |= compared_figures(compared)
    figures["connects_per_s"] = _rounded(connects_per_s(first.sights), 0)
    for row in rows:
        figures |= {f"{key}_{row.row.nodes}": value for key, value in row_figures(row).items()}
    return figures


def compared_figures(compared: Compared) -> dict[str, float | None]:
    """Of the fleets beside each other."""
    rates, own = compared.rates, node_bytes(compared.weights[OURS])
    figures: dict[str, float | None] = {
        "replies_per_s": _rounded(rates.median(OURS), 0),
        "memory_kb_per_node": _rounded(own / KILOBYTE, 2),
    }
    for key, name in (("nats_py", NATS_PY), ("go", GO)):
        weight = compared.weights.get(name)
        other = node_bytes(weight) if weight else None
        figures |= {
            f"{key}_replies_per_s": _rounded(rates.median(name), 0),
            f"{key}_memory_kb_per_node": _rounded(other and other / KILOBYTE, 2),
            f"replies_ratio_to_{key}": _rounded(rates.ratio(OURS, name), 2),
            f"memory_ratio_to_{key}": _rounded(own / other if other else None, 4),
        }
    return figures


def row_figures(taken: RowTaken) -> dict[str, float | None]:
    """Of one size: seconds of the middle request and the worst; missing over all requests."""
    nodes, ping, rpc = taken.row.nodes, _joined(taken.pings), taken.replies
    counted = taken.counted_replies
    return {
        "connect_seconds": _rounded(taken.connect_seconds, 2),
        "connects_per_s": _rounded(connects_per_s(taken.sights), 0),
        "memory_kb_per_node": _rounded(node_bytes(taken.weight) / KILOBYTE, 2),
        "idle_memory_mb": _rounded(taken.weight.idle.whole / MEGABYTE, 1),
        "broker_memory_kb_per_node": _rounded(taken.broker_bytes / nodes / KILOBYTE, 1),
        "ping_seconds": _rounded(median(ping.seconds), 3),
        "worst_ping_seconds": _rounded(max(ping.seconds), 3),
        "rpc_seconds": _rounded(median(rpc.seconds), 3),
        "worst_rpc_seconds": _rounded(max(rpc.seconds), 3),
        "missing": float(sum(rpc.missing) + sum(ping.missing)),
        "counted_pongs_per_s": _rounded(_rate(nodes, taken.counted_pings), 0),
        "counted_replies_per_s": _rounded(_rate(nodes, counted), 0),
        "counted_rpc_seconds": _rounded(median(counted.seconds), 3),
        "worst_counted_rpc_seconds": _rounded(max(counted.seconds), 3),
        "counted_missing": float(sum(counted.missing) + sum(taken.counted_pings.missing)),
    }


def node_bytes(weight: Weight) -> float:
    """What one more node takes."""
    grown = weight.fleet.data - weight.idle.data
    return grown / (weight.nodes - weight.idle_nodes)


def connects_per_s(sights: Sequence[Sight]) -> float | None:
    """From the first hundredth of the connections to the last; None where it went too fast."""
    most = max((sight.messages for sight in sights), default=0)
    try:
        return pace_of(sights, begin_at=max(1, int(most * BEGUN)))
    except WorkError:
        return None


def _rate(nodes: int, asked: Asked) -> float:
    return nodes / median(asked.seconds)


def _joined(asked: Sequence[Asked]) -> Asked:
    return Asked(
        tuple(one for some in asked for one in some.seconds),
        tuple(one for some in asked for one in some.missing),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
