"""JetStream's API as typed calls, against a real server and against wrong answers."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from choria_core.broker.server import Broker
from choria_core.errors import ConnectError, JetStreamError, RemoteProtocolError
from choria_core.nats.jetstream import (
    ConsumerInfo,
    ErrorCode,
    JetStream,
    StreamInfo,
    decode_answer,
)
from choria_testing.fixtures import MakeBroker
from choria_testing.streams import Sent, Streams, open_streams

DEEP = b'{"more":' + b"[" * 99_000
CONFIG = {"name": "S", "subjects": ["a.>"], "storage": "memory"}


@pytest_asyncio.fixture
async def streams(broker: Broker) -> AsyncIterator[Streams]:
    """A broker with one stream."""
    async with open_streams(broker.url) as opened:
        await opened.create_stream(CONFIG)
        yield opened


def config_of(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "ack_policy": "explicit", **more}


async def test_a_stream_is_described_and_gone_when_deleted(streams: Streams) -> None:
    info = await streams.stream_info("S")

    assert (info.name, info.subjects, info.retention) == ("S", ("a.>",), "limits")
    assert info.created
    assert info.ts
    assert await streams.stream_names("a.b") == ("S",)
    assert await streams.stream_names("b") == ()
    await streams.delete_stream("S")
    assert await streams.find_stream("S") is None
    with pytest.raises(JetStreamError) as caught:
        await streams.stream_info("S")
    assert caught.value.err_code == ErrorCode.STREAM_NOT_FOUND


async def test_a_stream_of_no_subjects_stores_its_own_name(streams: Streams) -> None:
    assert (await streams.create_stream({"name": "plain"})).subjects == ("plain",)


async def test_a_second_stream_of_the_same_name_is_an_error(streams: Streams) -> None:
    with pytest.raises(JetStreamError) as caught:
        await streams.create_stream({**CONFIG, "subjects": ["b"]})
    assert caught.value.err_code == ErrorCode.STREAM_NAME_IN_USE


async def test_messages_are_read_by_sequence_and_by_subject(streams: Streams) -> None:
    await streams.fill([Sent("a.x", b"1"), Sent("a.y", b"\x00\xff", ("H: v",)), Sent("a.x")])

    second = await streams.message("S", 2)
    assert second is not None
    assert (second.subject, second.seq, second.data) == ("a.y", 2, b"\x00\xff")
    assert second.header == b"NATS/1.0\r\nH: v\r\n\r\n"
    assert second.time
    third = await streams.message_from("S", 2, "a.x")
    assert third is not None
    assert (third.seq, third.data, third.header) == (3, b"", b"")
    assert await streams.message("S", 4) is None
    assert await streams.message_from("S", 4) is None


async def test_a_consumer_lives_until_it_is_deleted(streams: Streams) -> None:
    assert await streams.find_consumer("S", "c") is None
    made = await streams.create_consumer("S", config_of("c", metadata={"k": "v"}))

    assert (made.name, made.stream_name, made.num_pending) == ("c", "S", 0)
    found = await streams.find_consumer("S", "c")
    assert found is not None
    assert found.metadata["k"] == "v"
    assert await streams.delete_consumer("S", "c")
    assert not await streams.delete_consumer("S", "c")


async def test_create_refuses_a_consumer_that_exists_with_another_configuration(
    streams: Streams,
) -> None:
    await streams.create_consumer("S", config_of("c"), action="create")

    with pytest.raises(JetStreamError) as caught:
        await streams.create_consumer("S", config_of("c", description="x"), action="create")
    assert caught.value.err_code == ErrorCode.CONSUMER_EXISTS


async def test_consumers_are_listed_over_many_pages(streams: Streams) -> None:
    names = {f"c{number}" for number in range(300)}  # a page holds 256
    for name in names:
        await streams.create_consumer("S", config_of(name, mem_storage=True))

    assert {consumer.name async for consumer in streams.consumers("S")} == names


async def test_a_stream_without_consumers_lists_none(streams: Streams) -> None:
    assert [consumer async for consumer in streams.consumers("S")] == []


async def test_an_absent_stream_is_another_error_than_an_absent_consumer(
    streams: Streams,
) -> None:
    for call in (
        streams.find_consumer("absent", "c"),
        streams.delete_consumer("absent", "c"),
        streams.message("absent", 1),
    ):
        with pytest.raises(JetStreamError) as caught:
            await call
        assert caught.value.err_code == ErrorCode.STREAM_NOT_FOUND


async def test_a_server_without_jetstream_is_told_apart_from_an_absent_stream(
    make_broker: MakeBroker,
) -> None:
    plain = await make_broker(jetstream=False)
    async with open_streams(plain.url) as streams:
        with pytest.raises(ConnectError, match="no JetStream answers"):
            await JetStream(streams.transport).find_stream("S")


@pytest.mark.parametrize(
    "data", [b"", b"+OK", b"[]", b'{"name": 1}', b'{"error": 3}', b'{"\xff', DEEP]
)
def test_what_is_no_answer_is_named(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not a JetStream answer"):
        decode_answer(data, ConsumerInfo)


def test_an_error_in_an_answer_is_raised_with_its_codes() -> None:
    data = b'{"error": {"code": 503, "err_code": 10077, "description": "full"}}'

    with pytest.raises(JetStreamError, match="full") as caught:
        decode_answer(data, ConsumerInfo)
    assert (caught.value.code, caught.value.err_code) == (503, 10077)


def test_what_a_newer_server_adds_is_kept_in_configurations_and_passed_over_elsewhere() -> None:
    info = decode_answer(b'{"config": {"name": "S", "new": 1}, "state": {}, "more": 2}', StreamInfo)
    assert info.config == {"name": "S", "new": 1}
    consumer = decode_answer(b'{"name": "c", "stream_name": "S", "more": 2}', ConsumerInfo)
    assert consumer.metadata == {}
