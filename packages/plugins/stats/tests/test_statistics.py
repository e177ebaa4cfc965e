"""The statistics have the original's fields, are there whole at any time, and are a node's own."""

import asyncio
import json
import os
import re
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.errors import RemoteProtocolError, WorkError
from choria_core.server.service import Server
from choria_plugin_stats import hooks
from choria_plugin_stats.document import decode_statistics, owner_of
from choria_plugin_stats.registration import StatisticsRegistration
from choria_testing.fixtures import MakeBroker
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.registering import node_config, plugins_with, registering

FILE = "plugin.choria.registration.file"
PROMETHEUS = "plugin.choria.registration.prometheus_file"

ORIGINAL: dict[str, Any] = {
    "timestamp": int,
    "identity": str,
    "version": str,
    "stats": {
        "stats": {
            "validated": int,
            "unvalidated": int,
            "passed": int,
            "filtered": int,
            "starttime": int,
            "total": int,
            "ttlexpired": int,
            "replies": int,
        },
        "threads": list,
        "pid": int,
        "times": {"utime": float, "stime": float, "cutime": float, "cstime": float},
        "agents": list,
    },
    "nats": {
        "connected_server": str,
        "stats": {
            "in_msgs": int,
            "out_msgs": int,
            "in_bytes": int,
            "out_bytes": int,
            "reconnects": int,
        },
    },
}
"""What the original's plugin writes, field by field."""


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    return await make_broker(jetstream=False)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return type(value)


def read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_bytes())
    return document


def registration_of(folder: Path, *lines: str, identity: str = "") -> StatisticsRegistration:
    named = (f"identity = {identity}",) if identity else ()
    return StatisticsRegistration(
        Server(node_config(folder, *lines, *named), plugins_with(hooks)).node
    )


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what a file says, of which nobody tells."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


def is_connected(file: Path) -> bool:
    return file.exists() and read(file)["nats"]["connected_server"] != "disconnected"


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_a_server_writes_the_fields_of_the_original(
    plain_broker: Broker, tmp_path: Path
) -> None:
    log = tmp_path / "log" / "server.log"
    log.parent.mkdir()
    lines = ("registration = choria", "registerinterval = 1", f"logfile = {log}")
    config = node_config(tmp_path, *lines, broker=plain_broker)
    async with registering(config, plain_broker, plugins_with(hooks)) as node:
        file = log.parent / "choria-stats.json"
        await until(lambda: is_connected(file))
        told = read(file)
        started = node.server.node.started

    assert shape(told) == ORIGINAL
    assert told["identity"] == "node1.example"
    assert told["nats"]["connected_server"] == f"nats://127.0.0.1:{plain_broker.port}"
    assert told["stats"]["stats"]["starttime"] == int(started)
    assert told["timestamp"] >= int(started)
    assert told["stats"]["agents"] == ["choria_util", "discovery", "rpcutil"]
    assert told["stats"]["pid"] == os.getpid()
    assert "MainThread" in told["stats"]["threads"]
    assert told["stats"]["times"]["utime"] > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert names_in(log.parent) == [file.name]
    decode_statistics(file.read_bytes())


async def test_statistics_are_written_while_there_is_no_broker(tmp_path: Path) -> None:
    file = tmp_path / "stats.json"
    config = node_config(
        tmp_path, "registration = choria", "registerinterval = 1", f"{FILE} = {file}"
    )
    stop = asyncio.Event()
    running = asyncio.create_task(Server(config, plugins_with(hooks)).run(stop))
    await until(file.exists)
    first = read(file)
    await until(lambda: read(file)["timestamp"] > first["timestamp"])
    stop.set()
    await running

    assert first["nats"] == {
        "connected_server": "disconnected",
        "stats": {"in_msgs": 0, "out_msgs": 0, "in_bytes": 0, "out_bytes": 0, "reconnects": 0},
    }


async def test_an_interval_of_none_writes_nothing(plain_broker: Broker, tmp_path: Path) -> None:
    file = tmp_path / "stats.json"
    lines = ("registration = choria", "registerinterval = 0", f"{FILE} = {file}")
    config = node_config(tmp_path, *lines, broker=plain_broker)
    async with registering(config, plain_broker, plugins_with(hooks)) as node:
        await node.server.registrations.live_local()  # it ends, as there is nothing to do
    assert not file.exists()


def test_without_a_folder_for_the_log_the_key_is_named(tmp_path: Path) -> None:
    config = node_config(tmp_path, "registration = choria", "logfile = stdout")
    with capture_logs() as logs:
        server = Server(config, plugins_with(hooks))
    assert server.registrations.names == ()
    [told] = [line for line in logs if line["event"] == "the node does not register"]
    assert told["cause"] == (
        f"{tmp_path}/server.cfg: {FILE}: logfile is stdout, so there is no folder for "
        "choria-stats.json; set it to a path"
    )


async def test_what_cannot_be_written_is_told_and_written_next_time(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    registration = registration_of(tmp_path, f"{FILE} = {folder / 'stats.json'}")
    with pytest.raises(WorkError, match=r"gone/stats\.json cannot be written: No such file"):
        await registration.item()
    folder.mkdir()
    await registration.item()
    assert read(folder / "stats.json")["identity"] == "node1.example"


async def test_a_full_disk_is_told_with_the_file(tmp_path: Path) -> None:
    registration = registration_of(
        tmp_path, f"{FILE} = {tmp_path}/stats.json", f"{PROMETHEUS} = {tmp_path}/gone/choria.prom"
    )
    program = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(WorkError, match=r"gone/choria\.prom cannot be written: No such file"):
        await registration.item()
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, program[1]))  # as little as a full disk has
    try:
        with pytest.raises(WorkError, match=r"stats\.json cannot be written: File too large"):
            await registration.item()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, program)
    assert read(tmp_path / "stats.json")["identity"] == "node1.example"
    assert not [name for name in names_in(tmp_path) if name.startswith(".")]


async def test_nodes_that_share_a_machine_have_a_file_each(tmp_path: Path) -> None:
    lines = (f"{FILE} = {tmp_path / 'stats.json'}", f"{PROMETHEUS} = {tmp_path / 'choria.prom'}")
    first = registration_of(tmp_path, *lines)
    second = registration_of(tmp_path, *lines, identity="node2.example")
    for _ in range(2):
        await first.item()
        await second.item()

    assert read(tmp_path / "stats.json")["identity"] == "node1.example"
    assert read(tmp_path / "stats-node2.example.json")["identity"] == "node2.example"
    assert 'identity="node1.example"' in (tmp_path / "choria.prom").read_text()
    assert 'identity="node2.example"' in (tmp_path / "choria-node2.example.prom").read_text()
    assert names_in(tmp_path) == [  # no draft is left
        "choria-node2.example.prom",
        "choria.prom",
        "server.cfg",
        "stats-node2.example.json",
        "stats.json",
    ]

    (tmp_path / "stats.json").unlink()
    await second.item()
    await first.item()
    assert read(tmp_path / "stats.json")["identity"] == "node2.example"
    assert read(tmp_path / "stats-node1.example.json")["identity"] == "node1.example"


async def test_a_node_comes_back_to_its_file_after_a_restart(tmp_path: Path) -> None:
    lines = (f"{FILE} = {tmp_path / 'stats.json'}",)
    await registration_of(tmp_path, *lines).item()
    before = read(tmp_path / "stats.json")
    await registration_of(tmp_path, *lines).item()
    assert read(tmp_path / "stats.json")["stats"]["stats"]["starttime"] >= before["timestamp"] - 1
    assert not (tmp_path / "stats-node1.example.json").exists()


async def test_a_place_in_the_name_is_the_node(tmp_path: Path) -> None:
    lines = (f"{FILE} = {tmp_path / '%s.json'}", f"{PROMETHEUS} = {tmp_path / 'choria-%s.prom'}")
    await registration_of(tmp_path, *lines).item()
    assert read(tmp_path / "node1.example.json")["identity"] == "node1.example"
    assert (tmp_path / "choria-node1.example.prom").exists()


async def test_what_is_no_statistics_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "stats.json"
    file.write_text("")
    await registration_of(tmp_path, f"{FILE} = {file}").item()
    assert read(file)["identity"] == "node1.example"


SAMPLE = re.compile(r'([a-z_]+)\{identity="node1\.example"(?:,version="[^"]+")?\} ([0-9.]+)')


async def test_node_exporter_gets_the_same_figures(tmp_path: Path) -> None:
    lines = (f"{FILE} = {tmp_path / 'stats.json'}", f"{PROMETHEUS} = {tmp_path / 'choria.prom'}")
    await registration_of(tmp_path, *lines).item()
    told = read(tmp_path / "stats.json")
    text = (tmp_path / "choria.prom").read_text()

    samples = {}
    names = iter(text.splitlines())
    for help_line in names:
        name = help_line.split()[2]
        assert help_line.startswith(f"# HELP {name} ")
        assert next(names) in (f"# TYPE {name} counter", f"# TYPE {name} gauge")
        found = SAMPLE.fullmatch(next(names))
        assert found is not None
        assert found[1] == name
        samples[name] = float(found[2])
    assert text.endswith("\n")
    families = {one.name: one for one in text_string_to_metric_families(text)}
    assert len(families) == len(samples)
    assert all(len(family.samples) == 1 for family in families.values())
    assert samples["choria_server_start_time_seconds"] == told["stats"]["stats"]["starttime"]
    assert samples["choria_server_statistics_time_seconds"] == told["timestamp"]
    assert samples["choria_server_connected"] == 0
    assert samples["choria_server_agents"] == 3
    assert samples["choria_server_cpu_user_seconds"] == told["stats"]["times"]["utime"]
    counted = {name.removeprefix("choria_server_") for name in samples}
    assert told["stats"]["stats"].keys() - {"starttime"} <= counted


def test_the_original_program_s_file_is_read_too() -> None:
    document = {
        "timestamp": 1_795_425_828,
        "identity": "n1",
        "version": "2.12.4",
        "stats": {
            "stats": dict.fromkeys(ORIGINAL["stats"]["stats"], 1),
            "threads": ["#<Thread:0x1 run>"],
            "pid": 1,
            "times": {"utime": 0.1, "stime": 0.1, "cutime": 0, "cstime": 0},
            "agents": ["discovery"],
        },
        "nats": {
            "connected_server": "nats://h:4222",
            "stats": dict.fromkeys(ORIGINAL["nats"]["stats"], 0) | {"flushes": 3},
        },
    }
    statistics = decode_statistics(json.dumps(document).encode())
    assert statistics.stats.times.cutime == 0
    assert owner_of(json.dumps(document).encode()) == "n1"


def test_the_file_that_the_readme_shows_is_one() -> None:
    readme = Path(__file__).resolve().parents[1] / "README.md"
    [shown] = re.findall(r"^```json\n(.*?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    assert shape(json.loads(shown)) == ORIGINAL
    decode_statistics(shown.encode())


@pytest.mark.parametrize("document", [b"", b"{}", b"[1]", b"\xff", b'{"timestamp":1}', b"[" * 9999])
def test_what_is_no_statistics_is_refused(document: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not a file of statistics"):
        decode_statistics(document)
    assert owner_of(document) == ""
