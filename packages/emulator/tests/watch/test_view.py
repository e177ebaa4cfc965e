"""What whoever started a fleet sees of it, at the widths that terminals have."""

import io
import math
from collections.abc import MutableMapping
from typing import Any

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from choria_emulator.watch.figures import FleetFigures
from choria_emulator.watch.history import History
from choria_emulator.watch.quantities import bytes_text, seconds_text, span_text
from choria_emulator.watch.screen import screen
from choria_emulator.watch.view import LineView, LiveView, opened_view
from packages.emulator.tests.watch.conftest import broker_figures, counts_of, look, worker


def drawn(*looks: FleetFigures, width: int = 80) -> list[str]:
    """The lines that a terminal shows after these looks."""
    history = History()
    for one in looks:
        moment = history.add(one)
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as capture:
        console.print(screen(looks[-1], moment, history.latest_with_replies))
    return [line.rstrip() for line in capture.get().splitlines()]


def connecting(seconds: float, connected: int, **changes: Any) -> FleetFigures:
    counts = counts_of(connects=connected, failed_connects=changes.pop("failed", 0))
    return look(
        seconds,
        wanted=50_000,
        connected=connected,
        ready=connected - 400,
        is_ready=False,
        stage="connecting",
        counts=counts,
        **changes,
    )


def test_while_nodes_connect_there_is_progress() -> None:
    title, bar, details = drawn(connecting(0, 1_000), connecting(1, 30_000))

    assert title == "node  connecting  30,000 of 50,000 nodes, 60%"
    assert len(bar) == 0.6 * 60
    assert details == "29,000/s · 0 s left · 29,600 ready"


def test_what_keeps_nodes_from_connecting_is_told() -> None:
    refused = (worker(0), worker(1, last_failure="127.0.0.1:4222 [red]refused\x1b[31m"))
    looks = [connecting(second, 1_000, failed=31, workers=refused) for second in (0, 1)]

    assert drawn(*looks)[2:] == [
        "0/s · standing still · 600 ready · failed attempts 31",
        r"last failure: 127.0.0.1:4222 [red]refused\x1b[31m",
    ]


def test_at_work_everything_has_its_line() -> None:
    begin = counts_of(requests=10_000, replies=10_000)
    now = counts_of(requests=15_000, replies=14_000, latency={0.01: 4_000})
    brokers = (broker_figures("a"), broker_figures("b"))

    lines = drawn(look(100, counts=begin), look(101, counts=now, brokers=brokers))

    assert lines == [
        "node  ready  up 1 min 41 s",
        "nodes     1,000 ready  1,000 connected, 1,000 wanted",
        "requests  5,000/s      15,000 in all",
        "replies   4,000/s      14,000 in all",
        "latency   7.5 ms p50   9.95 ms p99",
        "emulator  38.1 MiB     39.1 KiB a node",
        "brokers   114 MiB      2 brokers, 2,000 connections",
    ]


def test_latency_stays_when_no_more_replies_come() -> None:
    replied = counts_of(replies=10, latency={0.01: 10})

    lines = drawn(look(0), *(look(second, counts=replied) for second in (1, 2, 3)))

    assert "latency   7.5 ms p50   9.95 ms p99" in lines


def test_without_replies_and_brokers_there_is_less_to_tell() -> None:
    lines = drawn(look())

    assert "latency   none         no reply yet" in lines
    assert not any(line.startswith("brokers") for line in lines)


def test_what_went_wrong_and_what_was_to_are_told_apart() -> None:
    counts = counts_of(losses=1_234, expired=2, dropped=5, cuts=7)

    assert drawn(look(counts=counts))[-2:] == [
        "requests too late 2 · connections lost 1,234",
        "left unanswered 5 · connections cut 7",
    ]


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"ready": 990, "is_ready": False}, "running, 10 not ready"),
        ({"is_ready": False}, "running, the brokers are learning of the subscriptions"),
        ({"connected": 5, "is_ready": False, "stage": "stopping"}, "stopping"),
    ],
)
def test_a_fleet_that_is_not_ready_says_what_is_missing(
    changes: dict[str, Any], stage: str
) -> None:
    assert drawn(look(**changes))[0] == f"node  {stage}  up 0 s"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    failure = (worker(0, last_failure="the broker at 127.0.0.1:4222 refused the connection"),)
    counts = counts_of(losses=123_456, expired=23_456, dropped=5_000_000, cuts=7_000)
    long = "node-of-the-first-datacenter-in-europe"

    lines = [
        *drawn(connecting(0, 1_000, name=long, workers=failure), width=width),
        *drawn(look(name=long, counts=counts), width=width),
    ]

    assert max(map(len, lines)) <= width
    assert "1,000 of 50,000 nodes" in " ".join(lines)


def test_an_empty_fleet_is_drawn_too() -> None:
    assert drawn(look(wanted=0, connected=0, ready=0, workers=()))[1] == (
        "nodes     0 ready  0 connected, 0 wanted"
    )


def told(*looks: FleetFigures) -> list[MutableMapping[str, Any]]:
    with capture_logs() as lines:
        view = LineView()
        for one in looks:
            view.show(one)
    return lines


def test_without_a_terminal_every_change_of_stage_is_a_line() -> None:
    lines = told(
        connecting(0, 1_000),
        connecting(0.5, 2_000),
        look(1, is_ready=False),
        look(1.5),
        look(2),
        look(2.5, stage="stopping", is_ready=False),
    )

    assert [line["event"] for line in lines] == ["connecting", "running", "ready", "stopping"]


def test_between_them_there_is_a_line_every_ten_seconds() -> None:
    lines = told(*(connecting(half / 2, 1_000 + half * 500) for half in range(50)))

    assert [line["connected"] for line in lines] == [1_000, 11_000, 21_000]
    assert lines[1] == {
        "event": "connecting",
        "log_level": "info",
        "wanted": 50_000,
        "connected": 11_000,
        "ready": 10_600,
        "connects_per_s": 1_000,
        "remaining_s": 39,
        "failed_connects": 0,
    }


def test_a_failure_makes_a_line_a_warning() -> None:
    (line,) = told(connecting(0, 1_000, workers=(worker(0, last_failure="refused"),)))

    assert (line["log_level"], line["last_failure"]) == ("warning", "refused")
    assert line["remaining_s"] is None


def test_a_fleet_that_rests_is_told_of_once() -> None:
    assert len(told(*(look(half / 2) for half in range(100)))) == 1


def test_the_view_is_live_on_a_terminal_alone() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    elsewhere = Console(file=io.StringIO(), width=80)

    with opened_view(terminal) as live, opened_view(elsewhere) as lines:
        live.show(look())

        assert isinstance(live, LiveView)
        assert isinstance(lines, LineView)
    assert isinstance(terminal.file, io.StringIO)
    assert "1,000 connected" in terminal.file.getvalue()


def test_no_colour_is_shown_to_who_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)

    with console.capture() as capture:
        console.print(screen(look(counts=counts_of(losses=1)), History().add(look())))

    assert "\x1b[31m" not in capture.get()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (bytes_text(0), "0 B"),
        (bytes_text(1_023), "1023 B"),
        (bytes_text(8_900), "8.69 KiB"),
        (bytes_text(424 * 2**20), "424 MiB"),
        (bytes_text(20 * 2**30), "20 GiB"),
        (seconds_text(0.000_075), "75 µs"),
        (seconds_text(0.020_51), "20.5 ms"),
        (seconds_text(10.0), "10 s"),
        (span_text(59.9), "59 s"),
        (span_text(200), "3 min 20 s"),
        (span_text(7_500), "2 h 5 min"),
        (span_text(math.e), "2 s"),
    ],
)
def test_quantities_read_well(text: str, wanted: str) -> None:
    assert text == wanted
