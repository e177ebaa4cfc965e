"""Runs that are stopped, or lose a lock: what ends at once, and what is done all the same."""

import asyncio
import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import WorkError
from choria_playbooks.engine.events import (
    Event,
    LockGone,
    RunEnded,
    State,
    StepBegan,
    StepEnded,
    TryEnded,
)
from packages.playbooks.tests.engine.conftest import Lab, Ran
from packages.playbooks.tests.engine.recording import SpyLock
from packages.playbooks.tests.engine.shapes import Node, Written, anywhere, trees

HOOKS = """
hooks:
  pre_book: [{note: {name: pre_book}}]
  on_success: [{note: {name: on_success}}]
  on_fail: [{note: {name: on_fail}}]
  post_book: [{note: {name: post_book}}]
"""
STORES = """
data_stores: {box: {type: spy}, other: {type: spy}}
locks: [box/one, other/two]
"""
TAIL = ["unlock other/two", "unlock box/one", "close other", "close box"]


def held_by_another(lab: Lab, path: str) -> None:
    """Somebody else has a lock from the beginning."""
    lab.diary.locks[path] = SpyLock(None, path, 0)


async def stopped(lab: Lab, book: str, *, number: int = 15, **run: Any) -> Ran:
    """Run a book, and stop it as soon as something in it hangs."""

    async def stop() -> None:
        await lab.diary.hung.wait()
        lab.stop.signal = number
        lab.stop.set()

    stopping = asyncio.create_task(stop())
    ran = await lab.run(book, **run)
    await stopping
    return ran


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_task_is_broken_off_and_what_follows_a_failure_is_done(
    lab: Lab, number: signal.Signals
) -> None:
    ran = await stopped(
        lab,
        f"""{STORES}{HOOKS}
tasks:
  - block:
      tasks: [{{note: {{name: hangs, hang: true, nodes: [a, b]}}}}, {{note: {{name: never}}}}]
      rescue: [{{note: {{name: never}}}}]
      always: [{{note: {{name: always}}}}]
  - note: {{name: never}}
""",
        number=number,
    )

    assert ran.ended.exit_code == 128 + number
    assert ran.ended.error == f"stopped by {number.name}"
    assert lab.notes() == ["pre_book", "hangs", "always", "on_fail", "post_book"]
    assert ran.states["tasks[0].tasks[0]"] is State.STOPPED
    assert ran.steps["tasks[0].tasks[0]"].started >= ran.events[0].time
    assert ran.states["tasks[0]"] is State.STOPPED
    assert lab.diary.stores[-4:] == TAIL


async def test_a_stop_that_is_no_signal(lab: Lab) -> None:
    ran = await stopped(lab, "tasks: [{note: {hang: true}}]", number=0)

    assert (ran.ended.exit_code, ran.ended.error) == (1, "stopped")


async def test_while_stores_are_opened(lab: Lab) -> None:
    ran = await stopped(
        lab, f"data_stores: {{box: {{type: spy}}, bad: {{type: spy, hang: open}}}}\n{HOOKS}"
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == []
    assert lab.diary.stores == ["open box", "open bad", "close bad", "close box"]


async def test_while_it_waits_for_a_lock(lab: Lab) -> None:
    held_by_another(lab, "box/two")
    ran = await stopped(
        lab,
        f"""
data_stores: {{box: {{type: spy}}}}
locks: [box/one, box/two]
{HOOKS}
tasks: [{{note: {{name: never}}}}]
""",
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == []
    assert lab.diary.stores[-3:] == ["want box/two", "unlock box/one", "close box"]


async def test_while_a_task_waits_for_its_lock(lab: Lab) -> None:
    held_by_another(lab, "box/task")
    ran = await stopped(
        lab, f"{STORES}{HOOKS}\ntasks: [{{note: {{name: never, lock: box/task}}}}]\n"
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == ["pre_book", "on_fail", "post_book"]
    assert lab.diary.stores[-4:] == TAIL


@pytest.mark.parametrize(
    "step",
    [
        'note: {name: never, value: "{{ inputs.slow }}"}',
        'note: {name: never, description: "{{ inputs.slow }}"}',
        "note: {name: never, when: inputs.slow = 1}",
        'note: {name: never, loop: "{{ inputs.slow }}"}',
        'note: {name: never, lock: "box/{{ inputs.slow }}"}',
        'block: {nodes: "{{ inputs.slow }}", tasks: [{note: {name: never}}]}',
        'tasks: {list: some, arguments: {it: "{{ inputs.slow }}"}}',
        'playbook: {file: "{{ inputs.slow }}"}',
        'playbook: {file: child.yaml, inputs: {it: "{{ inputs.slow }}"}}',
    ],
)
async def test_while_a_store_is_read(lab: Lab, step: str) -> None:
    lab.book("child.yaml", "inputs: {it: {type: String}}\n")
    ran = await stopped(
        lab,
        f"""
data_stores: {{box: {{type: spy}}, slow: {{type: spy, hang: read}}}}
inputs: {{slow: {{data: slow/key, type: any}}}}
task_lists: {{some: {{arguments: {{it: {{type: String}}}}, tasks: [{{note: {{name: never}}}}]}}}}
{HOOKS}
tasks: [{step}]
""",
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == ["pre_book", "on_fail", "post_book"]
    assert lab.diary.stores[-2:] == ["close slow", "close box"]


@pytest.mark.parametrize("words", ["pre_sleep: 1h", "fail: true, tries: 2, try_sleep: 1h"])
async def test_while_it_sleeps(lab: Lab, words: str) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, TryEnded if "tries" in words else StepBegan) and "tasks" in event.id:
            lab.diary.hung.set()

    ran = await stopped(
        lab, f"{STORES}{HOOKS}\ntasks: [{{note: {{name: one, {words}}}}}]\n", listener=watch
    )

    assert ran.ended.exit_code == 143
    assert ran.states["tasks[0]"] is State.STOPPED
    assert lab.notes()[-2:] == ["on_fail", "post_book"]


async def test_in_a_loop(lab: Lab) -> None:
    ran = await stopped(
        lab,
        f"{HOOKS}\ntasks: [{{note: {{name: one, loop: [false, true, false], hang: "
        '"{{ item }}"}}]\n',
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == ["pre_book", "one", "one", "on_fail", "post_book"]
    assert ran.states["tasks[0]#2"] is ran.states["tasks[0]"] is State.STOPPED


async def test_in_branches(lab: Lab) -> None:
    ran = await stopped(
        lab,
        f"""{HOOKS}
tasks:
  - parallel:
      tasks:
        - block: {{tasks: [{{note: {{name: a, wait: true}}}}, {{note: {{name: never}}}}]}}
        - note: {{name: b, hang: true}}
        - note: {{name: c, pre_sleep: 1h}}
      always: [{{note: {{name: always}}}}]
""",
    )

    assert ran.ended.exit_code == 143
    assert sorted(lab.notes()[1:3]) == ["a", "b"]
    assert set(ran.states.values()) == {State.OK, State.STOPPED}
    assert ran.states["tasks[0].always[0]"] is State.OK


@pytest.mark.parametrize(
    ("hook", "notes"),
    [
        ("pre_book", ["hangs"]),
        ("pre_task", ["hangs", "on_fail", "post_book"]),
        ("post_task", ["one", "hangs", "on_fail", "post_book"]),
        ("on_success", ["one", "hangs", "post_book"]),
        ("post_book", ["one", "on_success", "hangs"]),
    ],
)
async def test_in_a_hook(lab: Lab, hook: str, notes: list[str]) -> None:
    hooks = {name: f"[{{note: {{name: {name}}}}}]" for name in ("on_success", "on_fail")}
    hooks |= {"post_book": "[{note: {name: post_book}}]"}
    hooks[hook] = "[{note: {name: hangs, hang: true}}, {note: {name: never}}]"
    lines = "\n".join(f"  {name}: {steps}" for name, steps in hooks.items())
    ran = await stopped(lab, f"{STORES}\ntasks: [{{note: {{name: one}}}}]\nhooks:\n{lines}\n")

    assert ran.ended.exit_code == 143
    assert lab.notes() == notes
    assert lab.diary.stores[-4:] == TAIL


async def test_hooks_that_began_before_the_stop_are_broken_off_and_later_ones_are_not(
    lab: Lab,
) -> None:
    ran = await stopped(
        lab,
        """
        tasks: [{note: {name: one, fail: true}}]
        hooks:
          on_fail: [{note: {name: hangs, hang: true}}, {note: {name: never}}]
          post_book: [{note: {name: post_book}}]
        """,
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == ["one", "hangs", "post_book"]


async def test_in_another_book(lab: Lab) -> None:
    lab.book("child.yaml", f"{STORES}{HOOKS}\ntasks: [{{note: {{name: hangs, hang: true}}}}]\n")
    ran = await stopped(
        lab, "tasks: [{playbook: child.yaml}]\nhooks: {on_fail: [{note: {name: ours}}]}\n"
    )

    assert ran.ended.exit_code == 143
    assert lab.notes() == ["pre_book", "hangs", "on_fail", "post_book", "ours"]
    assert lab.diary.stores[-4:] == TAIL
    assert ran.states["tasks[0]"] is State.STOPPED


async def test_a_stop_before_the_beginning(lab: Lab) -> None:
    lab.stop.set()
    ran = await lab.run("tasks: [{note: {hang: true}}]")

    assert not ran.ended.is_ok


async def test_a_stop_after_the_end_changes_nothing(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {name: one}}]")
    lab.stop.set()

    assert ran.ended.is_ok


async def test_what_a_task_makes_of_its_end_is_of_no_matter(lab: Lab) -> None:
    """A shell task that ignores SIGTERM is killed, and nothing is left behind."""

    def watch(event: Event) -> None:
        if getattr(event, "text", "") == "up":
            lab.diary.hung.set()

    ran = await stopped(
        lab,
        """
        tasks:
          - shell: {command: 'trap "" TERM; echo up; while :; do sleep 0.02; done'}
        """,
        listener=watch,
    )

    assert ran.states["tasks[0]"] is State.STOPPED


async def lost(lab: Lab, book: str, path: str = "box/one", why: str = "the session ended") -> Ran:
    """Run a book, and take a lock away as soon as something in it hangs."""

    async def lose() -> None:
        await lab.diary.hung.wait()
        lab.diary.locks[path].lose(why)

    losing = asyncio.create_task(lose())
    ran = await lab.run(book)
    await losing
    return ran


async def test_after_a_lost_lock_nothing_begins(lab: Lab) -> None:
    ran = await lost(
        lab,
        f"""{STORES}{HOOKS}
tasks:
  - parallel:
      tasks:
        - note: {{name: hangs, hang: true, fail_ok: true}}
        - note: {{name: hangs, pre_sleep: 1h}}
      rescue: [{{note: {{name: never}}}}]
      always: [{{note: {{name: never}}}}]
""",
    )

    assert ran.ended.exit_code == 4
    assert ran.ended.error == "lock box/one was lost: the session ended"
    assert lab.notes() == ["pre_book", "hangs"]
    assert [(event.lock, event.loss) for event in ran.of(LockGone)] == [
        ("box/one", "the session ended"),
        ("other/two", ""),
    ]
    assert lab.diary.stores[-4:] == TAIL


async def test_a_lost_lock_of_a_task_ends_the_run_too(lab: Lab) -> None:
    ran = await lost(
        lab,
        f"{STORES}{HOOKS}\ntasks: [{{note: {{name: hangs, hang: true, lock: box/task}}}}]\n",
        "box/task",
    )

    assert ran.ended.exit_code == 4
    assert lab.notes() == ["pre_book", "hangs"]


async def test_a_lock_that_is_no_longer_certain_is_seen_before_each_try_and_write(
    lab: Lab,
) -> None:
    def lose(event: Event) -> None:
        if isinstance(event, TryEnded):
            lock = lab.diary.locks["box/one"]
            lock.is_held = lambda: False  # type: ignore[method-assign]

    ran = await lab.run(
        f"{STORES}{HOOKS}\ntasks: [{{note: {{name: one}}}}, {{note: {{name: never}}}}]\n",
        listener=lose,
    )

    assert ran.ended.exit_code == 4
    assert lab.notes() == ["pre_book"]
    assert "not renewed in time" in ran.ended.error


async def test_locks_are_given_back_in_reverse_order_whatever_went_wrong(lab: Lab) -> None:
    for name, book in {
        "a failed task": "tasks: [{note: {fail: true}}]",
        "no nodes": "nodes: {web: {type: listed, names: []}}",
        "a foreign error": "nodes: {web: {type: listed, crash: it}}",
    }.items():
        lab.diary.stores.clear()
        ran = await lab.run(f"{STORES}\n{book}\n")

        assert not ran.ended.is_ok, name
        assert lab.diary.stores[-4:] == TAIL, name


async def test_what_cannot_be_given_back_is_told_and_changes_nothing(lab: Lab) -> None:
    ran = await lab.run("""
        data_stores:
          box: {type: spy, break_release: true}
          other: {type: spy, break_close: true}
        locks: [box/one, other/two]
    """)

    assert ran.ended.is_ok
    assert "Could not release lock box/one: the key is bent" in ran.lines("locks")
    assert "Could not close data store other: the door is stuck" in ran.lines("post")
    assert lab.diary.stores[-4:] == TAIL


async def test_a_lock_that_cannot_be_had_gives_back_the_others(lab: Lab) -> None:
    held_by_another(lab, "other/two")
    ran = await lab.run(f"""
data_stores: {{box: {{type: spy}}, other: {{type: spy, timeout: 0}}}}
locks: [box/one, other/two]
{HOOKS}
""")

    assert ran.ended.exit_code == 4
    assert ran.ended.error == "somebody has other/two, not up=rip"
    assert lab.notes() == []
    assert lab.diary.stores[-3:] == ["unlock box/one", "close other", "close box"]


async def test_a_store_that_cannot_be_opened_says_why(lab: Lab) -> None:
    ran = await lab.run("data_stores: {box: {type: spy}, bad: {type: spy, refuse: it is shut}}\n")

    assert ran.ended.exit_code == 1
    assert ran.ended.error == "data store bad (spy): ZeroDivisionError: it is shut"
    assert lab.diary.stores[-2:] == ["close bad", "close box"]


@anywhere
@given(trees, st.integers(0, 60), st.booleans())
async def test_whenever_it_is_stopped_or_loses_its_lock_all_is_given_back(
    lab: Lab,
    nodes: list[Node],
    moment: int,
    is_loss: bool,  # noqa: FBT001
) -> None:
    count = 0
    lab.stop.clear()
    lab.stop.signal = signal.SIGTERM

    def end(_event: Event) -> None:
        nonlocal count
        count += 1
        if count == moment:
            lock = lab.diary.locks.get("box/key")
            if is_loss and lock is not None:
                lock.lose("a test")
            else:
                lab.stop.set()

    lab.diary.stores.clear()
    ran = await lab.run(
        f"{Written(nodes).text}\nlocks: [box/key]\nhooks: {{post_book: [{{note: {{}}}}]}}\n",
        listener=end,
    )

    assert lab.diary.stores.count("lock box/key") == lab.diary.stores.count("unlock box/key")
    assert lab.diary.stores[-1] == "close box"
    assert lab.diary.locks == {}
    assert ran.ended.exit_code in (0, 4, 143)
    assert ran.ended.is_ok == (ran.ended.exit_code == 0)
    assert len(asyncio.all_tasks()) == 1


async def test_tasks_that_wait_for_nothing_can_be_stopped(lab: Lab) -> None:
    def end(event: Event) -> None:
        if isinstance(event, StepEnded) and event.id == "tasks[0]#3":
            lab.stop.set()

    ran = await lab.run(
        """
        data_stores: {memory: {type: memory}}
        tasks:
          - data: {loop: [1, 2, 3, 4, 5, 6], action: write, key: memory/x, value: "{{ item }}"}
        """,
        listener=end,
    )

    assert not ran.ended.is_ok
    assert "tasks[0]#6" not in ran.states


async def test_a_report_that_cannot_be_written_stops_a_run_that_cleans_up(lab: Lab) -> None:
    def full(event: Event) -> None:
        if isinstance(event, StepEnded) and event.list == "tasks":
            raise WorkError("the disk is full")

    with pytest.raises(WorkError, match="the disk is full"):
        await lab.run(
            f"""{STORES}{HOOKS}
tasks:
  - block:
      tasks: [{{note: {{name: done}}}}, {{note: {{name: never}}}}]
      always: [{{note: {{name: always}}}}]
  - note: {{name: never}}
""",
            listener=full,
        )

    assert lab.notes() == ["pre_book", "done", "always", "on_fail", "post_book"]
    assert lab.diary.stores[-len(TAIL) :] == TAIL


async def test_a_report_whose_last_word_cannot_be_written_fails_the_run(lab: Lab) -> None:
    def full(event: Event) -> None:
        if isinstance(event, RunEnded):
            raise WorkError("the disk is full")

    with pytest.raises(WorkError, match="the disk is full"):
        await lab.run(f"{HOOKS}\ntasks: [{{note: {{name: done}}}}]\n", listener=full)

    assert lab.notes() == ["pre_book", "done", "on_success", "post_book"]
