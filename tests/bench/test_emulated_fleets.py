"""Fleets that the bench compares do the same, and who counts their replies counts right."""

from pathlib import Path

import pytest

from bench.emulation.clients import Desk, count_replies
from bench.emulation.counting_subscriber import Count
from bench.emulation.fleet import started_fleet
from bench.emulation.ground import open_ground
from bench.emulation.names import SUBSCRIPTIONS, node_name
from bench.emulation.programs import NATS_PY_PROGRAM, OUR_PROGRAM, Program
from bench.emulation.questions import GENERATE, PING_ALL, QUESTIONS, Question
from choria_core.errors import RemoteProtocolError
from choria_core.protocol import v1
from choria_core.protocol.messages import Headers, Reply, SecureReply

NODES = 3
REQUEST_ID = "0123456789abcdef" * 2


def reply(sender: str, payload: bytes, request_id: str = REQUEST_ID) -> bytes:
    """A whole message."""
    document = v1.encode_reply(
        Reply(request_id=request_id, sender=sender, agent="any", time_ns=0, payload=payload)
    )
    secure = v1.encode_secure_reply(SecureReply(document))
    return v1.encode_transport(secure, Headers(sender=sender, seen_by=(("a", sender, "b"),)))


@pytest.mark.parametrize("program", [OUR_PROGRAM, NATS_PY_PROGRAM], ids=lambda one: one.name)
async def test_every_node_of_a_fleet_answers(program: Program) -> None:
    async with open_ground(brokers=1, nodes=NODES) as ground:
        [before] = await ground.figures()
        async with started_fleet(program, NODES, size=NODES, ground=ground) as fleet:
            [there] = await ground.figures()
            asked = [
                await count_replies(ground.urls[0], question, nodes=NODES, requests=2)
                for question in QUESTIONS.values()
            ]

    assert there.connections == NODES
    assert there.subscriptions - before.subscriptions == NODES * SUBSCRIPTIONS
    assert [one.missing for one in asked] == [(0, 0), (0, 0)]
    assert fleet.sights[-1].messages == NODES


async def test_a_client_finds_every_node(tmp_path: Path) -> None:
    async with (
        open_ground(brokers=1, nodes=NODES) as ground,
        started_fleet(OUR_PROGRAM, NODES, size=NODES, ground=ground),
    ):
        pinged = await Desk(tmp_path, ground.urls).ping(NODES)

    assert pinged.missing == (0,)


def test_a_node_counts_once() -> None:
    count = Count(2)
    for sender in (node_name(1), node_name(1)):
        count.take((b"", b"", b"", reply(sender, b"pong")))
        count.look()

    assert count.missing == 1
    assert not count.complete.is_set()

    count.take((b"", b"", b"", reply(node_name(2), b"pong")))
    count.look()

    assert count.complete.is_set()
    assert count.senders == {b"bench-1", b"bench-2"}


@pytest.mark.parametrize(
    ("question", "payload"),
    [
        (PING_ALL, b"ping"),
        (GENERATE, b'{"statuscode":1,"statusmsg":"no","data":{"message":""}}'),
        (GENERATE, b'{"statuscode":0,"statusmsg":"OK","data":{"message":"0123"}}'),
    ],
    ids=["another word", "a failure", "a short text"],
)
def test_a_bad_answer_ends_the_measurement(question: Question, payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="no good answer"):
        question.check(reply("bench-1", payload), request_id=REQUEST_ID)


def test_an_answer_to_another_request_is_none() -> None:
    with pytest.raises(RemoteProtocolError, match="no good answer"):
        PING_ALL.check(reply("bench-1", b"pong", "0" * 32), request_id=REQUEST_ID)
