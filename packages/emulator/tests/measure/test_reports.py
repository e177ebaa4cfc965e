"""Pages that stand alone."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from choria_emulator.measure.axes import axis, tick_step
from choria_emulator.measure.broker_plan import BrokerPlan, Sample, Sampled
from choria_emulator.measure.broker_report import broker_page
from choria_emulator.measure.charts import Labels, Series, bar_chart, heat_map, line_chart
from choria_emulator.measure.comparison import compare
from choria_emulator.measure.quantities import seconds_text
from choria_emulator.measure.suite_report import suite_page
from choria_emulator.measure.summary import SlowNode, Summary, summarize
from choria_emulator.measure.thresholds import Verdict
from packages.emulator.tests.measure.conftest import MakeResult

NASTY = "</title><script>alert(1)</script> & \"'"
ELSEWHERE = re.compile(r"(?:src|href)\s*=|url\(|@import|<script|<link|https?://(?!localhost)")

finite = st.floats(-1e9, 1e9).map(lambda value: round(value, 6))


def summary_of(make_result: MakeResult, count: int) -> tuple[str, Summary]:
    """The page of so many requests, with all that a page can have."""
    results = [
        make_result([1_000_000 * number, 2_000_000, 9_000_000], number=number, missing=(NASTY,))
        for number in range(1, count + 1)
    ]
    summary = summarize(
        results,
        suite_seconds=1.0,
        description=NASTY,
        suite_id="x",
        started=1.0,
        finished=2.0,
        configuration={
            "expected_nodes": 3,
            "agent": "emulated0",
            "action": "generate",
            "mode": "broadcast",
            "config": NASTY,
        },
        versions={"python": "3"},
        slowest=(SlowNode(NASTY, 1.0, 2.0, 3),),
        notes=(NASTY,),
        thresholds=(Verdict("p99<2s", 1.0, "1s", True), Verdict("ok<1", 3.0, "3", False)),
        comparison=compare({"p50": 1.0, "ok": 0.0}, {"p50": 2.0, "ok": 1.0}),
        compared_with=NASTY,
    )
    return suite_page(summary, results), summary


def pictures(page: str) -> list[ET.Element]:
    """The charts of a page, each well-formed XML."""
    return [
        ET.fromstring(one) for one in re.findall(r'<svg class="chart".*?</svg>', page, re.DOTALL)
    ]


def test_the_page_of_a_suite_needs_nothing_from_elsewhere(make_result: MakeResult) -> None:
    page, _ = summary_of(make_result, 4)

    assert not ELSEWHERE.search(page)
    assert len(pictures(page)) == 4
    assert "prefers-color-scheme: dark" in page
    assert page.count('class="number good"') == page.count('class="number bad"') == 1


def test_texts_of_strangers_are_texts(make_result: MakeResult) -> None:
    page, _ = summary_of(make_result, 1)

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_thousand_requests_make_a_page_of_a_size_that_opens(make_result: MakeResult) -> None:
    page, _ = summary_of(make_result, 1000)

    assert len(page) < 1_000_000


def test_a_request_that_nobody_answered_has_a_page_too(make_result: MakeResult) -> None:
    result = make_result([], missing=("n1",))
    summary = summarize(
        [result],
        suite_seconds=1.0,
        description="nobody",
        suite_id="x",
        started=1.0,
        finished=2.0,
        configuration={"expected_nodes": 1, "agent": "a", "action": "b", "mode": "c"},
        versions={},
    )

    assert "n1" in suite_page(summary, [result])


def test_the_page_of_a_broker_shows_gaps_and_what_came_back() -> None:
    plan = BrokerPlan(
        url="http://localhost:8222",
        source="varz",
        variables=("connections", "mem"),
        interval_seconds=0.1,
        stable_seconds=1.0,
        description=NASTY,
    )
    samples = [Sample(0, 0, (9, 1e9)), Sample(1, 1), Sample(2, 2, (0, 1e9)), Sample(3, 3, (9, 2e9))]
    sampled = Sampled(samples, increments=[4.0, 5.0], elapsed_seconds=0.1, is_stable=True)

    page = broker_page(plan, sampled)

    assert not ELSEWHERE.search(page)
    assert "The monitor did not answer at 1 of 4 looks." in page
    assert len(pictures(page)) == 3


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=30))
def test_lines_stay_inside_of_their_chart(points: list[tuple[float, float]]) -> None:
    [picture] = pictures(line_chart([Series("a", sorted(points))], Labels("t", "x", "y")))

    *_, wide, high = map(float, picture.attrib["viewBox"].split())
    [line] = picture.findall("polyline")
    for pair in line.attrib["points"].split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= wide
        assert 0 <= y <= high


@given(st.floats(1e-6, 1e12), st.integers(1, 20))
def test_steps_are_as_few_as_wanted(width: float, wanted: int) -> None:
    step = tick_step(width, wanted)

    assert width / step <= wanted * (1 + 1e-6)
    assert width / step >= wanted / 2.6


@given(st.lists(finite, max_size=20))
def test_an_axis_has_room_for_every_value(values: list[float]) -> None:
    for from_zero in (True, False):
        made = axis(values, 0.0, 100.0, from_zero=from_zero)

        assert all(-0.01 <= made.at(value) <= 100.01 for value in values)
        assert len(made.ticks()) <= 10


def test_empty_charts_are_charts() -> None:
    labels = Labels("t", "x", "y")
    for chart in (line_chart([], labels), bar_chart([], "t"), heat_map([], 1.0, labels)):
        assert len(pictures(chart)) == 1


def test_a_long_run_shows_some_of_its_requests_and_says_so(make_result: MakeResult) -> None:
    few, _ = summary_of(make_result, 3)
    many, _ = summary_of(make_result, 300)

    assert "one line for each request," in few
    assert "One row for each request," in few
    assert "one line for one request in 8," in many
    assert "One row for one request in 3," in many


def test_what_is_rounded_to_a_second_is_written_as_one() -> None:
    assert [seconds_text(one) for one in (0.999, 0.99949, 0.9996, 0.0009996)] == [
        "999ms",
        "999ms",
        "1.00s",
        "1.00ms",
    ]
