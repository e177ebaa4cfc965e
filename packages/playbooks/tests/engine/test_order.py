"""The order of a book: hooks, tasks, tries, and what a failure means."""

from typing import TYPE_CHECKING

import pytest

from choria_playbooks.engine.events import State, TryBegan, TryEnded

if TYPE_CHECKING:
    from .conftest import Lab


def said(*names: str) -> str:
    return "".join(f"""\n  - shell: {{command: 'echo {name} >> "$SAID"'}}""" for name in names)


HOOKS = "\n".join(
    f"""  {hook}: [{{shell: {{command: 'echo {hook} >> "$SAID"'}}}}]"""
    for hook in ("pre_book", "pre_task", "post_task", "on_success", "on_fail", "post_book")
)


async def test_hooks_stand_around_tasks_that_do_their_work(lab: "Lab") -> None:
    ran = await lab.run(f"tasks:{said('one', 'two')}\nhooks:\n{HOOKS}\n")

    assert ran.ended.is_ok
    assert ran.ended.exit_code == 0
    around = ["pre_task", "one", "post_task", "pre_task", "two", "post_task"]
    assert ran.said == ["pre_book", *around, "on_success", "post_book"]


async def test_a_failed_task_ends_the_list(lab: "Lab") -> None:
    ran = await lab.run(
        f"tasks:{said('one')}\n  - shell: {{command: 'false'}}{said('never')}\nhooks:\n{HOOKS}\n"
    )

    assert ran.ended.exit_code == 1
    tail = ["pre_task", "post_task", "on_fail", "post_book"]
    assert ran.said == ["pre_book", "pre_task", "one", "post_task", *tail]
    assert ran.states["tasks[1]"] is State.FAILED
    assert "tasks[2]" not in ran.states


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("pre_book", []),
        ("pre_task", ["on_fail", "post_book"]),
        ("post_task", ["one", "on_fail", "post_book"]),
        ("on_success", ["one", "post_book"]),
        ("post_book", ["one", "on_success"]),
    ],
)
async def test_a_failed_hook_fails_the_book(lab: "Lab", hook: str, expected: list[str]) -> None:
    others = "\n".join(
        f"""  {name}: [{{shell: {{command: 'echo {name} >> "$SAID"'}}}}]"""
        for name in ("on_success", "on_fail", "post_book")
        if name != hook
    )
    ran = await lab.run(
        f"tasks:{said('one')}\nhooks:\n  {hook}: [{{shell: {{command: 'false'}}}}]\n{others}\n"
    )

    assert not ran.ended.is_ok
    assert ran.said == expected


async def test_an_empty_book_does_its_work(lab: "Lab") -> None:
    ran = await lab.run("")

    assert ran.ended.is_ok


async def test_a_task_is_tried_again(lab: "Lab") -> None:
    ran = await lab.run(
        """
        tasks:
          - shell:
              command: 'echo try >> "$SAID"; test $(wc -l < "$SAID") -eq 3'
              tries: 5
              try_sleep: 1ms
        """
    )

    assert ran.ended.is_ok
    assert ran.said == ["try"] * 3
    assert [event.number for event in ran.of(TryBegan)] == [1, 2, 3]
    assert [event.is_ok for event in ran.of(TryEnded)] == [False, False, True]


async def test_a_failure_may_be_fine_after_the_last_try(lab: "Lab") -> None:
    ran = await lab.run(
        """
        tasks:
          - shell: {command: 'echo try >> "$SAID"; false', tries: 2, try_sleep: 0, fail_ok: true}
          - shell: {command: 'echo on >> "$SAID"'}
        """
    )

    assert ran.ended.is_ok
    assert ran.said == ["try", "try", "on"]
    assert ran.steps["tasks[0]"].is_fail_ok


async def test_a_try_ends_at_its_timeout(lab: "Lab") -> None:
    ran = await lab.run(
        """
        tasks:
          - shell: {command: sleep 60, timeout: 50ms, tries: 2, try_sleep: 0}
        """
    )

    assert ran.ended.exit_code == 1
    assert "took more than 0.05 s" in ran.steps["tasks[0]"].message
    assert len(ran.of(TryEnded)) == 2


async def test_what_surrounds_one_task_stands_in_its_order(lab: "Lab") -> None:
    story = lab.diary.story

    async def confirm(description: str) -> str:
        story.append(f"asked for {description}")
        return "yes"

    lab.diary.kept["box"] = {"list": ["a"], "go": True, "key": "k", "what": "w"}
    ran = await lab.run(
        """
        data_stores: {box: {type: spy}}
        inputs:
          list: {type: Array, data: box/list}
          go: {type: Boolean, data: box/go}
          key: {type: String, data: box/key}
          what: {type: String, data: box/what}
        tasks:
          - note:
              name: "it {{ inputs.what }}"
              description: A task
              tags: [x]
              loop: "{{ inputs.list }}"
              when: inputs.go
              lock: "box/{{ inputs.key }}"
              tries: 2
              try_sleep: 0
              fail: true
              fail_ok: true
              register: done
        hooks:
          pre_task: [{note: {name: pre_task}}]
          post_task: [{note: {name: post_task}}]
        """,
        tags=frozenset(("x",)),
        confirm=confirm,
    )

    assert ran.ended.is_ok
    assert story == [
        "open box",
        "asked for A task",
        "read box/list",
        "read box/go",
        "read box/key",
        "want box/k",
        "lock box/k",
        "note pre_task",
        "read box/what",
        "note it w",
        "read box/what",
        "note it w",
        "note post_task",
        "unlock box/k",
        "close box",
    ]


async def test_post_task_knows_what_the_task_registered(lab: "Lab") -> None:
    await lab.run("""
        tasks: [{note: {register: it, message: done}}]
        hooks: {post_task: [{note: {value: "{{ registered.it.message }}"}}]}
    """)

    assert lab.values() == [None, "done"]
