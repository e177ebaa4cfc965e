"""From a network to a stream, over real brokers."""

import asyncio
import json
import urllib.request
from typing import Any

import pytest

from choria_core.errors import AuthenticationError
from choria_core.nats.jetstream import NANOSECONDS
from choria_core.protocol.adapter_output import decode_adapter_output
from choria_core.protocol.messages import Version
from choria_testing import vectors
from choria_testing.callers import Caller
from choria_testing.fixtures import MakeBroker
from choria_testing.secured_brokers import SecuredBroker
from choria_testing.streams import open_streams
from packages.plugins.adapter.tests.conftest import (
    ID,
    NODE,
    REGISTRATION,
    REPLIES,
    Lab,
    reply,
    request,
    until,
)

TAKES_REPLIES = (
    "plugin.choria.adapter.reg.ingest.protocol = reply",
    f"plugin.choria.adapter.reg.ingest.topic = {REPLIES}",
)


async def test_the_recorded_registrations_become_the_recorded_output(lab: Lab) -> None:
    messages = vectors.messages("adapter.jsonl")
    requests, outputs = messages[::2], messages[1::2]

    async with lab.adapting() as adapter:
        await lab.register(*(message["data"].encode() for message in requests))
        await until(lambda: adapter.figures.published == len(requests))

    held = await lab.streams.read("REG")
    assert [one.subject for one in held] == [output["subject"] for output in outputs]
    for one, output in zip(held, outputs, strict=True):
        assert json.loads(one.body) == json.loads(output["data"])
        assert one.body == output["data"].encode()


@pytest.mark.parametrize("recording", ["plain.jsonl", "v2.jsonl"])
async def test_recorded_replies_of_either_version_are_taken(recording: str, lab: Lab) -> None:
    bodies = [
        message["data"].encode()
        for message in vectors.messages(recording)
        if ".reply." in message["subject"]
    ]
    assert len(bodies) > 10

    async with lab.adapting(*TAKES_REPLIES) as adapter:
        await lab.register(*bodies, subject=REPLIES)
        await until(lambda: adapter.figures.published == len(bodies))

    outputs = [decode_adapter_output(one.body) for one in await lab.streams.read("REG")]
    assert {output.sender for output in outputs} == {"node1.example", "node2.example"}
    assert adapter.figures.refused == 0


async def test_all_replies_to_one_request_are_kept_and_a_repetition_is_not(lab: Lab) -> None:
    answers = [reply(sender=f"node{number}.example") for number in range(5)]
    forged = reply(sender="node0.example", payload=b"forged")

    async with lab.adapting(*TAKES_REPLIES) as adapter:
        await lab.register(forged, *answers, answers[3], subject=REPLIES)
        await until(lambda: adapter.figures.published == 7)

    outputs = [decode_adapter_output(one.body) for one in await lab.streams.read("REG")]
    assert [output.sender for output in outputs] == [
        "node0.example",
        *(f"node{number}.example" for number in range(5)),
    ]
    assert {output.requestid for output in outputs} == {ID}
    assert adapter.figures.duplicates == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"no message", "malformed"),
        (b"\xff" * 9, "malformed"),
        (b"[" * 100_000, "malformed"),
        (reply(), "malformed"),  # where requests are read
        (request(Caller(Version.V2, NODE), payload=b"\xff"), "malformed"),
        (request(sender="a" * 252), "subject"),
    ],
)
async def test_what_is_no_message_is_refused_and_counted(
    body: bytes, reason: str, lab: Lab
) -> None:
    async with lab.adapting() as adapter:
        await lab.register(body, request())
        await until(lambda: adapter.figures.published == 1)

    assert dict(adapter.figures.refusals) == {reason: 1}
    assert len(await lab.streams.read("REG")) == 1


@pytest.mark.parametrize("sender", ["x.>", "*", "a b", "a..b", "$JS.API", "a\r\nPUB b 0", ""])
async def test_a_sender_that_would_do_harm_in_a_subject_is_refused(sender: str, lab: Lab) -> None:
    honest = vectors.messages("adapter.jsonl")[0]["data"]
    forged = _renamed(honest, sender)

    async with lab.adapting() as adapter:
        await lab.register(forged, request())
        await until(lambda: adapter.figures.published == 1)

    assert dict(adapter.figures.refusals) == {"malformed": 1}


async def test_processes_of_one_name_share_the_work(lab: Lab) -> None:
    bodies = [request(sender=f"node{number}") for number in range(200)]

    async with lab.adapting() as one, lab.adapting() as other:
        await lab.register(*bodies)
        await until(lambda: one.figures.published + other.figures.published == 200)

    assert one.figures.received > 0
    assert other.figures.received > 0
    assert len(await lab.streams.read("REG")) == 200


async def test_several_adapters_run_in_one_process(lab: Lab) -> None:
    await lab.streams.create_stream({"name": "ALL", "subjects": ["all"]})
    other = "plugin.choria.adapter.all"
    lines = (
        "plugin.choria.adapters = reg, all",
        f"{other}.type = jetstream",
        f"{other}.ingest.topic = mcollective.broadcast.agent.*",
        f"{other}.ingest.protocol = request",
    )

    async with lab.serving(*lines) as service:
        await lab.register(request())
        await lab.register(request(), subject="mcollective.broadcast.agent.discovery")
        await until(lambda: [a.figures.published for a in service.adapters] == [1, 2])

    assert [one.subject for one in await lab.streams.read("ALL")] == ["all", "all"]


async def test_the_stream_may_be_at_other_brokers(lab: Lab, make_broker: MakeBroker) -> None:
    elsewhere = await make_broker()
    async with open_streams(elsewhere.url) as streams:
        await streams.create_stream({"name": "CENTRE", "subjects": ["REG.>"]})
        servers = f"plugin.choria.adapter.reg.stream.servers = localhost:{elsewhere.port}"

        async with lab.adapting(servers) as adapter:
            await lab.register(request())
            await until(lambda: adapter.figures.published == 1)

        assert len(await streams.read("CENTRE")) == 1
    assert await lab.streams.read("REG") == []


async def test_at_its_end_everything_that_was_taken_is_stored(lab: Lab) -> None:
    bodies = [request(sender=f"node{number}") for number in range(3_000)]

    async with lab.adapting("plugin.choria.adapter.reg.queue_len = 5000") as adapter:
        await lab.register(*bodies)

    taken = adapter.figures.received
    assert taken == adapter.figures.published == len(await lab.streams.read("REG"))
    assert adapter.figures.lost.total() == 0


async def test_a_message_that_the_stream_will_not_take_is_lost_and_named(lab: Lab) -> None:
    await lab.streams.update_stream({"name": "REG", "subjects": ["REG.>"], "max_msg_size": 2_000})

    async with lab.serving() as service:
        adapter = service.adapters[0]
        await lab.register(request(payload=b"x" * 3_000))
        await until(lambda: adapter.figures.lost["refused"] == 1)
        assert "message size exceeds" in adapter.outbox.refusal
        assert service.health().is_ok

        await lab.register(request())
        await until(lambda: adapter.figures.published == 1)


async def test_a_full_stream_is_unwell_and_messages_wait_for_room(lab: Lab) -> None:
    full = {"name": "REG", "subjects": ["REG.>"], "discard": "new"}
    await lab.streams.update_stream(full | {"max_msgs": 2})
    ack = "plugin.choria.adapter.reg.stream.ack_timeout = 200ms"

    async with lab.serving(ack) as service:
        adapter = service.adapters[0]
        await lab.register(*(request(sender=f"node{number}") for number in range(5)))
        await until(lambda: adapter.figures.published == 2 and adapter.figures.retries > 3)
        storing = service.health().checks[2]
        assert not storing.is_ok
        assert "maximum messages exceeded" in storing.detail

        await lab.streams.update_stream(full | {"max_msgs": 10})
        await until(lambda: adapter.figures.published == 5)
        assert service.health().is_ok


async def test_what_the_broker_forbids_is_told(lab: Lab, make_broker: MakeBroker) -> None:
    config = """
    authorization { users: [
      {user: adapter, password: s3cret, permissions: {
        subscribe: {deny: ["mcollective.broadcast.>"]}}}
    ] }
    no_auth_user: adapter
    """
    strict = await make_broker(extra_config=config)
    hosts = f"plugin.choria.middleware_hosts = localhost:{strict.port}"

    async with lab.serving(hosts, "plugin.choria.adapter.reg.stream.retry_for = 1m") as service:
        await until(lambda: not service.health().checks[0].is_ok)
        ingest, stream, _ = service.health().checks

    assert f'Permissions Violation for Subscription to "{REGISTRATION}"' in ingest.detail
    assert stream.is_ok


async def test_a_broker_that_knows_us_not_ends_it(lab: Lab, password_broker: SecuredBroker) -> None:
    server = f"plugin.choria.adapter.reg.stream.servers = localhost:{password_broker.broker.port}"

    with pytest.RaisesGroup(pytest.RaisesGroup(AuthenticationError)):
        async with lab.adapting(server):
            raise AssertionError("it must not get so far")


async def test_the_duplicate_window_of_the_stream_bounds_retries(lab: Lab) -> None:
    window = {"duplicate_window": 20 * NANOSECONDS}
    await lab.streams.update_stream({"name": "REG", "subjects": ["REG.>"], **window})

    async with lab.adapting() as adapter:
        await until(lambda: adapter.outbox.retry_seconds == 10.0)
    async with lab.adapting("plugin.choria.adapter.reg.stream.retry_for = 3s") as adapter:
        assert adapter.outbox.retry_seconds == 3.0


async def test_the_monitor_shows_the_originals_metrics(lab: Lab) -> None:
    async with lab.serving("plugin.choria.stats_address = 127.0.0.1", port=0) as service:
        await lab.register(request(), b"no message")
        await until(lambda: service.adapters[0].figures.published == 1)
        body, health = await _get(service.port, "metrics"), await _get(service.port, "healthz")

    reg = 'identity="broker.example",name="reg"'
    for line in (
        f'choria_adapter_received_msgs{{{reg},role="input"}} 2',
        f'choria_adapter_received_msgs{{{reg},role="output"}} 1',
        f'choria_adapter_published_msgs{{{reg},role="output"}} 1',
        f'choria_adapter_errors{{{reg},role="input"}} 1',
        f'choria_adapter_errors{{{reg},role="output"}} 0',
        f'choria_adapter_time_count{{{reg},role="input"}} 2',
        f"choria_adapter_queue_length{{{reg}}} 0",
        f"choria_adapter_queue_capacity{{{reg}}} 1000",
        f'choria_adapter_refused_msgs{{{reg},reason="malformed"}} 1',
    ):
        assert f"{line}\n" in body
    assert f'choria_adapter_bytes{{{reg},role="input"}}' in body
    assert json.loads(health)["ok"] is True


async def _get(port: int, path: str) -> str:
    def get() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(get)


def _renamed(body: str, sender: str) -> bytes:
    """A recorded registration by somebody of another name."""
    import base64

    transport: dict[str, Any] = json.loads(body)
    secure = json.loads(base64.b64decode(transport["data"]))
    document = json.loads(secure["message"])
    document["envelope"]["senderid"] = sender
    secure["message"] = json.dumps(document)
    transport["data"] = base64.b64encode(json.dumps(secure).encode()).decode()
    return json.dumps(transport).encode()
