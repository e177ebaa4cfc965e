"""Emulated nodes answer as real ones do."""

import gc
import json
import time

import pytest

from choria_core.broker.server import Broker
from choria_core.protocol.messages import FactFilter, Filter
from choria_core.protocol.rpc_body import StatusCode, unpack_fields
from choria_emulator.fleet.plan import STOCK_AGENTS, Behaviour
from choria_emulator.fleet.recipes import TemplateFacts
from choria_emulator.node.recent import MOST_BYTES
from choria_emulator.node.task import Task

from .conftest import MakeFleet, group

NAMES = {"node-1", "node-2", "node-3"}
DISCOVERY = "mcollective.broadcast.agent.discovery"


async def test_each_node_says_that_it_started_and_answers_a_ping(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    assert {event.identity for event in fleet.events} == NAMES
    assert await fleet.ping(3) == NAMES


async def test_generate_gives_as_many_digits_as_are_asked_for(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    replies = await fleet.call(3, "emulated0", "generate", {"size": 25})
    assert set(replies) == NAMES
    for reply in replies.values():
        assert (reply.statuscode, reply.statusmsg) == (StatusCode.OK, "OK")
        assert unpack_fields(reply.data) == {"message": "0123456789012345678901234"[:25]}


async def test_a_size_above_what_the_broker_takes_is_refused(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    [reply, *_] = (await fleet.call(3, "emulated0", "generate", {"size": 1 << 40})).values()
    assert reply.statuscode == StatusCode.INVALID_DATA
    assert str(1 << 20) in reply.statusmsg


async def test_a_reply_that_grows_too_large_on_its_way_says_so(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    replies = await fleet.call(3, "emulated0", "generate", {"size": 1_000_000})
    assert {reply.statuscode for reply in replies.values()} == {StatusCode.UNKNOWN_ERROR}


@pytest.mark.parametrize("fail", [0.0, 1.0])
async def test_no_word_of_a_caller_keeps_nodes_from_answering(
    broker: Broker, make_fleet: MakeFleet, fail: float
) -> None:
    fleet = await make_fleet(broker, group(behaviour=Behaviour(fail=fail)))
    for word in ("zq-place-of-the-name-qz", "node-1", "", "0" * 64, '"data":"'):
        assert set(await fleet.call(3, "emulated0", word)) == NAMES
    assert fleet.process.counts.losses == 0


async def test_many_large_requests_and_replies_do_not_pile_up(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker, group(1))
    for _ in range(80):
        arguments: dict[str, object] = {"size": 500_000, "pad": "x" * 500_000}
        [reply] = (await fleet.call(1, "emulated0", "generate", arguments)).values()
        assert reply.statuscode == StatusCode.OK
    held = [one for one in gc.get_objects() if isinstance(one, Task)]
    assert 1 <= len(held) <= MOST_BYTES // 500_000


async def test_what_a_node_tells_of_itself_is_its_own(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    facts = TemplateFacts({"number": "${number}"})
    fleet = await make_fleet(broker, group(facts=facts, classes=("web",)))
    replies = await fleet.call(3, "rpcutil", "inventory")
    told = {sender: unpack_fields(reply.data) for sender, reply in replies.items()}
    assert {sender: one["facts"]["number"] for sender, one in told.items()} == {
        "node-1": 1,
        "node-2": 2,
        "node-3": 3,
    }
    assert all(one["classes"] == ["web"] for one in told.values())


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(identity=("node-2",)), {"node-2"}),
        (Filter(identity=("/node-[13]/",)), {"node-1", "node-3"}),
        (Filter(fact=(FactFilter(fact="number", operator=">=", value="2"),)), {"node-2", "node-3"}),
        (Filter(cf_class=("web",)), NAMES),
        (Filter(agent=("emulated0",)), NAMES),
        (Filter(compound=('with("number=3")',)), {"node-3"}),
    ],
    ids=["identity", "pattern", "fact", "class", "agent", "compound"],
)
async def test_every_kind_of_filter_holds(
    broker: Broker, make_fleet: MakeFleet, wanted: Filter, names: set[str]
) -> None:
    facts = TemplateFacts({"number": "${number}"})
    fleet = await make_fleet(broker, group(facts=facts, classes=("web",)))
    assert await fleet.ping(len(names), filter=wanted) == names
    await fleet.settled()
    assert fleet.process.counts.filtered == 3 - len(names)


async def test_a_filter_that_means_nobody_is_not_answered(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    token = await fleet.ask(DISCOVERY, filter=Filter(agent=("absent",)))
    await fleet.settled()
    assert fleet.of(token) == []


async def test_a_request_sent_again_is_taken_once(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker)
    body = fleet.caller.request(
        reply_to="mcollective.reply.0123456789abcdef0123456789abcdef.x", now_ns=time.time_ns()
    )
    for _ in range(3):
        await fleet.wire.publish(DISCOVERY, body)
    await fleet.settled()
    assert fleet.process.counts.repeated == 6
    assert len(fleet.replies) == 3


async def test_a_request_that_is_too_old_is_not_taken(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    await fleet.ask(DISCOVERY, now_ns=time.time_ns() - 120 * 10**9)
    await fleet.settled()
    assert fleet.process.counts.expired == 3


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b"\xff\xfe" * 100])
async def test_a_malformed_request_costs_that_message_only(
    broker: Broker, make_fleet: MakeFleet, body: bytes
) -> None:
    fleet = await make_fleet(broker)
    await fleet.wire.publish(DISCOVERY, body)
    assert await fleet.ping(3) == NAMES
    assert fleet.process.counts.refused == 3
    assert fleet.process.counts.losses == 0


async def test_nodes_of_another_collective_leave_a_request_alone(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    await fleet.ask(DISCOVERY, collective="elsewhere")
    await fleet.settled()
    assert fleet.process.counts.refused == 3


async def test_one_node_can_be_asked_by_name(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker)
    replies = await fleet.call(1, "emulated0", "generate", subject="mcollective.node.node-2")
    assert set(replies) == {"node-2"}


async def test_exit_emulator_is_refused_unless_it_was_allowed(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker)
    [reply, *_] = (await fleet.call(3, "emulated0", "exit_emulator")).values()
    assert reply.statuscode == StatusCode.ABORTED
    assert "--allow-exit" in reply.statusmsg
    assert not fleet.process.limits.exit_asked


async def test_exit_emulator_answers_before_anything_ends(
    broker: Broker, make_fleet: MakeFleet
) -> None:
    fleet = await make_fleet(broker, may_exit=True)
    replies = await fleet.call(3, "emulated0", "exit_emulator")
    assert {reply.statuscode for reply in replies.values()} == {StatusCode.OK}
    assert fleet.process.limits.exit_asked


async def test_a_stock_server_has_scout_as_well(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker, group(1, agents=STOCK_AGENTS))
    [reply] = (await fleet.call(1, "rpcutil", "agent_inventory")).values()
    agents = [agent["agent"] for agent in unpack_fields(reply.data)["agents"]]
    assert agents == ["choria_util", "discovery", "rpcutil", "scout"]


async def test_a_node_counts_what_reached_it(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker)
    await fleet.ping(3)
    await fleet.ping(1, filter=Filter(identity=("node-1",)))
    replies = await fleet.call(3, "rpcutil", "daemon_stats")
    stats = unpack_fields(replies["node-2"].data)
    assert (stats["total"], stats["validated"], stats["filtered"], stats["replies"]) == (3, 2, 1, 1)


async def test_the_audit_file_of_a_node_has_the_recorded_fields(
    broker: Broker, make_fleet: MakeFleet, tmp_path: "pytest.TempPathFactory"
) -> None:
    fleet = await make_fleet(broker, audit_pattern=f"{tmp_path}/audit-%s.log")
    await fleet.ping(3)
    await fleet.call(3, "emulated0", "forget", {"size": 5})
    await fleet.call(3, "emulated0", "generate", {"size": 5})
    for name in NAMES:
        [text] = (tmp_path / f"audit-{name}.log").read_text().splitlines()  # type: ignore[operator]
        entry = json.loads(text)
        assert list(entry) == [
            "timestamp",
            "request_id",
            "request_time",
            "caller",
            "sender",
            "agent",
            "action",
            "data",
        ]
        assert (entry["agent"], entry["action"], entry["data"]) == (
            "emulated0",
            "generate",
            {"size": 5},
        )


async def test_every_node_says_goodbye(broker: Broker, make_fleet: MakeFleet) -> None:
    fleet = await make_fleet(broker)
    fleet.stop.set()
    await fleet.until(lambda: fleet.told("shutdown") == 3)
