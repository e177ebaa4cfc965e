"""Tasks that wait until nodes are as they should be, as the first releases had them."""

import json
from collections.abc import Iterable

import pytest

from choria_playbooks.tasks.rpc_assert import RpcAssertTask
from choria_testing.scripted_nodes import Asked, ScriptedNodes
from packages.playbooks.tests.rpc.conftest import NODES, RecordedRun, problems_of, read_options

HEAD = f"action: puppet.status\nnodes: [{', '.join(NODES)}]\n"


def answers(nodes: ScriptedNodes, *idling: object) -> None:
    """Each node says in its turn whether it is idle."""
    by_node = dict(zip(NODES, idling, strict=True))

    def answer(asked: Asked) -> Iterable[bytes]:
        value = by_node[asked.node]
        data = {} if value is None else {"idling": value}
        document = {"statuscode": 0, "statusmsg": "OK", "data": data}
        return [asked.reply(json.dumps(document).encode())]

    nodes.answer = answer


@pytest.mark.parametrize(
    "expression",
    ["[':idling', '==', true]", "[idling, '=', true]", "[idling, '!==', false]"],
)
async def test_all_replies_must_be_as_the_expression_says(
    nodes: ScriptedNodes, recorded: RecordedRun, expression: str
) -> None:
    options = read_options(RpcAssertTask.Options, f"{HEAD}expression: {expression}")

    answers(nodes, True, True, True, True)
    assert (await RpcAssertTask().run(options, recorded)).is_ok

    recorded.results.clear()
    answers(nodes, True, False, None, True)
    outcome = await RpcAssertTask().run(options, recorded)
    assert not outcome.is_ok
    assert f"failed on 2 of 4 nodes: 2 not as asserted ({NODES[1]}, {NODES[2]})" in outcome.message
    bad = {name for name, result in outcome.results.items() if result.kind == "assert"}
    assert bad == {NODES[1], NODES[2]}
    assert len(outcome.data) == 4


async def test_properties_reach_the_nodes(nodes: ScriptedNodes, recorded: RecordedRun) -> None:
    text = f"{HEAD}properties: {{':message': hello}}\nexpression: [idling, in, [yes, 1]]"
    answers(nodes, 1, 1, 1, 1)
    assert (await RpcAssertTask().run(read_options(RpcAssertTask.Options, text), recorded)).is_ok
    sent = {json.dumps(json.loads(one.request.payload)["data"]) for one in nodes.requests}
    assert [json.loads(one)["message"] for one in sent] == ["hello"]


def test_what_it_would_do_is_foretold() -> None:
    text = "action: puppet.status\nnodes: [a, b]\nexpression: [':idling', '==', true]"
    told = RpcAssertTask().foretell(read_options(RpcAssertTask.Options, text))
    assert told == "would call puppet#status on 2 nodes, each to give idling == true"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, "expression: is required"),
        (f"{HEAD}expression: idling", "expression: must be a list"),
        (f"{HEAD}expression: [idling, '==']", "expression: the expression needs three parts"),
        (f"{HEAD}expression: [idling, '~', 1]", "there is no operator '~'"),
        (f"{HEAD}expression: [a, '==', 1, 2]", "needs three parts"),
        ("action: puppet\nnodes: [a]\nexpression: [a, '=', 1]", "action: must be an agent"),
        ("action: a.b\nnodes: []\nexpression: [a, '=', 1]", "nodes: names no nodes"),
        (f"{HEAD}expression: [a, '=', 1]\nbatch_size: 2", "batch_size: is not known"),
    ],
)
def test_slips_are_told(text: str, problem: str) -> None:
    (told,) = problems_of(RpcAssertTask.Options, text)
    assert problem in told
