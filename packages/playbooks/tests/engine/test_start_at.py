"""Runs that begin at a step that is not the first."""

import pytest

from choria_core.errors import UsageError
from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab

BOOK = """
task_lists: {some: {tasks: [{note: {name: some}}]}}
tasks:
  - note: {name: one, description: The first}
  - block:
      tasks: [{note: {name: two}}, {note: {name: three, description: The third}}]
      always: [{note: {name: always}}]
  - tasks: some
  - note: {name: four, loop: [1, 2], description: The loop}
  - block: {nodes: [a, b], serial: 1, tasks: [{note: {name: five}}, {note: {name: six}}]}
hooks:
  pre_book: [{note: {name: pre_book}}]
  post_book: [{note: {name: post_book, description: In a hook}}]
"""

REST = ["some", "four", "four", "five", "six", "five", "six"]


@pytest.mark.parametrize(
    ("start_at", "notes"),
    [
        ("tasks[0]", ["one", "two", "three", "always", *REST]),
        ("The first", ["one", "two", "three", "always", *REST]),
        ("tasks[1]", ["two", "three", "always", *REST]),
        ("tasks[1].tasks[1]", ["three", "always", *REST]),
        ("The third", ["three", "always", *REST]),
        ("tasks[1].always[0]", ["always", *REST]),
        ("tasks[2]", REST),
        ("The loop", REST[1:]),
        ("tasks[4].tasks[1]", ["six", "six"]),
    ],
)
async def test_steps_before_are_left_out(lab: Lab, start_at: str, notes: list[str]) -> None:
    ran = await lab.run(BOOK, start_at=start_at)

    assert ran.ended.is_ok
    assert lab.notes() == ["pre_book", *notes, "post_book"]


async def test_what_was_left_out_says_why(lab: Lab) -> None:
    ran = await lab.run(BOOK, start_at="The loop")

    for step in ("tasks[0]", "tasks[1]", "tasks[2]"):
        assert ran.states[step] is State.SKIPPED
        assert ran.steps[step].message == "is before the step to begin at"
    assert "tasks[1].tasks[0]" not in ran.states


@pytest.mark.parametrize(
    ("start_at", "message"),
    [
        ("The frist", "did you mean 'The first'?"),
        ("tasks[9]", "no step of the book is called 'tasks[9]'"),
        ("In a hook", "is in a hook or a named list"),
        ("task_lists.some[0]", "is in a hook or a named list"),
    ],
)
async def test_a_step_that_cannot_be_the_first_is_a_mistake(
    lab: Lab, start_at: str, message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        await lab.run(BOOK, start_at=start_at)

    assert message in str(raised.value)
    assert lab.notes() == []
