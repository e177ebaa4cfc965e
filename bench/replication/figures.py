"""The figures of this bench and what they are to reach.  Pure."""

from typing import Final

from bench.kit.report import Goal
from bench.kit.series import Series
from bench.replication import contenders as names

GOALS: Final = (
    Goal("ratio_to_mirror", 0.9),
    Goal("chain_ratio_to_mirror", 0.8),
    Goal("ratio_to_plain_loop", 40.0),
    Goal("ratio_to_go", 30.0),
    Goal("sampled_ratio", 0.7),
    Goal("wan_ratio", 0.8),
    Goal("memory_mb", 20.0, at_most=True),
)


def figures_of(series: Series, memory: dict[str, float | None]) -> dict[str, float | None]:
    """By key: rates to whole messages per second, ratios to a thousandth."""
    rates = {
        "ordered_msgs_per_s": names.ORDERED,
        "mirror_msgs_per_s": names.MIRROR,
        "plain_loop_msgs_per_s": names.PLAIN_LOOP,
        "chain_msgs_per_s": names.CHAIN,
        "go_msgs_per_s": names.GO,
    }
    ratios = {
        "ratio_to_mirror": (names.ORDERED, names.MIRROR),
        "chain_ratio_to_mirror": (names.CHAIN, names.MIRROR),
        "ratio_to_plain_loop": (names.ORDERED, names.PLAIN_LOOP),
        "ratio_to_go": (names.ORDERED, names.GO),
        "sampled_ratio": (names.SAMPLED, names.ORDERED),
        "wan_ratio": (names.FAR, names.NEAR),
    }
    return {
        **{key: _rounded(series.median(name), 0) for key, name in rates.items()},
        **{key: _rounded(series.ratio(*pair), 3) for key, pair in ratios.items()},
        **memory,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
