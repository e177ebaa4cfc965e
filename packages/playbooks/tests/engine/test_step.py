"""Runs that ask the operator before each task."""

from collections.abc import Iterable

import pytest

from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab, Ran

BOOK = """
tasks:
  - note: {name: one, description: The first}
  - block:
      tasks: [{note: {name: two}}]
      always: [{note: {name: always}}]
  - note: {name: three, loop: [1, 2]}
hooks:
  pre_task: [{note: {name: "-"}}]
  on_fail: [{note: {name: failed}}]
  post_book: [{note: {name: post}}]
"""


class Operator:
    """Answers as a test wants."""

    def __init__(self, answers: Iterable[str]) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    async def __call__(self, description: str) -> str:
        self.asked.append(description)
        return next(self._answers)


async def stepped(lab: Lab, *answers: str) -> tuple[Ran, list[str], list[str]]:
    operator = Operator(answers)
    ran = await lab.run(BOOK, confirm=operator)
    return ran, operator.asked, [note for note in lab.notes() if note != "-"]


async def test_the_operator_is_asked_before_each_task_of_the_book(lab: Lab) -> None:
    ran, asked, notes = await stepped(lab, "yes", "yes", "yes", "yes")

    assert asked == ["The first", "note task", "note task", "note task"]
    assert notes == ["one", "two", "always", "three", "three", "post"]
    assert ran.ended.is_ok


async def test_a_task_can_be_left_out(lab: Lab) -> None:
    ran, _, notes = await stepped(lab, "skip", "yes", "yes", "skip")

    assert notes == ["two", "always", "post"]
    assert ran.ended.is_ok
    assert ran.states["tasks[0]"] is State.SKIPPED
    assert ran.steps["tasks[2]"].message == "the operator left it out"


async def test_nobody_is_asked_after_all(lab: Lab) -> None:
    _, asked, notes = await stepped(lab, "skip", "all")

    assert len(asked) == 2
    assert notes == ["two", "always", "three", "three", "post"]


@pytest.mark.parametrize(
    ("answers", "notes"),
    [
        (("stop",), ["failed", "post"]),
        (("yes", "stop", "yes"), ["one", "always", "failed", "post"]),
        (("yes", "yes", "yes", "stop"), ["one", "two", "always", "failed", "post"]),
    ],
)
async def test_a_stop_ends_the_run_as_a_failure(
    lab: Lab, answers: tuple[str, ...], notes: list[str]
) -> None:
    ran, _, noted = await stepped(lab, *answers)

    assert noted == notes
    assert not ran.ended.is_ok
    assert ran.ended.exit_code == 1
    assert ran.ended.error == "stopped by the operator"


async def test_who_is_asked_can_be_interrupted(lab: Lab) -> None:
    async def interrupted(_description: str) -> str:
        lab.stop.signal = 2
        lab.stop.set()
        await lab.diary.resumes.wait()
        return "yes"

    ran = await lab.run(BOOK, confirm=interrupted)

    assert ran.ended.exit_code == 130
    assert lab.notes() == ["failed", "post"]


async def test_what_is_left_out_anyway_is_not_asked_for(lab: Lab) -> None:
    operator = Operator(["yes"])
    await lab.run(
        "tasks: [{note: {name: a, tags: [x]}}, {note: {name: b}}]",
        confirm=operator,
        tags=frozenset(("x",)),
    )

    assert operator.asked == ["note task"]
    assert lab.notes() == ["a"]


async def test_a_rehearsal_asks_nobody(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {}}]", confirm=Operator([]), check=True)

    assert ran.ended.is_ok


async def test_the_operator_reads_what_is_meant_but_no_secrets(lab: Lab) -> None:
    operator = Operator(["yes"])
    lab.environment["PW"] = "hunter2secret"

    await lab.run(
        """
        inputs:
          cluster: {description: which, type: string, default: alpha}
          pw: {description: it, type: secret, environment: PW}
        tasks: [{note: {description: "deploy {{ inputs.cluster }} {{ inputs.pw }}"}}]
        """,
        confirm=operator,
    )

    assert operator.asked == ["deploy alpha ***"]
