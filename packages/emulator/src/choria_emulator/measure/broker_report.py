"""What was seen of a broker, as a page and as JSON.  Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import json, structs

from choria_core.presentation import page
from choria_emulator.measure.broker_plan import BrokerPlan, Sample, Sampled
from choria_emulator.measure.charts import Labels, Series, line_chart
from choria_emulator.measure.figures import spread
from choria_emulator.measure.quantities import count_text, seconds_text, short_count, tick_text
from choria_emulator.measure.stability import BUCKET_SECONDS

FORMAT: Final = "choria-measure-broker-1"
MOST_POINTS: Final = 2000

HEADERS: Final = ("", "first", "last", "min", "mean", "p50", "p99", "max")


def broker_summary(plan: BrokerPlan, sampled: Sampled) -> bytes:
    """The document, for people too."""
    document = {
        "format": FORMAT,
        "description": plan.description,
        "url": plan.url,
        "source": plan.source,
        "interval_seconds": plan.interval_seconds,
        "started": sampled.samples[0].time,
        "seconds": sampled.samples[-1].seconds,
        "samples": len(sampled.samples),
        "gaps": sampled.gaps,
        "variables": {
            name: {"first": values[0], "last": values[-1], **structs.asdict(spread(values))}
            for name, values in _columns(plan, sampled).items()
        },
        "storm": _storm(plan, sampled),
    }
    return json.format(json.encode(document), indent=2) + b"\n"


def broker_page(plan: BrokerPlan, sampled: Sampled) -> str:
    """The whole report; there is at least one sample with values."""
    samples = sampled.samples
    started = datetime.fromtimestamp(samples[0].time, UTC)
    subtitle = (
        f"{plan.source} of {plan.url}, {len(samples)} samples in "
        f"{seconds_text(samples[-1].seconds)}, {started:%Y-%m-%d %H:%M:%S} UTC"
    )
    charts = [
        page.section(name, _chart(name, place, samples))
        for place, name in enumerate(plan.variables)
    ]
    return page.page(
        plan.description or "A broker over time",
        subtitle,
        [
            page.cards(_cards(plan, sampled)),
            *map(page.note, _gaps(sampled)),
            page.section(
                "Coming back",
                _increments(plan, sampled),
                said="How much came back in each 0.1 s, from the first that did.",
            ),
            *charts,
            page.section("Figures", page.grid(*figure_rows(plan, sampled))),
            page.section("Configuration", page.pairs(_configured(plan))),
        ],
    )


def _columns(plan: BrokerPlan, sampled: Sampled) -> dict[str, list[float]]:
    return {
        name: [sample.values[place] for sample in sampled.samples if sample.values]
        for place, name in enumerate(plan.variables)
    }


def _storm(plan: BrokerPlan, sampled: Sampled) -> dict[str, object] | None:
    if plan.stable_seconds is None:
        return None
    return {
        "variable": plan.variables[0],
        "is_stable": sampled.is_stable,
        "base": sampled.base,
        "value": sampled.value,
        "elapsed_seconds": sampled.elapsed_seconds,
        "bucket_seconds": BUCKET_SECONDS,
        "increments": sampled.increments,
    }


def _cards(plan: BrokerPlan, sampled: Sampled) -> list[tuple[str, str]]:
    found = [
        (short_count(values[-1]), f"{name} at the end")
        for name, values in _columns(plan, sampled).items()
    ]
    if sampled.is_stable:
        found.insert(0, (seconds_text(sampled.elapsed_seconds), "until it was stable"))
    return found


def _gaps(sampled: Sampled) -> list[str]:
    if not sampled.gaps:
        return []
    return [f"The monitor did not answer at {sampled.gaps} of {len(sampled.samples)} looks."]


def _chart(name: str, place: int, samples: Sequence[Sample]) -> str:
    step = max(1, len(samples) // MOST_POINTS)
    shown = [*samples[::step], samples[-1]]
    lines: list[list[tuple[float, float]]] = [[]]
    for sample in shown:
        if sample.values:
            lines[-1].append((sample.seconds, sample.values[place]))
        elif lines[-1]:  # a gap parts the line
            lines.append([])
    series = [Series("", points, place) for points in lines if points]
    labels = Labels(f"{name} over time", "time", name, write_x=tick_text)
    return line_chart(series, labels)


def _increments(plan: BrokerPlan, sampled: Sampled) -> str:
    if plan.stable_seconds is None or len(sampled.increments) < 2:
        return ""
    points = [(number * BUCKET_SECONDS, value) for number, value in enumerate(sampled.increments)]
    labels = Labels("Increments", "time", plan.variables[0], write_x=tick_text)
    return line_chart([Series("", points)], labels)


def figure_rows(plan: BrokerPlan, sampled: Sampled) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Headers and rows of a table: how each figure was spread."""
    rows = []
    for name, values in _columns(plan, sampled).items():
        one = spread(values)
        figures = (values[0], values[-1], one.min, one.mean, one.p50, one.p99, one.max)
        rows.append((name, *map(count_text, figures)))
    return HEADERS, rows


def _configured(plan: BrokerPlan) -> dict[str, str]:
    return {
        "monitor": plan.url,
        "source": plan.source,
        "variables": ", ".join(plan.variables),
        "interval": seconds_text(plan.interval_seconds),
    }
