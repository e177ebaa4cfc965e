"""The same words to the Go client and to ours, of the same nodes: the same is printed."""

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_server
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.serving import serving

pytestmark = pytest.mark.timeout(300)

AT_ONCE = 4
"""Programs under way: they mostly wait for the discovery timeout."""

COMMON = (
    "collectives = mcollective,uk\nplugin.choria.use_srv = false\nplugin.security.provider = file\n"
)
NAMES = HostNames(host_name=lambda: "machine.example.net")

NOT_COMPARED = re.compile(
    r'^time="[^\n]*\n'  # logs of Go
    r"|^Discovering nodes [^\n]*\n|^\d+\n|^Invoking [^\n]*\n"  # its progress, on standard output
    r"|^\x1b[^\n]*\n|^\d+ / \d+ [^\n]*\n",
    re.MULTILINE,
)
VARYING = re.compile(
    r"\b[\d.]+(?:ns|us|µs|ms|s)\b|(?<=time=)\d+|\b1[0-9]{9}\b|[\d-]+T[\d:]+\+0000"
    r"|(?:Messages|Filters|Filtered|Sent): \d+"
)
"""Times, and how much the node has done so far."""

PRINTED = (
    "find",
    "find -F country=mt",
    "find -F os.release.major>=12 -C /^roles/",
    "find -S with('apache')",
    "find -W apache -W country=mt",
    "find -I /node2/ -A rpcutil",
    "find -T uk",
    "find -j",
    "ping",
    "ping --names",
    "ping -I node1.example",
    "rpc rpcutil get_fact fact=country --np",
    "rpc rpcutil get_fact fact=os --np",
    "rpc rpcutil get_fact fact=processors.models --np",
    "rpc rpcutil get_facts facts=country,kernel,tags --np",
    "rpc rpcutil get_fact fact=load --table --np",
    "rpc rpcutil get_fact fact=os --np -v -I node1.example",
    "rpc rpcutil get_fact fact=country --senders",
    "rpc rpcutil get_fact fact=country --sort --np",
    "rpc rpcutil get_fact fact=country --np --display none",
    "rpc rpcutil get_fact fact=country --np --display failed",
    "rpc rpcutil get_config_item item=collectives --np",
    "facts country",
    "facts country -v",
    "facts os -j",
    "facts os.family -t",
    "facts os.family -t -n",
    "facts tags -n",
    "facts nothing_of_this_name",
    "inventory --collectives",
    "inventory node2.example",
    "inventory node1.example --no-facts",
)

DOCUMENTS = (
    "rpc rpcutil ping -j",
    "rpc rpcutil get_fact fact=os -j",
    "rpc rpcutil get_facts facts=country,kernel -j",
    "rpc rpcutil daemon_stats -j -I node1.example",
    "rpc rpcutil get_fact fact=kernel --limit 1 -j",
    "rpc rpcutil get_fact fact=country -j --filter-replies data('value')=='mt'",
    "rpc rpcutil get_fact fact=country --jsonl",
)


@dataclass(frozen=True, slots=True)
class Both:
    """Two programs that ask the same nodes."""

    go: Path
    folder: Path

    async def differences(
        self, commands: Iterable[str], essence: Callable[[str], Sequence[str]]
    ) -> str:
        """What the programs print otherwise; ``essence`` is what is compared."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def difference(words: str) -> str:
            async with turns:
                own = essence(await self._run(sys.executable, "-m", "choria", *words.split()))
                go = essence(await self._run(str(self.go), *words.split()))
            return "" if go == own else f"{words}\nGo:   {go}\nours: {own}\n\n"

        return "".join(await asyncio.gather(*map(difference, commands)))

    async def _run(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *words,
            *("--config", str(self.folder / "client.cfg")),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "USER": "nobody",
                "TZ": "UTC",
                "INSECURE_YES_REALLY": "true",
                "MCOLLECTIVE_CERTNAME": "client.mcollective",
            },
        )
        out, problem = await process.communicate()
        assert process.returncode == 0, f"{words}\n{out.decode()}\n{problem.decode()}"
        return out.decode()


@pytest_asyncio.fixture
async def both(choria_go: Path, make_broker: MakeBroker, tmp_path: Path) -> AsyncIterator[Both]:
    """Two nodes of ours."""
    broker = await make_broker(jetstream=False)
    hosts = f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
    (tmp_path / "client.cfg").write_text(
        f"identity = client.example\n{COMMON}{hosts}discovery_timeout = 2\nloglevel = fatal\n"
    )
    async with contextlib.AsyncExitStack() as stack:
        for number in (1, 2):
            await stack.enter_async_context(_node(number, hosts, broker, tmp_path))
        yield Both(choria_go, tmp_path)


def _node(number: int, hosts: str, broker: Broker, folder: Path) -> Any:
    file = folder / f"server{number}.cfg"
    file.write_text(
        f"identity = node{number}.example\n{COMMON}{hosts}rpcauthorization = false\n"
        f"plugin.yaml = {vectors.path(f'facts-node{number}.yaml')}\n"
        f"classesfile = {vectors.path(f'classes-node{number}.txt')}\n"
    )
    host = Host(NAMES, {"INSECURE_YES_REALLY": "true", "HOME": str(folder)})
    return serving(load_server(file, host=host), broker)


def comparable(text: str) -> list[str]:
    """Lines without times; sorted, as nodes answer in any order."""
    shown = VARYING.sub("N", NOT_COMPARED.sub("", text)).splitlines()
    # Which line of an array ends with a comma depends on the order, too.
    return sorted(line.strip().rstrip(",") for line in shown if line.strip())


async def test_both_programs_print_the_same(both: Both) -> None:
    assert await both.differences(PRINTED, comparable) == ""


async def test_both_programs_print_json_with_the_same_keys_and_types(both: Both) -> None:
    assert await both.differences(DOCUMENTS, shapes) == ""


def shapes(text: str) -> list[str]:
    """Keys and types of each document."""
    return sorted({shape(document) for document in documents(text)})


def documents(text: str) -> list[Any]:
    """The lines of JSON, or the one document."""
    if text.startswith('{"k"'):
        found = [json.loads(line) for line in text.splitlines()]
        for line in found:
            # The text of the message stands beside it as ``rr``: ours does not say it twice.
            line.get("pr", {}).pop("message", None)
        return found
    return [json.loads(text[text.index("{") :])]


def shape(value: object) -> str:
    """Keys and types, in no order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shape(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return f"[{', '.join(sorted({shape(item) for item in value}))}]"
    return (
        "number" if isinstance(value, int | float) and value is not True else type(value).__name__
    )
