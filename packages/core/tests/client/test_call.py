"""Calls of agents on a real broker."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable, Iterable

import pytest
from structlog.testing import capture_logs

from choria_core.broker.server import Broker
from choria_core.client.client import Client
from choria_core.client.records import CallRequest, Limit
from choria_core.ddl.document import ActionDdl, Ddl, InputDdl, Metadata
from choria_core.discovery.request import DiscoveryRequest
from choria_core.errors import LocalProtocolError, UsageError, WorkError
from choria_core.filters.grammar import parse_filter
from choria_core.nats.transport import ConnectionState, StateChange
from choria_core.protocol.messages import MATCH_ALL, Filter
from choria_testing.scripted_nodes import Asked, ScriptedNodes, scripted_nodes
from packages.core.tests.client.conftest import NODES, Configure

LONG_SECONDS = 600.0
"""Longer than a test may take: who waits so long is found out."""

ABORTED = b'{"action":"ping","statuscode":1,"statusmsg":"no","data":{}}'

SERVICE = Ddl(
    Metadata(name="registry", service=True), (ActionDdl(action="get", input={}, output={}),)
)
TEXT = Ddl(
    Metadata(name="talk"),
    (ActionDdl(action="say", input={"text": InputDdl(type="string", maxlength=5)}),),
)


def ping(**other: object) -> CallRequest:
    """A call of rpcutil's ping on all three nodes."""
    given = {"nodes": NODES, "timeout_seconds": LONG_SECONDS} | other
    return CallRequest(agent="rpcutil", action="ping", **given)  # type: ignore[arg-type]


async def test_every_node_is_sent_the_same_and_the_call_ends_with_the_last_reply(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    async with Client(configure()) as client, asyncio.timeout(30):
        call = client.call(ping())
        replies = [reply async for reply in call]

    assert [subject for subject, _ in nodes.bodies] == [f"mcollective.node.{n}" for n in NODES]
    assert len({body for _, body in nodes.bodies}) == 1
    assert {reply.sender for reply in replies} == set(NODES)
    assert replies[0].data == {"pong": 1795425826}
    stats = call.stats
    assert (stats.ok, stats.failed, stats.responses) == (3, 0, 3)
    assert stats.discovered == NODES
    assert stats.no_responses == stats.unexpected_responses == ()
    assert stats.request_id == nodes.requests[0].request.request_id
    assert 0 < stats.publish_ns <= stats.request_ns
    assert stats.discover_ns == 0
    assert stats.start_ns > 0


async def test_one_message_asks_all_nodes_and_strangers_that_answer_are_unexpected(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    discovery = DiscoveryRequest(filter=parse_filter(facts=["os=Linux"]))
    wanted = ping(nodes=NODES[:2], discovery=discovery, broadcast=True)
    async with Client(configure()) as client, asyncio.timeout(30):
        call = client.call(wanted)
        replies = [reply async for reply in call]

    [(subject, _)] = nodes.bodies
    assert subject == "mcollective.broadcast.agent.rpcutil"
    assert nodes.requests[0].request.filter == parse_filter(facts=["os=Linux"], agents=["rpcutil"])
    assert {reply.sender for reply in replies} == set(NODES[:2])
    assert set(call.stats.unexpected_responses) <= {NODES[2]}


async def test_one_message_for_all_is_not_sent_in_batches(configure: Configure) -> None:
    async with Client(configure()) as client:
        with pytest.raises(UsageError, match="leave out the size of batches"):
            client.call(ping(broadcast=True, batch_size=2))


async def test_a_call_tells_when_replies_arrived_and_a_client_when_it_connected(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    changes: list[StateChange] = []
    async with Client(configure(), on_state=changes.append) as client, asyncio.timeout(30):
        call = client.call(ping())
        arrivals = [call.arrival_ns async for chunk in call.chunks() if chunk]

    assert arrivals == sorted(arrivals)
    assert 0 < arrivals[-1] <= call.stats.request_ns
    assert [change.state for change in changes] == [
        ConnectionState.CONNECTED,
        ConnectionState.CLOSED,
    ]


async def test_nodes_are_discovered_where_none_are_named(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    discovery = DiscoveryRequest(filter=parse_filter(facts=["os=Linux"]), timeout_seconds=0.3)
    async with Client(configure()) as client:
        result = await client.call(ping(nodes=None, discovery=discovery)).result()

    asked = nodes.requests[0].request
    assert asked.agent == "discovery"
    assert asked.filter == parse_filter(facts=["os=Linux"], agents=["rpcutil"])
    assert nodes.requests[-1].request.filter == Filter(agent=("rpcutil",))
    assert result.stats.ok == 3
    assert result.stats.discover_ns > 0
    assert result.ddl is not None
    assert len(result.replies) == 3


async def test_nobody_found_is_an_error(nodes: ScriptedNodes, configure: Configure) -> None:
    nodes.answer = lambda _: []
    request = ping(nodes=None, discovery=DiscoveryRequest(timeout_seconds=0.1))
    async with Client(configure()) as client:
        with pytest.raises(WorkError, match="no nodes were found"):
            await client.call(request).result()


async def test_who_does_not_answer_in_time_is_told(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [] if asked.node == "n2.example" else [asked.reply()]
    async with Client(configure()) as client:
        result = await client.call(ping(timeout_seconds=0.3)).result()

    assert result.stats.no_responses == ("n2.example",)
    assert result.stats.ok == 2


async def test_a_status_other_than_ok_is_a_failure(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [asked.reply(ABORTED)]
    async with Client(configure()) as client:
        result = await client.call(ping()).result()

    assert (result.stats.ok, result.stats.failed) == (0, 3)
    assert [reply.statusmsg for reply in result.replies] == ["no"] * 3
    assert not result.replies[0].is_ok


async def test_replies_of_nodes_that_were_not_asked_are_unexpected(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    def answer(asked: Asked) -> Iterable[bytes]:
        return [asked.reply(sender="stranger.example"), asked.reply()]

    nodes.answer = answer
    async with Client(configure()) as client:
        result = await client.call(ping()).result()

    assert result.stats.unexpected_responses == ("stranger.example",)
    assert {reply.sender for reply in result.replies} == set(NODES)
    assert result.stats.ok == 3


def spoiled_hash(asked: Asked) -> bytes:
    """A reply with the hash of another."""
    document, other = (
        json.loads(asked.reply(payload)) for payload in (ABORTED, b'{"statuscode":0}')
    )
    inner, foreign = (_inner(one["data"]) for one in (document, other))
    inner["hash"] = foreign["hash"]
    document["data"] = _outer(inner)
    return json.dumps(document).encode()


def _inner(data: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(base64.b64decode(data))
    return found


def _outer(document: dict[str, str]) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


async def test_who_answers_what_cannot_be_read_failed_and_is_not_waited_for(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    bad: dict[str, Callable[[Asked], bytes]] = {
        "n1.example": spoiled_hash,
        "n2.example": lambda asked: asked.reply(b"{not json"),
        "n3.example": lambda asked: asked.reply(b'{"statuscode":"x"}'),
    }
    nodes.answer = lambda asked: [bad[asked.node](asked)]
    async with Client(configure()) as client, asyncio.timeout(30):
        result = await client.call(ping()).result()

    assert (result.stats.ok, result.stats.failed) == (0, 3)
    assert result.replies == ()
    assert result.stats.no_responses == result.stats.unexpected_responses == ()


async def test_replies_to_another_request_or_of_nobody_are_no_answers(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    bad: dict[str, Callable[[Asked], list[bytes]]] = {
        "n1.example": lambda asked: [asked.reply(request_id="0" * 32)],
        "n2.example": lambda _: [b"{}"] * 7,
        "n3.example": lambda asked: [asked.reply()],
    }
    nodes.answer = lambda asked: bad[asked.node](asked)
    async with Client(configure()) as client:
        result = await client.call(ping(timeout_seconds=0.4)).result()

    assert (result.stats.ok, result.stats.failed) == (1, 2)
    assert result.stats.no_responses == NODES[:2]


async def test_the_first_reply_of_a_node_is_the_one_that_counts(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    several: dict[str, Callable[[Asked], list[bytes]]] = {
        "n1.example": lambda asked: [asked.reply(), asked.reply(ABORTED), spoiled_hash(asked)],
        "n2.example": lambda asked: [spoiled_hash(asked), asked.reply()],
        "n3.example": lambda asked: [asked.reply()],
    }
    nodes.answer = lambda asked: several[asked.node](asked)
    async with Client(configure()) as client, asyncio.timeout(30):
        result = await client.call(ping()).result()

    assert [reply.sender for reply in result.replies] == ["n1.example", "n3.example"]
    assert (result.stats.ok, result.stats.failed) == (2, 1)
    assert result.stats.unexpected_responses == ("n1.example", "n2.example")
    assert result.stats.no_responses == ()


async def test_good_replies_of_one_node_are_taken_once(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [asked.reply()] * (3 if asked.node == "n1.example" else 1)
    async with Client(configure()) as client, asyncio.timeout(30):
        result = await client.call(ping(batch_size=1, batch_sleep_seconds=0.0)).result()

    assert [reply.sender for reply in result.replies] == list(NODES)
    assert result.stats.responses == 3
    assert result.stats.unexpected_responses == ("n1.example",)


async def test_a_flood_of_unreadable_replies_does_not_fill_the_log(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    def flood(asked: Asked) -> Iterable[bytes]:
        return [*[b"{}"] * 500, asked.reply()]

    nodes.answer = flood
    with capture_logs() as told:
        async with Client(configure()) as client:
            result = await client.call(ping()).result()

    assert (result.stats.ok, result.stats.failed) == (3, 0)
    assert [one["event"] for one in told].count("a reply cannot be read") == 10


@pytest.mark.parametrize(
    "payload",
    [
        b'{"statuscode":0,"statusmsg":"OK","data":{"pong":1}}',
        b'{"action":"ping","statuscode":0,"statusmsg":"OK","data":"{}"}',
        b'{"action":"ping","statuscode":0,"statusmsg":"OK","data":null}',
        b'{"action":"ping","statuscode":0,"statusmsg":"OK"}',
    ],
)
async def test_replies_as_other_programs_write_them_are_read(
    nodes: ScriptedNodes, configure: Configure, payload: bytes
) -> None:
    nodes.answer = lambda asked: [asked.reply(payload)]
    async with Client(configure()) as client:
        result = await client.call(ping()).result()

    assert result.stats.ok == 3
    assert all(isinstance(reply.data, dict) for reply in result.replies)


async def test_batches_follow_one_another_under_one_request_id(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    async with Client(configure()) as client:
        call = client.call(ping(batch_size=2, batch_sleep_seconds=0.05))
        seen = []
        async for reply in call:
            seen.append(reply.sender)
            # Nobody of the second batch was asked before the first one had answered.
            assert len(nodes.bodies) == (2 if len(seen) < 3 else 3)

    assert set(seen[:2]) == set(NODES[:2])
    assert len({asked.request.request_id for asked in nodes.requests}) == 1
    assert call.stats.ok == 3
    assert call.stats.discovered == NODES


async def test_a_silent_batch_does_not_hold_up_the_next_for_ever(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [] if asked.node == "n1.example" else [asked.reply()]
    request = ping(batch_size=1, batch_sleep_seconds=0.0, timeout_seconds=0.2)
    async with Client(configure()) as client:
        result = await client.call(request).result()

    assert result.stats.no_responses == ("n1.example",)
    assert result.stats.ok == 2


async def test_who_calls_in_batches_learns_between_them_how_it_goes(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    nodes.answer = lambda asked: [] if asked.node == "n1.example" else [asked.reply()]
    request = ping(batch_size=2, batch_sleep_seconds=LONG_SECONDS, timeout_seconds=0.2)
    async with Client(configure()) as client, asyncio.timeout(30):
        call = client.call(request)
        begun = (call.asked, call.is_between_batches)
        async with contextlib.aclosing(call.chunks()) as chunks:
            async for replies in chunks:
                if not replies and call.is_between_batches:
                    break

    assert begun == (0, False)
    assert (call.asked, call.answered) == (2, 1)
    assert len(nodes.bodies) == 2
    assert not any(subject.endswith("n3.example") for subject, _ in nodes.bodies)


async def test_a_limit_leaves_the_rest_alone(nodes: ScriptedNodes, configure: Configure) -> None:
    async with Client(configure()) as client:
        result = await client.call(ping(limit=Limit(count=2))).result()

    assert result.stats.discovered == NODES[:2]
    assert len(nodes.bodies) == 2


async def test_any_node_may_answer_for_a_service(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    request = CallRequest(agent="registry", action="get", ddl=SERVICE, timeout_seconds=LONG_SECONDS)
    async with Client(configure()) as client, asyncio.timeout(30):
        result = await client.call(request).result()

    assert [subject for subject, _ in nodes.bodies] == ["mcollective.broadcast.service.registry"]
    assert nodes.requests[0].request.filter == MATCH_ALL
    assert result.stats.ok >= 1
    assert result.stats.no_responses == result.stats.unexpected_responses == ()


async def test_several_connections_share_the_replies(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    def many(asked: Asked) -> Iterable[bytes]:
        return [asked.reply()]

    nodes.answer = many
    async with Client(configure()) as client, asyncio.timeout(30):
        result = await client.call(ping(workers=3)).result()

    assert sorted(reply.sender for reply in result.replies) == list(NODES)


async def test_requests_whose_replies_go_elsewhere_are_only_published(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    wanted = parse_filter(classes=["web"])
    request = ping(nodes=None, discovery=DiscoveryRequest(filter=wanted))
    async with Client(configure()) as client:
        request_id = await client.send(request, reply_to="collector.replies")
        await client.send(ping(), reply_to="collector.replies")

    first, *others = nodes.bodies
    assert first[0] == "mcollective.broadcast.agent.rpcutil"
    assert [subject for subject, _ in others] == [f"mcollective.node.{name}" for name in NODES]
    asked = nodes.requests[0]
    assert asked.request.request_id == request_id
    assert asked.transport.headers.reply_to == "collector.replies"
    assert asked.request.filter == parse_filter(classes=["web"], agents=["rpcutil"])


async def test_federated_clients_hand_requests_to_every_cluster(
    plain_broker: Broker, configure: Configure
) -> None:
    config = configure(
        "plugin.choria.federation.collectives = east,west",
        f"plugin.choria.federation_middleware_hosts = 127.0.0.1:{plain_broker.port}",
    )
    names = [f"n{number}.example" for number in range(450)]
    async with scripted_nodes(plain_broker, "x", collective="choria.federation.east") as unused:
        taken: list[tuple[str, bytes]] = []
        unused._transport.add_sink(
            "choria.federation.*.federation",
            lambda got: taken.append((bytes(got[0]).decode(), bytes(got[3]))),
        )
        await unused._transport.flush()
        async with Client(config) as client:
            await client.call(ping(nodes=names, timeout_seconds=0.1)).result()
        await unused._transport.flush()

    documents = [(subject, json.loads(body)["headers"]["federation"]) for subject, body in taken]
    for cluster in ("east", "west"):
        groups = [
            found
            for subject, found in documents
            if subject == f"choria.federation.{cluster}.federation"
        ]
        assert [len(found["target"]) for found in groups] == [200, 200, 50]
        targets = [target for found in groups for target in found["target"]]
        assert targets == [f"mcollective.node.{name}" for name in names]
    assert len({found["req"] for _, found in documents}) == 1


async def test_a_call_is_made_once(nodes: ScriptedNodes, configure: Configure) -> None:
    del nodes
    async with Client(configure()) as client:
        call = client.call(ping())
        await call.result()
        with pytest.raises(LocalProtocolError, match="made once"):
            await call.result()


async def test_what_the_description_forbids_is_not_sent(
    nodes: ScriptedNodes, configure: Configure
) -> None:
    async with Client(configure()) as client:
        with pytest.raises(UsageError, match=r"its actions are: .*get_fact"):
            client.call(CallRequest(agent="rpcutil", action="nosuch"))
        wrong = CallRequest(agent="talk", action="say", arguments={"text": "too long"}, ddl=TEXT)
        with pytest.raises(UsageError, match="input text is longer than 5"):
            client.call(wrong)
        with pytest.raises(UsageError, match="no name of a node"):
            await client.call(ping(nodes=["n1 .example"])).result()
    assert not nodes.bodies
