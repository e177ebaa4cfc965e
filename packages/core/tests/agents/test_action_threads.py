"""An action that hangs holds up its own agent, not the others, and not the program's end."""

import asyncio
import subprocess
import sys
import threading

import pytest

from choria_core.agents.action_threads import ActionThreads

HANGS = """
import asyncio, threading
from choria_core.agents.action_threads import ActionThreads

async def main():
    try:
        async with asyncio.timeout(0.05):
            await ActionThreads("stuck").run(threading.Event().wait)
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""


async def test_a_result_and_an_error_reach_the_caller() -> None:
    threads = ActionThreads("agent")

    assert await threads.run(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), StopIteration()])
async def test_what_would_end_more_than_the_action_is_an_ordinary_error(
    raised: BaseException,
) -> None:
    def fail() -> None:
        raise raised

    with pytest.raises(RuntimeError, match="raised"):
        await ActionThreads("agent").run(fail)


async def test_an_agent_has_so_many_threads_and_others_wait_for_them() -> None:
    threads = ActionThreads("agent", most=2)
    gate = threading.Event()
    running = threading.Semaphore(0)

    def wait() -> None:
        running.release()
        gate.wait()

    stuck = [asyncio.create_task(threads.run(wait)) for _ in range(2)]
    for _ in range(2):
        await asyncio.to_thread(running.acquire)
    third = asyncio.create_task(threads.run(lambda: "done"))
    await asyncio.sleep(0)

    assert not third.done()
    gate.set()
    assert await third == "done"
    await asyncio.gather(*stuck)


async def test_a_place_is_given_back_when_its_thread_ends_and_not_before() -> None:
    threads = ActionThreads("agent", most=1)
    gate = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await threads.run(gate.wait)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await threads.run(lambda: "too early")

    gate.set()

    assert await threads.run(lambda: "done") == "done"


async def test_agents_do_not_wait_for_each_other() -> None:
    stuck, other = ActionThreads("stuck", most=1), ActionThreads("other", most=1)
    gate = threading.Event()
    hanging = asyncio.create_task(stuck.run(gate.wait))
    await asyncio.sleep(0)

    assert await other.run(lambda: "done") == "done"
    gate.set()
    await hanging


def test_a_program_ends_though_an_action_never_does() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout == "given up\n"
