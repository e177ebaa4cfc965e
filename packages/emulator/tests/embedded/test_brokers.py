"""Brokers that live as long as a fleet."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from choria_core.broker.free_port import is_free
from choria_core.nats.endpoint import TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_emulator.embedded.brokers import (
    BrokerTlsFiles,
    EmbeddedBrokers,
    go_settings,
    memory_of,
)
from choria_emulator.embedded.certificates import make_certificates
from choria_emulator.measure.broker_monitor import BrokerMonitor

PARENT = """
import asyncio, json
from choria_emulator.embedded.brokers import EmbeddedBrokers

async def main():
    async with EmbeddedBrokers(count=2) as brokers:
        print(json.dumps([brokers.urls, brokers.pids]), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def varz(url: str) -> Any:
    async with BrokerMonitor(url, "varz") as monitor:
        return await monitor.ask()


async def passes(source: str, target: str) -> None:
    """Return when a message from one broker has reached a subscription at another."""
    async with (
        await connect(parse_endpoint(source), name="source") as sender,
        await connect(parse_endpoint(target), name="target") as receiver,
    ):
        came = asyncio.Event()
        receiver.add_sink("crossing", lambda _: came.set())
        await receiver.flush()
        async with asyncio.timeout(30):
            while not came.is_set():
                await sender.publish("crossing", b"x")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(came.wait(), 0.05)


async def test_one_broker_stands_alone_and_takes_the_answers_of_a_fleet() -> None:
    async with EmbeddedBrokers(connections=100_000) as brokers:
        [url], [monitor_url] = brokers.urls, brokers.monitor_urls
        told = await varz(monitor_url)
        async with await connect(parse_endpoint(url), name="test") as transport:
            await transport.flush()

    assert told["max_pending"] == 1 << 30
    assert told["max_connections"] > 100_000
    assert told["cluster"] == {}


async def test_several_are_one_cluster_as_soon_as_they_are_there() -> None:
    async with EmbeddedBrokers(count=3) as brokers:
        told = [await varz(url) for url in brokers.monitor_urls]

        assert {one["cluster"]["name"] for one in told} == {"emulator"}
        assert len({one["server_name"] for one in told}) == len(set(brokers.pids)) == 3
        await passes(brokers.urls[0], brokers.urls[2])


async def test_a_killed_member_comes_back_where_it_was() -> None:
    async with EmbeddedBrokers(count=3) as brokers:
        urls = brokers.urls
        pids = brokers.pids
        await brokers.kill(0)
        assert brokers.pids == pids[1:]
        await brokers.restart(0)

        assert brokers.urls == urls
        assert brokers.pids[0] != pids[0]
        await passes(urls[1], urls[0])


async def test_a_stopped_member_may_stay_away() -> None:
    async with EmbeddedBrokers(count=2) as brokers:
        await brokers.stop(1)
        await brokers.wait_mesh()

        assert len(brokers.pids) == 1


async def test_encrypted_brokers_are_trusted_by_their_own_authority_alone(tmp_path: Path) -> None:
    files = make_certificates(tmp_path, caller="alice.mcollective", now=datetime.now(UTC))
    other = tmp_path / "other"
    other.mkdir()
    stranger = make_certificates(other, caller="bob.mcollective", now=datetime.now(UTC))
    tls = BrokerTlsFiles(files.broker_file, files.broker_key_file)
    async with EmbeddedBrokers(tls=tls) as brokers:
        trusting = TlsSettings(
            ca_file=str(files.ca_file),
            cert_file=str(files.caller_file),
            key_file=str(files.caller_key_file),
        )
        for host in ("localhost", "127.0.0.1"):
            url = f"nats://{host}:{brokers.members[0].port}"
            async with await connect(parse_endpoint(url, tls=trusting), name="test") as transport:
                await transport.flush()
        doubting = TlsSettings(ca_file=str(stranger.ca_file))
        with pytest.raises(Exception, match="certificate"):
            await connect(
                parse_endpoint(brokers.urls[0], tls=doubting), name="test", timeout_seconds=5
            )

    assert files.caller_key_file.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")
async def test_the_memory_of_a_broker_is_known() -> None:
    async with EmbeddedBrokers() as brokers:
        memory = memory_of(brokers.pids[0])

    assert memory is not None
    assert 1 << 20 < memory < 1 << 30
    assert memory_of(0) is None


@pytest.mark.faults
async def test_they_end_with_a_killed_parent() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    try:
        urls, pids = json.loads(await parent.stdout.readline())
    finally:
        parent.kill()
        await parent.wait()

    ports = [int(url.rpartition(":")[2]) for url in urls]
    async with asyncio.timeout(30):
        await until(lambda: all(is_free("127.0.0.1", port) for port in ports))
        await until(lambda: not any(map(is_alive, pids)))


async def until(is_so: Callable[[], bool]) -> None:
    """Other people's processes tell nobody."""
    while not is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_brokers_share_the_processors_and_what_the_user_says_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GOMAXPROCS", raising=False)
    monkeypatch.setenv("GOGC", "50")
    assert go_settings(1, 4) == {"GOMAXPROCS": "4"}
    assert go_settings(3, 4) == {"GOMAXPROCS": "1"}


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="the system has no such policy")
async def test_brokers_work_in_batches_and_who_started_them_as_before() -> None:
    before = os.sched_getscheduler(0)
    async with EmbeddedBrokers() as brokers:
        [pid] = brokers.pids
        assert os.sched_getscheduler(pid) == os.SCHED_BATCH
        assert os.sched_getscheduler(0) == before
