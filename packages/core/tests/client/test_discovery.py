"""Finding nodes on a real broker."""

import asyncio
from collections.abc import Iterable

import pytest

from choria_core.client.client import Client
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import UsageError
from choria_core.filters.grammar import parse_filter
from choria_core.protocol.codec import codec_of
from choria_core.protocol.messages import Headers, Version
from choria_testing.scripted_nodes import Asked, ScriptedNodes
from packages.core.tests.client.conftest import Configure

LONG_SECONDS = 600.0
"""Longer than a test may take: who waits so long is found out."""

ALL = ["n1.example", "n2.example", "n3.example"]


async def test_all_that_answer_within_the_time_are_found(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    async with Client(configure()) as client:
        assert await client.discover(DiscoveryRequest(timeout_seconds=0.3)) == ALL
    assert [subject for subject, _ in nodes.bodies] == ["mcollective.broadcast.agent.discovery"]


async def test_the_expected_number_ends_the_wait(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    del nodes
    async with Client(configure()) as client, asyncio.timeout(30):
        found = await client.discover(DiscoveryRequest(timeout_seconds=LONG_SECONDS, expected=2))
        assert found == ALL[:2]


async def test_a_window_ends_soon_after_the_last_answer(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    del nodes
    async with Client(configure()) as client, asyncio.timeout(30):
        request = DiscoveryRequest(timeout_seconds=LONG_SECONDS, windowed=True)
        assert await client.discover(request) == ALL


async def test_a_window_is_never_longer_than_the_timeout(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    def without_end(asked: Asked) -> Iterable[bytes]:
        return [asked.reply()] if asked.node == "n1.example" else []

    nodes.answer = without_end
    async with Client(configure()) as client, asyncio.timeout(30):
        request = DiscoveryRequest(timeout_seconds=0.2, windowed=True)
        assert await client.discover(request) == ["n1.example"]


async def test_the_configuration_can_ask_for_a_window(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    del nodes
    config = configure(
        "plugin.choria.discovery.broadcast.windowed_timeout = true", "discovery_timeout = 600"
    )
    async with Client(config) as client, asyncio.timeout(30):
        assert await client.discover() == ALL


async def test_plain_identities_are_not_asked_for(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    wanted = parse_filter(identities=["x.example", "y.example"], agents=["rpcutil"])
    async with Client(configure()) as client:
        found = await client.discover(DiscoveryRequest(filter=wanted))
    assert found == ["x.example", "y.example"]
    assert not nodes.bodies


async def test_a_pattern_is_asked_for(nodes: ScriptedNodes, configure: Configure) -> None:
    wanted = parse_filter(identities=["/n\\d/"])
    async with Client(configure()) as client:
        assert await client.discover(DiscoveryRequest(filter=wanted, timeout_seconds=0.3)) == ALL
    assert nodes.requests[0].request.filter == wanted


async def test_two_nodes_with_one_name_are_both_found(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [asked.reply(sender="same.example")]
    async with Client(configure()) as client:
        found = await client.discover(DiscoveryRequest(timeout_seconds=LONG_SECONDS, expected=3))
        assert found == ["same.example"] * 3


async def test_replies_of_another_version_and_garbage_are_left_out(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    second = codec_of(Version.V2).encode_transport(b"{}", Headers(sender="other.example"))

    def answer(asked: Asked) -> Iterable[bytes]:
        yield from (second, b"", b"{", b"[" * 100_000, b'{"headers":{"mc_sender":"x"}}')
        yield asked.reply().replace(b'mc_sender":"n', b'mc_sender":"n ')
        yield asked.reply()

    nodes.answer = answer
    async with Client(configure()) as client:
        found = await client.discover(DiscoveryRequest(timeout_seconds=LONG_SECONDS, expected=3))
        assert found == ALL


async def test_the_collective_of_the_request_is_asked(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.listen("uk")
    async with Client(configure("collectives = mcollective,uk")) as client:
        request = DiscoveryRequest(collective="uk", timeout_seconds=LONG_SECONDS, expected=3)
        assert await client.discover(request) == ALL
    assert nodes.bodies[0][0] == "uk.broadcast.agent.discovery"
    assert nodes.requests[0].request.collective == "uk"


async def test_where_filters_are_required_not_everyone_can_be_asked(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    async with Client(configure("plugin.choria.require_client_filter = true")) as client:
        everyone = DiscoveryRequest(filter=parse_filter(agents=["rpcutil"]))
        with pytest.raises(UsageError, match="require_client_filter"):
            await client.discover(everyone)
        some = DiscoveryRequest(filter=parse_filter(classes=["web"]), timeout_seconds=0.3)
        assert await client.discover(some) == ALL
    assert len(nodes.bodies) == 1


async def test_a_ping_tells_how_long_each_answer_took(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    del nodes
    async with Client(configure()) as client:
        request = DiscoveryRequest(timeout_seconds=LONG_SECONDS, expected=3)
        replies = [reply async for chunk in client.ping(request) for reply in chunk]
    assert [reply.sender for reply in replies] == ALL
    assert all(0 <= reply.seconds < LONG_SECONDS for reply in replies)


async def test_names_are_pinged_too(nodes: ScriptedNodes, configure: Configure) -> None:
    request = DiscoveryRequest(
        filter=parse_filter(identities=["n1.example"]), timeout_seconds=LONG_SECONDS, expected=1
    )
    async with Client(configure()) as client:
        assert [reply async for chunk in client.ping(request) for reply in chunk]
    assert nodes.bodies
