"""Loops, batches and other books in runs that go on where an earlier one ended."""

from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.resuming import BAD, EXT, Twice, twice


async def test_passes_of_a_loop_that_were_done_are_left_out(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks:
  - block:
      loop: [a, b, c]
      tasks:
        - note: {{name: first, value: "{{{{ item }}}}"}}
        - note: {{name: bad, fail: "{{{{ inputs.bad }}}}", when: item = b}}
""",
    )

    assert lab.notes() == ["bad", "first"]


async def test_a_loop_over_another_list_does_what_was_not_done(lab: Lab) -> None:
    both = Twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{loop: "{{{{ inputs.list }}}}", value: "{{{{ item }}}}", register: all}}
  - block:
      loop: "{{{{ inputs.list }}}}"
      tasks: [{{note: {{name: "in {{{{ item }}}}"}}}}, {{{BAD}}}]
  - note: {{value: "{{{{ registered.all.data }}}}"}}
""",
    )
    lab.diary.kept["ext"] = {"list": ["a", "b"]}
    await both.first()
    lab.diary.kept["ext"]["list"] = ["c", "b"]
    ran = await both.second()

    assert lab.notes() == ["in c", "bad", "in b", "bad", ""]
    assert lab.values()[-1] == ["a", "b"]
    assert ran.steps["tasks[0]"].is_resumed


async def test_a_loop_that_was_not_finished_knows_its_passes_by_their_items(lab: Lab) -> None:
    both = Twice(
        lab,
        f"""{EXT}
tasks:
  - note:
      loop: "{{{{ inputs.list }}}}"
      when: inputs.bad or item != x
      value: "{{{{ item }}}}"
      nodes: ["{{{{ item }}}}"]
      bad: [x]
      register: all
  - note: {{value: "{{{{ registered.all.items.0.data.0 }}}} {{{{ registered.all.data }}}}"}}
""",
    )
    lab.diary.kept["ext"] = {"list": ["a", "b", "x"]}
    await both.first()
    lab.diary.kept["ext"]["list"] = ["a", "c", "x"]
    await both.second()

    assert lab.values() == ["c", "a a, c"]


async def test_batches_that_were_finished_are_left_out_and_others_done_whole(lab: Lab) -> None:
    _, ran = await twice(
        lab,
        f"""{EXT}
nodes: {{web: {{type: listed, names: [a, b, c, d, e]}}}}
tasks:
  - block:
      nodes: "{{{{ nodes.web }}}}"
      serial: 2
      tasks:
        - note: {{name: deploy, value: "{{{{ batch }}}}", nodes: "{{{{ batch }}}}", register: it}}
        - note:
            name: check
            nodes: "{{{{ batch }}}}"
            fail: "{{{{ inputs.bad }}}}"
            when: registered.it.data.0.0 = c
""",
    )

    assert lab.values() == [["c", "d"], None, ["e"]]
    assert ran.steps["tasks[0]@1"].is_resumed
    assert ran.steps["tasks[0]@1.tasks[0]"].is_resumed
    assert ran.steps["tasks[0]@2"].description == "batch 2 of 3: 2 nodes"


async def test_nodes_that_failed_in_a_finished_batch_come_again(lab: Lab) -> None:
    await twice(
        lab,
        f"""{EXT}
tasks:
  - block:
      nodes: [a, b, c, d]
      serial: 2
      max_fail: 1
      tasks:
        - note: {{nodes: "{{{{ batch }}}}", bad: [a], value: "{{{{ batch }}}}", max_fail: 1}}
        - note: {{fail: "{{{{ inputs.bad }}}}", when: previous_task.data.0.0 = c}}
""",
    )

    assert [value for value in lab.values() if value] == [["a", "c"], ["d"]]


async def test_batches_of_other_nodes_leave_out_those_that_are_done(lab: Lab) -> None:
    both = Twice(
        lab,
        f"""{EXT}
tasks:
  - block:
      nodes: "{{{{ inputs.list }}}}"
      serial: [1, 2]
      tasks:
        - note: {{nodes: "{{{{ batch }}}}", value: "{{{{ batch }}}}"}}
        - note: {{fail: "{{{{ inputs.bad }}}}", when: previous_task.data.0.0 = b}}
""",
    )
    lab.diary.kept["ext"] = {"list": ["a", "b", "c", "d"]}
    await both.first()
    lab.diary.kept["ext"]["list"] = ["new", "a", "b", "c", "d"]
    await both.second()

    done = [value for value in lab.values() if value is not None]
    assert done == [["new", "b"], ["c", "d"]]


async def test_other_books_keep_their_names_and_memory(lab: Lab) -> None:
    lab.book(
        "child.yml",
        """
        data_stores: {memory: {type: memory}, own: {type: memory}}
        tasks:
          - note: {register: it, value: theirs}
          - data: {action: write, key: memory/it, value: theirs}
          - data: {action: write, key: own/it, value: theirs}
        """,
    )
    await twice(
        lab,
        f"""{EXT}
tasks:
  - note: {{register: it, value: ours}}
  - playbook: {{file: child.yml, register: child}}
  - block: {{tasks: [{{playbook: child.yml}}]}}
  - {BAD}
  - note: {{value: "{{{{ registered.it.data.0 }}}} {{{{ inputs.stored }}}}"}}
  - note: {{value: "{{{{ registered.child.success }}}}"}}
""",
    )

    assert lab.values()[-2:] == ["ours nothing", True]


CHILD = """
data_stores: {ext: {type: spy}}
inputs: {bad: {type: Boolean, data: ext/bad}}
tasks: [%s {note: {name: one}}, {note: {name: bad, fail: "{{ inputs.bad }}"}}]
"""


async def test_another_book_that_was_changed_is_refused(lab: Lab) -> None:
    """Its first step would count as done, although it is another one now."""
    lab.book("child.yml", CHILD % "")
    both = Twice(lab, "tasks: [{playbook: child.yml}]\nhooks: {on_fail: [{note: {name: sorry}}]}")
    await both.first()
    lab.notes()
    lab.book("child.yml", CHILD % "{note: {name: new}},")

    ran = await lab.run(
        "tasks: [{playbook: child.yml}]\nhooks: {on_fail: [{note: {name: sorry}}]}",
        resume=lab.resumption("first.yaml"),
    )

    assert lab.notes() == ["sorry"]
    assert "child.yml was changed since the run that is resumed" in ran.steps["tasks[0]"].message
    assert ran.ended.exit_code == 2


async def test_another_book_that_was_changed_before_it_did_anything(lab: Lab) -> None:
    lab.book("child.yml", "hooks: {pre_book: [{shell: {command: 'false'}}]}")
    both = Twice(lab, "tasks: [{playbook: child.yml}]")
    await both.first()
    lab.book("child.yml", "tasks: [{note: {name: mended}}]")

    await both.second()

    assert lab.notes() == ["mended"]


async def test_another_book_that_failed_goes_on_where_it_did(lab: Lab) -> None:
    lab.book(
        "child.yml",
        f"""{EXT}
tasks:
  - note: {{name: one, register: it, value: known}}
  - data: {{action: write, key: memory/it, value: kept}}
  - {BAD}
  - note: {{value: "{{{{ registered.it.data.0 }}}} {{{{ inputs.stored }}}}"}}
hooks: {{pre_book: [{{note: {{name: before}}}}]}}
""",
    )
    await twice(lab, f"{EXT}\ntasks: [{{playbook: child.yml}}]\n")

    assert lab.notes() == ["bad", ""]
    assert lab.values()[-1] == "known kept"
