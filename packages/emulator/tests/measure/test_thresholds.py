"""What must hold of a run."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import UsageError
from choria_emulator.measure.metrics import KINDS, Kind, metrics_of
from choria_emulator.measure.thresholds import COMPARISONS, Threshold, judge, parse_threshold
from packages.emulator.tests.measure.conftest import MakeResult

blanks = st.sampled_from(["", " ", "  "])
comparisons = st.sampled_from(sorted(COMPARISONS))
counted = st.sampled_from([name for name, kind in KINDS.items() if kind is Kind.COUNT])
timed = st.sampled_from([name for name, kind in KINDS.items() if kind is Kind.SECONDS])
numbers = st.integers(0, 10**9)


@given(counted, comparisons, numbers, blanks, blanks)
def test_counts_are_compared_with_numbers(
    name: str, comparison: str, bound: int, before: str, behind: str
) -> None:
    found = parse_threshold(f"{before}{name}{behind}{comparison}{before}{bound}{behind}")

    assert (found.name, found.comparison, found.bound) == (name, comparison, float(bound))


@given(timed, comparisons, st.integers(0, 10**6))
def test_times_are_compared_with_durations(name: str, comparison: str, milliseconds: int) -> None:
    found = parse_threshold(f"{name}{comparison}{milliseconds}ms")

    assert found.bound == pytest.approx(milliseconds / 1000)


@given(numbers, numbers)
def test_a_bound_or_its_contrary_is_kept(value: int, bound: int) -> None:
    def is_kept(comparison: str) -> bool:
        return judge(parse_threshold(f"missing{comparison}{bound}"), {"missing": value}).is_kept

    assert is_kept("<") is not is_kept(">=")
    assert is_kept(">") is not is_kept("<=")
    assert is_kept("==") is not is_kept("!=")
    assert is_kept("==") is (value == bound)


@given(st.text(max_size=30))
def test_no_text_ends_in_another_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_threshold(text).name in KINDS


@given(st.text(min_size=1, max_size=30))
def test_errors_can_be_printed_whatever_was_written(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_threshold(f"missing=={text}x")

    assert str(caught.value).isprintable()


def test_rates_and_shares_have_units_of_their_own() -> None:
    assert parse_threshold("rate>=10000/s").bound == 10_000
    assert parse_threshold("rate >= 0.5").bound == 0.5
    assert parse_threshold("client<90%") == Threshold("client<90%", "client", "<", 0.9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99", "write a figure, one of <=, >=, ==, !=, <, > and a bound, as p99<2s"),
        ("p98<2s", "there is no figure 'p98', did you mean p99"),
        ("speed<2s", "min, mean, p50, p90, p95, p99, p100, max"),
        ("speed<2s", "first., reply50., reply95., reply99., last."),
        ("p99<2", "has no unit after 2: write for example 2s"),
        ("p99<-1s", "no time is less than 0"),
        ("missing==none", "'none' is no bound for it; write a number, as 0"),
        ("missing==5%", "write a number"),
        ("rate>fast", "as 10000/s"),
    ],
)
def test_what_is_no_threshold_is_explained(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_threshold(text)

    assert said in str(caught.value)


def test_every_figure_that_can_be_named_is_measured() -> None:
    assert metrics_of([], suite_seconds=0.0).keys() == KINDS.keys()


@pytest.mark.parametrize("text", ["last.p99<2s", "first.max>=0s", "cpu<1ms"])
def test_a_figure_of_replies_is_not_kept_where_there_was_none(
    text: str, make_result: MakeResult
) -> None:
    silent = make_result(missing=("a", "b", "c"))

    verdict = judge(parse_threshold(text), metrics_of([silent], suite_seconds=1.0))

    assert not verdict.is_kept
    assert verdict.measured == "nothing, without replies"
    assert judge(parse_threshold("missing==3"), metrics_of([silent], suite_seconds=1.0)).is_kept
