"""Discovery methods that ask no node, among them those of plugins."""

import types
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from choria_core.client.client import Client
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import ConfigError, PluginError, UsageError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_core.hookspecs import DiscoveryMethodPlugin, hookimpl
from choria_core.network_config.client_config import ClientConfig
from choria_core.plugins import Plugins
from packages.core.tests.client.conftest import Configure

Method = Callable[[DiscoveryRequest, ClientConfig], Awaitable[Iterable[Any]]]


def plugins_with(method: object) -> Plugins:
    """A plugin that offers ``method`` as ``cmdb``."""

    @hookimpl
    def choria_discovery_methods() -> Iterable[DiscoveryMethodPlugin]:
        return [DiscoveryMethodPlugin("cmdb", method)]

    module = types.ModuleType("cmdb")
    module.choria_discovery_methods = choria_discovery_methods  # type: ignore[attr-defined]
    plugins = Plugins()
    plugins.register(module, "cmdb")
    return plugins


async def found(config: ClientConfig, method: object, request: DiscoveryRequest) -> list[str]:
    async with Client(config, plugins=plugins_with(method)) as client:
        return await client.discover(request)


async def no_method(_request: DiscoveryRequest, _config: ClientConfig) -> list[str]:
    return []


async def test_a_plugin_finds_nodes_by_the_complete_request(write_client: Configure) -> None:
    asked: list[DiscoveryRequest] = []

    async def method(request: DiscoveryRequest, config: ClientConfig) -> tuple[str, ...]:
        asked.append(request)
        return ("b.example", config.identity)

    request = DiscoveryRequest(method="cmdb", filter=parse_filter(identities=["a"]))
    nodes = await found(write_client(), method, request)

    assert nodes == ["b.example", "client.example"]
    assert asked[0].collective == "mcollective"
    assert asked[0].timeout_seconds == 2.0
    assert asked[0].filter.identity == ("a",)


async def test_a_plugin_may_say_what_is_wrong(write_client: Configure) -> None:
    async def method(_request: DiscoveryRequest, _config: ClientConfig) -> list[str]:
        raise WorkError("the database is asleep")

    with pytest.raises(WorkError, match="the database is asleep"):
        await found(write_client(), method, DiscoveryRequest(method="cmdb"))


async def test_what_a_plugin_does_wrong_is_its_own_fault(write_client: Configure) -> None:
    async def failing(_request: DiscoveryRequest, _config: ClientConfig) -> list[str]:
        raise KeyError("name")

    async def careless(_request: DiscoveryRequest, _config: ClientConfig) -> list[str]:
        return ["mcollective.>"]

    for method, problem in (
        (failing, "plugin cmdb: its discovery method cmdb failed: KeyError: 'name'"),
        (careless, "plugin cmdb: its discovery method cmdb gives 'mcollective.>'"),
        (len, "plugin cmdb: its discovery method cmdb is no async function"),
    ):
        with pytest.raises(PluginError) as caught:
            await found(write_client(), method, DiscoveryRequest(method="cmdb"))
        assert str(caught.value).startswith(problem)


async def test_an_unknown_method_is_told_with_those_that_are_known(
    write_client: Configure,
) -> None:
    with pytest.raises(UsageError, match=r"no discovery method 'dice'; use mc.*\(cmdb\)"):
        await found(write_client(), no_method, DiscoveryRequest(method="dice"))


async def test_the_built_in_methods_need_no_broker(write_client: Configure, tmp_path: Path) -> None:
    file = tmp_path / "nodes"
    file.write_text("a\nb\n")
    config = write_client()

    assert await found(config, no_method, DiscoveryRequest(nodes_file=file)) == ["a", "b"]
    for method, problem in (
        ("inventory", "no inventory file is named"),
        ("external", "no program is named"),
        ("file", "no file of nodes is named"),
    ):
        with pytest.raises(ConfigError, match=problem):
            await found(config, no_method, DiscoveryRequest(method=method))
    named = DiscoveryRequest(method="choria", filter=parse_filter(identities=["x"]))
    assert await found(config, no_method, named) == ["x"]
