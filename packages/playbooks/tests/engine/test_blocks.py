"""Blocks: steps that belong together, what is done when they fail, and branches side by side."""

import asyncio

import pytest

from choria_core.errors import WorkError
from choria_playbooks.engine.events import Event, RunEnded, State, StepEnded
from packages.playbooks.tests.engine.conftest import Lab


async def test_rescue_is_done_on_failure_alone(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - block:
              tasks: [{note: {name: one}}]
              rescue: [{note: {name: never}}]
          - block:
              tasks: [{note: {name: bad, fail: true}}, {note: {name: never}}]
              rescue: [{note: {name: rescue, value: "{{ previous_task.message }}"}}]
          - note: {name: after}
    """)

    assert ran.ended.is_ok
    assert lab.notes() == ["one", "bad", "rescue", "after"]
    assert lab.values()[2] == "noted"
    assert ran.steps["tasks[1]"].message == "rescued: noted"
    assert ran.states["tasks[1].tasks[0]"] is State.FAILED


async def test_a_rescue_that_fails_is_the_failure(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - block:
              tasks: [{note: {fail: true, message: first}}]
              rescue: [{note: {fail: true, message: second}}, {note: {name: never}}]
              always: [{note: {name: always}}]
    """)

    assert ran.ended.exit_code == 1
    assert lab.notes() == ["", "", "always"]
    assert ran.steps["tasks[0]"].message == "second"


@pytest.mark.parametrize("fails", [True, False])
async def test_always_is_done_in_the_end(lab: Lab, fails: bool) -> None:  # noqa: FBT001
    ran = await lab.run(f"""
tasks:
  - block:
      tasks: [{{note: {{name: one, fail: {str(fails).lower()}}}}}]
      always: [{{note: {{name: always}}}}]
  - note: {{name: after}}
""")

    assert lab.notes() == (["one", "always"] if fails else ["one", "always", "after"])
    assert ran.ended.is_ok is not fails


async def test_a_failure_of_always_fails_a_block_that_was_fine(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - block: {tasks: [{note: {}}], always: [{note: {fail: true, message: late}}]}
          - note: {name: never}
    """)

    assert ran.ended.exit_code == 1
    assert ran.steps["tasks[0]"].message == "late"
    assert "never" not in lab.notes()


async def test_a_failure_of_always_does_not_hide_the_first_one(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - block:
              tasks: [{note: {fail: true, message: early}}]
              always: [{note: {fail: true, message: late}}]
    """)

    assert ran.steps["tasks[0]"].message == "early"


async def test_blocks_nest(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - block:
              tasks:
                - block:
                    tasks: [{block: {tasks: [{note: {name: deep, fail: true}}]}}]
                    always: [{note: {name: inner}}]
                - note: {name: never}
              rescue: [{note: {name: outer}}]
    """)

    assert ran.ended.is_ok
    assert lab.notes() == ["deep", "inner", "outer"]
    assert ran.steps["tasks[0].tasks[0].tasks[0].tasks[0]"].parent == "tasks[0].tasks[0].tasks[0]"


async def test_a_lock_is_held_to_the_end_of_its_block(lab: Lab) -> None:
    await lab.run("""
        data_stores: {box: {type: spy}}
        tasks:
          - block:
              lock: box/key
              tasks: [{note: {fail: true, value: "{{ lock.token }}"}}]
              rescue: [{note: {value: "{{ lock.token }}", lock: box/key}}]
              always: [{note: {value: "{{ lock.token }}", lock: box/other}}]
          - note: {name: after}
    """)

    assert lab.diary.tokens == [1, 1, 2, None]
    asked = [line for line in lab.diary.stores if "lock" in line]
    assert asked == ["lock box/key", "lock box/other", "unlock box/other", "unlock box/key"]


async def test_hooks_stand_around_the_tasks_of_a_block(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - block:
              tasks: [{note: {name: one, fail: true}}]
              rescue: [{note: {name: two}}]
        hooks: {pre_task: [{note: {name: before}}], post_task: [{note: {name: after}}]}
    """)

    assert lab.notes() == ["before", "one", "after", "before", "two", "after"]


async def test_branches_run_side_by_side(lab: Lab) -> None:
    """The first waits until the second was done, which would never end one after the other."""

    def go_on(event: Event) -> None:
        if isinstance(event, StepEnded) and event.id == "tasks[0].tasks[1]":
            lab.diary.resumes.set()

    ran = await lab.run(
        "tasks: [{parallel: {tasks: [{note: {name: one, wait: true}}, {note: {name: two}}]}}]",
        listener=go_on,
    )

    assert ran.ended.is_ok
    ended = [event.id for event in ran.of(StepEnded)]
    assert ended == ["tasks[0].tasks[1]", "tasks[0].tasks[0]", "tasks[0]"]


async def test_all_branches_are_done_although_one_fails(lab: Lab) -> None:
    def go_on(event: Event) -> None:
        if isinstance(event, StepEnded) and event.id == "tasks[0].tasks[0]":
            lab.diary.resumes.set()

    ran = await lab.run(
        """
        tasks:
          - parallel:
              tasks:
                - note: {name: one, fail: true, message: first}
                - block: {tasks: [{note: {name: two, wait: true}}, {note: {name: three}}]}
                - note: {name: four, fail: true, message: second}
              rescue: [{note: {name: rescue, fail: true}}]
              always: [{note: {name: always}}]
        """,
        listener=go_on,
    )

    assert ran.ended.exit_code == 1
    notes = lab.notes()
    assert set(notes[:4]) == {"one", "two", "three", "four"}
    assert notes[4:] == ["rescue", "always"]
    assert ran.states["tasks[0].tasks[1]"] is State.OK


async def test_a_failed_block_of_branches_says_what_failed(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - parallel:
              tasks: [{note: {fail: true, message: a}}, {note: {fail: true, message: b}}]
    """)

    assert ran.steps["tasks[0]"].message == "a; b"


async def test_each_branch_has_a_task_before_of_its_own(lab: Lab) -> None:
    def go_on(event: Event) -> None:
        if isinstance(event, StepEnded) and event.id == "tasks[1].tasks[1].tasks[1]":
            lab.diary.resumes.set()

    await lab.run(
        """
        tasks:
          - note: {message: before}
          - parallel:
              tasks:
                - block:
                    tasks:
                      - note: {message: a, wait: true, value: "{{ previous_task.message }}"}
                      - note: {value: "after {{ previous_task.message }}", message: a2}
                - block:
                    tasks:
                      - note: {message: b, value: "{{ previous_task.message }}"}
                      - note: {value: "after {{ previous_task.message }}", message: b2}
          - note: {value: "{{ previous_task.message }}"}
        """,
        listener=go_on,
    )

    assert lab.values() == [None, "before", "before", "after b", "after a", "a2"]


async def test_branches_that_want_one_lock_take_turns(lab: Lab) -> None:
    task = '{note: {lock: memory/key, value: "{{ lock.token }}"}}'
    ran = await lab.run(f"""
data_stores: {{memory: {{type: memory}}}}
tasks: [{{parallel: {{tasks: [{", ".join([task] * 8)}]}}}}]
""")

    assert ran.ended.is_ok
    assert sorted(lab.values()) == list(range(1, 9))


async def test_a_report_that_cannot_be_written_ends_a_run_of_branches(lab: Lab) -> None:
    def full(event: Event) -> None:
        if isinstance(event, StepEnded | RunEnded):
            raise WorkError("the disk is full")

    with pytest.raises(WorkError, match="the disk is full"):
        await lab.run(
            """
            data_stores: {box: {type: spy}}
            locks: [box/key]
            tasks: [{parallel: {tasks: [{note: {}}, {note: {hang: true}}]}}]
            """,
            listener=full,
        )

    assert lab.diary.stores[-2:] == ["unlock box/key", "close box"]
    assert len(asyncio.all_tasks()) == 1
