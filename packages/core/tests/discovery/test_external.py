"""Programs that find nodes: real ones, written by the tests."""

import sys
from pathlib import Path

import pytest

from choria_core.discovery.external import find_by_program
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, WorkError
from choria_core.filters.grammar import parse_filter
from packages.core.tests.discovery.conftest import MakeClientConfig

PROGRAM = """
import json, os, sys
request, reply, protocol = sys.argv[-3:]
assert request == os.environ["CHORIA_EXTERNAL_REQUEST"]
assert reply == os.environ["CHORIA_EXTERNAL_REPLY"]
assert protocol == os.environ["CHORIA_EXTERNAL_PROTOCOL"]
asked = json.load(open(request))
assert asked["protocol"] == protocol
answer = {"protocol": "io.choria.choria.discovery.v1.external_reply"}
"""


@pytest.fixture
def command(tmp_path: Path) -> "Command":
    """Writes programs."""
    return Command(tmp_path)


class Command:
    """Programs of one test."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "find nodes.py"

    def __call__(self, script: str) -> str:
        """The command that runs ``script`` behind the beginning above."""
        end = 'json.dump(answer, open(reply, "w"))\n'
        self._file.write_text(f"{PROGRAM}{script}\n{end}")
        return f"{sys.executable} '{self._file}' --flag"


async def find(
    make_config: MakeClientConfig, command: str, request: DiscoveryRequest | None = None
) -> list[str]:
    config = make_config({"plugin.choria.discovery.external.command": command})
    return await find_by_program((request or DiscoveryRequest()).completed(config), config)


async def test_a_program_names_nodes(make_config: MakeClientConfig, command: Command) -> None:
    words = command('assert sys.argv[1] == "--flag"; answer["nodes"] = ["b", "a"]; print("fine")')

    assert await find(make_config, words) == ["b", "a"]


async def test_it_is_told_what_is_looked_for(
    make_config: MakeClientConfig, command: Command
) -> None:
    words = command(
        'f = asked["filter"]\n'
        'answer["nodes"] = [f["fact"][0]["fact"], f["cf_class"][0], f["agent"][0], '
        'f["identity"][0], f["compound"][0][0]["expr"], asked["collective"], '
        'asked["options"]["shade"], str(asked["timeout"]).replace(".", "_"), '
        'str(len(asked["federations"])), asked["$schema"].rpartition("/")[2]]'
    )
    wanted = parse_filter(
        facts=["os=Linux"],
        classes=["apache"],
        agents=["rpcutil"],
        identities=["/web/".strip("/")],
        expressions=["true"],
    )
    request = DiscoveryRequest(
        filter=wanted,
        method="external",
        collective="uk",
        timeout_seconds=5.5,
        options={"shade": "green", "command": words},
    )
    config = make_config()

    assert await find_by_program(request, config) == [
        "os",
        "apache",
        "rpcutil",
        "web",
        "true",
        "uk",
        "green",
        "5_5",
        "0",
        "external_request.json",
    ]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ('answer["error"] = "no database"', "no database"),
        ('answer["protocol"] = "other"', "answers by 'other'"),
        ('answer = "text"', "did not write the answer that is due"),
        ('answer["nodes"] = ["a b"]', "is no name of a node"),
        ('sys.exit("it broke")', "ended with 1: it broke"),
    ],
)
async def test_failures_are_told(
    make_config: MakeClientConfig, command: Command, script: str, problem: str
) -> None:
    with pytest.raises(WorkError, match=problem):
        await find(make_config, command(script))


async def test_a_program_that_does_not_end_is_ended(
    make_config: MakeClientConfig, command: Command
) -> None:
    words = command("import time; time.sleep(600)")

    with pytest.raises(WorkError, match="did not end within 1 s"):
        await find(make_config, words, DiscoveryRequest(timeout_seconds=0.1))


async def test_a_command_that_cannot_be_run_is_named(make_config: MakeClientConfig) -> None:
    with pytest.raises(ConfigError, match="/no/such cannot be started: No such file"):
        await find(make_config, "/no/such --program")
    with pytest.raises(ConfigError, match="cannot be read: No closing quotation"):
        await find(make_config, "'open")
    with pytest.raises(ConfigError, match="no program is named"):
        await find_by_program(DiscoveryRequest().completed(make_config()), make_config())
