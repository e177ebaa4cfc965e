"""Whatever becomes of an action, a node answers with a status and lives on."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from choria_core.agents.action_threads import ActionThreads
from choria_core.agents.agent import (
    ActionError,
    Agent,
    AgentRequest,
    Fields,
    Input,
    Output,
    RawAgent,
    action,
)
from choria_core.agents.declaration import declare
from choria_core.agents.host import NOT_AUTHORIZED, AgentHost
from choria_core.agents.loading import LoadedAgent
from choria_core.audit.entry import AuditEntry
from choria_core.audit.trail import AuditTrail
from choria_core.authorization.authorizer import AuthorizationRequest, Decision
from choria_core.errors import RemoteProtocolError
from choria_core.filters.matching import compile_filter
from choria_core.node.opening import OpenedRequest
from choria_core.protocol.messages import MATCH_ALL, Headers, Request, Transport, Version
from choria_core.protocol.rpc_body import StatusCode

Made = Callable[..., AgentHost]


class Answer(Struct):
    answer: Annotated[object, Output("The answer")]


@dataclass
class Where:
    thread: Annotated[str, Output("Name of the thread")]


class Oracle(Agent):
    """Does everything that an action can do."""

    name = "oracle"
    description = "Answers"
    author = "J. Doe"
    license = "MIT"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 2

    @action("Say it again")
    async def echo(
        self, request: AgentRequest, *, text: Annotated[str, Input("What", max_length=5)]
    ) -> Answer:
        return Answer(f"{request.caller} on {request.node.identity}: {text}")

    @action("Fail")
    def fail(self) -> Answer:
        raise ActionError(StatusCode.ABORTED, "not today", result=Answer("none"))

    @action("Break")
    def break_down(self) -> Answer:
        raise RuntimeError("the password is 12345")

    @action("Leave")
    def leave(self) -> Answer:
        raise SystemExit(3)

    @action("Be cancelled by a library")
    async def give_up(self) -> Answer:
        raise asyncio.CancelledError

    @action("End a generator")
    async def end(self) -> Answer:
        raise GeneratorExit

    @action("Misread", quick=True)
    def misread(self) -> Answer:
        raise RemoteProtocolError("what another program answered")

    @action("Sleep for ever")
    async def sleep(self) -> Answer:
        await asyncio.Event().wait()
        return Answer("never")

    @action("Take too long, it says")
    async def time_out(self) -> Answer:
        raise TimeoutError

    @action("Give what JSON cannot hold")
    def odd(self) -> Answer:
        return Answer({"now": object()})

    @action("Give what has no fields")
    def bare(self) -> Fields:
        return 12  # type: ignore[return-value]  # what is tested

    @action("Break the message")
    def mangle(self) -> Answer:
        raise ActionError(StatusCode.ABORTED, "\ud800")

    @action("Tell the thread")
    def slow(self) -> Where:
        return Where(threading.current_thread().name)

    @action("Tell the thread", quick=True)
    def fast(self) -> Where:
        return Where(threading.current_thread().name)


class Echo(RawAgent):
    """Sends back what it gets."""

    name = "echo"
    description = "Echo"
    author = "J. Doe"
    license = "MIT"
    version = "1.0.0"
    url = "https://example.net"
    timeout_seconds = 2

    async def answer(self, request: AgentRequest, payload: bytes) -> bytes | None:
        if payload == b"break":
            raise RuntimeError("broken")
        if payload == b"sleep":
            await asyncio.Event().wait()
        return payload or None


def loaded(kind: type[Agent], *, seconds: float = 2) -> LoadedAgent:
    """An agent, which gets other timeouts than agents may declare."""
    declared = declare(kind, plugin="test")
    metadata = msgspec.structs.replace(declared.ddl.metadata, timeout=seconds)
    ddl = msgspec.structs.replace(declared.ddl, metadata=metadata)
    return LoadedAgent(ddl, declared.actions, kind(), ActionThreads(kind.name))


def request(payload: bytes, agent: str = "oracle") -> OpenedRequest:
    """A request that a gate took."""
    asked = Request(
        request_id="a" * 32,
        sender="client.example",
        caller="choria=alice.mcollective",
        collective="mcollective",
        agent=agent,
        ttl_seconds=60,
        time_ns=1,
        payload=payload,
    )
    transport = Transport(Version.V1, Headers(sender="client.example", reply_to="r"), "")
    return OpenedRequest(transport, asked, payload, None, b"", compile_filter(MATCH_ALL))


def call(action: str, agent: str = "oracle", **data: object) -> OpenedRequest:
    return request(json.dumps({"agent": agent, "action": action, "data": data}).encode())


@pytest.fixture
def host(node: Any) -> Made:
    """Makes hosts of the node."""

    def make(*, seconds: float = 2, authorizer: Any = None, audit: Any = None) -> AgentHost:
        agents = {kind.name: loaded(kind, seconds=seconds) for kind in (Oracle, Echo)}
        return AgentHost(agents, node=node, authorizer=authorizer, audit=audit)

    return make


async def answered(host: AgentHost, opened: OpenedRequest) -> dict[str, Any]:
    payload = await host.answer(opened)
    assert payload is not None
    reply: dict[str, Any] = json.loads(payload)
    assert list(reply) == ["action", "statuscode", "statusmsg", "data"]
    return reply


async def test_an_action_answers_with_its_result(host: Made) -> None:
    assert await answered(host(), call("echo", text="hi")) == {
        "action": "echo",
        "statuscode": 0,
        "statusmsg": "OK",
        "data": {"answer": "choria=alice.mcollective on node1.example: hi"},
    }


@pytest.mark.parametrize(
    ("opened", "status", "said", "data"),
    [
        (call("fail"), 1, "not today", {"answer": "none"}),
        (call("fly"), 2, "Unknown action fly for agent oracle", {}),
        (call("echo"), 3, "input text is missing", {}),
        (call("echo", text="too long"), 4, "input text is longer than 5 characters", {}),
        (
            call("break_down"),
            5,
            "oracle#break_down failed unexpectedly; the node's log says why",
            {},
        ),
        (call("leave"), 5, "oracle#leave failed unexpectedly; the node's log says why", {}),
        (call("give_up"), 5, "oracle#give_up failed unexpectedly; the node's log says why", {}),
        (call("end"), 5, "oracle#end failed unexpectedly; the node's log says why", {}),
        (call("misread"), 5, "oracle#misread failed unexpectedly; the node's log says why", {}),
        (call("time_out"), 5, "oracle#time_out failed unexpectedly; the node's log says why", {}),
        (call("odd"), 5, "oracle#odd failed unexpectedly; the node's log says why", {}),
        (call("bare"), 5, "oracle#bare failed unexpectedly; the node's log says why", {}),
        (call("mangle"), 5, "the reply is no text", {}),
        (call("fail", agent="rpcutil"), 1, NOT_AUTHORIZED, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_failure_is_answered_with_its_status(
    opened: OpenedRequest, status: int, said: str, data: object, host: Made
) -> None:
    reply = await answered(host(), opened)

    assert (reply["statuscode"], reply["statusmsg"], reply["data"]) == (status, said, data)


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\xff", b'{"agent":"oracle","action":"x","data":1}']
)
async def test_what_is_no_rpc_request_is_answered_with_status_four(
    payload: bytes, host: Made
) -> None:
    reply = await answered(host(), request(payload))

    assert reply["statuscode"] == 4
    assert reply["statusmsg"].startswith("Could not process request: ")


keys = st.sampled_from(["agent", "action", "data", "text"]) | st.text(max_size=4)
scalars = st.none() | st.booleans() | st.integers() | st.sampled_from(["oracle", "echo"])
documents = st.recursive(
    scalars | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | documents.map(lambda document: json.dumps(document).encode()))
def test_whatever_comes_is_answered_with_a_status(host: Made, payload: bytes) -> None:
    reply = asyncio.run(answered(host(), request(payload)))

    assert reply["statuscode"] in set(StatusCode)
    assert isinstance(reply["data"], dict)


async def test_an_action_that_takes_too_long_is_ended(host: Made) -> None:
    reply = await answered(host(seconds=0.01), call("sleep"))

    assert (reply["statuscode"], reply["statusmsg"]) == (
        5,
        "oracle#sleep was not done within 0.01 s",
    )


async def test_only_quick_actions_run_on_the_event_loop(host: Made) -> None:
    here = threading.current_thread().name

    slow = await answered(host(), call("slow"))
    fast = await answered(host(), call("fast"))

    assert slow["data"]["thread"] != here
    assert fast["data"]["thread"] == here


async def test_an_agent_that_the_node_does_not_have_is_not_answered(host: Made) -> None:
    assert await host().answer(request(b"{}", agent="missing")) is None


@pytest.mark.parametrize(
    ("payload", "answer"), [(b"x", b"x"), (b"", None), (b"break", None), (b"sleep", None)]
)
async def test_a_raw_agent_answers_as_it_likes_or_not_at_all(
    payload: bytes, answer: bytes | None, host: Made
) -> None:
    assert await host(seconds=0.01).answer(request(payload, agent="echo")) == answer


async def test_the_discovery_agent_answers_pings_alone(node: Any) -> None:
    host = AgentHost(node.loaded, node=node)

    assert await host.answer(request(b"ping", agent="discovery")) == b"pong"
    assert await host.answer(request(b"pong", agent="discovery")) is None


class Strict:
    """Allows one action, and raises at another."""

    def __init__(self) -> None:
        self.asked: list[AuthorizationRequest] = []

    def decide(self, request: AuthorizationRequest) -> Decision:
        self.asked.append(request)
        if request.action == "fast":
            raise RuntimeError("no policy to be found")
        return Decision(request.action == "echo", "so it is")


async def test_the_authorizer_is_asked_before_any_action(host: Made) -> None:
    strict = Strict()
    guarded = host(authorizer=strict)

    allowed = await answered(guarded, call("echo", text="hi"))
    denied = await answered(guarded, call("fail"))
    broken = await answered(guarded, call("fast"))
    unknown = await answered(guarded, call("fly"))

    assert allowed["statuscode"] == 0
    assert (denied["statuscode"], denied["statusmsg"]) == (1, NOT_AUTHORIZED)
    assert (broken["statuscode"], broken["statusmsg"]) == (1, NOT_AUTHORIZED)
    assert unknown["statuscode"] == 2
    asked = strict.asked[0]
    assert (asked.agent, asked.caller) == ("oracle", "choria=alice.mcollective")
    assert asked.facts()["country"] == "mt"
    assert "apache" in asked.classes()


class Notebook:
    """An auditor that keeps everything."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


async def test_what_is_allowed_is_audited_whatever_becomes_of_it(host: Made) -> None:
    notebook = Notebook()
    audited = host(authorizer=Strict(), audit=AuditTrail(notebook))

    for opened in (
        call("fail"),  # is denied
        call("fly"),  # is no action
        call("echo", agent="rpcutil", text="hi"),  # is meant for another agent
        request(b"x", agent="echo"),  # of an agent without actions
        request(b"{}", agent="missing"),
        request(b"no call"),
    ):
        await audited.answer(opened)
    assert notebook.entries == []

    await audited.answer(call("echo"))  # misses its input
    await audited.answer(call("echo", text="hi"))
    assert [(one.agent, one.action, bytes(one.data)) for one in notebook.entries] == [
        ("oracle", "echo", b"{}"),
        ("oracle", "echo", b'{"text": "hi"}'),
    ]


async def test_an_auditor_that_fails_stops_no_request(host: Made) -> None:
    class Full:
        def record(self, entry: AuditEntry) -> None:
            raise OSError("no space")

    trail = AuditTrail(Full())

    assert (await answered(host(audit=trail), call("echo", text="hi")))["statuscode"] == 0
    assert trail.lost == 1


@pytest.mark.parametrize(
    ("action", "data", "said"),
    [
        ("get_config_item", {"item": "no.such"}, "Unknown key"),
        ("get_data", {"source": "none"}, "Unknown data plugin"),
    ],
)
async def test_what_rpcutil_does_not_know_is_status_one(
    action: str, data: dict[str, str], said: str, node: Any
) -> None:
    opened = request(
        json.dumps({"agent": "rpcutil", "action": action, "data": data}).encode(), "rpcutil"
    )

    reply = await answered(AgentHost(node.loaded, node=node), opened)

    assert (reply["statuscode"], reply["statusmsg"]) == (1, said)


async def test_a_fact_that_is_missing_is_null_and_no_failure(node: Any) -> None:
    payload = b'{"agent":"rpcutil","action":"get_facts","data":{"facts":"country, no.such"}}'

    reply = await answered(AgentHost(node.loaded, node=node), request(payload, "rpcutil"))

    assert reply["statuscode"] == 0
    assert reply["data"] == {"values": {"country": "mt", "no.such": None}}


@pytest.mark.parametrize(
    ("action", "data", "said", "given"),
    [
        ("machine_state", {}, "No search criteria given", {"name": "unknown machine"}),
        ("machine_state", {"name": "heater"}, "No running machines", {"state": "unknown machine"}),
        (
            "machine_transition",
            {"transition": "start"},
            "Could not perform start transition: no running machines",
            {"success": False},
        ),
    ],
)
async def test_there_are_no_machines(
    action: str, data: dict[str, str], said: str, given: dict[str, object], node: Any
) -> None:
    body = {"agent": "choria_util", "action": action, "data": data}
    opened = request(json.dumps(body).encode(), "choria_util")

    reply = await answered(AgentHost(node.loaded, node=node), opened)

    assert (reply["statuscode"], reply["statusmsg"]) == (1, said)
    assert given.items() <= reply["data"].items()
