"""``choria adapter`` as a program."""

import asyncio
import json
import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from choria_core.nats.jetstream import NANOSECONDS
from choria_testing.programs import run_choria
from packages.plugins.adapter.tests.conftest import REGISTRATION, Lab, request

PREFIX = "plugin.choria.adapter.reg"


def environment() -> Mapping[str, str]:
    return os.environ | {"INSECURE_YES_REALLY": "true"}


def written(lab: Lab, *lines: str) -> str:
    lab.config(*lines)  # which must be right
    return str(lab.folder / "adapter.cfg")


async def got(url: str) -> bytes:
    def get() -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:
            content: bytes = answer.read()
            return content

    return await asyncio.to_thread(get)


async def test_it_runs_until_it_is_told_to_end(lab: Lab) -> None:
    file = written(lab, "logfile = stdout", "plugin.choria.stats_address = 127.0.0.1")
    words = ("adapter", "run", "--config", file, "--monitor-port", "0")
    async with run_choria(*words, environment=environment()) as program:
        await program.said("the adapter is ready")
        port = json.loads(await program.said("the monitor listens"))["port"]
        await lab.register(*(request(sender=f"node{number}") for number in range(100)))
        await lab.streams.reached("REG", sequence=100)
        assert json.loads(await got(f"http://127.0.0.1:{port}/healthz"))["ok"]
        program.terminate()
        assert await program.ended() == 0
        assert "the adapter has ended" in program.output
        assert '"published": 100' in program.output


async def test_it_ends_while_no_broker_is_there(lab: Lab) -> None:
    file = written(lab, "logfile = stdout", "plugin.choria.middleware_hosts = localhost:1")
    words = ("adapter", "run", "--config", file)
    async with run_choria(*words, environment=environment()) as program:
        await program.said("not connected")
        program.terminate()
        assert await program.ended() == 0


async def test_check_says_what_would_be_done(lab: Lab) -> None:
    window = {"duplicate_window": 30 * NANOSECONDS}
    await lab.streams.update_stream({"name": "REG", "subjects": ["REG.>"], **window})
    file = written(lab, "plugin.choria.adapter.nobody.type = jetstream")
    words = ("adapter", "check", "--config", file)
    async with run_choria(*words, environment=environment()) as program:
        assert await program.ended() == 0
        url = f"nats://localhost:{lab.broker.port}"
        for line in (
            f"warning: {file}:10: plugin.choria.adapter.nobody.type: nobody does not run",
            "reg:",
            f"  reads request messages on {REGISTRATION}",
            "  writes to REG.%s",
            "  believes every sender, unverified",
            f"  ingest broker {url}: connected",
            "  stream REG: publishes again for 15s",
        ):
            assert line in program.output


@pytest.mark.parametrize(
    ("lines", "words", "code", "text"),
    [
        ([f"{PREFIX}.type = nats_stream"], ["run"], 2, "cfg:10: plugin.choria.adapter.reg.type"),
        ([f"{PREFIX}.queue_len = 0"], ["check"], 2, f"cfg:10: {PREFIX}.queue_len: must be at"),
        ([f"{PREFIX}.verify = 1"], ["check", "--offline"], 2, f"cfg:10: {PREFIX}.verify: nothing"),
        (["plugin.choria.middleware_hosts = localhost:1"], ["check"], 3, "could be reached"),
        ([f"{PREFIX}.stream.topic = OTHER.%s"], ["check"], 3, "no stream of"),
        ([f"{PREFIX}.stream.servers = localhost:1"], ["check"], 3, "localhost:1"),
    ],
)
async def test_what_is_wrong_is_one_line_and_an_exit_code(
    lines: list[str], words: list[str], code: int, text: str, lab: Lab
) -> None:
    file = written(lab, *lines)
    async with run_choria("adapter", *words, "--config", file, environment=environment()) as run:
        assert await run.ended() == code
        assert text in run.output
        assert "Traceback" not in run.output


async def test_a_file_without_adapters_is_no_use(tmp_path: Path) -> None:
    file = tmp_path / "server.cfg"
    file.write_text("identity = broker.example\n")
    async with run_choria("adapter", "run", "--config", str(file)) as program:
        assert await program.ended() == 2
        assert f"{file}: plugin.choria.adapters: names no adapter" in program.output


async def test_processes_of_one_configuration_share_the_work(lab: Lab) -> None:
    file = written(lab, "logfile = stdout")
    words = ("adapter", "run", "--config", file)
    async with (
        run_choria(*words, environment=environment()) as one,
        run_choria(*words, environment=environment()) as other,
    ):
        for program in (one, other):
            await program.said("the adapter is ready")
        await lab.register(*(request(sender=f"node{number}") for number in range(400)))
        await lab.streams.reached("REG", sequence=400)
        counts = []
        for program in (one, other):
            program.terminate()
            assert await program.ended() == 0
            ended = json.loads(await program.said("the adapter has ended"))
            counts.append(ended["published"])

    assert sum(counts) == 400
    assert min(counts) > 50
