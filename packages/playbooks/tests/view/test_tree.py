"""The tree of steps that grows while a book runs."""

from typing import Any

from choria_core.playbook.outcome import HostResult
from choria_playbooks.engine.events import (
    Event,
    Level,
    Line,
    LockGone,
    LockTaken,
    LockWaiting,
    NodeDone,
    NodesWaiting,
    RunBegan,
    State,
    StepBegan,
    StepEnded,
    TryBegan,
)
from choria_playbooks.view.tree import Said, Tree

GOOD, BAD = HostResult(is_ok=True), HostResult(is_ok=False, error="no")


def began(step: str, *, parent: str = "", kind: str = "shell") -> StepBegan:
    """A step begins."""
    return StepBegan(
        time=1.0, id=step, parent=parent, list="tasks", type=kind, description=f"do {step}"
    )


def ended(step: str, state: State = State.OK, **changes: Any) -> StepEnded:
    """A step is over."""
    values: dict[str, Any] = {
        "time": 3.0,
        "id": step,
        "parent": "",
        "list": "tasks",
        "type": "shell",
        "description": f"do {step}",
        "state": state,
        "message": "it is over",
        "run_seconds": 2.0,
    }
    return StepEnded(**values | changes)


def said(tree: Tree, *events: Event) -> list[Said]:
    """What is printed for good."""
    return [line for event in events for line in tree.take(event)]


def test_a_step_is_printed_when_it_is_over() -> None:
    tree = Tree()

    assert said(tree, began("a")) == []
    assert list(tree.running) == ["a"]
    assert said(tree, ended("a")) == [Said(0, "✓", "green", "do a", "2.00 s")]
    assert tree.running == {}


def test_a_step_of_the_run_before_is_told_apart() -> None:
    line = Said(0, "✓", "green", "do a", "done before")

    assert said(Tree(), ended("a", is_resumed=True, run_seconds=0.0)) == [line]


def test_steps_of_a_block_stand_below_it_and_its_name_is_printed_once() -> None:
    lines = said(
        Tree(),
        began("b", kind="block"),
        began("b.1", parent="b"),
        ended("b.1", parent="b"),
        began("b.2", parent="b"),
        ended("b.2", State.FAILED, parent="b"),
        ended("b", State.FAILED, type="block"),
    )

    assert [(line.depth, line.mark, line.text) for line in lines] == [
        (0, "▸", "do b"),
        (1, "✓", "do b.1"),
        (1, "✗", "do b.2"),
        (0, "✗", "do b"),
    ]


def test_nodes_are_counted_while_they_answer_and_anew_for_each_try() -> None:
    tree = Tree()
    said(
        tree,
        began("a"),
        TryBegan(time=1, id="a", number=1, tries=2),
        NodesWaiting(time=1, id="a", nodes=("n1", "n2", "n3")),
        NodeDone(time=1, id="a", node="n1", result=GOOD),
        NodeDone(time=1, id="a", node="n2", result=BAD),
    )
    first = tree.running["a"]
    assert (first.nodes, first.done, first.failed) == (3, 2, 1)

    said(tree, TryBegan(time=1, id="a", number=2, tries=2))

    assert (first.number, first.nodes, first.done) == (2, 0, 0)


def test_a_failure_says_why_and_on_how_many_nodes() -> None:
    (line,) = said(Tree(), ended("a", State.FAILED, results={"n1": GOOD, "n2": BAD}))

    assert line.note == "1/2 nodes, 2.00 s, it is over"


def output(step: str, text: str) -> Line:
    """A program of a step says something."""
    return Line(time=1, level=Level.INFO, context="c", text=text, step=step, is_output=True)


def test_output_of_programs_stands_below_their_task_and_cannot_move_the_cursor() -> None:
    lines = said(Tree(), began("a"), output("a", "hi \x1b[2J"), output("a", "again"))

    assert lines == [
        Said(0, "▸", "bold", "do a"),
        Said(1, "│", "dim", r"hi \x1b[2J"),
        Said(1, "│", "dim", "again"),
    ]


def test_output_of_tasks_side_by_side_says_whose_it_is() -> None:
    tree = Tree()
    said(tree, began("p", kind="parallel"), began("a", parent="p"), began("b", parent="p"))

    lines = said(tree, *(output(step, "hi") for step in ("a", "b", "a", "a", "b")))

    assert [line.text for line in lines] == [
        *("do a", "hi", "do b", "hi"),
        *("do a: hi", "hi", "do b: hi"),
    ]
    assert [one.id for one in tree.innermost] == ["a", "b"]


def test_nodes_are_counted_and_a_few_say_why_they_failed() -> None:
    names = tuple(f"n{number}" for number in range(30))
    waiting = NodesWaiting(time=1, id="a", nodes=names)
    failures = [
        Line(time=1, level=Level.WARN, context="c", text=f"{name}: no", step="a") for name in names
    ]

    quiet = said(Tree(), began("a"), waiting, output("a", "n0: OK"), *failures)
    verbose = said(Tree(Level.DEBUG), began("a"), waiting, output("a", "n0: OK"), *failures)

    assert [line.text for line in quiet] == ["do a", *(f"n{number}: no" for number in range(10))]
    assert [line.text for line in verbose] == ["do a", "n0: OK", *(f"{name}: no" for name in names)]


def test_a_failure_that_is_fine_says_so() -> None:
    (line,) = said(Tree(), ended("a", is_fail_ok=True))

    assert (line.mark, line.colour) == ("✗", "yellow")
    assert line.note == "2.00 s, failed, which is fine, it is over"


def test_why_a_task_failed_is_said_once() -> None:
    warning = Line(time=1, level=Level.WARN, context="c", text="do a: it is over", step="a")

    lines = said(Tree(), began("a"), warning, ended("a", State.FAILED))

    assert [(line.text, line.note) for line in lines] == [
        ("do a", ""),
        ("do a: it is over", ""),
        ("do a", "2.00 s"),
    ]


def test_log_lines_below_the_level_are_not_shown() -> None:
    lines = [Line(time=1, level=level, context="c", text=level.name) for level in Level]

    assert [line.text for line in said(Tree(), *lines)] == ["WARN", "ERROR", "FATAL"]
    assert len(said(Tree(Level.DEBUG), *lines)) == 5


def test_a_lock_is_waited_for_until_it_is_taken() -> None:
    tree = Tree()
    said(tree, LockWaiting(time=1, lock="kv/a", holder="up=rip"))
    assert tree.waiting == {"kv/a": "up=rip"}

    lines = said(
        tree,
        LockTaken(time=2, lock="kv/a", token=7),
        LockGone(time=3, lock="kv/a", loss="its session ended"),
    )

    assert tree.waiting == {}
    assert [(line.colour, line.note) for line in lines] == [
        ("cyan", "taken"),
        ("red", "lost: its session ended"),
    ]


def test_a_rehearsal_tells_what_would_be_done() -> None:
    start = RunBegan(time=1, book="b", version="1", file="b.yaml", run_id="r", is_check=True)
    lock = Line(time=1, level=Level.INFO, context="locks", text="would take lock kv/a")
    end = Line(time=1, level=Level.INFO, context="post", text="the book did its work")
    step = ended("a", message="would run: true", run_seconds=0.0)

    lines = said(Tree(), start, lock, began("a"), step, end)

    assert [(line.mark, line.text, line.note) for line in lines] == [
        ("·", "would take lock kv/a", ""),
        ("✓", "do a", "would run: true"),
    ]
