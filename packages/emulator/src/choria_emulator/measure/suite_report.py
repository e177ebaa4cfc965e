"""The report of a suite, as a page.  Pure."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from choria_core.presentation import page
from choria_emulator.measure.axes import tick_step
from choria_emulator.measure.charts import Labels, Series, bar_chart, heat_map, line_chart
from choria_emulator.measure.comparison import outstanding
from choria_emulator.measure.console_lines import comparison_row
from choria_emulator.measure.figures import Spread
from choria_emulator.measure.metrics import KINDS, REPLIES, moments_of
from choria_emulator.measure.quantities import count_text, seconds_text, tick_text, written
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.summary import NodeCount, Summary

MOST_CURVES: Final = 40
CURVE_POINTS: Final = 200
COLUMNS: Final = 100
MOST_ROWS: Final = 100
MOST_NODES: Final = 50


def suite_page(summary: Summary, results: Sequence[RequestResult]) -> str:
    """The whole report of a run with at least one request."""
    started = datetime.fromtimestamp(summary.started, UTC)
    configuration = summary.configuration
    subtitle = (
        f"{count_text(configuration['expected_nodes'])} nodes, {len(results)} requests of "
        f"{configuration['agent']}#{configuration['action']}, {configuration['mode']}, "
        f"{started:%Y-%m-%d %H:%M:%S} UTC"
    )
    return page.page(
        summary.description,
        subtitle,
        [
            page.cards(_cards(summary)),
            *map(page.note, summary.notes),
            page.section("Thresholds", _verdicts(summary)),
            page.section("Compared", _comparison(summary), said=_compared_with(summary)),
            page.section("Times", page.grid(_TIMES, _times(summary))),
            page.section(
                "Replies of each request",
                _moments(results),
                said="From the publication to the first reply, to half of them, and so on.",
            ),
            page.section(
                "Replies over time",
                _curves(results),
                said=f"How many nodes had answered; one line for {_which(_curves_step(results))}, "
                "the median request stands out.",
            ),
            page.section(
                "When replies came",
                _heat(results),
                said=f"One row for {_which(_heat_step(results))}, darker where more replies came.",
            ),
            page.section(
                "Slowest nodes", _slowest(summary), said="By their average over all requests."
            ),
            page.section("Nodes that did not answer in time", _names(summary.missing)),
            page.section("Nodes that answered late", _names(summary.late)),
            page.section("Nodes that answered more than once", _names(summary.duplicates)),
            page.section("Requests", page.grid(_REQUESTS, _requests(summary))),
            page.section("Configuration", page.pairs(_configured(summary))),
        ],
    )


_TIMES: Final = ("", "min", "mean", "p50", "p90", "p95", "p99", "p100")
_REQUESTS: Final = (
    "request",
    "duration",
    "ok",
    "failed",
    "missing",
    "late",
    "first reply",
    "half",
    "99%",
    "replies/s",
    "client busy",
)


def _cards(summary: Summary) -> list[tuple[str, str]]:
    metrics = summary.metrics
    names = {
        "p50": "median request",
        "p99": "99% of requests within",
        "rate": "replies",
        "missing": "replies missing",
        "failed": "replies failed",
        "client": "client busy",
    }
    return [(written(metrics[name], KINDS[name]), said) for name, said in names.items()]


def _verdicts(summary: Summary) -> str:
    return page.verdicts((one.threshold, one.measured, one.is_kept) for one in summary.thresholds)


def _comparison(summary: Summary) -> str:
    rows = [comparison_row(one) for one in outstanding(summary.comparison)]
    return page.grid(("", "old", "new", "new/old"), rows) if rows else ""


def _compared_with(summary: Summary) -> str:
    return f"Old is {summary.compared_with}, new this run; names as in --threshold."


def _times(summary: Summary) -> list[tuple[str, ...]]:
    rows = [_spread("request", summary.request_seconds)]
    return rows + [_spread(said, summary.reply_seconds[name]) for name, said in REPLIES.items()]


def _spread(name: str, one: Spread) -> tuple[str, ...]:
    values = (one.min, one.mean, one.p50, one.p90, one.p95, one.p99, one.p100)
    return (name, *map(seconds_text, values))


def _moments(results: Sequence[RequestResult]) -> str:
    moments = [(result.number, moments_of(result)) for result in results if result.times_ns]
    if not moments:
        return ""
    series = [
        Series(said, [(number, found[name]) for number, found in moments], colour)
        for colour, (name, said) in enumerate(REPLIES.items())
    ]
    labels = Labels("Times of replies over requests", "request", "time", write_y=tick_text)
    return line_chart(series, labels, has_dots=len(moments) <= 50)


def _curves_step(results: Sequence[RequestResult]) -> int:
    return _step(results, MOST_CURVES)


def _heat_step(results: Sequence[RequestResult]) -> int:
    return _step(results, MOST_ROWS)


def _step(results: Sequence[RequestResult], most: int) -> int:
    """Of the answered requests one in so many is shown, so that they are no more than ``most``."""
    return max(1, -(-sum(bool(result.times_ns) for result in results) // most))


def _which(step: int) -> str:
    return "each request" if step == 1 else f"one request in {step}"


def _curves(results: Sequence[RequestResult]) -> str:
    answered = [result for result in results if result.times_ns]
    if not answered:
        return ""
    step = _curves_step(results)
    by_time = sorted(answered, key=lambda result: result.request_ns)
    median = by_time[(len(by_time) - 1) // 2]
    series = [Series("", _cumulated(one), 0, is_faint=True) for one in answered[::step]]
    series.append(Series("", _cumulated(median), 0))
    labels = Labels("Replies over time", "time", "replies", write_x=tick_text)
    return line_chart(series, labels)


def _cumulated(result: RequestResult) -> list[tuple[float, float]]:
    """Time and replies so far, at no more moments than can be seen."""
    ordered = sorted(result.times_ns)
    step = max(1, len(ordered) // CURVE_POINTS)
    shown = [*range(step - 1, len(ordered), step), len(ordered) - 1]
    return [(0.0, 0.0), *((ordered[place] / 1e9, place + 1.0) for place in shown)]


def _heat(results: Sequence[RequestResult]) -> str:
    answered = [result for result in results if result.times_ns]
    step = _heat_step(results)
    longest = max((max(result.times_ns) for result in answered), default=0) / 1e9
    if not longest:
        return ""
    width = tick_step(longest, COLUMNS)
    rows = [(result.number, _binned(result, width)) for result in answered[::step]]
    labels = Labels("When replies came", "time", "request", write_x=tick_text)
    return heat_map(rows, width, labels)


def _binned(result: RequestResult, width: float) -> list[float]:
    """How many replies came in each so many seconds."""
    counts = Counter(int(time_ns / 1e9 / width) for time_ns in result.times_ns)
    return [float(counts[place]) for place in range(max(counts) + 1)]


def _slowest(summary: Summary) -> str:
    rows = [
        (
            node.node,
            node.mean_seconds,
            f"{seconds_text(node.mean_seconds)}, worst {seconds_text(node.worst_seconds)}",
        )
        for node in summary.slowest
    ]
    return bar_chart(rows, "Slowest nodes") if rows else ""


def _names(nodes: Sequence[NodeCount]) -> str:
    if not nodes:
        return ""
    rows = [(one.node, count_text(one.requests)) for one in nodes[:MOST_NODES]]
    left = len(nodes) - len(rows)
    more = f'<p class="soft">and {count_text(left)} more</p>' if left else ""
    return page.grid(("node", "requests"), rows) + more


def _requests(summary: Summary) -> list[tuple[str, ...]]:
    return [
        (
            str(one.test),
            seconds_text(one.request_seconds),
            count_text(one.ok),
            count_text(one.failed),
            count_text(one.missing),
            count_text(one.late),
            seconds_text(one.replies["first"]),
            seconds_text(one.replies["reply50"]),
            seconds_text(one.replies["reply99"]),
            count_text(round(one.replies_per_second)),
            f"{one.client_share:.0%}" + (" (bottleneck)" if one.client_bound else ""),
        )
        for one in summary.requests
    ]


def _configured(summary: Summary) -> dict[str, str]:
    shown = {name.replace("_", " "): str(value) for name, value in summary.configuration.items()}
    return {"suite": summary.suite_id, **shown, **summary.versions}
