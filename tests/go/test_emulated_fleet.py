"""The Go client asks an emulated fleet; and its nodes listen to what a Go server listens to."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from choria_core.broker.options import ANY_PORT
from choria_core.broker.server import Broker
from choria_testing.emulated_fleets import EmulatedFleet, connections, emulated_fleet
from choria_testing.fixtures import MakeBroker
from choria_testing.go_client import GoClient
from choria_testing.programs import run_choria

WEB: Final = [f"web-{number}" for number in range(1, 9)]
DB: Final = [f"db-{number}" for number in range(1, 5)]
ALL: Final = sorted(WEB + DB)

FLEET: Final = """\
groups:
  web: {count: 8, classes: [role::web], facts: {country: mt, cores: 4, os: {name: debian}}}
  db: {count: 4, agents: 2, classes: [role::db], facts: {country: de, cores: 16}}
"""

FILTERS: Final[Mapping[tuple[str, ...], list[str]]] = {
    (): ALL,
    ("-F", "country=mt"): WEB,
    ("-F", "os.name=/deb/"): WEB,
    ("-F", "cores>8"): DB,
    ("-F", "country!=mt"): DB,
    ("-C", "role::db"): DB,
    ("-C", "/^role/"): ALL,
    ("-A", "emulated1"): DB,
    ("-I", "web-3", "-I", "/^db-[12]$/"): ["db-1", "db-2", "web-3"],
    ("-S", "fact('cores') == 16 && ! with('role::web')"): DB,
    ("-W", "role::web country=mt"): WEB,
    ("-F", "country=mt", "-C", "role::db"): [],
}

AT_ONCE: Final = 4
"""Programs under way: they mostly wait for the discovery timeout."""

READY_SECONDS: Final = 60.0

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def choria_go_plain() -> Path:
    """The Go program without security that ``CHORIA_GO_PLAIN`` names; or the test skips."""
    named = os.environ.get("CHORIA_GO_PLAIN")
    if not named:
        pytest.skip("CHORIA_GO_PLAIN names no Go choria program without security")
    return Path(named)


@pytest_asyncio.fixture(params=["plain", "signed TLS"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GoClient]:
    """A fleet, and the Go client with the configuration that the fleet wrote."""
    if request.param == "plain":
        program: Path = request.getfixturevalue("choria_go_plain")
        options, environment = [], {"INSECURE_YES_REALLY": "true"}
    else:
        program = request.getfixturevalue("choria_go")
        options, environment = ["--tls", "--verify", "--secure"], {}
    (tmp_path / "fleet.yaml").write_text(FLEET)
    words = ("--fleet", str(tmp_path / "fleet.yaml"), "--write-config", str(tmp_path))
    async with emulated_fleet(*words, *options) as fleet:
        await fleet.ready()
        await described(fleet, tmp_path)
        yield GoClient(program, tmp_path / "client.conf", environment | {"USER": "nobody"})


async def described(fleet: EmulatedFleet, folder: Path) -> None:
    """Write the description of the agent where the Go client finds it."""
    ddls = folder / "choria" / "agent"
    ddls.mkdir(parents=True)
    async with run_choria("plugin", "ddl", "emulated0", "--out", str(ddls)) as program:
        assert await program.ended() == 0, program.output + fleet.program.output
    with (folder / "client.conf").open("a") as config:
        config.write(f"libdir = {folder}\n")


async def test_the_go_client_pings_finds_and_calls_nodes(client: GoClient) -> None:
    few = asyncio.Semaphore(AT_ONCE)

    async def say(*words: str) -> str:
        async with few:
            return await client.say(*words)

    ping, request, inventory, *found = await asyncio.gather(
        say("ping"),
        say("rpc", "emulated0", "generate", "size=100", "-j"),
        say("inventory", "web-7"),
        *(say("find", *words) for words in FILTERS),
    )

    assert sorted(line.split()[0] for line in ping.splitlines() if "time=" in line) == ALL
    assert f"{len(ALL)} replies" in ping
    printed = json.loads(request[request.index("{") :])
    assert sorted(reply["sender"] for reply in printed["replies"]) == ALL
    assert {reply["data"]["message"] for reply in printed["replies"]} == {"0123456789" * 10}
    assert {reply["statuscode"] for reply in printed["replies"]} == {0}
    told = printed["request_stats"]
    assert (told["ok"], told["failed"]) == (len(ALL), 0)
    for part in ("Inventory for web-7", "role::web", '"country": "mt"', "emulated0", "rpcutil"):
        assert part in inventory
    answers = [sorted(names.split()) for names in found]
    assert answers[:-1] == list(FILTERS.values())[:-1]
    assert not set(answers[-1]) & set(ALL)


async def test_a_node_listens_to_what_a_stock_go_server_listens_to(
    choria_go_plain: Path, make_broker: MakeBroker, tmp_path: Path
) -> None:
    broker = await make_broker(jetstream=False, monitor_port=ANY_PORT)
    words = ("--instances", "1", "--name", "emu", "--collectives", "3", "--agents", "0")
    server = ("--server", f"127.0.0.1:{broker.port}")
    async with (
        go_server(choria_go_plain, broker, tmp_path),
        emulated_fleet(*words, *server, "--profile", "stock") as fleet,
    ):
        await fleet.ready()
        theirs = await subjects_of(broker, "go.example")
        ours = await subjects_of(broker, "emu-1")

    assert ours == [subject.replace("go.example", "emu-1") for subject in theirs]
    assert len(ours) == 3 * (1 + 4)


@contextlib.asynccontextmanager
async def go_server(program: Path, broker: Broker, folder: Path) -> AsyncIterator[None]:
    """A stock Go server, go.example, in three collectives."""
    (folder / "server.cfg").write_text(
        "identity = go.example\ncollectives = mcollective,collective1,collective2\n"
        "main_collective = mcollective\nplugin.choria.use_srv = false\n"
        "plugin.choria.server.provision = false\nplugin.security.provider = file\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\nloglevel = warn\n"
    )
    process = await asyncio.create_subprocess_exec(
        program,
        *("server", "run", "--config", str(folder / "server.cfg")),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"INSECURE_YES_REALLY": "true", "HOME": str(folder), "PATH": os.environ["PATH"]},
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def subjects_of(broker: Broker, name: str) -> list[str]:
    """What a node listens to, once its list has not grown for a while."""
    seen: list[str] = []
    same = 0
    async with asyncio.timeout(READY_SECONDS):
        while same < 5:
            found = await connections(broker.monitor_url, subscriptions=True)
            mine = [one for one in found if one.get("name") == name]
            now = sorted(subject for one in mine for subject in one["subscriptions_list"])
            same = same + 1 if now and now == seen else 0
            seen = now
            await asyncio.sleep(0.2)
    return seen
