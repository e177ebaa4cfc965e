"""What ``choria emulate`` says before it starts anything, where it cannot do what is wanted."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Final

import pytest

from choria_testing.emulated_fleets import emulated_fleet

FILES: Final = 200
"""Open files that a process may have; it then holds 180 nodes."""


async def refused(*words: str, files: int = 4_000) -> tuple[int, str]:
    """Exit code and output of a program whose processes may open so many files."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'ulimit -n {files} && exec "$@"', "sh"),
        *(sys.executable, "-m", "choria", "emulate", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.parametrize("option", ["--workers", "--brokers"])
async def test_too_few_files_are_told_before_anything_starts(option: str) -> None:
    words = ("--instances", "500", "--http-port", "0", option, "1")
    code, output = await refused(*words, files=FILES)
    assert code == 2, output
    assert f"{option} 1: " in output
    assert f"may have {FILES} open files here and holds 180 nodes" in output
    assert f"take {option} 3" in output
    assert "ulimit -n" in output
    assert "brokers: " not in output


async def test_a_taken_port_is_told_before_a_broker_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        words = ("--http-port", str(port), "--http-host", "127.0.0.1")
        code, output = await refused("--instances", "5", *words)
    assert code == 2, output
    assert str(port) in output
    assert "brokers: " not in output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "--instances COUNT, or --fleet FILE"),
        (("--instances", "5", "--name", "a b"), "--name a b"),
        (("--instances", "5", "--churn", "often"), "often"),
        (("--instances", "5", "--drop", "200%"), "200%"),
        (("--instances", "5", "--latency", "fast"), "fast"),
        (("--instances", "5", "--ramp", "some"), "some"),
        (("--instances", "5", "--duration", "never"), "never"),
        (("--instances", "5", "--duration=-5s"), "--duration: -5s is not even a second"),
        (
            ("--instances", "5", "--registration", "--registration-interval", "0s"),
            "--registration-interval: 0s is not even a second",
        ),
        (("--instances", "5", "--audit", "/tmp/log"), "%s"),
        (("--instances", "5", "--audit", "/nonexistent/%s.log"), "/nonexistent is no folder"),
        (("--instances", "5", "--server", "host:port"), "host:port"),
        (("--instances", "5", "--server", "h:1", "--brokers", "2"), "--brokers"),
        (("--instances", "5", "--config", "/nonexistent/choria.conf"), "/nonexistent/choria.conf"),
        (("--instances", "5", "--fleet", "/nonexistent/fleet.yaml"), "--fleet"),
    ],
)
async def test_what_is_wrong_is_named(words: tuple[str, ...], problem: str) -> None:
    code, output = await refused("--http-port", "0", *words)
    assert code == 2, output
    assert problem in output
    assert "Traceback" not in output


async def test_a_fleet_file_tells_every_mistake_and_its_place(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("groups:\n  web: {count: many}\n  db: {cout: 5}\n")
    code, output = await refused("--http-port", "0", "--fleet", str(file))
    assert code == 2, output
    assert f"{file}:2:" in output
    assert f"{file}:3:" in output
    assert "count" in output


async def test_a_broker_that_is_not_there_is_tried_again_and_named() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))  # taken, and nobody listens
        server = f"127.0.0.1:{one.getsockname()[1]}"
        async with emulated_fleet("--instances", "5", "--server", server) as fleet:
            async with asyncio.timeout(60):
                status, text = await fleet.health()
                while server not in text:
                    await asyncio.sleep(0.05)
                    status, text = await fleet.health()
            assert status == 503
            assert "0 of 5 nodes are connected; the last attempt to connect failed" in text
            assert "refused" in text
            await fleet.program.said("a node cannot connect")
            fleet.program.terminate()
            assert await fleet.program.ended() == 0, fleet.program.output
