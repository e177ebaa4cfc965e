"""Samples of a real broker's monitor."""

import asyncio
import contextlib

import pytest

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.errors import ConnectError, UsageError, WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_emulator.measure.broker_plan import BrokerPlan, Sample
from choria_emulator.measure.broker_run import sample_broker
from choria_testing.fixtures import MakeBroker


def plan_of(broker: Broker, *variables: str, **other: float) -> BrokerPlan:
    """A plan that looks at ``varz`` quickly."""
    return BrokerPlan(
        url=broker.monitor_url,
        source="varz",
        variables=variables,
        interval_seconds=0.01,
        **other,  # type: ignore[arg-type]
    )


class Takes:
    """Takes samples, and waits for them."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self._news = asyncio.Event()

    def take(self, sample: Sample) -> None:
        self.samples.append(sample)
        self._news.set()

    async def until_last_is(self, value: float | None) -> None:
        """Wait until the first figure is this; None for no answer."""
        async with asyncio.timeout(30):
            while True:
                last = self.samples[-1].values if self.samples else (-1.0,)
                if (last[0] if last else None) == value:
                    return
                self._news.clear()
                await self._news.wait()


async def test_it_looks_until_the_time_is_over(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    takes = Takes()

    sampled = await sample_broker(
        plan_of(broker, "connections", "mem", duration_seconds=0.1),
        asyncio.Event(),
        take=takes.take,
        tell=print,
    )

    assert sampled.samples == takes.samples
    assert sampled.samples[-1].seconds >= 0.1
    assert all(sample.values[0] == 0 and sample.values[1] > 0 for sample in sampled.samples)
    assert not sampled.is_stable


async def test_a_storm_ends_when_all_have_come_back(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    told: list[str] = []
    takes = Takes()
    async with await connect(parse_endpoint(broker.url), name="one") as one:
        stop = asyncio.Event()
        plan = plan_of(broker, "connections", stable_seconds=0.2)
        sampling = asyncio.create_task(sample_broker(plan, stop, take=takes.take, tell=told.append))
        await takes.until_last_is(1)
        await broker.kill()
        await takes.until_last_is(None)
        await broker.restart()
        sampled = await asyncio.wait_for(sampling, 60)
        assert one.connections == 2

    assert sampled.is_stable
    assert (sampled.base, sampled.value) == (0, 1)
    assert sum(sampled.increments) == 1
    assert sampled.gaps > 0
    assert told[0] == "connections is 1: waiting until it is less"
    assert told[-1] == f"Stable on 1 connections @ time elapsed {sampled.elapsed_seconds:.2f}"


async def test_it_can_be_stopped(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    stop, takes = asyncio.Event(), Takes()
    plan = plan_of(broker, "connections", stable_seconds=1.0)
    sampling = asyncio.create_task(sample_broker(plan, stop, take=takes.take, tell=print))
    await takes.until_last_is(0)

    stop.set()

    assert not (await asyncio.wait_for(sampling, 30)).is_stable


async def test_an_unknown_figure_is_told_with_those_there_are(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)

    with pytest.raises(UsageError, match=r"did you mean connections.*slow_consumers"):
        await sample_broker(plan_of(broker, "connection"), asyncio.Event(), take=print, tell=print)


async def test_a_monitor_that_is_not_there_is_told(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    plan = plan_of(broker, "connections")
    await broker.kill()

    with pytest.raises(ConnectError, match=r"cannot be reached.*--monitor-port"):
        await sample_broker(plan, asyncio.Event(), take=print, tell=print)


async def test_another_web_server_is_told(make_broker: MakeBroker) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    plan = BrokerPlan(
        url=f"{broker.monitor_url}/nothing",
        source="varz",
        variables=("connections",),
        interval_seconds=0.01,
    )

    with pytest.raises(WorkError, match="answers 404"):
        await sample_broker(plan, asyncio.Event(), take=print, tell=print)


async def test_a_document_that_comes_in_pieces_is_read_to_its_end(make_broker: MakeBroker) -> None:
    """That of connections with long names is larger than what arrives at once."""
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    plan = BrokerPlan(
        url=broker.monitor_url,
        source="connz",
        variables=("num_connections",),
        interval_seconds=0.01,
        duration_seconds=0.01,
    )
    async with contextlib.AsyncExitStack() as stack:
        for number in range(200):
            opened = await connect(parse_endpoint(broker.url), name=f"{number}-{'x' * 3_000}")
            await stack.enter_async_context(opened)
        sampled = await sample_broker(plan, asyncio.Event(), take=print, tell=print)

    assert {tuple(sample.values) for sample in sampled.samples} == {(200.0,)}
