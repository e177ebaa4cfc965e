"""Samples the monitor of a broker until it is enough."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from choria_core.errors import ConnectError, WorkError
from choria_emulator.measure.broker_monitor import BrokerMonitor
from choria_emulator.measure.broker_plan import BrokerPlan, Sample, Sampled
from choria_emulator.measure.monitor_figures import pick
from choria_emulator.measure.stability import Stage, StormCurve

Take = Callable[[Sample], None]
Tell = Callable[[str], None]


async def sample_broker(
    plan: BrokerPlan, stop: asyncio.Event, *, take: Take, tell: Tell
) -> Sampled:
    """Look at a broker until its figure is stable, the time is over or somebody stops it.

    Args:
        plan: what to look at.
        stop: set to end before.
        take: is given each sample at once.
        tell: is told what changes, for people.

    Raises:
        ConnectError: the monitor cannot be reached at first; later that is a gap.
        UsageError: it has no such figure.
    """
    sampled = Sampled()
    curve = None if plan.stable_seconds is None else StormCurve(plan.stable_seconds)
    begun = time.perf_counter()
    async with BrokerMonitor(plan.url, plan.source) as monitor:
        while not stop.is_set():
            sample = await _look(plan, monitor, begun, is_first=not sampled.samples)
            sampled.samples.append(sample)
            take(sample)
            if curve is not None and _is_stable(plan, curve, sample, tell):
                break
            if plan.duration_seconds is not None and sample.seconds >= plan.duration_seconds:
                break
            await _pause(plan.interval_seconds, begun, stop)
    if curve is not None:
        sampled.is_stable = curve.stage is Stage.STABLE
        sampled.base, sampled.value = curve.base, curve.value
        sampled.elapsed_seconds = curve.elapsed_seconds
        sampled.increments = curve.increments
    return sampled


async def _look(
    plan: BrokerPlan, monitor: BrokerMonitor, begun: float, *, is_first: bool
) -> Sample:
    """What the monitor says now; the first time it must answer."""
    try:
        document = await monitor.ask()
    except (ConnectError, WorkError):
        if is_first:
            raise
        return Sample(time.time(), time.perf_counter() - begun)
    seconds = time.perf_counter() - begun
    values = pick(document, plan.variables, source=monitor.source)
    return Sample(time.time(), seconds, values)


def _is_stable(plan: BrokerPlan, curve: StormCurve, sample: Sample, tell: Tell) -> bool:
    """Add to the curve, and tell when something new begins."""
    if not sample.values:
        curve.lose()
        return False
    is_new, before, name = curve.first is None, curve.stage, plan.variables[0]
    after = curve.feed(sample.seconds, sample.values[0])
    if is_new:
        tell(f"{name} is {curve.value:,.0f}: waiting until it is less")
    if after is not before:
        said = {
            Stage.FALLEN: f"{name} fell to {curve.value:,.0f}",
            Stage.RISING: f"{name} rises",
            Stage.STABLE: (
                f"Stable on {curve.value:.0f} {name} @ time elapsed {curve.elapsed_seconds:.2f}"
            ),
        }
        tell(said[after])
    return after is Stage.STABLE


async def _pause(interval: float, begun: float, stop: asyncio.Event) -> None:
    """Until the next multiple of the interval."""
    left = interval - (time.perf_counter() - begun) % interval
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(left):
            await stop.wait()
