"""Reports as pages."""

from choria_core.playbook.outcome import HostResult
from choria_playbooks.engine.events import (
    InputsKnown,
    Level,
    Line,
    RunBegan,
    RunEnded,
    State,
    StepEnded,
)
from choria_playbooks.report.document import ReportDocument
from choria_playbooks.report.reading import read_report
from choria_playbooks.report.report_page import report_page
from choria_playbooks.report.timeline import ticks

ORIGINAL = """\
---
report:
  version: 1
  timestamp: 2017-01-30 09:38:58.264553000 Z
  success: true
  playbook_error:
playbook:
  name: sample
  version: 0.0.1
inputs:
  static:
    cluster: alpha
  dynamic: []
nodes:
  web:
  - n1.example
tasks:
- type: shell
  set: tasks
  description: deploy
  start_time: 2017-01-30 09:38:58.300000000 Z
  end_time: 2017-01-30 09:38:59.300000000 Z
  run_time: 1.0
  ran: true
  msg: done
  success: true
metrics:
  task_count: 1
  run_time: 1.1
  task_types:
    shell: {count: 1, total_time: 1.0, pass: 1, fail: 0}
logs: []
"""


def step(name: str, state: State, *, parent: str = "", kind: str = "shell") -> StepEnded:
    """A step that is over, with a node that failed and one that did not."""
    return StepEnded(
        time=104.0,
        id=name,
        parent=parent,
        list="tasks",
        type=kind,
        description=f"does {name} <b>",
        state=state,
        message="<script>alert(1)</script>",
        started=102.0,
        run_seconds=2.0,
        results={
            "n1.example": HostResult(is_ok=True, value={"a": 1}),
            "n2.example": HostResult(is_ok=False, error="broken & lost"),
        },
    )


def test_a_page_shows_tasks_over_time_and_what_came_of_each_node() -> None:
    report = ReportDocument("d1")
    for event in (
        RunBegan(time=100, book="deploy", version="1.0.0", file="d.yaml", run_id="r"),
        InputsKnown(time=101, static={"cluster": "alpha"}, dynamic=("weight",)),
        step("tasks[0].tasks[0]", State.FAILED, parent="tasks[0]"),
        step("tasks[0]", State.OK, kind="block"),
        RunEnded(time=110, is_ok=False, error="it <broke>", exit_code=1, run_seconds=10),
    ):
        report.take(event)

    shown = report_page(read_report(report.text(), file="r.yaml"))

    assert "<script>alert" not in shown
    assert "it &lt;broke&gt;" in shown
    assert "broken &amp; lost" in shown
    assert shown.index("n2.example") < shown.index("n1.example"), "failures come first"
    assert "\u00a0\u00a0does tasks[0].tasks[0]" in shown
    assert shown.count("<rect") == 2
    assert "read from its store" in shown
    assert "http" not in shown, "a page asks nobody"


def test_of_a_long_log_the_end_is_shown() -> None:
    report = ReportDocument("d1")
    for number in range(5_003):
        report.take(Line(time=101, level=Level.INFO, context="a", text=f"line {number} of it"))

    shown = report_page(read_report(report.text(), file="r.yaml"))

    assert "line 2 of it" not in shown
    assert shown.count(" of it<") == 5_000
    assert "3 lines before these are in the report" in shown


def test_a_report_of_the_original_is_shown_too() -> None:
    shown = report_page(read_report(ORIGINAL, file="r.yaml"))

    assert "sample 0.0.1" in shown
    assert "deploy: ok, 1.000 s" in shown


def test_ticks_are_round_and_few() -> None:
    for end in (0.001, 0.3, 1.0, 7.9, 61.0, 90_000.0):
        found = ticks(end)
        assert 1 < len(found) <= 9
        assert found[-1] <= end * (1 + 1e-9)
