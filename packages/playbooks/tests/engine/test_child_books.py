"""Books that run other books."""

import pytest

from choria_playbooks.engine.events import InputsKnown, NodesFound, RunBegan, State
from packages.playbooks.tests.engine.conftest import Lab

CHILD = """
inputs:
  name: {type: String}
  times: {type: Integer, default: 2}
  key: {type: secret, required: false}
tasks:
  - note: {value: "{{ inputs.name }} {{ inputs.times }}", register: it}
"""


async def test_inputs_and_defaults(lab: Lab) -> None:
    lab.book("child.yaml", CHILD)
    ran = await lab.run(
        """
        inputs: {who: {type: String}}
        tasks:
          - playbook: {file: child.yaml, inputs: {name: "{{ inputs.who }}"}, description: Greet}
          - playbook: {file: child.yaml, inputs: {name: b, times: 7}}
        """,
        inputs={"who": "a"},
    )

    assert ran.ended.is_ok
    assert lab.values() == ["a 2", "b 7"]
    assert ran.steps["tasks[0]"].description == "Greet"
    assert ran.steps["tasks[0]/tasks[0]"].parent == "tasks[0]"
    assert len(ran.of(RunBegan)) == len(ran.of(InputsKnown)) == 1


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{file: child.yaml}", "inputs.name"),
        ("{file: child.yaml, inputs: {name: a, nmae: b}}", "did you mean name?"),
        ("{file: child.yaml, inputs: {name: a, times: many}}", "inputs.times"),
        ("{file: nothing.yaml}", "nothing.yaml"),
        ("{file: broken.yaml}", "tasks[0].noet"),
    ],
)
async def test_what_is_wrong_with_a_call_fails_the_step(lab: Lab, step: str, message: str) -> None:
    lab.book("child.yaml", CHILD)
    lab.book("broken.yaml", "tasks: [{noet: {}}]\n")
    ran = await lab.run(f"""
tasks: [{{playbook: {step}}}]
hooks: {{on_fail: [{{note: {{name: failed}}}}]}}
""")

    assert ran.ended.exit_code == 2
    assert message in ran.steps["tasks[0]"].message
    assert lab.notes() == ["failed"]


async def test_the_file_may_be_a_template(lab: Lab) -> None:
    lab.book("one.yaml", "tasks: [{note: {name: one}}]\n")
    lab.book("two.yaml", "tasks: [{note: {name: two}}]\n")
    ran = await lab.run('tasks: [{playbook: {file: "{{ item }}.yaml", loop: [one, two]}}]')

    assert ran.ended.is_ok
    assert lab.notes() == ["one", "two"]


async def test_relative_files_lie_beside_the_book_that_names_them(lab: Lab) -> None:
    (lab.folder / "sub").mkdir()
    lab.book("sub/child.yaml", "tasks: [{playbook: other.yaml}]\n")
    lab.book("sub/other.yaml", "tasks: [{note: {name: other}}]\n")
    ran = await lab.run("tasks: [{playbook: sub/child.yaml}]")

    assert ran.ended.is_ok
    assert lab.notes() == ["other"]


async def test_a_secret_must_be_one_there_too(lab: Lab) -> None:
    lab.book("child.yaml", CHILD)
    ran = await lab.run(
        """
        inputs: {key: {type: secret}}
        tasks:
          - playbook: {file: child.yaml, inputs: {name: a, key: "{{ inputs.key }}"}}
          - playbook: {file: child.yaml, inputs: {name: "for {{ inputs.key }}"}}
        """,
        inputs={"key": "hunter22"},
    )

    assert ran.states["tasks[0]"] is State.OK
    assert ran.ended.exit_code == 2
    assert "input name is given a secret" in ran.steps["tasks[1]"].message
    assert "hunter22" not in repr(ran.events)


async def test_a_lock_is_entered_again_by_whoever_holds_it(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        data_stores: {same: {type: spy}, different: {type: spy, timeout: 7}}
        locks: [same/key, same/more]
        tasks: [{note: {value: "{{ lock.token }}", lock: same/key}}]
        """,
    )
    ran = await lab.run("""
        data_stores: {same: {type: spy}}
        locks: [same/key]
        tasks:
          - playbook: child.yaml
          - note: {value: "{{ lock.token }}"}
    """)

    assert ran.ended.is_ok
    asked = [line for line in lab.diary.stores if "lock" in line]
    assert asked == ["lock same/key", "lock same/more", "unlock same/more", "unlock same/key"]
    assert lab.values() == [2, 1]


async def test_a_lock_is_the_same_however_long_one_waits_for_it(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        data_stores: {same: {type: spy, timeout: 0}}
        locks: [same/key]
        tasks: [{note: {value: "{{ lock.token }}"}}]
        """,
    )
    ran = await lab.run("""
        data_stores: {same: {type: spy, timeout: 7}}
        locks: [same/key]
        tasks: [{playbook: child.yaml}]
    """)

    assert ran.ended.is_ok
    assert lab.values() == [1]


async def test_other_memory_has_other_locks(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        data_stores: {memory: {type: memory, timeout: 1ms}}
        locks: [memory/key]
        tasks: [{note: {}}]
        """,
    )
    ran = await lab.run("""
        data_stores: {memory: {type: memory, timeout: 1ms}}
        locks: [memory/key]
        tasks: [{playbook: child.yaml}]
    """)

    assert ran.ended.is_ok


async def test_books_that_call_each_other_are_refused(lab: Lab) -> None:
    lab.book("one.yaml", "tasks: [{playbook: two.yaml}]\n")
    lab.book("two.yaml", "tasks: [{note: {name: two}}, {playbook: ./one.yaml}]\n")
    ran = await lab.run("tasks: [{playbook: one.yaml}]")

    assert ran.ended.exit_code == 2
    assert "which is being run already" in ran.steps["tasks[0]"].message
    assert lab.notes() == ["two"]


async def test_a_book_that_calls_itself_is_refused(lab: Lab) -> None:
    lab.book("book.yaml", "tasks: [{note: {name: again}}]\n")
    ran = await lab.run("tasks: [{playbook: book.yaml}]")

    assert ran.ended.exit_code == 2
    assert lab.notes() == []


async def test_the_other_book_has_hooks_of_its_own(lab: Lab) -> None:
    names = ("pre_book", "pre_task", "post_task", "on_success", "on_fail", "post_book")
    hooks = "\n".join(f"  {name}: [{{note: {{name: {name}}}}}]" for name in names)
    lab.book("child.yaml", f"tasks: [{{note: {{name: it}}}}]\nhooks:\n{hooks}\n")
    ran = await lab.run("""
        tasks: [{playbook: child.yaml}]
        hooks: {pre_task: [{note: {name: not this}}]}
    """)

    assert ran.ended.is_ok
    expected = ["pre_book", "pre_task", "it", "post_task", "on_success", "post_book"]
    assert lab.notes() == expected
    assert "tasks[0]/hooks.pre_book[0]" in ran.states
    assert "tasks[0]/tasks[0]/hooks.pre_task[0]" in ran.states


async def test_a_failure_there_is_the_failure_of_the_step(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        tasks: [{note: {fail: true, message: broken}}, {note: {name: never}}]
        hooks: {on_fail: [{note: {name: theirs}}]}
        """,
    )
    ran = await lab.run("""
        tasks: [{block: {tasks: [{playbook: child.yaml}], rescue: [{note: {name: rescue}}]}}]
    """)

    assert ran.ended.is_ok
    assert lab.notes() == ["", "theirs", "rescue"]
    assert ran.steps["tasks[0].tasks[0]"].message == "broken"


async def test_it_has_stores_and_nodes_of_its_own(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        data_stores: {box: {type: spy}}
        nodes: {web: {type: listed, names: [theirs]}}
        tasks: [{note: {value: "{{ nodes.web }}"}}]
        """,
    )
    ran = await lab.run("""
        data_stores: {box: {type: spy}}
        nodes: {web: {type: listed, names: [ours]}}
        tasks:
          - playbook: child.yaml
          - note: {value: "{{ nodes.web }}"}
    """)

    assert lab.values() == [["theirs"], ["ours"]]
    assert [event.name for event in ran.of(NodesFound)] == ["web", "tasks[0]/web"]
    assert lab.diary.stores == ["open box", "open box", "close box", "close box"]


async def test_its_nodes_are_limited_as_ours(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        nodes: {web: {type: listed, names: [a, b]}}
        tasks: [{note: {value: "{{ nodes.web }}"}}]
        """,
    )
    ran = await lab.run("tasks: [{playbook: child.yaml}]", only_nodes=frozenset(("b", "c")))

    assert ran.ended.is_ok
    assert lab.values() == [["b"]]


async def test_too_few_nodes_there_have_their_own_exit_code(lab: Lab) -> None:
    lab.book("child.yaml", "nodes: {web: {type: listed, names: []}}\n")
    ran = await lab.run("tasks: [{playbook: child.yaml}]")

    assert ran.ended.exit_code == 5


async def test_a_rehearsal_looks_into_it(lab: Lab) -> None:
    lab.book(
        "child.yaml",
        """
        data_stores: {box: {type: spy}}
        locks: [box/key]
        inputs: {name: {type: String}, other: {type: String}}
        tasks:
          - note: {value: "{{ inputs.name }}"}
          - note: {value: "{{ inputs.other }}"}
        """,
    )
    ran = await lab.run(
        """
        tasks:
          - note: {register: first}
          - playbook:
              file: child.yaml
              inputs: {name: known, other: "{{ registered.first.message }}"}
          - playbook: "{{ registered.first.message }}.yaml"
        """,
        check=True,
    )

    assert ran.ended.is_ok, ran.lines()
    assert lab.notes() == lab.diary.stores == []
    assert ran.steps["tasks[1]/tasks[0]"].message == "would note known"
    assert "{{ inputs.other }}" in ran.steps["tasks[1]/tasks[1]"].message
    assert ran.states["tasks[2]"] is State.OK


async def test_a_rehearsal_finds_what_is_wrong_in_it(lab: Lab) -> None:
    lab.book("child.yaml", "inputs: {name: {type: String}}\n")
    ran = await lab.run("tasks: [{playbook: child.yaml}, {playbook: none.yaml}]", check=True)

    assert ran.ended.exit_code == 2
    assert ran.states == {"tasks[0]": State.FAILED, "tasks[1]": State.FAILED}
