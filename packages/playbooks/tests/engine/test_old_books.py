"""Books of the original engine."""

from choria_playbooks.engine.events import State, StepBegan
from packages.playbooks.tests.engine.conftest import Lab

HOOKS = ("pre_book", "pre_task", "post_task", "on_success", "on_fail", "post_book")


async def old(lab: Lab, text: str, **run: object) -> list[str]:
    ran = await lab.run(text, strict=False, **run)  # type: ignore[arg-type]
    assert ran.ended.is_ok, ran.lines()
    return lab.notes()


async def test_an_item_can_hold_several_tasks(lab: Lab) -> None:
    ran = await lab.run(
        """
        tasks:
          - note: {name: one}
            data: {action: write, key: memory/it, value: x}
          - note: {name: two, value: "{{{ previous_task.description }}}"}
        data_stores: {memory: {type: memory}}
        """,
        strict=False,
    )

    assert ran.ended.is_ok
    assert list(ran.states) == ["tasks[0].note", "tasks[0].data", "tasks[1]"]
    assert lab.values()[1] == "data task"


async def test_symbols_are_names(lab: Lab) -> None:
    await old(lab, "tasks: [{note: {value: {':message': ':it'}}}]")

    assert lab.values() == [{"message": ":it"}]


async def test_hooks_stand_where_they_stood(lab: Lab) -> None:
    hooks = "\n".join(f"  {name}: [{{note: {{name: {name}}}}}]" for name in HOOKS)
    notes = await old(
        lab, f"tasks: [{{note: {{name: one}}}}, {{note: {{name: two}}}}]\nhooks:\n{hooks}\n"
    )

    around = [["pre_task", name, "post_task"] for name in ("one", "two")]
    assert notes == ["pre_book", *around[0], *around[1], "on_success", "post_book"]


async def test_pre_task_and_post_task_surround_all_tries_at_once(lab: Lab) -> None:
    notes = await old(
        lab,
        """
        tasks: [{note: {name: one, succeed_at: 3, tries: 5, try_sleep: 0}}]
        hooks: {pre_task: [{note: {name: before}}], post_task: [{note: {name: after}}]}
        """,
    )

    assert notes == ["before", "one", "one", "one", "after"]


async def test_each_task_has_one_result_however_often_it_was_tried(lab: Lab) -> None:
    ran = await lab.run(
        "tasks: [{note: {name: one, succeed_at: 3, tries: 5, try_sleep: 0}}]",
        strict=False,
        report="report.yaml",
    )

    assert len(ran.of(StepBegan)) == len(ran.steps) == 1
    text = (lab.folder / "report.yaml").read_text(encoding="utf-8")
    assert "task_count: 1\n" in text


async def test_fixed_words_are_said_where_nothing_was_done_yet(lab: Lab) -> None:
    await old(lab, 'tasks: [{note: {value: "{{{ previous_task.msg }}} {{previous_task.data}}"}}]')

    assert lab.values() == ["there is no task before this one "]


async def test_locks_of_memory_work_and_are_given_back(lab: Lab) -> None:
    ran = await lab.run(
        "data_stores: {memory: {type: memory}}\nlocks: [memory, memory/other]\n", strict=False
    )

    assert ran.ended.is_ok
    assert [line for line in ran.lines("locks") if "given back" in line] == [
        "Lock memory/other is given back",
        "Lock memory/choria/locks/playbook/test is given back",
    ]


async def test_errors_of_templates_are_failures_of_tasks(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {x: {type: String, required: false}}
        tasks: [{note: {value: "{{{ inputs.x }}}"}}]
        hooks: {on_fail: [{note: {name: on_fail}}], post_book: [{note: {name: post_book}}]}
        """,
        strict=False,
    )

    assert ran.ended.exit_code == 1
    assert ran.states["tasks[0]"] is State.FAILED
    assert lab.notes() == ["on_fail", "post_book"]


async def test_run_as_is_told_and_not_enforced(lab: Lab) -> None:
    ran = await lab.run("run_as: choria=deployer\n", strict=False)

    assert ran.ended.is_ok
    assert "the book asks to be run as choria=deployer; it runs as up=rip" in ran.lines("pre")


async def test_macros_are_for_anchors_alone(lab: Lab) -> None:
    notes = await old(
        lab,
        """
        macros:
          usual: &usual {name: usual, tries: 2}
        tasks:
          - note: {<<: *usual}
          - note: {<<: *usual, name: other}
        """,
    )

    assert notes == ["usual", "other"]
