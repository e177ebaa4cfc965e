"""Servers of others start on free ports, explain a failure, and never outlive the tests."""

import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from choria_core.broker.free_port import is_free, pick_port
from choria_core.errors import WorkError
from choria_testing.json_api import ask_json
from choria_testing.peers import require_peer
from choria_testing.real_server import HOST, RealServer

RUN_AND_TELL = """
import asyncio, sys
from pathlib import Path
from choria_testing.etcd_server import EtcdServer

async def main():
    async with EtcdServer(Path(sys.argv[1])) as server:
        print(server.port, server.folder, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class WebServer(RealServer):
    """Python's own, which serves a file that says who wrote it."""

    port_kinds = ("http",)

    def arguments(self, ports: dict[str, int]) -> list[str]:
        (self.folder / "name.json").write_text(f'"{id(self)}"')
        options = ["--bind", HOST, "--directory", str(self.folder)]
        return ["-m", "http.server", str(ports["http"]), *options]

    def is_ready(self) -> bool:
        return ask_json(f"{self.http_url}/name.json") == str(id(self))


class ClumsyServer(WebServer):
    """It meets somebody else on the first port that it tries."""

    def __init__(self, program: Path, taken: int) -> None:
        super().__init__(program)
        self.tried: list[int] = []
        self._taken = taken

    def _choose_ports(self) -> dict[str, int]:
        self.tried.append(pick_port(HOST) if self.tried else self._taken)
        return {"http": self.tried[-1]}


@pytest.fixture
def python() -> Path:
    return Path(sys.executable)


async def test_a_server_that_others_were_quicker_than_takes_another_port(python: Path) -> None:
    async with WebServer(python) as first, ClumsyServer(python, first.port) as second:
        assert second.tried == [first.port, second.port]
        assert second.is_ready()


async def test_it_keeps_its_port_over_a_restart(python: Path) -> None:
    async with WebServer(python) as server:
        port = server.port
        await server.restart()

        assert server.port == port
        assert server.is_ready()


async def test_a_stop_and_a_kill_free_the_port_and_may_be_repeated(python: Path) -> None:
    async with WebServer(python) as server:
        await server.stop()
        await server.stop()
        assert is_free(HOST, server.port)

        await server.start()
        await server.start()
        await server.kill()
        await server.kill()
        assert not server.is_running
        assert is_free(HOST, server.port)


async def test_a_server_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho my disk is full >&2\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    server = WebServer(program)

    with pytest.raises(WorkError, match="broken ended; its last log lines:\nmy disk is full"):
        async with server:
            pytest.fail("it never starts")

    assert not server.folder.exists()


def test_it_ends_when_the_tests_are_killed() -> None:
    words = [sys.executable, "-c", RUN_AND_TELL, str(require_peer("etcd"))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port, folder = process.stdout.readline().split()
        process.kill()

    deadline = time.monotonic() + 30
    while Path(folder).exists() or not is_free(HOST, int(port)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
