"""A broker starts, fails clearly, comes back on its port, and never outlives its parent."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from choria_core.broker.options import (
    BrokerOptions,
    ClusterOptions,
    LeafnodeOptions,
    LeafnodeRemote,
)
from choria_core.broker.server import Broker, start_broker
from choria_core.errors import UsageError, WorkError
from choria_testing.frozen import frozen

PARENT = """
import asyncio, os, sys, tempfile
from pathlib import Path
from choria_core.broker.server import start_broker
from choria_core.broker.options import BrokerOptions

async def main():
    tempfile.tempdir = sys.argv[1]
    async with start_broker(BrokerOptions(jetstream=True)) as broker:
        print(broker.pid, broker.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with start_broker() as started:
        yield started


async def greeting(port: int) -> dict[str, object]:
    """The INFO that the broker greets with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line = await reader.readline()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    info: dict[str, object] = json.loads(line.removeprefix(b"INFO "))
    return info


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()


async def until(condition: Callable[[], bool]) -> None:
    """Return when ``condition`` holds, which nothing could tell us."""
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


def content(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def fetch(url: str) -> dict[str, dict[str, int]]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        fetched: dict[str, dict[str, int]] = json.load(answer)
        return fetched


async def test_a_broker_greets_at_its_url(broker: Broker) -> None:
    info = await greeting(broker.port)

    assert broker.url == f"nats://127.0.0.1:{broker.port}"
    assert info["port"] == broker.port
    assert "jetstream" not in info


async def test_it_listens_wherever_it_is_told_to(tmp_path: Path) -> None:
    options = BrokerOptions(
        name="here",
        jetstream=True,
        domain="hub",
        store=tmp_path / "store",
        monitor_port=-1,
        max_payload_bytes=2048,
        cluster=ClusterOptions("both", routes=("nats-route://127.0.0.1:1",)),
        leafnode=LeafnodeOptions(port=-1),
    )
    async with start_broker(options) as broker:
        info = await greeting(broker.port)
        variables = await asyncio.to_thread(fetch, f"{broker.monitor_url}/varz")

    assert info["server_name"] == "here"
    assert info["jetstream"] is True
    assert info["domain"] == "hub"
    assert info["max_payload"] == 2048
    assert info["cluster"] == "both"
    assert (tmp_path / "store" / "jetstream").is_dir()
    assert broker.cluster_url == f"nats://127.0.0.1:{variables['cluster']['cluster_port']}"
    assert broker.leafnode_url.endswith(f":{variables['leaf']['port']}")


async def test_leafnode_passwords_are_no_part_of_a_repr() -> None:
    assert "secret" not in repr(LeafnodeRemote("nats-leaf://user:secret@127.0.0.1:7422"))


async def test_a_restart_keeps_port_and_store(tmp_path: Path) -> None:
    async with start_broker(BrokerOptions(jetstream=True, monitor_port=-1)) as broker:
        before = (broker.url, broker.monitor_url, broker.store, broker.pid)
        (broker.store / "mark").write_text("kept")

        await broker.restart()

        after = (broker.url, broker.monitor_url, broker.store, broker.pid)
        assert after[:3] == before[:3]
        assert after[3] != before[3]
        assert (broker.store / "mark").read_text() == "kept"
        assert (await greeting(broker.port))["jetstream"] is True


async def test_a_restart_may_change_the_options(broker: Broker) -> None:
    await broker.restart(BrokerOptions(max_payload_bytes=4096))

    assert (await greeting(broker.port))["max_payload"] == 4096


async def test_a_killed_broker_comes_back(broker: Broker) -> None:
    url = broker.url
    await broker.kill()
    assert not broker.is_running
    with pytest.raises(WorkError, match="not running"):
        _ = broker.pid

    await broker.start()

    assert broker.url == url
    await greeting(broker.port)


async def test_a_broker_that_died_by_itself_is_noticed_and_can_be_started(broker: Broker) -> None:
    os.kill(broker.pid, signal.SIGKILL)

    assert await broker.wait() == 128 + signal.SIGKILL
    assert not broker.is_running
    await broker.start()
    await greeting(broker.port)


async def test_starting_a_running_broker_changes_nothing(broker: Broker) -> None:
    pid = broker.pid

    await broker.start()

    assert broker.pid == pid


async def test_stopping_twice_is_harmless(broker: Broker) -> None:
    await broker.stop()
    await broker.stop()

    assert not broker.is_running


async def test_a_frozen_broker_can_be_stopped(broker: Broker) -> None:
    with frozen(broker):
        await broker.stop()

    assert "Server Exiting" in broker.log_tail()[-1]


async def test_without_a_grace_time_it_ends_at_once_and_keeps_its_store() -> None:
    async with start_broker(BrokerOptions(jetstream=True)) as broker:
        await check_end_without_grace(broker)


async def check_end_without_grace(broker: Broker) -> None:
    pid = broker.pid
    (broker.store / "mark").touch()

    await broker.stop(grace_seconds=0)

    await until(lambda: not is_alive(pid))
    await broker.start()
    assert (broker.store / "mark").exists()


async def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with start_broker(BrokerOptions(jetstream=True)) as broker:
        pid = broker.pid
        assert content(tmp_path)

    assert not content(tmp_path)
    assert not is_alive(pid)


async def test_secrets_in_the_configuration_are_for_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with start_broker() as broker:
        [folder] = content(tmp_path)
        await broker.restart()

        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "broker.conf").stat().st_mode & 0o777 == 0o600


async def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"client port {port} on 127.0.0.1 is taken"):
            async with start_broker(BrokerOptions(port=port)):
                pass


async def test_a_server_that_does_not_start_tells_why() -> None:
    with pytest.raises(WorkError, match=r"exit code 1.*\n.*unknown field \"nonsense\""):
        async with start_broker(BrokerOptions(extra_config="nonsense: 1")):
            pass


async def test_a_server_that_gets_not_ready_in_time_is_given_up() -> None:
    with pytest.raises(WorkError, match="not ready within 0 s"):
        async with start_broker(BrokerOptions(start_timeout_seconds=0)):
            pass


async def test_a_missing_program_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHORIA_NATS_SERVER", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match=r"CHORIA_NATS_SERVER names .*absent"):
        async with start_broker():
            pass


async def test_a_configuration_file_is_used_as_it_stands(tmp_path: Path) -> None:
    config = tmp_path / "own.conf"
    config.write_text('listen: "127.0.0.1:-1"\nserver_name: "own"\n')

    async with start_broker(BrokerOptions(config_file=config)) as broker:
        assert (await greeting(broker.port))["server_name"] == "own"


async def test_the_log_goes_to_the_listener() -> None:
    lines: list[str] = []
    has_spoken = asyncio.Event()

    def listen(line: str) -> None:
        lines.append(line)
        has_spoken.set()

    async with start_broker(on_log=listen) as broker:
        async with asyncio.timeout(10):
            await has_spoken.wait()
        assert broker.log_tail()

    assert any("Server is ready" in line for line in lines)
    assert any("Server Exiting" in line for line in lines)


async def test_the_log_is_appended_to_a_file(tmp_path: Path) -> None:
    log_file = tmp_path / "broker.log"
    log_file.write_text("before\n")
    async with start_broker(BrokerOptions(log_file=log_file)):
        pass

    text = log_file.read_text()
    assert text.startswith("before\n")
    assert "Server Exiting" in text


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_no_server_and_no_file_outlive_a_killed_parent(
    tmp_path: Path, end: signal.Signals
) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid, port = map(int, (await parent.stdout.readline()).split())
    await greeting(port)

    parent.send_signal(end)
    await parent.communicate()

    await until(lambda: not is_alive(pid))
    await until(lambda: not content(tmp_path))


async def test_cancelling_a_start_leaves_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def start() -> None:
        async with start_broker():
            await asyncio.Event().wait()

    task = asyncio.create_task(start())
    await until(lambda: bool(content(tmp_path)))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert not content(tmp_path)


def test_it_works_on_uvloop_too() -> None:
    async def start() -> bool:
        async with start_broker(on_log=lambda _line: None) as broker:
            await broker.restart()
            return (await greeting(broker.port))["port"] == broker.port

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(start())
