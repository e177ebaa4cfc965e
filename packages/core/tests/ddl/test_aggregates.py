"""Summaries of replies, held to what the Go program printed."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from choria_core.agents.choria_util import ChoriaUtil
from choria_core.agents.declaration import declare
from choria_core.agents.rpcutil import RpcUtil
from choria_core.ddl.aggregates import Summaries, value_text
from choria_core.ddl.document import ActionDdl, AggregateDdl, Ddl, OutputDdl
from choria_core.ddl.line_chart import line_chart
from choria_testing import vectors

DDLS: dict[str, Ddl] = {
    "rpcutil": declare(RpcUtil, plugin="core").ddl,
    "choria_util": declare(ChoriaUtil, plugin="core").ddl,
}


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """What ``choria rpc -j`` printed; lines of the log are not its."""
    for name in ("plain.jsonl", "tls.jsonl", "v2.jsonl"):
        for record in vectors.load(name):
            lines = record["stdout"].splitlines()
            text = "\n".join(line for line in lines if not line.startswith("time="))
            if text.startswith("{") and '"summaries"' in text:
                yield f"{name} {record['label']}", json.loads(text)


def action_of(*aggregates: AggregateDdl, **outputs: OutputDdl) -> ActionDdl:
    return ActionDdl(action="x", aggregate=aggregates, output=outputs)


@pytest.mark.parametrize(("label", "printed"), list(recorded()))
def test_summaries_are_the_recorded_ones(label: str, printed: dict[str, Any]) -> None:
    action = DDLS[printed["agent"]].action(printed["action"])
    assert action is not None, label
    summaries = Summaries(action)
    for reply in printed["replies"]:
        summaries.add(reply["data"])

    assert summaries.documents() == printed["summaries"]


def test_summaries_for_people_begin_with_what_is_most_frequent() -> None:
    summaries = Summaries(action_of(AggregateDdl("summary", ("value",))))
    for value in ("mt", "de", "mt", 7):
        summaries.add({"value": value})

    assert summaries.lines() == {"value": ["mt: 2", "de: 1", " 7: 1"]}


def test_values_can_be_called_otherwise() -> None:
    options = {"true": "enabled", "false": "disabled", "format": "%10s is %d"}
    summaries = Summaries(action_of(AggregateDdl("boolean_summary", ("on", options))))
    for value in (True, False, True):
        summaries.add({"on": value})

    assert summaries.documents() == {"on": {"enabled": 2, "disabled": 1}}
    assert summaries.lines() == {"on": ["   enabled is 2", "  disabled is 1"]}


def test_averages_are_of_numbers() -> None:
    summaries = Summaries(action_of(AggregateDdl("average", ("load",))))
    for value in (1, 2.5, "3.5", "many", None, "1_0", " 7"):
        summaries.add({"load": value})

    assert summaries.documents() == {"load": {"average": 7 / 3}}
    assert summaries.lines() == {"load": ["Average: 2.333"]}


def test_without_numbers_there_is_no_average() -> None:
    summaries = Summaries(action_of(AggregateDdl("average", ("load", {"format": "%.1f s"}))))

    assert summaries.documents() == {}
    assert summaries.lines() == {"load": ["nan s"]}


def test_a_format_that_does_not_fit_is_not_used() -> None:
    summaries = Summaries(action_of(AggregateDdl("average", ("load", {"format": "%s %s"}))))
    summaries.add({"load": 1})

    assert summaries.documents() == {"load": {"average": 1}}
    assert summaries.lines() == {"load": ["Average: 1.000"]}


def test_what_a_node_leaves_out_has_its_default() -> None:
    action = action_of(AggregateDdl("summary", ("state",)), state=OutputDdl(default="unknown"))
    summaries = Summaries(action)
    summaries.add({"state": "idle"})
    summaries.add({})

    assert summaries.documents() == {"state": {"idle": 1, "unknown": 1}}


def test_malformed_and_unknown_aggregates_are_left_out() -> None:
    action = action_of(
        AggregateDdl("summary", ()), AggregateDdl("sum", ("a",)), AggregateDdl("summary", (3,))
    )

    assert Summaries(action).fields == ()
    assert Summaries(action).documents() == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a<b", "a<b"),
        (True, "true"),
        (None, "null"),
        (3.0, "3"),
        (1.25, "1.25"),
        (["a<b&c", 1.0], '["a\\u003cb\\u0026c",1]'),
        ({"b": 1, "a": [2.0]}, '{"a":[2],"b":1}'),
    ],
)
def test_values_are_told_apart_by_their_json(value: object, text: str) -> None:
    assert value_text(value) == text


def test_a_chart_goes_from_the_least_to_the_greatest_value() -> None:
    summaries = Summaries(action_of(AggregateDdl("chart", ("load",))))
    for value in (1, 3, "x", 5):
        summaries.add({"load": value})

    chart = summaries.documents()["load"]["chart"]
    assert isinstance(chart, str)
    rows = chart.splitlines()
    assert len(rows) == 15
    assert rows[0].startswith("5.00 ┤")
    assert rows[-1].startswith("1.00 ┤•")
    assert sum(row.count("•") for row in rows) == 60
    assert summaries.lines() == {"load": [chart]}


def test_charts_of_little_are_small() -> None:
    assert line_chart([]) == ""
    assert line_chart([math.nan]) == ""
    assert line_chart([2.0], width=3) == "2.00 ┤•••"
    assert line_chart([2.0, 2.0], width=1, height=1) == "2.00 ┤•"


def test_a_very_long_value_does_not_pad_the_others() -> None:
    summaries = Summaries(action_of(AggregateDdl(function="summary", args=("value",))))
    for value in [*map(str, range(1000)), "x" * 50_000]:
        summaries.add({"value": value})

    (shown,) = summaries.lines().values()

    assert sum(map(len, shown)) < 100_000
