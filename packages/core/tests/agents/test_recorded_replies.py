"""Recorded requests are answered with the keys and types of the recorded replies."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from choria_core.agents.host import AgentHost
from choria_core.agents.loading import LoadedAgent
from choria_core.agents.node import Node
from choria_core.node.opening import OpenedRequest, RequestOpener
from choria_core.protocol.messages import NANOSECONDS, Version
from choria_testing import vectors

OPENER = RequestOpener(Version.V1, None)
OPEN = ("facts", "values")  # what is in these is the node's own
VARIED = ("value",)


class Recorded:
    """An action that was recorded: the request, and the reply of the first node."""

    def __init__(self, label: str, request: OpenedRequest, reply: dict[str, Any]) -> None:
        self.label = label
        self.request = request
        self.reply = reply


def recorded() -> Iterator[Recorded]:
    for record in vectors.load("plain.jsonl"):
        if not record["label"].startswith(("rpcutil ", "choria_util ")):
            continue
        bodies = [message["data"].encode() for message in record["messages"]]
        opened = [one for one in map(opened_request, bodies, [record["time"]] * len(bodies)) if one]
        replies = [one for one in map(rpc_reply, bodies) if one]
        yield Recorded(record["label"], opened[-1], replies[0])


def opened_request(body: bytes, time: float) -> OpenedRequest | None:
    transport = json.loads(body)
    if "reply-to" not in transport.get("headers", {}) or b'"registration' in body:
        return None
    opened = OPENER.open(body, now_ns=int(time) * NANOSECONDS)
    return opened if opened.request.agent in ("rpcutil", "choria_util") else None


def rpc_reply(body: bytes) -> dict[str, Any] | None:
    secure = json.loads(base64.b64decode(json.loads(body)["data"]))
    document = json.loads(secure["message"])
    message = document["message"]
    is_reply = document["envelope"]["senderid"] == "node1.example" and "statuscode" in message
    reply: dict[str, Any] | None = json.loads(message) if is_reply else None
    return reply


RECORDED = list(recorded())


def shape(value: Any, key: str = "") -> Any:
    """Keys and types of a document; integral and other numbers are one."""
    if key in VARIED:
        return "any"
    if isinstance(value, dict):
        return "hash" if key in OPEN else {name: shape(one, name) for name, one in value.items()}
    if isinstance(value, list):  # an empty one is no different from one of texts
        return next((["hash", shape(one)] for one in value if isinstance(one, dict)), "list")
    return "number" if type(value) in (int, float) else type(value).__name__


def test_every_action_of_the_agents_is_recorded_but_those_of_machines(node: Any) -> None:
    actions = {one.reply["action"] for one in RECORDED}

    offered = {name for agent in node.loaded.values() for name in agent.actions}

    assert offered - actions == {"machine_state", "machine_transition"}


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.label)
async def test_the_reply_has_the_recorded_keys_and_types(one: Recorded, node: Any) -> None:
    answer = await AgentHost(node.loaded, node=node).answer(one.request)

    assert answer is not None
    reply = json.loads(answer)
    assert list(reply) == list(one.reply)
    assert (reply["statuscode"], reply["statusmsg"]) == (0, "OK")
    assert shape(reply["data"]) == shape(one.reply["data"])


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.label)
def test_the_description_names_the_recorded_fields(one: Recorded, node: Any) -> None:
    ddl = node.loaded[one.request.request.agent].ddl.action(one.reply["action"])

    expected = set() if one.reply["action"] == "get_data" else set(one.reply["data"])

    assert set(ddl.output) == expected


@pytest.mark.parametrize("label", ["rpcutil get_fact fact=country", "rpcutil inventory"])
async def test_facts_and_classes_are_answered_as_they_were(label: str, node: Any) -> None:
    [one, *_] = [one for one in RECORDED if one.label == label]
    recorded = one.reply["data"]

    answer = await AgentHost(node.loaded, node=node).answer(one.request)

    reply = json.loads(answer or b"", parse_int=float)  # as Go does: a fact is beyond 2 ** 53
    keys = {"fact", "value", "facts", "classes", "collectives", "main_collective"} & set(recorded)
    assert {key: reply["data"][key] for key in keys} == {key: recorded[key] for key in keys}


def test_the_agents_share_one_instance(node: Any) -> None:
    agents: dict[str, LoadedAgent] = node.loaded
    other: Node = node

    first, second = AgentHost(agents, node=other), AgentHost(agents, node=other)

    assert first.names == second.names == ("choria_util", "discovery", "rpcutil")
    assert list(first.subscriptions()) == [(name, False) for name in first.names]
