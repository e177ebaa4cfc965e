"""Locks in Consul are given back in reverse order however a run ends, and so are their sessions."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from choria_core.errors import WorkError
from choria_playbooks.engine.events import (
    Event,
    Level,
    Line,
    LockGone,
    LockTaken,
    LockWaiting,
    StepEnded,
)
from choria_testing.consul_agent import ConsulAgent
from choria_testing.json_api import ask_json
from choria_testing.proxy import HOST, Proxy
from packages.playbooks.tests.engine.conftest import HEAD, Lab, Ran
from packages.playbooks.tests.locks.conftest import RIVAL, Kept, Playbook, events_of, sessions
from packages.playbooks.tests.locks.watching import Gate, watched

NAMES = ("one", "two", "three")
OK = {"shell": {"command": "true"}}


def locking(kept: Kept, task: object, **more: object) -> str:
    """A book with two locks of its own, and a third around its task; ``more`` sections."""
    one, two, three = map(kept.path, NAMES)
    block = {"block": {"lock": three, "tasks": [task]}}
    sections: dict[str, object] = {"locks": [one, two], "tasks": [block], **more}
    return kept.section + "".join(f"{key}: {json.dumps(it)}\n" for key, it in sections.items())


def order_of(ran: Ran) -> tuple[list[str], list[str]]:
    """Names of the locks as they were taken, and as they were given back."""
    taken = [event.lock for event in ran.of(LockTaken)]
    gone = [event for event in ran.of(LockGone) if not event.loss]
    return names_of(taken), names_of([event.lock for event in gone])


def names_of(paths: list[str]) -> list[str]:
    return [path.rpartition("/")[2] for path in paths]


async def holders(kept: Kept) -> list[object]:
    """Who has the locks now."""
    async with kept.opened() as store:
        return [await store.lock_view(kept.key(name)) for name in NAMES]


@pytest.mark.parametrize(
    ("task", "exit_code"),
    [
        pytest.param(OK, 0, id="success"),
        pytest.param({"shell": {"command": "exit 3"}}, 1, id="failure"),
        pytest.param({"note": {"crash": "the roof fell in"}}, 1, id="exception"),
        pytest.param({"playbook": "nowhere.yaml"}, 2, id="wrong book"),
    ],
)
async def test_locks_go_in_reverse_order(
    lab: Lab, consul: ConsulAgent, in_consul: Kept, task: object, exit_code: int
) -> None:
    ran = await lab.run(locking(in_consul, task))

    assert ran.ended.exit_code == exit_code, ran.ended.error
    assert order_of(ran) == ([*NAMES], [*reversed(NAMES)])
    assert await holders(in_consul) == [None] * 3
    assert sessions(consul) == []


async def test_what_was_taken_is_given_back_where_the_next_lock_cannot_be_had(
    lab: Lab, kept: Kept
) -> None:
    """A lock never takes the place of data."""
    locks = [kept.path(name) for name in ("one", "two", "data")]
    async with kept.opened() as store:
        await store.write(kept.key("data"), "precious")

        ran = await lab.run(locking(kept, OK, locks=locks))

        assert await store.read(kept.key("data")) == "precious"
    assert ran.ended.exit_code == WorkError.exit_code
    assert "keeps data" in ran.ended.error
    assert kept.key("data") in ran.ended.error
    assert order_of(ran) == (["one", "two"], ["two", "one"])
    assert await holders(kept) == [None] * 3
    assert ran.of(StepEnded) == []


async def test_a_run_that_is_stopped_while_it_waits_leaves_nothing(
    lab: Lab, consul: ConsulAgent, in_consul: Kept
) -> None:
    async with in_consul.opened() as store:
        theirs = await store.acquire(in_consul.key("two"), RIVAL, timeout_seconds=0)

        async with watched(lab, locking(in_consul, OK)) as run:
            await run.happened(lambda event: isinstance(event, LockWaiting))
            lab.stop.signal = signal.SIGTERM
            lab.stop.set()
            ran = await run.ended()

        assert theirs.is_held()
        await theirs.release()
    assert ran.ended.exit_code == 128 + signal.SIGTERM
    assert order_of(ran) == (["one"], ["one"])
    assert ran.of(StepEnded) == []
    assert sessions(consul) == []


async def test_who_listens_may_fail(lab: Lab, consul: ConsulAgent, in_consul: Kept) -> None:
    """As a report that can no longer be written."""
    seen: list[Event] = []

    def listen(event: Event) -> None:
        seen.append(event)
        if isinstance(event, StepEnded) and event.type == "shell":
            raise OSError("no space left on the device")

    with pytest.raises(OSError, match="no space"):
        await lab.run(locking(in_consul, OK), listener=listen)

    gone = [event.lock for event in seen if isinstance(event, LockGone)]
    assert names_of(gone) == [*reversed(NAMES)]
    assert await holders(in_consul) == [None] * 3
    assert sessions(consul) == []


async def test_the_next_run_has_the_lock_at_once(lab: Lab, in_consul: Kept) -> None:
    """No lock delay keeps it back, which is for holders that died."""
    options = in_consul.options | {"lock_delay": 60, "timeout": 0}
    kept = Kept(in_consul.type, options, in_consul.plugins, in_consul.prefix)

    for _ in range(3):
        ran = await lab.run(locking(kept, OK))
        assert ran.ended.is_ok, ran.ended.error


async def test_what_cannot_be_given_back_is_a_warning(
    lab: Lab, gate: Gate, consul: ConsulAgent, in_consul: Kept
) -> None:
    """The work is done, whatever became of Consul."""
    async with Proxy(HOST, consul.port) as proxy:
        options = in_consul.options | {"url": f"http://{HOST}:{proxy.port}"}
        kept = Kept(in_consul.type, options, in_consul.plugins, in_consul.prefix)
        async with watched(lab, locking(kept, {"shell": {"command": gate.command}})) as run:
            await run.wrote("waiting")
            await proxy.cut()
            await gate.open()
            ran = await run.ended()

    assert ran.ended.is_ok
    assert ran.ended.exit_code == 0
    warnings = [line.text for line in ran.of(Line) if line.level >= Level.WARN]
    assert len(warnings) == len(NAMES), warnings
    for name, text in zip(reversed(NAMES), warnings, strict=True):
        assert text.startswith(f"Could not release lock {in_consul.path(name)}: ")
        assert str(proxy.port) in text
    forget(consul)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals_give_them_back_too(
    playbook: Playbook, consul: ConsulAgent, in_consul: Kept, tmp_path: Path, number: signal.Signals
) -> None:
    hooks = {"on_fail": [{"shell": {"command": "echo cleaned"}}]}
    task = {"shell": {"command": "echo waiting; sleep 600"}}
    file = tmp_path / "book.yaml"
    file.write_text(f"schema: 1\n{HEAD}{locking(in_consul, task, hooks=hooks)}")

    async with playbook("run", file, "--json") as program:
        await program.said('"waiting"')
        assert len(sessions(consul)) == len(NAMES)
        program.send(number)
        assert await program.ended() == 128 + number, program.output

    taken, gone = (events_of(program, kind) for kind in ("lock_taken", "lock_gone"))
    assert names_of([event["lock"] for event in taken]) == [*NAMES]
    assert names_of([event["lock"] for event in gone]) == [*reversed(NAMES)]
    assert "cleaned" in [event["text"] for event in events_of(program, "log")]
    assert await holders(in_consul) == [None] * 3
    assert sessions(consul) == []


def forget(consul: ConsulAgent) -> None:
    """End the sessions that a run had to leave."""
    for session in sessions(consul):
        answer: Any = ask_json(f"{consul.http_url}/v1/session/destroy/{session}", method="PUT")
        assert answer is True
