"""Our client asks our server: in the open, signed, over mutual TLS, and with tokens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.client.client import Client
from choria_core.client.records import CallRequest, CallResult
from choria_core.discovery.request import DiscoveryRequest
from choria_core.filters.grammar import parse_filter
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client, load_server
from choria_core.network_config.server_config import ServerConfig
from choria_core.server.service import Server
from choria_testing import vectors
from choria_testing.fixtures import MakeBroker
from choria_testing.network_files import NetworkFiles, write_config
from choria_testing.programs import PATIENCE_SECONDS
from choria_testing.serving import core_plugins

NODE = "node1.example"
OPEN = ("plugin.security.provider = file",)

MATCHING: tuple[dict[str, list[str]], ...] = (
    {},
    {"facts": ["country=mt"]},
    {"facts": ["uptime_days>=12"]},
    {"classes": ["apache"]},
    {"identities": ["/^node1/"]},
    {"agents": ["rpcutil"]},
    {"combined": ["country=mt apache"]},
    {"expressions": ['with("country=mt") and with("apache")']},
)
OTHERS: tuple[dict[str, list[str]], ...] = (
    {"facts": ["country=de"]},
    {"classes": ["nosuch"]},
    {"identities": ["/^other/"]},
    {"agents": ["nosuch"]},
    {"expressions": ['with("country=de")']},
)


@pytest_asyncio.fixture(params=["plain", "signed", "signed TLS", "tokens", "tokens TLS"])
async def client(
    request: pytest.FixtureRequest, make_broker: MakeBroker, tmp_path: Path
) -> AsyncIterator[Client]:
    """A client of a network whose one node answers."""
    kind, _, is_encrypted = request.param.partition(" ")
    files = NetworkFiles(tmp_path)
    broker = await make_broker(jetstream=False, tls=files.broker_tls() if is_encrypted else None)
    collective = "choria" if kind == "tokens" else "mcollective"
    common = (
        f"collectives = {collective}",
        "plugin.choria.use_srv = false",
        f"plugin.choria.middleware_hosts = localhost:{broker.port}",
    )
    node, caller = _lines(kind, files)
    switch = "INSECURE_YES_REALLY" if kind == "plain" else "INSECURE_DISABLE_TLS"
    environment = {
        **({} if is_encrypted else {switch: "true"}),
        "MCOLLECTIVE_CERTNAME": "alice.mcollective",
        "HOME": str(tmp_path),
        "USER": "alice",
    }
    host = Host(HostNames(host_name=lambda: "machine.example.net"), environment)
    server = write_config(
        tmp_path / "server.cfg",
        f"identity = {NODE}",
        *common,
        *node,
        "rpcauthorization = false",
        f"plugin.yaml = {vectors.path('facts-node1.yaml')}",
        f"classesfile = {vectors.path('classes-node1.txt')}",
    )
    own = write_config(tmp_path / "client.cfg", "identity = client.example", *common, *caller)
    config = load_client(own, host=host)
    async with _serving(load_server(server, host=host)), Client(config) as asking:
        await _until_answered(asking)
        yield asking


def _lines(kind: str, files: NetworkFiles) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the configurations of a node and of a caller."""
    if kind == "plain":
        return OPEN, OPEN
    if kind == "signed":
        return files.certified(NODE), files.certified("alice.mcollective")
    return files.server_with_token(NODE), files.client_with_token("alice")


@contextlib.asynccontextmanager
async def _serving(config: ServerConfig) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Server(config, core_plugins()).run(stop))
        try:
            yield
        finally:
            stop.set()


async def _until_answered(client: Client) -> None:
    """Ask until the node is there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await client.discover(DiscoveryRequest(timeout_seconds=0.2, expected=1)):
            pass


async def call(client: Client, agent: str, action: str, **arguments: Any) -> CallResult:
    request = CallRequest(agent=agent, action=action, arguments=arguments, nodes=[NODE])
    return await client.call(request).result()


async def test_nodes_are_pinged_found_and_called(client: Client) -> None:
    pings = [one async for some in client.ping(DiscoveryRequest(expected=1)) for one in some]
    assert [one.sender for one in pings] == [NODE]

    for options in MATCHING:
        wanted = DiscoveryRequest(filter=parse_filter(**options), expected=1, timeout_seconds=30.0)
        assert await client.discover(wanted) == [NODE], options
    found = await asyncio.gather(
        *(
            client.discover(DiscoveryRequest(filter=parse_filter(**options), timeout_seconds=0.5))
            for options in OTHERS
        )
    )
    assert found == [[]] * len(OTHERS)

    for action in ("ping", "inventory", "agent_inventory", "collective_info", "daemon_stats"):
        assert (await call(client, "rpcutil", action)).stats.ok == 1, action
    [fact] = (await call(client, "rpcutil", "get_fact", fact="country")).replies
    assert fact.data == {"fact": "country", "value": "mt"}
    [facts] = (await call(client, "rpcutil", "get_facts", facts="country,nosuch")).replies
    assert facts.data["values"] == {"country": "mt", "nosuch": None}
    [data] = (await call(client, "rpcutil", "get_data", source="choria")).replies
    assert data.is_ok
    [absent] = (await call(client, "rpcutil", "get_config_item", item="nosuch")).replies
    assert absent.statuscode == 1
    assert (await call(client, "choria_util", "info")).stats.ok == 1


async def test_a_call_finds_its_nodes_itself(client: Client) -> None:
    discovery = DiscoveryRequest(filter=parse_filter(facts=["country=mt"]), expected=1)
    request = CallRequest(agent="rpcutil", action="ping", discovery=discovery, workers=2)
    result = await client.call(request).result()
    assert result.stats.discovered == (NODE,)
    assert result.stats.ok == 1
