"""The figures of this bench and what they are to reach.  Pure."""

from collections.abc import Mapping
from typing import Final

from bench.kit.report import Goal
from bench.kit.series import Series

GOALS: Final = (Goal("ratio_to_nats_py", 3.0), Goal("ratio_to_go", 1.0))


def figures_of(rates: Series, cpu: Series, names: Mapping[str, str]) -> dict[str, float | None]:
    """By key.

    Args:
        rates: messages per second.
        cpu: microseconds of processor time for each message.
        names: of the contenders, by ``ours``, ``ours_2``, ``ours_4``, ``nats_py``,
            ``nats_py_codec`` and ``go``.
    """
    ours = names["ours"]
    figures: dict[str, float | None] = {
        "adapter_msgs_per_s": _rounded(rates.median(ours), 0),
        "adapter_cpu_us_per_msg": _rounded(cpu.median(ours), 1),
    }
    for processes in ("2", "4"):
        name = names[f"ours_{processes}"]
        figures[f"adapter_msgs_per_s_{processes}"] = _rounded(rates.median(name), 0)
        figures[f"adapter_cpu_us_per_msg_{processes}"] = _rounded(cpu.median(name), 1)
    for key in ("nats_py", "nats_py_codec", "go"):
        name = names[key]
        figures[f"{key}_msgs_per_s"] = _rounded(rates.median(name), 0)
        figures[f"{key}_cpu_us_per_msg"] = _rounded(cpu.median(name), 1)
        figures[f"ratio_to_{key}"] = _rounded(rates.ratio(ours, name), 2)
    return figures


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
