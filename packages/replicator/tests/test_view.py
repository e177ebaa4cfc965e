"""What an operator sees, at the widths that terminals have."""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
import structlog
from rich.console import Console

from choria_core.nats.endpoint_url import parse_endpoint
from choria_replicator.entry import Entry, entries_of
from choria_replicator.settings.model import Pool, StreamSettings
from choria_replicator.view import LiveView, Teller, short_count, short_span, shortened

LONG = "node-metadata-of-the-first-datacenter-europe-{}"
HEADINGS = ["entry", "state", "msgs/s", "copied", "skipped", "lag", "behind", "errors"]


def settings(worker: str, **changes: Any) -> StreamSettings:
    basis = StreamSettings(
        entry=worker,
        dialect="streams",
        site="central",
        worker=worker,
        source=parse_endpoint("nats://source:4222"),
        target=parse_endpoint("nats://target:4222"),
        source_stream="NODES",
    )
    return replace(basis, **changes)


def busy(*names: str) -> tuple[Entry, ...]:
    """Entries with numbers as long as they get."""
    entries = entries_of([settings(name) for name in names])
    for entry in entries:
        stats = entry.stats[0]
        stats.state = "resyncing"
        stats.copied_messages, stats.skipped_messages = 9_999_999, 123_456_789_012
        stats.lag_messages, stats.lag_seconds = 1_234_567, 3_599.0
        stats.resyncs = 12_345
    return entries


def drawn(entries: tuple[Entry, ...], width: int) -> list[str]:
    console = Console(width=width, color_system=None, force_terminal=True)
    with console.capture() as capture:
        console.print(LiveView(entries))
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_every_number_is_whole_whatever_the_width(width: int) -> None:
    lines = drawn(busy(LONG.format("west"), LONG.format("east"), "short"), width)

    assert max(map(len, lines)) <= width
    assert lines[0].split() == HEADINGS
    for line in lines[1:4]:
        assert line.split()[1:] == [
            "resyncing", "0", "9,999,999", "123.5", "G", "1,234,567", "60.0", "min", "12,345",
        ]  # fmt: skip


def test_names_give_way_in_their_middle_and_stay_apart() -> None:
    names = [LONG.format(end) for end in ("west", "east")]

    narrow, wide = drawn(busy(*names), 80), drawn(busy(*names), 120)

    assert [line.split()[0] for line in wide[1:3]] == names
    cut = [line.split()[0] for line in narrow[1:3]]
    assert cut == [shortened(name, len(cut[0])) for name in names]
    assert len(set(cut)) == 2
    assert len(cut[0]) >= 12


def test_what_keeps_an_entry_from_copying_stands_below_in_full() -> None:
    entries = entries_of([settings(LONG.format("west"), pool=Pool(2, "grp")), settings("well")])
    entries[1].stats[0].state = "copying"
    entries[0].stats[
        1
    ].target_down = "no connection to the target nats://target.example.net:4222: Connection refused"

    lines = drawn(entries, 80)

    assert lines[1].split()[1] == "starting"
    assert lines[2].split()[1] == "copying"
    told = " ".join(lines[3:])
    assert told == f"{LONG.format('west')}: {entries[0].stats[1].target_down}"


def test_entries_of_one_name_are_told_apart_by_their_streams() -> None:
    streams = [settings("central"), settings("central", source_stream="ORDERS"), settings("own")]

    entries = entries_of(streams)

    assert [entry.name for entry in entries] == ["central NODES", "central ORDERS", "own"]
    assert [entry.stats[0].worker for entry in entries] == ["central", "central", "own"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_999_999, "9,999,999"),
        (10_000_000, "10.0 M"),
        (999_960_000, "1000.0 M"),
        (1_500_000_000, "1.5 G"),
        (2 * 10**12, "2.0 T"),
    ],
)
def test_counts_are_short(number: int, text: str) -> None:
    assert short_count(number) == text
    assert len(text) <= 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (90, "1.5 min"),
        (5400, "1.5 h"),
        (172_800, "2.0 d"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    assert short_span(seconds) == text
    assert len(text) <= 8


def told(teller: Teller, entries: Sequence[Entry]) -> list[MutableMapping[str, Any]]:
    with structlog.testing.capture_logs() as lines:
        for entry in entries:
            teller.tell(entry)
    return lines


def test_a_plain_line_says_how_an_entry_fares_and_why() -> None:
    entries = entries_of([settings("nodes")])
    stats = entries[0].stats[0]
    stats.source_down = "no connection to the source nats://source:4222: Connection refused"
    stats.lag_messages, stats.lag_seconds = 7, 12.34

    [line] = told(Teller(entries), entries)

    assert line["log_level"] == "warning"
    assert (line["entry"], line["state"], line["cause"]) == ("nodes", "starting", stats.source_down)
    assert (line["lag_messages"], line["lag_s"]) == (7, 12.3)


def test_an_entry_at_rest_is_told_of_once_until_there_is_news() -> None:
    entries = entries_of([settings("nodes")])
    stats = entries[0].stats[0]
    teller = Teller(entries)

    stats.state = "idle"
    first, again = told(teller, entries), told(teller, entries)
    stats.copied_messages = 1
    news = told(teller, entries)
    stats.state = "copying"
    at_work = [*told(teller, entries), *told(teller, entries)]
    stats.state = "failed"
    ended = told(teller, entries)

    assert [len(lines) for lines in (first, again, news, at_work, ended)] == [1, 0, 1, 2, 0]
    assert "cause" not in first[0]
