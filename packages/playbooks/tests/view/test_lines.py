"""Events as log lines and as JSON lines."""

import json
from datetime import UTC

import pytest

from choria_core.playbook.outcome import HostResult
from choria_core.presentation.colours import ansi
from choria_playbooks.engine.events import Level, Line, NodeDone
from choria_playbooks.view.json_lines import json_line
from choria_playbooks.view.log_lines import level_of, log_line
from choria_playbooks.view.summary import summary_lines

LINE = Line(time=43_200.0, level=Level.INFO, context="prep.nodes", text="found 2\nnodes")


def test_a_log_line_has_the_form_of_the_original() -> None:
    assert (
        log_line(LINE, "deploy", zone=UTC)
        == r"I 12:00:00: deploy#prep.nodes         found 2\nnodes"
    )


def test_the_letter_of_a_level_is_coloured() -> None:
    assert log_line(LINE, "deploy", zone=UTC, paint=ansi).startswith("\x1b[32mI\x1b[0m 12:")


@pytest.mark.parametrize("name", ["debug", "info", "warn", "error", "fatal"])
def test_levels_have_the_names_that_books_use(name: str) -> None:
    assert level_of(name).name.lower() == name


def test_the_name_of_an_event_comes_first() -> None:
    done = NodeDone(time=1.5, id="tasks[0]", node="n1", result=HostResult(is_ok=True))

    assert [next(iter(json.loads(json_line(event)))) for event in (LINE, done)] == ["event"] * 2


def test_an_event_is_one_line_of_json_that_names_itself() -> None:
    done = NodeDone(
        time=1.5, id="tasks[0]", node="n1", result=HostResult(is_ok=True, value={"a": [1]})
    )

    found = json.loads(json_line(done))

    assert found["event"] == "node_done"
    assert found["result"]["value"] == {"a": [1]}
    assert "\n" not in json_line(done)
    assert json.loads(json_line(LINE))["level"] == "info"
    assert json.loads(json_line(LINE))["event"] == "log"


def test_a_summary_tells_what_the_original_told() -> None:
    lines = summary_lines(
        name="deploy", version="1.0.0", started=0.0, is_ok=False, tasks=3, run_seconds=1.234
    )

    assert lines == [
        "  Playbook: deploy version 1.0.0",
        "   Started: 1970-01-01 00:00:00 UTC",
        "   Outcome: failed",
        "     Tasks: 3",
        "  Run time: 1.23 seconds",
    ]
