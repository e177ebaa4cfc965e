"""A call as JSON, with the keys that the original prints.  Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct, json

from choria_core.client.records import CallResult, CallStats, NodeReply
from choria_core.presentation.safe_text import document_json
from choria_core.protocol.messages import Version

Summaries = Mapping[str, Mapping[str, Any]]

_INDENT: Final = 3
_SECOND_NS: Final = 1_000_000_000


def call_json(result: CallResult, summaries: Summaries) -> str:
    """The whole call, indented, as one document and a line break.

    Args:
        result: the call.
        summaries: of the replies, by output.
    """
    stats = result.stats
    document = {
        "agent": stats.agent,
        "action": stats.action,
        "replies": [reply_document(reply) for reply in result.replies],
        "request_stats": stats_document(stats),
        "summaries": summaries,
    }
    return indented_json(document, indent=_INDENT)


class ReplyDocument(Struct, frozen=True, gc=False):
    """One reply, with its sender; cheaper to make by the ten thousand than a dict."""

    sender: str
    action: str
    statuscode: int
    statusmsg: str
    data: Mapping[str, Any]
    time_utc: str


def reply_document(reply: NodeReply) -> ReplyDocument:
    """One reply as it is shown."""
    return ReplyDocument(
        reply.sender,
        reply.action,
        reply.statuscode,
        reply.statusmsg,
        reply.data,
        utc_text(reply.time_ns),
    )


def stats_document(stats: CallStats) -> dict[str, Any]:
    """How the call went; times are nanoseconds."""
    return {
        "requestid": stats.request_id,
        "no_responses": list(stats.no_responses),
        "unexpected_responses": list(stats.unexpected_responses),
        "discovered": len(stats.discovered),
        "failed": stats.failed,
        "ok": stats.ok,
        "responses": stats.responses,
        "publish_time": stats.publish_ns,
        "request_time": stats.request_ns,
        "discover_time": stats.discover_ns,
        "start_time_utc": utc_text(stats.start_ns),
    }


def discovery_line(*, method: str, found: int | None = None, seconds: float = 0.0) -> str:
    """A line of JSON: nodes are looked for, or were found."""
    line: dict[str, Any] = {"k": "discovery"}
    if found:
        line["count"] = found
    if seconds:
        line["dt"] = seconds
    return json_line({**line, "dm": method})


def result_line(reply: NodeReply, stats: CallStats, version: Version) -> str:
    """A line of JSON: one reply, and the facts of the protocol's reply that it came in.

    Args:
        reply: of a node.
        stats: of the call.
        version: of the protocol.
    """
    return json_line(
        {
            "k": "result",
            "pr": _protocol_reply(reply, stats, version),
            "rr": {**_said(reply), "sender": reply.sender},
        }
    )


def summaries_line(summaries: Summaries) -> str:
    """A line of JSON: the summaries."""
    return json_line({"k": "summaries", "agg": summaries})


def stats_line(stats: CallStats) -> str:
    """A line of JSON: how the call went."""
    return json_line({"k": "stats", "stat": stats_document(stats)})


def error_line(problem: str) -> str:
    """A line of JSON: why the call ended."""
    return json_line({"k": "error", "err": problem})


def names_json(names: Iterable[str]) -> str:
    """Names as an indented array."""
    return indented_json(list(names), indent=2)


def indented_json(document: object, *, indent: int) -> str:
    """A document for people and scripts, and a line break."""
    return document_json(json.format(json.encode(document), indent=indent).decode()) + "\n"


def json_line(document: object) -> str:
    """A document in one line, and a line break."""
    return document_json(json.encode(document).decode()) + "\n"


def utc_text(time_ns: int) -> str:
    """RFC 3339, with no more digits of the second than there are."""
    seconds, fraction = divmod(time_ns, _SECOND_NS)
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{_second(seconds)}{digits}Z"


@lru_cache(maxsize=64)  # most nodes answer within the same few seconds
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, tz=UTC):%Y-%m-%dT%H:%M:%S}"


def _protocol_reply(reply: NodeReply, stats: CallStats, version: Version) -> dict[str, Any]:
    """The protocol's reply without its message, which is shown beside it."""
    if version is Version.V2:
        return {
            "protocol": "io.choria.protocol.v2.reply",
            "request": stats.request_id,
            "sender": reply.sender,
            "agent": stats.agent,
            "time": reply.time_ns,
        }
    envelope = {
        "requestid": stats.request_id,
        "senderid": reply.sender,
        "agent": stats.agent,
        "time": reply.time_ns // _SECOND_NS,
    }
    return {"protocol": "choria:reply:1", "envelope": envelope}


def _said(reply: NodeReply) -> dict[str, Any]:
    return {
        "action": reply.action,
        "statuscode": reply.statuscode,
        "statusmsg": reply.statusmsg,
        "data": reply.data,
        "time_utc": utc_text(reply.time_ns),
    }
