"""Reports as a real browser shows them."""

from pathlib import Path

import pytest
from msgspec import structs

from choria_emulator.measure.broker_plan import BrokerPlan, Sample, Sampled
from choria_emulator.measure.broker_report import broker_page
from choria_emulator.measure.comparison import compare
from choria_emulator.measure.suite_report import suite_page
from choria_emulator.measure.summary import SlowNode, summarize
from choria_emulator.measure.thresholds import Verdict
from choria_testing.browser import Browser
from packages.emulator.tests.measure.conftest import MakeResult

CUT_OFF = """
return [...document.querySelectorAll('svg.chart')].flatMap(chart => {
  const box = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('text')].filter(text => {
    const own = text.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1
      || own.top < box.top - 1 || own.bottom > box.bottom + 1;
  }).map(text => text.textContent);
});
"""
OVERLAPPING = """
const crossed = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
  && a.top < b.bottom - 1 && b.top < a.bottom - 1;
return [...document.querySelectorAll('svg.chart')].flatMap(chart => {
  const texts = [...chart.querySelectorAll('text')].map(one => [
    one.textContent, one.getBoundingClientRect()]);
  return texts.flatMap(([name, box], at) => texts.slice(at + 1)
    .filter(([, other]) => crossed(box, other)).map(([other]) => [name, other]));
});
"""
WIDER = "return document.documentElement.scrollWidth - window.innerWidth"
PAPER = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def suite_file(tmp_path: Path, make_result: MakeResult) -> Path:
    """The report of a suite of 50,000 slow nodes with long names."""
    name = "a-node-with-a-long-name.of-a-far-away-department.example.net"
    results = [
        make_result(
            [second * 100_000_000 + number for second in range(1, 180)],
            number=number,
            discovered=50_000,
            missing=(name,),
            request_ns=18_000_000_000,
        )
        for number in range(1, 31)
    ]
    summary = summarize(
        results,
        suite_seconds=99.0,
        description="All nodes of the far-away department, asked at night",
        suite_id="x",
        started=1_800_000_000.0,
        finished=1_800_000_100.0,
        configuration={
            "expected_nodes": 50_000,
            "agent": "emulated0",
            "action": "generate",
            "mode": "broadcast",
        },
        versions={"python": "3"},
        slowest=tuple(SlowNode(f"{number}.{name}", 17.5, 18.25, 30) for number in range(15)),
        notes=("the client itself was the bottleneck",),
    )
    metrics = summary.metrics
    whole = structs.replace(
        summary,
        thresholds=(Verdict("p99<2s", 18.0, "18.0s", False),),
        comparison=compare(metrics, metrics),
    )
    return written(tmp_path, suite_page(whole, results))


@pytest.fixture
def broker_file(tmp_path: Path) -> Path:
    """The report of a storm of 50,000 connections."""
    plan = BrokerPlan(
        url="http://localhost:8222",
        source="varz",
        variables=("connections", "mem"),
        interval_seconds=0.1,
        stable_seconds=1.0,
    )
    samples = [
        Sample(number, number / 10, () if 20 < number < 40 else (number * 1e3, 1e9 + number * 1e6))
        for number in range(60)
    ]
    increments = [float(number * 100) for number in range(30)]
    return written(tmp_path, broker_page(plan, Sampled(samples, increments=increments)))


def written(folder: Path, page: str) -> Path:
    """The file of a page."""
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", ["suite_file", "broker_file"])
async def test_a_report_is_whole_in_every_window_and_asks_for_nothing(
    browser: Browser, request: pytest.FixtureRequest, kind: str
) -> None:
    file: Path = request.getfixturevalue(kind)
    await browser.open(file.as_uri())

    assert await browser.complaints() == []
    assert {url for url in await browser.requests() if url != "about:blank"} == {file.as_uri()}
    assert await browser.run(CUT_OFF) == []
    assert await browser.run(OVERLAPPING) == []
    for width in (1280, 700, 380):
        await browser.resize(width, 900)
        assert await browser.run(WIDER) <= 0


async def test_a_report_is_dark_where_people_want_it_so(browser: Browser, suite_file: Path) -> None:
    await browser.open(suite_file.as_uri())
    light = await browser.run(PAPER)
    await browser.prefer("dark")

    assert light == "rgb(255, 255, 255)"
    assert await browser.run(PAPER) == "rgb(18, 22, 28)"
