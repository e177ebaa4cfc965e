"""Who breaks a command off sees what came so far; who waits only so long does not wait longer."""

import asyncio
import json
import os
import re
import signal
import sys

import pytest

from packages.core.tests.commands.conftest import Fleet

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTERRUPTED = 130


async def interrupted(fleet: Fleet, *words: str, after: str) -> tuple[int, str]:
    """Run the program until it prints a line with ``after``, and send it SIGINT then."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "choria", *words, "--config", "client.cfg"),
        cwd=fleet.folder,
        env=kept | {"HOME": str(fleet.folder), "INSECURE_YES_REALLY": "true"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    out = ""
    while after not in out:
        line = await process.stdout.readline()
        assert line, out
        out += line.decode()
    process.send_signal(signal.SIGINT)
    out += (await process.stdout.read()).decode()
    return await process.wait(), out


async def test_a_ping_that_is_broken_off_prints_its_statistics(fleet: Fleet) -> None:
    code, out = await interrupted(
        fleet, "ping", "--timeout", "60", "-I", "node1.example", after="node1"
    )

    assert code == INTERRUPTED
    assert re.search(r"\n---- ping statistics ----\n1 replies max: .* overhead: \S+s\n$", out)


async def test_a_call_that_is_broken_off_between_batches_prints_what_came(fleet: Fleet) -> None:
    nodes = ("-I", "node1.example", "-I", "node2.example")
    pace = ("--batch", "1", "--batch-sleep", "60")
    code, out = await interrupted(
        fleet, "rpc", "rpcutil", "ping", *nodes, *pace, "--jsonl", after='"node1.example"'
    )

    *_, last = map(json.loads, out.splitlines())
    assert code == INTERRUPTED
    assert last["stat"]["ok"] == 1
    assert last["stat"]["no_responses"] == ["node2.example"]


async def test_a_call_that_waits_for_the_last_node_prints_what_came(fleet: Fleet) -> None:
    nodes = ("-I", "node1.example", "-I", "nowhere.example")
    code, out = await interrupted(
        fleet, "rpc", "rpcutil", "ping", *nodes, "-t", "60", "--jsonl", after='"node1.example"'
    )

    *_, last = map(json.loads, out.splitlines())
    assert code == INTERRUPTED
    assert last["stat"]["ok"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ["ping", "--timeout", "1"],
        ["rpc", "rpcutil", "ping", "--discovery-timeout", "1"],
        ["find", "--discovery-timeout", "1"],
        ["inventory", "node1.example", "--timeout", "0.2"],
        ["facts", "os", "--timeout", "1"],
    ],
)
async def test_a_broker_that_is_not_there_is_tried_as_long_as_options_say(
    fleet: Fleet, words: list[str]
) -> None:
    text = (fleet.folder / "client.cfg").read_text()
    (fleet.folder / "away.cfg").write_text(re.sub(r"127.0.0.1:\d+", "127.0.0.1:9", text))

    told = await fleet.choria(*words, config="away.cfg")

    assert told.code == 3
    assert "could be reached within 1 s" in told.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["inventory", "node1.example", "-C", "apache"], "filters go with --collectives"),
        (["inventory", "node1.example", "-T", "mcollective"], "filters go with --collectives"),
        (["find", "--do", "file=x"], "the discovery method mc has no option 'file'"),
        (["find", "--dm", "inventory", "--do", "shade=green"], "has no option 'shade'"),
        (["rpc", "rpcutil", "ping", "--do", "file=x"], "the discovery method mc has no option"),
    ],
)
async def test_what_would_be_passed_over_is_refused(
    fleet: Fleet, words: list[str], problem: str
) -> None:
    told = await fleet.choria(*words)

    assert told.code == 2
    assert problem in told.err
