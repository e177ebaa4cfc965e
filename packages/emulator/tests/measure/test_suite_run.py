"""Suites against scripted nodes on a real broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.client.call import Call
from choria_core.errors import WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.lean_transport import connect
from choria_core.nats.transport import ConnectionState, Message, StateChange
from choria_core.nats.wire import publish
from choria_core.network_config.client_config import ClientConfig
from choria_core.network_config.host import Host, HostNames
from choria_core.network_config.load import load_client
from choria_core.network_config.protection import Tls
from choria_core.plugins import Plugins
from choria_emulator.measure import result_files
from choria_emulator.measure.plan import MeasurePlan
from choria_emulator.measure.protection_flags import with_protection
from choria_emulator.measure.request_run import CutWatch, Progress
from choria_emulator.measure.result import RequestResult
from choria_emulator.measure.suite_events import RESULT_SUBJECT, SUITE_SUBJECT
from choria_emulator.measure.suite_run import Outcome, run_suite
from choria_testing.fixtures import MakeBroker
from choria_testing.scripted_nodes import Asked, ScriptedNodes, scripted_nodes, usual_answer

NODES = ("n1.example", "n2.example", "n3.example")
FAILURE = b'{"action":"generate","statuscode":1,"statusmsg":"no","data":{}}'


class Ears:
    """Hears how a suite goes on."""

    def __init__(self) -> None:
        self.nodes = 0
        self.asked: list[int] = []
        self.results: list[RequestResult] = []

    def found(self, nodes: int, seconds: float) -> None:
        assert seconds > 0
        self.nodes = nodes

    @contextlib.contextmanager
    def asking(self, number: int) -> Iterator[Progress]:
        def progress(call: Call) -> None:
            assert call.answered

        self.asked.append(number)
        yield progress

    def answered(self, result: RequestResult) -> None:
        self.results.append(result)


@pytest_asyncio.fixture
async def plain_broker(make_broker: MakeBroker) -> Broker:
    """A broker without security."""
    return await make_broker(jetstream=False)


@pytest_asyncio.fixture
async def nodes(plain_broker: Broker) -> AsyncIterator[ScriptedNodes]:
    """Three nodes that answer."""
    async with scripted_nodes(plain_broker, *NODES) as three:
        yield three


@pytest.fixture
def config(plain_broker: Broker, tmp_path: Path) -> ClientConfig:
    """Of a client of the plain broker."""
    return config_of(plain_broker, tmp_path)


def config_of(broker: Broker, folder: Path) -> ClientConfig:
    """Of a client; what the environment says of protection does not matter."""
    file = folder / "client.cfg"
    file.write_text(
        "identity = desk.example\nplugin.security.provider = file\n"
        f"plugin.choria.middleware_hosts = 127.0.0.1:{broker.port}\n"
    )
    names = HostNames(host_name=lambda: "desk.example")
    environment = {"HOME": str(folder), "MCOLLECTIVE_CERTNAME": "desk.mcollective"}
    read = load_client(file, host=Host(names, environment))
    return with_protection(read, tls=False, verify=False, secure=False)


@pytest.fixture
def small(plan: MeasurePlan) -> MeasurePlan:
    """Two requests to the three nodes."""
    plan.folder.mkdir()
    return replace(
        plan,
        count=2,
        expect=3,
        timeout_seconds=0.3,
        grace_seconds=0.0,
        discovery_timeout_seconds=0.3,
    )


async def run(
    plan: MeasurePlan,
    config: ClientConfig,
    ears: Ears | None = None,
    stop: asyncio.Event | None = None,
) -> Outcome:
    """Measure, within the time of a test."""
    async with asyncio.timeout(60):
        return await run_suite(
            plan, config, Plugins(), stop=stop or asyncio.Event(), listener=ears or Ears()
        )


def rows(plan: MeasurePlan, name: str) -> list[str]:
    """Lines of a result file."""
    return (plan.folder / name).read_text().splitlines()


async def test_all_nodes_are_asked_with_one_message_again_and_again(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    ears = Ears()

    outcome = await run(replace(small, warmup=1), config, ears)

    subjects = [subject for subject, _ in nodes.bodies]
    assert subjects == [
        "mcollective.broadcast.agent.discovery",
        *["mcollective.broadcast.agent.emulated0"] * 3,
    ]
    assert nodes.requests[0].request.filter.agent == ("emulated0",)
    asked = json.loads(nodes.requests[-1].request.payload)
    assert (asked["action"], asked["data"]["size"]) == ("generate", 100)
    assert ears.nodes == 3
    assert ears.asked == [0, 1, 2]
    assert [result.number for result in outcome.results] == [1, 2]
    for result in outcome.results:
        assert (result.ok, result.failed, result.missing) == (3, 0, ())
        assert list(result.times_ns) == sorted(result.times_ns)
        assert 0 < result.times_ns[0] <= result.times_ns[-1] <= result.request_ns <= result.total_ns
        assert result.effort.wall_ns > 0
    assert {node.node for node in outcome.times.slowest(9)} == set(NODES)
    assert {node.replies for node in outcome.times.slowest(9)} == {2}


async def test_directed_requests_ask_each_node_by_its_name(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    await run(replace(small, force_direct=True, count=1, workers=2), config)

    assert [subject for subject, _ in nodes.bodies][1:] == [
        f"mcollective.node.{name}" for name in NODES
    ]


async def test_the_files_have_a_row_for_each_request_and_no_warm_up(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    outcome = await run(replace(small, warmup=2), config)

    assert len(rows(small, result_files.REQUESTS)) == 3
    assert len(rows(small, result_files.OUTCOMES)) == 3
    times = [row.split(",") for row in rows(small, result_files.TIMES)]
    assert [[int(text) for text in row] for row in times] == [
        list(result.times_ns) for result in outcome.results
    ]
    assert len(rows(small, result_files.BUCKETS)) == 2
    assert json.loads((small.folder / result_files.SUITE).read_bytes())["expected_nodes"] == 3


async def test_a_node_that_does_not_answer_is_missing_and_one_that_fails_has_failed(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    def answer(asked: Asked) -> list[bytes]:
        if asked.request.agent == "discovery":
            return [asked.reply()]
        return {
            NODES[0]: [asked.reply(), asked.reply()],
            NODES[1]: [asked.reply(FAILURE)],
            NODES[2]: [],
        }[asked.node]

    nodes.answer = answer

    [result] = (await run(replace(small, count=1), config)).results

    assert (result.ok, result.failed, result.missing) == (1, 1, (NODES[2],))
    assert result.duplicates == (NODES[0],)
    assert result.strangers == ()
    assert result.request_ns == 300_000_000
    assert not result.is_success


async def test_answers_after_the_timeout_are_late_and_missing(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    small = replace(small, count=1, timeout_seconds=0.2, grace_seconds=30.0)

    def answer(asked: Asked) -> list[bytes]:
        if asked.request.agent == "discovery" or asked.node != NODES[0]:
            return [asked.reply()]
        target = asked.transport.headers.reply_to.encode()
        frame = publish(target, b"", b"", asked.reply())
        loop = asyncio.get_running_loop()
        loop.call_later(2 * small.timeout_seconds, nodes._transport.send, frame)
        return []

    nodes.answer = answer

    [result] = (await run(small, config)).results

    assert (result.ok, result.missing, result.late) == (2, (NODES[0],), (NODES[0],))
    assert result.request_ns == 200_000_000
    assert result.total_ns < 10_000_000_000


async def test_a_suite_that_is_stopped_has_the_requests_that_are_over(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    stop = asyncio.Event()

    def answer(asked: Asked) -> list[bytes]:
        if len(nodes.requests) <= 6:  # discovery and one request, each of three nodes
            return [asked.reply()]
        stop.set()
        return []

    nodes.answer = answer

    outcome = await run(replace(small, count=9, timeout_seconds=600.0), config, stop=stop)

    assert [result.ok for result in outcome.results] == [3]
    assert len(rows(small, result_files.REQUESTS)) == 2


@pytest.mark.parametrize("expect", [2, 4])
async def test_as_many_nodes_as_expected_must_be_there(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig, expect: int
) -> None:
    with pytest.raises(WorkError, match=f"expected {expect} nodes .* found 3"):
        await run(replace(small, expect=expect), config)

    assert list(small.folder.iterdir()) == []


async def test_a_node_that_was_too_busy_for_the_first_look_is_found_by_the_next(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    looks: list[str] = []

    def answer(asked: Asked) -> list[bytes]:
        looks.append(asked.request.agent)
        is_busy = asked.node == NODES[0] and looks.count("discovery") <= len(NODES)
        return [] if is_busy else list(usual_answer(asked))

    nodes.answer = answer

    outcome = await run(replace(small, expect=3), config)

    assert outcome.results[0].ok == 3
    assert looks.count("discovery") == 2 * len(NODES)


async def test_two_nodes_of_one_name_are_not_taken_for_one(
    nodes: ScriptedNodes, small: MeasurePlan, config: ClientConfig
) -> None:
    nodes.answer = lambda asked: [*usual_answer(asked), *usual_answer(asked)]

    with pytest.raises(WorkError, match=r"n1\.example is the name of more than one"):
        await run(small, config)


async def test_the_suite_and_each_result_are_announced(
    nodes: ScriptedNodes, plain_broker: Broker, small: MeasurePlan, config: ClientConfig
) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear(message: Message) -> None:
        heard.append((message.subject, json.loads(message.data)))

    async with await connect(parse_endpoint(plain_broker.url), name="ears") as transport:
        await transport.subscribe("io.choria.event.emulator.>", hear)
        await transport.flush()
        await run(small, config)
        await transport.flush()

    assert [subject for subject, _ in heard] == [SUITE_SUBJECT, RESULT_SUBJECT, RESULT_SUBJECT]
    assert all(event["type"] == subject for subject, event in heard)
    assert [event["data"]["instance"] for _, event in heard[1:]] == [1, 2]
    assert len({event["id"] for _, event in heard}) == 3


async def test_a_client_that_is_cut_off_as_too_slow_is_told_so(
    make_broker: MakeBroker, small: MeasurePlan, tmp_path: Path
) -> None:
    """A broker that lets so little wait cuts off whoever is sent more than its socket takes."""
    broker = await make_broker(
        jetstream=False, max_payload_bytes=10_000, extra_config="max_pending: 10000"
    )
    body = b'{"action":"generate","statuscode":0,"statusmsg":"OK","data":{"message":"%s"}}'

    def answer(asked: Asked) -> list[bytes]:
        if asked.request.agent == "discovery":
            return [asked.reply()]
        if asked.node == NODES[0]:  # the others are silent, so that the request waits
            return [asked.reply(body % (b"x" * 4_000))] * 5_000
        return []

    async with scripted_nodes(broker, *NODES) as nodes:
        nodes.answer = answer
        patient = replace(small, count=1, timeout_seconds=4.0)
        [result] = (await run(patient, config_of(broker, tmp_path))).results

    assert "server closed the connection" in result.cut


async def test_a_broker_that_goes_away_is_told_of(
    nodes: ScriptedNodes, plain_broker: Broker, small: MeasurePlan, config: ClientConfig
) -> None:
    """Killed while nodes are asked; it comes back, and the next request is answered."""
    restarted: list[asyncio.Task[None]] = []

    def answer(asked: Asked) -> list[bytes]:
        if asked.request.agent != "discovery" and not restarted:
            restarted.append(asyncio.create_task(plain_broker.restart()))
            return []
        return [] if len(nodes.requests) < 7 else [asked.reply()]

    nodes.answer = lambda asked: (
        usual_answer(asked) if asked.request.agent == "discovery" else answer(asked)
    )

    outcome = await run(replace(small, timeout_seconds=5.0), config)
    await restarted[0]

    first, second = outcome.results
    assert "nats://" in first.cut
    assert len(first.missing) == 3
    assert second.ok == 3


def test_a_broker_that_stays_away_is_told_of_once() -> None:
    cuts = CutWatch()
    cuts.take(StateChange(ConnectionState.DISCONNECTED, "nats://old:4222", "known"))
    for cause in ("closed", "refused", "refused", "refused"):
        cuts.take(StateChange(ConnectionState.DISCONNECTED, "nats://b:4222", cause))

    assert cuts.since(1) == "nats://b:4222: closed; nats://b:4222: refused"
    assert cuts.since(5) == ""


def test_flags_stand_above_what_the_configuration_and_the_environment_say(
    config: ClientConfig,
) -> None:
    guarded = with_protection(config, tls=True, verify=True, secure=True).security.protection
    bare = with_protection(config, tls=False, verify=False, secure=False).security.protection

    assert (guarded.tls, guarded.verify_tls, guarded.signed) == (Tls.MUTUAL, True, True)
    assert (bare.tls, bare.verify_tls, bare.signed) == (Tls.OFF, False, False)
