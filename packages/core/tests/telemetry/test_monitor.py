"""The monitor over real HTTP."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from choria_core.errors import ConfigError, LocalProtocolError
from choria_core.telemetry.metrics import new_registry
from choria_core.telemetry.monitor import Check, Health, Monitor
from choria_core.telemetry.process_figures import process_figures, rss_bytes, rss_peak_bytes


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def _monitor(**options: object) -> Monitor:
    return Monitor(CollectorRegistry(), port=0, host="127.0.0.1", **options)  # type: ignore[arg-type]  # any keyword


async def test_metrics_are_served_as_prometheus_wants_them(client: aiohttp.ClientSession) -> None:
    registry = new_registry()
    Gauge("waiting", "Waiting", ("s",), registry=registry).labels(s="é").set(3)

    async with (
        Monitor(registry, port=0, host="127.0.0.1") as monitor,
        client.get(f"http://127.0.0.1:{monitor.port}/metrics") as answer,
    ):
        text = await answer.text()

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert '# TYPE waiting gauge\nwaiting{s="é"} 3.0\n' in text


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ((), 200),
        ((Check("source", is_ok=True), Check("target", is_ok=True, detail="R3")), 200),
        ((Check("source", is_ok=True), Check("target", is_ok=False, detail="nats://u:p@h")), 503),
    ],
)
async def test_health_is_told_by_status_and_check(
    client: aiohttp.ClientSession, checks: tuple[Check, ...], status: int
) -> None:
    async with (
        _monitor(health=lambda: Health(checks)) as monitor,
        client.get(f"http://127.0.0.1:{monitor.port}/healthz") as answer,
    ):
        body = await answer.json()

    assert answer.status == status
    assert body["ok"] is (status == 200)
    assert list(body["checks"]) == [check.name for check in checks]
    assert "u:p" not in str(body)


async def test_health_is_asked_anew_at_every_request(client: aiohttp.ClientSession) -> None:
    states = [True, False, True]

    def health() -> Health:
        return Health((Check("source", is_ok=states.pop(0)),))

    async with _monitor(health=health) as monitor:
        statuses = []
        while states:
            async with client.get(f"http://127.0.0.1:{monitor.port}/healthz") as answer:
                statuses.append(answer.status)

    assert statuses == [200, 503, 200]


async def test_variables_show_the_process_and_the_programs_own_without_secrets(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["choria", "--source", "nats://u:hunter2@h"])

    def variables() -> Mapping[str, object]:
        return {"streams": {"NODES": {"sequence": 7}}, "token": "hunter2", "path": {1: "x"}}

    async with (
        _monitor(variables=variables) as monitor,
        client.get(f"http://127.0.0.1:{monitor.port}/debug/vars") as answer,
    ):
        body = await answer.json()

    assert answer.content_type == "application/json"
    assert body["cmdline"] == ["choria", "--source", "nats://***@h"]
    assert body["process"]["rss_bytes"] > 1_000_000
    assert body["process"]["cpu_seconds"] > 0
    assert body["process"]["uptime_seconds"] >= 0
    assert body["streams"] == {"NODES": {"sequence": 7}}
    assert body["token"] == "***"
    assert body["path"] == {"1": "x"}


async def test_a_program_adds_routes_of_its_own(client: aiohttp.ClientSession) -> None:
    async def live(_request: web.Request) -> web.Response:
        return web.Response(text="data: 1\n\n", content_type="text/event-stream")

    async with (
        _monitor(routes=[web.get("/live", live)]) as monitor,
        client.get(f"http://127.0.0.1:{monitor.port}/live") as answer,
    ):
        assert await answer.text() == "data: 1\n\n"


async def test_what_is_not_there_is_not_found_and_nothing_can_be_written(
    client: aiohttp.ClientSession,
) -> None:
    async with _monitor() as monitor:
        async with client.get(f"http://127.0.0.1:{monitor.port}/nothing") as answer:
            assert answer.status == 404
        async with client.post(f"http://127.0.0.1:{monitor.port}/metrics") as answer:
            assert answer.status == 405


async def test_all_interfaces_means_both_families_on_one_port(
    client: aiohttp.ClientSession,
) -> None:
    hosts = ["127.0.0.1", *(["[::1]"] if socket.has_dualstack_ipv6() else [])]

    async with Monitor(CollectorRegistry(), port=0) as monitor:
        for host in hosts:
            async with client.get(f"http://{host}:{monitor.port}/healthz") as answer:
                assert answer.status == 200


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_one_ipv6_address_can_be_served_alone(client: aiohttp.ClientSession) -> None:
    async with Monitor(CollectorRegistry(), port=0, host="::1") as monitor:
        async with client.get(f"http://[::1]:{monitor.port}/healthz") as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get(f"http://127.0.0.1:{monitor.port}/healthz")


@pytest.mark.parametrize("host", ["", "127.0.0.1"])
async def test_a_taken_port_is_named(host: str) -> None:
    with socket.create_server((host, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=rf"port {port}.*it is taken; choose another port"):
            async with Monitor(CollectorRegistry(), port=port, host=host):
                pass


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("no-such-host.invalid", 0, 'on "no-such-host.invalid": no such host'),
        ("192.0.2.1", 0, "the address is not of this machine"),
        ("", 70000, "port 70000: choose 1 to 65535"),
    ],
)
async def test_an_impossible_address_is_explained(host: str, port: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        async with Monitor(CollectorRegistry(), port=port, host=host):
            pass


async def test_a_closed_monitor_has_freed_its_port_and_has_none() -> None:
    async with _monitor() as monitor:
        port = monitor.port

    with pytest.raises(LocalProtocolError):
        _ = monitor.port
    socket.create_server(("127.0.0.1", port)).close()


async def test_closing_does_not_wait_for_a_stream_that_never_ends(
    client: aiohttp.ClientSession,
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await asyncio.Event().wait()
        return response

    async with _monitor(routes=[web.get("/endless", endless)]) as monitor:
        answer = await client.get(f"http://127.0.0.1:{monitor.port}/endless")
        assert await answer.content.readexactly(5) == b"begun"

    with pytest.raises(aiohttp.ClientError):
        await answer.read()


def test_figures_of_the_process_are_those_of_this_process() -> None:
    figures = process_figures(uptime_seconds=1.23456)

    assert figures["uptime_seconds"] == 1.235
    assert 0 < rss_bytes() <= rss_peak_bytes() * 1.1
