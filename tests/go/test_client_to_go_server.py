"""Our client asks a Go server: signed by certificates, and by tokens, with TLS and without.

Without TLS the Go server is started with a hidden option; requests are signed all the same.
Where ``CHORIA_GO_PLAIN`` names a Go program without security, it is asked without signatures
too.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from choria_core.broker.options import BrokerTls
from choria_core.client.client import Client
from choria_core.client.records import CallRequest, CallResult
from choria_core.discovery.request import DiscoveryRequest, only_identities
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.protocol.messages import Filter
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config

NODE: Final = "node1.example"
READY_SECONDS: Final = 30.0
ANSWER_SECONDS: Final = 2.0

AT_ONCE: Final = 8
"""Questions under way; the Go server holds ten of a subject, and drops what comes beyond."""

CALLS: Final[Sequence[tuple[str, str, dict[str, Any], set[str]]]] = (
    ("rpcutil", "ping", {}, {"pong"}),
    ("rpcutil", "get_fact", {"fact": "country"}, {"fact", "value"}),
    ("rpcutil", "get_facts", {"facts": "country,kernel"}, {"values"}),
    ("rpcutil", "get_config_item", {"item": "identity"}, {"item", "value"}),
    ("rpcutil", "daemon_stats", {}, {"agents", "configfile", "pid", "version", "total"}),
    ("rpcutil", "agent_inventory", {}, {"agents"}),
    ("rpcutil", "collective_info", {}, {"collectives", "main_collective"}),
    ("rpcutil", "inventory", {}, {"agents", "classes", "facts", "collectives"}),
    ("rpcutil", "get_data", {"source": "choria"}, {"agents", "connected_broker"}),
    ("choria_util", "info", {}, {"choria_version", "security", "connected_server"}),
    ("choria_util", "machine_states", {}, {"machine_ids", "states"}),
)

FILTERS: Final = {
    "fact": "facts",
    "class": "classes",
    "identity": "identities",
    "agent": "agents",
    "compound": "expressions",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A network with one Go server.

    Attributes:
        program: that runs the server.
        options: of ``server run``; none of a program without security.
        server, client: lines of their configurations.
        switch: what the client's environment switches off; empty for nothing.
        collective: of both.
        tls: of the broker, which then wants a certificate of everybody.
    """

    program: Path
    options: tuple[str, ...]
    server: tuple[str, ...]
    client: tuple[str, ...]
    switch: str
    collective: str = "mcollective"
    tls: BrokerTls | None = None


@pytest.fixture(params=["signed", "tokens", "signed TLS", "tokens TLS", "plain"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Setting:
    """Every kind of network that can be tried here."""
    if request.param == "plain":
        named = os.environ.get("CHORIA_GO_PLAIN")
        if not named:
            pytest.skip("CHORIA_GO_PLAIN names no Go choria program without security")
        provider = ("plugin.security.provider = file",)
        return Setting(Path(named), (), provider, provider, "INSECURE_YES_REALLY")
    program: Path = request.getfixturevalue("choria_go")
    kind, _, is_encrypted = request.param.partition(" ")
    files = NetworkFiles(tmp_path)
    if kind == "signed":
        server, client = files.certified(NODE), files.certified("alice.mcollective")
        collective = "mcollective"
    else:
        server, client = files.server_with_token(NODE), files.client_with_token("alice")
        collective = "choria"
    if is_encrypted:
        return Setting(program, (), server, client, "", collective, files.broker_tls())
    options = ("--disable-tls",)
    return Setting(program, options, server, client, "INSECURE_DISABLE_TLS", collective)


@contextlib.asynccontextmanager
async def asking(setting: Setting, make_broker: MakeBroker, folder: Path) -> AsyncIterator[Client]:
    """A client of a network whose Go server answers."""
    broker = await make_broker(jetstream=False, tls=setting.tls)
    common = (
        f"collectives = {setting.collective}",
        f"main_collective = {setting.collective}",
        "plugin.choria.use_srv = false",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
    )
    server = (
        f"identity = {NODE}",
        "plugin.choria.server.provision = false",
        "rpcauthorization = false",
        f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
        f"classesfile = {vectors.path('classes-node1.txt')}",
        "loglevel = warn",
    )
    write_config(folder / "server.cfg", *common, *server, *setting.server)
    write_config(folder / "client.cfg", "identity = client.example", *common, *setting.client)
    names = HostNames(host_name=lambda: "client.example")
    environment = {
        **({setting.switch: "true"} if setting.switch else {}),
        "MCOLLECTIVE_CERTNAME": "alice.mcollective",
        "HOME": str(folder),
        "USER": "alice",
    }
    config = load_client(folder / "client.cfg", host=Host(names, environment))
    async with _running(setting, folder), Client(config) as client:
        await _answers(client, config)
        yield client


@contextlib.asynccontextmanager
async def _running(setting: Setting, folder: Path) -> AsyncIterator[None]:
    with (folder / "server.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            setting.program,
            *("server", "run", *setting.options, "--config", str(folder / "server.cfg")),
            stdout=log,
            stderr=log,
            env={
                **({} if setting.options else {"INSECURE_YES_REALLY": "true"}),
                "HOME": str(folder),
                "PATH": os.environ["PATH"],
                "USER": "nobody",
            },
        )
    try:
        yield
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()


async def _answers(client: Client, config: ClientConfig) -> None:
    """Ask until the server is there."""
    log = config.file.parent / "server.log"
    for _ in range(int(READY_SECONDS / 0.5)):
        if await client.discover(DiscoveryRequest(timeout_seconds=0.5, expected=1)):
            return
    raise AssertionError(f"the Go server does not answer:\n{log.read_text()}")


async def test_every_action_of_the_go_server_answers(
    setting: Setting, make_broker: MakeBroker, tmp_path: Path
) -> None:
    async with asking(setting, make_broker, tmp_path) as client:
        pings = [ping async for some in client.ping(DiscoveryRequest(expected=1)) for ping in some]
        results = [await _called(client, *call[:3]) for call in CALLS]

    assert [ping.sender for ping in pings] == [NODE]
    assert 0 < pings[0].seconds < READY_SECONDS
    for (agent, action, _, keys), result in zip(CALLS, results, strict=True):
        [reply] = result.replies
        assert (reply.sender, reply.statuscode, reply.statusmsg) == (NODE, 0, "OK"), action
        assert keys <= set(reply.data), (agent, action)
        assert (result.stats.ok, result.stats.failed, result.stats.no_responses) == (1, 0, ())


async def test_every_recorded_filter_finds_the_go_server_as_it_did(
    setting: Setting, make_broker: MakeBroker, tmp_path: Path
) -> None:
    recorded: list[tuple[dict[str, Any], Filter]] = []
    for record in vectors.load("filters.jsonl"):
        if not record["error"]:
            wanted = parse_filter(**{FILTERS[record["kind"]]: [record["filter"]]})
            if not only_identities(wanted):
                recorded.append((record, wanted))

    async with asking(setting, make_broker, tmp_path) as client:
        few = asyncio.Semaphore(AT_ONCE)

        async def find(wanted: Filter) -> list[str]:
            request = DiscoveryRequest(filter=wanted, expected=1, timeout_seconds=ANSWER_SECONDS)
            async with few:
                return await client.discover(request)

        found = await asyncio.gather(*(find(wanted) for _, wanted in recorded))

    assert len(recorded) > 90
    for (record, _), nodes in zip(recorded, found, strict=True):
        assert nodes == [name for name in record["matches"] if name == NODE], record["filter"]


async def test_failures_of_the_go_server_are_told(
    setting: Setting, make_broker: MakeBroker, tmp_path: Path
) -> None:
    async with asking(setting, make_broker, tmp_path) as client:
        ruined = await _called(client, "rpcutil", "get_data", {"source": "nosuch"})
        absent = await client.call(
            CallRequest(
                agent="rpcutil", action="ping", nodes=[NODE, "other.example"], timeout_seconds=2
            )
        ).result()

    assert ruined.stats.failed == 1
    assert ruined.replies[0].statuscode == 1
    assert ruined.replies[0].statusmsg
    assert absent.stats.ok == 1
    assert absent.stats.no_responses == ("other.example",)


async def _called(client: Client, agent: str, action: str, arguments: dict[str, Any]) -> CallResult:
    request = CallRequest(agent=agent, action=action, arguments=arguments, nodes=[NODE])
    return await client.call(request).result()
