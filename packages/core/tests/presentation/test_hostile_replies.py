"""What nodes wrote is shown, and never obeyed: no escape sequence reaches a terminal."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.client.records import CallResult, CallStats, NodeReply, PingReply
from choria_core.ddl.document import ActionDdl, AggregateDdl, OutputDdl
from choria_core.presentation.call_documents import call_json, result_line
from choria_core.presentation.call_report import failures_text, footer, summaries_text
from choria_core.presentation.fact_report import (
    by_count,
    fact_values,
    facts_json,
    facts_table,
    facts_text,
)
from choria_core.presentation.inventory_report import collectives_table, inventory_text
from choria_core.presentation.ping_report import ping_line
from choria_core.presentation.reply_text import reply_table, reply_text
from choria_core.protocol.messages import Version

OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ATTACKS = (
    "\x1b[2Jgone",
    "\x1b]0;title\x07",
    "back\rover",
    "bell\x07",
    "\x9b31m",
    "right\u202eleft",
    "[/x] [red]markup[/red] [link=file:///etc/passwd]",
    "one\ntwo\r\nthree",
    "tab\tbed",
    "nul\x00",
)
ACTION = ActionDdl(
    action="ping",
    display="always",
    output={"value": OutputDdl(display_as="Value"), "\x1b[1m": OutputDdl(display_as="\x1b[1mHead")},
    aggregate=(AggregateDdl("summary", ("value",)),),
)


def reply(text: str, *, statuscode: int = 0) -> NodeReply:
    data = {"value": text, text: {text: [text, {text: None}]}, "collectives": [text]}
    return NodeReply(
        sender=text, action=text, statuscode=statuscode, statusmsg=text, data=data, time_ns=1
    )


def stats(text: str) -> CallStats:
    return CallStats(
        request_id="1",
        agent="rpcutil",
        action="ping",
        discovered=(text,),
        no_responses=(text,),
        unexpected_responses=(text,),
    )


def everything(text: str) -> str:
    """All that can be printed of a node that writes ``text`` wherever it can."""
    good, bad, odd = reply(text), reply(text, statuscode=1), reply(text, statuscode=-77)
    inventory = {
        "version": text,
        "collectives": [text, 1],
        "agents": [text],
        "classes": [text],
        "machines": [{"name": text, "version": text, "state": text}],
        "facts": {text: text},
    }
    values = by_count(fact_values([good, bad]))
    return "".join(
        (
            reply_text(good, ACTION),
            reply_text(bad, ACTION),
            reply_text(odd, None),
            reply_text(good, ACTION, verbose=True),
            reply_table([good, bad], ACTION),
            failures_text([good, bad, odd]),
            summaries_text({text: [text]}, ACTION),
            footer(stats(text)),
            footer(stats(text), verbose=True),
            ping_line(PingReply(text, 0.5)),
            ping_line(PingReply(text, 0.5), names_only=True),
            facts_text(text, values, nodes=True),
            facts_table(values, nodes=True),
            facts_json(values),
            inventory_text(text, inventory, {"starttime": text, "pid": text}),
            collectives_table([good]),
            call_json(CallResult(stats=stats(text), replies=(good, bad)), {}),
            result_line(good, stats(text), Version.V1),
            result_line(good, stats(text), Version.V2),
        )
    )


@pytest.mark.parametrize("text", ATTACKS)
def test_no_text_of_a_node_commands_a_terminal(text: str) -> None:
    assert OBEYED.search(everything(text)) is None


@given(st.text(max_size=40))
def test_no_text_at_all_does(text: str) -> None:
    assert OBEYED.search(everything(text)) is None


def test_markup_is_text() -> None:
    text = "[/x] [red]markup[/red]"

    assert text in reply_text(reply(text, statuscode=1), ACTION)


def test_json_of_hostile_texts_still_says_them() -> None:
    for text in ATTACKS:
        document = json.loads(call_json(CallResult(stats=stats(text), replies=(reply(text),)), {}))

        assert document["replies"][0]["sender"] == text
        assert document["replies"][0]["data"] == reply(text).data


@pytest.mark.parametrize(
    "inventory",
    [
        {},
        {"agents": 1, "classes": "x", "machines": 3, "facts": [], "collectives": None},
        {"machines": [1, None], "agents": [None, {}]},
        {"machines": [{"name": None}]},
    ],
)
def test_an_inventory_of_other_types_than_promised_is_shown(inventory: dict[str, object]) -> None:
    assert "Inventory for n1" in inventory_text("n1", inventory, {"starttime": 1e300, "pid": []})
