"""Reports: the original's keys, whole at every moment, readable again."""

import resource
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from choria_core.config.problems import InvalidConfigError
from choria_core.errors import UsageError, WorkError
from choria_core.playbook.outcome import HostResult
from choria_playbooks.commands.report import open_report
from choria_playbooks.engine.events import (
    Event,
    InputsKnown,
    Level,
    Line,
    NodesFound,
    RunBegan,
    RunEnded,
    State,
    StepEnded,
    TryEnded,
)
from choria_playbooks.report.document import ReportDocument
from choria_playbooks.report.reading import failed_nodes, read_report, resumption
from choria_playbooks.report.report_file import SHORT, ReportFile, usual_path

BEGAN = RunBegan(time=100.25, book="deploy", version="1.2.3", file="deploy.yaml", run_id="r1")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def ended(number: int, state: State = State.OK, **changes: Any) -> StepEnded:
    """A task that is over."""
    values: dict[str, Any] = {
        "time": 103.0 + number,
        "id": f"tasks[{number}]",
        "parent": "",
        "list": "tasks",
        "type": "shell",
        "description": f"step {number}",
        "state": state,
        "message": "done",
        "started": 102.0 + number,
        "run_seconds": 1.0,
    }
    return StepEnded(**values | changes)


LONG = ended(9, message="x" * SHORT)
"""A task after which a report has a journal."""


def document_of(*events: Event) -> dict[str, Any]:
    """The report of these events, read as any YAML."""
    report = ReportDocument("d1")
    for event in events:
        report.take(event)
    found = yaml.safe_load(report.text())
    assert isinstance(found, dict)
    return found


def test_a_report_has_the_keys_of_the_original() -> None:
    found = document_of(
        BEGAN,
        InputsKnown(time=101, static={"cluster": "alpha"}, dynamic=("weight",)),
        NodesFound(time=101, name="web", nodes=("n1.example", "n2.example")),
        Line(time=101.5, level=Level.INFO, context="prep.nodes", text="found 2"),
        TryEnded(time=103, id="tasks[0]", number=1, is_ok=True, message="ok", run_seconds=1.0),
        ended(0, results={"n1.example": HostResult(is_ok=True, value={"x": 1})}),
        ended(1, State.FAILED, results={"n2.example": HostResult(is_ok=False, error="no")}),
        RunEnded(time=110.25, is_ok=False, error="", exit_code=1, run_seconds=10.0),
    )

    assert list(found) == [
        "report",
        "playbook",
        "inputs",
        "nodes",
        "tasks",
        "steps",
        "metrics",
        "resume",
        "logs",
    ]
    assert found["report"]["success"] is False
    assert found["report"]["timestamp"].isoformat() == "1970-01-01T00:01:40.250000+00:00"
    assert found["playbook"]["name"] == "deploy"
    assert found["inputs"] == {"static": {"cluster": "alpha"}, "dynamic": ["weight"]}
    assert found["nodes"] == {"web": ["n1.example", "n2.example"]}
    first = found["tasks"][0]
    assert first["attempts"] == [{"number": 1, "success": True, "msg": "ok", "run_time": 1.0}]
    assert first["results"]["n1.example"]["value"] == {"x": 1}
    assert found["tasks"][1]["results"]["n2.example"]["error"]["msg"] == "no"
    assert found["metrics"]["task_types"]["shell"] == {
        "count": 2,
        "total_time": 2.0,
        "pass": 1,
        "fail": 1,
    }
    assert found["logs"][0]["from"] == "prep.nodes"


def test_of_endless_logs_the_first_and_the_last_lines_are_kept() -> None:
    report = ReportDocument("d1")
    report.take(BEGAN)
    for number in range(600):
        text = f"{number} " + "x" * 50_000
        report.take(Line(time=101, level=Level.INFO, context="tasks.shell", text=text))

    text = report.text()

    assert len(text) < 17 << 20
    said = [line["msg"] for line in yaml.load(text, yaml.CSafeLoader)["logs"]]
    assert said[0].startswith("0 ")
    assert said[-1].startswith("599 ")
    assert f"[{601 - len(said)} lines are not kept]" in said


@given(value=JSON, text=st.text())
def test_whatever_a_task_gave_is_read_again(value: object, text: str) -> None:
    report = ReportDocument("d1")
    report.take(BEGAN)
    result = HostResult(is_ok=True, value=value)
    report.take(ended(0, description=text, results={text: result}, register="r", registered=value))

    task = read_report(report.text(), file="r.yaml").tasks[0]

    assert task["description"] == text
    assert task["results"][text]["value"] == value
    assert task["registered"] == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("half \udcff", "half \ufffd"),
        ({(1, 2): {"deep": "\ud800"}}, {}),
        (2**70, 2**70),
        ({"set": {3}}, {"set": [3]}),
        (Path("/tmp/x"), "/tmp/x"),
    ],
)
def test_what_no_file_can_hold_is_shown_as_well_as_can_be(value: object, shown: object) -> None:
    report = ReportDocument("d1")
    report.take(ended(0, message="\udc80", results={"n1": HostResult(is_ok=True, value=value)}))

    task = read_report(report.text(), file="r.yaml").tasks[0]

    assert task["msg"] == "\ufffd"
    assert task["results"]["n1"]["value"] == shown


def test_a_value_that_holds_itself_is_named(tmp_path: Path) -> None:
    value: list[object] = []
    value.append(value)
    report = ReportFile(tmp_path / "report.yaml", digest="d1")

    report(BEGAN)
    report(ended(0, results={"n1": HostResult(is_ok=True, value=value)}))

    assert "[dict]" in (tmp_path / "report.yaml").read_text()


def test_a_task_adds_to_the_file_and_writes_it_anew_seldom(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    report(BEGAN)
    report(LONG)
    rewritten = 0

    for number in range(400):
        report(Line(time=101, level=Level.INFO, context="tasks.shell", text=f"line {number}"))
        report(ended(number, data=(number,)))
        rewritten += "\njournal:\n" not in file.read_text()

    assert rewritten < 5
    found = read_report(file.read_text(), file="r.yaml")
    assert [task["id"] for task in found.tasks[1:]] == [f"tasks[{number}]" for number in range(400)]
    assert [line["msg"] for line in found.logs] == [f"line {number}" for number in range(400)]
    assert found.metrics["task_count"] == 401
    assert found.resume == {"last": "tasks[399]", "data": [399]}
    report(RunEnded(time=1700, is_ok=True, error="", exit_code=0, run_seconds=1600))
    assert "journal" not in yaml.load(file.read_text(), yaml.CSafeLoader)


def test_node_sets_and_blocks_are_in_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    for event in (
        BEGAN,
        LONG,
        NodesFound(time=101, name="web", nodes=("n1",)),
        ended(0, type="block"),
        NodesFound(time=104, name="tasks[1]/db", nodes=("n2", "n3")),
    ):
        report(event)

    found = read_report(file.read_text(), file="r.yaml")

    assert "\njournal:\n" in file.read_text()
    assert found.nodes == {"web": ["n1"], "tasks[1]/db": ["n2", "n3"]}
    assert [step["id"] for step in found.steps] == ["tasks[0]"]


def test_a_program_that_talks_without_end_makes_no_entry_of_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    report(BEGAN)
    report(LONG)
    for _ in range(600):
        report(Line(time=101, level=Level.INFO, context="tasks.shell", text="x" * 50_000))

    report(ended(0))

    assert file.stat().st_size < 17 << 20
    assert "\njournal:\n" not in file.read_text()


def test_an_entry_in_whose_middle_the_run_was_killed_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    sizes = []
    report(BEGAN)
    for event in (LONG, ended(0), ended(1, message="größer")):
        report(event)
        sizes.append(file.stat().st_size)
    whole = file.read_bytes()

    for (start, end), tasks in ((sizes[:2], 1), (sizes[1:], 2)):
        for size in (*range(start, start + 12), *range(start, end, 97), end - 1):
            file.write_bytes(whole[:size])
            assert len(open_report(file).tasks) == tasks, size
    found = whole.index("ö".encode())
    file.write_bytes(whole[: found + 1])
    assert len(open_report(file).tasks) == 2


def test_an_entry_for_which_there_was_no_room_is_written_later(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    for event in (BEGAN, LONG):
        report(event)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 100, limits[1]))
    try:
        with pytest.raises(WorkError, match="cannot be written: File too large"):
            report(ended(0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(open_report(file).tasks) == 1

    report(ended(1))

    assert len(open_report(file).tasks) == 3


def test_a_report_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")
    for event in (BEGAN, LONG, ended(0)):
        report(event)
    file.unlink()

    report(ended(1))

    assert len(read_report(file.read_text(), file="r").tasks) == 3


def test_a_report_file_is_whole_after_every_task(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    report = ReportFile(file, digest="d1")

    for event in (BEGAN, ended(0), ended(1)):
        report(event)
        assert read_report(file.read_text(), file="r").report["state"] == "running"

    assert len(read_report(file.read_text(), file="r").tasks) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["report.yaml"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_report_never_takes_the_place_of_another(tmp_path: Path) -> None:
    file = tmp_path / "report.yaml"
    file.write_text("precious")

    with pytest.raises(UsageError, match="is there already; name another"):
        ReportFile(file, digest="d1")

    assert file.read_text() == "precious"


def test_a_run_goes_on_behind_what_it_finished() -> None:
    report = ReportDocument("d1")
    for event in (
        BEGAN,
        InputsKnown(time=101, static={"cluster": "alpha", "key": "***"}, dynamic=()),
        ended(0, data=("x",), writes={"mem/a": 1}),
        ended(1, data=("y",), register="copy", registered={"success": True}),
        ended(2, writes=None),
        ended(3, State.FAILED),
    ):
        report.take(event)

    found = resumption(read_report(report.text(), file="r.yaml"))

    assert found.digest == "d1"
    assert found.inputs == {"cluster": "alpha"}
    assert list(found.finished) == ["tasks[0]", "tasks[1]"]
    assert found.finished["tasks[0]"].writes == {"mem/a": 1}
    assert found.finished["tasks[1]"].registered == {"success": True}


def test_nodes_count_as_failed_by_their_last_task() -> None:
    bad, good = HostResult(is_ok=False, error="no"), HostResult(is_ok=True)
    report = ReportDocument("d1")
    for event in (BEGAN, ended(0, results={"a": bad, "b": bad}), ended(1, results={"a": good})):
        report.take(event)

    assert list(failed_nodes(read_report(report.text(), file="r.yaml"))) == ["b"]


def test_a_finished_run_is_not_resumed() -> None:
    report = ReportDocument("d1")
    report.take(BEGAN)
    report.take(RunEnded(time=110, is_ok=True, error="", exit_code=0, run_seconds=1.0))

    with pytest.raises(UsageError, match="nothing to resume"):
        resumption(read_report(report.text(), file="r.yaml"))


@pytest.mark.parametrize("text", ["", "- 1\n", "report: 1\n", "{"])
def test_what_is_no_report_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidConfigError, match=r"^r\.yaml"):
        read_report(text, file="r.yaml")


def test_a_report_is_called_by_book_and_time() -> None:
    assert usual_path("deploy", time=0.0) == Path("playbook-deploy-1970-01-01_00-00-00.yaml")
