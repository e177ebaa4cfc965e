"""What becomes of books that hold locks when they, the network or a store fail."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from choria_core.errors import LockLostError
from choria_playbooks.engine.events import Event, LockGone, State, StepEnded
from choria_testing import lock_holder
from choria_testing.consul_agent import ConsulAgent
from choria_testing.fixtures import MakeConsul
from choria_testing.json_api import ask_json
from choria_testing.proxy import HOST, Proxy
from packages.playbooks.tests.engine.conftest import Lab, Ran
from packages.playbooks.tests.locks.conftest import (
    RIVAL,
    Kept,
    Playbook,
    consul_options,
    events_of,
    locking_book,
    write_locking_book,
)
from packages.playbooks.tests.locks.watching import family, watched

LOST = LockLostError.exit_code
WAIT = "echo waiting; sleep 600"


def free_within(kept: Kept) -> float:
    """Seconds after the death of a holder."""
    return float(2 * kept.options["ttl"] + kept.options.get("lock_delay", 0) + 5)


@pytest.mark.faults
async def test_what_fails_in_consul(
    playbook: Playbook,
    lab: Lab,
    consul: ConsulAgent,
    in_consul: Kept,
    make_consul: MakeConsul,
    tmp_path: Path,
) -> None:
    """It counts in tens of seconds: all at once."""
    doomed = await make_consul()
    in_doomed = replace(in_consul, options=consul_options(doomed.http_url))
    async with asyncio.TaskGroup() as group:
        group.create_task(killed_run(playbook, below(in_consul, "killed"), tmp_path))
        group.create_task(cut_off_run(lab, below(in_consul, "cut-off"), consul.port, "url"))
        group.create_task(broken_lock(beside(lab, "broken"), below(in_consul, "broken")))
        group.create_task(killed_store(playbook, in_doomed, doomed, tmp_path))


@pytest.mark.faults
@pytest.mark.parametrize("kept", ["in_etcd", "in_marked_nats"], indirect=True)
async def test_what_fails_elsewhere(
    playbook: Playbook, lab: Lab, kept: Kept, tmp_path: Path
) -> None:
    option = "url" if kept.type == "etcd" else "servers"
    port = int(kept.options[option].rpartition(":")[2])
    async with asyncio.TaskGroup() as group:
        group.create_task(killed_run(playbook, below(kept, "killed"), tmp_path))
        group.create_task(cut_off_run(lab, below(kept, "cut-off"), port, option))


@pytest.mark.faults
@pytest.mark.parametrize("kept", ["in_etcd", "in_nats"], indirect=True)
async def test_a_run_that_stood_still_begins_nothing_more(lab: Lab, kept: Kept) -> None:
    """It came to no renewal, nor to notice that, before its next task."""
    rivals: list[subprocess.Popen[str]] = []

    def stand_still(event: Event) -> None:
        if isinstance(event, StepEnded) and event.type == "shell" and not rivals:
            rivals.append(taken_by_a_process(kept, "one"))

    try:
        ran = await lab.run(locking_book(kept, "true"), listener=stand_still)
    finally:
        for rival in rivals:
            rival.kill()
            rival.communicate()

    (gone,) = ran.of(LockGone)
    assert gone.loss.startswith("it could not be renewed within 2 s")
    assert ran.ended.exit_code == LOST
    assert ran.said == []
    assert ran.states["tasks[0].tasks[0]"] is State.OK
    assert ran.states["tasks[0]"] is State.STOPPED


@pytest.mark.parametrize("kept", ["in_etcd", "in_nats"], indirect=True)
async def test_a_lock_that_somebody_breaks_ends_its_run(lab: Lab, kept: Kept) -> None:
    await broken_lock(lab, kept)


async def test_a_lease_that_etcd_ended_ends_its_run(lab: Lab, in_etcd: Kept) -> None:
    """Renewing it is answered with status 200, and without the rest of its life."""
    async with in_etcd.opened() as store, watched(lab, locking_book(in_etcd, WAIT)) as run:
        await run.wrote("waiting")
        view = await store.lock_view(in_etcd.key("one"))
        assert view is not None
        ask_json(f"{in_etcd.options['url']}/v3/lease/revoke", {"ID": view.session})
        ran = await run.ended()

    assert "etcd ended the lease" in ran.ended.error
    assert_ended_by_loss(ran)


async def test_a_delete_that_comes_late_ends_the_run_whose_lock_it_takes(
    lab: Lab, in_nats: Kept
) -> None:
    """As of a holder before us that knows no better."""
    async with in_nats.opened() as store, watched(lab, locking_book(in_nats, WAIT)) as run:
        await run.wrote("waiting")
        await store.delete(in_nats.key("one"))
        ran = await run.ended()

    assert_ended_by_loss(ran)


def assert_ended_by_loss(ran: Ran) -> None:
    """Nothing was done after it: no task, no hook, nothing that is to be done always."""
    (gone,) = ran.of(LockGone)
    assert gone.loss
    assert ran.ended.exit_code == LOST
    assert gone.lock in ran.ended.error
    assert "was lost" in ran.ended.error
    assert ran.said == []
    assert ran.states == {"tasks[0].tasks[0]": State.STOPPED, "tasks[0]": State.STOPPED}


def below(kept: Kept, name: str) -> Kept:
    """The same store with keys of its own."""
    return replace(kept, prefix=f"{kept.prefix}/{name}")


def beside(lab: Lab, name: str) -> Lab:
    """Another lab, in a folder of its own."""
    folder = lab.folder / name
    folder.mkdir()
    environment = {**lab.environment, "SAID": str(folder / "said")}
    return replace(lab, folder=folder, environment=environment)


async def killed_run(playbook: Playbook, kept: Kept, folder: Path) -> None:
    """By SIGKILL: what it started ends with it, and who waits has the lock in good time."""
    said = str(folder / "next")
    async with family(folder) as started:
        first = write_locking_book(folder / "killed.yaml", kept, started.command)
        second = write_locking_book(folder / "next.yaml", kept, "true", free_within(kept))
        async with playbook("run", first, "--json", SAID=said) as one:
            await started.up()
            async with playbook("run", second, "--json", SAID=said) as other:
                await other.said("lock_waiting")
                one.kill()
                await started.gone()
                assert await other.ended() == 0, other.output

    (theirs,), (ours,) = events_of(one, "lock_taken"), events_of(other, "lock_taken")
    assert ours["token"] > theirs["token"]


async def cut_off_run(lab: Lab, kept: Kept, port: int, option: str) -> None:
    """Packets get lost; what the run sent meanwhile does no harm when it arrives."""
    key = kept.key("one")
    async with Proxy(HOST, port) as proxy, kept.opened() as store:
        url = f"{kept.options[option].partition(':')[0]}://{HOST}:{proxy.port}"
        far = replace(kept, options=kept.options | {option: url})
        async with watched(lab, locking_book(far, WAIT)) as run:
            await run.wrote("waiting")
            proxy.stall()
            patience = free_within(kept)
            taking = asyncio.create_task(store.acquire(key, RIVAL, timeout_seconds=patience))
            await run.happened(lambda event: isinstance(event, LockGone))
            assert not taking.done()
            lock = await taking
            ran = await run.ended()
        proxy.resume()
        async with far.opened() as late:
            view = await late.lock_view(key)
        assert view is not None
        assert (view.holder, view.token) == (RIVAL, lock.token)
        assert lock.is_held()
        await lock.release()

    assert f"it could not be renewed within {kept.options['ttl']} s" in ran.ended.error
    assert_ended_by_loss(ran)


def taken_by_a_process(kept: Kept, name: str) -> subprocess.Popen[str]:
    """Another process, once it has a lock; nothing else goes on in ours meanwhile."""
    kind = kept.plugins.data_stores()[kept.type].load()
    assert isinstance(kind, type)
    words = (kind.__module__, kind.__qualname__, json.dumps(kept.options), kept.key(name))
    command = [sys.executable, "-m", lock_holder.__name__, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == lock_holder.SAYING
    return process


async def broken_lock(lab: Lab, kept: Kept) -> None:
    """Somebody took it away, and another has it: it stays theirs."""
    key = kept.key("one")
    async with kept.opened() as store, watched(lab, locking_book(kept, WAIT)) as run:
        await run.wrote("waiting")
        view = await store.lock_view(key)
        assert view is not None
        assert await store.break_lock(view)
        lock = await store.acquire(key, RIVAL, timeout_seconds=free_within(kept))
        ran = await run.ended()
        assert lock.is_held()
        now = await store.lock_view(key)
        assert now is not None
        assert now.holder == RIVAL
        await lock.release()

    assert_ended_by_loss(ran)


async def killed_store(playbook: Playbook, kept: Kept, agent: ConsulAgent, folder: Path) -> None:
    """The run says why it ends, and does nothing more."""
    file = write_locking_book(folder / "doomed.yaml", kept, WAIT)
    said = folder / "doomed"
    async with playbook("run", file, SAID=str(said)) as program:
        await program.said("waiting")
        await agent.kill()
        assert await program.ended() == LOST, program.output

    reason = f"lock {kept.path('one')} was lost: it could not be renewed within 10 s"
    (line,) = [line for line in program.lines if reason in line and "nothing more" in line]
    assert agent.http_url in line
    assert not said.exists()
