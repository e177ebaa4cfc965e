"""What the client's bench makes of its runs."""

import pytest

from bench.network.figures import Taken, figures_of, memory_mb


def runs(*, us_per_reply: float, per_second: float, peak_bytes: int = 0) -> list[Taken]:
    """A round of a client that also takes half a second to start."""
    return [
        Taken(count, 0.5 + count / per_second, 0.5 + count * us_per_reply / 1e6, peak_bytes)
        for count in (1_000, 10_000, 50_000)
    ]


def test_starting_cancels_out() -> None:
    figures = figures_of("rpc", [runs(us_per_reply=20, per_second=40_000)], None)

    assert figures["rpc_cpu_us_per_reply"] == pytest.approx(20)
    assert figures["rpc_replies_per_s"] == pytest.approx(40_000)


def test_of_each_number_of_nodes_the_middle_round_counts() -> None:
    ours = [runs(us_per_reply=own, per_second=1_000) for own in (10, 40, 20)]
    go = [runs(us_per_reply=own, per_second=1_000) for own in (40, 80, 60)]

    figures = figures_of("rpc", ours, go)

    assert figures["rpc_cpu_us_per_reply"] == pytest.approx(20)
    assert figures["go_rpc_cpu_us_per_reply"] == pytest.approx(60)
    assert figures["rpc_cpu_ratio"] == pytest.approx(0.333)


def test_what_starting_hides_is_no_figure() -> None:
    figures = figures_of("rpc", [runs(us_per_reply=-1, per_second=1_000)], None)

    assert figures["rpc_cpu_us_per_reply"] is None


def test_without_the_go_client_its_figures_are_empty() -> None:
    figures = figures_of("discovery", [runs(us_per_reply=1, per_second=1_000)], None)

    assert figures["go_discovery_cpu_us_per_reply"] is None
    assert figures["discovery_cpu_ratio"] is None
    assert memory_mb({"discovery": None}) is None


def test_memory_is_the_highest_of_all() -> None:
    small, large = (
        runs(us_per_reply=1, per_second=1, peak_bytes=size * 1_000_000) for size in (40, 80)
    )

    assert memory_mb({"discovery": [large, small], "rpc": [small]}) == 80
