"""RPC tasks: whom they ask, when they do well, what they say."""

import json
from collections.abc import Iterable
from typing import Any

from choria_core.playbook.task import HostResult, Outcome
from choria_testing.scripted_nodes import Asked, ScriptedNodes
from packages.playbooks.tests.rpc.conftest import NODES, RecordedRun, Try

ALL = f"nodes: [{', '.join(NODES)}]"


def said(asked: Asked, *, status: int = 0, message: str = "OK", **data: object) -> Iterable[bytes]:
    """A reply."""
    document = {"statuscode": status, "statusmsg": message, "data": data}
    return [asked.reply(json.dumps(document).encode())]


def rows_of(outcome: Outcome) -> dict[str, Any]:
    """What ``previous_task.data`` has, by node."""
    rows: Any = outcome.data
    return {row["sender"]: row for row in rows}


async def test_all_nodes_answer_and_each_is_a_row(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = lambda asked: said(asked, idling=True)

    outcome = await attempt(f"action: puppet.status\n{ALL}")

    assert outcome.is_ok
    request_id = nodes.requests[0].request.request_id
    assert outcome.message.startswith(f"request {request_id} for puppet#status did well on 4 nodes")
    assert recorded.waiting == list(NODES)
    assert recorded.results == outcome.results
    assert set(outcome.results) == set(NODES)
    assert outcome.results[NODES[0]] == HostResult(is_ok=True, value={"idling": True})
    rows = rows_of(outcome)
    assert set(rows) == set(NODES)
    assert rows[NODES[0]] == {
        "agent": "puppet",
        "action": "status",
        "sender": NODES[0],
        "statuscode": 0,
        "statusmsg": "OK",
        "data": {"idling": True},
        "requestid": request_id,
    }
    assert {subject.rpartition("node.")[2] for subject, _ in nodes.bodies} == set(NODES)
