"""The page about reports and events names all of their keys."""

import re
from pathlib import Path

import msgspec
import pytest

from choria_core.playbook.outcome import HostResult
from choria_playbooks.engine import events
from choria_playbooks.engine.events import Event, RunBegan, RunEnded, State, StepEnded
from choria_playbooks.report.document import ReportDocument
from choria_playbooks.report.reading import read_report

PAGE = Path(__file__).resolve().parents[4] / "docs" / "reference" / "playbook-report.md"
KINDS = {
    str(kind.__struct_config__.tag): kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}


def rows(text: str) -> dict[str, set[str]]:
    """The words in code of each row of tables, by the first of them."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    words = [re.findall(r"`([^`]+)`", line) for line in lines]
    return {found[0]: set(found) for found in words}


@pytest.mark.parametrize("name", KINDS)
def test_an_event_is_there_with_all_its_keys(name: str) -> None:
    shown = rows(PAGE.read_text().partition("## Events")[2])
    keys = {field.encode_name for field in msgspec.structs.fields(KINDS[name])} - {"time"}
    began = shown["step_began"] if name == "step_ended" else set()

    assert keys | {name} <= shown[name] | began | {"step_ended"}


def test_a_report_has_no_key_that_the_page_does_not_name() -> None:
    document = ReportDocument(digest="0")
    began = RunBegan(time=1.0, book="a", version="1.0.0", file="a.yaml", run_id="1")
    document.take(began)
    bad = HostResult(is_ok=False, error="no", kind="silent")
    for kind in ("shell", "block"):
        document.take(
            StepEnded(
                time=2.0,
                id="tasks[0]",
                parent="",
                list="tasks",
                type=kind,
                description="d",
                state=State.FAILED,
                message="m",
                results={"n1": bad},
                register="r",
                registered={},
            )
        )
    document.take(RunEnded(time=3.0, is_ok=False, error="", exit_code=1, run_seconds=2.0))

    report = read_report(document.text(), file="report.yaml")

    named = set(re.findall(r"`([^`]+)`", PAGE.read_text()))
    (task,), (step,) = report.tasks, report.steps
    for keys in (report.report, report.playbook, report.metrics, task, step):
        assert set(keys) <= named
    assert set(task["results"]["n1"]) <= named
    assert set(task["results"]["n1"]["error"]) <= named
