"""How a fleet ends, and what is left of it then: nothing."""

import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Final

import pytest

from choria_testing.askers import asking
from choria_testing.emulated_fleets import EmulatedFleet, all_gone, emulated_fleet

NODES: Final = 60

FLEET: Final = ("--instances", str(NODES), "--name", "emu", "--brokers", "2", "--workers", "2")

pytestmark = pytest.mark.timeout(180)


@contextlib.asynccontextmanager
async def ready_fleet(*words: str) -> AsyncIterator[EmulatedFleet]:
    """A fleet on two brokers of its own, by two processes."""
    async with emulated_fleet(*FLEET, *words) as fleet:
        await fleet.ready()
        yield fleet


async def addresses(fleet: EmulatedFleet) -> list[tuple[str, int]]:
    """Where it and its brokers listen."""
    monitors = [url.rpartition("/")[2] for url in await fleet.monitors()]
    page = (await fleet.page()).rpartition("/")[2]
    found = []
    for text in (*await fleet.brokers(), *monitors, page):
        host, _, port = text.rpartition(":")
        found.append((host, int(port)))
    return found


def assert_nobody_listens(places: Sequence[tuple[str, int]]) -> None:
    for place in places:
        with socket.socket() as one:
            assert one.connect_ex(place) != 0, f"somebody still listens at {place}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_every_node_says_goodbye(number: signal.Signals) -> None:
    async with ready_fleet() as fleet, asking((await fleet.brokers())[1]) as asker:
        processes, places = fleet.processes(), await addresses(fleet)
        assert len(processes) >= 2 + 2 * 2  # workers, brokers and their guards

        fleet.program.send(number)
        gone = await asker.told("shutdown", NODES)

        assert gone == {f"emu-{index}" for index in range(1, NODES + 1)}
        assert await fleet.program.ended() == 0, fleet.program.output
    await all_gone(processes)
    assert_nobody_listens(places)


async def test_an_interrupt_from_the_keyboard_which_all_get_is_a_goodbye_too() -> None:
    async with ready_fleet() as fleet, asking((await fleet.brokers())[0]) as asker:
        processes, group = fleet.processes(), os.getpgid(fleet.program.pid)
        for pid in (fleet.program.pid, *processes):
            if os.getpgid(pid) == group:
                os.kill(pid, signal.SIGINT)
        await asker.told("shutdown", NODES)
        assert await fleet.program.ended() == 0, fleet.program.output
    await all_gone(processes)


async def test_nothing_outlives_a_program_that_is_killed() -> None:
    async with ready_fleet() as fleet:
        processes, places = fleet.processes(), await addresses(fleet)
        fleet.program.kill()
        assert await fleet.program.ended() == -signal.SIGKILL
    await all_gone(processes)
    assert_nobody_listens(places)


async def test_nothing_outlives_a_program_that_is_killed_while_it_starts() -> None:
    async with emulated_fleet(*FLEET) as fleet:
        places = [] if not await fleet.brokers() else await addresses(fleet)
        processes = fleet.processes()
        fleet.program.kill()
        await fleet.program.ended()
    await all_gone(processes)
    assert_nobody_listens(places)


async def test_a_killed_worker_ends_the_program_which_says_so() -> None:
    async with ready_fleet() as fleet:
        processes, places = fleet.processes(), await addresses(fleet)
        os.kill(fleet.workers()[1], signal.SIGKILL)

        assert await fleet.program.ended() == 1, fleet.program.output
        said = fleet.program.output
    assert "worker" in said
    assert "ended unexpectedly" in said
    assert "SIGKILL" in said
    assert "Traceback" not in said
    await all_gone(processes)
    assert_nobody_listens(places)


async def test_a_killed_broker_of_its_own_is_told_and_the_last_one_ends_the_program() -> None:
    words = ("--instances", "20", "--brokers", "2")
    async with emulated_fleet(*words) as fleet:
        await fleet.ready()
        processes, places = fleet.processes(), await addresses(fleet)
        first, last = (pid for pid, line in processes.items() if "/nats-server" in line.split()[0])
        os.kill(first, signal.SIGKILL)
        await fleet.program.said("a broker ended")
        await fleet.holds(20)
        assert fleet.program.exit_code is None

        os.kill(last, signal.SIGKILL)
        assert await fleet.program.ended() == 1, fleet.program.output
        said = fleet.program.output
    assert "the brokers of this fleet have ended" in said
    assert "Traceback" not in said
    await all_gone(processes)
    assert_nobody_listens(places)


async def test_a_duration_begins_when_all_are_there() -> None:
    async with emulated_fleet(*FLEET, "--duration", "1s") as fleet:
        await fleet.ready()
        processes = fleet.processes()
        assert await fleet.program.ended() == 0, fleet.program.output
    await all_gone(processes)


async def test_whoever_may_end_it_gets_an_answer_first() -> None:
    async with ready_fleet("--allow-exit") as fleet:
        processes = fleet.processes()
        async with asking((await fleet.brokers())[0]) as asker:
            replies = await asker.call(NODES, "emulated0", "exit_emulator")
            assert {reply.statuscode for reply in replies.values()} == {0}
            await asker.told("shutdown", NODES)
        assert await fleet.program.ended() == 0, fleet.program.output
    await all_gone(processes)


async def test_it_can_be_stopped_before_it_is_complete() -> None:
    async with emulated_fleet(*FLEET, "--ramp", "1/s") as fleet:
        await fleet.page()
        async with asking((await fleet.brokers())[0]) as asker:
            await asker.told("startup", 1)
        assert (await fleet.health())[0] == 503
        processes = fleet.processes()
        fleet.program.terminate()
        assert await fleet.program.ended() == 0, fleet.program.output
    await all_gone(processes)
