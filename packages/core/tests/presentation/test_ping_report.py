"""Answers to a ping, drawn."""

from hypothesis import given
from hypothesis import strategies as st

from choria_core.client.records import PingReply
from choria_core.presentation.ping_report import ping_graph, ping_line


def test_milliseconds_are_whole() -> None:
    assert ping_line(PingReply("n1", 0.0129)).endswith(" time=12 ms\n")


def test_a_name_that_is_long_keeps_a_blank_behind_it() -> None:
    name = "n" * 60

    assert ping_line(PingReply(name, 1.0)) == f"{name} time=1000 ms\n"


def test_columns_are_as_high_as_their_share() -> None:
    lines = ping_graph([0.01, 0.02, 0.06]).splitlines()

    assert lines[0] == "2 │" + "█" * 30
    assert lines[14] == "  │" + "█" * 60
    assert lines[-1].strip() == "Responses per 50ms"


@given(st.lists(st.floats(0, 600), min_size=1, max_size=50))
def test_any_times_fit_on_a_terminal(seconds: list[float]) -> None:
    lines = ping_graph(seconds).splitlines()

    assert len(lines) == 18
    assert max(map(len, lines)) <= 80
    assert any("█" in line or "▁" in line for line in lines)
