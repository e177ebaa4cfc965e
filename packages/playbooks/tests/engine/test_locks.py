"""Locks of books, blocks and tasks, as the engine takes them."""

import asyncio

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_playbooks.engine import lock_keeper
from choria_playbooks.engine.events import Event, LockGone, LockTaken, LockWaiting, StepEnded
from packages.playbooks.tests.engine.conftest import Lab
from packages.playbooks.tests.engine.recording import SpyLock


async def test_locks_are_taken_in_order_and_given_back_in_reverse(lab: Lab) -> None:
    ran = await lab.run("""
        data_stores: {box: {type: spy}, other: {type: spy}}
        locks: [other/z, box, box/a]
        tasks: [{note: {name: one}}]
    """)

    own = "box/choria/locks/playbook/test"
    assert ran.ended.is_ok
    assert [line for line in lab.diary.story if "lock " in line or "note" in line] == [
        "lock other/z",
        f"lock {own}",
        "lock box/a",
        "note one",
        "unlock box/a",
        f"unlock {own}",
        "unlock other/z",
    ]
    assert [(event.lock, event.token) for event in ran.of(LockTaken)] == [
        ("other/z", 1),
        (own, 2),
        ("box/a", 3),
    ]
    assert [(event.lock, event.loss) for event in ran.of(LockGone)] == [
        ("box/a", ""),
        (own, ""),
        ("other/z", ""),
    ]


async def test_a_lock_that_is_held_is_entered_again(lab: Lab) -> None:
    await lab.run("""
        data_stores: {box: {type: spy}}
        locks: [box/a]
        tasks:
          - block:
              lock: box/a
              tasks: [{note: {lock: box/a, value: "{{ lock.token }}"}}]
          - note: {lock: box/b, value: "{{ lock.token }}"}
          - note: {value: "{{ lock.token }}"}
    """)

    assert [line for line in lab.diary.stores if "lock" in line] == [
        "lock box/a",
        "lock box/b",
        "unlock box/b",
        "unlock box/a",
    ]
    assert lab.values() == lab.diary.tokens == [1, 2, 1]


async def test_templates_stand_in_the_keys_of_steps(lab: Lab) -> None:
    await lab.run(
        """
        inputs: {where: {type: String}}
        data_stores: {box: {type: spy}}
        tasks: [{note: {lock: "box/{{ inputs.where }}/{{ metadata.name }}"}}]
        """,
        inputs={"where": "here"},
    )

    assert "lock box/here/test" in lab.diary.stores


async def test_a_lock_needs_a_key(lab: Lab) -> None:
    ran = await lab.run(
        """
        inputs: {where: {type: String}}
        data_stores: {box: {type: spy}}
        tasks: [{note: {name: never, lock: "box/{{ inputs.where }}"}}]
        """,
        inputs={"where": ""},
    )

    assert ran.ended.exit_code == 2
    assert "has an empty key" in ran.steps["tasks[0]"].message
    assert lab.notes() == []


@pytest.mark.parametrize("book", ["locks: [env]", "tasks: [{note: {lock: env/key}}]"])
async def test_stores_without_locks_are_refused_before(lab: Lab, book: str) -> None:
    with pytest.raises(InvalidConfigError, match="lock"):
        await lab.run(f"data_stores: {{env: {{type: environment}}}}\n{book}\n")


async def test_the_book_says_how_long_it_waits(lab: Lab) -> None:
    lab.diary.locks["box/a"] = SpyLock(None, "a", 0)
    ran = await lab.run("""
        data_stores: {box: {type: spy, timeout: 1000}}
        tasks: [{note: {name: never, lock: {path: box/a, timeout: 1ms}}}]
        hooks: {on_fail: [{note: {name: failed}}]}
    """)

    assert ran.ended.exit_code == 4
    assert "somebody has box/a" in ran.steps["tasks[0]"].message
    assert lab.notes() == ["failed"]


async def test_who_waits_is_told_for_whom(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_keeper, "ANNOUNCED_AFTER_SECONDS", 0.0)

    def go_on(event: Event) -> None:
        if isinstance(event, LockWaiting):
            lab.diary.resumes.set()

    ran = await lab.run(
        """
        data_stores: {memory: {type: memory}}
        tasks:
          - parallel:
              tasks:
                - note: {name: first, lock: memory/a, wait: true}
                - note: {name: second, lock: memory/a}
        """,
        listener=go_on,
    )

    assert ran.ended.is_ok
    (waiting,) = ran.of(LockWaiting)
    assert waiting.lock == "memory/a"
    assert waiting.holder.startswith("up=rip on ")
    assert waiting.holder.endswith(", test")
    assert lab.notes() == ["first", "second"]


async def test_a_lock_is_free_when_its_step_is_over(lab: Lab) -> None:
    free: list[bool] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEnded):
            free.append("box/a" not in lab.diary.locks)

    await lab.run(
        """
        data_stores: {box: {type: spy}}
        tasks: [{note: {lock: box/a}}, {note: {}}]
        """,
        listener=look,
    )

    assert free == [False, True]


async def test_a_lock_is_given_back_although_its_step_is_cancelled(lab: Lab) -> None:
    running = asyncio.create_task(
        lab.run("""
            data_stores: {box: {type: spy}}
            locks: [box/a]
            tasks: [{note: {lock: box/b, hang: true}}]
        """)
    )
    await lab.diary.hung.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert lab.diary.stores[-3:] == ["unlock box/b", "unlock box/a", "close box"]
