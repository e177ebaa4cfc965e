"""``choria broker run`` as a user meets it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

CHORIA = str(Path(sys.executable).parent / "choria")

STARTER = """
import subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
print(process.pid, process.stdout.readline().decode().strip(), flush=True)
process.wait()
"""


@contextlib.asynccontextmanager
async def running(*options: str, port: str = "-1") -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(CHORIA, "broker", "run", "--port", port, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


async def url_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def info_at(url: str) -> dict[str, object]:
    host, _, port = url.removeprefix("nats://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    greeting = await reader.readline()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    info: dict[str, object] = json.loads(greeting.removeprefix(b"INFO "))
    return info


async def until_refused(url: str) -> None:
    """Return when nothing listens at ``url`` any more."""
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionError, json.JSONDecodeError):
            while True:
                await info_at(url)
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_prints_its_url_and_ends_cleanly_on_a_signal(number: signal.Signals) -> None:
    async with running("--jetstream", "--name", "mine") as process:
        url = await url_of(process)
        info = await info_at(url)
        process.send_signal(number)
        output, log = await process.communicate()

        assert (info["server_name"], info["jetstream"]) == ("mine", True)
        assert process.returncode == 0
        assert output == b""
        assert b"Server is ready" in log
        assert b"Server Exiting" in log
        with pytest.raises(ConnectionError):
            await info_at(url)


async def test_streams_are_kept_where_it_is_told(tmp_path: Path) -> None:
    async with running("--store", str(tmp_path / "here")) as process:
        await url_of(process)

        assert (tmp_path / "here" / "jetstream").is_dir()


async def test_cluster_and_leafnode_options_reach_the_server() -> None:
    cluster = ["--cluster-name", "both", "--route", "nats-route://127.0.0.1:1"]
    leafnode = ["--leafnode-port", "-1", "--leafnode-remote", "nats-leaf://127.0.0.1:1"]
    async with running(*cluster, *leafnode, "--monitor-port", "-1") as process:
        info = await info_at(await url_of(process))

        assert info["cluster"] == "both"
        process.terminate()
        _, log = await process.communicate()
        assert b"Listening for leafnode connections" in log
        assert b"http monitor" in log


async def test_a_configuration_file_is_passed_on(tmp_path: Path) -> None:
    config = tmp_path / "own.conf"
    config.write_text('listen: "127.0.0.1:-1"\nserver_name: "own"\n')
    process = await asyncio.create_subprocess_exec(
        *(CHORIA, "broker", "run", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )

    info = await info_at(await url_of(process))
    process.terminate()
    await process.communicate()

    assert info["server_name"] == "own"
    assert process.returncode == 0


async def end_of(*options: str) -> tuple[int | None, str]:
    """Exit code and standard error of a run that fails."""
    process = await asyncio.create_subprocess_exec(
        *(CHORIA, "broker", "run", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    return process.returncode, errors.decode()


async def test_options_beside_a_configuration_file_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "own.conf"
    config.touch()

    code, errors = await end_of("--config", str(config), "--monitor-port", "8222")

    assert code == 2
    assert errors == ("error: --monitor-port does nothing beside --config: set it in that file\n")


PORTS = ("--port", "--monitor-port", "--cluster-port", "--leafnode-port")


@pytest.mark.parametrize(
    ("option", "value"),
    [*((option, "99999") for option in PORTS), ("--port", "-2"), ("--port", "0")],
)
async def test_what_is_no_port_is_refused_with_the_range(option: str, value: str) -> None:
    code, errors = await end_of(option, value)

    assert code == 2
    assert errors.startswith(
        f"error: Invalid value for '{option}': {value} is no port; "
        "give one from 1 to 65535, or -1 for any free one"
    )


@pytest.mark.parametrize(
    ("option", "example"),
    [("--leafnode-remote", "nats-leaf://HOST:PORT"), ("--route", "nats-route://HOST:PORT")],
)
async def test_what_is_no_url_of_a_broker_is_refused(option: str, example: str) -> None:
    code, errors = await end_of(option, "http://ann:hunter2@x")

    assert code == 2
    assert errors.startswith(f"error: Invalid value for '{option}': 'http://ann:***@x' is no URL")
    assert f"write it as {example}" in errors


@pytest.mark.parametrize("option", ["--name", "--cluster-name"])
async def test_a_name_that_is_no_text_is_refused(option: str) -> None:
    code, errors = await end_of(option, os.fsdecode(b"a\xff"))

    assert code == 2
    assert errors.startswith(
        f"error: Invalid value for '{option}': 'a\\udcff' is not printable text"
    )


@pytest.mark.parametrize("host", ["a..b", "192.0.2.1"])
async def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    code, errors = await end_of("--host", host)

    assert code == 2
    assert errors.startswith(f"error: '{host}' is no address of this machine")


async def test_a_route_without_a_cluster_is_refused() -> None:
    code, errors = await end_of("--route", "nats-route://127.0.0.1:1")

    assert code == 2
    assert errors.startswith("error: --route needs --cluster-name")


async def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, errors = await end_of("--port", str(port))

    assert code == 2
    assert f"error: client port {port} on 127.0.0.1 is taken" in errors


async def test_a_broken_configuration_file_shows_what_the_server_says(tmp_path: Path) -> None:
    config = tmp_path / "own.conf"
    config.write_text("nonsense: 1\n")

    code, errors = await end_of("--config", str(config))

    assert code == 1
    assert "error: nats-server ended with exit code 1; its last log lines:" in errors
    assert 'unknown field "nonsense"' in errors


async def test_the_death_of_the_server_is_an_error_with_its_last_log_lines(tmp_path: Path) -> None:
    config = tmp_path / "own.conf"
    pid_file = tmp_path / "pid"
    config.write_text(f'listen: "127.0.0.1:-1"\npid_file: "{pid_file}"\n')
    process = await asyncio.create_subprocess_exec(
        *(CHORIA, "broker", "run", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await url_of(process)

    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    _, errors = await process.communicate()

    assert process.returncode == 1
    assert "error: nats-server ended with exit code 137" in errors.decode()
    assert errors.decode().count("Server is ready") == 2


async def start_through_another(*options: str) -> tuple[asyncio.subprocess.Process, int, str]:
    """A process that starts the broker, the broker's process id, and its URL."""
    starter = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTER, CHORIA, "broker", "run", "--port", "-1", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert starter.stdout is not None
    pid, url = (await starter.stdout.readline()).decode().split()
    return starter, int(pid), url


async def test_it_ends_with_the_process_that_started_it() -> None:
    starter, _, url = await start_through_another()
    starter.kill()
    await starter.wait()

    await until_refused(url)


async def test_it_outlives_its_parent_on_request() -> None:
    starter, pid, url = await start_through_another("--outlive-parent")
    starter.kill()
    await starter.wait()
    await asyncio.sleep(0.6)  # longer than it takes to notice a parent's end

    assert (await info_at(url))["port"]
    os.kill(pid, signal.SIGTERM)
    await until_refused(url)


async def test_the_server_ends_even_when_choria_is_killed() -> None:
    async with running() as process:
        url = await url_of(process)
        process.kill()

        await until_refused(url)
