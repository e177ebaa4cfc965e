"""Steps that are done for each item of a list."""

from typing import Any

import pytest

from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab


@pytest.mark.parametrize(
    ("loop", "items"),
    [
        ("[a, b]", ["a", "b"]),
        ("[1, true, null, [x], {y: z}]", [1, True, None, ["x"], {"y": "z"}]),
        ('"{{ inputs.list }}"', ["p", "q"]),
        ('["{{ inputs.list }}", "{{ inputs.word }}!"]', [["p", "q"], "w!"]),
        ('"{{ nodes.web }}"', ["n1", "n2"]),
        ("[]", []),
    ],
)
async def test_each_item_is_given(lab: Lab, loop: str, items: list[Any]) -> None:
    ran = await lab.run(
        f"""
inputs: {{list: {{type: Array}}, word: {{type: String}}}}
nodes: {{web: {{type: listed, names: [n1, n2]}}}}
tasks: [{{note: {{loop: {loop}, value: "{{{{ item }}}}"}}}}]
""",
        inputs={"list": ["p", "q"], "word": "w"},
    )

    assert lab.values() == items
    passes = [name for name in ran.states if "#" in name]
    assert passes == [f"tasks[0]#{number}" for number in range(1, len(items) + 1)]
    assert ran.steps["tasks[0]"].type == "loop"
    assert all(ran.steps[name].parent == "tasks[0]" for name in passes)


async def test_paths_lead_into_items(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - note:
              loop: [{name: a, ports: [80, 81]}, {name: b, ports: [82]}]
              when: item.ports.0 > 80 or item.name = a
              value: "{{ item.name }}: {{ item.ports.0 }}"
    """)

    assert lab.values() == ["a: 80", "b: 82"]


async def test_a_failing_item_ends_the_loop(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {loop: [false, true, false], fail: "{{ item }}", message: broken}
          - note: {name: never}
    """)

    assert ran.ended.exit_code == 1
    assert ran.states == {
        "tasks[0]#1": State.OK,
        "tasks[0]#2": State.FAILED,
        "tasks[0]": State.FAILED,
    }
    assert ran.steps["tasks[0]"].message == "broken"


async def test_failing_items_that_are_fine_do_not_end_it(lab: Lab) -> None:
    ran = await lab.run("""
        tasks: [{note: {loop: [true, false], fail: "{{ item }}", fail_ok: true}}]
    """)

    assert ran.ended.is_ok
    assert ran.steps["tasks[0]#1"].is_fail_ok
    assert len(lab.notes()) == 2


async def test_what_is_no_list_is_a_mistake(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {word: {type: String}}
        tasks: [{note: {loop: "{{ inputs.word }}"}}]
        """,
        inputs={"word": "abc"},
    )

    assert ran.ended.exit_code == 2
    assert "tasks[0].loop gave no list" in ran.steps["tasks[0]"].message
    assert lab.notes() == []


async def test_descriptions_name_their_items(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {loop: [a, b], description: "Greet {{ item }}"}
          - note: {loop: [a, {b: c}], description: Greet}
          - note: {loop: [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]}
    """)

    described = {name: step.description for name, step in ran.steps.items()}
    assert described["tasks[0]"] == "Greet {{ item }}"
    assert described["tasks[0]#1"] == "Greet a"
    assert described["tasks[1]"] == "Greet"
    assert described["tasks[1]#1"] == "Greet (a)"
    assert described["tasks[1]#2"] == 'Greet ({"b":"c"})'
    assert described["tasks[2]"] == "note task"
    assert described["tasks[2]#1"] == f"note task ({'x' * 40}…)"


async def test_loops_of_blocks_lists_and_books(lab: Lab) -> None:
    lab.book(
        "other.yaml", 'inputs: {it: {type: String}}\ntasks: [{note: {value: "{{ inputs.it }}"}}]\n'
    )
    ran = await lab.run("""
        task_lists:
          show: {arguments: {it: {type: String}}, tasks: [{note: {value: "{{ arguments.it }}"}}]}
        tasks:
          - block:
              loop: [a, b]
              tasks: [{note: {value: "{{ item }}"}}, {note: {loop: [1], value: "{{ item }}"}}]
              always: [{note: {value: "end of {{ item }}"}}]
          - tasks: {list: show, loop: [c, d], arguments: {it: "{{ item }}"}}
          - playbook: {file: other.yaml, loop: [e, f], inputs: {it: "{{ item }}"}}
          - parallel: {loop: [g], tasks: [{note: {value: "{{ item }}"}}]}
    """)

    assert lab.values() == ["a", 1, "end of a", "b", 1, "end of b", *"cdefg"]
    assert "tasks[0]#2.tasks[1]#1" in ran.states
    assert "tasks[1]#2/task_lists.show[0]" in ran.states
    assert "tasks[2]#1/tasks[0]" in ran.states
    assert ran.steps["tasks[0]#1.always[0]"].parent == "tasks[0]#1"


async def test_the_list_is_looked_at_once_and_items_each_time(lab: Lab) -> None:
    lab.diary.kept["box"] = {"list": ["a", "b"], "word": "w"}
    await lab.run("""
        data_stores: {box: {type: spy}}
        inputs: {list: {type: Array, data: box/list}, word: {type: String, data: box/word}}
        tasks: [{note: {loop: "{{ inputs.list }}", value: "{{ inputs.word }}{{ item }}"}}]
    """)

    assert lab.values() == ["wa", "wb"]
    assert lab.diary.stores.count("read box/list") == 1
    assert lab.diary.stores.count("read box/word") == 2


async def test_a_lock_is_held_for_each_item_alone(lab: Lab) -> None:
    await lab.run("""
        data_stores: {box: {type: spy}}
        tasks: [{note: {loop: [a, b], lock: "box/{{ item }}", value: "{{ lock.token }}"}}]
    """)

    asked = [line for line in lab.diary.stores if "lock" in line]
    assert asked == ["lock box/a", "unlock box/a", "lock box/b", "unlock box/b"]
    assert lab.values() == lab.diary.tokens == [1, 2]


async def test_hooks_stand_around_each_item(lab: Lab) -> None:
    ran = await lab.run("""
        tasks: [{note: {name: it, loop: [1, 2]}}]
        hooks: {pre_task: [{note: {name: before}}], post_task: [{note: {name: after}}]}
    """)

    assert lab.notes() == ["before", "it", "after"] * 2
    assert "tasks[0]#2/hooks.pre_task[0]" in ran.states
