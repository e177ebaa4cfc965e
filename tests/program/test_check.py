"""``choria replicate --check``: what it prints, and the exit code that scripts rely on."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from choria_testing.crossing import STREAM, Crossing
from choria_testing.programs import run_choria
from choria_testing.streams import Sent

pytestmark = pytest.mark.timeout(120)


async def check(crossing: Crossing, settings: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of a check, which must make nothing."""
    before = await targets(crossing)
    async with crossing.replicate(settings, "--check", *words) as program:
        code = await program.ended(within_seconds=40)
    assert await targets(crossing) == before
    return code, program.output


async def targets(crossing: Crossing) -> tuple[str, ...]:
    return await crossing.target.stream_names(">")


def topics(crossing: Crossing, *, top: dict[str, Any] | None = None, **entry: Any) -> Path:
    """A configuration file in the older dialect."""
    topic = {
        "topic": "orders.1",
        "source_url": crossing.source_url,
        "target_url": crossing.target_url,
        "source_cluster_id": "dc1",
        "target_cluster_id": "central",
        **entry,
    }
    path = crossing.folder / "topics.yaml"
    path.write_text(json.dumps({**(top or {}), "topics": {"orders": topic}}, indent=1))
    return path


async def fill(crossing: Crossing) -> None:
    await crossing.make_source()
    await crossing.source.fill(Sent(f"orders.{n % 2}", b"{}") for n in range(10))


async def test_streams_that_can_be_copied_end_it_with_0(crossing: Crossing) -> None:
    await fill(crossing)

    code, output = await check(crossing, crossing.write_settings(start_sequence=4))
    assert code == 0, output
    assert "the source holds 10 messages" in output
    assert "would copy from source message 4: the target is empty" in output

    async with crossing.replicate(crossing.write_settings(), "--once") as program:
        assert await program.ended() == 0, program.output
    code, output = await check(crossing, crossing.write_settings(start_sequence=4))
    assert code == 0, output
    assert "would copy from source message 11: the target ends with the copy of 10" in output


async def test_topics_that_can_be_copied_end_it_with_0(crossing: Crossing) -> None:
    await fill(crossing)

    code, output = await check(crossing, topics(crossing))
    assert code == 0, output
    assert "would make stream ORDERS with subjects orders.1" in output

    code, output = await check(crossing, topics(crossing, workers=3), "--json")
    assert code == 0, output
    (entry,) = json.loads(output)
    assert any("order is given up" in step for step in entry["steps"])


async def test_an_absent_source_ends_it_with_1(crossing: Crossing) -> None:
    code, output = await check(crossing, crossing.write_settings())

    assert code == 1
    assert f"error: there is no stream {STREAM} at nats://127.0.0.1" in output


@contextlib.asynccontextmanager
async def deaf_server() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A URL where connections are taken and nothing is said, and whether one was."""
    taken = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        taken.set()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}", taken
        for writer in writers:
            writer.close()


async def test_unreachable_sides_end_it_with_3_within_half_a_minute(crossing: Crossing) -> None:
    async with deaf_server() as (url, _taken):
        crossing.source_url = url
        crossing.target_url = "nats://127.0.0.1:1"

        code, output = await check(crossing, crossing.write_settings())

    assert code == 3
    assert f"error: no server of {url} could be reached within 10 s" in output


async def test_one_signal_ends_a_check(crossing: Crossing) -> None:
    async with deaf_server() as (url, taken):
        crossing.source_url = url
        async with crossing.replicate(crossing.write_settings(), "--check") as program:
            async with asyncio.timeout(60):
                await taken.wait()
            program.terminate()
            assert await program.ended() == 143, program.output


async def test_a_port_that_is_taken_ends_check_and_run_with_2(crossing: Crossing) -> None:
    await fill(crossing)
    with socket.create_server(("", 0)) as taken:
        top = {"monitor_port": taken.getsockname()[1]}
        settings = crossing.write_settings(top=top)
        code, output = await check(crossing, settings)
        async with crossing.replicate(settings) as program:
            assert await program.ended() == 2, program.output

    assert code == 2
    words = f"the monitor cannot listen on port {top['monitor_port']}: it is taken"
    assert words in output
    assert words in program.output


@pytest.mark.parametrize("key", ["logfile", "state_store"])
async def test_a_folder_that_is_far_from_there_ends_check_and_run_with_2(
    crossing: Crossing, key: str
) -> None:
    await fill(crossing)
    path = crossing.folder / "path" / "to" / "file"
    sampling = {"inspect_field": "host", "inspect_duration": "1h"}
    settings = crossing.write_settings(top={key: str(path)}, **sampling)
    folder = path if key == "state_store" else path.parent
    words = f"replicator.yaml:3:2: {key}: there is no folder {folder}; make it (mkdir -p {folder})"

    code, output = await check(crossing, settings)
    async with crossing.replicate(settings) as program:
        assert await program.ended() == 2, program.output

    assert code == 2
    assert words in output
    assert words in program.output
    assert not (crossing.folder / "path").exists()


async def test_the_process_id_goes_by_the_same_rule(crossing: Crossing) -> None:
    await fill(crossing)
    settings = crossing.write_settings()
    far = crossing.folder / "path" / "to" / "pid"

    code, output = await check(crossing, settings, "--pid", str(far))
    async with crossing.replicate(settings, "--pid", str(far)) as program:
        assert await program.ended() == 2, program.output

    assert code == 2
    assert f"--pid: there is no folder {far.parent}" in output
    assert f"--pid: there is no folder {far.parent}" in program.output


async def test_the_last_folder_is_made_by_a_run_and_not_by_a_check(crossing: Crossing) -> None:
    await fill(crossing)
    folder = crossing.folder
    top = {"logfile": str(folder / "logs" / "sr.log"), "state_store": str(folder / "state")}
    sampling = {"inspect_field": "host", "inspect_duration": "1h"}
    settings = crossing.write_settings(top=top, **sampling)
    pid = ("--pid", str(folder / "run" / "sr.pid"))

    code, output = await check(crossing, settings, *pid)
    assert code == 0, output
    made = [folder / name for name in ("logs", "state", "run")]
    assert [f"would make the folder {one} (" in output for one in made] == [True] * 3
    assert not any(one.exists() for one in made)

    async with crossing.replicate(settings, "--once", *pid) as program:
        assert await program.ended() == 0, program.output
    assert '"msg": "copying"' in (folder / "logs" / "sr.log").read_text()
    assert (folder / "state").stat().st_mode & 0o777 == 0o700
    assert [one.name for one in (folder / "state").iterdir()] == ["ORDERS_testsite.json"]


async def test_the_command_line_alone_is_checked_too(crossing: Crossing) -> None:
    await fill(crossing)
    urls = ("--source", crossing.source_url, "--target", crossing.target_url)

    async with run_choria("replicate", *urls, "--stream", STREAM, "--check") as program:
        assert await program.ended() == 0, program.output

    assert "would write by fast ingest" in program.output
