"""What brokers tell of themselves."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_emulator.embedded import broker_figures
from choria_emulator.embedded.broker_figures import BrokerWatch, read_varz
from choria_emulator.embedded.brokers import EmbeddedBrokers
from choria_emulator.watch.figures import BrokerFigures

Figures = Sequence[BrokerFigures]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_figures, "ASK_SECONDS", 0.02)


async def until(watch: BrokerWatch, is_so: Callable[[Figures], bool]) -> Figures:
    async with asyncio.timeout(30):
        while not is_so(watch.figures()):  # noqa: ASYNC110 - it tells nobody of news
            await asyncio.sleep(0.01)
    return watch.figures()


async def test_each_broker_is_known_by_its_name_and_connections() -> None:
    async with EmbeddedBrokers(count=2) as brokers, BrokerWatch(brokers.monitor_urls) as watch:
        async with await connect(parse_endpoint(brokers.urls[1]), name="node"):
            told = await until(watch, lambda all_: [one.connections for one in all_] == [0, 1])

        assert [one.name for one in told] == ["emulator-1", "emulator-2"]
        assert tuple(one.url for one in told) == brokers.urls
        assert all(one.memory_bytes > 1 << 20 for one in told)


async def test_a_broker_that_is_gone_is_left_out_until_it_is_back() -> None:
    async with EmbeddedBrokers(count=2) as brokers, BrokerWatch(brokers.monitor_urls) as watch:
        await until(watch, lambda told: len(told) == 2)
        await brokers.kill(0)
        [left] = await until(watch, lambda told: len(told) == 1)
        await brokers.restart(0)
        await until(watch, lambda told: len(told) == 2)

    assert left.name == "emulator-2"


async def test_a_monitor_that_is_none_is_left_out() -> None:
    async with EmbeddedBrokers() as brokers:
        urls = ("http://127.0.0.1:1", *brokers.monitor_urls, "no url")
        async with BrokerWatch(urls) as watch:
            [only] = await until(watch, lambda told: len(told) == 1)

    assert only.name == "emulator-1"


def test_what_a_monitor_leaves_out_or_garbles_counts_as_nothing() -> None:
    told = read_varz({"connections": "many", "mem": True, "cpu": 3}, url="http://b:8222")

    assert told == BrokerFigures(
        name="http://b:8222",
        url="http://b:8222",
        connections=0,
        subscriptions=0,
        memory_bytes=0,
        cpu_percent=3.0,
        slow_consumers=0,
        in_messages=0,
        out_messages=0,
    )
