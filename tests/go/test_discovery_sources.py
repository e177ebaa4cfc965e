"""The Go client and ours find the same in files, and ask a program the same."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from choria_core.client.call import with_agent
from choria_core.client.client import Client
from choria_core.discovery.inventory_file import SCHEMA
from choria_core.discovery.request import DiscoveryRequest
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.protocol.messages import Filter
from choria_testing import vectors

FILTERS = {
    "fact": ("-F", "facts"),
    "class": ("-C", "classes"),
    "identity": ("-I", "identities"),
    "agent": ("-A", "agents"),
    "compound": ("-S", "expressions"),
}

SAVE = """
import json, sys
request, reply, _ = sys.argv[-3:]
asked = json.load(open(request))
with open({log!r}, "a") as log:
    log.write(json.dumps(asked) + "\\n")
answer = {{"protocol": "io.choria.choria.discovery.v1.external_reply", "nodes": ["a.example"]}}
json.dump(answer, open(reply, "w"))
"""

FindByGo = Callable[..., list[str]]


@pytest.fixture
def config(tmp_path: Path) -> ClientConfig:
    """Of an insecure network, which nobody connects to."""
    file = tmp_path / "client.cfg"
    file.write_text(
        "identity = client.example\nplugin.choria.use_srv = false\n"
        "plugin.security.provider = file\nloglevel = fatal\n"
    )
    names = HostNames(host_name=lambda: "client.example")
    return load_client(file, host=Host(names, _variables(tmp_path)))


@pytest.fixture
def find_by_go(choria_go: Path, tmp_path: Path) -> FindByGo:
    """What ``choria find`` of the Go program prints."""

    def find(*words: str) -> list[str]:
        done = subprocess.run(
            [choria_go, "find", *words, "--config", tmp_path / "client.cfg"],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**_variables(tmp_path), "PATH": os.environ["PATH"]},
        )
        lines = done.stdout.splitlines()
        return [line for line in lines if line and not line.startswith("time=")]

    return find


def _variables(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "USER": "alice", "INSECURE_YES_REALLY": "true"}


def _wanted(record: dict[str, Any]) -> tuple[str, Filter]:
    option, key = FILTERS[record["kind"]]
    return option, with_agent(parse_filter(**{key: [record["filter"]]}), "rpcutil")


async def test_an_inventory_has_the_same_nodes_for_both(
    config: ClientConfig, find_by_go: FindByGo, tmp_path: Path
) -> None:
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(_inventory()))
    records = [record for record in vectors.load("filters.jsonl") if not record["error"]][::4]
    assert len(records) > 20

    async with Client(config) as client:
        for record in records:
            option, wanted = _wanted(record)
            words = ("--dm", "inventory", "--do", f"file={file}", option, record["filter"])
            request = DiscoveryRequest(
                filter=wanted, method="inventory", options={"file": str(file)}
            )
            assert await client.discover(request) == find_by_go(*words), record["filter"]


def _inventory() -> dict[str, Any]:
    import yaml

    return {
        "$schema": SCHEMA,
        "nodes": [
            {
                "name": f"node{number}.example",
                "collectives": ["mcollective"],
                "agents": ["choria_util", "discovery", "rpcutil", "scout"],
                "classes": vectors.path(f"classes-node{number}.txt").read_text().splitlines(),
                "facts": yaml.safe_load(vectors.path(f"facts-node{number}.yaml").read_text()),
            }
            for number in (1, 2)
        ],
    }


async def test_a_program_is_asked_the_same_by_both(
    config: ClientConfig, find_by_go: FindByGo, tmp_path: Path
) -> None:
    log, script = tmp_path / "asked", tmp_path / "find.py"
    script.write_text(SAVE.format(log=str(log)))
    command = shlex.join([sys.executable, str(script)])
    words = ("-F", "os=/x/", "-C", "apache", "-I", "/web/", "-A", "puppet")
    wanted = parse_filter(facts=["os=/x/"], classes=["apache"], identities=["/web/"])
    request = DiscoveryRequest(
        filter=with_agent(with_agent(wanted, "puppet"), "rpcutil"),
        method="external",
        options={"command": command, "shade": "green"},
    )
    options = ("--do", f"command={command}", "--do", "shade=green")

    assert find_by_go("--dm", "external", *options, *words) == ["a.example"]
    async with Client(config) as client:
        assert await client.discover(request) == ["a.example"]

    theirs, ours = (json.loads(line) for line in log.read_text().splitlines())
    theirs["federations"] = theirs["federations"] or []
    assert ours == theirs


async def test_a_file_of_nodes_is_read_the_same_by_both(
    config: ClientConfig, find_by_go: FindByGo, tmp_path: Path
) -> None:
    texts = {
        "nodes.txt": "b.example\na.example\n",
        "nodes.json": '["b.example", "a.example"]',
        "nodes.yaml": "- b.example\n- a.example\n",
    }
    async with Client(config) as client:
        for name, text in texts.items():
            file = tmp_path / name
            file.write_text(text)
            found = await client.discover(DiscoveryRequest(nodes_file=file))
            assert found == find_by_go("--nodes", str(file)) == ["b.example", "a.example"]
