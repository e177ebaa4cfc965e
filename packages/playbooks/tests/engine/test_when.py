"""Conditions of steps."""

import pytest

from choria_playbooks.engine.events import State, StepBegan
from packages.playbooks.tests.engine.conftest import Lab


@pytest.mark.parametrize(
    ("condition", "is_done"),
    [
        ("inputs.size > 3", True),
        ("inputs.size > 3 and inputs.name = no", False),
        ("inputs.size > 3 or inputs.name = no and inputs.name = never", True),
        ("inputs.name =~ /^sm/", True),
        ("not inputs.fast", False),
        ("registered.first.success", True),
        ("registered.first.data.0.deep = 7", True),
        ("previous_task.success and previous_task.msg = noted", True),
        ("registered.skipped.skipped", True),
        ("inputs.rooms.1 = hall", True),
    ],
)
async def test_a_step_is_done_when_its_condition_holds(
    lab: Lab,
    condition: str,
    is_done: bool,  # noqa: FBT001
) -> None:
    ran = await lab.run(
        f"""
inputs:
  size: {{type: Integer}}
  name: {{type: String}}
  fast: {{type: Boolean}}
  rooms: {{type: Array}}
tasks:
  - note: {{value: {{deep: 7}}, register: first}}
  - note: {{when: inputs.size = 0, register: skipped}}
  - note: {{name: it, when: "{condition}"}}
""",
        inputs={"size": 4, "name": "small", "fast": True, "rooms": ["bed", "hall"]},
    )

    assert ran.ended.is_ok
    assert ("it" in lab.notes()) is is_done
    assert ran.states["tasks[2]"] is (State.OK if is_done else State.SKIPPED)
    assert (ran.steps["tasks[2]"].message == f"not when {condition}") is not is_done


async def test_a_missing_path_is_a_mistake(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {register: first, value: {a: 1}}
          - note: {name: it, when: registered.first.data.0.b = 1}
        hooks: {on_fail: [{note: {name: failed}}]}
    """)

    assert ran.ended.exit_code != 0
    assert lab.notes() == ["", "failed"]
    assert "registered.first.data.0.b" in ran.steps["tasks[1]"].message


async def test_a_path_that_is_not_needed_may_be_missing(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - note: {register: first}
          - note: {name: it, when: registered.first.success or registered.first.data.9 = 1}
          - note: {name: no, when: not registered.first.success and registered.first.data.9 = 1}
    """)

    assert lab.notes() == ["", "it"]


async def test_values_that_look_like_conditions_are_values(lab: Lab) -> None:
    await lab.run(
        """
        inputs: {name: {type: String}}
        tasks:
          - note: {name: no, when: inputs.name = x}
          - note: {name: it, when: inputs.name != x}
        """,
        inputs={"name": "x or inputs.name != x"},
    )

    assert lab.notes() == ["it"]


async def test_a_condition_of_a_loop_is_asked_for_each_item(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {name: it, loop: [1, 2, 3], when: item > 1, value: "{{ item }}", register: all}
          - note: {name: next, value: "{{ registered.all.items.0.skipped }}"}
    """)

    assert lab.values() == [2, 3, True]
    assert ran.states["tasks[0]#1"] is State.SKIPPED
    assert ran.steps["tasks[0]"].message == "done 2 times"


async def test_a_condition_leaves_out_blocks_lists_and_books_whole(lab: Lab) -> None:
    lab.book("other.yaml", "tasks: [{note: {name: other}}]\n")
    ran = await lab.run(
        """
        inputs: {go: {type: Boolean}}
        task_lists: {some: {tasks: [{note: {name: some}}]}}
        tasks:
          - block: {when: inputs.go, tasks: [{note: {name: block}}], always: [{note: {}}]}
          - parallel: {when: inputs.go, tasks: [{note: {name: side}}]}
          - tasks: {when: inputs.go, list: some}
          - playbook: {when: inputs.go, file: other.yaml}
        """,
        inputs={"go": False},
    )

    assert lab.notes() == []
    assert set(ran.states.values()) == {State.SKIPPED}
    assert ran.of(StepBegan) == []


async def test_a_condition_is_asked_before_the_lock_and_the_hooks(lab: Lab) -> None:
    await lab.run(
        """
        data_stores: {box: {type: spy}}
        inputs: {go: {type: Boolean}}
        tasks: [{note: {name: it, when: inputs.go, lock: box/key}}]
        hooks: {pre_task: [{note: {name: before}}], post_task: [{note: {name: after}}]}
        """,
        inputs={"go": False},
    )

    assert lab.notes() == []
    assert lab.diary.stores == ["open box", "close box"]


async def test_a_dynamic_input_is_read_when_its_condition_is_asked(lab: Lab) -> None:
    await lab.run("""
        data_stores: {memory: {type: memory}}
        inputs: {color: {type: String, data: memory/color, default: none}}
        tasks:
          - note: {name: early, when: inputs.color = red}
          - data: {action: write, key: memory/color, value: red}
          - note: {name: late, when: inputs.color = red}
    """)

    assert lab.notes() == ["late"]


async def test_for_the_description_of_what_is_left_out_nothing_is_read(lab: Lab) -> None:
    ran = await lab.run(
        """
        data_stores: {box: {type: spy}}
        inputs: {far: {type: String, data: box/far}, near: {type: String}}
        task_lists:
          some:
            arguments: {it: {type: String}}
            tasks: [{note: {when: inputs.near = x, description: "{{ arguments.it }}"}}]
        tasks:
          - note: {when: inputs.near = x, description: "{{ inputs.near }}: {{ inputs.far }}"}
          - tasks: {list: some, arguments: {it: known}}
        """,
        inputs={"near": "here"},
    )

    assert ran.ended.is_ok
    assert ran.steps["tasks[0]"].description == "here: {{ inputs.far }}"
    assert ran.steps["tasks[1]/task_lists.some[0]"].description == "known"
    assert lab.diary.stores == ["open box", "close box"]
