"""What programs are told over HTTP, for real."""

import asyncio
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec import json
from prometheus_client.parser import text_string_to_metric_families

from choria_core.errors import LocalProtocolError
from choria_emulator.watch import feed
from choria_emulator.watch.history import COLUMNS
from choria_emulator.watch.metrics import FAMILIES, LATENCY
from choria_emulator.watch.metrics_reference import page
from choria_emulator.watch.outline import Outline
from choria_emulator.watch.watch import Watch
from packages.emulator.tests.watch.conftest import broker_figures, counts_of, look, worker

ROOT = Path(__file__).parents[4]
OUTLINE = Outline(name="node", agents=10, collectives=2, is_tls=True, seed=7)


def a_watch(**options: Any) -> Watch:
    return Watch(outline=OUTLINE, host="127.0.0.1", port=0, **options)


def url(watch: Watch, path: str) -> str:
    return f"http://127.0.0.1:{watch.port}{path}"


async def told(client: aiohttp.ClientSession, watch: Watch, path: str) -> tuple[int, Any]:
    async with client.get(url(watch, path)) as answer:
        return answer.status, await answer.json()


async def test_health_is_bad_until_there_is_a_look(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        status, body = await told(client, watch, "/healthz")

    assert (status, body["checks"]) == (503, {"fleet": {"ok": False, "detail": "starting"}})


async def test_health_says_how_many_are_missing_and_why(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        workers = (worker(0), worker(1, last_failure="127.0.0.1:4222 refused"))
        watch.show(look(connected=940, ready=900, is_ready=False, workers=workers))
        status, body = await told(client, watch, "/healthz")

    why = "; the last attempt to connect failed: 127.0.0.1:4222 refused"
    assert status == 503
    assert body["checks"] == {
        "connections": {"ok": False, "detail": f"940 of 1,000 nodes are connected{why}"},
        "subscriptions": {"ok": False, "detail": f"900 of 1,000 nodes are ready{why}"},
        "fleet": {"ok": False, "detail": "running: not all nodes are ready"},
    }


async def test_nodes_that_churn_has_cut_are_not_missed(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        watch.show(look(connected=997, ready=997, absent=3))
        status, body = await told(client, watch, "/healthz")

    assert status == 200
    assert "3 were cut as planned" in body["checks"]["connections"]["detail"]


async def test_health_waits_until_the_brokers_know_of_each_other(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch:
        watch.show(look(is_ready=False, stage="connecting"))
        waiting = await told(client, watch, "/healthz")
        watch.show(look())
        ready = await told(client, watch, "/healthz")
        watch.show(look(is_ready=False, stage="stopping", connected=10, ready=10))
        stopping = await told(client, watch, "/healthz")

    unknown = "connecting: the brokers do not know of each other's subscriptions yet"
    assert (waiting[0], waiting[1]["checks"]["fleet"]["detail"]) == (503, unknown)
    assert (ready[0], ready[1]["checks"]["fleet"]["detail"]) == (200, "running")
    assert (stopping[0], stopping[1]["checks"]["fleet"]["detail"]) == (503, "stopping")


async def test_the_variables_of_the_original_are_there_with_their_types(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch:
        watch.show(look())
        _, body = await told(client, watch, "/debug/vars")

    assert body["name"] == "node"
    assert isinstance(body["cmdline"], list)
    assert body["config"] == {
        "instances": 1_000,
        "agents": 10,
        "collectives": 2,
        "pid": os.getpid(),
        "TLS": 1,
        "tlsVerify": 0,
    }
    assert body["memstats"]["Sys"] > 40_000_000
    assert all(isinstance(value, int) for value in body["memstats"].values())
    assert body["fleet"]["counts"]["requests"] == 0
    assert body["process"]["pid"] == os.getpid()


async def test_the_memory_of_a_process_is_counted_once(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        watch.show(look(workers=(worker(0, pid=os.getpid(), memory_bytes=10**12),)))
        _, body = await told(client, watch, "/debug/vars")

    assert body["memstats"]["Sys"] < 10**12


async def test_the_variables_are_there_before_the_first_look(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch:
        _, body = await told(client, watch, "/debug/vars")

    assert (body["config"]["instances"], body["fleet"]) == (0, None)


async def test_every_metric_is_scraped(client: aiohttp.ClientSession) -> None:
    counts = counts_of(requests=12, replies=9, latency={0.001: 4, 10.0: 3, float("inf"): 2})
    async with a_watch() as watch:
        watch.show(look(counts=counts, brokers=(broker_figures("b"),)))
        async with client.get(url(watch, "/metrics")) as answer:
            families = {
                one.name: one for one in text_string_to_metric_families(await answer.text())
            }

    assert {family.name for family in FAMILIES} | {LATENCY.name} <= set(families)
    values = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values["choria_emulator_requests_total",] == 12
    assert values["choria_emulator_nodes_ready",] == 1_000
    assert values["choria_emulator_ready",] == 1
    assert values["choria_emulator_worker_memory_bytes", "1"] == 20_000_000
    assert values["choria_emulator_broker_subscriptions", "b"] == 14_000
    assert values["choria_emulator_broker_slow_consumers_total", "b"] == 2
    assert values[f"{LATENCY.name}_bucket", "0.001"] == 4
    assert values[f"{LATENCY.name}_bucket", "10.0"] == 7
    assert values[f"{LATENCY.name}_bucket", "+Inf"] == values[f"{LATENCY.name}_count",] == 9


async def test_without_a_look_there_are_no_metrics_of_the_fleet(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch, client.get(url(watch, "/metrics")) as answer:
        assert "choria_emulator_" not in await answer.text()


def test_the_reference_of_the_metrics_is_up_to_date() -> None:
    """`make docs ARGS=--write` renews it."""
    assert (ROOT / "docs" / "reference" / "emulator-metrics.md").read_text() == page()


async def test_the_page_lets_nothing_in_from_elsewhere(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch, client.get(url(watch, "/")) as answer:
        policy = answer.headers["Content-Security-Policy"].split("; ")
        text = await answer.text()

    wanted = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"}
    assert wanted <= set(policy)
    assert "frame-ancestors 'none'" in policy
    assert "://" not in text


async def next_event(stream: aiohttp.StreamReader) -> tuple[str, dict[str, Any]]:
    """The next event and its document."""
    name = ""
    while True:
        line = (await stream.readline()).decode().rstrip("\n")
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        if key == "data":
            return name, json.decode(value, type=dict[str, Any])


async def test_the_history_comes_first_and_then_every_look(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        watch.show(look(0))
        watch.show(look(1, connected=999))
        async with client.get(url(watch, "/events")) as answer:
            first, history = await next_event(answer.content)
            watch.show(look(2, connected=998))
            second, news = await next_event(answer.content)

    column = COLUMNS.index("connected")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert (first, second) == ("history", "news")
    assert [row[column] for row in history["moments"]] == [1_000, 999]
    assert [row[column] for row in news["moments"]] == [998]
    assert news["columns"] == list(COLUMNS)
    assert news["look"]["connected"] == 998
    assert news["fleet"]["seed"] == 7
    assert news["permits"] == {"resize": False, "storm": False}


async def test_a_page_that_is_open_before_the_first_look_is_told_of_it(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch, client.get(url(watch, "/events")) as answer:
        watch.show(look())
        name, history = await next_event(answer.content)

    assert (name, len(history["moments"])) == ("history", 1)


async def test_a_failure_is_told_in_one_short_line(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        failure = "refused\n" + "x" * 100_000
        watch.show(look(connected=1, workers=(worker(0, last_failure=failure),)))
        _, body = await told(client, watch, "/healthz")

    detail = body["checks"]["connections"]["detail"]
    assert "refused\\nxxx" in detail
    assert len(detail) < 400


async def test_secrets_in_a_failure_are_not_pushed(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        watch.show(look(workers=(worker(0, last_failure="nats://me:hunter2@host refused"),)))
        async with client.get(url(watch, "/events")) as answer:
            _, history = await next_event(answer.content)

    assert history["look"]["last_failure"] == "nats://***@host refused"


async def test_a_reader_that_lags_gets_what_it_missed_in_one_go(
    client: aiohttp.ClientSession,
) -> None:
    async with a_watch() as watch, client.get(url(watch, "/events")) as answer:
        watch.show(look(0))
        await next_event(answer.content)
        for second in range(1, 6):
            watch.show(look(second))  # the reader's turn comes only afterwards
        _, news = await next_event(answer.content)

    assert len(news["moments"]) == 5


async def test_a_reader_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_PATIENCE_SECONDS", 0.1)
    long = look(workers=tuple(worker(number) for number in range(2_000)))
    async with a_watch() as watch:
        reader, writer = await asyncio.open_connection("127.0.0.1", watch.port, limit=1_024)
        writer.write(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        watch.show(long)
        await reader.readexactly(100)
        async with asyncio.timeout(60):
            while watch._feed.readers:
                watch.show(long)
                await asyncio.sleep(0.01)
        writer.transport.abort()


async def test_streams_end_at_once_with_the_watch(client: aiohttp.ClientSession) -> None:
    async with a_watch() as watch:
        watch.show(look())
        answer = await client.get(url(watch, "/events"))
        await next_event(answer.content)

    assert await answer.content.read() == b"\n"
    with pytest.raises(LocalProtocolError):
        _ = watch.port


async def test_only_so_many_watch_at_once(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_READERS", 1)
    async with (
        a_watch() as watch,
        client.get(url(watch, "/events")),
        client.get(url(watch, "/events")) as second,
    ):
        assert second.status == 503


async def test_brokers_of_one_name_have_series_of_their_own(client: aiohttp.ClientSession) -> None:
    brokers = (broker_figures("b"), broker_figures("b"), broker_figures("c"))
    async with a_watch() as watch:
        watch.show(look(brokers=brokers))
        async with client.get(url(watch, "/metrics")) as answer:
            text = await answer.text()

    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    assert 'choria_emulator_broker_connections{broker="b (2)"}' in series
