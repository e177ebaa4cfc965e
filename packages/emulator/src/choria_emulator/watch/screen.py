"""What a terminal shows of a fleet.

While nodes connect it is a bar of progress with what matters then: how fast it goes, how
long it will take, what fails.  Afterwards it is a panel of the fleet at work.  All is drawn
from figures and the moment that they make; nothing here reads a clock.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from choria_emulator.watch.figures import Counts, FleetFigures
from choria_emulator.watch.health import last_failure
from choria_emulator.watch.history import Moment
from choria_emulator.watch.quantities import bytes_text, seconds_text, span_text

_BAR_COLUMNS: Final = 60
_STAGES: Final = {"connecting": "yellow", "running": "green", "stopping": "yellow"}
_TROUBLES: Final = (
    ("lost_replies", "replies lost"),
    ("large_replies", "replies too large"),
    ("refused", "requests refused"),
    ("expired", "requests too late"),
    ("losses", "connections lost"),
    ("failed_connects", "failed attempts to connect"),
)
_PLANNED: Final = (
    ("dropped", "left unanswered"),
    ("failed", "answered with a failure"),
    ("cuts", "connections cut"),
    ("denied", "denied"),
)


def screen(figures: FleetFigures, moment: Moment, replying: Moment | None = None) -> RenderableType:
    """The fleet at one moment.

    Args:
        figures: the last look.
        moment: what :class:`choria_emulator.watch.history.History` made of it.
        replying: the last moment in which replies were sent, of which latency is told.
    """
    if figures.connected < figures.wanted and figures.stage == "connecting":
        return Group(*_connecting(figures, moment), *_failure(figures))
    return Group(*_at_work(figures, moment, replying), *_failure(figures))


def remaining_seconds(figures: FleetFigures, moment: Moment) -> float | None:
    """How long connecting will take at the present pace; None where it stands still."""
    if moment.connects_per_s <= 0:
        return None
    return max(0, figures.wanted - figures.connected) / moment.connects_per_s


def _connecting(figures: FleetFigures, moment: Moment) -> Iterable[RenderableType]:
    remaining = remaining_seconds(figures, moment)
    share = figures.connected / max(1, figures.wanted)
    yield Text.assemble(
        (figures.name, "bold"),
        "  ",
        ("connecting", _STAGES["connecting"]),
        f"  {figures.connected:,} of {figures.wanted:,} nodes, {share:.0%}",
    )
    bar = Table.grid(expand=False)
    bar.add_column(max_width=_BAR_COLUMNS)
    bar.add_row(ProgressBar(total=max(1, figures.wanted), completed=figures.connected))
    yield bar
    details = [
        f"{moment.connects_per_s:,.0f}/s",
        "standing still" if remaining is None else f"{span_text(remaining)} left",
        f"{figures.ready:,} ready",
    ]
    if failed := figures.counts.failed_connects:
        details.append(f"failed attempts {failed:,}")
    yield Text(" · ".join(details), style="dim", overflow="fold")


def _at_work(
    figures: FleetFigures, moment: Moment, replying: Moment | None
) -> Iterable[RenderableType]:
    style = _STAGES.get(figures.stage, "") if figures.is_ready else "yellow"
    yield Text.assemble(
        (figures.name, "bold"),
        "  ",
        (_stage(figures), style),
        (f"  up {span_text(figures.uptime_seconds)}", "dim"),
    )
    table = Table.grid(padding=(0, 2))
    for label, value, detail in _rows(figures, moment, replying):
        table.add_row(Text(label, style="dim"), Text(value), Text(detail, style="dim"))
    yield table
    yield from _sums(figures.counts)


def _stage(figures: FleetFigures) -> str:
    if figures.is_ready or figures.stage == "stopping":
        return "ready" if figures.is_ready else figures.stage
    missing = figures.wanted - figures.ready
    if missing > 0:
        return f"{figures.stage}, {missing:,} not ready"
    return f"{figures.stage}, the brokers are learning of the subscriptions"


def _rows(
    figures: FleetFigures, moment: Moment, replying: Moment | None
) -> Sequence[tuple[str, str, str]]:
    counts = figures.counts
    rows = [
        (
            "nodes",
            f"{figures.ready:,} ready",
            f"{figures.connected:,} connected, {figures.wanted:,} wanted",
        ),
        ("requests", f"{moment.requests_per_s:,.0f}/s", f"{counts.requests:,} in all"),
        ("replies", f"{moment.replies_per_s:,.0f}/s", f"{counts.replies:,} in all"),
        ("latency", *_latency(replying)),
        ("emulator", bytes_text(moment.memory_bytes), _each(moment)),
    ]
    if moment.broker_memory_bytes is not None:
        connections = sum(broker.connections for broker in figures.brokers)
        noun = "broker" if len(figures.brokers) == 1 else "brokers"
        detail = f"{len(figures.brokers)} {noun}, {connections:,} connections"
        rows.append(("brokers", bytes_text(moment.broker_memory_bytes), detail))
    return rows


def _latency(replying: Moment | None) -> tuple[str, str]:
    if replying is None or replying.p50_seconds is None or replying.p99_seconds is None:
        return "none", "no reply yet"
    return f"{seconds_text(replying.p50_seconds)} p50", f"{seconds_text(replying.p99_seconds)} p99"


def _each(moment: Moment) -> str:
    return (
        f"{bytes_text(moment.memory_bytes / moment.connected)} a node" if moment.connected else ""
    )


def _sums(counts: Counts) -> Iterable[RenderableType]:
    """What went wrong, and what was to; nothing where nothing did."""
    for kinds, style in ((_TROUBLES, "red"), (_PLANNED, "dim")):
        told = [f"{text} {n:,}" for name, text in kinds if (n := getattr(counts, name))]
        if told:
            yield Text(" · ".join(told), style=style, overflow="fold")


def _failure(figures: FleetFigures) -> Iterable[RenderableType]:
    failure = last_failure(figures)
    if failure and figures.connected < figures.wanted:
        yield Text(f"last failure: {failure}", style="red", overflow="fold")
