"""``choria measure`` as people run it."""

import asyncio
import contextlib
import csv
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import ScriptedNodes, scripted_nodes

NODES = tuple(f"emu-{number}" for number in range(1, 8))


@dataclass(frozen=True)
class Told:
    """What the program printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A folder with the configuration of a client, a broker and seven nodes."""

    folder: Path
    broker: Broker
    nodes: ScriptedNodes

    async def choria(self, *words: str) -> Told:
        """Run the program in the folder."""
        process = await self.started(*words)
        out, err = await process.communicate()
        assert process.returncode is not None
        return Told(process.returncode, out.decode(), err.decode())

    async def started(self, *words: str) -> asyncio.subprocess.Process:
        """The program, running."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        own = {"HOME": str(self.folder), "COLUMNS": "100", "MCOLLECTIVE_CERTNAME": "desk.example"}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "choria",
            *words,
            cwd=self.folder,
            env=kept | own,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def measure(self, *words: str) -> Told:
        """Measure, as briefly as can be."""
        brief = ("--discovery-timeout", "300ms", "--timeout", "300ms", "--grace", "0s")
        return await self.choria("measure", *words, "-c", "client.cfg", *brief)


@pytest_asyncio.fixture
async def desk(make_broker: MakeBroker, tmp_path: Path) -> AsyncIterator[Desk]:
    """Seven nodes on a broker with a monitor, and a client."""
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    (tmp_path / "client.cfg").write_text(
        "identity = desk.example\nplugin.security.provider = file\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
    )
    async with scripted_nodes(broker, *NODES) as nodes:
        yield Desk(tmp_path, broker, nodes)


async def test_a_suite_leaves_tables_a_summary_and_a_page(desk: Desk) -> None:
    told = await desk.measure("3", "7", "three requests", "out", "--warmup", "1")

    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0].startswith("found 7 nodes in ")
    assert [line.split(" OK: ")[1].split(" ELAPSED TIME ")[0] for line in lines[1:5]] == [
        "7 / 7"
    ] * 4
    assert " #: 3 OK: " in lines[4]
    assert lines[-1] == "out/report.html"
    out = desk.folder / "out"
    recorded = vectors.path("measure-requests.csv").read_text().splitlines()[0]
    requests = (out / "requests.csv").read_text().splitlines()
    assert requests[0] == recorded
    assert len(requests) == 4
    assert len(list(csv.reader((out / "times.csv").read_text().splitlines()))) == 3
    suite = json.loads((out / "suite.json").read_bytes())
    recorded_suite = json.loads(vectors.path("measure-suite.json").read_bytes())
    assert list(suite) == list(recorded_suite)
    assert len(suite["id"]) == len(recorded_suite["id"])
    summary = json.loads((out / "summary.json").read_bytes())
    assert summary["metrics"]["complete"] == 3
    assert summary["configuration"]["mode"] == "broadcast"
    assert (out / "report.html").read_text().startswith("<!doctype html>")


async def test_thresholds_decide_how_it_ends_and_all_are_told(desk: Desk) -> None:
    words = ("--threshold", "p99<10s", "--threshold", "missing==0", "--threshold", "ok>999")

    told = await desk.measure("1", "7", "x", "out", *words)

    assert told.code == 1
    assert told.err == ""
    kept = [line for line in told.out.splitlines() if line.startswith("threshold ")]
    assert [line.split()[1] for line in kept] == ["kept", "kept", "BROKEN"]
    summary = json.loads((desk.folder / "out" / "summary.json").read_bytes())
    assert [one["is_kept"] for one in summary["thresholds"]] == [True, True, False]


async def test_a_run_is_compared_with_an_earlier_one(desk: Desk) -> None:
    await desk.measure("1", "7", "old", "old")

    told = await desk.measure("2", "7", "new", "new", "--compare", "old/summary.json")

    assert told.code == 0, told.err
    assert "compared with old/summary.json" in told.out
    assert "measured something else: count was 1 and is 2\n" in told.out
    summary = json.loads((desk.folder / "new" / "summary.json").read_bytes())
    [ok] = [one for one in summary["comparison"] if one["name"] == "ok"]
    assert (ok["old"], ok["new"], ok["ratio"]) == (7, 14, 2)
    assert "Old is old/summary.json" in (desk.folder / "new" / "report.html").read_text()


async def test_nodes_that_do_not_answer_are_named_five_a_line(desk: Desk) -> None:
    desk.nodes.answer = lambda asked: (
        [asked.reply()] if asked.request.agent == "discovery" or asked.node == NODES[0] else []
    )

    told = await desk.measure("1", "7", "x", "out")

    assert told.code == 0
    assert "   6 nodes did not answer in time:\n" in told.out
    assert "      emu-2, emu-3, emu-4, emu-5, emu-6\n      emu-7\n" in told.out


async def test_other_than_the_expected_nodes_are_an_error_that_names_how_many(desk: Desk) -> None:
    told = await desk.measure("1", "9", "x", "out")

    assert told.code == 1
    assert told.err.startswith("error: expected 9 nodes with the agent emulated0, found 7 within")
    assert (await desk.measure("1", "7", "x", "out")).code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_a_suite_that_is_broken_off_keeps_what_it_has(
    desk: Desk, number: signal.Signals
) -> None:
    words = ("--discovery-timeout", "300ms", "--timeout", "600s")
    desk.nodes.answer = lambda asked: [asked.reply()] if len(desk.nodes.requests) <= 14 else []
    running = await desk.started("measure", "5", "7", "x", "out", "-c", "client.cfg", *words)
    assert running.stdout is not None
    async with asyncio.timeout(60):
        while b"#: 1" not in await running.stdout.readline():
            pass
        running.send_signal(number)
        await running.communicate()

    assert running.returncode == (0 if number is signal.SIGINT else -number)
    assert len((desk.folder / "out" / "requests.csv").read_text().splitlines()) == 2
    assert (desk.folder / "out" / "suite.json").exists()
    assert (desk.folder / "out" / "report.html").exists() is (number is signal.SIGINT)


async def test_results_of_another_run_are_not_touched(desk: Desk) -> None:
    await desk.measure("1", "7", "x", "out")
    before = (desk.folder / "out" / "requests.csv").read_text()

    told = await desk.measure("1", "7", "x", "out")

    assert told.code == 2
    assert "out holds the results of another run (requests.csv); name another folder" in told.err
    assert (desk.folder / "out" / "requests.csv").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--threshold", "p98<2s"), "did you mean p99"),
        (("--timeout", "soon"), "--timeout: "),
        (("--agent", "a b"), "--agent: 'a b' is no name of an agent"),
        (("--compare", "client.cfg"), "client.cfg is no summary.json"),
    ],
)
async def test_wrong_usage_is_told_before_anything_is_done(
    desk: Desk, words: tuple[str, ...], said: str
) -> None:
    told = await desk.choria("measure", "1", "7", "x", "out", "-c", "client.cfg", *words)

    assert told.code == 2
    assert said in told.err
    assert not (desk.folder / "out").exists()
    assert desk.nodes.bodies == []


async def test_a_broker_that_is_not_there_is_a_matter_of_the_network(desk: Desk) -> None:
    await desk.broker.kill()
    config = desk.folder / "client.cfg"
    config.write_text(f"{config.read_text()}discovery_timeout = 1\n")

    told = await desk.measure("1", "7", "x", "out")

    assert told.code == 3
    assert "could be reached" in told.err


async def test_help_of_both_forms_is_there_and_each_tells_of_the_other(desk: Desk) -> None:
    told = await desk.choria("measure", "--help")

    assert told.code == 0
    for word in ("--size", "--force-direct", "--threshold", "OUTDIR", "choria measure broker"):
        assert word in told.out
    told = await desk.choria("measure", "broker", "--help")
    assert told.code == 0
    assert "--until-stable" in told.out
    assert (await desk.choria("measure")).out.count("--size") == 1


async def test_a_broker_is_sampled_into_a_table_and_a_page(desk: Desk) -> None:
    words = ("--source", "varz", "--variable", "connections", "--variable", "in_msgs")
    url = ("--url", desk.broker.monitor_url)

    told = await desk.choria(
        *("measure", "broker", *url, *words),
        *("--out", "b", "--interval", "10ms", "--duration", "100ms"),
    )

    assert told.code == 0, told.err
    rows = list(csv.DictReader((desk.folder / "b" / "samples.csv").read_text().splitlines()))
    assert list(rows[0]) == ["time", "seconds", "connections", "in_msgs"]
    assert {row["connections"] for row in rows} == {"1"}
    assert told.out.splitlines()[-1] == "b/report.html"
    assert not (desk.folder / "b" / "increments.csv").exists()
    summary = json.loads((desk.folder / "b" / "summary.json").read_bytes())
    assert summary["variables"]["connections"]["max"] == 1


async def test_a_storm_ends_on_a_line_like_the_original_and_two_rows(desk: Desk) -> None:
    async with contextlib.AsyncExitStack() as stack:
        more = [
            await stack.enter_async_context(
                await connect(parse_endpoint(desk.broker.url), name=f"c{number}")
            )
            for number in range(5)
        ]
        running = await desk.started(
            *("measure", "broker", "--url", desk.broker.monitor_url, "--source", "varz"),
            *("--variable", "connections", "--out", "storm.csv", "--interval", "10ms"),
            *("--until-stable", "--stable-for", "3s"),
        )
        assert running.stdout is not None
        assert b"connections is 6" in await asyncio.wait_for(running.stdout.readline(), 30)
        await desk.broker.restart()
        for connection in more:
            await connection.wait_connected()
        out, _ = await asyncio.wait_for(running.communicate(), 60)

    assert running.returncode == 0
    assert b"Stable on 6 connections @ time elapsed " in out
    [times, increments] = csv.reader((desk.folder / "storm.csv").read_text().splitlines())
    assert times[:1] == ["0.0"]
    assert len(times) == len(increments)
    storm = json.loads((desk.folder / "storm.json").read_bytes())["storm"]
    assert sum(map(int, increments)) == 6 - storm["base"] > 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--variable", "num_subscription"), 2, "did you mean num_subscriptions"),
        (("--url", "localhost"), 2, "is no URL of a monitor"),
        (("--url", "http://127.0.0.1:1"), 3, "cannot be reached"),
    ],
)
async def test_what_a_broker_does_not_have_is_told_and_leaves_nothing(
    desk: Desk, words: tuple[str, ...], code: int, said: str
) -> None:
    url = () if "--url" in words else ("--url", desk.broker.monitor_url)

    told = await desk.choria("measure", "broker", "--out", "b", *url, *words)

    assert told.code == code
    assert said in told.err
    assert not (desk.folder / "b" / "samples.csv").exists()


@pytest.mark.parametrize("words", [("1", "7", "no\udcfftext", "out"), ("1", "7", "x", "o\x1bt")])
async def test_what_cannot_be_printed_is_refused_before_anybody_is_asked(
    desk: Desk, words: tuple[str, ...]
) -> None:
    told = await desk.measure(*words)

    assert told.code == 2
    assert "is not printable text" in told.err
    assert [file.name for file in desk.folder.iterdir()] == ["client.cfg"]


async def test_a_broker_that_does_not_come_back_leaves_a_report_of_what_was(desk: Desk) -> None:
    desk.nodes.answer = lambda asked: [asked.reply()] if len(desk.nodes.requests) <= 14 else []
    words = ("--discovery-timeout", "300ms", "--timeout", "1s", "--grace", "0s")
    running = await desk.started("measure", "50", "7", "x", "out", "-c", "client.cfg", *words)
    assert running.stdout is not None
    async with asyncio.timeout(60):
        while b"#: 1" not in await running.stdout.readline():
            pass
        await desk.broker.kill()
        out, err = await running.communicate()

    assert running.returncode == 3
    assert b"was lost, and not made anew" in err
    assert b"of 50 requests" in out
    assert (desk.folder / "out" / "report.html").exists()
