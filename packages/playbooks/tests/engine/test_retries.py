"""Tries of a task: how many, how far apart, how long each may take."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from choria_playbooks.book.model import Control
from choria_playbooks.engine.attempts import pause_after
from choria_playbooks.engine.events import State, StepBegan, TryBegan, TryEnded
from packages.playbooks.tests.engine.conftest import Lab


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the engine slept, which takes no time."""
    naps: list[float] = []
    sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep

    async def nap(seconds: float, result: object = None) -> object:
        if seconds:
            naps.append(seconds)
        await sleep(0)
        return result

    monkeypatch.setattr(asyncio, "sleep", nap)
    return naps


async def test_between_tries_there_is_a_pause_and_none_after_the_last(
    lab: Lab, slept: list[float]
) -> None:
    ran = await lab.run("tasks: [{note: {name: one, fail: true, tries: 3, try_sleep: 7}}]")

    assert lab.notes() == ["one"] * 3
    assert slept == [7, 7]
    assert [event.number for event in ran.of(TryBegan)] == [1, 2, 3]
    assert {event.tries for event in ran.of(TryBegan)} == {3}


async def test_without_a_word_the_pause_is_ten_seconds(lab: Lab, slept: list[float]) -> None:
    await lab.run("tasks: [{note: {fail: true, tries: 2}}]", strict=False)

    assert slept == [10]


async def test_pauses_grow_up_to_a_limit(lab: Lab, slept: list[float]) -> None:
    await lab.run("""
        tasks:
          - note: {fail: true, tries: 6, try_sleep: 1s, backoff: 3, max_try_sleep: 20s}
    """)

    assert slept == [1, 3, 9, 20, 20]


async def test_pre_sleep_comes_once_before_the_first_try(lab: Lab, slept: list[float]) -> None:
    await lab.run("""
        tasks: [{note: {name: one, succeed_at: 2, tries: 3, try_sleep: 1, pre_sleep: 1m}}]
    """)

    assert lab.notes() == ["one", "one"]
    assert slept == [60, 1]


async def test_the_first_success_ends_the_tries(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {name: one, succeed_at: 3, tries: 9, try_sleep: 0}}]")

    assert [event.is_ok for event in ran.of(TryEnded)] == [False, False, True]
    assert ran.ended.is_ok


async def test_each_try_sees_the_world_as_it_is(lab: Lab) -> None:
    counted = await lab.run("""
        data_stores: {memory: {type: memory}}
        inputs: {count: {type: String, data: memory/count, default: none}}
        tasks:
          - note: {name: one, value: "{{ inputs.count }}", succeed_at: 3, tries: 3, try_sleep: 0}
    """)

    assert lab.values() == ["none"] * 3
    assert len([line for line in counted.lines("prep.inputs") if "default" in line]) == 3


async def test_options_are_filled_in_at_each_try(lab: Lab) -> None:
    lab.diary.kept["box"] = {"bad": True}

    def mend(event: object) -> None:
        if isinstance(event, TryEnded):
            lab.diary.kept["box"]["bad"] = event.number < 2

    ran = await lab.run(
        """
        data_stores: {box: {type: spy}}
        inputs: {bad: {type: Boolean, data: box/bad}}
        tasks: [{note: {name: one, fail: "{{ inputs.bad }}", tries: 5, try_sleep: 0}}]
        """,
        listener=mend,
    )

    assert ran.ended.is_ok
    assert len(ran.of(TryEnded)) == 3


async def test_wrong_options_can_be_right_at_the_next_try(lab: Lab) -> None:
    lab.diary.kept["box"] = {"bad": "rather"}

    def mend(event: object) -> None:
        if isinstance(event, TryEnded):
            lab.diary.kept["box"]["bad"] = False

    ran = await lab.run(
        """
        data_stores: {box: {type: spy}}
        inputs: {bad: {type: any, data: box/bad}}
        tasks: [{note: {name: one, fail: "{{ inputs.bad }}", tries: 5, try_sleep: 0}}]
        """,
        listener=mend,
    )

    assert ran.ended.is_ok
    first, second = ran.of(TryEnded)
    assert "tasks[0].fail" in first.message
    assert second.is_ok


async def test_a_try_that_takes_too_long_is_ended_and_the_next_begins(lab: Lab) -> None:
    ran = await lab.run("""
        tasks:
          - note: {name: one, hang: true, nodes: [a, b, c, d], timeout: 10ms, tries: 2,
                   try_sleep: 0, register: it}
        hooks: {on_fail: [{note: {value: "{{ registered.it.results }}"}}]}
    """)

    step = ran.steps["tasks[0]"]
    assert step.state is State.FAILED
    assert step.message == "ended at its timeout of 0.01 s"
    assert lab.notes() == ["one", "one", ""]
    known = {node: (result.is_ok, result.kind) for node, result in step.results.items()}
    silent = (False, "silent")
    assert known == {"a": (True, ""), "b": (True, ""), "c": silent, "d": silent}
    assert lab.values()[-1]["c"]["kind"] == "silent"


async def test_a_task_that_crashes_fails_with_what_it_said(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {crash: by zero, nodes: [a], fail_ok: true}}]")

    step = ran.steps["tasks[0]"]
    assert step.message == "ZeroDivisionError: by zero"
    assert step.results["a"].is_ok


async def test_pre_sleep_and_tries_belong_to_a_task_that_began(lab: Lab) -> None:
    ran = await lab.run("tasks: [{note: {name: one, pre_sleep: 1ms}}]")

    began, tried = ran.of(StepBegan)[0], ran.of(TryBegan)[0]
    assert ran.events.index(began) < ran.events.index(tried)
    assert tried.time - began.time >= 0.001


@pytest.mark.parametrize(
    ("words", "pauses"),
    [
        ({"try_sleep_seconds": 2.0}, [2, 2, 2]),
        ({"try_sleep_seconds": 1.0, "backoff": 2.0}, [1, 2, 4]),
        ({"try_sleep_seconds": 900.0, "backoff": 2.0}, [900, 900, 900]),
        ({"try_sleep_seconds": 200.0, "backoff": 2.0}, [200, 300, 300]),
        ({"try_sleep_seconds": 0.0, "backoff": 2.0}, [0, 0, 0]),
    ],
)
def test_how_long_pauses_are(words: dict[str, float], pauses: list[float]) -> None:
    control = Control(**words)  # type: ignore[arg-type]

    assert [pause_after(control, number) for number in (1, 2, 3)] == pauses


def test_pauses_never_overflow() -> None:
    control = Control(try_sleep_seconds=1.0, backoff=10.0)

    assert pause_after(control, 100_000) == 300
