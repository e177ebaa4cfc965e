"""The consumer that a pool shares, on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import JetStreamError, WorkError
from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import NANOSECONDS, ConsumerInfo, JetStream, StreamInfo
from choria_core.nats.lean_transport import connect
from choria_replicator.pool.consumer import ensure_pool_consumer
from choria_replicator.pool_naming import pool_consumer_name
from choria_replicator.settings.model import (
    Pool,
    Start,
    StartAll,
    StartEnd,
    StartSequence,
    StreamSettings,
)
from choria_replicator.survey import source_stream


@pytest_asyncio.fixture
async def jetstream(broker: Broker) -> AsyncIterator[JetStream]:
    async with await connect(parse_endpoint(broker.url), name="test") as transport:
        yield JetStream(transport)


async def made_stream(jetstream: JetStream, messages: int = 0, **config: Any) -> StreamInfo:
    await jetstream.create_stream({"name": "REG", "subjects": ["reg.>"], **config})
    for _ in range(messages):
        await jetstream.transport.request("reg.a", b"{}")
    return await jetstream.stream_info("REG")


def entry(
    *, name: str = "one", subject: str = "reg.a", start: Start | None = None
) -> StreamSettings:
    return StreamSettings(
        entry="REG",
        dialect="topics",
        site=name,
        worker=name,
        source=parse_endpoint("nats://user:secret@dc1.example.net"),
        target=parse_endpoint("nats://central.example.net"),
        filter_subject=subject,
        start=start or StartAll(),
        pool=Pool(4, "reg_grp"),
    )


async def ensured(
    jetstream: JetStream, source: StreamInfo, settings: StreamSettings, *, settled: int = 0
) -> tuple[ConsumerInfo, bool]:
    return await ensure_pool_consumer(
        jetstream, settings, source, ack_wait_seconds=30.0, settled=settled
    )


def test_its_name_says_the_group_and_fits_the_server() -> None:
    assert pool_consumer_name("reg_grp").startswith("choria_sr_pool_reg_grp_")
    odd = {pool_consumer_name(group) for group in ("a.b", "a b", "a*b", "ä", "x" * 300)}
    assert len(odd) == 5
    assert all(len(name) < 80 and name.replace("_", "").isalnum() for name in odd)


async def test_processes_of_other_names_find_the_same_one(jetstream: JetStream) -> None:
    source = await made_stream(jetstream)

    first, is_made = await ensured(jetstream, source, entry(name="on_this_host"))
    second, is_made_again = await ensured(jetstream, source, entry(name="on_that_host"))

    assert (is_made, is_made_again) == (True, False)
    assert (first.name, first.created) == (second.name, second.created)
    assert first.config["ack_policy"] == "explicit"
    assert first.config["ack_wait"] == 30 * NANOSECONDS
    assert first.config["filter_subject"] == "reg.a"
    assert first.config.get("inactive_threshold", 0) == 0


async def test_processes_that_start_together_make_one(jetstream: JetStream) -> None:
    """Each resolves a start of its own; the first one's counts."""
    source = await made_stream(jetstream, messages=3)
    starts = [StartSequence(number) for number in range(1, 9)]

    found = await asyncio.gather(
        *(ensured(jetstream, source, entry(start=start)) for start in starts)
    )

    assert len({consumer.created for consumer, _ in found}) == 1
    assert [is_made for _, is_made in found].count(True) == 1


async def test_a_start_that_is_set_counts_when_it_is_made(jetstream: JetStream) -> None:
    source = await made_stream(jetstream, messages=5)

    consumer, _ = await ensured(jetstream, source, entry(start=StartEnd()))

    assert consumer.num_pending == 0


async def test_where_it_was_removed_its_successor_begins_behind_what_was_settled(
    jetstream: JetStream,
) -> None:
    source = await made_stream(jetstream, messages=5)

    consumer, _ = await ensured(jetstream, source, entry(), settled=3)

    assert consumer.num_pending == 2


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"ack_policy": "explicit", "filter_subject": "reg.b"},
            "reads reg.b, the settings say reg.a",
        ),
        ({"ack_policy": "explicit"}, "reads everything, the settings say reg.a"),
        ({"ack_policy": "all", "filter_subject": "reg.a"}, "ack_policy is all"),
        (
            {"ack_policy": "explicit", "filter_subject": "reg.a", "max_deliver": 5},
            "gives up after 5",
        ),
        (
            {"ack_policy": "explicit", "filter_subject": "reg.a", "headers_only": True},
            "headers only",
        ),
        (
            {"ack_policy": "explicit", "filter_subject": "reg.a", "deliver_subject": "push"},
            "pushes",
        ),
    ],
)
async def test_one_that_does_not_fit_is_refused_and_left_alone(
    jetstream: JetStream, config: dict[str, Any], words: str
) -> None:
    source = await made_stream(jetstream)
    name = pool_consumer_name("reg_grp")
    before = await jetstream.create_consumer("REG", {"name": name, "durable_name": name, **config})

    with pytest.raises(WorkError, match=words) as caught:
        await ensured(jetstream, source, entry())

    assert name in str(caught.value)
    assert "secret" not in str(caught.value)
    after = await jetstream.find_consumer("REG", name)
    assert after is not None
    assert after.created == before.created


async def test_a_work_queue_is_read_with_explicit_acknowledgements(jetstream: JetStream) -> None:
    source = await made_stream(jetstream, messages=2, retention="workqueue")

    consumer, _ = await ensured(jetstream, source, entry(), settled=1)

    assert consumer.num_pending == 2


async def test_a_work_queue_has_no_other_start(jetstream: JetStream) -> None:
    source = await made_stream(jetstream, retention="workqueue")

    with pytest.raises(WorkError, match="remove the start_ keys"):
        await source_stream(jetstream, replace(entry(start=StartEnd()), source_stream=source.name))


async def test_another_reader_of_a_work_queue_is_named(jetstream: JetStream) -> None:
    source = await made_stream(jetstream, retention="workqueue")
    await jetstream.create_consumer(
        "REG", {"name": "stranger", "durable_name": "stranger", "ack_policy": "explicit"}
    )

    with pytest.raises(WorkError, match="stranger"):
        await ensured(jetstream, source, entry())


async def test_other_refusals_of_the_server_stay_what_they_are(jetstream: JetStream) -> None:
    source = await made_stream(jetstream, max_consumers=1)
    await jetstream.create_consumer(
        "REG", {"name": "stranger", "durable_name": "stranger", "ack_policy": "none"}
    )

    with pytest.raises(JetStreamError, match="maximum consumers"):
        await ensured(jetstream, source, entry())
