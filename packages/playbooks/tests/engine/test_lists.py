"""Named lists of tasks, called with arguments."""

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.engine.calls import DEEPEST
from choria_playbooks.engine.events import State
from packages.playbooks.tests.engine.conftest import Lab

LIST = """
task_lists:
  greet:
    arguments:
      name: {type: String}
      times: {type: Integer, default: 2}
      note: {type: String, required: false}
    tasks:
      - note: {value: "{{ arguments.name }} {{ arguments.times }}"}
"""


async def test_arguments_and_defaults(lab: Lab) -> None:
    ran = await lab.run(f"""{LIST}
tasks:
  - tasks: {{list: greet, arguments: {{name: a}}}}
  - tasks: {{list: greet, description: again, arguments: {{name: b, times: 5}}}}
""")

    assert ran.ended.is_ok
    assert lab.values() == ["a 2", "b 5"]
    inner = ran.steps["tasks[1]/task_lists.greet[0]"]
    assert (inner.parent, inner.list) == ("tasks[1]", "greet")
    assert ran.steps["tasks[1]"].description == "again"


async def test_arguments_keep_their_types(lab: Lab) -> None:
    await lab.run(
        """
        inputs: {all: {type: Array}}
        task_lists:
          show: {arguments: {it: {type: Array}}, tasks: [{note: {value: "{{ arguments.it }}"}}]}
        tasks:
          - tasks: {list: show, arguments: {it: "{{ inputs.all }}"}}
          - tasks: {list: show, arguments: {it: [1, {a: "{{ inputs.all.0 }}"}]}}
        """,
        inputs={"all": [True, "x"]},
    )

    assert lab.values() == [[True, "x"], [1, {"a": True}]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{name: [a], times: 3}", "name"),
        ("{name: a, times: many}", "times"),
    ],
)
async def test_wrong_arguments_fail_the_step(lab: Lab, arguments: str, message: str) -> None:
    """Those that templates hide from the check of the book."""
    hidden = arguments.replace("[a]", '"{{ inputs.list }}"').replace("many", '"{{ inputs.word }}"')
    ran = await lab.run(
        f"""{LIST}
inputs: {{list: {{type: Array}}, word: {{type: String}}}}
tasks: [{{tasks: {{list: greet, arguments: {hidden}}}}}]
""",
        inputs={"list": ["a"], "word": "many"},
    )

    assert ran.ended.exit_code == 2
    assert message in ran.steps["tasks[0]"].message
    assert lab.values() == []


@pytest.mark.parametrize(
    "call",
    ["greet", "{list: greet, arguments: {nme: a}}", "{list: great, arguments: {name: a}}"],
)
async def test_what_the_check_sees_is_refused_before(lab: Lab, call: str) -> None:
    with pytest.raises(InvalidConfigError):
        await lab.run(f"{LIST}\ntasks: [{{tasks: {call}}}]\n")


async def test_validators_hold_arguments_too(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {word: {type: String}}
        task_lists:
          run:
            arguments: {word: {type: String, validation: ":shellsafe"}}
            tasks: [{note: {name: never}}]
        tasks: [{tasks: {list: run, arguments: {word: "{{ inputs.word }}"}}}]
        """,
        inputs={"word": "a; b"},
    )

    assert not ran.ended.is_ok
    assert lab.notes() == []


async def test_calls_go_no_deeper_than_a_limit(lab: Lab) -> None:
    lists = "\n".join(
        f"  l{number}: {{tasks: [{{note: {{}}}}, {{tasks: l{number + 1}}}]}}"
        for number in range(DEEPEST)
    )
    book = f"""
task_lists:
{lists}
  l{DEEPEST}: {{tasks: [{{note: {{name: bottom}}}}]}}
tasks: [{{tasks: l%d}}]
"""
    ran = await lab.run(book % 0)

    assert ran.ended.exit_code == 2
    message = f"more than {DEEPEST} calls are within each other"
    assert message in ran.steps["tasks[0]"].message
    assert len(lab.notes()) == DEEPEST
    assert (await lab.run(book % 1)).ended.is_ok
    assert lab.notes()[-1] == "bottom"


async def test_lists_that_call_themselves_are_refused_before(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError, match="again calls itself"):
        await lab.run("""
            task_lists: {again: {tasks: [{note: {}}, {tasks: again}]}}
            tasks: [{tasks: again}]
        """)


async def test_a_failure_within_is_the_failure_of_the_step(lab: Lab) -> None:
    ran = await lab.run("""
        task_lists: {bad: {tasks: [{note: {fail: true, message: broken}}, {note: {}}]}}
        tasks:
          - tasks: bad
          - note: {name: never}
    """)

    assert ran.ended.exit_code == 1
    assert ran.steps["tasks[0]"].message == "broken"
    assert ran.states["tasks[0]"] is State.FAILED
    assert len(lab.notes()) == 1


async def test_items_and_batches_of_the_caller_are_not_those_of_the_list(lab: Lab) -> None:
    with pytest.raises(InvalidConfigError, match="outside of any loop"):
        await lab.run("""
            task_lists: {show: {tasks: [{note: {value: "{{ item }}"}}]}}
            tasks: [{tasks: {list: show, loop: [1]}}]
        """)


async def test_lists_can_call_lists_with_their_own_arguments(lab: Lab) -> None:
    await lab.run("""
        task_lists:
          outer:
            arguments: {it: {type: String}}
            tasks: [{tasks: {list: inner, arguments: {it: "<{{ arguments.it }}>"}}}]
          inner:
            arguments: {it: {type: String}}
            tasks: [{note: {value: "{{ arguments.it }}"}}]
        tasks: [{tasks: {list: outer, arguments: {it: x}}}]
    """)

    assert lab.values() == ["<x>"]


async def test_hooks_of_the_book_stand_around_its_tasks(lab: Lab) -> None:
    await lab.run("""
        task_lists: {some: {tasks: [{note: {name: it}}]}}
        tasks: [{tasks: some}]
        hooks:
          pre_task: [{note: {name: before}}]
          on_success: [{tasks: some}]
    """)

    assert lab.notes() == ["before", "it", "it"]
