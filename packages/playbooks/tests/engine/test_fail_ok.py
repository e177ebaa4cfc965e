"""Failures that are fine."""

import pytest

from choria_playbooks.engine.events import State, StepEnded, TryBegan
from packages.playbooks.tests.engine.conftest import Lab


@pytest.mark.parametrize("strict", [True, False])
async def test_all_tries_come_first(lab: Lab, strict: bool) -> None:  # noqa: FBT001
    ran = await lab.run(
        """
        tasks:
          - note: {name: one, fail: true, fail_ok: true, tries: 3, try_sleep: 0}
          - note: {name: two}
        hooks: {on_fail: [{note: {name: failed}}]}
        """,
        strict=strict,
    )

    assert ran.ended.is_ok
    assert lab.notes() == ["one", "one", "one", "two"]
    assert len(ran.of(TryBegan)) == 4
    step = ran.steps["tasks[0]"]
    assert (step.state, step.is_fail_ok) == (State.OK, True)


async def test_a_success_is_no_failure_that_is_fine(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {name: one, fail_ok: true}}]")

    assert not ran.steps["tasks[0]"].is_fail_ok


@pytest.mark.parametrize(
    "step",
    [
        "note: {fail_ok: true, value: '{{ previous_task.data.3 }}'}",
        "note: {fail_ok: true, description: '{{ previous_task.data.3 }}'}",
        "note: {fail_ok: true, when: previous_task.data.3}",
        "note: {fail_ok: true, loop: '{{ previous_task.data.3 }}'}",
        "note: {fail_ok: true, loop: '{{ previous_task.message }}'}",
        "note: {fail_ok: true, loop: [1, 2], fail: true}",
        "note: {fail_ok: true, loop: [1, 2], value: '{{ previous_task.data.3 }}'}",
        "note: {fail_ok: true, crash: it}",
        "note: {fail_ok: true, lock: {path: box/taken, timeout: 1ms}}",
        "data: {fail_ok: true, action: delete, key: '{{ previous_task.msg }}'}",
        "block: {fail_ok: true, tasks: [{note: {fail: true}}, {note: {name: never}}]}",
        "block: {fail_ok: true, nodes: '{{ previous_task.message }}', tasks: [{note: {}}]}",
        "parallel: {fail_ok: true, tasks: [{note: {fail: true}}, {note: {fail: true}}]}",
        "tasks: {fail_ok: true, list: broken}",
        "tasks: {fail_ok: true, list: wants, arguments: {it: '{{ previous_task.data.3 }}'}}",
        "playbook: {fail_ok: true, file: broken.yaml}",
        "playbook: {fail_ok: true, file: no_such.yaml}",
    ],
)
async def test_whatever_fails_may_be_fine(lab: Lab, step: str) -> None:
    lab.book("broken.yaml", "tasks: [{note: {fail: true}}]\n")

    def go_on(event: object) -> None:
        if isinstance(event, StepEnded) and event.id == "tasks[0].tasks[1]":
            lab.diary.resumes.set()

    ran = await lab.run(
        f"""
data_stores: {{box: {{type: spy}}}}
task_lists:
  broken: {{tasks: [{{note: {{fail: true}}}}]}}
  wants: {{arguments: {{it: {{type: String}}}}, tasks: [{{note: {{}}}}]}}
tasks:
  - parallel:
      tasks:
        - note: {{name: holder, lock: box/taken, wait: true}}
        - {step}
  - note: {{name: after}}
""",
        listener=go_on,
    )

    assert ran.ended.is_ok
    assert lab.notes()[-1] == "after"
    ended = ran.steps["tasks[0].tasks[1]"]
    assert ended.state is State.OK
    assert ended.is_fail_ok or "loop: [1, 2]" in step


async def test_a_failure_that_is_fine_is_known_as_one(lab: Lab) -> None:
    await lab.run("""
        tasks:
          - note: {fail: true, fail_ok: true, message: bad, register: one}
          - block: {fail_ok: true, register: two, tasks: [{note: {fail: true}}]}
          - note: {loop: [true, false], fail: "{{ item }}", fail_ok: true, register: three}
          - note: {fail_ok: true, when: registered.one.data.5, register: four}
          - note: {value: "{{ registered.one.success }}"}
          - note: {value: "{{ registered.two.success }}"}
          - note: {value: "{{ registered.three.success }}"}
          - note: {value: "{{ registered.three.items.1.success }}"}
          - note: {value: "{{ registered.four.success }}"}
    """)

    assert lab.values()[-5:] == [False, False, False, True, False]


async def test_hooks_around_a_task_do_not_share_its_fail_ok(lab: Lab) -> None:
    ran = await lab.run("""
        tasks: [{note: {name: one, fail_ok: true}}]
        hooks: {pre_task: [{note: {name: before, fail: true}}]}
    """)

    assert ran.ended.exit_code == 1
    assert lab.notes() == ["before"]
