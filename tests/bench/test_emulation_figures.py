"""What the emulator's bench makes of its runs."""

from collections.abc import Mapping

import pytest

from bench.emulation.clients import Asked, measured_times, ping_times
from bench.emulation.comparison import Compared
from bench.emulation.figures import GOALS, connects_per_s, figures_of, node_bytes
from bench.emulation.programs import GO, NATS_PY, OURS
from bench.emulation.scale import Row
from bench.emulation.trial import RowTaken, Weight
from bench.kit.pace import Sight
from bench.kit.processes import Memory
from bench.kit.series import Series
from choria_core.errors import WorkError


def weight(kilobytes_a_node: float, nodes: int = 1_000) -> Weight:
    """Of a fleet in a program that takes 20 MB, and was weighed with two nodes before."""
    program = 12_000_000
    idle = round(8_000_000 + 2 * 1_000 * kilobytes_a_node)
    fleet = round(8_000_000 + nodes * 1_000 * kilobytes_a_node)
    return Weight(
        nodes=nodes,
        fleet=Memory(program // 2 + fleet, fleet),  # others have the same files open
        idle_nodes=2,
        idle=Memory(program + idle, idle),
    )


def taken(nodes: int, **other: object) -> RowTaken:
    """A row in which all went well."""
    fields: dict[str, object] = {
        "row": Row(nodes=nodes),
        "connect_seconds": 12.345,
        "sights": (Sight(0.0, 0), Sight(1.0, nodes // 100), Sight(10.0, nodes)),
        "weight": weight(3.0, nodes),
        "broker_bytes": nodes * 50_000,
        "counted_pings": Asked((0.5, 0.5, 0.5), (0, 0, 0)),
        "counted_replies": Asked((2.0, 1.0, 3.0), (0, 0, 0)),
        "pings": (Asked((1.5,), (0,)), Asked((2.5,), (0,)), Asked((1.0,), (0,))),
        "replies": Asked((4.0, 2.0, 3.0), (0, 0, 0)),
    } | other
    return RowTaken(**fields)  # type: ignore[arg-type]


COMPARED = Compared(
    Series([{OURS: 40_000.0, NATS_PY: 10_000.0}, {OURS: 20_000.0, NATS_PY: 4_000.0}]),
    {OURS: weight(3.0), NATS_PY: weight(60.0)},
    {OURS: 1.0, NATS_PY: 2.0},
)


def test_a_node_weighs_what_the_program_grew_by() -> None:
    assert node_bytes(weight(3.0)) == pytest.approx(3_000)


def test_fleets_are_compared_within_each_round() -> None:
    figures = figures_of([taken(1_000)], COMPARED)

    assert figures["replies_per_s"] == 30_000
    assert figures["replies_ratio_to_nats_py"] == 4.5
    assert figures["memory_kb_per_node"] == 3.0
    assert figures["memory_ratio_to_nats_py"] == 0.05


def test_what_was_not_there_has_no_figures() -> None:
    figures = figures_of([taken(1_000)], COMPARED)

    assert figures["replies_ratio_to_go"] is None
    assert figures["go_memory_kb_per_node"] is None
    assert figures["rpc_seconds_50000"] is None


def test_every_goal_has_its_figure() -> None:
    compared = Compared(
        Series([{OURS: 40_000.0, NATS_PY: 10_000.0, GO: 1_000.0}]),
        {OURS: weight(3.0), NATS_PY: weight(60.0), GO: weight(300.0)},
        {OURS: 1.0, NATS_PY: 2.0, GO: 10.0},
    )
    figures = figures_of([taken(1_000), taken(50_000)], compared)

    assert all(goal.is_met_by(figures[goal.figure]) for goal in GOALS)


def test_of_a_size_the_middle_request_and_the_worst_are_told() -> None:
    figures = figures_of([taken(50_000)], COMPARED)

    assert (figures["rpc_seconds_50000"], figures["worst_rpc_seconds_50000"]) == (3.0, 4.0)
    assert (figures["ping_seconds_50000"], figures["worst_ping_seconds_50000"]) == (1.5, 2.5)
    assert figures["counted_replies_per_s_50000"] == 25_000
    assert figures["connects_per_s_50000"] == 5_500


def test_one_reply_missing_in_any_request_misses_the_goal() -> None:
    figures = figures_of([taken(50_000, replies=Asked((1.0, 1.0), (0, 1)))], COMPARED)
    goal = next(goal for goal in GOALS if goal.figure == "missing_50000")

    assert goal.is_met_by(figures["missing_50000"]) is False


def test_what_connected_between_two_looks_has_no_rate() -> None:
    assert connects_per_s([Sight(0.0, 0), Sight(1.0, 1_000)]) is None


def test_the_last_answer_of_a_ping_is_its_time() -> None:
    output = "\n\n---- ping statistics ----\n998 replies max: 1.234s min: 80ms avg: 500ms\n"

    assert ping_times(output, nodes=1_000) == Asked((1.234,), (2,))


def test_a_ping_without_statistics_is_no_measurement() -> None:
    with pytest.raises(WorkError, match="prints no statistics"):
        ping_times("", nodes=1)


def test_of_a_suite_each_request_counts() -> None:
    requests: list[Mapping[str, float]] = [
        {"request_seconds": 0.5, "missing": 0.0, "ok": 1_000.0},
        {"request_seconds": 0.7, "missing": 3.0, "ok": 997.0},
    ]

    assert measured_times({"requests": requests}) == Asked((0.5, 0.7), (0, 3))
