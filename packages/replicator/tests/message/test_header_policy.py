"""Which headers go along with a copy."""

import base64
import json
from typing import Any

import nats
import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.broker.server import Broker
from choria_replicator.message.header_policy import HeaderPolicy

STRICT = HeaderPolicy()
LENIENT = HeaderPolicy(allow_rollup=True, allow_ttl=True, allow_counter=True)


def block(*lines: bytes) -> bytes:
    return b"NATS/1.0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def lines_of(kept: bytes) -> list[bytes]:
    return kept.split(b"\r\n")[:-1]


def test_a_block_without_lines_gives_nothing() -> None:
    assert STRICT.apply(block()) == (b"", 0)


@pytest.mark.parametrize(
    "line",
    [
        b"X-A: 1",
        b"X-A:1",
        b"X-A:    spaced   ",
        b"X-Empty:",
        b"X-Bytes: \xff\xfe\x80",
        "X-Ä: ü".encode(),
        b"no colon at all",
        b"KV-Operation: DEL",
        b"Nats-Marker-Reason: MaxAge",
        b"Nats-Subject: republished.from",
        b"X-About: the Nats-Msg-Id and Choria-SR-Source headers",
    ],
)
def test_headers_without_an_effect_survive_byte_for_byte(line: bytes) -> None:
    other = b"Nats-Expected-Stream: X"

    assert STRICT.apply(block(line)) == (line + b"\r\n", 0)
    assert STRICT.apply(block(other, line, other, line)) == ((line + b"\r\n") * 2, 0)


@pytest.mark.parametrize(
    "name",
    [
        b"Nats-Expected-Stream",
        b"Nats-Expected-Last-Sequence",
        b"Nats-Expected-Last-Subject-Sequence",
        b"Nats-Expected-Last-Subject-Sequence-Subject",
        b"Nats-Expected-Last-Msg-Id",
        b"Nats-Batch-Id",
        b"Nats-Batch-Sequence",
        b"Nats-Batch-Commit",
        b"Nats-Schedule",
        b"Nats-Schedule-Target",
        b"Nats-Schedule-Next",
        b"Nats-Scheduler",
        b"Nats-Stream-Source",
        b"Nats-Counter-Sources",
        b"Nats-Required-Api-Level",
        b"Nats-Trace-Dest",
        b"Nats-Trace-Only",
        b"Nats-Pin-Id",
        b"Choria-SR-Source",
        b"nats-expected-stream",
        b"CHORIA-SR-SOURCE",
    ],
)
def test_spent_headers_go_and_are_not_counted(name: bytes) -> None:
    kept, dropped = LENIENT.apply(block(b"X-A: 1", name + b": x", name + b" :y", b"X-B: 2"))

    assert (kept, dropped) == (b"X-A: 1\r\nX-B: 2\r\n", 0)


@pytest.mark.parametrize(
    ("line", "policy"),
    [
        (b"Nats-Rollup: sub", HeaderPolicy(allow_rollup=True)),
        (b"Nats-TTL: 1h", HeaderPolicy(allow_ttl=True)),
        (b"Nats-Incr: +1", HeaderPolicy(allow_counter=True)),
    ],
)
def test_effects_are_kept_where_the_target_allows_them_else_counted(
    line: bytes, policy: HeaderPolicy
) -> None:
    assert policy.apply(block(line, b"X-A: 1")) == (line + b"\r\nX-A: 1\r\n", 0)
    assert STRICT.apply(block(line, b"X-A: 1")) == (b"X-A: 1\r\n", 1)
    others = HeaderPolicy(
        allow_rollup=not policy.allow_rollup,
        allow_ttl=not policy.allow_ttl,
        allow_counter=not policy.allow_counter,
    )
    assert others.apply(block(line)) == (b"", 1)


def test_the_message_id_takes_another_name_and_keeps_its_bytes() -> None:
    kept, dropped = STRICT.apply(block(b"Nats-Msg-Id:  \xffid "))

    assert (kept, dropped) == (b"Choria-SR-Msg-Id:  \xffid \r\n", 0)


def test_the_first_publishers_id_outlives_a_second_replicator() -> None:
    kept, _ = STRICT.apply(block(b"Nats-Msg-Id: chain.7", b"Choria-SR-Msg-Id: first"))

    assert kept == b"Choria-SR-Msg-Id: first\r\n"


@given(st.lists(st.from_regex(rb"X-[A-Za-z-]{1,8} ?:[^\r\n]{0,12}", fullmatch=True)))
def test_the_slow_way_keeps_what_the_fast_way_keeps(lines: list[bytes]) -> None:
    fast, _ = STRICT.apply(block(*lines))
    slow, dropped = STRICT.apply(block(*lines, b"Nats-Batch-Id: x"))

    assert lines_of(fast) == lines
    assert (slow, dropped) == (fast, 0)


@given(st.binary())
def test_arbitrary_lines_never_fail_and_never_let_an_expectation_pass(garbage: bytes) -> None:
    kept, _ = STRICT.apply(b"NATS/1.0\r\n" + garbage + b"\r\nNats-Expected-Stream: a\r\n\r\n")

    assert b"\r\nNats-Expected-Stream" not in b"\r\n" + kept
    assert kept == b"" or kept.endswith(b"\r\n")


STORED = [
    {"Nats-Msg-Id": "m1"},
    {"Nats-Expected-Stream": "SOURCE"},
    {"Nats-Expected-Last-Sequence": "2"},
    {"Nats-Rollup": "sub"},
    {"Nats-TTL": "1h"},
    {"Nats-Schedule": "@at 2100-01-01T00:00:00Z", "Nats-Schedule-Target": "source.later"},
    {"Nats-Marker-Reason": "Purge"},
    {"Nats-Required-Api-Level": "0"},
    {"Choria-SR-Source": "A 1 site worker 1"},
    {"X-A": "1"},
]


async def test_what_one_server_stored_another_takes_twice(broker: Broker) -> None:
    """As it stands, most of it would be refused; see the table of the module."""
    connection = await nats.connect(broker.url)

    async def api(subject: str, **body: object) -> dict[str, Any]:
        reply = await connection.request(f"$JS.API.{subject}", json.dumps(body).encode())
        answer: dict[str, Any] = json.loads(reply.data)
        assert "error" not in answer, answer
        return answer

    async def put(subject: str, headers: dict[str, str]) -> dict[str, Any]:
        reply = await connection.request(subject, b"x", headers=headers)
        answer: dict[str, Any] = json.loads(reply.data)
        assert "error" not in answer, (headers, answer)
        return answer

    everything = ("allow_rollup_hdrs", "allow_msg_ttl", "allow_msg_schedules")
    allowed = dict.fromkeys(everything, True)
    await api("STREAM.CREATE.SOURCE", name="SOURCE", subjects=["source.*"], **allowed)
    await api("STREAM.CREATE.TARGET", name="TARGET", subjects=["target"])
    dropped = 0
    for number, headers in enumerate(STORED):
        stored = await put(f"source.{number}", headers)
        message = (await api("STREAM.MSG.GET.SOURCE", seq=stored["seq"]))["message"]
        kept, lost = STRICT.apply(base64.b64decode(message["hdrs"]))
        dropped += lost
        again = dict(line.decode().split(": ") for line in lines_of(kept))
        for _ in range(2):
            copy = await put("target", again)
            assert "duplicate" not in copy
    await connection.close()

    assert copy["seq"] == 2 * len(STORED)
    assert dropped == 3  # the server stores a roll-up with every schedule
