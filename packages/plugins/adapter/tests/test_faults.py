"""Brokers that end, connections that break, acknowledgements that get lost, floods."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from choria_core.broker.options import ANY_PORT
from choria_core.nats import wire
from choria_core.protocol.adapter_output import decode_adapter_output
from choria_plugin_adapter.adapter import Adapter
from choria_testing.fixtures import MakeBroker, MakeProxy
from choria_testing.programs import Program, run_choria
from choria_testing.proxy import Proxy
from choria_testing.streams import Streams, open_streams
from packages.plugins.adapter.tests.conftest import REGISTRATION, Lab, request, until

QUICK = "plugin.choria.adapter.reg.stream.ack_timeout = 300ms"


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [request(sender=f"node{number}") for number in range(first, first + count)]


async def senders(streams: Streams) -> list[str]:
    return [decode_adapter_output(one.body).sender for one in await streams.read("REG")]


@contextlib.asynccontextmanager
async def behind(proxy: Proxy, lab: Lab, *lines: str) -> AsyncIterator[Adapter]:
    """An adapter whose stream is behind a proxy."""
    servers = f"plugin.choria.adapter.reg.stream.servers = localhost:{proxy.port}"
    async with lab.adapting(servers, *lines) as adapter:
        await until(lambda: adapter.intake.is_open)
        yield adapter


async def test_what_was_stored_unheard_is_stored_once(lab: Lab, make_proxy: MakeProxy) -> None:
    """The stream stores, its acknowledgements are lost, the connection is made anew."""
    proxy = await make_proxy(lab.broker)
    async with behind(proxy, lab) as adapter:
        proxy.stall_answers()
        await lab.register(*numbered(50))
        await lab.streams.reached("REG", sequence=50)
        assert adapter.figures.published == 0

        await proxy.cut()
        proxy.resume()
        await proxy.restore()
        await until(lambda: adapter.figures.published == 50)

    assert await senders(lab.streams) == [f"node{number}" for number in range(50)]
    assert adapter.figures.duplicates == 50
    assert adapter.figures.lost.total() == 0


async def test_late_acknowledgements_do_not_store_twice(lab: Lab, make_proxy: MakeProxy) -> None:
    proxy = await make_proxy(lab.broker)
    async with behind(proxy, lab, QUICK) as adapter:
        proxy.stall_answers()
        await lab.register(*numbered(20))
        await until(lambda: adapter.figures.retries >= 40)
        proxy.resume()
        await until(lambda: adapter.figures.published == 20)

    assert await senders(lab.streams) == [f"node{number}" for number in range(20)]
    assert adapter.figures.lost.total() == 0


async def test_what_is_never_acknowledged_is_lost_and_counted(
    lab: Lab, make_proxy: MakeProxy
) -> None:
    proxy = await make_proxy(lab.broker)
    retry = "plugin.choria.adapter.reg.stream.retry_for = 1s"
    async with behind(proxy, lab, QUICK, retry) as adapter:
        proxy.stall()
        await lab.register(*numbered(20))
        await until(lambda: adapter.figures.lost["unacknowledged"] == 20)
        assert 20 <= adapter.figures.retries <= 60
        proxy.resume()

        await lab.register(*numbered(1, first=20))
        await until(lambda: adapter.figures.published == 1)


async def test_while_the_stream_is_away_messages_wait_and_then_are_dropped(
    lab: Lab, make_proxy: MakeProxy
) -> None:
    proxy = await make_proxy(lab.broker)
    length = "plugin.choria.adapter.reg.queue_len = 30"
    async with behind(proxy, lab, length) as adapter:
        await proxy.cut()
        await until(lambda: not adapter.checks()[1].is_ok)
        await lab.register(*numbered(100))
        await until(lambda: adapter.figures.received == 100)
        assert (len(adapter.intake), adapter.figures.dropped) == (30, 70)

        await proxy.restore()
        await until(lambda: adapter.figures.published == 30)

    assert await senders(lab.streams) == [f"node{number}" for number in range(30)]


async def test_without_a_stream_messages_wait_until_there_is_one(
    lab: Lab, make_broker: MakeBroker
) -> None:
    empty = await make_broker()
    servers = f"plugin.choria.adapter.reg.stream.servers = localhost:{empty.port}"
    async with lab.serving(servers) as service, open_streams(empty.url) as streams:
        adapter = service.adapters[0]
        await lab.register(*numbered(10))
        await until(lambda: adapter.window is not None)
        assert "no stream takes REG.>" in service.health().checks[2].detail

        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        await until(lambda: adapter.figures.published == 10)

        assert service.health().is_ok
        assert len(await streams.read("REG")) == 10


async def test_a_queue_of_one_is_enough_while_the_stream_answers(lab: Lab) -> None:
    async with lab.adapting("plugin.choria.adapter.reg.queue_len = 1") as adapter:
        await until(lambda: adapter.intake.is_open)
        await lab.register(*numbered(200))
        await until(lambda: adapter.figures.published == 200)

    assert adapter.figures.dropped == 0


async def test_while_the_broker_waits_for_us_the_queue_is_filled_before_it_is_worked_off(
    lab: Lab,
) -> None:
    async with lab.adapting("plugin.choria.adapter.reg.queue_len = 30") as adapter:
        await until(lambda: adapter.intake.is_open)
        adapter.intake.is_behind = True
        for body in numbered(100):  # within one turn of the event loop
            adapter.intake.take((b"", b"", b"", body))
        assert (adapter.figures.dropped, len(adapter.intake)) == (70, 30)

        adapter.intake.work()
        await until(lambda: adapter.figures.published == 30)

    assert await senders(lab.streams) == [f"node{number}" for number in range(30)]


async def test_a_broker_may_end_and_come_back(lab: Lab) -> None:
    async with lab.adapting(QUICK) as adapter:
        await lab.register(*numbered(20))
        await until(lambda: adapter.figures.published == 20)

        await lab.broker.restart()
        await lab.streams.lean.wait_connected()
        await until(lambda: adapter.figures.ingest_losses == 1)
        await until(lambda: all(check.is_ok for check in adapter.checks()))
        await lab.register(*numbered(20, first=20))
        await until(lambda: adapter.figures.published == 40)

    assert await senders(lab.streams) == [f"node{number}" for number in range(40)]
    assert adapter.figures.slow_cuts == 0


@pytest.mark.faults
async def test_a_broker_that_is_killed_loses_nothing_it_acknowledged(
    lab: Lab, make_broker: MakeBroker, tmp_path: Path
) -> None:
    """The stream's broker dies in mid-flight; what it had not acknowledged comes again."""
    store = await make_broker(store=tmp_path / "store")
    servers = f"plugin.choria.adapter.reg.stream.servers = localhost:{store.port}"
    length = "plugin.choria.adapter.reg.queue_len = 10000"
    async with open_streams(store.url) as streams:
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        async with lab.adapting(servers, QUICK, length) as adapter:
            await until(lambda: adapter.intake.is_open)
            for part in range(10):
                await lab.register(*numbered(300, first=300 * part))
                if part == 4:
                    await store.kill()
                    await store.start()
            await until(lambda: adapter.figures.published == 3_000)
            await streams.lean.wait_connected()

        assert sorted(await senders(streams)) == sorted(f"node{n}" for n in range(3_000))


@pytest.mark.skipif(sys.platform != "linux", reason="wants SIGSTOP of a process of its own")
async def test_a_slow_consumer_is_cut_counted_and_comes_back(
    make_broker: MakeBroker, tmp_path: Path
) -> None:
    """A process that stands still while the broker has more for it than it will keep."""
    broker = await make_broker(extra_config="max_pending: 1048576", monitor_port=ANY_PORT)
    async with open_streams(broker.url) as streams:
        await streams.create_stream({"name": "REG", "subjects": ["REG.>"]})
        async with _process(broker.port, tmp_path) as program:
            await program.said("the adapter is ready")
            os.kill(program.pid, signal.SIGSTOP)
            try:
                await _flood(streams, 600)
                await asyncio.sleep(1.0)  # it stands still for longer than a moment
            finally:
                os.kill(program.pid, signal.SIGCONT)
            await program.said("the broker cut us off, as we read too slowly")
            await program.said("connected", count=4)
            await streams.lean.publish(REGISTRATION, request(sender="afterwards"))
            await _stored(streams, "REG.afterwards")
            program.terminate()
            assert await program.ended() == 0


@contextlib.asynccontextmanager
async def _process(port: int, folder: Path) -> AsyncIterator[Program]:
    file = folder / "adapter.cfg"
    file.write_text(
        f"""\
identity = broker.example
plugin.choria.middleware_hosts = localhost:{port}
plugin.security.provider = file
plugin.choria.adapters = reg
plugin.choria.adapter.reg.type = choria_streams
plugin.choria.adapter.reg.stream.topic = REG.%s
plugin.choria.adapter.reg.ingest.topic = {REGISTRATION}
plugin.choria.adapter.reg.ingest.protocol = request
logfile = stdout
"""
    )
    environment = os.environ | {"INSECURE_YES_REALLY": "true"}
    async with run_choria(
        "adapter", "run", "--config", str(file), environment=environment
    ) as program:
        yield program


async def _flood(streams: Streams, count: int) -> None:
    frame = wire.publish(REGISTRATION.encode(), b"", b"", request(payload=b"x" * 50_000))
    for _ in range(count // 10):
        streams.lean.send(frame * 10)
        await streams.lean.flush()


async def _stored(streams: Streams, subject: str) -> None:
    async with asyncio.timeout(60):
        while await streams.last_message("REG", subject) is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
