"""Which target a consumer is read for: known again, or another one."""

from dataclasses import replace

import pytest

from choria_core.nats.endpoint_url import parse_endpoint
from choria_core.nats.jetstream import ConsumerInfo, StreamInfo, StreamState
from choria_replicator.source.target_mark import TARGET, TargetMark, mark_of, reads_for, target_of

STREAM = StreamInfo({"name": "NODES"}, StreamState(), "2026-11-23T09:27:05.123456789Z")
LATER = "2026-11-24T10:00:00Z"


def mark(url: str = "nats://far:4222", *, server: str = "NA", created: str = "") -> TargetMark:
    stream = StreamInfo({"name": "NODES"}, StreamState(), created or STREAM.created)
    return mark_of(parse_endpoint(url), server, stream)


def consumer(text: str) -> ConsumerInfo:
    return ConsumerInfo("c", "NODES", config={"metadata": {TARGET: text}})


def test_it_reads_itself_back_from_the_metadata() -> None:
    one = replace(mark("nats://a b@one,two:5222"), cluster=("hub/x", "east coast"))

    assert target_of(consumer(one.format())) == one
    assert reads_for(consumer(one.format()), one)


@pytest.mark.parametrize("text", ["", "nonsense", "a b c d e", "a b c d e f"])
def test_a_consumer_that_does_not_say_is_anybodys(text: str) -> None:
    assert target_of(consumer(text)) is None
    assert reads_for(consumer(text), mark())


@pytest.mark.parametrize(
    "other",
    [
        mark("nats://other-name:5222", server="NB"),
        mark("nats://third,FAR", created=LATER, server="NB"),
        mark("nats://other-name", created=LATER),
    ],
    ids=["by another url", "made anew at one of its servers", "made anew at the same server"],
)
def test_one_target_is_known_again(other: TargetMark) -> None:
    assert mark().is_same(other)
    assert other.is_same(mark())


@pytest.mark.parametrize(
    "other",
    [
        mark("nats://other", created=LATER, server="NB"),
        mark("nats://bob:pw@far", created=LATER),
        replace(mark(), stream="OTHER"),
        replace(mark(), cluster=("", "west")),
    ],
    ids=["elsewhere", "of another account", "of another name", "restored in another cluster"],
)
def test_another_target_is_told_apart(other: TargetMark) -> None:
    one = replace(mark(), cluster=("", "east"))

    assert not one.is_same(other)
    assert not other.is_same(one)


def test_a_missing_stream_is_where_it_would_be_made() -> None:
    missing = mark_of(
        parse_endpoint("nats://far"), "NB", StreamInfo({"name": "NODES"}, StreamState())
    )

    assert missing.is_same(mark())
    assert not missing.is_same(mark("nats://other"))


def test_a_loopback_address_says_of_which_machine() -> None:
    for url in ("nats://localhost", "nats://127.0.0.1", "nats://[::1]"):
        assert "/" in mark(url).addresses[0]


@pytest.mark.parametrize("url", ["nats://bob:s3cret@far", "nats://s3cret@far"])
def test_no_secret_is_shown(url: str) -> None:
    assert "s3cret" not in mark(url).format()
    assert "s3cret" not in str(mark(url))
