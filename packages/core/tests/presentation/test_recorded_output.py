"""Recorded replies, presented again, are what the original program printed."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from choria_core import hooks
from choria_core.client.ddl_library import DdlLibrary
from choria_core.client.records import CallResult, CallStats, NodeReply, PingReply
from choria_core.ddl.aggregates import Summaries
from choria_core.ddl.document import ActionDdl
from choria_core.plugins import Plugins
from choria_core.presentation.call_documents import call_json, result_line
from choria_core.presentation.call_report import footer, summaries_text
from choria_core.presentation.fact_report import (
    by_count,
    fact_values,
    facts_json,
    facts_table,
    facts_text,
)
from choria_core.presentation.inventory_report import collectives_table, inventory_text
from choria_core.presentation.ping_report import ping_line, ping_statistics
from choria_core.presentation.reply_text import Display, is_shown, reply_table, reply_text
from choria_core.protocol.messages import Version
from choria_testing import vectors
from choria_testing.recorded_documents import documents_in

LOG = re.compile(r'time="[^\n]*\n')
PROGRESS = re.compile(
    r"^(?:Discovering nodes[^\n]*|\d+|\x1b[^\n]*|\d+ / \d+ [^\n]*)\n", re.MULTILINE
)
RECORDS = [
    (name, record) for name in ("plain", "tls", "v2") for record in vectors.load(f"{name}.jsonl")
]
CALLS = [
    pytest.param(record, id=f"{name} {record['label']}")
    for name, record in RECORDS
    if record["stdout"].startswith("{") and '"request_stats"' in record["stdout"]
]


def recorded(label: str) -> dict[str, Any]:
    return next(record for _, record in RECORDS if record["label"] == label)


def printed(label: str) -> str:
    """What was printed, without log lines and progress."""
    return PROGRESS.sub("", LOG.sub("", recorded(label)["stdout"]))


def action_of(agent: str, action: str) -> ActionDdl:
    plugins = Plugins()
    plugins.register(hooks, "core")
    found = DdlLibrary((), plugins).find(agent).action(action)
    assert found is not None
    return found


def nanoseconds(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


def result_of(document: dict[str, Any]) -> CallResult:
    """A call as records, from the JSON that the original printed of it."""
    stats = document["request_stats"]
    replies = tuple(
        NodeReply(
            sender=reply["sender"],
            action=reply["action"],
            statuscode=reply["statuscode"],
            statusmsg=reply["statusmsg"],
            data=reply["data"],
            time_ns=nanoseconds(reply["time_utc"]),
        )
        for reply in document["replies"]
    )
    return CallResult(
        stats=CallStats(
            request_id=stats["requestid"],
            agent=document["agent"],
            action=document["action"],
            discovered=(*(reply.sender for reply in replies), *stats["no_responses"]),
            ok=stats["ok"],
            failed=stats["failed"],
            no_responses=tuple(stats["no_responses"]),
            unexpected_responses=tuple(stats["unexpected_responses"]),
            discover_ns=stats["discover_time"],
            publish_ns=stats["publish_time"],
            request_ns=stats["request_time"],
            start_ns=nanoseconds(stats["start_time_utc"]),
        ),
        replies=replies,
    )


def replies_in(label: str) -> dict[str, list[NodeReply]]:
    """Replies among the recorded messages, by action."""
    found: dict[str, list[NodeReply]] = {}
    for message in recorded(label)["messages"]:
        documents = list(documents_in(message["data"].encode()))
        said = [json.loads(one.text) for one in documents if one.kind == "payloads/rpc_reply"]
        envelopes = [json.loads(one.text) for one in documents if one.kind == "v1/reply"]
        for reply, envelope in zip(said, envelopes, strict=False):
            found.setdefault(reply["action"], []).append(
                NodeReply(
                    sender=envelope["envelope"]["senderid"],
                    action=reply["action"],
                    statuscode=reply["statuscode"],
                    statusmsg=reply["statusmsg"],
                    data=reply["data"],
                )
            )
    return found


@pytest.mark.parametrize("record", CALLS)
def test_a_call_as_json_is_byte_for_byte_what_the_original_printed(record: dict[str, Any]) -> None:
    document = json.loads(record["stdout"])

    shown = call_json(result_of(document), document["summaries"])

    assert json.loads(shown) == document
    assert shown == record["stdout"]


@pytest.mark.parametrize("record", CALLS)
def test_the_summaries_are_those_of_the_original(record: dict[str, Any]) -> None:
    document = json.loads(record["stdout"])
    summaries = Summaries(action_of(document["agent"], document["action"]))

    for reply in document["replies"]:
        summaries.add(reply["data"])

    assert summaries.documents() == document["summaries"]


def test_replies_as_text_are_what_the_original_printed() -> None:
    action = action_of("rpcutil", "get_fact")
    replies = replies_in("rpc default text")["get_fact"]
    summaries = Summaries(action)
    for reply in replies:
        summaries.add(reply.data)
    stats = CallStats(
        request_id="",
        agent="rpcutil",
        action="get_fact",
        discovered=tuple(reply.sender for reply in replies),
        ok=2,
        request_ns=13_000_000,
        discover_ns=1_000_000_000,
    )

    shown = "".join(
        reply_text(reply, action) for reply in replies if is_shown(reply, Display.DDL, action)
    )
    shown += summaries_text(summaries.lines(), action) + "\n" + footer(stats)

    assert shown.split() == printed("rpc default text").split()
    assert shown.lstrip("\n") == printed("rpc default text").lstrip("\n")


def test_a_table_is_what_the_original_printed() -> None:
    replies = replies_in("rpc table")["ping"]

    shown = reply_table(replies, action_of("rpcutil", "ping"))

    assert shown.strip() == printed("rpc table").strip()


@pytest.mark.parametrize("label", ["ping", "ping one identity"])
def test_a_ping_is_what_the_original_printed(label: str) -> None:
    wanted = printed(label)
    answers = re.findall(r"^(\S+) +time=(\d+) ms$", wanted, re.MULTILINE)
    overhead = re.search(r"overhead: (\d+)ms", wanted)
    assert overhead is not None

    replies = [PingReply(name, int(milliseconds) / 1000) for name, milliseconds in answers]
    shown = "".join(ping_line(reply) for reply in replies)
    statistics = ping_statistics(
        [reply.seconds for reply in replies], overhead_seconds=int(overhead[1]) / 1000
    )

    assert wanted.startswith(shown)
    digits = re.compile(r"\d+ms")
    assert digits.sub("-", statistics) == digits.sub("-", wanted.splitlines(keepends=True)[-1])


def test_values_of_a_fact_are_what_the_original_printed() -> None:
    values = by_count(fact_values(replies_in("facts country")["get_fact"]))

    assert (
        facts_text("country", values).strip() == printed("facts country").split("Finish")[0].strip()
    )


def test_values_of_a_fact_as_json_are_what_the_original_printed() -> None:
    values = fact_values(replies_in("facts country json")["get_fact"])

    assert facts_json(values) == printed("facts country json")


def test_values_of_a_fact_as_a_table_are_what_the_original_printed() -> None:
    replies = replies_in("facts table")["get_fact"]

    shown = facts_table(by_count(fact_values(replies)))

    assert sorted(shown.strip().splitlines()) == sorted(printed("facts table").strip().splitlines())


def test_an_inventory_is_what_the_original_printed() -> None:
    replies = replies_in("inventory node")
    (inventory,), (stats,) = replies["inventory"], replies["daemon_stats"]

    shown = inventory_text("node1.example", inventory.data, stats.data)

    assert shown.strip() == printed("inventory node").strip()


def test_collectives_are_what_the_original_printed() -> None:
    shown = collectives_table(replies_in("inventory collectives")["collective_info"])

    assert shown.strip() == printed("inventory collectives").strip()


def test_a_fact_that_is_an_object_counts_the_same_in_any_order_of_its_keys() -> None:
    first, second = {"name": "Debian", "major": 12.0}, {"major": 12, "name": "Debian"}
    replies = [NodeReply(sender=f"n{n}", data={"value": v}) for n, v in enumerate((first, second))]

    [value] = fact_values(replies)

    assert (value.text, value.count) == ('{"major":12,"name":"Debian"}', 2)


def test_a_line_of_json_of_a_reply_has_the_keys_of_the_original() -> None:
    stats = CallStats(request_id="1", agent="rpcutil", action="ping")

    line = json.loads(result_line(NodeReply(sender="n1", action="ping"), stats, Version.V1))

    assert list(line) == ["k", "pr", "rr"]
    assert set(line["rr"]) == {"action", "statuscode", "statusmsg", "data", "sender", "time_utc"}
