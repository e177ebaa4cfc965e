"""What the options of a fleet's behaviour take, and what they say of anything else."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import UsageError
from choria_emulator.fleet.plan import Latency
from choria_emulator.fleet.shares import (
    parse_churn,
    parse_latency,
    parse_rate,
    parse_share,
    parse_slow,
    show_latency,
    show_share,
)

PARSERS: list[Callable[[str], object]] = [
    parse_share,
    parse_churn,
    parse_latency,
    parse_slow,
    parse_rate,
]


@pytest.mark.parametrize(
    ("text", "share"),
    [("1%", 0.01), ("0.5%", 0.005), ("0.01", 0.01), (" 12 % ", 0.12), ("100%", 1.0), ("1", 1.0),
     ("0", 0.0), (".5%", 0.005)],
)  # fmt: skip
def test_a_share_is_per_cent_or_a_part_of_one(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "a_minute"),
    [("1%/m", 0.01), ("1%/s", 0.6), ("6%/h", 0.001), ("0.01/m", 0.01), ("0", 0.0), ("0%", 0.0)],
)
def test_churn_is_a_share_in_a_time(text: str, a_minute: float) -> None:
    assert parse_churn(text) == pytest.approx(a_minute)


@pytest.mark.parametrize(
    ("text", "latency"),
    [
        ("20ms", Latency(0.02)),
        ("20ms±10ms", Latency(0.02, 0.01)),
        ("20ms+-10ms", Latency(0.02, 0.01)),
        ("1s +/- 250ms", Latency(1.0, 0.25)),
        ("0s", Latency(0.0)),
    ],
)
def test_a_latency_is_a_duration_and_how_far_it_varies(text: str, latency: Latency) -> None:
    assert parse_latency(text) == latency


def test_slow_nodes_are_late_by_a_second_unless_it_is_said() -> None:
    assert parse_slow("1%") == (0.01, 1.0)
    assert parse_slow("1%:5s") == (0.01, 5.0)
    assert parse_slow("0.5%: 250ms") == (0.005, 0.25)


def test_a_rate_is_a_number_in_a_time() -> None:
    assert parse_rate("500/s") == 500.0
    assert parse_rate("3000/m") == pytest.approx(50.0)
    assert parse_rate("3600/h") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (parse_share, "5", ['"5" is more than all', "5% perhaps?"]),
        (parse_share, "101%", ["more than all", "at most 100%"]),
        (parse_share, "-1%", ['"-1%" is no share', "like 1%"]),
        (parse_share, "one", ['"one" is no share', "0.01"]),
        (parse_churn, "1%", ['"1%" is no churn', "like 1%/m"]),
        (parse_churn, "1%/day", ["the times are s, m and h"]),
        (parse_churn, "2%/s", ["more than all nodes within a minute", "100%/m"]),
        (parse_latency, "20", ['"20" is no latency', "20s"]),
        (parse_latency, "20ms±", ["is no latency", "like 20ms±10ms"]),
        (parse_latency, "20ms±1ms±1ms", ["varies twice"]),
        (parse_latency, "20ms±30ms", ["less than nothing", "20ms at most"]),
        (parse_latency, "-20ms", ["less than no time"]),
        (parse_slow, "1%:", ["is no slowness", "like 1%:5s"]),
        (parse_slow, "5s", ["is no share", "like 1%"]),
        (parse_rate, "700", ['"700" is no rate', "like 700/s"]),
        (parse_rate, "0/s", ["never comes to an end"]),
        (parse_rate, "x/s", ['"x/s" is no rate', "500/s"]),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(
    parse: Callable[[str], object], text: str, words: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert all(word in str(caught.value) for word in words), str(caught.value)


@given(st.sampled_from(PARSERS), st.text(max_size=80) | st.from_regex(r"[0-9.%±:/smh+-]{1,12}"))
def test_any_text_is_taken_or_refused_in_one_printable_line(
    parse: Callable[[str], object], text: str
) -> None:
    assert _told(parse, text).isprintable()


@given(st.integers(0, 10**6))
def test_a_share_that_is_shown_is_read_back(millionths: int) -> None:
    share = millionths / 10**6

    assert parse_share(show_share(share)) == pytest.approx(share)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_latency_that_is_shown_is_read_back(mean_us: int, spread_us: int) -> None:
    latency = Latency(mean_us / 1e6, min(mean_us, spread_us) / 1e6)

    read = parse_latency(show_latency(latency))

    assert read.mean_seconds == pytest.approx(latency.mean_seconds)
    assert read.spread_seconds == pytest.approx(latency.spread_seconds)


def _told(parse: Callable[[str], object], text: str) -> str:
    """What is said of a text; nothing where it is taken."""
    try:
        parse(text)
    except UsageError as error:
        return str(error)
    return ""
