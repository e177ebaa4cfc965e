"""RPC tasks: whom they ask, when they do well, what they say."""

import itertools
import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from choria_core.errors import UsageError
from choria_core.playbook.task import HostResult, Outcome
from choria_playbooks.tasks.rpc import RpcTask
from choria_testing.scripted_nodes import Asked, ScriptedNodes
from packages.playbooks.tests.rpc.conftest import (
    NODES,
    RecordedRun,
    Try,
    problems_of,
    read_options,
)

N1, N2, N3, N4 = NODES
ALL = f"action: puppet.status\nnodes: [{', '.join(NODES)}]\n"
SOON = "reply_timeout: 2s\n"
"""For tests with silent nodes, who are waited for so long."""

Answer = Callable[[Asked], Iterable[bytes]]


def said(asked: Asked, *, status: int = 0, message: str = "OK", **data: object) -> Iterable[bytes]:
    """A reply."""
    document = {"statuscode": status, "statusmsg": message, "data": data}
    return [asked.reply(json.dumps(document).encode())]


def but(node: str, other: Answer) -> Answer:
    """All nodes but one answer that all is well."""
    return lambda asked: other(asked) if asked.node == node else said(asked, idling=True)


def silence(_: Asked) -> Iterable[bytes]:
    """No reply."""
    return []


def failure(asked: Asked) -> Iterable[bytes]:
    """A reply that the action failed."""
    return said(asked, status=1, message="no disk left", left=0)


def rows_of(outcome: Outcome) -> dict[str, Any]:
    """What ``previous_task.data`` has, by node."""
    rows: Any = outcome.data
    return {row["sender"]: row for row in rows}


def kinds_of(outcome: Outcome) -> dict[str, str]:
    """What sort of failure each node is, where it is one."""
    return {name: one.kind for name, one in outcome.results.items() if not one.is_ok}


def sent(nodes: ScriptedNodes) -> list[Any]:
    """The inputs that the nodes got."""
    return [json.loads(one.request.payload)["data"] for one in nodes.requests]


async def test_all_nodes_answer_and_each_is_a_row(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = lambda asked: said(asked, idling=True)

    outcome = await attempt(ALL)

    assert outcome.is_ok
    request_id = nodes.requests[0].request.request_id
    assert outcome.message.startswith(f"request {request_id} for puppet#status did well on 4 nodes")
    assert recorded.waiting == list(NODES)
    assert recorded.results == outcome.results
    assert set(outcome.results) == set(NODES)
    assert outcome.results[N1] == HostResult(is_ok=True, value={"idling": True})
    rows = rows_of(outcome)
    assert set(rows) == set(NODES)
    assert rows[N1] == {
        "agent": "puppet",
        "action": "status",
        "sender": N1,
        "statuscode": 0,
        "statusmsg": "OK",
        "data": {"idling": True},
        "requestid": request_id,
    }
    assert {subject.rpartition("node.")[2] for subject, _ in nodes.bodies} == set(NODES)
    assert {one.request.collective for one in nodes.requests} == {"mcollective"}


async def test_no_node_that_is_not_named_is_asked(nodes: ScriptedNodes, attempt: Try) -> None:
    outcome = await attempt(f"action: puppet.status\nnodes: [{N2}, {N3}, {N2}]")
    assert outcome.is_ok
    assert set(outcome.results) == {N2, N3}
    assert sorted(one.node for one in nodes.requests) == [N2, N3]


async def test_one_that_fails_fails_the_task(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = but(N2, failure)

    outcome = await attempt(ALL)

    assert not outcome.is_ok
    assert outcome.message.endswith(f"for puppet#status failed on 1 of 4 nodes: 1 failed ({N2})")
    result = outcome.results[N2]
    assert (result.kind, result.error) == ("failed", "no disk left")
    assert result.details == {"statuscode": 1}
    assert result.value == {"left": 0}
    assert len(outcome.data) == 4
    assert recorded.warnings == [f"{N2}: no disk left"]


async def test_one_that_is_silent_fails_the_task(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = but(N3, silence)

    outcome = await attempt(ALL + SOON)

    assert not outcome.is_ok
    assert f"failed on 1 of 4 nodes: 1 did not answer ({N3})" in outcome.message
    assert kinds_of(outcome) == {N3: "silent"}
    assert outcome.results[N3].error == "no answer"
    assert set(rows_of(outcome)) == {N1, N2, N4}
    assert recorded.results == outcome.results


async def test_when_nobody_answers_it_fails(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = silence
    outcome = await attempt(f"{ALL}max_fail: 100%\nreply_timeout: 0.2")
    assert not outcome.is_ok
    assert set(kinds_of(outcome).values()) == {"silent"}


async def test_a_reply_that_cannot_be_read_is_a_failure(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = but(N1, lambda asked: [asked.reply(b"nonsense")])
    outcome = await attempt(ALL)
    assert kinds_of(outcome) == {N1: "failed"}
    assert outcome.results[N1].error == "its reply cannot be read"


async def test_successes_are_told_unless_silent_is_asked_for(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = but(N4, failure)

    await attempt(f"{ALL}silent: true")
    assert (recorded.lines, recorded.warnings) == ([], [f"{N4}: no disk left"])

    recorded.results.clear()
    await attempt(f"{ALL}silent: false")
    assert sorted(recorded.lines) == [f"{name}: OK" for name in (N1, N2, N3)]


async def test_properties_become_what_the_action_takes(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    await attempt(f"{ALL}properties: {{':message': hi, tries: '3', force: 'yes'}}")
    assert sent(nodes)[0] == {"message": "hi", "tries": 3, "force": True}

    nodes.requests.clear()
    recorded.results.clear()
    await attempt(f"{ALL}properties: {{message: '7', tries: 5}}")
    assert sent(nodes)[0] == {"message": "7", "tries": 5, "force": False}
    assert recorded.warnings == []


async def test_properties_that_the_action_does_not_take_are_warned_of(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    outcome = await attempt(f"{ALL}properties: {{mesage: hi, zzz: 1}}")
    assert outcome.is_ok
    assert recorded.warnings == [
        "action status does not take the property 'mesage'; did you mean message?",
        "action status does not take the property 'zzz'; it takes message, tries, force",
    ]
    assert sent(nodes)[0] == {"force": False}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{ALL}properties: {{tries: many}}", "tries"),
        (f"{ALL}properties: {{message: {'x' * 21}}}", "message"),
        (ALL.replace("puppet", "nosuch"), "no installed plugin has an agent nosuch"),
        (ALL.replace("status", "nosuch"), "agent puppet has no action 'nosuch'"),
    ],
)
async def test_what_the_agent_would_refuse_is_not_sent(
    nodes: ScriptedNodes, attempt: Try, text: str, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        await attempt(text)
    assert nodes.requests == []


class InBatches:
    """Nodes that answer once a whole batch was asked.

    Attributes:
        known: how many replies the task had taken when each of them was asked.
        asked_at: seconds of a clock, when that was.
    """

    def __init__(self, recorded: RecordedRun, sizes: Sequence[int]) -> None:
        self.known: list[int] = []
        self.asked_at: list[float] = []
        self._recorded = recorded
        self._sizes = list(sizes)
        self._waiting: list[Asked] = []

    def answer(self, asked: Asked) -> Iterable[bytes]:
        """Nothing, or what the whole batch says."""
        self.known.append(len(self._recorded.results))
        self.asked_at.append(time.monotonic())
        self._waiting.append(asked)
        if len(self._waiting) < self._sizes[0]:
            return []
        batch, self._waiting = self._waiting, []
        del self._sizes[0]
        return [one.reply() for one in batch]


@pytest.mark.parametrize(
    ("size", "batches"),
    [
        ("2", [2, 2]),
        ("'3'", [3, 1]),
        ("50%", [2, 2]),
        ("30%", [2, 2]),
        ("'25%'", [1, 1, 1, 1]),
        ("26%", [2, 2]),
        ("0.5%", [1, 1, 1, 1]),
        ("100%", [4]),
        ("10", [4]),
        ("0", [4]),
    ],
)
async def test_batches_are_numbers_or_shares_rounded_up(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun, size: str, batches: list[int]
) -> None:
    asked = InBatches(recorded, batches)
    nodes.answer = asked.answer

    outcome = await attempt(f"{ALL}batch_size: {size}\nbatch_sleep_time: 0")

    assert outcome.is_ok
    assert len(outcome.results) == 4
    before = itertools.accumulate(batches, initial=0)
    assert asked.known == [
        known for known, count in zip(before, batches, strict=False) for _ in range(count)
    ]


async def test_between_batches_it_sleeps(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    asked = InBatches(recorded, [2, 2])
    nodes.answer = asked.answer
    await attempt(f"{ALL}batch_size: 2\nbatch_sleep_time: 0.3")
    assert asked.asked_at[2] - asked.asked_at[1] >= 0.3


def test_the_sleep_is_a_second_unless_told_otherwise() -> None:
    assert read_options(RpcTask.Options, ALL).batch_sleep_time == 1.0
    for text, seconds in (("0.5", 0.5), ("2", 2.0), ("1m", 60.0)):
        options = read_options(RpcTask.Options, f"{ALL}batch_sleep_time: {text}")
        assert options.batch_sleep_time == seconds


async def test_summaries_are_the_message(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = lambda asked: said(asked, idling=asked.node != N2, version="1.1")
    outcome = await attempt(f"{ALL}post: [summarize]")
    assert outcome.is_ok
    prefix, text = outcome.message.split(": ", 1)
    assert prefix == "Summary for look around"
    summary = json.loads(text)
    assert summary == {"true": 3, "false": 1, "1.1": 4}


async def test_without_anything_to_sum_up_the_usual_words_are_the_message(
    nodes: ScriptedNodes, attempt: Try
) -> None:
    nodes.answer = said
    outcome = await attempt(f"{ALL}post: [summarize]")
    assert outcome.is_ok
    assert "did well on 4 nodes" in outcome.message


async def test_a_failure_is_told_before_a_summary(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = but(N1, failure)
    outcome = await attempt(f"{ALL}post: [summarize]")
    assert "failed on 1 of 4 nodes" in outcome.message


async def test_every_reply_must_be_as_asserted(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = but(N2, lambda asked: said(asked, idling=False))
    text = f"{ALL}assert: idling=true and not idling=maybe"

    outcome = await attempt(text)

    assert not outcome.is_ok
    assert f"failed on 1 of 4 nodes: 1 not as asserted ({N2})" in outcome.message
    assert kinds_of(outcome)[N2] == "assert"
    assert outcome.results[N2].value == {"idling": False}
    assert recorded.warnings[0].startswith(f"{N2}: ")


async def test_as_asserted_it_does_well(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = lambda asked: said(asked, idling=True, summary={"failed": 0})
    assert (await attempt(f"{ALL}assert: idling=true and summary.failed=0")).is_ok


async def test_a_reply_without_the_asserted_output_is_not_as_asserted(
    nodes: ScriptedNodes, attempt: Try
) -> None:
    nodes.answer = but(N4, said)
    outcome = await attempt(f"{ALL}assert: idling=true")
    assert kinds_of(outcome) == {N4: "assert"}
    assert "idling" in outcome.results[N4].error


@pytest.mark.parametrize("most", ["1", "'1'", "25%", "49%"])
async def test_so_many_may_fail(nodes: ScriptedNodes, attempt: Try, most: str) -> None:
    nodes.answer = but(N2, failure)
    outcome = await attempt(f"{ALL}max_fail: {most}")
    assert outcome.is_ok
    assert "did well on 3 nodes" in outcome.message
    assert f"1 of 4 nodes were allowed to fail: 1 failed ({N2})" in outcome.message
    assert kinds_of(outcome) == {N2: "failed"}


@pytest.mark.parametrize("most", ["0", "0%", "24%"])
async def test_a_share_that_may_fail_is_rounded_down(
    nodes: ScriptedNodes, attempt: Try, most: str
) -> None:
    nodes.answer = but(N2, failure)
    assert not (await attempt(f"{ALL}max_fail: {most}")).is_ok


async def test_failed_silent_and_not_as_asserted_count_together(
    nodes: ScriptedNodes, attempt: Try
) -> None:
    ways: dict[str, Answer] = {
        N1: failure,
        N2: silence,
        N3: lambda asked: said(asked, idling=False),
        N4: lambda asked: said(asked, idling=True),
    }
    nodes.answer = lambda asked: ways[asked.node](asked)

    three = await attempt(f"{ALL}{SOON}assert: idling=true\nmax_fail: 3")
    assert three.is_ok
    assert kinds_of(three) == {N1: "failed", N2: "silent", N3: "assert"}


async def test_batches_end_when_too_many_failed(
    nodes: ScriptedNodes, attempt: Try, recorded: RecordedRun
) -> None:
    nodes.answer = failure

    outcome = await attempt(f"{ALL}batch_size: 1\nbatch_sleep_time: 0\nmax_fail: 1")

    assert [one.node for one in nodes.requests] == [N1, N2]
    assert kinds_of(outcome) == {N1: "failed", N2: "failed", N3: "unasked", N4: "unasked"}
    assert f"2 not asked any more ({N3}, {N4})" in outcome.message
    assert recorded.results == outcome.results


async def test_without_max_fail_all_batches_are_asked(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = failure
    outcome = await attempt(f"{ALL}batch_size: 1\nbatch_sleep_time: 0")
    assert len(nodes.requests) == 4
    assert set(kinds_of(outcome).values()) == {"failed"}


async def test_the_last_batch_may_break_it_too(nodes: ScriptedNodes, attempt: Try) -> None:
    nodes.answer = lambda asked: failure(asked) if asked.node in {N1, N4} else said(asked)
    outcome = await attempt(f"{ALL}batch_size: 2\nbatch_sleep_time: 0\nmax_fail: 1")
    assert not outcome.is_ok
    assert kinds_of(outcome) == {N1: "failed", N4: "failed"}


async def test_another_collective_is_asked_where_it_says(
    nodes: ScriptedNodes, attempt: Try
) -> None:
    nodes.listen("uk")
    outcome = await attempt(f"{ALL}collective: uk")
    assert outcome.is_ok
    assert {subject.split(".")[0] for subject, _ in nodes.bodies} == {"uk"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "would call puppet#status on 4 nodes"),
        ("batch_size: 2", "would call puppet#status on 4 nodes, 2 at a time"),
        ("batch_size: 50%", "would call puppet#status on 4 nodes, 50% at a time"),
        ("batch_size: 0", "would call puppet#status on 4 nodes"),
    ],
)
def test_what_it_would_do_is_foretold(more: str, told: str) -> None:
    assert RpcTask().foretell(read_options(RpcTask.Options, ALL + more)) == told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nodes: [a]", "action: is required"),
        ("action: a.b", "nodes: is required"),
        ("action: puppet\nnodes: [a]", "action: must be an agent and its action"),
        ("action: a.b.c\nnodes: [a]", "action: must be an agent and its action"),
        ("action: a.b\nnodes: []", "nodes: names no nodes"),
        ("action: a.b\nnodes: n1.example", "nodes: must be a list"),
        (f"{ALL}properties: [a]", "properties: must be a block"),
        (f"{ALL}batch_size: 0%", "batch_size: must be more than 0%"),
        (f"{ALL}batch_size: many", "batch_size: "),
        (f"{ALL}batch_size: -1", "batch_size: "),
        (f"{ALL}batch_sleep_time: -1", "batch_sleep_time: "),
        (f"{ALL}post: [sumarize]", "post[0]: "),
        (f"{ALL}post: summarize", "post: must be a list"),
        (f"{ALL}assert: x 1", "assert: "),
        (f"{ALL}max_fail: -1", "max_fail: "),
        (f"{ALL}max_fail: some", "max_fail: "),
        (f"{ALL}silent: maybe", "silent: "),
        (f"{ALL}reply_timeout: soon", "reply_timeout: "),
        (f"{ALL}batchsize: 1", "did you mean batch_size?"),
    ],
)
def test_slips_are_told(text: str, problem: str) -> None:
    (told,) = problems_of(RpcTask.Options, text)
    assert problem in told
